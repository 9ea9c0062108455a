"""What the parts of a Neo Block become, one kind at a time: trains, signals, events, LFP, and where segments lie."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq

from mockrawio import MockSessionError, write_session_from_block
from mockrawio.convert import counts as counts_module
from mockrawio.convert.leftovers import Leftovers, label_of
from mockrawio.convert.names import ChannelNames
from mockrawio.convert.neo_events import gather_marks, make_daq, make_events, make_watchlog
from mockrawio.convert.neo_lfp import lfp_channels, split_lfp
from mockrawio.convert.neo_points import Timeline, zeros
from mockrawio.convert.neo_signals import gather_parts, join_parts, make_stream, to_uv
from mockrawio.convert.neo_trains import gather_trains, make_units
from mockrawio.convert.spans import DEFAULT_START
from mockrawio.formats.dict_npy import DictFile
from mockrawio.session import keys

T0 = DEFAULT_START.timestamp() * 1000  # 2000-01-01 in ms


def segments(*parts):
    """Return segments of these Neo objects."""
    made = []
    for things in parts:
        segment = neo.Segment()
        lists = {
            neo.AnalogSignal: segment.analogsignals,
            neo.SpikeTrain: segment.spiketrains,
            neo.Event: segment.events,
            neo.Epoch: segment.epochs,
        }
        for thing in things:
            lists[type(thing)].append(thing)
        made.append(segment)
    return made


def timeline(*zeros_ms, begins=()):
    """Return where segments lie: their 0 s, and when they begin if they have signals."""
    return Timeline(dict(enumerate(zeros_ms)), dict(enumerate(begins)))


# -- spike trains -------------------------------------------------------------------------------


def train(*times_s, waveforms=None, **more):
    """Return a train; its waveforms are in uV unless they have a unit."""
    if waveforms is not None and not hasattr(waveforms, "units"):
        waveforms = np.asarray(waveforms, np.float64) * pq.uV
    made = neo.SpikeTrain(list(times_s), units="s", t_start=-100, t_stop=1000, **more)
    made.waveforms = waveforms  # as many as there are, which neo would check
    return made


def whole(values, units="uV"):
    """Return int16 values of a unit."""
    return pq.Quantity(np.array(values, np.int16), units, dtype=np.int16)


def units_of(*parts, csc=(), begins=()):
    """Return the units of segments whose 0 s are 10 s apart, and what is left over."""
    left, names = Leftovers(), ChannelNames()
    if csc:
        names.add("signal", csc)
    made = gather_trains(segments(*parts), left)
    line = timeline(*(T0 + 10_000 * k for k in range(len(parts))), begins=begins)
    return list(make_units(made, line, names, left)(Path())), left


def counts_of(unit):
    """Return a unit's waveforms as counts."""
    return np.frombuffer(b"".join(unit.waveforms), "<i2").reshape(unit.waveforms.shape)


def test_trains_are_matched():
    """By their name, else the annotation unit_id, else id, else their place; each of one name in its order."""
    first = [
        train(0.1, name="n", unit_id=7),
        train(0.2, unit_id=1, id=2),
        train(0.3, id=2),
        train(0.4),
        train(0.5, name="n"),
    ]
    second = [
        train(1.4, id=9),
        train(1.3, id=2),
        train(1.2, unit_id=1),
        train(1.1, name="n", id=3),
        train(1.5, name="n"),
    ]
    units, left = units_of(first, second)
    found = [(unit.times_ms - T0).tolist() for unit in units]
    assert found == [[100, 11_100], [200, 11_200], [300, 11_300], [400], [500, 11_500], [11_400]]
    assert left.lines == []


def test_places_of_trains():
    """Trains that nothing names are matched by their place, however many others stand before them."""
    units, _ = units_of([train(0.1), train(0.2)], [train(1.1), train(1.2)])
    assert [(unit.times_ms - T0).tolist() for unit in units] == [[100, 11_100], [200, 11_200]]


def test_the_first_train_says_what_a_unit_is():
    """Its channel, its type and what it is called are those of its first segment, whatever later ones say."""
    first = train(0.1, id=5, channel_id="x", unit_type="mua")
    units, _ = units_of([first], [train(1.1, id=5, channel_id="y", unit_type="good")], csc=("y", "x"))
    assert units[0].name == (2, "MU", 1)
    assert units[0].origin == "segment 0, SpikeTrain 0"


@pytest.mark.parametrize(
    ("name", "annotations", "expected"),
    [
        ("CSC7_MU3", {"channel_id": "y"}, (7, "MU", 3)),
        (None, {"channel_id": "y", "main_channel_id": "x"}, (2, "SU", 1)),
        (None, {"max_channel": "y", "channel_name": "x"}, (2, "SU", 1)),
        (None, {"channel_name": "y"}, (2, "SU", 1)),
        (None, {"channel_id": "CSC9"}, (9, "SU", 1)),
        (None, {"channel_id": "z"}, (1, "SU", 1)),
        ("mine", {}, (1, "SU", 1)),
        (None, {"quality": "mua", "group": "good"}, (1, "MU", 1)),
        (None, {"group": "MUA"}, (1, "MU", 1)),
    ],
)
def test_channels_and_types_of_units(name, annotations, expected):
    """A unit is where its own name says, else its annotations in their order; else SU on channel 1."""
    units, _ = units_of([train(0.1, name=name, **annotations)], csc=("x", "y"))
    assert units[0].name == expected


