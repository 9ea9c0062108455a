"""What the files of a Blackrock set are made of."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

import numpy as np

RATE = 30_000  # Hz: periods are counted in samples of it
_TIME = ("<u2", 8)  # year, month, day of the week, day, hour, minute, second, ms

SIGNAL_HEAD = np.dtype(
    [
        ("kind", "S8"),
        ("version", "u1", 2),
        ("bytes", "<u4"),
        ("label", "S16"),
        ("comment", "S256"),
        ("period", "<u4"),
        ("resolution", "<u4"),
        ("origin", *_TIME),
        ("channels", "<u4"),
    ]
)
CHANNEL_HEAD = np.dtype(
    [
        ("kind", "S2"),
        ("electrode", "<u2"),
        ("label", "S16"),
        ("connector", "u1"),
        ("pin", "u1"),
        ("digital", "<i2", 2),
        ("analog", "<i2", 2),
        ("units", "S16"),
        ("filters", "u1", 20),  # none
    ]
)
EVENT_HEAD = np.dtype(
    [
        ("kind", "S8"),
        ("version", "u1", 2),
        ("flags", "<u2"),
        ("bytes", "<u4"),
        ("packet", "<u4"),
        ("resolution", "<u4"),
        ("sample_rate", "<u4"),
        ("origin", *_TIME),
        ("application", "S32"),
        ("comment", "S256"),
        ("extensions", "<u4"),
    ]
)
WAVEFORM_HEAD = np.dtype(
    [
        ("kind", "S8"),
        ("electrode", "<u2"),
        ("connector", "u1"),
        ("pin", "u1"),
        ("factor", "<u2"),  # nV a count
        ("thresholds", "<i2", 3),
        ("units", "u1"),
        ("bytes", "u1"),
        ("width", "<u2"),
        ("unused", "V8"),
    ]
)
LABEL_HEAD = np.dtype([("kind", "S8"), ("electrode", "<u2"), ("label", "S16"), ("unused", "V6")])
PORT_HEAD = np.dtype([("kind", "S8"), ("label", "S16"), ("mode", "u1"), ("unused", "V7")])


class Version(NamedTuple):
    """One of the versions of the files."""

    major: int
    minor: int
    signals: bytes  # what files of each kind begin with
    events: bytes
    stamp: str  # dtype of time stamps
    resolution: int  # ticks a second
    each: bool  # every sample has a time stamp

    @property
    def most(self) -> int:
        """One more than the last tick."""
        return 1 << (32 if self.stamp == "<u4" else 63)

    def packet(self, size: int) -> np.dtype[np.void]:
        """Return the dtype of an event's packet of `size` bytes."""
        start = np.dtype(self.stamp).itemsize + 4
        fields = [("stamp", self.stamp), ("id", "<u2"), ("kind", "u1"), ("unused", "u1"), ("data", "u1", size - start)]
        return np.dtype(fields)  # type: ignore[arg-type]  # of NumPy's stubs, fields are of two or of three


VERSIONS = {
    "2.3": Version(2, 3, b"NEURALCD", b"NEURALEV", "<u4", RATE, False),
    "3.0": Version(3, 0, b"BRSMPGRP", b"BREVENTS", "<u8", RATE, False),
    "3.0-ptp": Version(3, 0, b"BRSMPGRP", b"BREVENTS", "<u8", 1_000_000_000, True),
}


def origin(start: datetime) -> list[int]:
    """Return an instant as the headers have it."""
    whole = [start.year, start.month, start.isoweekday() % 7, start.day, start.hour, start.minute, start.second]
    return [*whole, start.microsecond // 1000]


class CountScale(NamedTuple):
    """What counts mean: so many units at so many counts."""

    analog: int
    digital: int
    units: str

    @classmethod
    def of(cls, microvolts: float) -> CountScale:
        """Return the scale that is nearest to a gain in µV, in units of µV if these do."""
        found = [cls(*_ratio(microvolts / factor), units) for units, factor in (("uV", 1.0), ("mV", 1e3), ("nV", 1e-3))]
        fits = [one for one in found if abs(one.error(microvolts)) < 1e-7]
        return fits[0] if fits else min(found, key=lambda one: abs(one.error(microvolts)))

    def error(self, microvolts: float) -> float:
        """Return how far off it is, relative to a gain in µV."""
        factor = {"uV": 1.0, "mV": 1e3, "nV": 1e-3}[self.units]
        return self.analog / self.digital * factor / microvolts - 1


def _ratio(gain: float) -> tuple[int, int]:
    """Return two whole numbers below 32768, as large as they can be, of which a gain is the ratio."""
    size = Fraction(min(max(abs(gain), 1e-5), 1e5))
    if size <= 1:
        near = size.limit_denominator(32767)
        top, bottom = max(near.numerator, 1), near.denominator
    else:
        near = (1 / size).limit_denominator(32767)
        top, bottom = near.denominator, max(near.numerator, 1)
    times = 32767 // max(top, bottom)
    return top * times * (-1 if gain < 0 else 1), bottom * times
