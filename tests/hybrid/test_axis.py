"""Samples of any source on one axis, by stand-ins for sessions and for SpikeInterface's objects."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError, BoundsError, MockSessionError
from mockrawio.hybrid import Probe, RawFile, extractor_source, session_source
from mockrawio.hybrid.extractor_source import ExtractorSource, open_recording
from mockrawio.hybrid.recording import RawRecording, open_raw
from mockrawio.hybrid.session_source import MadeRecording, SessionSource, StreamRecording
from mockrawio.hybrid.source import HybridSource, joined_sorting, labels_of
from mockrawio.planting import Planter
from mockrawio.session.clock import Run
from mockrawio.session.layout import UnitName

# -- sessions --------------------------------------------------------------------------------------


def runs(*pieces):
    """Segments of so many samples, each with its stamp in ms."""
    made, at = [], 0
    for t_start_ms, count in pieces:
        made.append(Run(at, at + count, t_start_ms))
        at += count
    return made


@pytest.mark.parametrize(
    ("pieces", "rate", "starts"),
    [
        ([(5e12, 100)], 1000, [0]),
        ([(5e12, 100), (5e12 + 250, 50), (5e12 + 300, 9)], 1000, [0, 250, 300]),
        ([(5e12, 100), (5e12 + 99.6, 50), (5e12 + 150.4, 9)], 1000, [0, 100, 150]),
        ([(5e12, 100), (5e12 + 90, 50), (5e12 + 130, 9)], 1000, [0, 100, 150]),
        ([(0, 10), (1.3, 10)], 30_000, [0, 39]),
    ],
)
def test_where_segments_begin(pieces, rate, starts):
    """A segment begins where its stamp says, from the first on, but not before the one before it ends."""
    assert session_source._starts(runs(*pieces), rate) == starts


def streamed(pieces, rate, **more):
    """A stream of these segments, and the recording that it is, of two channels."""
    made = runs(*pieces)
    starts = session_source._starts(made, rate)
    files = tuple(
        RawFile(f"t{k}", start, run.stop - run.start) for k, (start, run) in enumerate(zip(starts, made, strict=True))
    )
    return SimpleNamespace(runs=made, sampling_rate=rate, **more), RawRecording(files, np.dtype("<i2"), 2, rate)


def test_spikes_on_the_axis():
    """A spike is at the nearest sample of its segment, which begins half a sample early; else it has none."""
    stream, recording = streamed([(1000.0, 100), (1200.0, 50), (1250.0, 10)], 1000.0)
    stamps = [
        *(990.0, 999.4, 999.5, 999.6, 1000.0, 1000.4, 1000.6, 1099.0, 1099.4, 1099.6, 1150.0, 1199.4),
        *(1199.5, 1199.6, 1249.4, 1249.5, 1249.6, 1259.4, 1259.6, 1300.0),
    ]
    unit = SimpleNamespace(times=viewed(stamps), divisor=1, path="u")
    frames, outside = session_source._frames(unit, stream, recording)
    expected = [0, 0, 0, 0, 1, 99, 99, 200, 200, 249, 250, 250, 259]
    assert frames.tolist() == expected and outside == len(stamps) - len(expected)
    micro = SimpleNamespace(times=viewed([1000_000.0, 1250_000.0]), divisor=1000, path="u")
    assert session_source._frames(micro, stream, recording)[0].tolist() == [0, 250]
    none = session_source._frames(SimpleNamespace(times=viewed([]), divisor=1, path="u"), stream, recording)
    assert (none[0].tolist(), none[0].dtype, none[1]) == ([], np.int64, 0)
    with pytest.raises(BadFileError):
        session_source._frames(SimpleNamespace(times=viewed([5.0, 4.0]), divisor=1, path="u"), stream, recording)


def test_spikes_of_one_segment():
    """A spike more than half a sample before the first, or after the last, has no sample."""
    stream, recording = streamed([(1000.0, 10)], 1000.0)
    unit = SimpleNamespace(times=viewed([999.4, 999.6, 1009.4, 1009.6]), divisor=1, path="u")
    frames, outside = session_source._frames(unit, stream, recording)
    assert frames.tolist() == [0, 9] and outside == 2


def viewed(values):
    """An array as a file has one."""
    array = np.array(values, float)
    return SimpleNamespace(shape=array.shape, view=lambda: array)


def test_rates_of_many_samples_a_second():
    """At 30 kHz half a sample is a sixtieth of a millisecond."""
    stream, recording = streamed([(0.0, 3000), (200.0, 3000)], 30_000.0)
    sample = 1 / 30
    stamps = [0.6 * sample, 99.9 + 0.4 * sample, 200 - 0.6 * sample, 200 - 0.4 * sample, 299.9]
    unit = SimpleNamespace(times=viewed(stamps), divisor=1, path="u")
    frames, outside = session_source._frames(unit, stream, recording)
    assert frames.tolist() == [1, 2997, 6000, 8997] and outside == 1


def test_segments_of_a_stream():
    """Samples of each segment are those of its rows, mapped or made when they are read; windows are cut from them."""
    values = np.arange(40).reshape(20, 2).astype(np.int16)
    files, first_rows = (RawFile("a", 0, 8), RawFile("b", 100, 12)), (0, 8)
    file = SimpleNamespace(release=lambda: None)
    mapped = SimpleNamespace(view=lambda: values, file=file)
    lengths = []
    made = SimpleNamespace(read=lambda start, stop: lengths.append(stop - start) or values[start:stop].copy())
    kinds = (
        StreamRecording(files, np.dtype("<i2"), 2, 1000, mapped, first_rows),
        MadeRecording(files, np.dtype("<i2"), 2, 1000, made, first_rows),
    )
    for recording in kinds:
        np.testing.assert_array_equal(recording.read(2, 7), values[2:7])
        np.testing.assert_array_equal(recording.read(103, 112), values[11:20])
        windows = recording.gather([104, 3, 110], 2, 1, [1, 0])
        rows = [slice(10, 14), slice(1, 5), slice(16, 20)]
        np.testing.assert_array_equal(windows, [values[some][:, [1, 0]] for some in rows])
        np.testing.assert_array_equal(recording.gather([104], 0, 0, [0]), values[12:13, None, :1])
        recording.release()
    assert kinds[0]._maps == (file,) and kinds[1]._maps == () and lengths == [5, 9, 4, 4, 4, 1]


def test_a_stream_as_a_recording(monkeypatch):
    """Its files are its segments, called after its own file; it is mapped, or made when it is read."""
    stream = SimpleNamespace(path="/s/raw_data/x.npy", sampling_rate=1000.0, runs=runs((0.0, 100), (200.0, 50)))
    stream.samples = SimpleNamespace(dtype=np.dtype("<i2"), shape=(150, 3))
    found = session_source.stream_recording(stream)
    files = (RawFile("/s/raw_data/x_t0.npy", 0, 100), RawFile("/s/raw_data/x_t1.npy", 200, 50))
    assert (type(found), found.files, found.n_channels, found.sample_rate, found.first_rows) == (
        StreamRecording, files, 3, 1000.0, (0, 100),
    )  # fmt: skip
    monkeypatch.setattr(session_source, "MadeArray", SimpleNamespace)
    stream.samples = SimpleNamespace(width=4)
    found = session_source.stream_recording(stream)
    assert (type(found), found.files, found.n_channels, found.dtype) == (MadeRecording, files, 4, np.dtype("<i2"))


def test_which_stream_is_taken(monkeypatch):
    """The one that is named, else broadband, else the fastest; none is an error that says what there is."""
    rates = {"slow": 100.0, "fast": 300.0, "other": 200.0}
    monkeypatch.setattr(session_source, "open_stream", lambda path: SimpleNamespace(sampling_rate=rates.get(path, 1.0)))

    def chosen(streams, name=None):
        files = SimpleNamespace(folder="/s", streams={one: one for one in streams})
        found, opened = session_source._main_stream(files, name)
        assert opened.sampling_rate == rates.get(found, 1.0)
        return found

    assert [chosen(rates), chosen([*rates, "broadband"]), chosen([*rates, "broadband"], "other")] == [
        "fast", "broadband", "other",
    ]  # fmt: skip
    for streams, name, words in (
        ([], None, "a stream in raw_data; found none. LFP has no spikes"),
        (["a", "b"], "c", "the stream 'c' in raw_data; found 'a', 'b'. Name an existing one."),
        ([], "c", "the stream 'c' in raw_data; found none. LFP"),
    ):
        with pytest.raises(MockSessionError, match=words):
            chosen(streams, name)


def test_how_a_stream_lies():
    """It is little-endian int16, row by row."""
    good = SimpleNamespace(order="C", dtype=np.dtype("<i2"))
    session_source._check_layout(SimpleNamespace(samples=good, path="p"))
    for order, dtype in (("F", "<i2"), ("C", ">i2"), ("C", "<i4")):
        bad = SimpleNamespace(order=order, dtype=np.dtype(dtype))
        with pytest.raises(BadFileError, match=f"p: expected little-endian .* found {dtype} in {order} order"):
            session_source._check_layout(SimpleNamespace(samples=bad, path="p"))


def test_the_probe_of_a_session():
    """Its sites are the contacts of the ids, or the locations that are said; all are connected."""
    files = SimpleNamespace(folder=SimpleNamespace(name="session_1"))
    samples = SimpleNamespace(shape=(9, 2))

    def stream(contacts, locations):
        told = SimpleNamespace(positions=np.array(contacts)) if contacts else None
        return SimpleNamespace(
            contacts=lambda: told, locations=locations, samples=samples, path="/s/x.npy", ids=tuple("abcde")
        )

    by_id = session_source._probe(files, "x", stream([[1.0, 2.0], [3.0, 4.0]], None))
    assert by_id.channel_positions.tolist() == [[1, 2], [3, 4]] and by_id.connected.all()
    assert (by_id.channel_map.tolist(), by_id.name) == ([0, 1], "x of session_1")
    said = session_source._probe(files, "x", stream(None, np.array([[5.0, 6.0], [7.0, 8.0]])))
    assert said.channel_positions.tolist() == [[5, 6], [7, 8]]
    with pytest.raises(BadFileError, match=r"/s/x\.json: expected 'locations', .* so no probe \(ids a, b, c, d\)"):
        session_source._probe(files, "x", stream(None, None))


def test_units_of_a_session():
    """Labels are those of the units' names, in the order that they are asked for."""
    names = {1: UnitName(3, "SU", 1), 2: UnitName(3, "MU", 2)}
    source = SessionSource.__new__(SessionSource)
    object.__setattr__(source, "units", names)
    object.__setattr__(source, "files", SimpleNamespace(folder="/s"))
    assert source.names == {1: "CSC3_SU1", 2: "CSC3_MU2"} and source.read_from == ("/s",)
    assert source.labels(["CSC3_MU2", "CSC3_SU1", "CSC3_MU2"]) == [2, 1, 2]