def test_waveforms_and_times_are_sorted_alike():
    """Spikes are in order of time in each segment, their waveforms with them, as counts of a gain for all."""
    a = train(
        0.3, 0.1, waveforms=[[[3.0, -3.0]], [[1.0, -32.767]]], sampling_rate=1000 * pq.Hz, left_sweep=[4.6, 9] * pq.ms
    )
    b = train(1.2, waveforms=[[[2.0, 5.0]]], sampling_rate=1000 * pq.Hz, left_sweep=[4.6] * pq.ms)
    units, left = units_of([a], [b])
    (unit,) = units
    assert (unit.times_ms - T0).tolist() == [100, 300, 11_200]
    assert counts_of(unit).tolist() == [[1000, -32767], [3000, -3000], [2000, 5000]]
    assert (unit.scale.gain, unit.scale.offset, unit.scale.units) == (pytest.approx(0.001), 0.0, "uV")
    assert (unit.sampling_rate, unit.left_sweep) == (1000.0, 5)
    assert (left.lines, left.remarks) == ([], [])


def test_waveforms_of_a_spike_out_of_place_are_left_out(monkeypatch):
    """Of spikes outside their segment neither time nor waveform is kept, in blocks of any size."""
    monkeypatch.setattr(counts_module, "BLOCK", 2)
    shapes = whole(np.arange(9).reshape(3, 3))
    given = train(0.2, 12.0, 0.1, waveforms=shapes, sampling_rate=1000 * pq.Hz)
    units, left = units_of([given], [train(1.0)], begins=(T0, T0 + 10_000))
    assert (units[0].times_ms - T0).tolist() == [100, 200, 11_000]
    assert left.lines[:1] == ["segment 0, SpikeTrain 0: 1 of 3 outside its segment"]


@pytest.mark.parametrize(
    ("waveforms", "expected"),
    [
        (whole([[1, -2], [3, 4]], "V"), (1e6, "uV", [[1, -2], [3, 4]])),
        (whole([[1, -2], [3, 4]], "mV"), (1e3, "uV", [[1, -2], [3, 4]])),
        (whole([[1, -2], [3, 4]], "dimensionless"), (1.0, "dimensionless", [[1, -2], [3, 4]])),
        (whole([[[1, 2]], [[3, 4]]]), (1.0, "uV", [[1, 2], [3, 4]])),
    ],
)
def test_units_of_waveforms(waveforms, expected):
    """Voltages are in uV, others in their own unit, two dimensions or three, as their counts."""
    units, left = units_of([train(0.1, 0.2, waveforms=waveforms)])
    gain, unit, found = expected
    assert (units[0].scale.gain, units[0].scale.units) == (pytest.approx(gain), unit)
    assert counts_of(units[0]).tolist() == found
    assert units[0].left_sweep is None
    assert (left.lines, left.remarks) == ([], [])


def test_waveforms_without_a_unit():
    """They are taken for uV."""
    given = train(0.1, 0.2)
    given.waveforms = np.array([[1, 2], [3, 4]], np.int16)
    (unit,), _ = units_of([given])
    assert (unit.scale.gain, unit.scale.units, counts_of(unit).tolist()) == (1.0, "uV", [[1, 2], [3, 4]])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_channels_of_waveforms(n):
    """The first channel is kept, and it is said if there are others."""
    given = np.arange(2 * n * 2, dtype=np.int16).reshape(2, n, 2)
    (unit,), left = units_of([train(0.1, 0.2, waveforms=whole(given))])
    assert counts_of(unit).tolist() == given[:, 0].tolist()
    said = [f"segment 0, SpikeTrain 0: the first of {n} channels of its waveforms is kept"]
    assert left.remarks == (said if n > 1 else [])


ODD = pq.UnitQuantity("strange", pq.m, symbol="strange")


@pytest.mark.parametrize(
    ("waveforms", "said"),
    [
        (np.zeros((3, 2)) * pq.uV, r"shape (3, 2) for 2 spikes"),
        (np.zeros(2) * pq.uV, r"shape (2,) for 2 spikes"),
        (np.zeros((2, 1, 1, 2)) * pq.uV, r"shape (2, 1, 1, 2) for 2 spikes"),
        (np.zeros((2, 2)) * ODD, r"units strange that have no known name"),
        (np.array([[0, np.nan], [0, 0]]) * pq.uV, "values that are not finite real numbers"),
        (np.zeros((2, 2), complex) * pq.uV, "values that are not finite real numbers"),
    ],
)
def test_waveforms_that_are_left_out(waveforms, said):
    """What is no waveform for each spike, of a known unit and finite, is named, and the spikes are kept."""
    (unit,), left = units_of([train(0.1, 0.2, waveforms=waveforms)])
    assert left.lines == [f"segment 0, SpikeTrain 0, waveforms: {said}"]
    assert unit.waveforms is None
    assert unit.times_ms.size == 2


