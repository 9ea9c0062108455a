"""The two text logs of a session, DAQ and watchlog: parsed by columns, and formatted.

Both are short lines of tab-separated fields (docs/format.rst); a whole file is split at once
and its columns converted at once. Only a file that does not fit is read line by line, to
name the line that is wrong.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.errors import BadFileError
from ..ground.fields import BadRow, Fields, Text, as_str, numbers
from ..ground.places import Where, file_at, read_text
from ..ground.shown import warn
from .clock import stamp_divisor

DAQ_HEADER = b"Initial signature: 255\t255\n255\t255\t\ndata\tStamp\tpre\tpost\n"
_REMEDY = "Repair or remove that line."
MAX_PTS = 1e9  # seconds: no movie is longer
_AT_ONCE = 1 << 13  # lines that are made together: some 300 kB, which stay in the cache
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\r\n") + b"\x7f"
_PAUSE = (b"Pausing", b"Continuing", b"after", b"pause")

Stamps = npt.NDArray[Any]


@dataclass(frozen=True)
class DaqLog:
    """A DAQ log's columns."""

    # codes, index: the code sent, and its number
    codes: Ints
    index: Ints
    # pre, post: ms since the Unix epoch before and after the pulse; either may be the later
    pre: Stamps
    post: Stamps


@dataclass(frozen=True)
class Watchlog:
    """A watchlog's columns."""

    movie: str  # the movie's file name
    labels: npt.NDArray[np.str_]  # the movie time of each frame, as the log spells it
    pts: Floats  # the same in seconds
    clock: Stamps  # when each frame was shown, ms since the Unix epoch
    pauses: Ints  # for each pause the number of frames shown before it


def _read_log(where: Where) -> bytes:
    """Return a log's bytes, none of which is a control character but for tabs and line ends."""
    data = read_text(where)
    if len(data.translate(None, _CONTROLS)) != len(data):
        first = next(match.start() for match in re.finditer(b"[%s]" % re.escape(_CONTROLS), data))
        raise _bad_line(
            file_at(where).path, data, data.count(b"\n", 0, first), 0, "lines of text, without control characters"
        )
    return data


def _bad_line(path: str, body: bytes, number: int, above: int, expected: str) -> BadFileError:
    """Return the error for line `number` of `body`, which has `above` lines above it in the file."""
    line = body.split(b"\n")[number]
    return BadFileError(path, expected, f"line {number + above + 1}: {line[:80]!r}", _REMEDY)


def _split(path: str, body: bytes, above: int, expected: str) -> Fields:
    """Split a log's lines, with an error for a field longer than any number."""
    fields = Fields(body)
    line = fields.long_line()
    if line is not None:
        raise _bad_line(path, body, line, above, expected)
    return fields


def _stamps(column: Text) -> Stamps:
    """Convert a column of clock stamps: int64 where all are whole numbers."""
    try:
        return numbers(column, np.int64)
    except BadRow:
        return numbers(column, np.float64)


def _in_ms(path: str, *columns: Stamps) -> list[Stamps]:
    """Return the columns in ms since the Unix epoch."""
    full = [column for column in columns if column.size]
    if not full:
        return list(columns)
    first, last = min(float(c.min()) for c in full), max(float(c.max()) for c in full)
    divisor = stamp_divisor(path, first, last)
    return list(columns) if divisor == 1 else [column / divisor for column in columns]


def parse_daq_log(where: Where) -> DaqLog:
    """Parse ``timedDAQ-log-*.log``: three header lines, then ``code index pre post`` a line.

    BadFileError if the header is missing or a line is malformed; the message has its number.
    """
    path, data = file_at(where).path, _read_log(where)
    lines = data.split(b"\n", 3)
    if len(lines) < 3 or not lines[0].startswith(b"Initial signature") or lines[2].split()[:1] != [b"data"]:
        found = repr(data[:60]) if data else "an empty file"
        raise BadFileError(path, "three header lines, 'Initial signature' to 'data Stamp pre post'", found, _REMEDY)
    body = lines[3] if len(lines) > 3 else b""
    expected = "four numbers a line: code, index, pre, post"
    fields = _split(path, body, 3, expected)
    rows = np.flatnonzero(fields.counts)
    odd = rows[fields.counts[rows] != 4]
    if odd.size:
        raise _bad_line(path, body, int(odd[0]), 3, expected)
    try:
        codes, index = (numbers(fields.column(k, 4), np.int64) for k in (0, 1))
        pre, post = (_stamps(fields.column(k, 4)) for k in (2, 3))
    except BadRow as error:
        raise _bad_line(path, body, int(rows[error.args[0]]), 3, expected) from None
    return DaqLog(codes, index, *_in_ms(path, pre, post))


