"""Damaged folders: a clear error or the right data with a warning, never a wrong value."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO, NotASessionError
from mockrawio.testing import assert_rawio_compliant
from tests.handmade import T0, Handmade, save_dict


def read_all(folder: Path) -> MockSessionRawIO:
    """Open a folder and read everything in it."""
    with MockSessionRawIO(folder) as reader:
        assert_rawio_compliant(reader)
        return reader


FILES = [
    "session_info.npy",
    "ChannelNames.txt",
    "lfp_data/CSC1_lfp.npy",
    "spiking_data/CSC1_SU1.npy",
    "event_file/Events.npy",
    "daq_files/timedDAQ-log-2022-07-01_02-41-18.log",
    "watchlogs/ffplay-watchlog-2022-07-01_02-41-18.log",
]


@pytest.mark.parametrize("name", FILES)
def test_missing_file(name: str, handmade: Handmade) -> None:
    """A folder may lack any file: what is there is read."""
    (handmade.all() / name).unlink()
    read_all(handmade.folder)


@pytest.mark.parametrize("name", [f for f in FILES if f != "ChannelNames.txt"])
def test_empty_file(name: str, handmade: Handmade) -> None:
    """An empty file has nothing to lose: it is left out aloud; a strict reader refuses it by name."""
    (handmade.all() / name).write_bytes(b"")
    with pytest.warns(UserWarning, match=f"{Path(name).name}: is empty, and ignored"):
        read_all(handmade.folder)
    with pytest.raises(MockSessionError, match=f"{Path(name).name}: expected .*; found .*empty|movie"):
        MockSessionRawIO(handmade.folder, strict=True).parse_header()


def test_an_empty_stream(handmade: Handmade) -> None:
    """So is an empty array of a stream; the others are read, and it is none of theirs."""
    (handmade.all() / "raw_data").mkdir(exist_ok=True)
    handmade.stream("broadband").write_bytes(b"")
    handmade.stream("other")
    with pytest.warns(UserWarning, match="broadband.npy: is (an )?empty"):
        read_all(handmade.folder)
    with pytest.warns(UserWarning), MockSessionRawIO(handmade.folder) as reader:
        assert reader.header["signal_streams"]["name"].tolist() == ["lfp", "other"]
        for part in ("signals", "spikes", "events"):
            segment = reader.raw_annotations["blocks"][0]["segments"][0]
            assert {(one["patient_id"], one["session_nr"]) for one in (segment, *segment[part])} == {(4, 2)}


@pytest.mark.parametrize("name", [f for f in FILES if f.endswith(".npy")])
def test_truncated_array_file(name: str, handmade: Handmade) -> None:
    """A cut file is an error that names it, wherever the cut is."""
    path = handmade.all() / name
    whole = path.read_bytes()
    for length in (5, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(MockSessionError, match=path.name):
            read_all(handmade.folder)


def test_truncated_log(handmade: Handmade) -> None:
    """A log cut in a line names that line."""
    path = handmade.all() / FILES[5]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(MockSessionError, match="line 5"):
        read_all(handmade.folder)


@pytest.mark.parametrize("name", FILES)
def test_folder_in_a_files_place(name: str, handmade: Handmade) -> None:
    """What cannot be read at all is an error that names it."""
    path = handmade.all() / name
    path.unlink()
    path.mkdir()
    with pytest.raises(MockSessionError, match=f"{path.name}: expected a readable file"):
        read_all(handmade.folder)


N = np.arange(3)
BAD_ARRAYS: dict[str, tuple[str, Callable[[], dict[str, object]]]] = {
    "ts and samples differ": (
        "as many 'ts' as 'samples'; found 3 and 4",
        lambda: {"ts": T0 + N, "samples": np.arange(4)},
    ),
    "ts float32": ("'ts' as int64 or float64", lambda: {"ts": (T0 + N).astype("f4"), "samples": N}),
    "ts int32": ("'ts' as int64 or float64", lambda: {"ts": N.astype("i4"), "samples": N}),
    "ts backwards": ("ascend", lambda: {"ts": T0 - N, "samples": N}),
    "ts NaN": ("finite", lambda: {"ts": np.array([T0, np.nan, np.nan]), "samples": N}),
    "ts stands still": ("fit|ascend|apart", lambda: {"ts": np.full(3, T0), "samples": N}),
    "samples 2-D": ("1-dimensional", lambda: {"ts": T0 + N, "samples": np.zeros((3, 1))}),
    "samples complex": ("real numbers", lambda: {"ts": T0 + N, "samples": N * 1j}),
    "samples text": ("real numbers", lambda: {"ts": T0 + N, "samples": N.astype("U")}),
    "samples objects": ("an array 'samples'", lambda: {"ts": T0 + N, "samples": N.astype(object)}),
    "samples a list": ("an array 'samples'", lambda: {"ts": T0 + N, "samples": [1, 2, 3]}),
    "samples NaN": ("found nan at index 1", lambda: {"ts": T0 + N, "samples": np.array([0, np.nan, 1])}),
    "samples inf": ("found -inf at index 2", lambda: {"ts": T0 + N, "samples": np.array([0, 1, -np.inf])}),
    "no samples": ("an array 'samples'; found only 'ts'", lambda: {"ts": T0 + N}),
    "no ts": ("an array 'ts'; found only 'samples'", lambda: {"samples": N}),
    "gain 0": ("'gain' as a finite number other than 0", lambda: {"ts": T0 + N, "samples": N, "gain": 0.0}),
    "gain NaN": ("'gain'", lambda: {"ts": T0 + N, "samples": N, "gain": float("nan")}),
    "gain text": ("'gain'", lambda: {"ts": T0 + N, "samples": N, "gain": "one"}),
    "rate 0": ("'sampling_rate'", lambda: {"ts": T0 + N, "samples": N, "sampling_rate": 0}),
    "units a number": ("'units' as text", lambda: {"ts": T0 + N, "samples": N, "units": 5}),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_lfp(name: str, handmade: Handmade) -> None:
    """Wrong dtype, shape, length or value: the error names file, expected and found."""
    match, values = BAD_ARRAYS[name]
    handmade.all()
    save_dict(handmade.folder / FILES[2], values())
    with pytest.raises(MockSessionError, match=rf"CSC1_lfp\.npy: expected .*{match}"):
        read_all(handmade.folder)


BAD_UNITS: dict[str, tuple[str, dict[str, object]]] = {
    "lengths differ": (
        "as many 'spike_times' as 'spike_amps'",
        {"spike_times": T0 + N * 1.0, "spike_amps": np.zeros((4, 64))},
    ),
    "amps 1-D": ("2-dimensional", {"spike_times": T0 + N * 1.0, "spike_amps": np.zeros(3)}),
    "times 2-D": ("1-dimensional", {"spike_times": np.zeros((3, 1)), "spike_amps": np.zeros((3, 64))}),
    "no times": ("an array 'spike_times'", {"spike_amps": np.zeros((3, 64))}),
    "times NaN": ("finite", {"spike_times": np.array([np.nan, T0]), "spike_amps": np.zeros((2, 64))}),
    "times NaN inside": ("index 1", {"spike_times": np.array([T0, np.nan, T0]), "spike_amps": np.zeros((3, 64))}),
    "times backwards": ("ascend", {"spike_times": T0 - N * 1.0, "spike_amps": np.zeros((3, 64))}),
    "amps NaN": (
        "'spike_amps'; found nan at index 0, 1",
        {"spike_times": T0 + N * 1.0, "spike_amps": np.full((3, 64), np.nan) * (np.arange(64) == 1)},
    ),
}
BAD_UNITS["amps NaN"][1]["spike_amps"] = np.where(np.arange(192).reshape(3, 64) == 1, np.nan, 0.0)


@pytest.mark.parametrize("name", BAD_UNITS)
def test_bad_unit(name: str, handmade: Handmade) -> None:
    """The same for units."""
    match, values = BAD_UNITS[name]
    handmade.all()
    save_dict(handmade.folder / FILES[3], values)
    with pytest.raises(MockSessionError, match=rf"CSC1_SU1\.npy: expected .*{match}"):
        read_all(handmade.folder)


BAD_EVENTS = [
    np.zeros((3, 3)),
    np.zeros(6),
    np.zeros((3, 2), np.float32),
    np.zeros((3, 2), complex),
    np.array([[T0, 1], [np.nan, 2]]),
    np.array([[T0, np.inf]]),
]


@pytest.mark.parametrize("rows", BAD_EVENTS, ids=lambda r: f"{r.dtype}{r.shape}")
def test_bad_events(rows: np.ndarray, handmade: Handmade) -> None:
    """Events of another dtype, shape, or without a time are an error that names the file."""
    np.save(handmade.all() / FILES[4], rows)
    with pytest.raises(MockSessionError, match=r"Events\.npy: expected"):
        read_all(handmade.folder)


def test_events_as_objects_are_not_unpickled(handmade: Handmade) -> None:
    """An Events.npy that is a pickle is refused."""
    np.save(handmade.all() / FILES[4], np.array([[T0, 1]], dtype=object))
    with pytest.raises(MockSessionError, match="an array of numbers"):
        read_all(handmade.folder)


@pytest.mark.parametrize(
    "values",
    [{"patient_id": "4"}, {"session_nr": None}, {"date": "2022/07/01"}, {"time": "25-00-00"}, {"date": "2022-07-01 "}],
    ids=str,
)
def test_bad_session_info(values: dict[str, object], handmade: Handmade) -> None:
    """Ids that are no ints and dates that are no dates are errors."""
    handmade.all()
    content = {"patient_id": 4, "session_nr": 2, "date": "2022-07-01", "time": "02-41-18", **values}
    save_dict(handmade.folder / FILES[0], content)
    with pytest.raises(MockSessionError, match=r"session_info\.npy: expected"):
        read_all(handmade.folder)


def test_channel_names_too_short(handmade: Handmade) -> None:
    """A channel beyond the list is called by its id, aloud; the others by their names."""
    handmade.all()
    handmade.lfp(9)
    with pytest.warns(UserWarning, match="8 lines, none for CSC9"):
        reader = read_all(handmade.folder)
    assert reader.header["signal_channels"]["name"].tolist() == ["LA1", "CSC9"]


@pytest.mark.parametrize("text", ["LA1.ncs\r\nLA2.ncs\r\n", "\ufeffLA1.ncs\nLA2.ncs", "LA1\nLA2\n\n"])
def test_channel_names_of_other_editors(text: str, handmade: Handmade) -> None:
    """CRLF, a byte order mark, no .ncs and blank lines at the end change nothing."""
    (handmade.all() / FILES[1]).write_bytes(text.encode())
    handmade.lfp(2)
    assert read_all(handmade.folder).header["signal_channels"]["name"].tolist() == ["LA1", "LA2"]


@pytest.mark.parametrize(
    ("text", "match"),
    [(b"LA1\nL\0A2\n", "line 2"), ("\ufeffLA1\n".encode("utf-16-le"), "line 1"), (b"L" * 65, "64 char")],
)
def test_bad_channel_names(text: bytes, match: str, handmade: Handmade) -> None:
    """What a terminal cannot show and text of two bytes a character are no names, a long one would be cut: errors."""
    (handmade.all() / FILES[1]).write_bytes(text)
    with pytest.raises(MockSessionError, match=match):
        read_all(handmade.folder)


def test_lfp_without_samples_is_left_out_aloud(handmade: Handmade) -> None:
    """A channel of no samples has nothing to lose."""
    handmade.all()
    handmade.lfp(2, samples=np.empty(0, np.int16), ts=np.empty(0, np.int64))
    with pytest.warns(UserWarning, match="has no samples"):
        reader = read_all(handmade.folder)
    assert reader.header["signal_channels"]["id"].tolist() == ["CSC1"]


BAD_STREAMS = {
    "no json": None,
    "not json": "{",
    "a list": "[]",
    "no rate": {"sampling_rate": None},
    "gains too few": {"gain": [1.0]},
    "gain 0": {"gain": 0.0},
    "offset text": {"offset": "x"},
    "ids twice": {"channels": {"ids": ["a", "a", "b"], "names": ["a", "b", "c"]}},
    "no names": {"channels": {"ids": ["a", "b", "c"]}},
    "segments short": {"segments": [{"t_start_ms": T0, "n_samples": 10}]},
    "segments overlap": {"segments": [{"t_start_ms": T0, "n_samples": 800}, {"t_start_ms": T0 + 1, "n_samples": 800}]},
    "segments in 1970": {"segments": [{"t_start_ms": 0, "n_samples": 1600}]},
    "no segments": {"segments": {}},
    "locations no list": {"locations": {}},
    "locations too few": {"locations": [[0.0, 1.0]]},
    "locations uneven": {"locations": [[0.0, 1.0], [0.0, 1.0, 2.0], [0.0, 3.0]]},
    "locations of 1": {"locations": [[0.0], [1.0], [2.0]]},
    "locations text": {"locations": [[0.0, "1"], [0.0, 2.0], [0.0, 3.0]]},
    "locations NaN": {"locations": [[0.0, float("nan")], [0.0, 2.0], [0.0, 3.0]]},
}


@pytest.mark.parametrize("name", BAD_STREAMS)
def test_bad_stream(name: str, handmade: Handmade) -> None:
    """A stream whose description is missing, broken or does not fit is an error that names it."""
    handmade.all()
    change = BAD_STREAMS[name]
    path = handmade.stream(**(change if isinstance(change, dict) else {})).with_suffix(".json")
    if change is None:
        path.unlink()
    elif isinstance(change, str):
        path.write_text(change)
    with pytest.raises(MockSessionError, match=r"broadband\.(json|npy): expected"):
        read_all(handmade.folder)


def test_stream_of_another_dtype(handmade: Handmade) -> None:
    """A float stream is not what the format says."""
    handmade.stream(samples=np.zeros((10, 3)))
    with pytest.raises(MockSessionError, match=r"broadband\.npy: expected int16"):
        read_all(handmade.folder)


def test_not_a_session_in_init(tmp_path: Path) -> None:
    """A folder that is not ours is refused before parse_header(), so that Neo asks others."""
    (tmp_path / "spike_times.npy").touch()
    with pytest.raises(NotASessionError):
        MockSessionRawIO(dirname=tmp_path)
    with pytest.raises(MockSessionError, match="raw_dtype"):
        MockSessionRawIO(dirname=tmp_path, raw_dtype="float32")


def test_read_only_folder_with_spaces_and_unicode(tmp_path: Path) -> None:
    """Nothing is written below the folder, and its name may be any."""
    handmade = Handmade(tmp_path / "Ünïcode folder µV" / "session 1 é")
    handmade.all()
    before = sorted(handmade.folder.rglob("*"))
    for path in [*before, handmade.folder]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    read_all(handmade.folder)
    assert sorted(handmade.folder.rglob("*")) == before
    for path in [handmade.folder, *before]:
        path.chmod(0o755)


@pytest.mark.parametrize("key", ["gain", "offset", "sampling_rate"])
def test_numbers_beyond_float64(key: str, handmade: Handmade) -> None:
    """A whole number that float64 cannot hold is an error like any other."""
    handmade.lfp(**{key: 10**400})
    with pytest.raises(MockSessionError, match="as a finite number"):
        read_all(handmade.folder)


@pytest.mark.parametrize("value", [10**20, 19.7, -1])
def test_left_sweeps_that_are_none(value: float, handmade: Handmade) -> None:
    """left_sweep counts samples."""
    handmade.unit(left_sweep=value)
    with pytest.raises(MockSessionError, match="'left_sweep' as a whole number"):
        read_all(handmade.folder)


def test_stream_json_beyond_float64(handmade: Handmade) -> None:
    """The same in a stream's description."""
    handmade.stream(gain=[10**400, 1, 1])
    with pytest.raises(MockSessionError, match=r"broadband\.json: expected 'gain'"):
        read_all(handmade.folder)


def test_upper_case_suffixes_and_numpy_text(handmade: Handmade) -> None:
    """LA1.NCS is LA1, and a date that is a NumPy string is a date."""
    handmade.lfp()
    (handmade.folder / "ChannelNames.txt").write_text("LA1.NCS\n")
    handmade.info(date=np.str_("2022-07-01"))
    reader = read_all(handmade.folder)
    assert reader.header["signal_channels"]["name"].tolist() == ["LA1"]
    assert reader.raw_annotations["blocks"][0]["rec_datetime"].year == 2022