def test_waveforms_that_differ():
    """Waveforms are kept if they are alike in all segments that have spikes; else that is said."""
    some = whole(np.zeros((1, 3)))
    units, left = units_of([train(name="a")], [train(1.0, name="a", waveforms=some)])
    assert counts_of(units[0]).shape == (1, 3)
    assert left.lines == []
    units, left = units_of([train(0.5, name="a")], [train(1.0, name="a", waveforms=some)])
    assert units[0].waveforms is None
    why = "not the same in every segment (samples, units, rate, or none)"
    assert left.lines == [f"segment 0, SpikeTrain 'a', waveforms: {why}"]


@pytest.mark.parametrize(
    ("rate", "sweep", "found"), [(0, 3, (None, None)), (500, 3.2, (500.0, 2)), (500, None, (500.0, None))]
)
def test_rates_of_waveforms(rate, sweep, found):
    """A rate of 0 is none, and then no sample is before the spike; else those are counted by it."""
    sweep = None if sweep is None else sweep * pq.ms
    given = train(0.1, waveforms=whole([[0, 0]]), sampling_rate=rate * pq.Hz, left_sweep=sweep)
    (unit,), _ = units_of([given])
    assert (unit.sampling_rate, unit.left_sweep) == found


def test_times_that_are_none():
    """A train with a time that is none is left out; the first such spike is named."""
    given = train(0.1, 0.2, 0.3)
    given[1:] = np.nan * pq.s
    units, left = units_of([given, train(0.4)])
    assert [(unit.times_ms - T0).tolist() for unit in units] == [[400]]
    assert left.lines == ["segment 0, SpikeTrain 0: spike 1 has no finite time"]


# -- signals ------------------------------------------------------------------------------------


def signal(samples=None, units="uV", rate=1000.0, begin=0.0, **more):
    """Return a signal; two channels of a ramp unless told otherwise."""
    samples = np.arange(20, dtype=np.int16).reshape(10, 2) if samples is None else samples
    return neo.AnalogSignal(samples, units=units, sampling_rate=rate * pq.Hz, t_start=begin * pq.s, **more)


def joined(*parts):
    """Return the streams of segments, each as the labels of its parts, and what is left over."""
    left = Leftovers()
    streams = join_parts(gather_parts(segments(*parts), left), left)
    return [[part.label for part in stream] for stream in streams], left


def test_signals_are_joined():
    """Signals of one name and kind belong together, then those of one kind, in the order of the first segment."""
    first = [signal(rate=500.0, begin=0.0), signal(name="b"), signal(name="a"), signal(name="c", units="pA")]
    second = [signal(name="a"), signal(name="x", units="pA"), signal(name="b"), signal(rate=500.0)]
    found, left = joined(first, second)
    assert found == [
        ["segment 0, AnalogSignal 0", "segment 1, AnalogSignal 3"],
        ["segment 0, AnalogSignal 'b'", "segment 1, AnalogSignal 'b'"],
        ["segment 0, AnalogSignal 'a'", "segment 1, AnalogSignal 'a'"],
        ["segment 0, AnalogSignal 'c'", "segment 1, AnalogSignal 'x'"],
    ]
    assert left.lines == []


def test_signals_of_one_kind_are_joined_in_turn():
    """Several without a name are matched in their order; what a segment has more is left over."""
    found, left = joined([signal(), signal()], [signal(), signal(), signal()], [])
    assert found == [[f"segment {k}, AnalogSignal {i}" for k in (0, 1)] for i in (0, 1)]
    why = "no signal of the same rate, units and channels in every other segment"
    assert left.lines == [f"segment 1, AnalogSignal 2: {why}"]


@pytest.mark.parametrize(
    ("other", "together"),
    [
        ({"rate": 999.0}, False),
        ({"units": "pA"}, False),
        ({"samples": np.zeros((10, 2))}, False),
        ({"array_annotations": {"channel_ids": ["a", "b"]}}, False),
        ({"array_annotations": {"channel_names": ["a", "b"]}}, False),
        ({"samples": np.zeros((3, 2), np.int16)}, True),
        ({"begin": 5.0}, True),
    ],
)
def test_what_signals_must_share(other, together):
    """Rate, units, channels and type are one in all segments; sizes and times are not."""
    assert len(joined([signal()], [signal(**other)])[0]) == together