# -- sources ---------------------------------------------------------------------------------------


def test_labels_of_units():
    """Units are told by what they are called; of many that there are twelve are named in the error."""
    assert labels_of(["b", "a"], {"a": 1, "b": 2}) == [2, 1]
    known = {f"u{k}": k for k in range(12)}
    for more, ending in (({}, "'u11'"), ({"u12": 12}, "'u11', ...")):
        with pytest.raises(MockSessionError, match="units: expected units of the source") as raised:
            labels_of(["u1", "x"], {**known, **more})
        assert raised.value.expected.endswith(ending) and raised.value.found == "'x'"


def test_trains_as_one_sorting():
    """Spikes of all units are in order of time, of equal times in the order of the units; templates count from 0."""
    found = joined_sorting({1: np.array([5, 9]), 2: np.array([], np.int64), 3: np.array([9, 2])})
    assert found.timestep.tolist() == [2, 5, 9, 9] and found.cluster.tolist() == [3, 1, 1, 3]
    assert found.template.tolist() == [2, 0, 0, 2] and found.channel_index is None and found.kind == "phy"


def test_what_makes_a_source():
    """Probe and recording have as many channels, there are spikes, and samples are integers that events fit."""
    recording = RawRecording((RawFile("/a", 0, 9),), np.dtype("<i2"), 2, 1000)
    probe, sorting = Probe([0, 1], [True] * 2, np.zeros((2, 2))), joined_sorting({1: np.array([5])})
    source = HybridSource(recording, sorting, probe)
    assert (source.names, source.origin, source.read_from) == ({}, None, ["/a"])
    with pytest.raises(MockSessionError, match="probe: expected as many .* 3 of the probe and 2 of the recording"):
        HybridSource(recording, sorting, Probe([0, 1, 2], [True] * 3, np.zeros((3, 2))))
    with pytest.raises(MockSessionError, match="sorting: expected events to take; found none"):
        HybridSource(recording, joined_sorting({1: np.array([], np.int64)}), probe)
    wide = RawRecording(recording.files, np.dtype("<i8"), 2, 1000)
    with pytest.raises(MockSessionError):
        HybridSource(wide, sorting, probe)
    assert Planter((), 2, np.dtype("<i4")).dtype == np.dtype("<i4")


