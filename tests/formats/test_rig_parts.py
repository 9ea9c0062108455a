"""What the writers of rigs' files share: codes of labels, clocks, pulses, gains, limits, records in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats import rig
from mockrawio.formats.codes import Codes, coded_frames, is_whole_label
from mockrawio.formats.hdf5 import chunk_samples
from mockrawio.formats.limits import require_channels, whole_rate
from mockrawio.formats.pulses import Pulses, clock_of, level, pulses
from mockrawio.formats.queue import Queue
from mockrawio.formats.recorded import Recorded, RecordedEvents, RecordedSignals, RecordedSpan, by_electrode
from mockrawio.formats.registry import either
from mockrawio.formats.rig import Holds, RigFolder, each_segment
from mockrawio.formats.scaling import gains_uV, has_gain, with_gain
from mockrawio.formats.ticks import Ticks
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, signals
from tests.exporting.odd import marks, unit


@pytest.fixture
def out(tmp_path: Path) -> Iterator[RigFolder]:
    """A folder that is being written."""
    with RigFolder(tmp_path / "out") as folder:
        yield folder


def recording(*events: RecordedEvents, rate: float = 1000.0, sizes: tuple[int, ...] = (100,), **more: Any) -> Recorded:
    """Return segments of noise on two channels, 1 s apart, from `begin` on, with some events."""
    t_starts = tuple(more.get("begin", 0.0) + k for k in range(len(sizes)))
    spans = tuple(RecordedSpan(t, t + n / rate) for t, n in zip(t_starts, sizes, strict=True))
    stream = signals(1, "broadband", rate, 2, t_starts, sizes)
    return Recorded(START, spans, (stream,), more.get("units", ()), events, "recording", "parts")


@pytest.mark.parametrize(
    ("label", "held"),
    [
        *(("1", True), ("300", True), ("0", False), ("301", False), ("1000", False), ("007", False), ("-1", False)),
        *(("+1", False), ("1.0", False), ("²", False), ("٣", False), ("", False), ("a", False)),
    ],
)
def test_whole_labels(label: str, held: bool) -> None:
    """A label is a number from 1 to 300 only as Python writes one, in ASCII."""
    assert is_whole_label(label, 1, 300) is held


def test_codes(out: RigFolder) -> None:
    """Labels that are numbers are those, others get the free ones in order; what is not held is told of once."""
    labels = ("b", "2", "a", "9", "5", "c", "0")
    source = recording(marks("Events", [[0.01 * k for k in range(7)], [1.0]], labels), sizes=(100, 100))
    codes = Codes(source, 5, out)
    # "0" and "9" are none of 1 to 5: they are others, which come in the order of their text; 2 and 5 are taken
    assert codes.of(np.array(["0", "9", "a", "b", "c", "2", "5"])).tolist() == [1, 3, 4, 5, 5, 2, 5]
    told = "'0' is 1, '9' is 3, 'a' is 4, 'b' is 5, 'c' is 5"
    assert out.left_out == [f"texts of labels: {told}", "labels: there are 5 numbers: the last labels share one"]
    frames, numbers = coded_frames(source, source.signals[0], codes, out, 1)
    assert (frames.tolist(), numbers.tolist()) == ([0], [5])
    assert coded_frames(source, source.signals[0], codes, out)[0].tolist() == [0, 10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize("n", [20, 21])
def test_codes_that_are_told(n: int, out: RigFolder) -> None:
    """The numbers of up to twenty labels are told, and that there are more; as many as there are numbers share none."""
    labels = [chr(ord("a") + k) for k in range(n)]
    Codes(recording(marks("Events", [[0.001 * k for k in range(n)]], labels)), n, out)
    told = ", ".join(f"{label!r} is {k + 1}" for k, label in enumerate(labels[:20]))
    assert out.left_out == [f"texts of labels: {told}" + (", ..." if n > 20 else "")]


def test_codes_of_numbers_alone(out: RigFolder) -> None:
    """Of labels that are all numbers nothing is told, the smallest and the largest too."""
    codes = Codes(recording(marks("Events", [[0.0, 0.1]], ["1", "5"])), 5, out)
    assert codes.of(np.array(["5", "1"])).tolist() == [5, 1]
    assert out.left_out == []


@pytest.mark.parametrize(
    ("begin", "stream_at", "origin"), [(2.0, 2.0, 0.0), (0.0, 0.0, 0.0), (-0.25, 0.0, -1.0), (0.0, -2.5, -3.0)]
)
def test_where_clocks_begin(begin: float, stream_at: float, origin: float, out: RigFolder) -> None:
    """A clock is 0 at 0 s, or at a whole second before whatever begins first, which is noted."""
    source = recording(begin=begin)
    source = source.only([source.signals[0], replace(source.signals[0], t_starts=(stream_at,))])
    clock = Ticks.of(source, out, 100.0)
    assert (clock.origin, clock.most, clock.rate) == (origin, 1 << 63, 100.0)
    told = ["t_start: times are not below 0: all are later by whole seconds"]
    assert out.left_out == (told if origin < 0 else [])


def test_where_clocks_of_several_segments_begin(out: RigFolder) -> None:
    """A clock begins with the first segment."""
    assert Ticks.of(recording(begin=-0.5, sizes=(9, 9)), out, 100.0).origin == -1.0
    source = recording(sizes=(9, 9))
    early = replace(source.signals[0], t_starts=(-1.5, 7.0))
    assert Ticks.of(source.only([early]), out, 100.0).origin == -2.0


def test_what_clocks_show(out: RigFolder) -> None:
    """Times are the nearest ticks; those before 0 are left out and noted, those from `most` on refused."""
    clock = Ticks(10.0, -1.0, out, most=20)
    ticks, kept = clock.at(np.array([-1.04, -1.0, 0.0, 0.14, 0.94]), "spikes")
    assert (ticks.tolist(), kept.tolist(), out.left_out) == ([0, 0, 10, 11, 19], [True] * 5, [])
    ticks, kept = clock.at(np.array([-1.06, -0.9]), "spikes")
    assert (ticks.tolist(), kept.tolist()) == ([1], [False, True])
    assert out.left_out == ["spikes: some are before the clock's 0"]
    assert clock.one(0.5) == 15
    assert clock.at(np.zeros(0), "spikes")[0].tolist() == []
    with pytest.raises(MockSessionError, match=r"spikes: expected times of less than 2 s; found 2\.0\."):
        clock.at(np.array([0.95, 1.0]), "spikes")


def lines(source: Recorded, out: RigFolder, clock: RecordedSignals | None = None, **how: Any) -> Pulses:
    return pulses(source.events[0], 0, clock or source.signals[0], out, **how)


def test_pulses_of_events(out: RigFolder) -> None:
    """An event is 5 ms high where there is room, and ends a sample before the next one or with the samples."""
    source = recording(marks("E", [[0.0, 0.010, 0.012, 0.050, 0.096, 0.105, -0.001]], "abcdefg"))
    made = lines(source, out, levels=True)
    assert made.rises.tolist() == [1, 10, 12, 50, 96]
    assert made.falls.tolist() == [6, 11, 17, 55, 100]
    assert made.labels.tolist() == ["a", "b", "c", "d", "e"]
    assert out.left_out == [
        "events of E: some are where there are no samples",
        "events of E: a line that is high from the first sample on is taken to rise at the second",
    ]
    # edges that are noted down may be anywhere, and side by side
    made = lines(source, out)
    assert made.rises.tolist() == [-1, 0, 10, 12, 50, 96, 105]
    assert made.falls.tolist() == [0, 5, 12, 17, 55, 101, 110]
    assert made.labels.tolist() == ["g", "a", "b", "c", "d", "e", "f"]
    assert len(out.left_out) == 2


def test_pulses_that_are_close(out: RigFolder) -> None:
    """Events less than two samples after the last one that is kept are left out of a line, one sample of edges."""
    source = recording(marks("E", [[0.010, 0.011, 0.012, 0.013, 0.020, 0.020]], "abcdef"))
    made = lines(source, out, levels=True)
    assert (made.rises.tolist(), made.labels.tolist()) == ([10, 12, 20], ["a", "c", "e"])
    assert made.falls.tolist() == [11, 17, 25]
    assert out.left_out == ["events of E: some are less than 2 samples after another, or after the last sample"]
    made = lines(source, out)
    assert (made.rises.tolist(), made.labels.tolist()) == ([10, 11, 12, 13, 20], ["a", "b", "c", "d", "e"])
    assert made.falls.tolist() == [11, 12, 13, 18, 25]
    assert out.left_out[1:] == ["events of E: some are less than 1 samples after another, or after the last sample"]


def test_pulses_at_the_first_samples(out: RigFolder) -> None:
    """A line rises at its second sample at the earliest: a rise there is as it is, one right after it left out."""
    source = recording(marks("E", [[0.001, 0.003, 0.099]], "abc"))
    assert lines(source, out, levels=True).rises.tolist() == [1, 3, 99]
    assert out.left_out == []
    assert lines(recording(marks("E", [[0.0, 0.002, 0.003]], "abc")), out, levels=True).rises.tolist() == [1, 3]


def test_pulses_of_epochs(out: RigFolder) -> None:
    """Epochs last as long as they do, a sample at least; that one is cut where the next begins is noted."""
    epochs = marks("E", [[0.010, 0.020, 0.030, 0.040]], "abcd", (0.0, 0.009, 0.0094, 0.060))
    made = lines(recording(epochs), out, levels=True)
    assert (made.rises.tolist(), made.falls.tolist()) == ([10, 20, 30, 40], [11, 29, 39, 100])
    assert out.left_out == []
    longer = marks("E", [[0.010, 0.020, 0.030, 0.040]], "abcd", (0.0, 0.0101, 0.009, 0.0601))
    assert lines(recording(longer), out).falls.tolist() == [11, 30, 39, 100]
    assert out.left_out == []
    assert lines(recording(longer), out, levels=True).falls.tolist() == [11, 29, 39, 100]
    assert out.left_out == ["durations of E: an epoch ends where the next one or the recording's end is"]


def test_levels() -> None:
    """A line is 1 from each rise up to its fall, in pieces of any size."""
    line = Pulses(np.array([2, 5, 9]), np.array([4, 6, 12]), np.array(["a", "b", "c"]))
    wanted = [0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1]
    for size in range(1, 13):
        found = np.concatenate([level(line, at, min(at + size, 12)) for at in range(0, 12, size)])
        assert found.tolist() == wanted


def test_pulses_of_a_later_segment(out: RigFolder) -> None:
    """Samples are counted from where a segment begins; of a single sample no line can rise."""
    source = recording(marks("E", [[2.005]], "a"), begin=2.0)
    assert lines(source, out).rises.tolist() == lines(source, out, levels=True).rises.tolist() == [5]
    assert lines(recording(marks("E", [[0.0]], "a"), sizes=(1,)), out, levels=True).rises.tolist() == []


def test_clocks_of_events() -> None:
    """Events are counted in samples of the fastest stream; without one at 25 kHz, one sample of a segment at least."""
    source = recording(begin=2.0)
    fast = replace(source.signals[0], rate=2000.0)
    assert clock_of(source, [source.signals[0], fast, source.signals[0]]) is fast
    spans = (RecordedSpan(1.0, 1.5), RecordedSpan(2.0, 2.0), RecordedSpan(3.0, 3.0001))
    clock = clock_of(replace(source, segments=spans), [])
    assert (clock.rate, clock.t_starts, clock.sizes) == (25_000.0, (1.0, 2.0, 3.0), (12_500, 1, 3))
    assert clock.channels == ()
    assert clock.read(0, 0, 5).shape == (0, 0)


def test_records_in_order_of_time() -> None:
    """Records of several lengths come in order of time, at one time those of the first source; later ones wait."""

    def source(width: int, *parts: list[int]) -> Iterator[Any]:
        return iter([((np.array(part), np.repeat(np.array(part, np.uint8)[:, None], width, 1)),) for part in parts])

    queue = Queue([source(2, [1, 4], [4, 9]), source(1, [0, 4], [5]), source(3)])
    assert queue.until(0).tolist() == []
    assert queue.until(4).tolist() == [0, 1, 1]
    assert queue.until(5).tolist() == [4, 4, 4, 4, 4]
    assert queue.until(9).tolist() == [5]
    assert queue.until(None).tolist() == [9, 9]
    assert queue.until(None).tolist() == []
    # what a source gives at once need not be of one length, and nothing is read ahead of the time that is asked for
    both = ((np.array([3]), np.array([[3]], np.uint8)), (np.array([0, 1]), np.array([[0, 0], [1, 1]], np.uint8)))
    more = iter([both, ((np.array([7]), np.array([[7]], np.uint8)),)])
    queue = Queue([more])
    assert queue.until(1).tolist() == [0, 0]
    assert queue.until(3).tolist() == [1, 1]
    assert len(list(more)) == 1
    assert queue.until(None).tolist() == [3]


def test_gains(out: RigFolder) -> None:
    """Gains in any unit of voltage are compared in µV, to a millionth."""
    stream = recording().signals[0]
    a, b = stream.channels
    mixed = replace(
        stream, channels=(a._replace(units="mV", gain=0.002, offset=-1.0), b._replace(units="uV", gain=2.0, offset=3.0))
    )
    gains, offsets = gains_uV(mixed, out)
    np.testing.assert_allclose(gains, [2.0, 2.0], rtol=1e-12)
    np.testing.assert_allclose(offsets, [-1000.0, 3.0], rtol=1e-12)
    assert has_gain(mixed, 2.0 * (1 + 9e-7), out)
    assert not has_gain(mixed, 2.0 * (1 + 1.2e-6), out)
    small = replace(stream, channels=(a._replace(gain=1e-9), b._replace(gain=1.5e-9)))
    assert not has_gain(small, 1e-9, out)
    assert [rig.RigFolder.microvolts(out, unit) for unit in ("nV", "uV", "µV", "\u03bcV", "mV", "V", "pA")] == [
        *(1e-3, 1.0, 1.0, 1.0, 1e3, 1e6, 1.0)
    ]
    assert out.left_out == ["unit 'pA': values are written as if they were in uV"]


def test_rounding_to_one_gain(out: RigFolder) -> None:
    """Samples are rounded to the largest gain, or that which is given, with their offsets, and cut at int16's ends."""
    stream = recording().signals[0]
    counts = np.array([[-32768, -32768], [0, 0], [1, 3], [32767, 32767]], np.int16)
    a, b = (one._replace(units="uV", offset=0.0) for one in stream.channels)
    given = replace(stream, read=lambda k, start, stop: counts[start:stop])
    with pytest.raises(MockSessionError, match=r"1 µV a count on all channels, as X has it; found -1, 0\.5\. "):
        with_gain(replace(given, channels=(a._replace(gain=-1.0), b._replace(gain=0.5))), None, out, "X", False)
    four = replace(given, channels=tuple(a._replace(gain=gain) for gain in (4.0, 3.0, 2.0, 1.0)))
    with pytest.raises(MockSessionError, match=r"4 µV a count on all channels, as X has it; found 1, 2, 3\. "):
        with_gain(four, None, out, "X", False)
    uneven = replace(given, channels=(a._replace(gain=-1.0), b._replace(gain=0.5, offset=2.0)))
    made = with_gain(uneven, None, out, "X", True)
    assert made.gains.tolist() == [1.0, 1.0]
    assert made.offsets.tolist() == [0.0, 0.0]
    assert made.read(0, 0, 4).tolist() == [[32767, -16382], [0, 2], [-1, 4], [-32767, 16386]]
    assert with_gain(uneven, 0.25, out, "X", True).read(0, 2, 4).tolist() == [[-4, 14], [-32768, 32767]]
    even = replace(given, channels=(a._replace(gain=0.5), b._replace(gain=0.5, offset=1.0)))
    assert with_gain(even, 0.5, out, "X", False) is even
    assert with_gain(even, None, out, "X", False) is even


