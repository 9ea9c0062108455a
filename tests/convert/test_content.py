"""What is written of a session's content, and what is taken of recordings and sortings for it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from spikeinterface.core import NumpyRecording, NumpySorting

from mockrawio import MockSessionError, MockSessionIO, write_session
from mockrawio.convert import session_content
from mockrawio.convert.counts import Piece, Source, encode
from mockrawio.convert.cut import UnitPlace, WrittenStream, frames_to_ms, source_windows
from mockrawio.convert.extractors import check_extractors, extractor_content
from mockrawio.convert.leftovers import Leftovers
from mockrawio.convert.names import ChannelNames, check_name, patient_and_session, usable
from mockrawio.convert.neo_signals import gather_parts
from mockrawio.convert.recordings import check_methods, recording_stream, segment_starts
from mockrawio.convert.session_content import Content, Stream, plain, write_content
from mockrawio.convert.sortings import SortedSpikes, lone_units, place_units, unit_frames
from mockrawio.convert.spans import DEFAULT_START, Span, check_era, instant_ms, lay_out, start_of
from mockrawio.formats.dict_npy import DictFile
from mockrawio.session import keys
from mockrawio.session.clock import EARLIEST_MS, LATEST_MS
from mockrawio.session.content import UnitContent
from mockrawio.session.layout import UnitName

T0 = DEFAULT_START.timestamp() * 1000


def stream_of(*segments, rate=1000.0, starts=(T0,), ids=("CSC2",), name="raw", gain=0.5):
    """Return arrays, one a segment, as a stream."""
    pieces = tuple(Piece(len(one), lambda a, b, one=one: one[a:b]) for one in segments)
    source = Source("x", ids, segments[0].dtype, np.full(len(ids), gain), np.full(len(ids), 3.0), rate, pieces)
    return Stream(name, ids, ids, "mV", source, list(starts))


def content(streams=(), lfp=(), units=(), info=T0, **more):
    return Content(info, 7, 8, list(streams), lambda folder: units, {}, lfp=list(lfp), **more)


def of(folder, name):
    with DictFile(folder / name) as opened:
        return {key: value.view() if hasattr(value, "view") else value for key, value in opened.values.items()}


SAMPLES = np.arange(12, dtype=np.int16).reshape(12, 1)


@pytest.mark.parametrize("block", [1, 4, 5, 1 << 20])
def test_lfp_of_a_channel(block, tmp_path, monkeypatch):
    """Stamps are whole ms from each segment's begin on, a period apart; the file is that of the channel's number."""
    monkeypatch.setattr(session_content, "BLOCK", block)
    lfp = stream_of(SAMPLES[:7], SAMPLES[7:], rate=500.0, starts=(T0, T0 + 100))
    folder = write_content(content(lfp=[lfp]), tmp_path / "s", False, False)
    found = of(folder, "lfp_data/CSC2_lfp.npy")
    assert (found["ts"] - T0).tolist() == [0, 2, 4, 6, 8, 10, 12, 100, 102, 104, 106, 108]
    assert found["samples"].tolist() == SAMPLES[:, 0].tolist()
    assert found["sampling_rate"] == 500.0
    assert (found[keys.GAIN.key], found[keys.OFFSET.key], found[keys.UNITS]) == (0.5, 3.0, "mV")
    odd = stream_of(SAMPLES, ids=("x",))
    assert (write_content(content(lfp=[odd]), tmp_path / "o", False, False) / "lfp_data" / "CSC1_lfp.npy").exists()


@pytest.mark.parametrize(
    ("make", "fits"),
    [
        (lambda: content([stream_of(SAMPLES, starts=(LATEST_MS - 12,))]), True),
        (lambda: content([stream_of(SAMPLES, starts=(LATEST_MS - 11,))]), False),
        (lambda: content([stream_of(SAMPLES, starts=(EARLIEST_MS,))]), True),
        (lambda: content([stream_of(SAMPLES, starts=(EARLIEST_MS - 1,))]), False),
        (lambda: content(lfp=[stream_of(SAMPLES, starts=(LATEST_MS - 12,))]), True),
        (lambda: content(lfp=[stream_of(SAMPLES, starts=(LATEST_MS - 11,))]), False),
        (lambda: content(lfp=[stream_of(SAMPLES, SAMPLES, starts=(T0, LATEST_MS - 11))]), False),
        (lambda: content(units=[UnitContent(UnitName(1, "SU", 1), np.array([EARLIEST_MS, LATEST_MS], float))]), True),
        (lambda: content(units=[UnitContent(UnitName(1, "SU", 1), np.array([T0, LATEST_MS + 1.0]))]), False),
        (lambda: content(units=[UnitContent(UnitName(1, "SU", 1), np.array([EARLIEST_MS - 1.0, T0]))]), False),
        (lambda: content(units=[UnitContent(UnitName(1, "SU", 1), np.zeros(0))]), True),
        (lambda: content(info=LATEST_MS + 1), False),
    ],
)
def test_eras(make, fits, tmp_path):
    """Samples, spikes and the start are from 1990 to 2100, up to the end of the last sample."""
    if fits:
        assert write_content(make(), tmp_path / "s", False, False).exists()
        return
    with pytest.raises(MockSessionError, match="times from 1990 to 2100"):
        write_content(make(), tmp_path / "s", False, False)
    assert list(tmp_path.iterdir()) == []


def test_files_of_a_content(tmp_path):
    """Further files are written as they are; without a start there is neither info nor what belongs to it."""
    more = {"events": np.array([[T0, 3.0]]), "channel_names": b"a\n"}
    whole = write_content(content([stream_of(SAMPLES)], **more), tmp_path / "a", False, False)
    assert np.load(whole / "event_file" / "Events.npy").tolist() == [[T0, 3.0]]
    assert (whole / "ChannelNames.txt").read_bytes() == b"a\n"
    info = of(whole, "session_info.npy")
    assert {7, 8} <= set(info.values())
    said = json.loads((whole / "raw_data" / "raw.json").read_text())
    assert (said["gain"], said["offset"], said["units"]) == ([0.5], [3.0], "mV")
    bare = content([stream_of(SAMPLES)], info=None, files={"more/x.txt": [b"1", b"2"]}, **more)
    folder = write_content(bare, tmp_path / "b", False, False)
    assert (folder / "more" / "x.txt").read_bytes() == b"12"
    assert not (folder / "session_info.npy").exists() and not (folder / "ChannelNames.txt").exists()


def test_where_segments_are_described(tmp_path):
    """A stream's description has the samples of each segment, and when it begins."""
    stream = stream_of(SAMPLES[:7], SAMPLES[7:], starts=(T0, T0 + 100))
    said = stream.description(encode(stream.source))
    assert [one["t_start_ms"] for one in said["segments"]] == [T0, T0 + 100]
    assert [sorted(v for v in one.values() if isinstance(v, int)) for one in said["segments"]] == [[7], [5]]
    assert stream.sizes == [7, 5]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.int64(3), 3),
        (np.float64(1.5), 1.5),
        (np.nan, None),
        (np.inf, None),
        ({1: "a", "b": object(), "c": {"d": None}}, {"1": "a", "c": {}}),
        ((1, None, [2.5, np.nan]), [1, [2.5]]),
        ("/home/x", None),
        ("C:\\x", None),
        ("~/x", None),
        ("file:x", None),
        ("a/b", "a/b"),
        (True, True),
        (b"x", None),
    ],
)
def test_plain(value, found):
    """What JSON can hold is kept, with its type."""
    assert plain(value) == found
    assert type(plain(value)) is type(found)


