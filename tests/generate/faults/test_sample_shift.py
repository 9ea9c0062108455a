"""Channels that are sampled one after another, as the converters of multiplexed probes do it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("spikeinterface")

from spikeinterface.core import NumpyRecording
from spikeinterface.extractors.neuropixels_utils import get_neuropixels_sample_shifts_from_probe
from spikeinterface.preprocessing import phase_shift

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session, truth, write_session
from mockrawio.generate import Acquisition, FarUnits, Hum, White
from mockrawio.generate.probes import probe_of
from mockrawio.interop.probe import probegroup_of
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor
from mockrawio.session.probe import ContactMap
from mockrawio.session.probe_form import make_probe

COUNT_UV = 0.195
HUM_HZ = 1111.0
PARTS = {
    "duration_s": 2.0,
    "n_channels": 48,
    "n_units": 12,
    "noise": (White(), FarUnits(50), Hum(HUM_HZ, harmonics=1, uV=20.0)),
    "seed": 3,
}


def spec(sample_shift, **more):
    """Return two seconds of a part of a Neuropixels probe, whose counts are small."""
    return SessionSpec.neuropixels(acquisition=Acquisition(COUNT_UV, sample_shift=sample_shift), **{**PARTS, **more})


@pytest.fixture(scope="module")
def twins():
    """The truth about two sessions that differ in nothing but when channels are sampled."""
    return truth(spec(False)), truth(spec(True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate_session(spec(True), tmp_path_factory.mktemp("shifted"))


@pytest.mark.parametrize("name", ["neuropixels-1.0", "neuropixels-2.0"])
def test_shifts_are_those_that_spikeinterface_knows(name):
    """The shifts of a probe are those SpikeInterface finds in its annotations: of 13 turns, or of 16."""
    contacts = probe_of(name)
    theirs = get_neuropixels_sample_shifts_from_probe(probegroup_of(contacts).probes[0])
    assert np.array_equal(contacts.sample_shifts, theirs)
    turns = 13 if name == "neuropixels-1.0" else 16
    assert set(contacts.sample_shifts * turns) <= set(range(turns))


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"num_channels_per_adc": 12},
        {"num_channels_per_adc": "12", "ap_sample_frequency_hz": 3e4},
        {"num_channels_per_adc": 2, "ap_sample_frequency_hz": 3e4},
        {"num_channels_per_adc": 12, "ap_sample_frequency_hz": 0},
        {"num_channels_per_adc": 10**400, "ap_sample_frequency_hz": 3e4},
        {"num_channels_per_adc": 12, "ap_sample_frequency_hz": 3e4, "lf_sample_frequency_hz": 1.7e308},
        {"num_channels_per_adc": 12, "ap_sample_frequency_hz": 3e4, "lf_sample_frequency_hz": None},
    ],
)
def test_what_says_nothing_of_turns_has_no_shifts(annotations):
    """A probe without an order, with one beyond its turns, or with annotations that are no such numbers, has none."""
    order = {"adc_sample_order": [0, 1, 2]}
    probe = make_probe([[0, 0], [0, 1], [0, 2]], ("circle", {"radius": 1.0}), ids="abc", contact_annotations=order)
    assert ContactMap.of_probes({**probe, "annotations": annotations}).sample_shifts is None


def test_without_an_order_it_is_an_error():
    """A probe that does not say in which order it is sampled cannot be; the remedy works."""
    with pytest.raises(MockSessionError, match="sample_shift") as caught:
        SessionSpec.broadband(acquisition=Acquisition(sample_shift=True))
    assert "probe='neuropixels-1.0'" in caught.value.remedy
    SessionSpec.broadband(acquisition=Acquisition(sample_shift=True), probe="neuropixels-1.0")


def test_what_happens_in_time_is_shifted_and_nothing_else_is(twins):
    """Spikes, far units, hum and field differ; white noise is the same, to the byte; so are cells and their spikes."""
    at_once, shifted = twins
    differ = [not np.array_equal(*(one.layer(name).read(0) for one in twins)) for name in at_once.layers]
    assert dict(zip(at_once.layers, differ, strict=True)) == {
        "noise.white": False,
        "noise.far": True,
        "noise.hum": True,
        "field.pink": True,
        "field.theta": True,
        "field.gamma": True,
        "field.ripples": False,  # of which there is none in these seconds
        "spikes": True,
    }
    for name, unit in at_once.units.items():
        other = shifted.units[name]
        assert (unit.cells, unit.times_ms().tolist()) == (other.cells, other.times_ms().tolist())


def test_a_spike_comes_earlier_where_a_channel_is_sampled_later(twins):
    """On each channel a unit's spike is that of the other session, read as much later as the channel is sampled."""
    at_once, shifted = twins
    shifts = shifted.probe.sample_shifts
    for name, unit in at_once.units.items():
        moved = shifted.units[name]
        for cell, one, other in zip(unit.cells, unit.bank[:, 0], moved.bank[:, 0], strict=True):
            setting = at_once.plan.cast.setting
            columns = at_once.probe.order
            for channel in unit.channels[np.isin(unit.channels, moved.channels)].tolist():
                contact = np.flatnonzero(columns == channel)
                late = at_once.plan.cast.jitter[0] - float(shifts[channel])
                mean = cell.waveforms(setting, late, contacts=contact)[:, 0] / COUNT_UV
                here = other[:, moved.channels == channel][:, 0]
                if here.any() and one[:, unit.channels == channel].any():
                    assert abs(mean - here).max() < 0.01 * max(1.0, abs(here).max())