# -- SpikeInterface --------------------------------------------------------------------------------


class Recording:
    """What is used of a SpikeInterface recording."""

    def __init__(self, *segments, rate=1000.0):
        self.segments, self.sampling_frequency, self.asked = segments, rate, []
        self.channel_ids = [f"c{k}" for k in range(segments[0].shape[1])] if segments else ["c0"]

    def get_num_segments(self):
        return len(self.segments)

    def get_num_samples(self, segment_index):
        return len(self.segments[segment_index])

    def get_dtype(self):
        return self.segments[0].dtype

    def get_traces(self, segment_index, start_frame, end_frame, channel_ids):
        self.asked.append((segment_index, start_frame, end_frame))
        traces = self.segments[segment_index][start_frame:end_frame]
        return traces if channel_ids is None else traces[:, [self.channel_ids.index(name) for name in channel_ids]]


def numbered(n, channels=3, dtype="<i2"):
    return np.arange(n * channels).reshape(n, channels).astype(dtype)


def test_segments_follow_one_another():
    """Each segment is a file, and begins where the one before ends."""
    given = Recording(numbered(5), numbered(7) + 1000, rate=500.5)
    found = open_recording(given, as_int16=False)
    assert found.files == (RawFile("recording_t0.bin", 0, 5), RawFile("recording_t1.bin", 5, 7))
    assert (found.n_channels, found.sample_rate, found.dtype) == (3, 500.5, np.dtype("<i2"))
    np.testing.assert_array_equal(found.read(1, 4), given.segments[0][1:4])
    np.testing.assert_array_equal(found.read(3, 9, [2, 0]), np.concatenate(given.segments)[3:9][:, [2, 0]])
    assert given.asked == [(0, 1, 4), (0, 3, 5), (1, 0, 4)]
    found.release()
    with pytest.raises(BoundsError):
        found.read(10, 13)


