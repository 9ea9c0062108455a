"""Annotations, of which every record has some: when it begins, and events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ..recorded import RecordedEvents
from ..rig import RigFolder

_LONGEST = 200  # bytes of an annotation's text


def event_notes(events: RecordedEvents, zero: float, named: bool, out: RigFolder) -> Iterator[bytes]:
    """Yield each event as a time-stamped annotation list, a point with a duration of 0."""
    times, durations, labels = events.read(0, None, None)
    lasting = np.zeros(len(times)) if durations is None else durations
    for time, duration, label in zip(times, lasting, labels, strict=True):
        text = f"{events.name}: {label}" if named else str(label) or events.name
        plain = "".join(one if one.isprintable() else " " for one in text).encode("utf-8", "replace")
        if len(plain) > _LONGEST:
            out.leave(f"labels of {events.name}", f"cut at {_LONGEST} bytes")
        kept = plain[:_LONGEST].decode("utf-8", "ignore")
        yield f"{_seconds(time - zero, '+')}\x15{_seconds(duration)}\x14{kept}\x14\0".encode()


def _seconds(value: float, sign: str = "") -> str:
    """Return a time to 0.1 µs, as readers have it."""
    return f"{value:{sign}.7f}".rstrip("0").rstrip(".")


class Notes:
    """The annotations of all records: when each begins, and events as there is room, in order."""

    def __init__(self, marks: Sequence[bytes], number: int, duration: str, when: datetime, n_bytes: int) -> None:
        self._marks, self._each = marks, Fraction(duration)
        self._begin = Fraction(when.microsecond, 10**6)
        sizes = np.array([len(mark) for mark in marks], np.int64)
        share = -(-int(sizes.sum()) // number) or 1
        # A record takes what begins in its share, which is at most one annotation longer.
        self._firsts = np.searchsorted(np.cumsum(sizes) - sizes, np.arange(number + 1) * share)
        clock = len(f"+{int(number * self._each) + 1}.1234567\x14\x14\0")
        longest = clock + share + int(sizes.max(initial=0))
        self.size = -(-longest // n_bytes) * n_bytes

    def _clock(self, number: int) -> bytes:
        ticks = round((self._begin + number * self._each) * 10**7)
        text = f"+{ticks // 10**7}.{ticks % 10**7:07d}".rstrip("0").rstrip(".")
        return f"{text}\x14\x14\0".encode()

    def __call__(self, first: int, stop: int) -> npt.NDArray[np.uint8]:
        """Return the bytes of some records' annotations, uint8 (records, bytes)."""
        made = (
            self._clock(k) + b"".join(self._marks[self._firsts[k] : self._firsts[k + 1]]) for k in range(first, stop)
        )
        whole = b"".join(one.ljust(self.size, b"\0") for one in made)
        return np.frombuffer(whole, np.uint8).reshape(stop - first, self.size)
