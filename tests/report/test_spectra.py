"""Spectra and spectrograms are scipy's, of what is read; in dB and in µV²/Hz."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.report import measures, plots
from tests.handmade import T0
from tests.report.looking import drawn, opened, title, words

signal = pytest.importorskip("scipy.signal")


def lfp(reader, segment, channel):
    """Return the LFP of a segment in µV."""
    raw = reader.get_analogsignal_chunk(0, segment, stream_index=0, channel_indexes=[channel])
    return reader.rescale_signal_raw_to_float(raw, "float64", 0, [channel])[:, 0]


@pytest.mark.parametrize("window_s", [1.0, 0.333])
def test_power_spectrum(gaps, window_s):
    """The spectrum is Welch's of the segments, each with the weight of its windows, of even and of odd length."""
    n = round(window_s * 1000)
    found = measures.power_spectrum(gaps, 0, ["LA2", 0], window_s=window_s, max_windows=1000)
    for column, channel in enumerate((1, 0)):
        parts = [signal.welch(lfp(gaps, k, channel), 1000.0, nperseg=n, noverlap=n // 2) for k in (0, 1)]
        counts = [1 + (len(lfp(gaps, k, channel)) - n) // (n - n // 2) for k in (0, 1)]
        assert np.allclose(found.frequencies_hz, parts[0][0])
        mean = np.average([power for _, power in parts], axis=0, weights=counts)
        np.testing.assert_allclose(found.power[:, column], mean, rtol=1e-9, atol=1e-12)
    assert (found.channels, found.n_windows, found.of_windows) == (("LA2", "LA1"), sum(counts), sum(counts))


def test_power_of_a_sine(handmade):
    """A sine of 20 µV at 50 Hz has half the square of that as its power, whichever windows of it are read."""
    handmade.lfp(samples=20 * np.sin(2 * np.pi * 50 * np.arange(60_000) / 1000))
    reader = opened(handmade.folder, raw_dtype="source")
    found = measures.power_spectrum(reader, max_windows=7)
    assert (found.n_windows, found.of_windows) == (7, 119)
    assert found.power.sum() * found.frequencies_hz[1] == pytest.approx(200.0, rel=1e-6)
    assert found.frequencies_hz[found.power[:, 0].argmax()] == 50.0


def test_what_is_no_number(handmade):
    """A window with a sample that is no number is left out; a channel of no others has NaN."""
    samples = np.sin(np.arange(5000.0))
    handmade.lfp(1, np.where(np.arange(5000) == 2600, np.nan, samples))
    handmade.lfp(2, np.full(5000, np.nan))
    found = measures.power_spectrum(opened(handmade.folder, raw_dtype="source"))
    one, other = found.power.T
    assert one.argmax() == pytest.approx(1000 / (2 * np.pi), abs=1)
    assert np.isnan(other).all()


def test_spectrogram(gaps):
    """Each column is scipy's, segment by segment; many columns are means of two windows, spread over the time."""
    found = measures.spectrogram(gaps, 0, "LA3", window_s=0.5, max_hz=100.0, max_columns=1000)
    for segment, (times, power) in enumerate(zip(found.times_s, found.power, strict=True)):
        how = {"nperseg": 500, "noverlap": 250, "window": "hann"}
        hz, middles, expected = signal.spectrogram(lfp(gaps, segment, 2), 1000.0, **how)
        np.testing.assert_allclose(power, expected[hz <= 100].T, rtol=1e-9, atol=1e-12)
        start = gaps.get_signal_t_start(0, segment, 0)
        np.testing.assert_allclose((times[1:] + times[:-1]) / 2, start + middles, atol=1e-6)
    few = measures.spectrogram(gaps, 0, "LA3", window_s=0.5, max_hz=100.0, max_columns=4)
    assert [len(power) for power in few.power] == [2, 2]
    np.testing.assert_allclose(few.power[0][0], found.power[0][[0, 6]].mean(axis=0))  # of 15 windows, 7 and 8


@pytest.mark.slow
def test_figures(gaps):
    """The figures have the numbers, logarithmic or in dB, with units; gaps stay empty."""
    axes = drawn(plots.plot_power_spectrum(gaps, channels=[1]))
    found = measures.power_spectrum(gaps, 0, [1])
    assert np.array_equal(axes.lines[0].get_ydata(), found.power[1:, 0])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("frequency (Hz)", "power (µV²/Hz)")
    assert title(axes) == "lfp: power spectrum, 1 of 3 channels\n12 windows of 1 s"
    axes = drawn(plots.plot_spectrogram(gaps, channels=["LA2"]))
    power = measures.spectrogram(gaps, 0, "LA2").power
    assert [mesh.get_array().shape for mesh in axes.collections] == [(151, 7), (151, 5)]
    for mesh, part in zip(axes.collections, power, strict=True):
        np.testing.assert_allclose(np.ravel(mesh.get_array()), 10 * np.log10(part.T).ravel())
    assert axes.child_axes[0].get_ylabel() == "dB re 1 µV²/Hz"


def test_nothing_but_one_value(handmade):
    """A flat signal has no power, one of a sample no window: the figures say so."""
    handmade.lfp(1, np.full(100, 7, np.int16))
    reader = opened(handmade.folder)
    for plot in (plots.plot_power_spectrum, plots.plot_spectrogram):
        assert words(drawn(plot(reader))) == ["no power at any frequency"]
    with pytest.raises(MockSessionError, match="window_s: expected a length above 0 s; found 0"):
        measures.power_spectrum(reader, window_s=0)


def test_segments_that_are_too_short(handmade):
    """Of segments shorter than a window nothing is read."""
    ts = T0 + np.concatenate([np.arange(3000.0), 5000 + np.arange(20.0)])
    handmade.lfp(samples=np.sin(np.arange(3020.0)), ts=ts)
    reader = opened(handmade.folder, raw_dtype="source")
    found = measures.spectrogram(reader)
    assert [len(times) for times in found.times_s] == [6, 0]
    drawn(plots.plot_spectrogram(reader))