def parse_watchlog(where: Where) -> Watchlog:
    """Parse ``ffplay-watchlog-*.log``; a log that ends in a pause is warned of.

    There is the movie's file name, then ``pts {s} time {clock}`` for every frame and ``Pausing`` / ``Continuing after
    pause`` for every pause. BadFileError if the name is missing or a line is malformed; the message has its number.
    """
    path = file_at(where).path
    head, _, body = _read_log(where).partition(b"\n")
    if not head.strip() or head.startswith(b"pts\t"):
        raise BadFileError(path, "the movie's file name in the first line", repr(head[:60]), "Add it.")
    if body.rsplit(None, 1)[-1:] == [_PAUSE[0]]:
        warn(f"{path}: ends in a pause; its length is not known and taken as 0", stacklevel=2)
        body += b"\n" + b" ".join(_PAUSE[1:])
    columns, lines = _frames_and_pauses(path, body)
    is_pause = columns[0] == _PAUSE[0]
    pauses = np.flatnonzero(is_pause)
    frames = np.flatnonzero(~is_pause)
    labels = columns[1][frames]
    try:
        pts = numbers(labels, np.float64)
        if (far := np.flatnonzero(np.abs(pts) > MAX_PTS)).size:
            raise BadRow(far[0])
        clock = _stamps(columns[3][frames])
    except BadRow as error:
        raise _bad_line(path, body, int(lines[frames[error.args[0]]]), 1, _FRAME) from None
    (clock,) = _in_ms(path, clock)
    movie = head.strip().decode("utf-8", "replace")
    return Watchlog(movie, as_str(labels), pts, clock, pauses - np.arange(pauses.size))


_FRAME = "'pts {s} time {clock}', or 'Pausing' and 'Continuing after pause'"


def _frames_and_pauses(path: str, body: bytes) -> tuple[list[Text], Ints]:
    """Return the log as four columns, a pause's two lines as one row, and each row's line."""
    fields = _split(path, body, 1, _FRAME)
    rows = np.flatnonzero(fields.counts)
    counts = fields.counts[rows]
    is_one, is_three = counts == 1, counts == 3
    lone = (is_one & ~np.append(is_three[1:], False)) | (is_three & ~np.append(False, is_one[:-1]))
    odd = lone | ~(is_one | is_three | (counts == 4))
    if odd.any():
        raise _bad_line(path, body, int(rows[odd][0]), 1, _FRAME)
    columns = [fields.column(k, 4) for k in range(4)]
    lines, counts = rows[~is_three], counts[~is_three]
    frame = (columns[0] == b"pts") & (columns[2] == b"time") & (counts == 4)
    rest = np.flatnonzero(~frame)
    pause = np.all([column[rest] == word for column, word in zip(columns, _PAUSE, strict=True)], axis=0)
    wrong = rest[~(pause & (counts[rest] == 1))]
    if wrong.size:
        raise _bad_line(path, body, int(lines[wrong[0]]), 1, _FRAME)
    return columns, lines


def format_daq_log(log: DaqLog) -> bytes:
    """Return a DAQ log as the bytes of its file."""
    columns = (log.codes.tolist(), log.index.tolist(), _plain(log.pre).tolist(), _plain(log.post).tolist())
    rows = zip(*columns, strict=True)
    return DAQ_HEADER + "".join(["%d\t%d\t%s\t%s\n" % row for row in rows]).encode("ascii")


def _plain(stamps: Stamps) -> Stamps:
    """Return stamps as int64 if they are whole numbers, as all that Epiphyte's tools write are."""
    whole = stamps.astype(np.int64)
    return whole if (whole == stamps).all() else stamps


def format_watchlog(log: Watchlog) -> bytes:
    """Return a watchlog as the bytes of its file, many lines at once."""
    texts, clock = [log.movie.encode("utf-8") + b"\n"], _plain(log.clock)
    for start, stop in itertools.pairwise([0, *log.pauses.tolist(), log.labels.size]):
        pieces = (slice(i, min(i + _AT_ONCE, stop)) for i in range(start, stop, _AT_ONCE))
        texts += [_lines(log.labels[some], clock[some]) for some in pieces]
        texts.append(b"Pausing\nContinuing\tafter\tpause\n")
    return b"".join(texts[:-1])


def _lines(labels: npt.NDArray[np.str_], clock: Stamps) -> bytes:
    """Return the lines of some frames."""
    n, width = labels.size, labels.itemsize // 4
    letters = np.ascontiguousarray(labels).view(np.uint32).reshape(n, width).astype(np.uint8)
    begin, middle, end = (
        np.broadcast_to(np.frombuffer(text, np.uint8), (n, len(text))) for text in (b"pts\t", b"\ttime\t", b"\n")
    )
    lines = np.concatenate([begin, letters, middle, _digits(clock), end], axis=1)
    text: bytes = lines[lines != 0].tobytes()
    return text


def _digits(numbers: Stamps) -> npt.NDArray[np.uint8]:
    """Return numbers as rows of ASCII digits behind a sign, with 0 where a row has neither."""
    if numbers.dtype.kind == "f":
        texts = np.array([repr(number) for number in numbers.tolist()], np.bytes_)
        return texts.view(np.uint8).reshape(texts.size, texts.itemsize)
    rest = sizes = np.abs(numbers)
    fours = np.empty((sizes.size, -(-len(str(int(sizes.max(initial=0)))) // 4)), np.uint32)
    for k in reversed(range(fours.shape[1])):
        more = rest // 10_000
        fours[:, k], rest = _four_digits()[rest - more * 10_000], more
    digits = fours.view(np.uint8)
    for power in reversed(range(1, digits.shape[1])):
        short = sizes < 10**power
        if short.all():
            digits = digits[:, 1:]
        elif short.any():
            digits[short, -1 - power] = 0
        else:
            break
    return np.column_stack([np.where(numbers < 0, np.uint8(ord("-")), np.uint8(0)), digits])


@lru_cache(maxsize=1)
def _four_digits() -> npt.NDArray[np.uint32]:
    """Return the four ASCII digits of each number below 10000, uint32 (10000,)."""
    digits = np.arange(10_000)[:, None] // (1000, 100, 10, 1) % 10 + ord("0")
    return digits.astype(np.uint8).view(np.uint32)[:, 0]