@pytest.mark.parametrize(
    "given",
    [
        Recording(),
        Recording(numbered(5), numbered(0)),
        Recording(numbered(5, 0)),
        Recording(numbered(5), rate=0.0),
        Recording(numbered(5), rate=float("inf")),
        Recording(numbered(5), rate=float("nan")),
        Recording(numbered(5), rate=-1.0),
    ],
)
def test_recordings_without_samples(given):
    """Without channels, a rate, or samples in every segment there is nothing to take."""
    with pytest.raises(MockSessionError, match="recording: expected samples in every segment; found .* Hz"):
        open_recording(given, as_int16=False)


def test_the_shortest_recording():
    """One sample of one channel is one."""
    assert open_recording(Recording(numbered(1, 1), rate=0.5), as_int16=True).stop == 1


@pytest.mark.parametrize(
    ("dtype", "raw", "session"),
    [
        ("<i2", "<i2", "<i2"),
        (">i2", "<i2", "<i2"),
        ("u1", "u1", "<i2"),
        ("<u2", "<u2", "<i2"),
        ("<i4", "<i4", "at most 16 bits"),
        ("<u4", "<u4", "at most 16 bits"),
        ("<i8", "at most 32 bits", "at most 16 bits"),
        ("<f4", "at most 32 bits", "at most 16 bits"),
        ("?", "at most 32 bits", "at most 16 bits"),
    ],
)
def test_types_of_traces(dtype, raw, session):
    """Raw files take integers of up to 32 bits, a session of up to 16, as int16."""
    for as_int16, expected in ((False, raw), (True, session)):
        if "bits" in expected:
            with pytest.raises(MockSessionError, match=f"integers of {expected}; found {np.dtype(dtype)}"):
                open_recording(Recording(numbered(3, dtype=dtype)), as_int16=as_int16)
        else:
            assert open_recording(Recording(numbered(3, dtype=dtype)), as_int16=as_int16).dtype == np.dtype(expected)