@pytest.mark.parametrize(("begin", "kept"), [(0.010, 2), (-0.010, 2), (0.0101, 1), (-0.0101, 1)])
def test_signals_at_other_times(begin, kept):
    """A signal that does not touch the first ones in time is left over, for what it is beside."""
    found, left = joined([signal(name="a"), signal(name="b", begin=begin)])
    assert len(found) == kept
    said = "segment 0, AnalogSignal 'b': not recorded at the same time as segment 0, AnalogSignal 'a'"
    assert left.lines == ([said] if kept == 1 else [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (signal(units=ODD), "units strange that have no known name"),
        (signal(np.zeros((0, 2))), "no samples (shape (0, 2))"),
        (signal(np.zeros((3, 2), complex)), "complex128 samples, which are not real numbers"),
    ],
    ids=["units", "empty", "complex"],
)
def test_signals_that_are_none(given, said):
    """A signal of unknown units, without samples, or of other numbers is named."""
    found, left = joined([signal(), given])
    assert len(found) == 1
    assert left.lines == [f"segment 0, AnalogSignal 1: {said}"]


@pytest.mark.parametrize(
    ("units", "found"),
    [(pq.V, (1e6, "uV")), (pq.uV, (1.0, "uV")), (pq.pA, (1.0, "pA")), (pq.m / pq.s, (1.0, "m/s")), (ODD, None)],
)
def test_units_of_signals(units, found):
    """Voltages have a factor to uV, others their name; what Neo could not read back has none."""
    made = to_uv(pq.Quantity(1.0, units))
    assert made == (None if found is None else (pytest.approx(found[0]), found[1]))


@pytest.mark.parametrize(("digits", "held"), [("123412345", True), ("1234123456", False)])
def test_long_names_of_units(digits, held):
    """A unit's name has up to 64 letters."""
    units = pq.Quantity(1.0, f"kg**{digits}*m**1234*s**1234*A**1234*K**1234*mol**1234*cd**1234")
    assert len(units.dimensionality.string) == 65 - held
    assert to_uv(units) == ((1.0, units.dimensionality.string) if held else None)


def test_a_stream_of_signals():
    """It has the name, the places and names of channels, the samples and the scale of its first part."""
    notes = {
        "channel_ids": ["p", "q"],
        "channel_names": ["P", "Q"],
        "channel_location_0": [1.0, 2.0],
        "channel_location_1": [3.0, 4.0],
    }
    (part,) = gather_parts(segments([signal(units="mV", name="LFP #1", array_annotations=notes)]), Leftovers())[0]
    names = ChannelNames()
    stream = make_stream([part, part], ["lfp_1"], [1.0, 2.0], names)
    assert (stream.name, stream.ids, stream.names, stream.units) == ("LFP_1_2", ("CSC1", "CSC2"), ("P", "Q"), "uV")
    assert (stream.sizes, stream.starts_ms) == ([10, 10], [1.0, 2.0])
    assert (stream.source.gains.tolist(), stream.source.offsets.tolist()) == ([pytest.approx(1000.0)] * 2, [0.0, 0.0])
    assert stream.more == {keys.LOCATIONS: [[1.0, 3.0], [2.0, 4.0]]}
    assert stream.source.pieces[1].read(2, 4).tolist() == [[4, 5], [6, 7]]
    assert stream.source.label == "AnalogSignal 'LFP #1'"
    one = part.channel(1)
    assert (one.ids, one.names, one.piece.read(2, 4).tolist()) == (("q",), ("Q",), [[5], [7]])
    assert one.gains.size == 1
    assert part.t_stop_ms == 10.0


@pytest.mark.parametrize(("n", "own"), [(1, ["x"]), (2, ["x_1", "x_2"])])
def test_channels_that_nothing_names(n, own):
    """They are called as their stream, and numbered from 1 if there are several."""
    (part,) = gather_parts(segments([signal(np.zeros((4, n), np.int16), name="x")]), Leftovers())[0]
    stream = make_stream([part], [], [1.0], ChannelNames())
    assert list(stream.names) == own
    assert list(stream.source.channels) == own
    assert stream.more == {}


@pytest.mark.parametrize(
    "places",
    [{"channel_location_0": [1.0, 2.0]}, {"channel_location_0": [1.0, np.nan], "channel_location_1": [1.0, 2.0]}],
)
def test_places_that_are_none(places):
    """One axis, or a place that is not finite, is no place."""
    (part,) = gather_parts(segments([signal(array_annotations=places)]), Leftovers())[0]
    assert part.locations is None


# -- LFP ----------------------------------------------------------------------------------------


def lfp_of(*parts, zero=T0):
    """Return what is split off as LFP, and what is not, by names; and the former's streams of each channel."""
    left = Leftovers()
    streams = join_parts(gather_parts(segments(*parts), left), left)
    line = timeline(*(zero for _ in parts))
    lfp, others = split_lfp(streams, line)
    channels = [one for stream in lfp for one in lfp_channels(stream, line, ChannelNames())]
    return [stream[0].name for stream in lfp], [stream[0].name for stream in others], channels


def csc(name="lfp", begin=0.0, ids=("CSC3", "CSC4"), **more):
    return signal(name=name, begin=begin, array_annotations={"channel_ids": list(ids)}, **more)


