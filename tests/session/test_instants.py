"""Instants as datetimes and as ms since the Unix epoch."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mockrawio.session.instants import from_ms, to_ms

ZONES = st.sampled_from([None, timezone.utc, timezone(timedelta(hours=-9, minutes=-30)), timezone(timedelta(hours=14))])


@given(instant=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=ZONES))
def test_a_datetime_is_the_nearest_ms(instant):
    """The ms of a datetime are the float64 nearest to its whole µs; one without a zone is UTC; and they come back."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)
    since = aware - datetime(1970, 1, 1, tzinfo=timezone.utc)
    exact = Fraction((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, 1000)
    assert to_ms(instant) == float(exact)
    assert from_ms(to_ms(instant)) == aware


@given(time_ms=st.floats(6e11, 4.1e12))
def test_ms_are_the_nearest_microsecond(time_ms):
    """A datetime of ms is off by half a µs at most."""
    instant = from_ms(time_ms)
    since = instant - datetime(1970, 1, 1, tzinfo=timezone.utc)
    back = Fraction((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, 1000)
    assert abs(back - Fraction(time_ms)) <= Fraction(1, 2000)