def test_limits() -> None:
    """As many channels as there is room for are taken, and the highest whole rate; one more is refused."""
    stream = recording().signals[0]
    require_channels(stream, 2, "X")
    with pytest.raises(MockSessionError, match="stream broadband: expected 1 channels at most, for X; found 2. Give"):
        require_channels(stream, 1, "X")
    assert whole_rate(stream, 1000, "X") == 1000
    assert whole_rate(replace(stream, rate=1.0), 1000, "X") == 1
    for rate in (1001.0, 999.5, 0.0, -1.0):
        with pytest.raises(MockSessionError, match=rf"a rate of whole Hz up to 1000, for X; found {rate} Hz\."):
            whole_rate(replace(stream, rate=rate), 1000, "X")


@pytest.mark.parametrize(
    ("n_channels", "sizes", "n"),
    [(2, (9, 70_000), 65_536), (2, (9, 50), 50), (0, (1 << 18,), 131_072), (2, (0,), 1), (1 << 18, (9,), 1)],
)
def test_chunks_of_hdf5(n_channels: int, sizes: tuple[int, ...], n: int) -> None:
    """A chunk has 131,072 values, or the longest segment if that is less, and a sample at least."""
    stream = recording().signals[0]
    assert chunk_samples(replace(stream, channels=stream.channels[:1] * n_channels, sizes=sizes)) == n


