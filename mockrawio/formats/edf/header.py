"""The header: what there is, and the ranges that give each channel its gain and offset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from ...ground.errors import MockSessionError
from ..recorded import RecordedChannel
from ..rig import RigFolder
from .kinds import BDF, EDF, FileKind, fitted
from .records import Records

_FULL = 32768
_GAIN_ERROR = 1e-6  # relative
_PLACES = {"nV": ("uV", Fraction(1, 1000)), "µV": ("uV", Fraction(1))}  # units that readers do not know
_VOLTS = {"uV": Fraction(1), "mV": Fraction(10**3), "V": Fraction(10**6)}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_Ranges = tuple[tuple[str, str], tuple[int, int]]


class _Scale(NamedTuple):
    """What a channel's header says of its counts."""

    units: str
    physical: tuple[str, str]
    digital: tuple[int, int]


def edf_header(
    title: str,
    channels: Sequence[tuple[RecordedChannel, int]],
    records: Records,
    n_notes: int,
    when: datetime,
    kind: FileKind,
    out: RigFolder,
) -> bytes:
    """Return the header of channels, each with its samples a record, and of `n_notes` "samples" of annotations."""
    scales = [_scale(one, kind, out) for one, _ in channels]
    widest = (-_FULL, _FULL - 1) if kind is EDF else (-(1 << 23), (1 << 23) - 1)
    scales.append(_Scale("", ("-1", "1"), widest))
    labels = [out.text(f"name {one.name!r}", one.name, 16).decode() for one, _ in channels] + [kind.annotations]
    counts = [str(n) for _, n in channels] + [str(n_notes)]
    n = len(scales)
    columns = (
        (labels, 16),
        ([""] * n, 80),
        ([one.units for one in scales], 8),
        *(([one.physical[end] for one in scales], 8) for end in (0, 1)),
        *(([str(one.digital[end]) for one in scales], 8) for end in (0, 1)),
        ([""] * n, 80),
        (counts, 8),
        ([""] * n, 32),
    )
    fields = [*_first(title, records, n, when, kind), *((text, size) for texts, size in columns for text in texts)]
    return kind.version + b"".join(text.encode("ascii").ljust(size) for text, size in fields)


def _first(title: str, records: Records, n: int, when: datetime, kind: FileKind) -> list[tuple[str, int]]:
    """Return the fields of the whole file, each with its size."""
    date = f"{when:%d}-{_MONTHS[when.month - 1]}-{when:%Y}"
    return [
        ("X X X X", 80),
        (f"Startdate {date} {title} X mockrawio"[:80], 80),
        (f"{when:%d.%m.%y}", 8),
        (f"{when:%H.%M.%S}", 8),
        (str(256 * (n + 1)), 8),
        (kind.name, 44),
        (str(records.number), 8),
        (records.duration, 8),
        (str(n), 4),
    ]


def _scale(channel: RecordedChannel, kind: FileKind, out: RigFolder) -> _Scale:
    """Return the ranges that give a channel's gain, and its offset as near as it can be.

    The unit is the channel's own if it does, or else one that readers know.
    """
    units, factor = _PLACES.get(channel.units, (channel.units, Fraction(1)))
    others = _VOLTS if units in _VOLTS else {units: Fraction(1)}
    found = []
    for one in (units, *others):
        scale = factor * others[units] / others[one]
        made = _ranges(Fraction(channel.gain) * scale, Fraction(channel.offset) * scale, kind)
        if made is not None:
            found.append((made[0], one, made[1]))
    if not found:
        remedy = "Give a recording in another unit, or take another format."
        raise MockSessionError(f"channel {channel.name}", "a gain for 8 characters", f"{channel.gain:.6g}", remedy)
    shift, unit, ranges = min(found, key=lambda one: one[0])
    if shift > 0.001:
        out.leave("offsets", "8 characters of a range: values are up to a fifth of a count off")
    return _Scale(out.text(f"unit {unit!r}", unit, 8).decode(), *ranges)


@cache
def _ranges(gain: Fraction, offset: Fraction, kind: FileKind) -> tuple[float, _Ranges] | None:
    """Return ranges, and by how many counts they shift values; None if none have the gain."""
    try:
        made = _chosen(gain) if kind is BDF and not offset else _fixed(gain, offset)
    except OverflowError:
        return None
    low, high = (Fraction(text) for text in made[0])
    found = (high - low) / (made[1][1] - made[1][0])
    if abs(found / gain - 1) > _GAIN_ERROR:
        return None
    return abs(float((low - made[1][0] * found - offset) / gain)), made


def _fixed(gain: Fraction, offset: Fraction) -> _Ranges:
    """Return the whole digital range: the end that has no sign, and so a digit more, is set last."""
    low = fitted(offset - _FULL * gain, 8)
    high = fitted(Fraction(low) + (2 * _FULL - 1) * gain, 8)
    return (low, high), (-_FULL, _FULL - 1)


@cache
def _chosen(gain: Fraction) -> _Ranges:
    """Return a digital range, of a thousand, whose physical one is nearest to what 8 characters have."""
    most = min((1 << 23) - 1, int(9_999_999 / abs(gain)))
    if most < _FULL:
        raise OverflowError
    best = min(range(most, max(most - 1000, _FULL - 1), -1), key=lambda full: _miss(full * gain))
    end = fitted(-best * gain, 8)
    return (end, end[1:] if end.startswith("-") else f"-{end}"), (-best, best)


def _miss(value: Fraction) -> Fraction:
    return abs(Fraction(fitted(-value, 8)) / -value - 1)