# -- recordings ---------------------------------------------------------------------------------


def recording(n=100, wide=2, rate=1000.0, segments=1, dtype=np.int16, **more):
    made = NumpyRecording([np.zeros((n, wide), dtype)] * segments, rate, **more)
    made.set_channel_gains(0.5)
    made.set_channel_offsets(0.0)
    return made


@pytest.mark.parametrize(
    ("shifts", "kept"),
    [
        ([0.0, 0.999], [0.0, 0.999]),
        ([0.0, 1.0], None),
        ([-0.001, 0.5], None),
        ([0, 0], [0.0, 0.0]),
        (np.array(["a", "b"]), None),
        (None, None),
    ],
)
def test_shifts_of_samples(shifts, kept):
    """When in a sample each channel is sampled is described, if it is known of all and within one."""
    one = recording()
    if shifts is not None:
        one.set_property(keys.SHIFTS, np.array(shifts))
    stream = recording_stream(one, "raw", T0, ChannelNames())
    assert stream.more == ({} if kept is None else {keys.SHIFTS: kept})


def test_places_of_channels():
    """Contacts of a probe are described as such; places without one as they are."""
    one = recording()
    one.set_dummy_probe_from_locations(np.array([[0.0, 5.0], [0.0, 25.0]]))
    assert recording_stream(one, "raw", T0, ChannelNames()).more != {}

    class Placed(NumpyRecording):
        def has_channel_location(self):
            return True

        def get_channel_locations(self, channel_ids=None, axes="xy"):
            return np.array([[0.0, 5.0], [0.0, 25.0]])

    placed = Placed([np.zeros((9, 2), np.float32)], 1000.0)
    assert recording_stream(placed, "raw", T0, ChannelNames()).more == {keys.LOCATIONS: [[0.0, 5.0], [0.0, 25.0]]}


