"""Neo blocks written as sessions and read back."""

from __future__ import annotations

import hashlib
import json
import random
import warnings
from contextlib import nullcontext
from datetime import datetime

import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from neo.test import generate_datasets

from mockrawio import (
    MockSessionError,
    MockSessionIO,
    SessionExistsError,
    SessionSpec,
    generate_session,
    write_session_from_block,
)
from mockrawio.convert.neo_events import Marks
from mockrawio.convert.spans import DEFAULT_START
from tests.convert.reading import description, manifest, opened, unit_index, values, verified
from tests.generate.folders import contents, loaded
from tests.handmade import T0, Handmade
from tests.length import rounds

START_MS = DEFAULT_START.timestamp() * 1000
CSC = np.array(["CSC1", "CSC2"])
ODD = pq.UnitQuantity("odd", pq.m, symbol="odd")
BASIC = [neo.Block, neo.Segment, neo.AnalogSignal, neo.SpikeTrain]


def block_of(*segments, **kwargs):
    """Return a block of segments, each a list of Neo objects."""
    block = neo.Block(**kwargs)
    for things in segments:
        segment = neo.Segment()
        for thing in things:
            {
                neo.AnalogSignal: segment.analogsignals,
                neo.SpikeTrain: segment.spiketrains,
                neo.Event: segment.events,
                neo.Epoch: segment.epochs,
            }[type(thing)].append(thing)
        block.segments.append(segment)
    return block


def signal(samples=None, units="uV", rate=1000.0, t_start=0.0, **kwargs):
    """Return an AnalogSignal; of a ramp unless told otherwise."""
    samples = np.arange(200.0).reshape(100, 2) if samples is None else samples
    return neo.AnalogSignal(samples, units=units, sampling_rate=rate * pq.Hz, t_start=t_start * pq.s, **kwargs)


def train(times, t_stop=1000.0, **kwargs):
    """Return a SpikeTrain of times in s."""
    return neo.SpikeTrain(times, units="s", t_start=-1000.0, t_stop=t_stop, **kwargs)


def stamps(reader, unit, seg_index=0):
    """Return a unit's spike times, ms from the default start."""
    return reader.get_spike_timestamps(0, seg_index, unit_index(reader, unit)) - START_MS


# -- Neo's own data ----------------------------------------------------------------------------


@pytest.mark.parametrize("nb_segment", [1, 3])
def test_generate_one_simple_block(tmp_path, nb_segment):
    """Neo's generated block of signals and spikes comes back as Neo objects, within the documented precision."""
    np.random.seed(0)  # noqa: NPY002  # Neo's generator draws from it
    block = generate_datasets.generate_one_simple_block(nb_segment=nb_segment, supported_objects=BASIC)
    if nb_segment == 1:
        folder = write_session_from_block(block, tmp_path / "s")
    else:
        with pytest.warns(UserWarning, match="segments overlap in time"):
            folder = write_session_from_block(block, tmp_path / "s")
    verified(folder)
    again = MockSessionIO(folder).read_block()
    assert len(again.segments) == nb_segment
    zeros = manifest(folder)["made_from"]["segments_zero_ms"]
    for given_segment, segment, zero in zip(block.segments, again.segments, zeros, strict=True):
        assert_equal_signals(given_segment, segment)
        for one, other in zip(given_segment.spiketrains, segment.spiketrains, strict=True):
            shift = (zero - again.annotations["time_origin_ms"]) / 1000
            assert np.allclose(one.times.rescale("s").magnitude + shift, other.times.magnitude, rtol=0, atol=1e-6)


def assert_equal_signals(given_segment, segment):
    """Check that signals are the same in uV, but for half a gain and float32."""
    for one, other in zip(given_segment.analogsignals, segment.analogsignals, strict=True):
        assert other.units == pq.uV
        assert other.sampling_rate == one.sampling_rate
        exact = one.rescale("uV").magnitude
        off = np.abs(exact - other.magnitude)
        largest = np.abs(exact).max()
        assert off.max() <= largest / 32767 / 2 + largest * 1e-6


def test_everything_that_cannot_be_held_is_named(tmp_path):
    """One error names each epoch and each event with words for labels, by segment, kind and place."""
    block = generate_datasets.generate_one_simple_block(nb_segment=2, supported_objects=[*BASIC, neo.Event, neo.Epoch])
    with pytest.raises(MockSessionError) as caught:
        write_session_from_block(block, tmp_path / "s")
    for k in range(2):
        assert all(f"segment {k}, Event {i}: labels that are not numeric codes" in str(caught.value) for i in range(3))
        assert all(f"segment {k}, Epoch {i}: epochs that are neither" in str(caught.value) for i in range(2))
    assert "found 10 things" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(6))
