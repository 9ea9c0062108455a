"""Conversion of instants: ms since the Unix epoch, and Python's datetimes in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def from_ms(time_ms: float) -> datetime:
    """Return ms since the Unix epoch as a datetime in UTC, to the nearest µs."""
    whole, part = divmod(time_ms, 1)  # their product with 1000 would be rounded twice
    return _EPOCH + timedelta(milliseconds=whole, microseconds=round(part * 1000))


def to_ms(instant: datetime) -> float:
    """Return a datetime, UTC if it has no time zone, as ms since the Unix epoch, to the nearest float64.

    ``timestamp()`` is in s, and so off by up to 0.12 µs in these decades.
    """
    aware = instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)
    return (aware - _EPOCH) / timedelta(milliseconds=1)