@pytest.mark.parametrize("rate", [0.5, 1.0, 30_000.0])
def test_rates_of_recordings(rate):
    """Any rate above 0 is one."""
    assert recording_stream(recording(rate=rate), "raw", T0, ChannelNames()).source.rate == rate


@pytest.mark.parametrize(
    ("gains", "dtype", "said"), [(True, np.int16, False), (False, np.int16, True), (False, np.float32, False)]
)
def test_scales_of_recordings(gains, dtype, said):
    """Gains are the recording's, else 1 µV, which is said unless samples are floats; offsets are 0 else."""
    one = NumpyRecording([np.ones((9, 2), dtype)], 1000.0)
    if gains:
        one.set_channel_gains([2.0, 3.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source = recording_stream(one, "raw", T0, ChannelNames()).source
    assert source.gains.tolist() == ([2.0, 3.0] if gains else [1.0, 1.0])
    assert source.offsets.tolist() == [0.0, 0.0]
    assert any("no gain_to_uV" in str(one.message) for one in caught) is said


@pytest.mark.parametrize("name", ["", "a b", ".a", "a" * 59, "ä", 3, None])
def test_names_of_streams(name):
    """A stream has a file's name of up to 58 letters."""
    assert recording_stream(recording(), "a" * 58, T0, ChannelNames()).name == "a" * 58
    with pytest.raises(MockSessionError, match="letters, digits, '_', '.' and '-', at most 58"):
        recording_stream(recording(), name, T0, ChannelNames())


def test_recordings_of_nothing():
    """Each segment has samples, and there is one at least."""
    one = NumpyRecording([np.zeros((9, 2), np.float32), np.zeros((0, 2), np.float32)], 1000.0)
    with pytest.raises(MockSessionError, match=r"2 channels and segments of \[9, 0\] samples"):
        recording_stream(one, "raw", T0, ChannelNames())
    with pytest.raises(MockSessionError, match="a SpikeInterface recording; found int"):
        check_methods("recording", 3, ("get_traces",))
    short = NumpyRecording([np.zeros((1, 1), np.float32)], 1000.0)
    assert recording_stream(short, "raw", T0, ChannelNames()).sizes == [1]


def test_where_segments_begin():
    """Segments begin when they say, or a second after the one before; that is said if they said otherwise."""
    one = recording(segments=2)
    assert segment_starts("recording", one, [100, 100], 1000.0, T0) == [T0, T0 + 1100]
    one.set_times(np.arange(100) / 1000 + 2.0, segment_index=0)
    one.set_times(np.arange(100) / 1000 + 2.5, segment_index=1)
    assert segment_starts("recording", one, [100, 100], 1000.0, T0) == [T0 + 2000, T0 + 2500]
    one.set_times(np.arange(100) / 1000 + 1.0, segment_index=1)
    with pytest.warns(UserWarning, match="each is placed 1 s after the previous one"):
        assert segment_starts("recording", one, [100, 100], 1000.0, T0) == [T0 + 2000, T0 + 3100]


# -- sortings -----------------------------------------------------------------------------------


def sorting(*segments, rate=1000.0, **properties):
    made = NumpySorting.from_unit_dict([{k: np.array(one) for k, one in units.items()} for units in segments], rate)
    for key, values in properties.items():
        made.set_property(key, np.array(values))
    return made


@pytest.mark.parametrize(
    ("frames", "sizes", "said"),
    [
        ([99, 0], [100], None),
        ([], [100], None),
        ([0, 10**12], None, None),
        ([100], [100], "frames 0 to 99 in segment 0; found frames 100 to 100"),
        ([-1, 5], [100], "frames 0 to 99 in segment 0; found frames -1 to 5"),
        ([-1], None, "frames 0 up in segment 0; found frames -1 to -1"),
    ],
)
def test_frames_of_units(frames, sizes, said):
    """Frames are ascending, from 0 up to the last sample where that is known."""
    given = sorting({"a": frames})
    if said is None:
        assert [one.tolist() for one in unit_frames(given, "a", sizes)] == [sorted(frames)]
        return
    with pytest.raises(MockSessionError, match=f"spikes of unit 'a' at {said}"):
        unit_frames(given, "a", sizes)


def test_what_a_sorting_says():
    """Ids, types, and places of two axes or three are those of its properties, the first that there is."""
    places = np.array([[1.0, 2.0, 3.0], [np.nan, 0.0, 0.0], [4.0, 5.0, 6.0]])
    more = {"KSLabel": ["mua", "good", "mua"], "quality": ["good", "mua", "good"], "gt_unit_locations": places}
    spikes = SortedSpikes(sorting({"a": [1], "b": [2], "c": [3]}, **more), [T0])
    assert (spikes.ids, spikes.types()) == (["a", "b", "c"], ["SU", "MU", "SU"])
    assert spikes.places() == {"a": [1.0, 2.0, 3.0], "c": [4.0, 5.0, 6.0]}
    assert spikes.values(("nothing",)) == [None] * 3
    flat = SortedSpikes(sorting({"a": [1]}, gt_unit_location=[[1.0, 2.0]]), [T0])
    assert flat.places() == {"a": [1.0, 2.0, 0.0]}
    assert SortedSpikes(sorting({"a": [1]}, gt_unit_location=[[1.0]]), [T0]).places() == {}
    two = SortedSpikes(sorting({"a": [1, 5]}, {"a": [7]}), [T0, T0 + 1000])
    assert (two.times([np.array([1, 5]), np.array([7])]) - T0).tolist() == [1, 5, 1007]


def placed(given, ids=("x", "y"), csc=("CSC1", "CSC2"), largest=lambda frames: 1, locations=None):
    stream = stream_of(np.zeros((100, 2), np.int16), ids=csc)
    source = Source("x", tuple(ids), np.dtype("i2"), np.ones(2), np.zeros(2), 1000.0, stream.source.pieces)
    more = {} if locations is None else {keys.LOCATIONS: locations}
    stream = Stream("raw", csc, csc, "uV", source, [T0], more)
    return [(one.name, one.channel, one.origin) for one in place_units(SortedSpikes(given, [T0]), stream, largest)]


@pytest.mark.parametrize(
    ("units", "properties", "where", "expected"),
    [
        (["a"], {}, None, [(("1", 2, "SU", 1), 1)]),
        (["a", "b"], {"channel_id": ["y", "x"]}, None, [(("a", 2, "SU", 1), 1), (("b", 1, "SU", 1), 0)]),
        (["a"], {"channel_id": ["z"]}, None, [(("a", 2, "SU", 1), 1)]),
        (["a"], {"gt_unit_locations": [[0.0, 1.0]]}, [[0.0, 0.0], [0.0, 9.0]], [(("a", 1, "SU", 1), 0)]),
        (["a"], {"gt_unit_locations": [[3.0, 6.0, 1.0]]}, [[0.0, 0.0, 5.0], [0.0, 9.0, 5.0]], [(("a", 2, "SU", 1), 1)]),
        (["a"], {"gt_unit_locations": [[np.nan, 0.0]]}, [[0.0, 0.0], [0.0, 9.0]], [(("a", 2, "SU", 1), 1)]),
        (["CSC1_MU4", "CSC2_SU2"], {}, None, [((1, "MU", 4), 1), ((2, "SU", 2), 1)]),
        (["CSC1_MU4", "b"], {}, None, [((2, "SU", 1), 1), ((2, "SU", 2), 1)]),
        (["CSC9_SU1"], {}, None, [((2, "SU", 1), 1)]),
    ],
)
def test_where_units_are(units, properties, where, expected):
    """A unit is on the channel that it says, else the nearest, else the largest; it may keep its name."""
    found = placed(sorting({unit: [5 + k] for k, unit in enumerate(units)}, **properties), locations=where)
    for (name, channel, origin), (wanted, at), unit in zip(found, expected, units, strict=True):
        assert (tuple(name), channel, origin) == (tuple(wanted)[-3:], at, unit)


def test_units_on_channels_of_a_session():
    """A unit that is called by a channel of the recording is on it, where ids are those of a session."""
    found = placed(sorting({"CSC1_SU1": [5], "CSC2_SU1": [6]}), ids=("CSC1", "CSC2"))
    assert [one[1] for one in found] == [0, 1]


@pytest.mark.parametrize(
    ("units", "properties", "expected"),
    [
        (["a", "b"], {}, [(1, "SU", 1), (1, "SU", 2)]),
        (["a", "b", "c"], {"main_channel_id": ["q", "p", "q"]}, [(1, "SU", 1), (2, "SU", 1), (1, "SU", 2)]),
        (["CSC3_SU2", "CSC5_MU1"], {}, [(3, "SU", 2), (5, "MU", 1)]),
        (["CSC3_SU2", "b"], {}, [(1, "SU", 1), (1, "SU", 2)]),
    ],
)
def test_units_alone(units, properties, expected):
    """Without a recording units are on the channels that they say, in order, else on the first."""
    given = sorting({unit: [5 * k + 1] for k, unit in enumerate(units)}, **properties)
    made = list(lone_units(SortedSpikes(given, [T0]), ChannelNames())(Path()))
    assert [tuple(one.name) for one in made] == expected
    assert [(one.times_ms - T0).tolist() for one in made] == [[5.0 * k + 1] for k in range(len(units))]
    assert [one.origin for one in made] == units
    assert (made[0].sampling_rate, made[0].waveforms) == (1000.0, None)


@pytest.mark.parametrize(("rate", "fits"), [(1000.0, True), (1000.0009, True), (1000.002, False)])
def test_rates_that_belong_together(rate, fits):
    """A sorting has its recording's rate, to a millionth, and as many segments."""
    if fits:
        check_extractors(recording(), sorting({"a": [1]}, rate=rate))
        return
    with pytest.raises(MockSessionError, match=f"sampling frequency, 1000.0 Hz; found {rate} Hz"):
        check_extractors(recording(), sorting({"a": [1]}, rate=rate))
    with pytest.raises(MockSessionError, match="a SpikeInterface sorting; found int"):
        check_extractors(recording(), 3)
    with pytest.raises(MockSessionError, match="the recording's 1 segments; found 2"):
        check_extractors(recording(), sorting({"a": [1]}, {"a": [1]}))


def test_spikes_are_looked_at_first():
    """Spikes beyond the recording are found before anything is read of its samples."""
    with pytest.raises(MockSessionError, match="found frames 100 to 100"):
        extractor_content(recording(), sorting({"a": [100]}), "raw", None, (1, 1))


def test_segments_of_a_sorting_alone():
    """They last to their last spike, and follow each other a second apart; that they are read as one is said."""
    given = sorting({"a": [4, 9], "b": [20]}, {"a": [], "b": []}, {"a": [3], "b": []})
    with pytest.warns(UserWarning, match="its 3 segments will be read as one"):
        found = extractor_content(None, given, "raw", None, (1, 2))
    starts = [T0, T0 + 21 + 1000, T0 + 21 + 1000 + 1 + 1000]
    assert found.made_from["segments_t_start_ms"] == starts
    assert (found.info_ms, found.patient_id, found.session_nr, found.streams) == (T0, 1, 2, [])
    assert found.made_from["kind"] == "spikeinterface"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert extractor_content(None, sorting({"a": [4]}), "raw", None, (1, 2)).info_ms == T0
    assert extractor_content(recording(), None, "raw", T0 + 5, (1, 2)).info_ms == T0 + 5


def test_frames_that_are_told_apart():
    """A frame is its nearest ms, from which it comes back; the first that does not is named."""
    assert frames_to_ms(np.array([0, 3]), 100.0, 30_000.0).tolist() == [100.0, 100.1]
    with pytest.raises(MockSessionError, match="found frame 1 at 1e[+]07 Hz"):
        frames_to_ms(np.array([0, 1, 2]), 1.7e12, 1e7)


@pytest.mark.parametrize(("floats", "rate"), [(False, 1000.0), (True, None)])
def test_waveforms_of_a_stream(floats, rate, tmp_path):
    """Waveforms are cut from the stream as counts, or as values, 20 samples before the spike, 0 beyond its segment."""
    samples = np.arange(1, 301, dtype=np.int16).reshape(150, 2)
    stream = stream_of(samples[:100], samples[100:], starts=(T0, T0 + 1000), ids=("CSC1", "CSC2"))
    folder = write_content(content([stream]), tmp_path / "s", False, False)
    with WrittenStream(folder, stream) as written:
        unit = written.unit(
            UnitPlace(UnitName(2, "SU", 1), [np.array([5, 99]), np.array([0])], 1, "mine"), floats=floats
        )
        found = np.concatenate([np.asarray(one) for one in unit.waveforms.blocks])
    assert (unit.times_ms - T0).tolist() == [5, 99, 1000]
    own = [samples[:100, 1], samples[100:, 1]]
    wanted = [
        [own[k][f + i] if 0 <= f + i < len(own[k]) else 0 for i in range(-20, 44)] for k, f in ((0, 5), (0, 99), (1, 0))
    ]
    np.testing.assert_array_equal(found, np.array(wanted) * 0.5 + 3.0 if floats else wanted)
    assert (unit.sampling_rate, unit.origin, unit.left_sweep) == (rate, "mine", None if floats else 20)


def test_windows_of_a_source():
    """Windows of a source are its samples around frames, 0 beyond the ends."""
    samples = np.arange(1, 101, dtype=np.int16)[:, None]
    cut = source_windows(stream_of(samples).source)(0, np.array([5, 50, 99]))
    assert cut.shape == (3, 64, 1)
    for window, frame in zip(cut[..., 0], (5, 50, 99), strict=True):
        assert window.tolist() == [int(samples[k, 0]) if 0 <= k < 100 else 0 for k in range(frame - 20, frame + 44)]


# -- names and times ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        (" a", False),
        ("a\nb", False),
        ("\ufeffa", False),
        ("a\x07", False),
    ],
)
def test_names_of_channels(name, fits):
    """A name has 1 to 64 characters, on one line, that can be printed, without blanks around them."""
    assert usable([name]) is fits
    if not fits:
        with pytest.raises(MockSessionError, match="channel names of 1 to 64 printable characters"):
            check_name("x", name)


