"""Our overrides keep what Neo promises: signatures, time slices, selections, kinds of error."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quantities as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from neo import Epoch
from neo.io.proxyobjects import AnalogSignalProxy, EpochProxy, EventProxy, SpikeTrainProxy
from neo.rawio.baserawio import BaseRawIO
from neo.utils import cut_segment_by_epoch

from mockrawio import MockSessionError, MockSessionIO, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.io import _EpochProxy, _EventProxy, _SignalProxy, _SpikeTrainProxy
from tests.handmade import T0, Handmade
from tests.length import rounds

KINDS = ("analogsignals", "spiketrains", "events", "epochs")
PROXIES = {
    _SignalProxy: AnalogSignalProxy,
    _SpikeTrainProxy: SpikeTrainProxy,
    _EventProxy: EventProxy,
    _EpochProxy: EpochProxy,
}
SECONDS = 2.0  # of the session below, at 1000 Hz
EMPTY = inspect.Parameter.empty


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three LFP channels of 2 s, two units, events, epochs."""
    return generate_session(
        SessionSpec.tiny(duration_s=SECONDS, n_lfp_channels=3, n_units=2, rate_hz=(30.0, 40.0), seed=1),
        tmp_path_factory.mktemp("neo"),
    )


# -- signatures -----------------------------------------------------------------------------------


def overridden() -> list[tuple[str, Any, Any]]:
    """Return name, ours and Neo's of each method that one of our classes replaces."""
    found = []
    for ours in (MockSessionRawIO, MockSessionIO, *PROXIES):
        mine = [base for base in ours.__mro__ if base.__module__.startswith("mockrawio")]
        neos = [base for base in ours.__mro__ if base.__module__.startswith("neo.")]
        for name in sorted({name for base in mine for name in vars(base)}):
            theirs = next((vars(base)[name] for base in neos if name in vars(base)), None)
            if inspect.isfunction(theirs) and name != "__init__":  # a constructor takes what its format needs
                found.append((f"{ours.__name__}.{name}", getattr(ours, name), theirs))
    return found


def test_signatures() -> None:
    """Each method takes Neo's parameters, by Neo's names, in its order, with its defaults; its own are optional."""
    methods = overridden()
    assert len(methods) > 60
    for name, ours, theirs in methods:
        mine = list(inspect.signature(ours).parameters.values())
        wanted = list(inspect.signature(theirs).parameters.values())
        for a, b in zip(mine, wanted, strict=False):
            assert (a.name, a.kind) == (b.name, b.kind), name
            assert b.default is EMPTY or a.default == b.default, (name, a)
        assert len(mine) >= len(wanted), name
        added = mine[len(wanted) :]
        assert all(p.default is not EMPTY for p in added), name
        public = not name.split(".")[1].startswith("_")
        assert not public or all(p.kind is p.KEYWORD_ONLY for p in added), name


# -- time slices ----------------------------------------------------------------------------------


def same(a: Any, b: Any) -> None:
    """Check that two Neo objects hold the same data at the same times."""
    assert type(a) is type(b)
    np.testing.assert_array_equal(a.magnitude, b.magnitude)
    np.testing.assert_array_equal(a.times, b.times)
    for name in ("t_start", "t_stop", "sampling_rate", "labels", "durations", "waveforms"):
        one, other = (getattr(x, name, None) for x in (a, b))
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


def is_between(position: float) -> bool:
    """Return True if a position lies in the middle between two samples."""
    return abs(position % 1 - 0.5) < 1e-6


@pytest.mark.at_length
@settings(max_examples=rounds(12, 30), deadline=None)
@given(st.floats(0, SECONDS), st.floats(0, SECONDS), st.sampled_from(["both", "start", "stop"]), st.booleans())
def test_lazy_agrees_with_loaded(folder: Path, first: float, second: float, given: str, milli: bool) -> None:
    """A slice is the same cut lazily, on loading, and out of what was loaded, with either unit of time."""
    io = MockSessionIO(folder)
    start, stop = sorted((first, second))
    ends = [end * 1000 * pq.ms if milli else end * pq.s for end in (start, stop)]
    time_slice = (None if given == "stop" else ends[0], None if given == "start" else ends[1])
    cut = io.read_segment(time_slice=time_slice, load_waveforms=True)
    proxies, whole = io.read_segment(lazy=True), io.read_segment()
    for kind in KINDS:
        how = {"load_waveforms": True} if kind == "spiketrains" else {}
        for one, proxy in zip(getattr(cut, kind), getattr(proxies, kind), strict=True):
            same(one, proxy.load(time_slice=time_slice, **how))
    if any(is_between(end * 1000) for end in (start, stop - start, stop)):
        return  # where the last bit decides, and a sample past the end may be asked for
    signal, expected = cut.analogsignals[0], whole.analogsignals[0].time_slice(*time_slice)
    np.testing.assert_array_equal(signal.magnitude, expected.magnitude)
    np.testing.assert_allclose(signal.times.magnitude, expected.times.magnitude, atol=1e-12)


