"""The two logs are parsed by columns; a line that does not fit is named."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio.ground.errors import BadFileError
from mockrawio.session.logs import DaqLog, Watchlog, format_daq_log, format_watchlog, parse_daq_log, parse_watchlog
from tests.handmade import T0, Handmade, frame


def slow_watchlog(text: str) -> tuple[list[str], list[int], list[int]]:
    """The obvious way: line by line."""
    labels, clock, pauses = [], [], []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if fields[:1] == ["pts"]:
            labels.append(fields[1])
            clock.append(int(fields[3]))
        elif fields[:1] == ["Pausing"]:
            pauses.append(len(labels))
    return labels, clock, pauses


def test_epiphyte_logs_survive_a_round_trip(epiphyte: Path) -> None:
    """Both logs of a folder we did not write parse to columns that format to the same bytes."""
    (daq,), (watch,) = epiphyte.glob("daq_files/*.log"), epiphyte.glob("watchlogs/*.log")
    assert parse_daq_log(str(daq)).pre.dtype == parse_daq_log(str(daq)).post.dtype == np.int64
    assert format_daq_log(parse_daq_log(str(daq))) == daq.read_bytes()
    log = parse_watchlog(str(watch))
    assert format_watchlog(log) == watch.read_bytes()
    labels, clock, pauses = slow_watchlog(watch.read_text())
    assert (log.labels.tolist(), log.clock.tolist(), log.pauses.tolist()) == (labels, clock, pauses)
    assert log.pts.tolist() == [float(label) for label in labels]
    assert log.movie == "movie_stimulus.avi"


def test_fractions_of_a_ms_are_written(handmade: Handmade) -> None:
    """Logs whose stamps have fractions format to the same bytes; a column of whole float64 has no points."""
    daq = handmade.daq([f"1\t0\t{T0 + 0.5}\t{T0 + 4}", f"2\t1\t{T0 + 9.25}\t{T0 + 6}"])
    log = parse_daq_log(str(daq))
    for post in (log.post, log.post.astype(np.float64)):
        assert format_daq_log(replace(log, post=post)) == daq.read_bytes()
    watch = handmade.watchlog(
        [frame(0.04, T0 + 0.125), "Pausing", "Continuing\tafter\tpause", frame(0.08, T0 + 1000.5)]
    )
    assert format_watchlog(parse_watchlog(str(watch))) == watch.read_bytes()


@pytest.mark.parametrize(
    ("clock", "written"),
    [
        ([0, 7, -12, 1000], ["0", "7", "-12", "1000"]),
        ([-1, 10], ["-1", "10"]),
        ([0.5, -10.25, 3.0], ["0.5", "-10.25", "3.0"]),
        ([9.0, 99.0], ["9", "99"]),
        ([T0], [str(T0)]),
    ],
)
def test_stamps_of_any_length_are_written(clock: list[float], written: list[str]) -> None:
    """Digits of whole numbers stand without zeros before them; where one has a fraction all have a point."""
    labels = np.array([f"{k}.5" for k in range(len(clock))])
    log = Watchlog("m", labels, labels.astype(float), np.array(clock), np.array([0, len(clock)]))
    frames = "".join(f"pts\t{label}\ttime\t{text}\n" for label, text in zip(labels, written, strict=True))
    pause = "Pausing\nContinuing\tafter\tpause\n"
    assert format_watchlog(log).decode() == f"m\n{pause}{frames}{pause}"


def test_a_daq_log_as_it_is_written() -> None:
    """Three lines of head, then a line a pulse; a column of stamps has points if one of it needs one."""
    whole = np.array([5, 70])
    log = DaqLog(np.array([4, -1]), np.array([0, 1]), whole.astype(float), whole + 0.5)
    head = "Initial signature: 255\t255\n255\t255\t\ndata\tStamp\tpre\tpost\n"
    assert format_daq_log(log).decode() == f"{head}4\t0\t5\t5.5\n-1\t1\t70\t70.5\n"


def test_a_head_without_a_line_end(handmade: Handmade) -> None:
    """A DAQ log of its head alone has no rows, with a line end or without; two lines of it are none."""
    path = handmade.daq()
    head = b"Initial signature: 255\t255\n255\t255\t\ndata\tStamp\tpre\tpost"
    for content in (head, head + b"\n"):
        path.write_bytes(content)
        log = parse_daq_log(str(path))
        assert [len(column) for column in (log.codes, log.index, log.pre, log.post)] == [0] * 4
    path.write_bytes(head.rpartition(b"\n")[0])
    with pytest.raises(BadFileError, match=f"found {re.escape(repr(head[:-20]))}"):
        parse_daq_log(str(path))
    path.write_bytes(b"x" * 70)
    with pytest.raises(BadFileError, match=f"found b'{'x' * 60}'"):
        parse_daq_log(str(path))
    path.write_bytes(b"")
    with pytest.raises(BadFileError, match="found an empty file"):
        parse_daq_log(str(path))


@pytest.mark.parametrize("line", [1, 2, 4, 5])
@pytest.mark.parametrize("byte", [0, 8, 11, 31, 127])
def test_control_characters_are_named_by_their_line(line: int, byte: int, handmade: Handmade) -> None:
    """Anything but tabs and line ends below a space is refused, by the first line that has it."""
    path = handmade.daq()
    lines = path.read_bytes().split(b"\n")
    for k in {line, 5}:
        lines[k - 1] = lines[k - 1] + bytes([byte])
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(BadFileError, match=f"without control characters; found line {line}: "):
        parse_daq_log(str(path))


def test_columns_of_a_daq_log(handmade: Handmade) -> None:
    """Each column is its own; where one stamp has a fraction its column is of floats, and the other one is not."""
    log = parse_daq_log(str(handmade.daq([f"7\t3\t{T0 + 1}\t{T0 + 2.5}", f"-8\t4\t{T0 + 5}\t{T0 + 4}"])))
    assert (log.codes.tolist(), log.index.tolist()) == ([7, -8], [3, 4])
    assert (log.pre.tolist(), log.post.tolist()) == ([T0 + 1, T0 + 5], [T0 + 2.5, T0 + 4.0])
    assert (log.pre.dtype, log.post.dtype) == (np.int64, np.float64)


def test_blank_lines_are_counted(handmade: Handmade) -> None:
    """The line that is named is that of the file, blank ones before it included, in either log."""
    good = f"1\t0\t{T0}\t{T0}"
    for bad in ("1\tx\t3\t4", f"1\t2\t{T0}\tx", "1\t2"):
        with pytest.raises(BadFileError, match="found line 8: "):
            parse_daq_log(str(handmade.daq(["", good, "", "", bad])))
    for bad in ("pts\tx\ttime\t5", "pts\t1\ttime\tx", "pts\t2e9\ttime\t5", "pts\t1", "Continuing\tafter\tpause"):
        with pytest.raises(BadFileError, match="found line 6: "):
            parse_watchlog(str(handmade.watchlog(["", frame(0.04, T0), "", "", bad])))


def test_a_pause_that_is_none_is_named(handmade: Handmade) -> None:
    """A row of pauses' words in the wrong order, or of a frame's words in its place, is named by its first line."""
    pause = ["Pausing", "Continuing\tafter\tpause"]
    for lines, line in (
        ([*pause, "Pausing", "Continuing\tpause\tafter"], 4),
        ([*pause, "Continuing\tafter\tpause", "Pausing", frame(0.04, T0)], 4),
        ([frame(0.04, T0), "pts", "0.1\ttime\t5"], 3),
        ([*pause, "Pausing", *pause], 4),
        ([*pause, "Pausing\tContinuing\tafter\tpause"], 4),
        (["Continuing\tafter\tpause", frame(0.04, T0)], 2),
        ([frame(0.04, T0), "x"], 3),
    ):
        with pytest.raises(BadFileError, match=f"found line {line}: "):
            parse_watchlog(str(handmade.watchlog(lines)))


def test_windows_line_ends(handmade: Handmade) -> None:
    """CRLF changes nothing, in either log."""
    for path, parse in ((handmade.daq(), parse_daq_log), (handmade.watchlog(), parse_watchlog)):
        before = parse(str(path))
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        after = parse(str(path))
        for name in before.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


@pytest.mark.parametrize(
    "line",
    ["1\t2\t3", "1\t2\t3\t4\t5", "one\t2\t3\t4", "1.5\t2\t3\t4", f"1\t2\t{T0}\tnan", "1 2", "9" * 30 + "\t1\t2\t3"],
)
def test_daq_line_that_does_not_fit_is_named(line: str, handmade: Handmade) -> None:
    """The error has the file, the line's number in the file, and the line."""
    good = f"1\t0\t{T0}\t{T0}"
    path = handmade.daq([good, good, line, good])
    with pytest.raises(BadFileError, match=rf"timedDAQ.*line 6: b'{line[:10]}".replace("\t", r"\\t")):
        parse_daq_log(str(path))


