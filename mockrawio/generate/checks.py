"""What the fields of a spec may be: a function for each kind, which returns the value in its plain form.

All of them raise :class:`MockSessionError` with the field's name, what it may be, and what it is.
"""

from __future__ import annotations

import numbers
import operator
import re
from typing import Any

from ..ground.checks import is_real, is_whole, require
from ..ground.shown import Argument
from ..session.clock import EARLIEST_MS, LATEST_MS
from . import timing
from .parts import NOISE_FIELDS

# The least and the most that each whole number may be.
WHOLE = {
    "patient_id": (0, 10**9),
    "session_nr": (0, 10**9),
    "seed": (0, 2**128 - 1),
    "n_channels": (1, 100_000),
    "n_units": (0, 100_000),
    "n_lfp_channels": (0, 100_000),
    "n_events": (0, 10**8),
    "start_ms": (EARLIEST_MS, LATEST_MS),
}
_DRAWN = ("seed", "n_units", "n_events", "start_ms")
_OPTIONAL = ("duration_s", "stimulus_len", "broadband_hz")
# The least and the most that each number may be; what they are in follows their names.
REAL = {
    "duration_s": (1.0, 1e8),
    "gap_s": (0.001, 1e8),
    "stimulus_len": (0.0, 1e6),
    "lfp_noise_uV": (0.0, 1e4),
    "refractory_ms": (0.0, 1e4),
    "broadband_hz": (timing.WAVEFORM_RATE, timing.WAVEFORM_RATE),
    "noise_uV": (0.01, 1e4),
    "amplitude_sd": (0.0, 0.2),
    **NOISE_FIELDS,
}


def must(ok: bool, name: str, expected: str, found: object, remedy: str = "Change it.") -> None:
    """Raise the error of a field unless it is valid."""
    require(ok, Argument(name, of="SessionSpec"), expected, found, remedy)


def whole(name: str, value: Any) -> int | None:
    """Return a whole number, or None where the seed may decide."""
    if value is None and name in _DRAWN:
        return None
    low, high = WHOLE[name]
    expected = f"a whole number from {low} to {high}" + (", or None to draw it" if name in _DRAWN else "")
    must(is_whole(value) and low <= value <= high, name, expected, value)
    return operator.index(value)


def real(name: str, value: Any) -> float | None:
    """Return a number, or None where there may be none."""
    if value is None and name in _OPTIONAL:
        return None
    low, high = REAL[name]
    expected = f"a number from {low:g} to {high:g}" if low < high else f"None or {low:g}"
    must(is_real(value) and low <= value <= high, name, expected, value)
    return float(value)


def is_whole_ms(seconds: float) -> bool:
    """Return True if seconds are a whole number of ms, as far as float64 can."""
    return abs(seconds * 1000 - round(seconds * 1000)) < 1e-6 * max(1.0, seconds)


def sha256(name: str, value: Any) -> str | None:
    """Return a SHA-256, or None."""
    ok = value is None or (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None)
    must(ok, name, "None, or 64 hexadecimal digits", value)
    return value  # type: ignore[no-any-return]  # checked above


def durations(segments: Any) -> tuple[float, ...] | None:
    """Return the seconds of each segment, or None."""
    if segments is None:
        return None
    expected = "a tuple of seconds, each a whole number of ms above 0"
    must(isinstance(segments, (tuple, list)) and len(segments) > 0, "segments", expected, segments)
    for seconds in segments:
        ok = isinstance(seconds, numbers.Real) and 0.0005 < float(seconds) < 1e8 and is_whole_ms(float(seconds))
        must(ok, "segments", expected, seconds)
    return tuple(float(seconds) for seconds in segments)


def pair(name: str, value: Any, kind: type) -> tuple[Any, Any] | None:
    """Return the lowest and the highest of something, or None."""
    if value is None:
        return None
    return bounds(name, value, kind, 1e9, "None, or the lowest and the highest of them, two numbers from 0 up")


def bounds(name: str, value: Any, kind: type, most: float, expected: str) -> tuple[Any, Any]:
    """Return the lowest and the highest of something."""
    plain = int if kind is numbers.Integral else float
    ok = isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(v, kind) for v in value)
    must(ok and 0 <= value[0] <= value[1] <= most, name, expected, value)
    return plain(value[0]), plain(value[1])


def names_of(names: Any, n_channels: int) -> tuple[str, ...] | None:
    """Return the channels' names, or None."""
    if names is None:
        return None
    must(isinstance(names, (tuple, list)), "channel_names", "a tuple of names", names)
    remedy = "Give n_channels= to match."
    must(len(names) == n_channels, "channel_names", f"{n_channels} names", f"{len(names)} of them", remedy)
    for name in names:
        ok = isinstance(name, str) and name.isprintable() and name == name.strip() != "" and not name.endswith(".ncs")
        must(ok, "channel_names", "names that are printable, not empty and without .ncs", name)
    twice = [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []
    must(not twice, "channel_names", "every name once", twice[:1])
    return tuple(names)