@pytest.mark.at_length
@settings(max_examples=rounds(12, 30), deadline=None)
@given(st.lists(st.floats(0, 1.6), min_size=2, max_size=5), st.floats(0.0, 0.4))
def test_slices_of_one_duration_have_one_size(folder: Path, onsets: list[float], duration: float) -> None:
    """Epochs of one duration cut as many samples each, lazy or loaded: the duration times the rate, rounded."""
    times, durations = np.sort(onsets) * pq.s, np.full(len(onsets), duration) * pq.s
    trials = Epoch(times, durations, labels=np.arange(len(onsets)).astype(str))
    if is_between(duration * 1000):
        return
    for lazy in (False, True):
        segment = MockSessionIO(folder).read_segment(lazy=lazy)
        cut = cut_segment_by_epoch(segment, trials)
        assert {piece.analogsignals[0].shape[0] for piece in cut} == {round(duration * 1000)}, lazy


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("time_slice", "n_samples", "edge"),
    [
        ((100 * pq.s, 200 * pq.s), 0, SECONDS),
        ((-5 * pq.s, -2 * pq.s), 0, 0.0),
        ((100 * pq.s, None), 0, SECONDS),
        ((None, -3 * pq.s), 0, 0.0),
        ((-1 * pq.s, 0.5 * pq.s), 500, 0.0),
        ((1.5 * pq.s, 9 * pq.s), 500, 1.5),
        ((-1 * pq.s, 9 * pq.s), 2000, 0.0),
    ],
)
def test_outside(folder: Path, time_slice: Any, n_samples: int, edge: float, lazy: bool) -> None:
    """What leaves the segment is an error; with strict_slicing=False it is cut, to nothing if it lies outside."""
    io = MockSessionIO(folder)
    proxies = io.read_segment(lazy=True)
    for kind in KINDS:
        with pytest.raises(MockSessionError, match=r"time_slice: expected t_st.* from 0\.0 s to 2\.0.* s; found"):
            getattr(proxies, kind)[0].load(time_slice)
    how: dict[str, Any] = {"time_slice": time_slice, "strict_slicing": False}
    cut = None if lazy else io.read_segment(**how)
    pieces = {k: [p.load(**how) for p in getattr(proxies, k)] if cut is None else getattr(cut, k) for k in KINDS}
    signal, train = pieces["analogsignals"][0], pieces["spiketrains"][0]
    assert signal.shape == (n_samples, 3)
    assert (signal.t_start.item(), train.t_start.item()) == (edge, edge)
    times = io.rescale_spike_timestamp(io.get_spike_timestamps())
    low, high = (-9 if time_slice[0] is None else time_slice[0]), (9 if time_slice[1] is None else time_slice[1])
    assert train.size == np.sum((times >= float(low)) & (times <= float(high)))
    if not n_samples:
        assert [x.size for kind in KINDS for x in pieces[kind]] == [0] * sum(map(len, pieces.values()))


def test_nothing_of_a_segment_that_ends_with_a_spike(handmade: Handmade) -> None:
    """A slice after the last spike, where the segment ends, does not have it."""
    handmade.unit(times=T0 + np.array([10.0, 500.0]))
    train = MockSessionIO(handmade.folder).read_segment(time_slice=(0.6, 0.7), strict_slicing=False).spiketrains[0]
    assert train.t_stop > 0.4 * pq.s
    assert train.size == 0


def test_ends_that_were_added_up(handmade: Handmade) -> None:
    """The end of a signal as sums of floats give it is not outside."""
    handmade.lfp(1, samples=np.zeros(300, np.int16), ts=T0 + np.arange(300))
    proxy = MockSessionIO(handmade.folder).read_segment(lazy=True).analogsignals[0]
    assert proxy.t_stop.item() < 0.1 + 0.2
    assert proxy.load(time_slice=(0.0, 0.1 + 0.2)).shape[0] == 300


@pytest.mark.parametrize("number", [int, float, np.int64, np.float32, np.float64, np.array])
def test_numbers_are_seconds(folder: Path, number: Any) -> None:
    """An end may be any number, of seconds: none is taken for an end that was left open."""
    io = MockSessionIO(folder)
    plain, lazy = io.read_segment(time_slice=(0 * pq.s, 1 * pq.s)), io.read_segment(lazy=True)
    time_slice = (number(0), number(1))
    loaded = io.read_segment(time_slice=time_slice)
    for kind in KINDS:
        for expected, a, proxy in zip(getattr(plain, kind), getattr(loaded, kind), getattr(lazy, kind), strict=True):
            same(a, expected)
            same(proxy.load(time_slice), expected)