def test_lfp_that_is_a_sessions():
    """Streams that are called lfp, of CSC channels and whole ms, are LFP beside others or with gaps."""
    assert lfp_of([csc(), signal(rate=2000.0)])[:2] == (["lfp"], [None])
    assert lfp_of([csc("lfp_12"), signal(rate=2000.0)])[:2] == (["lfp_12"], [None])
    lfp, others, channels = lfp_of([csc()], [csc(begin=0.0106)], zero=T0 + 0.0004)
    assert (lfp, others) == ([], ["lfp"])
    lfp, others, channels = lfp_of([csc()], [csc(begin=0.011)], zero=T0 + 0.0004)
    assert (lfp, others) == (["lfp"], [])
    assert [(one.ids, one.starts_ms) for one in channels] == [(("CSC3",), [T0, T0 + 11]), (("CSC4",), [T0, T0 + 11])]
    assert channels[1].source.pieces[0].read(0, 2).tolist() == [[1], [3]]


def test_lfp_by_its_first_part():
    """A stream is called what it is in its first segment."""
    assert lfp_of([csc("lfp")], [csc("x", begin=0.011)])[:2] == (["lfp"], [])
    assert lfp_of([csc("x")], [csc("lfp", begin=0.011)])[:2] == ([], ["x"])


@pytest.mark.parametrize(
    "parts",
    [
        ([csc("lfp2"), signal(rate=2000.0)],),
        ([csc("my lfp"), signal(rate=2000.0)],),
        ([csc(ids=("a", "b")), signal(rate=2000.0)],),
        ([csc(), csc("lfp_2")],),  # the same channels twice
        ([csc(rate=300.0), signal(rate=2000.0)],),  # no whole ms
        ([csc(begin=0.0005), signal(rate=2000.0)],),
        ([csc()], [csc(begin=0.010)]),  # no gap, nor another stream
        ([signal(name="lfp"), signal(rate=2000.0)],),
    ],
)
def test_lfp_that_is_no_sessions(parts):
    """Else none of them is."""
    assert lfp_of(*parts)[0] == []


def test_where_gaps_begin():
    """A segment begins at a gap if it begins more than half a period after the end of the one before."""
    assert lfp_of([csc(rate=500.0)], [csc(rate=500.0, begin=0.021)])[0] == []
    assert lfp_of([csc(rate=500.0)], [csc(rate=500.0, begin=0.022)])[0] == ["lfp"]


# -- events -------------------------------------------------------------------------------------


def event(times, labels, name=None):
    return neo.Event(np.array(times) * pq.s, labels=np.array(labels, "U9"), name=name)


def epoch(times, durations, labels, name=None):
    return neo.Epoch(np.array(times) * pq.s, np.array(durations) * pq.s, labels=np.array(labels, "U9"), name=name)


def marks_of(*parts):
    left = Leftovers()
    return gather_marks(segments(*parts), left), left


def test_events_of_codes():
    """The channel called Events is taken, else the first of numbers; rows are in order of time, over all segments."""
    marks, left = marks_of(
        [event([3.0, 1.0], ["7", "2.5"], "a"), event([0.5], ["9"], "Events")], [event([0.1], ["-1"], "Events")]
    )
    table = make_events(marks, timeline(T0, T0 + 9000), left)
    assert (table - [T0, 0]).tolist() == [[500, 9], [9100, -1]]
    assert left.lines == ["segment 0, Event 'a': a second channel of codes"]
    marks, left = marks_of([event([0.5], ["x"], "b"), event([3.0, 1.0], ["7", "2.5"], "a")])
    table = make_events(marks, timeline(T0), left)
    assert (table - [T0, 0]).tolist() == [[1000, 2.5], [3000, 7]]
    assert left.lines == ["segment 0, Event 'b': labels that are not numeric codes"]
    assert make_events([], timeline(T0), left) is None


def test_events_that_are_none():
    """Times that are not finite, or not as many as labels, are named; channels without a moment are passed over."""
    bad = event([1.0, np.nan], ["1", "2"], "a")
    marks, left = marks_of([event([], [], "b"), bad, epoch([1.0], [np.inf], ["1"], "c"), epoch([1.0], [1.0], ["1"])])
    assert [mark.label for mark in marks] == ["segment 0, Epoch 1"]
    why = "times, durations and labels of different lengths, or not finite"
    assert left.lines == [f"segment 0, Event 'a': {why}", f"segment 0, Epoch 'c': {why}"]
    none = event([1.0], ["1"])
    none._labels = np.array([], "U1")
    assert marks_of([none])[0][0].labels.tolist() == [""]


def test_daq_pulses():
    """Codes are whole numbers, numbered from 0 in order of segments; stamps are whole ms where they are meant."""
    marks, left = marks_of(
        [epoch([1.0000005, 2.0000012], [0.5, 0.25], ["3", "4"]), epoch([1.0], [1.0], ["1.5"], "x")],
        [epoch([0.0], [1.0], ["5"])],
    )
    found = make_daq(marks, timeline(T0, T0 + 9000), left)
    assert (found.codes.tolist(), found.index.tolist()) == ([3, 4, 5], [0, 1, 2])
    np.testing.assert_allclose(found.pre - T0, [1000.0, 2000.0012, 9000.0], rtol=0, atol=3e-4)
    assert (found.pre[0] - T0, found.post[0] - T0) == (1000.0, 1500.0)
    assert found.pre[1] - T0 != 2000.0
    assert left.lines == ["segment 0, Epoch 'x': a DAQ log has whole numbers for codes"]
    assert make_daq([], timeline(T0), left) is None


