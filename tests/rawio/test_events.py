"""Event channels: what each file becomes, parsed only when it is asked for."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.session import logs
from tests.handmade import T0, Handmade, frame


def channel(reader: MockSessionRawIO, name: str) -> int:
    return reader.header["event_channels"]["name"].tolist().index(name)


def read(reader: MockSessionRawIO, name: str, **limits: float) -> tuple[list, list | None, list]:
    start, duration, label = reader.get_event_timestamps(0, 0, channel(reader, name), **limits)
    assert label.dtype.kind == "U"
    return (start - T0).tolist(), None if duration is None else duration.tolist(), label.tolist()


def test_channels_and_types(handmade: Handmade) -> None:
    """Four channels from three files: events, and epochs where there is a duration."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.header["event_channels"].tolist() == [
            ("Events", "Events", b"event"),
            ("DAQ", "DAQ", b"epoch"),
            ("movie_frames", "movie_frames", b"event"),
            ("movie_pauses", "movie_pauses", b"epoch"),
        ]
        assert read(reader, "Events") == ([5.0, 105.0, 205.0], None, ["1", "2", "4"])
        assert read(reader, "DAQ") == ([10, 107], [4, 3], ["1", "2"])
        assert read(reader, "movie_frames") == (
            [90, 130, 170, 310, 350, 390],
            None,
            ["0.04", "0.08", "0.12", "0.16", "0.2", "0.24"],
        )
        assert read(reader, "movie_pauses") == ([170], [140], ["pause"])


def test_limits_are_inclusive_and_may_stand_alone(handmade: Handmade) -> None:
    """t_start and t_stop alone or together, both ends included, durations and labels with them."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        assert read(reader, "Events", t_start=0.105)[2] == ["2", "4"]
        assert read(reader, "Events", t_stop=0.105)[2] == ["1", "2"]
        assert read(reader, "DAQ", t_start=0.05, t_stop=0.2) == ([107], [3], ["2"])
        assert read(reader, "movie_pauses", t_start=1.0) == ([], [], [])


def test_rescaling(handmade: Handmade) -> None:
    """Times become seconds from the origin, durations seconds, in the dtype asked for."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        start, duration, _ = reader.get_event_timestamps(0, 0, channel(reader, "DAQ"))
        assert reader.rescale_event_timestamp(start, "float64", event_channel_index=1).tolist() == [0.01, 0.107]
        assert reader.rescale_epoch_duration(duration, dtype="float64", event_channel_index=1).tolist() == [
            0.004,
            0.003,
        ]


def test_epiphyte_daq_and_pauses(epiphyte: Path) -> None:
    """Inverted DAQ pairs have positive durations; the two pauses lie between their frames."""
    with MockSessionRawIO(epiphyte) as reader:
        start, duration, _ = reader.get_event_timestamps(0, 0, channel(reader, "DAQ"))
        rows = np.loadtxt(next(epiphyte.glob("daq_files/*.log")), skiprows=3, dtype=np.int64)
        np.testing.assert_array_equal(start, rows[:, 2:].min(axis=1))
        np.testing.assert_array_equal(duration, np.abs(rows[:, 3] - rows[:, 2]))
        assert (rows[:, 2] > rows[:, 3]).any()
        start, duration, _ = reader.get_event_timestamps(0, 0, channel(reader, "movie_pauses"))
        assert start.tolist() == [1656643323181, 1656643330237]
        assert duration.tolist() == [6096, 53669]