@pytest.mark.parametrize(
    ("time_slice", "words"),
    [
        (("0", 1.0), "t_start: expected a number, seconds, or None; found '0'"),
        ((0.0, float("nan") * pq.s), "t_stop: expected a number"),
        ((0.0, 1 * pq.mV), "t_stop: expected a number"),
        ((1.0, 0.5), r"time_slice: expected t_start before t_stop; found 1\.0 s, 0\.5 s"),
        ((1.0,), "time_slice: expected a start and a stop"),
        (1.0 * pq.s, "time_slice: expected a start and a stop"),
    ],
)
def test_slices_that_are_none(folder: Path, time_slice: Any, words: str) -> None:
    """What is no time slice is refused by everything in the same words, strict or not."""
    io = MockSessionIO(folder)
    proxies = io.read_segment(lazy=True)
    for strict in (True, False):
        for load in (io.read_segment, *(getattr(proxies, kind)[0].load for kind in KINDS)):
            with pytest.raises(MockSessionError, match=words):
                load(time_slice=time_slice, strict_slicing=strict)


def test_limits_with_a_unit(handmade: Handmade) -> None:
    """Limits of spikes and events that are quantities are taken in their unit."""
    handmade.all()
    reader = MockSessionIO(handmade.folder)
    for ask in (reader.get_spike_timestamps, lambda **limits: reader.get_event_timestamps(**limits)[0]):
        first, *others = reader.rescale_event_timestamp(ask())
        assert others
        later = float(first) + 1e-3
        assert ask(t_start=later * 1000 * pq.ms).size == ask(t_start=later).size == len(others)
        assert ask(t_stop=later * 1000 * pq.ms).size == ask(t_stop=later).size == 1


# -- channels ---------------------------------------------------------------------------------------


class Plain(BaseRawIO):  # type: ignore[misc]  # neo is not typed
    """Neo's own class over the same header, its samples an array: what Neo itself does with arguments."""

    def __init__(self, reader: MockSessionRawIO) -> None:
        super().__init__()
        self.header, self.array = reader.header, np.array(reader.get_analogsignal_chunk())

    def _get_analogsignal_chunk(self, block_index, seg_index, i_start, i_stop, stream_index, channel_indexes):  # type: ignore[no-untyped-def]  # Neo's
        chunk = self.array[i_start:i_stop]
        return chunk if channel_indexes is None else chunk[:, channel_indexes]


SELECTIONS = [
    {},
    *({"channel_indexes": i} for i in ([0], [2, 0], [1, 1], [0, 1], slice(None), slice(1, 3), slice(None, None, -1))),
    *({"channel_indexes": i} for i in (np.array([2, 1]), np.array([1], np.uint8), range(1, 3))),
    *({"channel_indexes": i} for i in ([True, False, True], np.array([False] * 3), np.array([False, True, True]))),
    {"channel_ids": ["CSC3", "CSC1"]},
    {"channel_names": ["third", "first"]},
    {"channel_indexes": [1], "channel_names": ["third"]},
]


@pytest.fixture
def named(handmade: Handmade) -> MockSessionRawIO:
    """Three LFP channels of 200 samples with names of their own, and gains."""
    (handmade.folder / "ChannelNames.txt").write_text("first.ncs\nsecond.ncs\nthird.ncs\n")
    for k in (1, 2, 3):
        handmade.lfp(k, samples=np.arange(200, dtype=np.int16) * k, gain=0.5 * k)
    reader = MockSessionRawIO(handmade.folder)
    reader.parse_header()
    return reader


@pytest.mark.parametrize("prefer_slice", [False, True])
@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_selections(named: MockSessionRawIO, selection: dict[str, Any], prefer_slice: bool) -> None:
    """Every form of a selection of channels gives Neo's chunk, and Neo's microvolts of it."""
    plain = Plain(named)
    if prefer_slice and not np.size(np.flatnonzero(selection.get("channel_indexes", 1))):
        return  # Neo's own fails on a mask of nothing
    chunk = named.get_analogsignal_chunk(0, 0, 10, 50, 0, **selection, prefer_slice=prefer_slice)
    expected = plain.get_analogsignal_chunk(0, 0, 10, 50, 0, **selection, prefer_slice=prefer_slice)
    np.testing.assert_array_equal(chunk, expected)
    for dtype in ("float32", "float64"):
        ours = named.rescale_signal_raw_to_float(chunk, dtype, 0, **selection)
        theirs = plain.rescale_signal_raw_to_float(expected, dtype, 0, **selection)
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-7 if dtype == "float32" else 0)