def test_frames_of_times(out: RigFolder) -> None:
    """Times are the nearest samples; which are there is told, and noted if some are not."""
    stream = recording(begin=1.0).signals[0]
    frames, inside = out.frames("some", np.array([0.9996, 1.0, 1.0494, 1.0994]), stream, 0)
    assert (frames.tolist(), inside.tolist(), out.left_out) == ([0, 0, 49, 99], [True] * 4, [])
    frames, inside = out.frames("some", np.array([0.9994, 1.0996]), stream, 0)
    assert (frames.tolist(), inside.tolist()) == ([-1, 100], [False, False])
    assert out.left_out == ["some: some are where there are no samples"]


@pytest.mark.parametrize(
    ("text", "encoding", "made", "noted"),
    [
        ("abcd", "ascii", b"abcd", False),
        ("abcde", "ascii", b"abcd", True),
        ("aµ", "ascii", b"a?", True),
        ("aµ", "latin-1", b"a\xb5", False),
        ("abcµ", "utf-8", b"abc", True),  # half a character is none
        ("a\nb", "ascii", b"a?b", True),
        ("", "ascii", b"", False),
    ],
)
def test_texts(text: str, encoding: str, made: bytes, noted: bool, out: RigFolder) -> None:
    """A text is cut to what a field holds, in its encoding, and what that changes is noted."""
    assert out.text("names", text, 4, encoding) == made
    assert out.left_out == ([f"names: at most 4 characters of {encoding.upper()}"] if noted else [])