def test_random_block(tmp_path, seed):
    """Of any random block all that a session cannot hold is named, and the rest makes a good session."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # Neo's generator draws from it
    block = generate_datasets.random_block()
    with pytest.raises(MockSessionError) as caught:
        write_session_from_block(block, tmp_path / "s")
    for k, segment in enumerate(block.segments):
        for thing in (*segment.irregularlysampledsignals, *segment.imagesequences, *segment.events, *segment.epochs):
            assert f"segment {k}, {type(thing).__name__} {thing.name!r}: " in str(caught.value)
    assert all(f"Group {group.name!r}: " in str(caught.value) for group in block.groups)
    if not any(segment.spiketrains or segment.analogsignals for segment in block.segments):
        return
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        folder = write_session_from_block(block, tmp_path / "s", skip_unsupported=True)
    assert any("left out, since a session cannot hold" in str(w.message) for w in said)
    assert_left_out_or_there(folder, block)


def assert_left_out_or_there(folder, block):
    """Check that every spike train and signal is in the session, or named in the manifest."""
    reader = verified(folder)
    left_out = "\n".join(manifest(folder)["made_from"]["left_out"])
    there = set(manifest(folder)["units"].values())
    streams = reader.header["signal_streams"]["name"].tolist()
    for k, segment in enumerate(block.segments):
        for spikes in segment.spiketrains:
            assert spikes.name in there or f"segment {k}, SpikeTrain {spikes.name!r}" in left_out
        for one in segment.analogsignals:
            assert one.name in streams or f"segment {k}, AnalogSignal {one.name!r}" in left_out


def test_simple_block(tmp_path):
    """Signals that are in one of two segments only are named."""
    block = generate_datasets.simple_block()
    with pytest.raises(MockSessionError, match="AnalogSignal 'signal #1 in segment #2': no signal of the same rate"):
        write_session_from_block(block, tmp_path / "s")


@pytest.mark.parametrize("lazy", [False, True])
def test_block_of_a_neo_reader(tmp_path, lazy):
    """A block of one of Neo's readers, its streams split by units, comes back, in counts if it is lazy."""
    how = {"lazy": True} if lazy else {"load_waveforms": True}
    block = neo.io.ExampleIO("a.fake").read_block(0, **how)
    with pytest.warns(UserWarning, match="cannot hold 4 things") as said:
        folder = write_session_from_block(block, tmp_path / "s", skip_unsupported=True)
    assert "Epoch 'Some epochs'" in str(said[0].message)
    reader = opened(folder)
    assert sorted(reader.header["signal_channels"]["name"]) == sorted(f"ch{k}" for k in range(16))
    again = MockSessionIO(folder).read_block(load_waveforms=True)
    given_block = neo.io.ExampleIO("a.fake").read_block(0, load_waveforms=True)
    for one, other in zip(given_block.segments, again.segments, strict=True):
        signals = {str(signal.array_annotations["channel_names"][0]): signal for signal in other.analogsignals}
        for signal_ in one.analogsignals:
            read = signals[str(signal_.array_annotations["channel_names"][0])]
            assert read.units == signal_.units
            assert np.allclose(read.magnitude, signal_.magnitude, rtol=0, atol=1e-6 if lazy else 0.01)
        for spikes, read in zip(one.spiketrains, other.spiketrains, strict=True):
            assert len(spikes) == len(read)
            assert np.allclose(spikes.waveforms.magnitude[:, :1], read.waveforms.magnitude, rtol=0, atol=1e-4)


# -- our own data ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A generated session of two segments."""
    spec = SessionSpec(patient_id=3, session_nr=2, segments=(6.0, 4.0), n_channels=16, n_units=5, seed=2)
    return generate_session(spec, tmp_path_factory.mktemp("own"))


def assert_same_session(one, other, gains):
    """Check that two sessions read the same but for so many gains in signals and waveforms."""
    a, b = opened(one), opened(other)
    assert a.time_origin_ms == b.time_origin_ms
    blocks = [reader.raw_annotations["blocks"][0] for reader in (a, b)]
    for key in ("patient_id", "session_nr", "rec_datetime"):
        assert blocks[0][key] == blocks[1][key]
    for key in ("signal_streams", "spike_channels", "event_channels"):
        assert a.header[key]["name"].tolist() == b.header[key]["name"].tolist()
    assert a.header["signal_channels"][["name", "id", "units"]].tolist() == (
        b.header["signal_channels"][["name", "id", "units"]].tolist()
    )
    assert a.segment_count(0) == b.segment_count(0)
    for k in range(a.segment_count(0)):
        assert a.segment_t_start(0, k) == pytest.approx(b.segment_t_start(0, k), abs=1e-6)
        assert np.abs(values(a, k) - values(b, k)).max() <= a.header["signal_channels"]["gain"].max() * gains
        for unit in range(a.spike_channels_count()):
            assert_same_unit(a, b, k, unit, gains)
        for channel in range(a.event_channels_count()):
            assert_same_events(a.get_event_timestamps(0, k, channel), b.get_event_timestamps(0, k, channel))


def assert_same_unit(a, b, k, unit, gains):
    """Check spike times to 1 µs, and waveforms."""
    assert np.allclose(a.get_spike_timestamps(0, k, unit), b.get_spike_timestamps(0, k, unit), rtol=0, atol=1e-3)
    waves = [
        r.rescale_waveforms_to_float(r.get_spike_raw_waveforms(0, k, unit), "float64", spike_channel_index=unit)
        for r in (a, b)
    ]
    header = a.header["spike_channels"][unit]
    assert np.abs(waves[0] - waves[1]).max(initial=0) <= header["wf_gain"] * gains
    for key in ("wf_left_sweep", "wf_sampling_rate"):
        assert header[key] == b.header["spike_channels"][unit][key]


def assert_same_events(one, other):
    """Check times, durations and labels of an event channel."""
    assert np.allclose(one[0], other[0], rtol=0, atol=1e-3)
    assert (one[1] is None) == (other[1] is None)
    assert one[1] is None or np.array_equal(one[1], other[1])
    assert one[2].tolist() == other[2].tolist()


def test_own_block_lazy(own, tmp_path):
    """A session's own lazy block is the same session again, count for count, its logs included."""
    folder = write_session_from_block(MockSessionIO(own).read_block(lazy=True), tmp_path / "s")
    assert_same_session(own, folder, 0)
    assert opened(folder).event_channels_count() == 4


def test_own_block_loaded(own, tmp_path):
    """A session's own loaded block is the same session again, within half a gain."""
    folder = write_session_from_block(MockSessionIO(own).read_block(load_waveforms=True), tmp_path / "s")
    assert_same_session(own, folder, 0.501)


def test_own_block_twice(own, tmp_path):
    """Written, read and written again, lazily, every data file has the same bytes."""
    first = write_session_from_block(MockSessionIO(own).read_block(lazy=True), tmp_path / "a")
    second = write_session_from_block(MockSessionIO(first).read_block(lazy=True), tmp_path / "b")
    names = [name for name in manifest(first)["files"] if "spiking_data" not in name]
    assert [manifest(first)["files"][n] for n in names] == [manifest(second)["files"][n] for n in names]