def test_numbers_of_channels():
    """Ids of a session's form are kept if all are; others get numbers after the last; those between have their ids."""
    names = ChannelNames(["A", "B", "C"])
    assert names.add("x", ["CSC5", "CSC2"], ["five", "two"]) == ("CSC5", "CSC2")
    assert names.add("y", ["CSC9", "a"]) == ("CSC6", "CSC7")
    assert names.lines().decode().split() == [f"{name}.ncs" for name in ("A", "two", "C", "CSC4", "five", "CSC9", "a")]
    assert names.origins == {"CSC5": "CSC5", "CSC2": "CSC2", "CSC6": "CSC9", "CSC7": "a"}
    with pytest.raises(MockSessionError, match="unique channel ids; found 'b' twice"):
        names.add("z", ["a", "b", "b"])
    assert ChannelNames(["ok", ""]).lines() is None
    assert ChannelNames("ab").lines() is None
    assert ChannelNames(np.array(["q"])).lines().decode().split() == ["q.ncs"]


@pytest.mark.parametrize(
    ("folder", "given", "known", "found"),
    [
        ("patient_data/12/session_34", (None, None), {}, (12, 34)),
        ("patient_data/12/session_34", (0, 5), {"patient_id": 9}, (0, 5)),
        ("patient_data/x/session_34", (None, None), {"patient_id": 9}, (9, 34)),
        ("other/12/session_34", (None, None), {}, (1, 34)),
        ("patient_data/12/session", (None, None), {"session_nr": True}, (1, 1)),
    ],
)
def test_numbers_of_sessions(folder, given, known, found):
    """Patient and session are as given, else as the folders' names say, else as known, else 1."""
    assert patient_and_session(Path(folder).absolute(), *given, known) == found