def test_counts_of_a_session():
    """A session has uint16 less 32768, of either order; any other type as it is."""
    values = np.array([[0, 1], [32_767, 32_768], [65_535, 5]])
    for dtype in ("<u2", ">u2"):
        found = open_recording(Recording(values.astype(dtype)), as_int16=True).read(0, 3)
        assert found.tolist() == (values - 32_768).tolist() and found.dtype == np.dtype("<i2")
        assert open_recording(Recording(values.astype(dtype)), as_int16=False).read(0, 3).tolist() == values.tolist()
    small = values.astype("u1")
    assert open_recording(Recording(small), as_int16=True).read(0, 3).tolist() == small.tolist()


@pytest.mark.parametrize("cut", [(slice(1), slice(None)), (slice(None), slice(1))])
def test_traces_of_another_shape(cut):
    """Fewer samples, or channels, than were asked for are an error that says where."""
    given = Recording(numbered(9))
    whole = given.get_traces
    given.get_traces = lambda **asked: whole(**asked)[cut]
    found = open_recording(given, as_int16=False)
    with pytest.raises(MockSessionError, match=r"recording: expected \(4, 3\) samples from frame 2 of segment 0"):
        found.read(2, 6)
    with pytest.raises(MockSessionError, match=r"\(4, 2\) samples"):
        found.read(2, 6, [0, 1])


@pytest.mark.parametrize("read_bytes", [1, 64, 1 << 22])
def test_windows_of_traces(read_bytes, monkeypatch):
    """Windows are the samples around each centre, in any order, of any rows, however much is read at a time."""
    monkeypatch.setattr(extractor_source, "READ_BYTES", read_bytes)
    monkeypatch.setattr(extractor_source, "NEAR", 5)
    given = Recording(numbered(60), numbered(50) + 1000)
    found, whole = open_recording(given, as_int16=False), np.concatenate(given.segments)
    centers = np.array([70, 5, 100, 6, 50, 30, 31, 106, 57])
    for rows in ([0], [2, 0], [0, 1, 2], [1, 1]):
        windows = found.gather(centers, 2, 2, rows)
        np.testing.assert_array_equal(windows, [whole[t - 2 : t + 3][:, rows] for t in centers])
    np.testing.assert_array_equal(found.gather([7], 0, 0, [1]), [[[whole[7, 1]]]])


def test_how_much_is_read_for_windows(monkeypatch):
    """Windows are read together as long as they are near and fit into what is read at a time."""
    given = Recording(numbered(6000))
    found = open_recording(given, as_int16=False)
    centers = np.array([10, 20, 20 + 5 + 1024, 20 + 5 + 1024 + 5 + 1025, 4000])
    found.gather(centers, 2, 2, [0, 1])
    assert given.asked == [(0, 8, 1052), (0, 2077, 2082), (0, 3998, 4003)]
    given.asked.clear()
    monkeypatch.setattr(extractor_source, "READ_BYTES", 2 * 2 * 20)  # twenty samples of two rows
    found.gather(np.array([10, 25, 26, 40]), 2, 2, [0, 1])
    assert given.asked == [(0, 8, 28), (0, 24, 43)]