STREAM = {"n_channels": 4, "n_units": 2, "seed": 1, "patient_id": 3, "session_nr": 2}


@pytest.mark.parametrize("make", [SessionSpec.broadband, SessionSpec.tiny])
def test_own_block_has_the_same_files(tmp_path, make):
    """All files are there again, byte for byte but for what docs/convert.rst lists: no LFP becomes a stream."""
    own = generate_session(make(segments=(2.0, 1.0), **STREAM), tmp_path)
    again = write_session_from_block(MockSessionIO(own).read_block(lazy=True), tmp_path / "again")
    before, after = contents(own), contents(again)
    assert before.keys() == after.keys()
    other = {name for name in before if before[name] != after[name]}
    assert {name.split("/")[0] for name in other} <= {"session_manifest.json", "raw_data", "spiking_data", "watchlogs"}
    assert "raw_data/broadband.npy" not in other
    (log,) = (name for name in before if name.startswith("watchlogs"))
    assert before[log].split(b"\n")[1:] == after[log].split(b"\n")[1:]
    if make == SessionSpec.broadband:
        said, now = description(own), description(again)
        assert {key for key in said if said[key] != now.get(key)} == {"probe", "ground_truth"}
        assert [name for name in other if name.startswith("spiking_data")] == []


def test_own_block_with_a_gap_in_one_channel(tmp_path):
    """LFP of two streams, one of which is cut where only the other has a gap, is the same files again."""
    hand = Handmade(tmp_path / "session_1")
    ts = [T0 + np.arange(1000), T0 + np.delete(np.arange(1000), 400), T0 + np.arange(1000)]
    for k, stamps_ms in enumerate(ts):
        hand.lfp(k + 1, np.arange(stamps_ms.size, dtype=np.int16), stamps_ms, gain=0.5, offset=0.0, units="uV")
    with pytest.warns(UserWarning, match="form 2 streams|are cut"):
        block = MockSessionIO(hand.folder).read_block(lazy=True)
        again = write_session_from_block(block, tmp_path / "again")
    for k, stamps_ms in enumerate(ts):
        found = loaded(again / "lfp_data" / f"CSC{k + 1}_lfp.npy")
        assert np.array_equal(found["ts"], stamps_ms)
        assert np.array_equal(found["samples"], np.arange(stamps_ms.size))


def test_loaded_own_block_keeps_its_lfp(own, tmp_path):
    """LFP that was loaded is LFP again too, within half a gain, each channel with a gain of its own."""
    block = MockSessionIO(own).read_block()
    again = write_session_from_block(block, tmp_path / "again")
    assert not (again / "raw_data").exists()
    assert np.abs(values(opened(own), 0) - values(opened(again), 0)).max() <= 0.195 / 2


@pytest.mark.parametrize(("rate", "later"), [(1000.0, 0.1), (999.5, 1.0), (1000.0, 0.6005)])
def test_lfp_that_stays_a_stream(tmp_path, rate, later):
    """What lfp_data could not give back is a stream: segments without a gap, a rate or a start of no whole ms."""
    parts = [signal(rate=rate, t_start=t, name="lfp", array_annotations={"channel_ids": CSC}) for t in (0.0, later)]
    block = block_of(*([part] for part in parts), time_origin_ms=START_MS)
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert (tmp_path / "s" / "raw_data" / "lfp.npy").is_file()
    assert not (tmp_path / "s" / "lfp_data").exists()
    assert [reader.get_signal_size(0, k, 0) for k in range(2)] == [100, 100]


def test_lfp_of_others_is_a_stream(tmp_path):
    """Signals that are called as our LFP are it only in a block that was read from a session."""
    block = block_of([signal(name="lfp", array_annotations={"channel_ids": CSC})])
    write_session_from_block(block, tmp_path / "s")
    assert (tmp_path / "s" / "raw_data" / "lfp.npy").is_file()
    block.annotate(time_origin_ms=START_MS)
    write_session_from_block(block, tmp_path / "own")
    assert sorted(path.name for path in (tmp_path / "own" / "lfp_data").iterdir()) == ["CSC1_lfp.npy", "CSC2_lfp.npy"]


def test_own_block_of_several_streams(tmp_path):
    """Two streams with the same CSC channels keep them, each in a stream of its own."""
    hand = Handmade(tmp_path / "patient_data" / "4" / "session_2")
    hand.stream("broadband")
    hand.stream("slow", samples=np.arange(150, dtype=np.int16).reshape(50, 3), sampling_rate=1000.0)
    hand.names()
    block = MockSessionIO(hand.folder).read_block(lazy=True)
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert reader.header["signal_streams"]["name"].tolist() == ["broadband", "slow"]
    assert reader.header["signal_channels"]["id"].tolist() == ["CSC1", "CSC2", "CSC3"] * 2
    assert np.array_equal(reader.get_analogsignal_chunk(0, 0, stream_index=0).ravel(), np.arange(4800))


@pytest.mark.parametrize("lazy", [False, True])
def test_own_block_without_waveforms(tmp_path, lazy):
    """A unit without waveforms stays one."""
    hand = Handmade(tmp_path / "session_1")
    hand.stream()
    np.save(hand.unit(), {"spike_times": np.array([1_656_643_278_900.0])}, allow_pickle=True)
    block = MockSessionIO(hand.folder).read_block(lazy=lazy)
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert reader.get_spike_raw_waveforms(0, 0, 0) is None
    assert reader.get_spike_timestamps(0, 0, 0).tolist() == [1_656_643_278_900.0]