def test_instants():
    """An instant may be any finite number of ms; the first that is noted is that of 0 s; eras have both their ends."""
    assert (instant_ms(5), instant_ms(None, 7.0), instant_ms(None)) == (5.0, 7.0, T0)
    for wrong in (True, "1", np.inf):
        with pytest.raises(MockSessionError, match="a datetime, or ms since the Unix epoch"):
            instant_ms(wrong)
    one = recording()
    assert start_of(None, None, one) == T0
    one.annotate(time_origin_ms=T0 + 9)
    assert (start_of(None, recording(), one), start_of(T0 + 1, one)) == (T0 + 9, T0 + 1)
    check_era(EARLIEST_MS, LATEST_MS)
    for wrong in ((EARLIEST_MS - 1, T0), (T0, LATEST_MS + 1)):
        with pytest.raises(MockSessionError, match="times from 1990 to 2100"):
            check_era(*wrong)


@pytest.mark.parametrize(
    ("spans", "slack", "shifts"),
    [
        ([(0, 10, 0, 10), (10, 20, 10, 20)], 0.0, [0, 0]),
        ([(0, 10, 0, 9), (9.5, 20, 9.5, 20)], 0.5, [0, 0]),
        ([(0, 10, 0, 9), (9.4, 20, 9.4, 20)], 0.5, [0, 1000.6]),
        ([(0, 10, 0, 10.0009), (10, 20, 10, 20)], 0.0, [0, 0]),
        ([(0, 10, 0, 10.001), (10, 20, 10, 20)], 0.0, [0, 1000.001]),
        ([(0, 10, 0, 12), (5, 8, 3, 8), (5, 8, 5, 8)], 0.0, [0, 1009, 2012]),
        ([(5, 9, 5, 9)], 0.0, [0]),
    ],
)
def test_segments_one_after_another(spans, slack, shifts):
    """Segments in order stay; else each begins a second after whatever is last in the one before."""
    assert lay_out([Span(*one) for one in spans], slack) == pytest.approx(shifts, abs=1e-9)