@pytest.mark.parametrize("span", [5, 20, 21, 1000])
def test_groups_of_windows(span, monkeypatch):
    """A group goes on as long as the next window ends in reach and begins near enough."""
    monkeypatch.setattr(extractor_source, "NEAR", 7)
    first = np.array([0, 3, 3, 12, 15, 16, 28, 41, 60, 61])
    expected, low = [], 0
    for k in range(1, len(first) + 1):
        if k == len(first) or first[k] + 5 > first[low] + span or first[k] - first[k - 1] > 5 + 7:
            expected.append((low, k))
            low = k
    assert list(extractor_source._groups(first, 5, span)) == expected


class Sorting:
    """What is used of a SpikeInterface sorting."""

    def __init__(self, **trains):
        self.unit_ids, self.trains = list(trains), trains


def test_units_of_a_sorting(monkeypatch):
    """Units are labelled from 1 in their order, their spikes on the axis of all segments; none at all are refused."""
    monkeypatch.setattr(extractor_source, "unit_frames", lambda sorting, unit, sizes: sorting.trains[unit])
    found = open_recording(Recording(numbered(50), numbered(40)), as_int16=False)
    names, trains = extractor_source._units(
        Sorting(b=[np.array([1, 9]), np.array([0, 39])], a=[np.array([], np.int64)] * 2), found
    )
    assert names == {1: "b", 2: "a"} and [train.tolist() for train in trains.values()] == [[1, 9, 50, 89], []]
    with pytest.raises(MockSessionError, match="sorting: expected spikes; found none"):
        extractor_source._units(Sorting(a=[np.array([], np.int64)] * 2), found)
    probe = Probe([0, 1, 2], [True] * 3, np.zeros((3, 2)))
    source = ExtractorSource(found, joined_sorting(trains), probe, (Recording(), Sorting()), {1: 3.5, 2: (4,), 3: "c"})
    assert source.names == {1: 3.5, 2: (4,), 3: "c"} and source.read_from is source.given
    assert source.origin == {
        "kind": "spikeinterface", "recording": "Recording", "sorting": "Sorting",
        "names": {"1": 3.5, "2": "(4,)", "3": "c"},
    }  # fmt: skip
    assert source.labels(["c", np.float64(3.5)]) == [3, 1]


def test_the_probe_of_a_recording(monkeypatch):
    """Its channels are where they are said to be, all connected; without a place for each it is refused."""
    monkeypatch.setattr(extractor_source, "channel_locations", lambda recording: np.array([[1.0, 2.0], [3.0, 4.0]]))
    found = extractor_source._probe(None)
    assert found.channel_positions.tolist() == [[1, 2], [3, 4]] and found.connected.tolist() == [True, True]
    assert (found.channel_map.tolist(), found.name) == ([0, 1], "recording")
    monkeypatch.setattr(extractor_source, "channel_locations", lambda recording: None)
    with pytest.raises(MockSessionError, match="recording: expected a probe, and where each of its channels is"):
        extractor_source._probe(None)


# -- raw files -------------------------------------------------------------------------------------


def test_what_is_said_of_many_files(tmp_path):
    """Of up to six files all are told in an error, of more the first three and the last two."""
    for k in range(7):
        np.zeros((10, 1), "<i2").tofile(tmp_path / f"{k}.bin")
    for count, told in (
        (6, "0..10, 10..20, 20..30, 30..40, 40..50, 50..60"),
        (7, "0..10, 10..20, 20..30, ..., 50..60, 60..70"),
    ):
        paths = [tmp_path / f"{k}.bin" for k in range(count)]
        found = open_raw(paths, n_channels=1, sample_rate=1, start_time=[10 * k for k in range(count)])
        with pytest.raises(BoundsError) as raised:
            found.read(65, 99)
        assert raised.value.expected == f"a range inside the recorded {told}"