def test_lazy_waveforms_with_an_offset(tmp_path):
    """Waveforms of a reader whose counts have an offset, in its own unit, are the same in uV."""
    hand = Handmade(tmp_path / "session_1")
    hand.stream()
    hand.unit(amps=np.arange(24, dtype=np.int16).reshape(3, 8), waveform_gain=0.5)
    io = MockSessionIO(hand.folder)
    block = io.read_block(lazy=True)
    io.header["spike_channels"]["wf_offset"], io.header["spike_channels"]["wf_units"] = 0.003, "mV"
    for proxy in block.segments[0].spiketrains:
        proxy._wf_units = pq.mV
    gain = io.header["spike_channels"]["wf_gain"][0]
    again = opened(write_session_from_block(block, tmp_path / "s"))
    found = again.rescale_waveforms_to_float(again.get_spike_raw_waveforms(0, 0, 0), "float64", spike_channel_index=0)
    np.testing.assert_allclose(found.ravel(), (np.arange(24) * gain + 0.003) * 1000)


def test_waveform_counts_out_of_scale(tmp_path):
    """A float waveform that changes between passes is an error that says which."""
    hand = Handmade(tmp_path / "session_1")
    hand.stream()
    hand.unit(amps=np.ones((3, 8)))
    io = MockSessionIO(hand.folder, raw_dtype="source")
    block = io.read_block(lazy=True)
    real, calls = io.get_spike_raw_waveforms, []

    def worse(*where):
        calls.append(where)
        return real(*where) * (np.nan if len(calls) > 1 else 1)

    io.get_spike_raw_waveforms = worse
    with pytest.raises(MockSessionError, match="sample 0 of its waveforms in segment 0, end to end"):
        write_session_from_block(block, tmp_path / "s")


# -- signals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "factor"), [("V", 1e6), ("mV", 1e3), ("uV", 1.0), (pq.CompoundUnit("0.195*uV"), 0.195)]
)
def test_voltages_become_uv(tmp_path, units, factor):
    """Any voltage is in uV afterwards; integers are kept as counts with that gain."""
    samples = np.arange(-100, 100, dtype=np.int16).reshape(100, 2)
    reader = opened(write_session_from_block(block_of([signal(samples, units)]), tmp_path / "s"))
    assert set(reader.header["signal_channels"]["units"]) == {"uV"}
    assert np.allclose(values(reader, 0), samples * factor, rtol=1e-12)
    assert np.array_equal(reader.get_analogsignal_chunk(0, 0), samples)


@pytest.mark.parametrize("units", [pq.percent, pq.CompoundUnit("0.5*pA")])
def test_units_that_neo_does_not_read_back(tmp_path, units):
    """Units whose own name says something else, or nothing, are named too."""
    with pytest.raises(MockSessionError, match="AnalogSignal 0: units .* that have no known name"):
        write_session_from_block(block_of([signal(units=units)]), tmp_path / "s")


@pytest.mark.parametrize("units", ["pA", "nA", "mmHg", "dimensionless", "m/s**2"])
def test_other_units_stay(tmp_path, units):
    """Other quantities keep their units, and Neo reads them back."""
    folder = write_session_from_block(block_of([signal(units=units)]), tmp_path / "s")
    again = MockSessionIO(folder).read_block().segments[0].analogsignals[0]
    assert again.units == pq.Quantity(1, units)
    assert np.allclose(again.magnitude, np.arange(200.0).reshape(100, 2), atol=199 / 32767)


def test_units_without_a_name(tmp_path):
    """Units that only this program knows are named, not guessed."""
    with pytest.raises(MockSessionError, match="AnalogSignal 0: units odd that have no known name"):
        write_session_from_block(block_of([signal(units=ODD)]), tmp_path / "s")


def test_different_units_are_different_streams(tmp_path):
    """A voltage and a current are two streams, whose channels are numbered on."""
    block = block_of([signal(name="Vm"), signal(units="pA", name="Im")])
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert reader.header["signal_streams"]["name"].tolist() == ["Im", "Vm"]
    channels = reader.header["signal_channels"]
    assert channels[["name", "id", "units"]].tolist() == [
        ("Im_1", "CSC3", "pA"),
        ("Im_2", "CSC4", "pA"),
        ("Vm_1", "CSC1", "uV"),
        ("Vm_2", "CSC2", "uV"),
    ]


def test_stream_names(tmp_path):
    """Names become those of files, each different."""
    block = block_of([signal(name="a/b"), signal(name="a b"), signal(), signal()])
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert reader.header["signal_streams"]["name"].tolist() == ["a_b", "a_b_2", "signal", "signal_2"]


def test_signals_are_matched_by_name(tmp_path):
    """The same signals in another order in the second segment are the same streams."""
    ramp, flat = np.arange(50.0)[:, None], np.full((50, 1), 7.0)
    block = block_of(
        [signal(ramp, name="a"), signal(flat, name="b")],
        [signal(flat, name="b", t_start=5), signal(ramp, name="a", t_start=5)],
    )
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    for k in range(2):
        assert np.allclose(values(reader, k, 0), ramp, atol=0.01)
        assert np.allclose(values(reader, k, 1), flat, atol=0.01)


def test_signals_of_other_times(tmp_path):
    """A signal that does not overlap with the others is named."""
    block = block_of([signal(name="a"), signal(name="b", t_start=9)])
    with pytest.raises(MockSessionError, match="'b': not recorded at the same time as segment 0, AnalogSignal 'a'"):
        write_session_from_block(block, tmp_path / "s")


def test_not_finite(tmp_path):
    """A NaN is refused with signal, channel, segment and frame."""
    samples = np.zeros((100, 2))
    samples[42, 1] = np.nan
    with pytest.raises(MockSessionError, match="AnalogSignal 'a': .* channel 'a_2', segment 0, frame 42"):
        write_session_from_block(block_of([signal(samples, name="a")]), tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("samples", "why"), [(np.empty((0, 2)), "no samples"), (np.zeros((5, 1), complex), "not real numbers")]
)
def test_signals_that_cannot_be(tmp_path, samples, why):
    """Signals without samples, or of complex numbers, are named."""
    with pytest.raises(MockSessionError, match=f"segment 0, AnalogSignal 0: .*{why}"):
        write_session_from_block(block_of([signal(samples)]), tmp_path / "s")