def test_parsed_on_first_use_and_once(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """parse_header() reads no log; frames, pauses and annotations share one parse."""
    handmade.all()
    calls = []
    parse = logs.parse_watchlog
    monkeypatch.setattr("mockrawio.rawio.events.parse_watchlog", lambda path: calls.append(path) or parse(path))
    with MockSessionRawIO(handmade.folder) as reader:
        reader.get_analogsignal_chunk()
        reader.get_spike_timestamps()
        assert not calls
        for _ in range(2):
            read(reader, "movie_frames")
            read(reader, "movie_pauses")
        assert len(calls) == 1


def test_a_malformed_log_spoils_only_its_channels(handmade: Handmade) -> None:
    """Signals and spikes of a session with a broken log are read; the log's own error names the line."""
    handmade.all()
    handmade.daq(["1\t2\t3"])
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.get_analogsignal_chunk().shape == (500, 1)
        assert read(reader, "Events")[2] == ["1", "2", "4"]
        with pytest.raises(MockSessionError, match="timedDAQ.*line 4"):
            reader.get_event_timestamps(0, 0, channel(reader, "DAQ"))


def test_labels_of_codes(handmade: Handmade) -> None:
    """Whole codes have no point, up to 1e16; others are as Python shows them."""
    codes = [0.5, -3.0, 6e15, 1e16 - 2, 1e16, 1.5e16, 1e300, -1e16, 0.0]
    handmade.events([[T0 + k, code] for k, code in enumerate(codes)])
    with MockSessionRawIO(handmade.folder) as reader:
        assert read(reader, "Events")[2] == [
            "0.5",
            "-3",
            "6000000000000000",
            "9999999999999998",
            "1e+16",
            "1.5e+16",
            "1e+300",
            "-1e+16",
            "0",
        ]


def test_channels_without_an_event(handmade: Handmade) -> None:
    """Empty files have no times, durations or labels."""
    handmade.events(np.empty((0, 2)))
    handmade.daq([])
    handmade.watchlog([])
    with MockSessionRawIO(handmade.folder) as reader:
        for name, durations in (("Events", None), ("DAQ", []), ("movie_frames", None), ("movie_pauses", [])):
            assert read(reader, name) == ([], durations, [])


def test_events_are_not_pickled(handmade: Handmade) -> None:
    """What was read of files is read again by a copy: a pickle is as small as before."""
    handmade.lfp(samples=np.zeros(9, np.int16), ts=T0 + np.r_[0:3, 10:13, 20:23])
    handmade.events([[T0 + k, k] for k in range(3000)])
    handmade.watchlog([frame(0.04 * k, T0 + 40 * k) for k in range(500)])
    with MockSessionRawIO(handmade.folder) as reader:
        size = len(pickle.dumps(reader))
        for name in ("Events", "movie_frames"):
            assert len(read(reader, name)[0]) > 0
        assert len(pickle.dumps(reader)) < size + 100
        copy = pickle.loads(pickle.dumps(reader))
        assert copy.event_count(0, 2, 0) == reader.event_count(0, 2, 0) == 2980


def test_an_event_at_a_cut_is_behind_it(handmade: Handmade) -> None:
    """Segments begin at their boundary, events of any channel at that instant with them; order stays the file's."""
    handmade.lfp(samples=np.zeros(9, np.int16), ts=T0 + np.r_[0:3, 10:13, 20:23])
    handmade.events([[T0 - 5.0, 1], [T0 + 9.75, 2], [T0 + 10.0, 3], [T0 + 19.0, 4], [T0 + 20.0, 5], [T0 + 99.0, 6]])
    handmade.daq([f"7\t0\t{T0 + 10}\t{T0 + 25}", f"8\t1\t{T0 + 9}\t{T0 + 30}", f"9\t2\t{T0 + 12}\t{T0 + 11}"])
    with MockSessionRawIO(handmade.folder) as reader:
        assert [reader.get_event_timestamps(0, k, 0)[2].tolist() for k in range(3)] == [
            ["1", "2"],
            ["3", "4"],
            ["5", "6"],
        ]
        assert [reader.get_event_timestamps(0, k, 1)[2].tolist() for k in range(3)] == [["8"], ["7", "9"], []]
        assert [reader.event_count(0, k, 1) for k in range(3)] == [1, 2, 0]


def test_pauses_at_the_edges(handmade: Handmade) -> None:
    """A pause before the first frame or after the last has a place and no length."""
    pause = ["Pausing", "Continuing\tafter\tpause"]
    handmade.watchlog([*pause, frame(0.04, T0 + 40), *pause])
    with MockSessionRawIO(handmade.folder) as reader:
        start, duration, _ = reader.get_event_timestamps(0, 0, channel(reader, "movie_pauses"))
        assert (start.tolist(), duration.tolist()) == ([T0 + 40] * 2, [0, 0])


def label_folder(folder: Path, rows: list[list[float]]) -> Path:
    folder.mkdir()
    np.save(folder / "1_alice_p1_20240131_character.npy", np.array(rows, dtype=np.float64))
    return folder


def annotate(handmade: Handmade, rows: list[list[float]], lines: list[str], tmp_path: Path) -> tuple:
    handmade.watchlog(lines)
    labels = label_folder(tmp_path / "labels", rows)
    with MockSessionRawIO(handmade.folder, labels_dir=labels) as reader:
        assert reader.header["event_channels"]["type"][-1] == b"epoch"
        return read(reader, "1_alice_p1_20240131_character")


def test_annotations_on_the_session_clock(handmade: Handmade, tmp_path: Path) -> None:
    """Movie times become session times by the watchlog's frames, between two frames by interpolation."""
    lines = [frame(k * 1.0, T0 + 1000 + 1025 * k) for k in range(11)]
    rows = [[0, 1, 0], [0, 2, 5.5], [2, 5.5, 10]]
    start, duration, label = annotate(handmade, rows, lines, tmp_path)
    assert label == ["0", "1", "0"]
    assert start == [1000, 3050, 6637.5]
    assert duration == [2050, 3587.5, 4612.5]


def test_annotations_of_a_movie_that_was_not_shown(handmade: Handmade, tmp_path: Path) -> None:
    """Of a watchlog without a frame nothing of an annotation was seen."""
    found = annotate(handmade, [[1, 0], [0, 1], [1, 2]], [], tmp_path)
    assert [len(part) for part in found] == [0, 0, 0]


def test_pauses_of_a_movie_that_was_not_shown(handmade: Handmade) -> None:
    """A pause without a frame before or after it is at no time, and there is none."""
    handmade.watchlog(["Pausing", "Continuing\tafter\tpause"])
    with MockSessionRawIO(handmade.folder) as reader:
        assert read(reader, "movie_pauses") == ([], [], [])
        assert read(reader, "movie_frames") == ([], None, [])


@pytest.mark.parametrize("length", [64, 65])
def test_names_of_annotations(length: int, handmade: Handmade, tmp_path: Path) -> None:
    """An annotation's name is that of its channel, of 64 characters at most."""
    handmade.watchlog()
    labels = label_folder(tmp_path / "labels", [[1], [0.04], [0.08]])
    name = "1_alice_p1_20240131_character".replace("alice", "a" * (length - 24))
    (labels / "1_alice_p1_20240131_character.npy").rename(labels / f"{name}.npy")
    reader = MockSessionRawIO(handmade.folder, labels_dir=labels)
    if length == 64:
        reader.parse_header()
        assert len(name) == 64 and reader.header["event_channels"]["id"][-1] == name
    else:
        with pytest.raises(MockSessionError, match="a name of at most 64 printable characters; found 65: '1_aaa"):
            reader.parse_header()


def test_annotations_across_a_pause(handmade: Handmade, tmp_path: Path) -> None:
    """A pause within an epoch lengthens it: what was on the screen stayed there."""
    lines = [frame(k * 1.0, T0 + 1000 * k) for k in range(5)]
    lines += ["Pausing", "Continuing\tafter\tpause"]
    lines += [frame(k * 1.0, T0 + 1000 * k + 7000) for k in range(5, 9)]
    start, duration, _ = annotate(handmade, [[1], [2], [6]], lines, tmp_path)
    assert (start, duration) == ([2000], [11000])


def test_annotations_across_skips(handmade: Handmade, tmp_path: Path) -> None:
    """What a skip left out is not there; what was shown twice is there twice, each at its time."""
    lines = [frame(k * 1.0, T0 + 1000 * k) for k in range(4)]  # 0 to 3 s of the movie
    lines += [frame(k * 1.0, T0 + 1000 * (k - 96)) for k in range(100, 104)]  # 100 to 103 s
    lines += [frame(k * 1.0, T0 + 1000 * (k + 8)) for k in range(4)]  # 0 to 3 s again
    rows = [[1, 0, 1], [1, 50, 101], [2, 60, 102]]
    start, duration, label = annotate(handmade, rows, lines, tmp_path)
    assert label == ["1", "1", "1"]
    assert start == [1000, 5000, 9000]
    assert duration == [1000, 1000, 1000]


@pytest.mark.parametrize(
    ("pts", "row", "starts", "durations"),
    [
        ([0, 1, 2.01, 3.01], [0.5, 2.51], [500, 2000], [500, 500]),  # more than a second is left out
        ([0, 1, 2, 3], [0.5, 2.5], [500], [2000]),
        ([0, 1, 1, 2], [0.5, 1.5], [500], [2000]),  # the same frame twice is no skip
        ([0, 1, 0.5, 1.5], [0.6, 0.9], [600, 2100], [300, 300]),
        ([0, 1, 0.99, 1.99], [0.99, 1.5], [990, 2000], [10, 510]),
    ],
)
def test_what_a_skip_is(
    pts: list[float], row: list[float], starts: list[float], durations: list[float], handmade: Handmade, tmp_path: Path
) -> None:
    """Movie time that goes on by more than a second, or back, is one; frames are shown a second apart."""
    lines = [frame(p, T0 + 1000 * k) for k, p in enumerate(pts)]
    found = annotate(handmade, [[1], [row[0]], [row[1]]], lines, tmp_path)
    assert found[0] == pytest.approx(starts, abs=0.01) and found[1] == pytest.approx(durations, abs=0.01)


def test_annotations_need_a_watchlog(handmade: Handmade, tmp_path: Path) -> None:
    """Without one there is no way to place them, and that is said at once."""
    handmade.lfp()
    labels = label_folder(tmp_path / "labels", [[1], [0], [1]])
    with pytest.raises(MockSessionError, match="expected a watchlog"):
        MockSessionRawIO(handmade.folder, labels_dir=labels).parse_header()


@pytest.mark.parametrize("index", [-1, 4])
def test_channels_that_are_not_there(index: int, handmade: Handmade) -> None:
    """An index outside the header is an error that says what there is."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        for method in (reader.event_count, reader.get_event_timestamps):
            with pytest.raises(MockSessionError, match="event_channel_index in 0 to 3"):
                method(0, 0, index)


def test_origin_without_signals(handmade: Handmade) -> None:
    """Without signals time 0 is session_info's clock; without that, the earliest stamp."""
    handmade.events()
    handmade.unit(times=T0 + np.array([3.0]))
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.time_origin_ms == T0 + 3.0
    handmade.info()
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.time_origin_ms == T0 // 1000 * 1000
        assert reader.segment_t_stop(0, 0) == pytest.approx(1.017)


def test_events_out_of_order(handmade: Handmade) -> None:
    """Stamps that descend are an error at first use, and at once with strict=True."""
    handmade.lfp()
    handmade.events([[T0 + 50, 1], [T0 + 5, 2]])
    with MockSessionRawIO(handmade.folder) as reader, pytest.raises(MockSessionError, match=r"Events\.npy.*at index 1"):
        reader.get_event_timestamps()
    with pytest.raises(MockSessionError, match=r"Events\.npy"):
        MockSessionRawIO(handmade.folder, strict=True).parse_header()


def test_a_clock_that_runs_backwards(handmade: Handmade) -> None:
    """No pause is ever of negative length: a watchlog whose clock goes back is an error."""
    handmade.lfp()
    handmade.watchlog([frame(0.04, T0 + 90), "Pausing", "Continuing\tafter\tpause", frame(0.08, T0)])
    with MockSessionRawIO(handmade.folder) as reader, pytest.raises(MockSessionError, match="watchlog.*at index 1"):
        reader.get_event_timestamps(0, 0, channel(reader, "movie_pauses"))


def test_many_segments(handmade: Handmade) -> None:
    """Events of any number of segments are shared out once, each to its own."""
    handmade.lfp(samples=np.zeros(50, np.int16), ts=T0 + 10 * np.arange(50), sampling_rate=1000.0)
    rows = [[T0 + 4.0 * k, 1] for k in range(120)]
    handmade.events(rows)
    with MockSessionRawIO(handmade.folder) as reader:
        found = [reader.get_event_timestamps(seg_index=k)[0] - T0 for k in range(50)]
    np.testing.assert_array_equal(np.concatenate(found), [4.0 * k for k in range(120)])
    assert all(((f >= 10 * k) & (f < 10 * k + 10)).all() for k, f in enumerate(found[:-1]))


def test_limits_that_are_turned_round(handmade: Handmade) -> None:
    """A start after the stop is an error for spikes, waveforms and events; one at the stop is an instant."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        for read in (reader.get_spike_timestamps, reader.get_spike_raw_waveforms, reader.get_event_timestamps):
            with pytest.raises(BoundsError, match=r"t_stop: .* from t_start on, 2 s; found 1 s\. Swap"):
                read(t_start=2, t_stop=1)
        assert reader.get_spike_timestamps(t_start=0.01, t_stop=0.01).size == 1


def test_a_segment_is_as_long_as_its_samples(handmade: Handmade) -> None:
    """Events before and after the samples are the segment's, and do not make it longer; alone they do."""
    handmade.lfp()
    handmade.events([[T0 - 2000.0, 1], [T0 + 700.0, 2]])
    with MockSessionRawIO(handmade.folder) as reader:
        assert (reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 0.5)
        assert reader.event_count(0, 0, 0) == 2
    with MockSessionRawIO(handmade.folder, exclude="lfp_data") as reader:
        assert reader.segment_t_stop(0, 0) - reader.segment_t_start(0, 0) == pytest.approx(2.7)


def test_events_in_us(handmade: Handmade) -> None:
    """Stamps that can only be µs are so, aloud, and come out in ms, whole or not."""
    handmade.lfp()
    handmade.events([[(T0 + 5.0) * 1000, 1], [(T0 + 105.25) * 1000, 2]])
    with MockSessionRawIO(handmade.folder) as reader:
        with pytest.warns(UserWarning, match="taken as µs"):
            assert read(reader, "Events") == ([5.0, 105.25], None, ["1", "2"])
        start, _, _ = reader.get_event_timestamps(0, 0, channel(reader, "Events"))
        assert reader.rescale_event_timestamp(start, "float64").tolist() == [0.005, 0.10525]


@pytest.mark.parametrize("row", [[np.nan, 1], [T0, np.nan], [T0 + 3, np.inf], [-np.inf, 1]])
@pytest.mark.parametrize("at", [0, 2, 4])
def test_events_that_are_none(row: list[float], at: int, handmade: Handmade) -> None:
    """A time or a code that is not finite spoils the events, and their row is named."""
    rows = [[T0 + k, k] for k in range(5)]
    rows[at] = row
    handmade.lfp()
    handmade.events(rows)
    with (
        MockSessionRawIO(handmade.folder) as reader,
        pytest.raises(MockSessionError, match=f"Events.npy: expected finite times and codes; found .* in row {at}"),
    ):
        reader.get_event_timestamps()


def test_annotations_that_are_instants(handmade: Handmade, tmp_path: Path) -> None:
    """A row of no length has its place once, at the first and the last frame too, and none beyond them."""
    lines = [frame(k * 1.0, T0 + 1000 * k) for k in range(1, 6)]
    rows = [[1, 1, 1, 1, 1], [0.5, 1, 2.5, 5, 5.5], [0.5, 1, 2.5, 5, 5.5]]
    start, duration, label = annotate(handmade, rows, lines, tmp_path)
    assert (start, duration, label) == ([1000, 2500, 5000], [0, 0, 0], ["1"] * 3)


def test_annotations_that_touch_a_skip(handmade: Handmade, tmp_path: Path) -> None:
    """What only touches the edge of what was shown in one go is not there; an instant is, each time it was shown."""
    lines = [frame(k * 1.0, T0 + 1000 * k) for k in range(4)]  # 0 to 3 s of the movie
    lines += [frame(k * 1.0, T0 + 1000 * (k + 10)) for k in (100, 101)]
    lines += [frame(k * 1.0, T0 + 1000 * (k + 200)) for k in range(3, 6)]  # from 3 s on again
    for row, starts, durations in (
        ([3, 5], [203_000], [2000]),
        ([1, 3], [1000], [2000]),
        ([3, 3], [3000, 203_000], [0, 0]),
        ([2, 4], [2000, 203_000], [1000, 1000]),
        ([101, 103], [], []),
        ([99, 102], [110_000], [1000]),
        ([99, 100], [], []),
    ):
        rows = [[1], [row[0]], [row[1]]]
        place = tmp_path / f"{row}"
        place.mkdir()
        assert annotate(handmade, rows, lines, place)[:2] == (starts, durations)


def test_one_frame_shows_what_it_touches(handmade: Handmade, tmp_path: Path) -> None:
    """Of a movie of one frame a row that begins, ends or is there at its time has an instant."""
    rows = [[1, 1, 1, 1], [0, 1, 2, 0.5], [0.5, 2, 3, 1]]
    start, duration, _ = annotate(handmade, rows, [frame(1.0, T0 + 1000)], tmp_path)
    assert (start, duration) == ([1000] * len(start), [0] * len(start))
    assert len(start) == 2


@pytest.mark.parametrize(
    "row", [[np.nan, 1, 2], [1, np.nan, 2], [1, 1, np.nan], [1, -np.inf, 2], [1, 1, np.inf], [1, 2, 1]]
)
def test_annotations_that_are_none(row: list[float], handmade: Handmade, tmp_path: Path) -> None:
    """A value, a start or a stop that is not finite, or a start after its stop, spoils the annotation, by its name."""
    rows = np.array([[1, 0, 1], row]).T.tolist()
    with pytest.raises(MockSessionError, match="1_alice_p1_20240131_character.npy.*starts before stops"):
        annotate(handmade, rows, [frame(k * 1.0, T0 + 1000 * k) for k in range(4)], tmp_path)


def test_a_segment_of_epochs_is_as_long_as_the_last(handmade: Handmade) -> None:
    """Where there are only epochs, time begins with the first and ends where the last one does, of any channel."""
    handmade.daq([f"1\t0\t{T0 + 10}\t{T0 + 90}", f"2\t1\t{T0 + 20}\t{T0 + 27}", f"4\t2\t{T0 + 60}\t{T0 + 110}"])
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.time_origin_ms == T0 + 10
        assert (reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 0.1)