def test_a_watchlog():
    """Frames have the movie's seconds for labels, pauses last from a frame to the next: how many were shown before."""
    frames = event([1.0, 1.5, 4.0, 4.5], ["0.0", "0.5", "1.0", "1.50"], "movie_frames")
    pauses = epoch([1.5, 1.0], [2.5, 0.5], ["", ""], "movie_pauses")
    marks, left = marks_of([frames, pauses])
    found = make_watchlog(marks[:1], marks[1:], timeline(T0), left)
    assert (found.movie, found.labels.tolist(), found.pts.tolist()) == (
        "movie",
        ["0.0", "0.5", "1.0", "1.50"],
        [0, 0.5, 1, 1.5],
    )
    assert ((found.clock - T0).tolist(), found.pauses.tolist()) == ([1000, 1500, 4000, 4500], [1, 2])
    assert left.lines == []
    assert make_watchlog([], [], timeline(T0), left) is None


@pytest.mark.parametrize(
    ("start", "lasting", "fits"),
    [
        (1.5, 2.5, True),
        (4.0, 0.5, True),
        (1.501, 2.499, False),
        (1.5, 2.499, False),
        (1.0, 3.0, False),
        (4.5, 1.0, False),
    ],
)
def test_pauses_that_do_not_fit(start, lasting, fits):
    """A pause that is not from one frame to the next is named."""
    frames = event([1.0, 1.5, 4.0, 4.5], ["0", "1", "2", "3"], "movie_frames")
    marks, left = marks_of([frames, epoch([start], [lasting], [""], "movie_pauses")])
    found = make_watchlog(marks[:1], marks[1:], timeline(T0), left)
    assert len(found.pauses) == fits
    why = "pauses that do not last from one frame of movie_frames to the next"
    assert left.lines == ([] if fits else [f"segment 0, Epoch 'movie_pauses': {why}"])


@pytest.mark.parametrize("n", [1, 2])
def test_pauses_need_two_frames(n):
    """With one frame there is no pause; with two that are shown at once there is."""
    frames = event([1.0, 1.0][:n], ["0", "1"][:n], "movie_frames")
    marks, left = marks_of([frames, epoch([1.0], [0.0], [""], "movie_pauses")])
    assert make_watchlog(marks[:1], marks[1:], timeline(T0), left).pauses.tolist() == [1][: n - 1]


@pytest.mark.parametrize("labels", [["0", "x"], ["0", " 1"], ["0", "1 "], ["0", "\u0661"]])
def test_frames_that_are_no_seconds(labels):
    """Frames whose labels are not seconds, in ASCII and without blanks, are named."""
    marks, left = marks_of([event([1.0, 2.0], labels, "movie_frames")])
    assert make_watchlog(marks, [], timeline(T0), left) is None
    assert left.lines == ["segment 0, Event 'movie_frames': a watchlog has movie seconds for labels"]


# -- times --------------------------------------------------------------------------------------


def test_where_moments_are():
    """A time is its segment's from a thousandth of a ms before it begins up to the next; the first has all before."""
    line = timeline(T0, T0 + 100, begins=(T0 + 10, T0 + 110))
    left = Leftovers()
    placed, inside = line.place("a", 0, np.array([-5.0, 10.0, 109.9, 110.0005, 110.002]), left)
    assert inside.tolist() == [True, True, True, True, False]
    assert (placed[:3] - T0).tolist() == pytest.approx([-5.0, 10.0, 109.9], abs=1e-3)
    assert placed[3] == np.nextafter(T0 + 110, 0)
    assert left.lines == ["a: 1 of 5 outside its segment"]
    placed, inside = line.place("b", 1, np.array([9.998, 9.9995, 10.0, 1e6]), left)
    assert inside.tolist() == [False, True, True, True]
    assert (placed[0], placed[-1]) == (T0 + 110, T0 + 100 + 1e6)
    assert left.lines[1:] == ["b: 1 of 4 outside its segment"]
    placed, which = line.place("c", 2, np.array([1.0, 2.0]), left)
    assert (placed.tolist(), which) == ([], slice(0, 0))
    assert left.lines[2].startswith("c: its segment has no signals, as others have")
    assert timeline(T0).place("d", 0, np.array([-1e6, 1e6]), left)[0].tolist() == [T0 - 1e6, T0 + 1e6]
    assert len(left.lines) == 3