def test_nothing_to_write(tmp_path):
    """One of both is needed."""
    with pytest.raises(MockSessionError, match="recording= or sorting=; found neither"):
        write_session(folder=tmp_path / "s")


def test_a_stream_that_is_read_lazily(tmp_path):
    """Counts of a lazy signal are those of its file, in uV by their gain and offset, of all channels or one."""
    samples = np.arange(-10, 10, dtype=np.int16).reshape(10, 2)
    folder = write_content(content([stream_of(samples, ids=("CSC1", "CSC2"))]), tmp_path / "s", False, False)
    block = MockSessionIO(folder).read_block(lazy=True)
    (part,) = gather_parts(block.segments, Leftovers())[0]
    assert (part.units, [*part.gains, *part.offsets]) == ("uV", pytest.approx([500.0, 500.0, 3000.0, 3000.0]))
    assert (part.dtype, part.rate, part.piece.n_samples) == (np.dtype("i2"), 1000.0, 10)
    np.testing.assert_array_equal(part.piece.read(2, 5), samples[2:5])
    for k in range(2):
        one = part.channel(k)
        np.testing.assert_array_equal(one.piece.read(0, 10), samples[:, k : k + 1])
        assert (one.gains.size, one.ids) == (1, (f"CSC{k + 1}",))