WRONG = [
    {"channel_indexes": [3]},
    {"channel_indexes": [True]},
    {"channel_ids": ["CSC9"]},
    {"channel_names": ["fourth"]},
    {"stream_index": 1},
    {"stream_index": -1},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_kinds_of_error(named: MockSessionRawIO, wrong: dict[str, Any]) -> None:
    """What Neo refuses is refused, by an error that is of Neo's kind too."""
    with pytest.raises((ValueError, IndexError)) as theirs:
        Plain(named).get_analogsignal_chunk(**wrong)
    with pytest.raises(theirs.type) as ours:
        named.get_analogsignal_chunk(**wrong)
    assert isinstance(ours.value, MockSessionError)


@pytest.mark.parametrize("channel_indexes", [[0], np.array([0]), [True], slice(0, 1), (0,)], ids=str)
def test_channels_of_a_signal_that_has_one(folder: Path, channel_indexes: Any) -> None:
    """A proxy of "split-all" takes the channels that a proxy of many takes."""
    proxies = MockSessionIO(folder).read_segment(lazy=True, signal_group_mode="split-all").analogsignals
    same(proxies[1].load(channel_indexes=channel_indexes), proxies[1].load())


# -- the rest ---------------------------------------------------------------------------------------


def test_fractions_are_not_cut_off(folder: Path) -> None:
    """A dtype of whole numbers is a TypeError for what has fractions, as in Neo: signals, waveforms, times."""
    reader = MockSessionIO(folder)
    calls = (
        lambda: reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(), "int16"),
        lambda: reader.rescale_waveforms_to_float(reader.get_spike_raw_waveforms(), "int16"),
        lambda: reader.rescale_spike_timestamp(reader.get_spike_timestamps(), "int64"),
        lambda: reader.rescale_event_timestamp(reader.get_event_timestamps()[0], "int64"),
        lambda: reader.rescale_epoch_duration(np.array([1500.0]), "int64"),
    )
    for call in calls:
        with pytest.raises(TypeError, match="dtype: expected a floating dtype; found int"):
            call()


def test_places_that_are_not(folder: Path) -> None:
    """A block, a segment or a stream past the end, or before the start, is one error everywhere."""
    io = MockSessionIO(folder)
    for wrong in (-1, 1):
        for ask in (
            lambda k: io.read_block(k),
            lambda k: io.read_segment(k),
            lambda k: io.read_segment(0, k, lazy=True),
            lambda k: io.segment_count(k),
            lambda k: io.signal_channels_count(k),
        ):
            with pytest.raises(MockSessionError, match=f"index in 0 to 0; found {wrong}") as error:
                ask(wrong)
            assert isinstance(error.value, IndexError)


def test_cache_methods(folder: Path, tmp_path: Path) -> None:
    """Neo's cache keeps what JSON has, and is an error of Neo's kind without a cache, or for anything else."""
    with pytest.raises(ValueError, match="use_cache=True"):
        MockSessionRawIO(folder).dump_cache()
    with pytest.raises(ValueError, match="not using cache"):
        MockSessionRawIO(folder).add_in_cache(a=1)
    reader = MockSessionRawIO(folder, use_cache=True, cache_path=str(tmp_path))
    with pytest.raises(MockSessionError, match="add_in_cache: expected values that JSON has"):
        reader.add_in_cache(a=np.arange(3))
    reader.add_in_cache(a=[1, 2])
    assert MockSessionRawIO(folder, use_cache=True, cache_path=str(tmp_path))._cache["a"] == [1, 2]
    reader.parse_header()


def test_block_arguments_by_place(folder: Path) -> None:
    """The arguments of read_block may be given by place, as Neo has them; read() passes them on."""
    block = MockSessionIO(folder).read_block(0, False, {"SpikeTrain": True}, "split-all", True)
    assert [len(group.spiketrains) for group in block.groups] == [1, 1]
    assert len(block.segments[0].analogsignals) == 3
    assert block.segments[0].spiketrains[0].waveforms is not None
    (lazy,) = MockSessionIO(folder).read(lazy=True, signal_group_mode="split-all")
    assert [type(p) for p in lazy.segments[0].analogsignals] == [_SignalProxy] * 3
    for wrong, kind in ((5, ValueError), (True, NotImplementedError)):  # Neo's own
        with pytest.raises(kind):
            MockSessionIO(folder).read_block(create_group_across_segment=wrong)