@pytest.mark.parametrize(
    "lines",
    [
        ["pts\t0.1\ttime"],
        ["pts\t0.1\tclock\t5"],
        ["pts\tx\ttime\t5"],
        ["pts\t0.1\ttime\tinf"],
        ["Pausing", "pts\t0.1\ttime\t5"],
        ["Continuing\tafter\tpause"],
        ["Pausing", "Continuing\tafter\tlunch"],
        ["0.1\t0.2\t0.3\t0.4"],
        ["pts\t0.1\ttime\t5\tpts\t0.1\ttime\t5"],
    ],
)
def test_watchlog_line_that_does_not_fit_is_named(lines: list[str], handmade: Handmade) -> None:
    """Whatever is wrong, the number named is that of the first line of the fault."""
    path = handmade.watchlog([frame(0.04, T0), *lines, frame(0.08, T0)])
    with pytest.raises(BadFileError, match=r"watchlog.*found line 3: "):
        parse_watchlog(str(path))


@pytest.mark.parametrize("content", [b"", b"\n", b"pts\t0.04\ttime\t5\n"])
def test_watchlog_without_a_movie_is_refused(content: bytes, handmade: Handmade) -> None:
    """The first line is the movie's name; without it the first frame is not swallowed."""
    path = handmade.watchlog()
    path.write_bytes(content)
    with pytest.raises(BadFileError, match="movie's file name"):
        parse_watchlog(str(path))


