"""Event channels: events, DAQ pulses, movie frames and pauses, annotations.

Each is parsed when it is first asked for. Times stay the files' own ms; an annotation's
movie times are mapped to the session's clock through the watchlog.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import BadFileError
from ..ground.folder import File
from ..ground.moment import Moment
from ..ground.once import once
from ..session.clock import check_ascending, stamp_divisor
from ..session.exclude import with_exclude
from ..session.files import MAX_NAME, is_name, open_events, open_label
from ..session.logs import Watchlog, parse_daq_log, parse_watchlog
from .overlaps import seen_pieces

MOVIE_JUMP_S = 1.0  # a longer step of movie time between two frames is a skip


class EventTable(NamedTuple):
    """All events of a channel."""

    start: Array  # ms since the Unix epoch
    duration: Array | None  # ms; None for events
    label: Array

    def take(self, which: Any) -> EventTable:
        """Return some of the events."""
        duration = None if self.duration is None else self.duration[which]
        return EventTable(self.start[which], duration, self.label[which])

    def end(self) -> Array:
        """Return when each ends, ms since the Unix epoch."""
        return self.start if self.duration is None else self.start + self.duration


class EventChannel(ABC):
    """One event channel, named by its id; its file is parsed later, and must be the same then: the moment knows it."""

    type = b"event"

    def __init__(self, id: str, file: File, moment: Moment) -> None:
        if not is_name(id):
            expected = f"a name of at most {MAX_NAME} printable characters"
            raise BadFileError(file, expected, f"{len(id)}: {id[:80]!r}", "Rename the file.")
        self.id = id
        self.file = file
        self.moment = moment
        self._shares: list[Array] | None = None  # which events each segment has

    @abstractmethod
    def parse(self) -> EventTable:
        """Read the file."""

    @once
    def table(self) -> EventTable:
        """All events, parsed on first use."""
        with self.moment.reading(self.file):
            try:
                return self.parse()
            except BadFileError as error:
                raise with_exclude(error) from error.__cause__

    def segment(self, seg_index: int, boundaries_ms: Sequence[float]) -> EventTable:
        """Return the events of one segment, in the file's order."""
        if not boundaries_ms:
            return self.table
        if self._shares is None:
            segments = np.searchsorted(boundaries_ms, self.table.start, side="right")
            order = np.argsort(segments, kind="stable")
            ends = np.searchsorted(segments[order], np.arange(len(boundaries_ms)), side="right")
            self._shares = np.split(order, ends)
        return self.table.take(self._shares[seg_index])

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_shares": None}  # read once: another thread may be adding the table
        state.pop("table", None)
        return state


class CodeEvents(EventChannel):
    """``Events.npy``: label = code."""

    def parse(self) -> EventTable:
        """Read the file; an event's time must be finite."""
        rows = open_events(self.file).view()
        start = np.ascontiguousarray(rows[:, 0])
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if bad.size:
            expected = "finite times and codes"
            raise BadFileError(self.file, expected, f"{rows[bad[0]]} in row {bad[0]}", "Repair the row.")
        check_ascending(self.file.path, start)
        if start.size:
            divisor = stamp_divisor(self.file.path, float(start.min()), float(start.max()))
            start = start if divisor == 1 else start / divisor
        return EventTable(start, None, _code_labels(rows[:, 1]))


class DaqEpochs(EventChannel):
    """The DAQ log: each pulse from the earlier to the later of its two stamps, label = code."""

    type = b"epoch"

    def parse(self) -> EventTable:
        """Read the log."""
        log = parse_daq_log(self.file)
        return EventTable(np.minimum(log.pre, log.post), np.abs(log.post - log.pre), _code_labels(log.codes))