def test_what_is_noted(out: RigFolder) -> None:
    """A note is made once; units without spikes and streams that are known to be of one instant are named."""
    silent, firing = unit(1, "silent", None, [[], []], 0), unit(2, "firing", None, [[], [1.0]], 0)
    source = recording(units=(silent, firing), sizes=(100, 100))
    out.leave_spikeless(source)
    out.leave_spikeless(source)
    out.leave_instants(source.signals, "NP1")
    told = ["unit silent: it has no spikes, and there is no list of units"]
    assert out.left_out == told
    out.leave_instants([source.signals[0], replace(source.signals[0], at_once=True)], "NP1")
    assert out.left_out == [*told, "instants of samples: all channels have one: readers shift those of a NP1"]


def test_a_file_that_is_written(out: RigFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are written again leave the place at the end; each so many bytes go onto the disk."""
    synced: list[int] = []
    monkeypatch.setattr(rig, "SYNC_BYTES", 10)
    monkeypatch.setattr(RigFolder, "sync", lambda self, file, place: synced.append(file.tell()))
    with out.file("some/file.bin") as file:
        file.write(b"012345678")
        assert synced == []
        file.write(b"9")
        file.rewrite(2, b"XY")
        assert file.tell() == 10
        file.write(np.arange(9, dtype=np.uint8))
        assert synced == [10]
        file.write(b"a")
        assert (out.staging / "some" / "file.bin").read_bytes() == b"01XY456789" + bytes(range(9)) + b"a"
    assert synced == [10, 20, 20]
    with out.several(["a", "b"]) as files:
        for file in files:
            file.write(b"1")
    assert out.names() == ("a", "b", "some/file.bin")


def test_defaults_of_formats() -> None:
    """A format holds nothing but what it says."""
    held = Holds("one")
    assert [name for name, value in vars(held).items() if value is True] == []
    assert (held.most_streams, held.gains) == (None, "one a channel")
    entry = rig.RigFormat("x", "X", ".x", "XRawIO", held, lambda recorded, out, *, big=False, n=3: [])
    assert (entry.rank, entry.extras, entry.faults, entry.extractor, entry.source) == (100, (), (), None, "")
    assert entry.options == {"big": False, "n": 3}
    assert rig.MOST_FILES == 128


def test_segments_of_their_own() -> None:
    """A segment alone is written as it is; of several each is a recording in a folder of its own."""
    made: list[tuple[str, float]] = []

    def write(part: Recorded, prefix: str) -> dict[str, object]:
        made.append((prefix, part.segments[0].t_start))
        return {"n": len(part.segments)}

    assert each_segment(recording(), write) == [{"n": 1}]
    assert each_segment(recording(sizes=(5, 5)), write) == [{"n": 1}, {"n": 1}]
    assert made == [("", 0.0), ("segment_0/", 0.0), ("segment_1/", 1.0)]


def test_names_in_a_text() -> None:
    """Names are listed with "or" before the last."""
    assert [either("abc"[:n]) for n in (1, 2, 3)] == ["a", "a or b", "a, b or c"]


def test_spikes_of_a_unit() -> None:
    """A window of spikes is open below and closed above; shapes are filled up with zeros."""
    one = unit(1, "a", "CSC1", [[0.1, 0.2, 0.3]], 3)
    shapes = one.waveforms(0, None, None)[:, 0]
    times, cut = one.within(0, 0.1, 0.3, 5)
    assert times.tolist() == [0.2, 0.3]
    assert cut.tolist() == [[*shape, 0, 0] for shape in shapes[1:].tolist()]
    assert one.within(0, None, 0.1, 3)[1].tolist() == shapes[:1].tolist()
    assert one.within(0, None, None, 0)[1].shape == (3, 0)
    both = replace(one, waveforms=lambda *at: np.repeat(one.waveforms(*at), 2, 1) * np.array([[1], [0]], np.int16))
    assert both.within(0, None, 0.1, 3)[1].tolist() == shapes[:1].tolist()
    bare = unit(2, "b", "CSC1", [[0.1]], 0)
    assert bare.within(0, None, None, 2)[1].tolist() == [[0, 0]]
    assert (bare.gain, bare.offset, bare.left_sweep, bare.rate, bare.n_samples, bare.multi, bare.units) == (
        *(1.0, 0.0, 0.0, 0.0, 0, False, "uV"),
    )
    groups = by_electrode([one, bare, replace(one, id="c"), replace(one, gain=2.0), replace(one, units="mV")])
    assert [[unit.id for unit in some] for some in groups] == [["a", "c"], ["b"], ["a"], ["a"]]


@pytest.mark.parametrize(("most", "pieces"), [(100, 1), (5, 1), (4, 2), (2, 3), (1, 5)])
def test_spikes_in_pieces(most: int, pieces: int) -> None:
    """Spikes are in order of time, at one time those of the first unit first, in as many pieces as are asked for."""
    a, b = unit(1, "a", "CSC1", [[0.01, 0.05, 0.08]], 2), unit(2, "b", "CSC1", [[0.05, 0.09]], 3)
    some = list(recording(units=(a, b)).spikes(0, waveforms=True, most=most))
    assert len(some) == pieces
    assert np.concatenate([one.times for one in some]).tolist() == [0.01, 0.05, 0.05, 0.08, 0.09]
    assert np.concatenate([one.units for one in some]).tolist() == [0, 0, 1, 0, 1]
    first, second = (one.waveforms(0, None, None)[:, 0].tolist() for one in (a, b))
    wanted = [[*first[0], 0], [*first[1], 0], second[0], [*first[2], 0], second[1]]
    assert np.concatenate([one.waveforms for one in some]).tolist() == wanted
    assert next(recording(units=(a, b)).spikes(0)).waveforms.shape == (5, 0)
    assert list(recording(units=(unit(3, "c", None, [[]], 2),)).spikes(0)) == []


def test_marks_and_parts() -> None:
    """Events of all channels are in order of time, at one time those of the first; parts have their own segment's."""
    epochs = marks("D", [[0.02, 0.05], [1.01]], "xyz", (0.5, 0.25))
    source = recording(
        marks("E", [[0.05, 0.01], []], "ab"), epochs, sizes=(100, 50), units=(unit(1, "a", None, [[], [1.02]], 2),)
    )
    found = source.marks(0)
    assert found.times.tolist() == [0.01, 0.02, 0.05, 0.05]
    assert found.durations.tolist() == [0.0, 0.5, 0.0, 0.25]
    assert found.channels.tolist() == [0, 1, 0, 1]
    assert found.labels.tolist() == ["b", "x", "a", "y"]
    assert recording().marks(0).labels.tolist() == []
    part = source.part(1)
    assert part.segments == source.segments[1:]
    assert (part.signals[0].sizes, part.signals[0].t_starts) == ((50,), (1.0,))
    assert part.marks(0).labels.tolist() == ["x"]
    assert (part.units[0].count(0), part.units[0].times(0, None, None).tolist()) == (1, [1.02])
    assert part.units[0].waveforms(0, None, None).shape == (1, 1, 2)
    assert replace(source, units=(unit(2, "b", None, [[], []], 0),)).part(1).units[0].waveforms is None
    np.testing.assert_array_equal(part.signals[0].read(0, 3, 9), source.signals[0].read(1, 3, 9))