def recorded(*of_segments, start=None, at=None, **annotations):
    """Return the zeros of a block whose segments were recorded then, relative to the first, and what is remarked."""
    block = neo.Block(rec_datetime=at, **annotations)
    for when in of_segments:
        block.segments.append(neo.Segment(rec_datetime=when))
    left = Leftovers()
    zero, later = zeros(block, start, left)
    return zero - T0, later, left.remarks


DAY = datetime(2000, 1, 1, tzinfo=timezone.utc)


def seconds(value):
    return DAY + timedelta(seconds=value)


def test_when_a_block_begins():
    """As is asked for, else by annotations, its date, or that of a segment; segments have their own dates."""
    assert recorded(None) == (0.0, [0.0], [])
    assert recorded(None, start=T0 + 5) == (5.0, [0.0], [])
    assert recorded(None, seconds(3), seconds(5)) == (3000.0, [0.0, 0.0, 2000.0], [])
    assert recorded(None, seconds(3), at=seconds(1)) == (1000.0, [0.0, 2000.0], [])
    assert recorded(seconds(1), seconds(3), at=seconds(1), start=T0) == (0.0, [0.0, 2000.0], [])
    noted = T0 + 1200.0
    assert recorded(seconds(1), seconds(3), at=seconds(1), time_origin_ms=noted) == (1200.0, [0.0, 1800.0], [])
    assert recorded(None, at=seconds(9), timestamps_reference_time=seconds(4)) == (4000.0, [0.0], [])
    both = {"time_origin_ms": noted, "timestamps_reference_time": seconds(4)}
    assert recorded(None, at=seconds(1), **both)[0] == 1200.0


@pytest.mark.parametrize(("off_ms", "said"), [(999.0, False), (1000.0, True), (-1000.0, True)])
def test_dates_that_do_not_agree(off_ms, said):
    """That an annotation is a second or more off the date is remarked, unless a start is given."""
    found = recorded(None, at=seconds(5), time_origin_ms=T0 + 5000 + off_ms)
    assert found[0] == 5000 + off_ms
    assert bool(found[2]) is said
    if said:
        assert ", 1 s off its rec_datetime" in found[2][0]
    assert recorded(None, at=seconds(5), time_origin_ms=T0, start=T0)[2] == []


def test_dates_of_nix():
    """Of a block that NixIO has read segments' dates are not used, and that is remarked if one is a second off."""
    assert recorded(seconds(7), at=seconds(5), nix_name="x")[1:] == (
        [0.0],
        recorded(seconds(7), at=seconds(5), nix_name="x")[2],
    )
    assert len(recorded(seconds(6), at=seconds(5), nix_name="x")[2]) == 1
    assert recorded(seconds(5), at=seconds(5), nix_name="x")[2] == []
    assert recorded(seconds(7), at=seconds(5), nix_name="x", time_origin_ms=T0 + 5000)[2] == []
    exact = seconds(5) + timedelta(microseconds=1)
    assert recorded(seconds(7), at=exact, nix_name="x")[1] == [pytest.approx(1999.999)]