def test_hum_is_read_at_each_channels_own_time(twins):
    """The phase of the hum on a channel is as much later as it is sampled later."""
    at_once, shifted = (one.layer("noise.hum").read(0) * COUNT_UV for one in twins)
    step = 2 * np.pi * HUM_HZ / 30_000
    wave = np.exp(-1j * step * np.arange(len(at_once)))
    later = np.angle((wave @ shifted) / (wave @ at_once)) / step
    assert later == pytest.approx(twins[1].probe.sample_shifts, abs=0.01)  # samples


def test_phase_shift_undoes_it(twins, folder):
    """SpikeInterface's phase_shift makes the spikes those of channels sampled at once, to 3 counts, and .15 on average.

    Either side is rounded to whole counts for each spike, which is half a count or less; so are the far units.
    """
    at_once, shifted = (one.layer("spikes").read(0).astype(np.float32) for one in twins)
    recording = NumpyRecording([shifted], 30_000.0)
    recording.set_property(
        "inter_sample_shift", MockSessionRecordingExtractor(folder, "broadband").get_property("inter_sample_shift")
    )
    undone = phase_shift(recording).get_traces()
    before, after = abs(shifted - at_once), abs(undone - at_once)
    assert before.max() > 20
    assert after.max() < 3
    assert np.sqrt(np.mean(after**2)) < 0.15


def test_readers_know_the_shifts(folder):
    """The stream's view and SpikeInterface's property have them, by channel; the LFP and other sessions have none."""
    wanted = spec(True).contacts.sample_shifts
    with MockSessionRawIO(folder) as reader:
        assert reader.stream(0).sample_shifts() is None
        assert np.array_equal(reader.stream(1).sample_shifts(), wanted)
    recording = MockSessionRecordingExtractor(folder, "broadband")
    assert np.array_equal(recording.get_property("inter_sample_shift"), wanted)
    assert "inter_sample_shift" not in MockSessionRecordingExtractor(folder, "lfp").get_property_keys()


def test_a_written_recording_keeps_its_shifts(folder, tmp_path):
    """A recording of SpikeInterface's that has the property has it again after it was written as a session."""
    recording = MockSessionRecordingExtractor(folder, "broadband").frame_slice(0, 3000)
    written = write_session(recording=recording, folder=tmp_path / "session_1")
    with MockSessionRawIO(written) as reader:
        assert np.array_equal(reader.stream(0).sample_shifts(), spec(True).contacts.sample_shifts)


def test_wiring_moves_the_shifts_with_the_contacts():
    """Contacts that are wired to other columns keep their counts, and the columns their contacts' shifts."""
    contacts = probe_of("neuropixels-1.0", 24)
    wiring = np.random.default_rng(5).permutation(24)
    form = contacts.to_dict()
    form["probes"][0]["device_channel_indices"] = wiring.tolist()
    noise, rig = (White(),), Acquisition(COUNT_UV, sample_shift=True)
    one, other = (
        truth(SessionSpec.broadband(probe=probe, noise=noise, acquisition=rig, sampling_rate=30_000, seed=1))
        for probe in (contacts, ContactMap.from_dict(form))
    )
    assert np.array_equal(one.recording(0, 0, 30_000), other.recording(0, 0, 30_000)[:, wiring])
    assert np.array_equal(one.probe.sample_shifts, other.probe.sample_shifts[wiring])


def test_the_form_has_it():
    """An acquisition's mapping says whether channels are sampled one after another."""
    rig = Acquisition(2.34375, bits=10, sample_shift=True)
    assert rig.to_dict()["sample_shift"] is True
    made = spec(True)
    assert SessionSpec.from_dict(made.to_dict()) == made
    assert made.acquisition.gain_uV == COUNT_UV
    assert made.sampling_rate == Fraction(30_000)