# -- time -----------------------------------------------------------------------------------------


def test_segments_with_a_zero_of_their_own(tmp_path):
    """A segment's times count from its rec_datetime; of one that has none, from the block's."""
    block = block_of([signal(t_start=1)], [signal(t_start=2)], [signal(t_start=40)], rec_datetime=datetime(2022, 7, 1))
    block.segments[0].rec_datetime, block.segments[1].rec_datetime = (
        datetime(2022, 7, 1),
        datetime(2022, 7, 1, 0, 0, 30),
    )
    folder = write_session_from_block(block, tmp_path / "s")
    starts = [segment["t_start_ms"] for segment in description(folder, "signal")["segments"]]
    assert [start - 1_656_633_600_000 for start in starts] == [1000, 32_000, 40_000]


def test_segments_of_the_blocks_own_zero(tmp_path):
    """A segment's zero that is the block's rec_datetime is the exact one; others are later than that exact one."""
    zero = datetime(2022, 7, 1)
    block = block_of([signal(t_start=1)], [signal(t_start=2)], rec_datetime=zero, time_origin_ms=1_656_633_600_000.25)
    block.segments[0].rec_datetime, block.segments[1].rec_datetime = zero, datetime(2022, 7, 1, 0, 0, 30)
    folder = write_session_from_block(block, tmp_path / "s")
    starts = [segment["t_start_ms"] for segment in description(folder, "signal")["segments"]]
    assert [start - 1_656_633_600_000 for start in starts] == [1000.25, 32_000]


@pytest.mark.parametrize(("overlap_ms", "moved"), [(0.4995, False), (0.5005, True)])
def test_half_a_sample_of_overlap(tmp_path, overlap_ms, moved):
    """A segment may begin up to half a sample of the fastest stream before the end of the one before, and no more."""
    at = 0.1 - overlap_ms / 1000
    slow = [signal(np.zeros((10, 1)), rate=100.0, t_start=t, name="slow") for t in (0, at)]
    block = block_of([signal(), slow[0]], [signal(t_start=at), slow[1]])
    with pytest.warns(UserWarning, match="segments overlap in time") if moved else nullcontext():
        folder = write_session_from_block(block, tmp_path / "s")
    starts = [segment["t_start_ms"] - START_MS for segment in description(folder, "signal")["segments"]]
    assert starts == pytest.approx([0, 1100 if moved else 1000 * at], abs=1e-3)


def test_times_of_segments_stay(tmp_path):
    """Segments that follow one another are as far apart as they were, from rec_datetime on."""
    block = block_of([signal(t_start=2)], [signal(t_start=50.25)], rec_datetime=datetime(2022, 7, 1, 12))
    folder = write_session_from_block(block, tmp_path / "s")
    zero = 1_656_676_800_000
    starts = [segment["t_start_ms"] for segment in description(folder, "signal")["segments"]]
    assert starts == [zero + 2000, zero + 50_250]
    noted = opened(folder).raw_annotations["blocks"][0]
    assert noted["session_info_start"] == datetime(2022, 7, 1, 12)
    assert noted["rec_datetime"] == datetime(2022, 7, 1, 12, 0, 2)


def test_start_is_stronger(tmp_path):
    """start= is taken before what the block says, and its exact annotation, with a warning, before rec_datetime."""
    block = block_of([signal()], rec_datetime=datetime(2022, 7, 1), time_origin_ms=1.6e12)
    folder = write_session_from_block(block, tmp_path / "s", start=1.5e12)
    assert opened(folder).time_origin_ms == 1.5e12
    with pytest.warns(UserWarning, match=r"time_origin_ms, 5\.66336e\+07 s off its rec_datetime; give start="):
        folder = write_session_from_block(block, tmp_path / "t")
    assert opened(folder).time_origin_ms == 1.6e12


def test_spikes_before_their_segment(tmp_path):
    """Spikes before the first sample of a later segment are named, since they would be read as the one before's."""
    block = block_of([signal(), train([0.01])], [signal(t_start=9), train([8.0, 9.0, 9.01])])
    with pytest.raises(MockSessionError, match="segment 1, SpikeTrain 0: 1 of 3 outside its segment"):
        write_session_from_block(block, tmp_path / "s")
    with pytest.warns(UserWarning, match="left out, since a session cannot hold 1 thing:"):
        folder = write_session_from_block(block, tmp_path / "s", skip_unsupported=True)
    reader = opened(folder)
    assert [reader.spike_count(0, k, 0) for k in range(2)] == [1, 2]
    assert stamps(reader, "CSC1_SU1", 1).tolist() == [9000, 9010]


def test_spikes_outside_of_the_signal_stay(tmp_path):
    """Spikes before the first segment, and in the gap, are the first segment's."""
    block = block_of([signal(), train([-3.0, 0.05, 4.0])], [signal(t_start=9)])
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert stamps(reader, "CSC1_SU1", 0).tolist() == [-3000, 50, 4000]


def test_segments_without_signals(tmp_path):
    """Segments of spikes alone would be read as one: an error says so, and skip_unsupported has it so."""
    block = block_of([train([1.0])], [train([2.0])])
    with pytest.raises(MockSessionError, match="segments 0, 1: without signals they would be read as one"):
        write_session_from_block(block, tmp_path / "s")
    with pytest.warns(UserWarning, match="read as one"):
        folder = write_session_from_block(block, tmp_path / "s", skip_unsupported=True)
    assert stamps(opened(folder), "CSC1_SU1").tolist() == [1000, 2000]


def test_spikes_of_a_segment_without_signals(tmp_path):
    """What stands in a segment without signals is named where others have signals, and so is an empty segment."""
    block = block_of([signal(), train([0.01])], [train([5.0])], [])
    with pytest.raises(MockSessionError) as caught:
        write_session_from_block(block, tmp_path / "s")
    assert "segment 1, SpikeTrain 0: its segment has no signals" in str(caught.value)
    assert "segment 2: it has neither signals, spikes nor events" in str(caught.value)


