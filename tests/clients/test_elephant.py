"""Elephant's statistics and spectra of a session's Neo objects."""

from __future__ import annotations

import numpy as np
import pytest
import quantities as pq

from mockrawio import MockSessionIO, MockSessionRawIO

# Elephant passes an argument that quantities has since deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument")


@pytest.fixture(scope="module")
def segment(session):
    """The session's one segment, loaded with its waveforms."""
    return MockSessionIO(session).read_block(load_waveforms=True).segments[0]


def seconds(session, unit):
    """Return a unit's spike times by the low-level reader."""
    with MockSessionRawIO(session) as reader:
        return reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, 0, unit), dtype="float64")


def test_rates_and_intervals(session, segment):
    """Mean rates and intervals are those of the file's stamps."""
    from elephant.statistics import cv, isi, mean_firing_rate  # here, as it takes a second of each worker

    for unit, train in enumerate(segment.spiketrains):
        times = seconds(session, unit)
        assert mean_firing_rate(train).rescale("Hz").item() == pytest.approx(len(times) / 20)
        np.testing.assert_allclose(isi(train).rescale("s").magnitude, np.diff(times), atol=1e-12)
        assert 0.2 < cv(isi(train)) < 2


def test_correlation(segment):
    """Binned trains correlate with themselves, and hardly with each other."""
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import correlation_coefficient

    binned = BinnedSpikeTrain(list(segment.spiketrains), bin_size=50 * pq.ms)
    matrix = correlation_coefficient(binned)
    np.testing.assert_allclose(np.diag(matrix), 1)
    assert np.abs(matrix - np.eye(5)).max() < 0.5


def test_lfp_has_its_8_hz(segment):
    """The spectrum of the LFP peaks at the rhythm that the session was made with."""
    from elephant.spectral import welch_psd

    frequencies, power = welch_psd(segment.analogsignals[0])
    peaks = frequencies[np.argmax(power.magnitude, axis=1)].rescale("Hz").magnitude
    np.testing.assert_allclose(peaks, 8, atol=0.3)


def test_waveforms_have_a_signal(segment):
    """Waveforms stand in Elephant's layout: spikes, channels, samples."""
    from elephant.waveform_features import waveform_snr

    for train in segment.spiketrains:
        assert train.waveforms.shape == (len(train), 1, 64)
        assert waveform_snr(train.waveforms.magnitude) > 1