# -- what is said -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2])
def test_what_is_left_over(n):
    """One error names everything; with skip all is a warning; remarks are made only if nothing is refused."""
    left = Leftovers()
    for k in range(n):
        left.add(f"thing {k}", "why")
    left.remark("changed")
    things = "1 thing" if n == 1 else "2 things"
    with pytest.raises(MockSessionError, match=rf"found {things} that it cannot:\n  - thing 0: why"):
        left.settle(False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        left.settle(True)
    said = [str(one.message) for one in caught]
    assert said[0] == "changed"
    assert said[1].startswith(f"block: left out, since a session cannot hold {things}:\n  - thing 0: why")
    assert len(said) == 2
    remarked = Leftovers()
    remarked.remark("changed")
    with pytest.warns(UserWarning, match="changed"):
        remarked.settle(False)
    Leftovers().settle(False)


def test_labels_of_things():
    """A thing is called by its segment, its kind, and its name or its place."""
    assert label_of(2, signal(name="a'b"), 1) == 'segment 2, AnalogSignal "a\'b"'
    assert label_of(0, signal(), 1) == "segment 0, AnalogSignal 1"


# -- whole blocks -------------------------------------------------------------------------------


def block(*parts, **more):
    made = neo.Block(**more)
    made.segments.extend(segments(*parts))
    return made


def made_of(folder):
    """Return what the manifest says that a session was made from."""
    return json.loads((folder / "session_manifest.json").read_text())["made_from"]


def test_what_is_left_out_of_a_block(tmp_path):
    """Everything that a session has no place for is named by its place and its name, and listed in the manifest."""
    given = block([signal()], [signal(begin=5.0)])
    times = [0.0, 0.1] * pq.s
    for k, name in enumerate((None, "i")):
        given.segments[k].irregularlysampledsignals.append(
            neo.IrregularlySampledSignal(times, [[1.0], [2.0]] * pq.V, name=name)
        )
    given.segments[1].imagesequences.append(
        neo.ImageSequence(np.zeros((2, 2, 2)), units="V", sampling_rate=1 * pq.Hz, spatial_scale=1 * pq.um)
    )
    given.groups.extend([neo.Group(), neo.Group(name="g"), neo.Group(name="u", unit_id=1), neo.Group(stream_id="s")])
    given.segments[0].epochs.append(epoch([0.001], [0.001], ["a"], "stim"))
    rate, place = "a session has signals of a constant rate only", "a session has no groups, nor views and regions"
    lines = [
        f"segment 0, IrregularlySampledSignal 0: {rate}",
        f"segment 1, IrregularlySampledSignal 'i': {rate}",
        "segment 1, ImageSequence 0: a session has no images",
        f"Group 0: {place} of interest within them",
        f"Group 'g': {place} of interest within them",
        "segment 0, Epoch 'stim': epochs that are neither DAQ pulses nor movie pauses",
    ]
    with pytest.raises(MockSessionError) as caught:
        write_session_from_block(given, tmp_path / "s")
    assert [line[4:] for line in str(caught.value).splitlines() if line.startswith("  - ")][:-1] == lines[:-1]
    assert lines[-1] in str(caught.value)
    with pytest.warns(UserWarning, match="6 things"):
        folder = write_session_from_block(given, tmp_path / "s", skip_unsupported=True)
    assert made_of(folder)["left_out"] == lines
    bare = write_session_from_block(block([signal()]), tmp_path / "t")
    assert "left_out" not in made_of(bare)


def test_when_a_session_of_a_block_began(tmp_path):
    """A session that was read begins when it said so, unless another start is asked for."""
    noted = {"session_info_start": seconds(7)}
    folder = write_session_from_block(block([signal(begin=9.0)], **noted), tmp_path / "a")
    with DictFile(folder / "session_info.npy") as info:
        first = dict(info.values)
    folder = write_session_from_block(block([signal(begin=9.0)], **noted), tmp_path / "b", start=seconds(1))
    with DictFile(folder / "session_info.npy") as info:
        second = dict(info.values)
    folder = write_session_from_block(block([signal(begin=9.0)], session_info_start="x"), tmp_path / "c")
    with DictFile(folder / "session_info.npy") as info:
        third = dict(info.values)
    assert [f"{one['date']}_{one['time']}" for one in (first, second, third)] == [
        "2000-01-01_00-00-07",
        "2000-01-01_00-00-01",
        "2000-01-01_00-00-00",
    ]


def test_segments_of_a_block(tmp_path):
    """Segments without signals, spikes and events are named; without signals they are one; who they are of is noted."""
    with pytest.raises(MockSessionError, match="segment 1: it has neither signals, spikes nor events"):
        write_session_from_block(block([signal()], []), tmp_path / "s")
    with pytest.raises(MockSessionError, match="segments 0, 2: without signals they would be read as one"):
        write_session_from_block(block([train(0.1)], [], [train(2.0)]), tmp_path / "s")
    with pytest.raises(MockSessionError, match="signals, spikes or events that a session can hold; found none"):
        write_session_from_block(block([]), tmp_path / "s")
    with pytest.raises(MockSessionError, match="a neo.Block; found int"):
        write_session_from_block(3, tmp_path / "s")
    given = block(
        [signal(name="a"), train(0.001, name="u")], name="n", description="d", patient_id=5, session_nr=6, mine=[1]
    )
    made = made_of(write_session_from_block(given, tmp_path / "s"))
    assert (made["kind"], made["class"], made["name"], made["description"]) == ("neo", "Block", "n", "d")
    assert (made["annotations"], made["segments_zero_ms"]) == ({"patient_id": 5, "session_nr": 6, "mine": [1]}, [T0])
    assert made["channels"] == {"CSC1": "a_1", "CSC2": "a_2"}
    lone = write_session_from_block(block([train(0.1)]), tmp_path / "t")
    assert made_of(lone)["segments_zero_ms"] == [T0]


def test_segments_that_are_laid_out(tmp_path):
    """Segments that overlap begin a second after whatever is last in the one before, spikes and events too."""
    given = block([signal(), event([0.5], ["1"])], [signal()], [signal(begin=-0.5)])
    with pytest.warns(UserWarning, match="each is placed 1 s after the previous one"):
        folder = write_session_from_block(given, tmp_path / "s")
    # 500 ms is the last of the first; the second has 10 ms; the third begins 500 ms before its 0 s
    assert np.subtract(made_of(folder)["segments_zero_ms"], T0).tolist() == [0, 1500, 1500 + 10 + 1000 + 500]


def test_channels_that_keep_their_numbers(tmp_path):
    """Streams whose channels have a session's numbers come first, as they keep them."""
    own = signal(name="own", array_annotations={"channel_ids": ["CSC1", "CSC2"]})
    folder = write_session_from_block(block([signal(name="other"), own]), tmp_path / "s")
    said = {one: json.loads((folder / "raw_data" / f"{one}.json").read_text()) for one in ("own", "other")}
    assert [said[name]["channels"]["ids"] for name in ("own", "other")] == [["CSC1", "CSC2"], ["CSC3", "CSC4"]]