@pytest.mark.slow
@pytest.mark.at_length
@settings(max_examples=rounds(12, 30))
@given(st.data())
def test_every_spike_stays_in_its_segment(tmp_path_factory, data):
    """Through lazy and loaded blocks, a spike on the very edge of a segment is still the segment's."""
    folder = tmp_path_factory.mktemp("edge")
    hand = Handmade(folder / "session_1")
    start = data.draw(st.floats(7e11, 4e12))
    samples = np.zeros((100, 1), np.int16)
    rate = data.draw(st.floats(100, 40_000))
    second = start + 50_000 / rate + data.draw(st.floats(0, 1e6))
    segments = [{"t_start_ms": start, "n_samples": 50}, {"t_start_ms": second, "n_samples": 50}]
    hand.stream(samples=samples, segments=segments, sampling_rate=rate)
    hand.unit(times=np.array([start, np.nextafter(second, 0), second]), amps=np.zeros((3, 64), np.int16))
    block = MockSessionIO(hand.folder).read_block(lazy=data.draw(st.booleans()))
    reader = verified(write_session_from_block(block, folder / "s"))
    assert [reader.spike_count(0, k, 0) for k in range(2)] == [2, 1]


# -- spikes --------------------------------------------------------------------------------------


def test_trains_are_matched(tmp_path):
    """Trains of one name, or one id, or one place without either, are one unit in all segments."""
    block = block_of(
        [signal(), train([0.01], name="x"), train([0.02], unit_id=7), train([0.03])],
        [
            signal(t_start=9),
            train([9.01], unit_id=7),
            train([9.02], name="y"),
            train([9.03]),
            train([9.04], name="x"),
        ],
    )
    folder = write_session_from_block(block, tmp_path / "s")
    reader = opened(folder)
    found = {
        origin: [stamps(reader, name, k).tolist() for k in range(2)]
        for name, origin in manifest(folder)["units"].items()
    }
    assert found["x"] == [[10], [9040]]
    assert found["y"] == [[], [9020]]
    assert found["segment 0, SpikeTrain 1"] == [[20], [9010]]
    assert found["segment 0, SpikeTrain 2"] == [[30], [9030]]


def test_trains_of_one_name(tmp_path):
    """Two trains of the same name in a segment are two units."""
    block = block_of([signal(), train([0.01], name="CSC1_SU1"), train([0.02], name="CSC1_SU1")])
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert stamps(reader, "CSC1_SU1").tolist() == [10]
    assert stamps(reader, "CSC1_SU2").tolist() == [20]


def test_unit_facts(tmp_path):
    """Channel and type come from the annotations, where they say so."""
    named = signal(name="probe", array_annotations={"channel_ids": np.array(["AP0", "AP1"])})
    spikes = train([0.01], channel_id="AP1", quality="mua")
    reader = opened(write_session_from_block(block_of([named, spikes]), tmp_path / "s"))
    assert reader.header["spike_channels"]["id"].tolist() == ["CSC2_MU1"]


@pytest.mark.parametrize(("channel", "kind"), [("max_channel_id", "KSLabel"), ("main_channel_id", "group")])
def test_unit_facts_in_others_words(tmp_path, channel, kind):
    """What a sorter calls the channel and the type of a unit is known of a train as of a sorting's unit."""
    named = signal(name="probe", array_annotations={"channel_ids": np.array(["AP0", "AP1"])})
    spikes = train([0.01], **{channel: "AP1", kind: "mua"})
    reader = opened(write_session_from_block(block_of([named, spikes]), tmp_path / "s"))
    assert reader.header["spike_channels"]["id"].tolist() == ["CSC2_MU1"]


def test_unsorted_spikes(tmp_path):
    """Spikes out of order are sorted, each with its waveform."""
    waves = np.arange(3)[:, None, None] * np.ones((1, 1, 8)) * pq.uV
    spikes = train([0.03, 0.01, 0.02], waveforms=waves)
    reader = opened(write_session_from_block(block_of([signal(), spikes]), tmp_path / "s"))
    assert stamps(reader, "CSC1_SU1").tolist() == [10, 20, 30]
    assert reader.get_spike_raw_waveforms(0, 0, 0)[:, 0, 0].tolist() == [16384, 32767, 0]


def test_waveforms(tmp_path):
    """Waveforms of any length come back in uV, within half a gain, with rate and left sweep."""
    waves = np.random.default_rng(0).normal(0, 30e-6, (4, 1, 48))
    spikes = train([0.01, 0.02, 0.03, 0.04], waveforms=waves * pq.V, sampling_rate=24 * pq.kHz, left_sweep=50 * pq.ms)
    folder = write_session_from_block(block_of([signal(), spikes]), tmp_path / "s")
    again = MockSessionIO(folder).read_block(load_waveforms=True).segments[0].spiketrains[0]
    gain = opened(folder).header["spike_channels"]["wf_gain"][0]
    assert gain == pytest.approx(np.abs(waves).max() * 1e6 / 32767)
    assert np.abs(again.waveforms.rescale("V").magnitude - waves).max() * 1e6 <= gain * 0.51
    assert (again.sampling_rate, again.left_sweep.rescale("ms")) == (24_000 * pq.Hz, 50 * pq.ms)


def test_waveforms_of_several_channels(tmp_path):
    """Of waveforms on several channels the first is kept, and a warning says so."""
    waves = np.arange(2.0 * 4 * 8).reshape(2, 4, 8) * pq.uV
    block = block_of([signal(), train([0.01, 0.02], name="u", waveforms=waves)])
    with pytest.warns(UserWarning, match="SpikeTrain 'u': the first of 4 channels"):
        folder = write_session_from_block(block, tmp_path / "s")
    again = MockSessionIO(folder).read_block(load_waveforms=True).segments[0].spiketrains[0]
    assert np.allclose(again.waveforms[:, 0].magnitude, waves[:, 0].magnitude, rtol=0, atol=39 / 32767)