class Movie:
    """The watchlog, parsed once for all channels that need it."""

    def __init__(self, file: File, moment: Moment) -> None:
        self.file = file
        self.moment = moment

    @once
    def log(self) -> Watchlog:
        """The parsed log; a frame is never shown before the one that precedes it."""
        with self.moment.reading(self.file):
            log = parse_watchlog(self.file)
            check_ascending(self.file.path, log.clock)
            return log

    def showings(self) -> list[slice]:
        """Return the stretches of frames in which movie time runs on; a skip ends one."""
        step = np.diff(self.log.pts)
        cuts = np.flatnonzero((step < 0) | (step > MOVIE_JUMP_S)) + 1
        edges = [0, *cuts.tolist(), self.log.pts.size]
        return [slice(a, b) for a, b in pairwise(edges) if b > a]

    def __getstate__(self) -> dict[str, Any]:
        return {"file": self.file, "moment": self.moment}


class MovieFrames(EventChannel):
    """Frames shown: label = movie time in seconds, as the log spells it."""

    def __init__(self, id: str, movie: Movie) -> None:
        super().__init__(id, movie.file, movie.moment)
        self.movie = movie

    def parse(self) -> EventTable:
        """Read the log."""
        return EventTable(self.movie.log.clock, None, self.movie.log.labels)


class MoviePauses(MovieFrames):
    """Pauses: from the last frame before to the first frame after, label "pause"."""

    type = b"epoch"

    def parse(self) -> EventTable:
        """Read the log."""
        clock, pauses = self.movie.log.clock, self.movie.log.pauses
        if not clock.size:
            return EventTable(clock, clock.copy(), np.empty(0, "U5"))
        start = clock[np.maximum(pauses - 1, 0)]
        stop = clock[np.minimum(pauses, clock.size - 1)]
        return EventTable(start, stop - start, np.full(pauses.size, "pause"))


class LabelEpochs(EventChannel):
    """An annotation: label = its value, 0 or 1, one epoch for each time that it was shown.

    Where rows overlap, the later one holds: an earlier one is cut, or not there at all.
    """

    type = b"epoch"

    def __init__(self, id: str, file: File, movie: Movie) -> None:
        super().__init__(id, file, movie.moment)
        self.movie = movie

    def parse(self) -> EventTable:
        """Read the annotation and place it on the session's clock.

        Movie time between two frames is interpolated. What a skip left out is not in the
        result; what was shown twice is in it twice; a pause lengthens the epoch it falls in.
        """
        values, starts, stops = (np.asarray(row, dtype=np.float64) for row in open_label(self.file).view())
        if not (np.isfinite([values, starts, stops]).all() and (starts <= stops).all()):
            raise BadFileError(self.file, "finite values, and starts before stops", "others", "Repair the annotation.")
        rows, starts, stops = seen_pieces(starts, stops)
        pieces = [self._shown(showing, values[rows], starts, stops) for showing in self.movie.showings()]
        begin, end, value = np.concatenate(pieces, axis=1) if pieces else np.empty((3, 0))
        order = np.argsort(begin, kind="stable")
        return EventTable(begin[order], (end - begin)[order], _code_labels(value[order]))

    def _shown(self, showing: slice, values: Array, starts: Array, stops: Array) -> Array:
        """Return begin, end and value of the epochs within one showing."""
        pts, clock = self.movie.log.pts[showing], self.movie.log.clock[showing].astype(np.float64)
        inside = (stops >= pts[0]) & (starts <= pts[-1])
        # A row that only touches the showing's edge has no length there, unless it never has any.
        if pts.size > 1:
            inside &= (stops > pts[0]) & (starts < pts[-1]) | (starts == stops)
        begin, end = (np.interp(edge[inside], pts, clock) for edge in (starts, stops))
        return np.array([begin, end, values[inside]])


def _code_labels(codes: Array) -> Array:
    """Return codes as text, whole numbers without a point."""
    unique, inverse = np.unique(codes, return_inverse=True)
    # A label is as wide as the widest: one of 1e308 in full would make a large file of a small one.
    text = [str(int(c)) if float(c).is_integer() and abs(float(c)) < 1e16 else repr(float(c)) for c in unique]
    return np.array(text, dtype="U")[inverse] if text else np.empty(0, "U1")