@pytest.mark.parametrize("content", [b"", b"x", b"Initial signature: 255\t255\n255\t255\n1\t2\t3\t4\n"])
def test_daq_log_without_its_header_is_refused(content: bytes, handmade: Handmade) -> None:
    """Three header lines belong there; a log without them is not read from the wrong line on."""
    path = handmade.daq()
    path.write_bytes(content)
    with pytest.raises(BadFileError, match="three header lines"):
        parse_daq_log(str(path))


def test_empty_logs_and_blank_lines(handmade: Handmade) -> None:
    """A log of no rows has no rows; blank lines are no lines."""
    assert parse_daq_log(str(handmade.daq([]))).codes.size == 0
    assert parse_watchlog(str(handmade.watchlog([]))).clock.size == 0
    assert parse_daq_log(str(handmade.daq(["", f"1\t0\t{T0}\t{T0}", "", ""]))).codes.tolist() == [1]


def test_log_that_ends_in_a_pause(handmade: Handmade) -> None:
    """The frames and the pause are there; that its length is unknown is said."""
    path = handmade.watchlog([frame(0.04, T0), "Pausing"])
    with pytest.warns(UserWarning, match="ends in a pause"):
        log = parse_watchlog(str(path))
    assert (log.pts.tolist(), log.pauses.tolist()) == ([0.04], [1])


def test_microseconds_are_taken_as_such_aloud(handmade: Handmade) -> None:
    """Stamps that can only be µs become ms, with a warning."""
    path = handmade.daq([f"1\t0\t{T0 * 1000}\t{T0 * 1000 + 2500}"])
    with pytest.warns(UserWarning, match="taken as µs"):
        log = parse_daq_log(str(path))
    assert (log.pre.tolist(), log.post.tolist()) == ([T0], [T0 + 2.5])


@given(frames=st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 10**7)), max_size=30), data=st.data())
def test_any_watchlog_survives_a_round_trip(
    frames: list[tuple[int, int]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is formatted parses to the same columns, pauses anywhere included."""
    labels = np.array([repr(pts / 100) for pts, _ in frames], dtype=str)
    clock = np.array([T0 + c for _, c in frames], dtype=np.int64)
    pauses = np.array(sorted(data.draw(st.lists(st.integers(0, len(frames)), max_size=3))), dtype=np.int64)
    log = Watchlog("a movie.avi", labels, labels.astype(float), clock, pauses)
    path = tmp_path_factory.getbasetemp() / "ffplay-watchlog-x.log"
    path.write_bytes(format_watchlog(log))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = parse_watchlog(str(path))
    assert parsed.movie == log.movie
    for name in ("labels", "pts", "clock", "pauses"):
        np.testing.assert_array_equal(getattr(parsed, name), getattr(log, name))


@pytest.mark.parametrize("kind", ["daq", "watchlog"])
def test_a_field_longer_than_any_number_is_named(kind: str, handmade: Handmade) -> None:
    """One field of 400 kB does not make a column of 20,000 times that."""
    long = "9" * 400_000
    good, bad = (f"1\t0\t{T0}\t{T0}", f"1\t0\t{T0}\t{long}")
    if kind == "watchlog":
        good, bad = frame(0.04, T0), f"pts\t0.08\ttime\t{long}"
    path = getattr(handmade, kind)([*[good] * 20_000, bad, good])
    line = 20_004 if kind == "daq" else 20_002
    with pytest.raises(BadFileError, match=f"found line {line}: "):
        (parse_daq_log if kind == "daq" else parse_watchlog)(str(path))