@pytest.mark.parametrize(
    ("waves", "why"),
    [
        (np.zeros((3, 1, 8)) * pq.uV, r"shape \(3, 1, 8\) for 2 spikes"),
        (np.full((2, 1, 8), np.nan) * pq.uV, "not finite real numbers"),
        (np.zeros((2, 1, 8), complex) * pq.uV, "not finite real numbers"),
        (np.zeros((2, 1, 8)) * ODD, "units odd"),
    ],
)
def test_waveforms_that_cannot_be(tmp_path, waves, why):
    """Waveforms that cannot be held are named; the spikes are kept without them if that is asked for."""
    block = block_of([signal(), train([0.01, 0.02])])
    block.segments[0].spiketrains[0].waveforms = waves
    with pytest.raises(MockSessionError, match=f"segment 0, SpikeTrain 0, waveforms: .*{why}"):
        write_session_from_block(block, tmp_path / "s")
    with pytest.warns(UserWarning, match="left out, since a session cannot hold 1 thing:"):
        folder = write_session_from_block(block, tmp_path / "s", skip_unsupported=True)
    assert opened(folder).get_spike_raw_waveforms(0, 0, 0) is None


def test_waveforms_that_differ(tmp_path):
    """Waveforms of other lengths in another segment are named."""
    trains = [
        train([t], name="u", waveforms=np.ones((1, 1, n)) * pq.uV, sampling_rate=1 * pq.kHz)
        for t, n in ((0.01, 8), (9.01, 9))
    ]
    block = block_of([signal(), trains[0]], [signal(t_start=9), trains[1]])
    with pytest.raises(MockSessionError, match="SpikeTrain 'u', waveforms: not the same in every segment"):
        write_session_from_block(block, tmp_path / "s")


def test_spike_without_a_time(tmp_path):
    """A spike at NaN is named."""
    block = block_of([signal(), train([0.01, 0.02], name="u")])
    block.segments[0].spiketrains[0][1] = 0.02 * pq.s
    np.asarray(block.segments[0].spiketrains[0])[1] = np.nan
    with pytest.raises(MockSessionError, match="SpikeTrain 'u': spike 1 has no finite time"):
        write_session_from_block(block, tmp_path / "s")


# -- events ---------------------------------------------------------------------------------------


def event(times, labels, **kwargs):
    """Return an Event of times in s."""
    return neo.Event(np.array(times) * pq.s, labels=np.array(labels), **kwargs)


def epoch(times, durations, labels, **kwargs):
    """Return an Epoch of times and durations in s."""
    return neo.Epoch(np.array(times) * pq.s, np.array(durations) * pq.s, labels=np.array(labels), **kwargs)


def test_codes_become_events(tmp_path):
    """Events labelled with numbers are Events.npy, in order of time."""
    block = block_of([signal(), event([0.02, 0.01], ["4", "2.5"], name="ttl")], [signal(t_start=9), event([9.5], [1])])
    block.segments[1].events[0].name = "ttl"
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    assert reader.header["event_channels"]["name"].tolist() == ["Events"]
    first, second = (reader.get_event_timestamps(0, k, 0) for k in range(2))
    assert (first[0] - START_MS).tolist() == [10, 20]
    assert first[2].tolist() == ["2.5", "4"]
    assert (second[0] - START_MS).tolist() == [9500]


def test_one_channel_of_codes(tmp_path):
    """Of two channels of codes the one called Events is taken, and the other named."""
    block = block_of([signal(), event([0.01], ["1"], name="a"), event([0.02], ["2"], name="Events")])
    with pytest.raises(MockSessionError, match="Event 'a': a second channel of codes"):
        write_session_from_block(block, tmp_path / "s")


@pytest.mark.parametrize(
    ("things", "why"),
    [
        ([epoch([0.01], [0.002], ["go"], name="DAQ")], "Epoch 'DAQ': a DAQ log has whole numbers"),
        ([epoch([0.01], [0.002], ["1.5"], name="DAQ")], "Epoch 'DAQ': a DAQ log has whole numbers"),
        ([event([0.01], ["one"], name="movie_frames")], "Event 'movie_frames': a watchlog has movie seconds"),
        ([epoch([0.01], [0.002], ["pause"], name="movie_pauses")], "'movie_pauses': pauses that do not last"),
        ([epoch([0.01], [0.002], ["1"], name="light")], "Epoch 'light': epochs that are neither"),
        ([epoch([0.01], [0.002], ["1"], name="movie_frames")], "Epoch 'movie_frames': epochs that are neither"),
        ([event([0.01, np.nan], ["1", "2"], name="e")], "Event 'e': times, durations and labels of different lengths"),
    ],
)
def test_events_that_cannot_be(tmp_path, things, why):
    """Events and epochs that fit no file are named, each with its reason."""
    with pytest.raises(MockSessionError, match=f"segment 0, {why}|segment 0, Epoch {why}"):
        write_session_from_block(block_of([signal(), *things]), tmp_path / "s")


def test_pauses_between_frames(tmp_path):
    """A pause that lasts from one frame to the next is one again; one that does not is named."""
    frames = event([0.01, 0.02, 0.07], ["0.04", "0.08", "0.12"], name="movie_frames")
    block = block_of([signal(), frames, epoch([0.02], [0.05], ["pause"], name="movie_pauses")])
    reader = opened(write_session_from_block(block, tmp_path / "s"))
    start, duration, _ = reader.get_event_timestamps(0, 0, 1)
    assert ((start - START_MS).tolist(), duration.tolist()) == ([20], [50])
    block.segments[0].epochs[0] = epoch([0.02], [0.04], ["pause"], name="movie_pauses")
    with pytest.raises(MockSessionError, match="pauses that do not last from one frame"):
        write_session_from_block(block, tmp_path / "t")


# -- arguments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [None, "block", neo.Segment()])
def test_no_block(tmp_path, block):
    """Anything but a block is refused."""
    with pytest.raises(MockSessionError, match="expected a neo.Block"):
        write_session_from_block(block, tmp_path / "s")


@pytest.mark.parametrize("segments", [[], [[]], [[train([])][:0]]])
def test_empty_block(tmp_path, segments):
    """A block that holds nothing is refused."""
    with pytest.raises(MockSessionError, match="found none"):
        write_session_from_block(block_of(*segments), tmp_path / "s")


def test_unit_without_spikes(tmp_path):
    """A train without spikes is a unit without spikes."""
    reader = opened(write_session_from_block(block_of([train([])]), tmp_path / "s"))
    assert reader.spike_count(0, 0, 0) == 0


def test_groups_are_named(tmp_path):
    """A group of the user's own is named; those that Neo's readers make are not."""
    block = block_of([signal()])
    block.groups.append(neo.Group(objects=block.segments[0].analogsignals, name="mine"))
    with pytest.raises(MockSessionError, match="Group 'mine'"):
        write_session_from_block(block, tmp_path / "s")


def test_taken_folder(tmp_path):
    """What is there stays unless it may be replaced."""
    folder = write_session_from_block(block_of([signal()]), tmp_path / "s")
    with pytest.raises(SessionExistsError):
        write_session_from_block(block_of([signal()]), folder)
    assert write_session_from_block(block_of([signal()]), folder, overwrite=True) == folder


def test_interruption_leaves_nothing(own, tmp_path, monkeypatch):
    """A reader that fails while a lazy block is written leaves nothing behind."""
    block = MockSessionIO(own).read_block(lazy=True)
    reader = block.segments[1].analogsignals[0]._rawio

    def failing(**window):
        raise KeyboardInterrupt

    monkeypatch.setattr(reader, "get_analogsignal_chunk", failing)
    with pytest.raises(KeyboardInterrupt):
        write_session_from_block(block, tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_patient_and_session(tmp_path):
    """The numbers are the folder's, else the block's annotations'; other annotations are in the manifest."""
    block = block_of([signal()], name="run", patient_id=9, session_nr=8, by="somebody", path="/home/x")
    folder = write_session_from_block(block, tmp_path / "s")
    said = opened(folder).raw_annotations["blocks"][0]
    assert (said["patient_id"], said["session_nr"]) == (9, 8)
    assert manifest(folder)["made_from"]["annotations"] == {"patient_id": 9, "session_nr": 8, "by": "somebody"}
    assert manifest(folder)["made_from"]["name"] == "run"


def test_progress(own, tmp_path, capsys):
    """The bar goes to stderr."""
    write_session_from_block(MockSessionIO(own).read_block(lazy=True), tmp_path / "s", progress=True)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [(["1", "2.5", "-3e2"], [1.0, 2.5, -300.0]), (["1", "nan"], None), (["inf"], None), (["a"], None)],
)
def test_labels_that_are_numbers(labels, numbers):
    """Labels are numbers if all of them are, and finite."""
    marks = Marks(0, "", "", np.zeros(len(labels)), np.zeros(len(labels)), np.array(labels), False)
    assert (marks.numbers is None) if numbers is None else (marks.numbers.tolist() == numbers)


@pytest.mark.parametrize(
    ("start", "length", "fits"), [(0.2, 5.0, True), (0.1, 0.1, True), (5.4, 1.0, False), (0.0, 0.1, False)]
)
def test_pauses_lie_between_frames(start, length, fits, tmp_path):
    """A pause lasts from one frame to the next; one after the last frame, or before the first, is refused by name."""
    frames = neo.Event([0.1, 0.2, 5.2, 5.4] * pq.s, labels=["0.04", "0.08", "0.12", "0.16"], name="movie_frames")
    pause = neo.Epoch([start] * pq.s, [length] * pq.s, labels=["pause"], name="movie_pauses")
    block = block_of([signal(rate=10.0), frames, pause])
    if fits:
        reader = opened(write_session_from_block(block, tmp_path / "s"))
        assert reader.header["event_channels"]["name"].tolist() == ["movie_frames", "movie_pauses"]
    else:
        with pytest.raises(MockSessionError, match="pauses that do not last from one frame"):
            write_session_from_block(block, tmp_path / "s")


def test_spikes_alone(tmp_path):
    """One segment of spikes without signals is a session; several would be read as one, and are refused by number."""
    reader = opened(write_session_from_block(block_of([train([0.01, 0.5])]), tmp_path / "s"))
    assert stamps(reader, "CSC1_SU1").tolist() == [10, 500]
    with pytest.raises(MockSessionError, match="segments 0, 1: without signals they would be read as one"):
        write_session_from_block(block_of([train([0.01])], [train([0.01])]), tmp_path / "two")


def test_the_files_of_a_block_are_pinned(tmp_path):
    """Two segments after a gap, of two rates, with units, waveforms and events, have the bytes that they have had."""
    wave, waves = np.arange(4000).reshape(-1, 2) % 97 - 48, (np.arange(96.0).reshape(3, 1, 32) % 13 - 6) * pq.uV
    segments = [
        [
            signal(wave * 0.75, rate=2000.0, t_start=t, name="fast"),
            signal(wave[:1000].astype(float), "mV", t_start=t, name="slow"),
            train([t + 0.01, t + 0.2, t + 0.9], waveforms=waves, sampling_rate=32 * pq.kHz, left_sweep=0.25 * pq.ms),
            neo.Event(np.array([t + 0.1, t + 0.5]) * pq.s, labels=np.array(["3", "7"])),
        ]
        for t in (0.0, 2.5)
    ]
    block = block_of(*segments, rec_datetime=datetime(2022, 7, 1, 12), patient_id=4, session_nr=2)
    made = contents(write_session_from_block(block, tmp_path / "s"))
    content = json.loads(made.pop("session_manifest.json"))
    assert sorted(content["files"]) == sorted(made)
    assert hashlib.sha256(b"".join(made.values())).hexdigest()[:16] == "5aee4b89c0b29cb7"
