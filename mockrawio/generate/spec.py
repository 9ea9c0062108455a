"""What a session is to be: :class:`SessionSpec`, a value that makes the same session every time."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..session.clock import EARLIEST_MS, LATEST_MS
from ..session.errors import MockSessionError
from . import timing
from .draws import fresh_seed

__all__ = ["SessionSpec"]

REGIONS = ("LA", "LAH", "LEC", "LMH", "LPHC", "RA", "RAH", "REC", "RMH", "RPHC")
BUNDLE = 8
ENCODINGS = ("int16", "float64")

# The least and the most that each whole number may be.
_WHOLE = {
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
# The least and the most that each number may be; what they are in follows their names.
_REAL = {
    "duration_s": (1.0, 1e8),
    "gap_s": (0.001, 1e8),
    "stimulus_len": (0.0, 1e6),
    "lfp_noise_uV": (0.0, 1e4),
    "refractory_ms": (0.0, 1e4),
}


@dataclass(frozen=True, kw_only=True)
class SessionSpec:
    """What a session is made from; with a seed, every byte of it.

    The defaults of what is drawn are those of Epiphyte's generator (document 000), scaled
    to the length of the recording.

    Parameters
    ----------
    patient_id, session_nr : int
        Which session it is; both name its folder.
    duration_s : float, optional
        Recorded seconds, a whole number of ms and at least 1 s. None: 95 to 105 minutes.
    segments : tuple of float, optional
        Recorded seconds of each segment, in place of `duration_s`.
    gap_s : float
        Seconds without samples between segments; 0.001 is one missing sample at 1 kHz.
    seed : int, optional
        None draws one when the session is made, and records it.
    n_channels : int
        Number of channels that have a name and may have units.
    n_units : int, optional
        Number of units, each on a channel drawn evenly. None: 20 to 100.
    n_lfp_channels : int
        How many of the channels have an LFP file.
    encoding : {"int16", "float64"}
        Counts with gain and offset beside them, or what Epiphyte writes.
    stimulus_len : float, optional
        Movie length in minutes. None: the longest that fits, up to 83.33.
    start_ms : int, optional
        Start in ms since the Unix epoch. None: between September 2012 and September 2023.
    lfp_noise_uV : float
        Standard deviation of 1/f noise on the LFP, in µV.
    n_events : int, optional
        Rows of events and of the DAQ log. None: 4000 to 5400, fewer below 90 minutes.
    artifacts : bool
        Whether the watchlog has pauses and skips.
    refractory_ms : float
        Least time between two spikes of a unit; the spike clock ticks 32 times a ms.
    rate_hz : tuple of two floats, optional
        Lowest and highest firing rate. None: 50 to 5000 spikes a unit, fewer below 90 minutes.
    spikes_per_unit : tuple of two ints, optional
        Lowest and highest number of spikes, in place of `rate_hz`.
    channel_names : tuple of str, optional
        Names without ``.ncs``. None: ten regions by 8, ``LA1`` to ``RPHC8``.

    Raises
    ------
    MockSessionError
        If a field is not what it must be, or the fields do not go together.

    Examples
    --------
    >>> SessionSpec(patient_id=1, session_nr=1, segments=(6.0, 4.0), seed=2).recorded_ms
    10000
    """

    patient_id: int = 1
    session_nr: int = 1
    duration_s: float | None = None
    segments: tuple[float, ...] | None = None
    gap_s: float = 2.0
    seed: int | None = None
    n_channels: int = 80
    n_units: int | None = 40
    n_lfp_channels: int = 1
    encoding: str = "int16"
    stimulus_len: float | None = None
    start_ms: int | None = None
    lfp_noise_uV: float = 0.0
    n_events: int | None = None
    artifacts: bool = True
    refractory_ms: float = 3.0
    rate_hz: tuple[float, float] | None = (0.5, 10.0)
    spikes_per_unit: tuple[int, int] | None = None
    channel_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in _WHOLE:
            self._set(name, _whole(name, getattr(self, name)))
        for name in _REAL:
            self._set(name, _real(name, getattr(self, name)))
        _require(isinstance(self.artifacts, bool), "artifacts", "True or False", self.artifacts)
        _require(self.encoding in ENCODINGS, "encoding", "'int16' or 'float64'", self.encoding)
        self._set("segments", _durations(self.segments))
        self._set("rate_hz", _pair("rate_hz", self.rate_hz, numbers.Real))
        self._set("spikes_per_unit", _pair("spikes_per_unit", self.spikes_per_unit, numbers.Integral))
        self._set("channel_names", _names(self.channel_names, self.n_channels))
        self._check_lengths()
        self._check_spikes()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_lengths(self) -> None:
        most = f"at most n_channels, {self.n_channels}"
        _require(self.n_lfp_channels <= self.n_channels, "n_lfp_channels", most, self.n_lfp_channels)
        for name in ("duration_s", "gap_s"):
            seconds = getattr(self, name)
            _require(seconds is None or _is_whole_ms(seconds), name, "a whole number of ms", seconds)
        recorded = self.recorded_ms
        if recorded is None:
            return
        if self.duration_s is not None:
            agree = recorded == round(self.duration_s * 1000)
            _require(agree, "duration_s", "the sum of segments", self.duration_s, "Give only one of the two.")
        _require(recorded >= 1000, "segments", "at least 1 s in all", self.segments)
        length = self.length_ms or recorded
        if self.stimulus_len is not None:
            fits = timing.room_for(timing.frame_count(self.stimulus_len), length) <= length
            remedy = "Give a longer recording, or stimulus_len=None for the longest movie that fits."
            _require(fits, "stimulus_len", f"a movie that fits {length / 60000:.4g} minutes", self.stimulus_len, remedy)

    def _check_spikes(self) -> None:
        recorded = self.recorded_ms or timing.LENGTH_MS
        most = self.spike_range(recorded)[1]
        room = 0.9 * recorded * timing.SPIKE_CLOCK
        name = "rate_hz" if self.spikes_per_unit is None else "spikes_per_unit"
        expected = f"spikes that leave a tenth of {recorded / 1000:g} s free with {self.refractory_ms} ms between them"
        remedy = "Give fewer spikes or a shorter refractory_ms."
        _require(most * self.refractory_ticks <= room, name, expected, f"up to {most} a unit", remedy)

    @classmethod
    def epiphyte(cls, **fields: Any) -> SessionSpec:
        """Return what Epiphyte's generator draws from: all that is not given is left to the seed.

        Parameters
        ----------
        **fields
            Any field of the class. With a `duration_s` or `segments` of one's own the movie
            is as long as fits, else 83.33 minutes.
        """
        own_length = {"duration_s", "segments"} & fields.keys()
        stimulus_len = None if own_length else timing.STIMULUS_MIN
        return cls(**{"n_units": None, "rate_hz": None, "stimulus_len": stimulus_len, **fields})

    @classmethod
    def tiny(cls, **fields: Any) -> SessionSpec:
        """Return ten seconds of 16 channels, 4 units and one LFP, below 300 kB: for tests and examples.

        Parameters
        ----------
        **fields
            Any field of the class.
        """
        own_length = {"duration_s", "segments"} & fields.keys()
        defaults = {"n_channels": 16, "n_units": 4, "rate_hz": (2.0, 8.0)}
        return cls(**{**defaults, **({} if own_length else {"duration_s": 10.0}), **fields})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SessionSpec:
        """Return the spec that :meth:`to_dict` gave, as it stands in a manifest.

        Raises
        ------
        MockSessionError
            If a key is not a field, or a value not what the field takes.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise MockSessionError(
                f"SessionSpec: expected the fields {', '.join(sorted(known))}; found {', '.join(unknown)}. Remove it."
            )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict that JSON takes, tuples as lists."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def seeded(self) -> SessionSpec:
        """Return this spec with its seed, or with one drawn if it has none."""
        return self if self.seed is not None else replace(self, seed=fresh_seed())

    @property
    def recorded_ms(self) -> int | None:
        """Recorded ms in all, gaps left out; None if it is drawn."""
        if self.segments is not None:
            return sum(round(s * 1000) for s in self.segments)
        return None if self.duration_s is None else round(self.duration_s * 1000)

    @property
    def length_ms(self) -> int | None:
        """Ms from start to end, gaps included; None if it is drawn."""
        gaps = len(self.segments or (0,)) - 1
        return None if self.recorded_ms is None else self.recorded_ms + gaps * round(self.gap_s * 1000)

    @property
    def refractory_ticks(self) -> int:
        """The refractory period on the spike clock, rounded up; at least one tick."""
        return max(1, math.ceil(self.refractory_ms * timing.SPIKE_CLOCK))

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every channel, without ``.ncs``."""
        return self.channel_names or tuple(_default_name(k) for k in range(self.n_channels))

    def spike_range(self, recorded_ms: int) -> tuple[int, int]:
        """Return the lowest and highest number of spikes a unit may have in that many ms."""
        if self.spikes_per_unit is not None:
            return self.spikes_per_unit
        if self.rate_hz is None:
            return timing.scaled_range(timing.SPIKES, timing.share(recorded_ms))
        low, high = (rate * recorded_ms / 1000 for rate in self.rate_hz)
        return math.ceil(low), max(math.ceil(low), math.floor(high))


def _default_name(k: int) -> str:
    """Name channel `k` (from 0): wires of a region go on counting after the tenth region."""
    bundle, wire = divmod(k, BUNDLE)
    round_, region = divmod(bundle, len(REGIONS))
    return f"{REGIONS[region]}{round_ * BUNDLE + wire + 1}"


def _require(ok: bool, name: str, expected: str, found: object, remedy: str = "Change it.") -> None:
    if not ok:
        shown = found if isinstance(found, str) and " " in found else repr(found)
        raise MockSessionError(f"SessionSpec.{name}: expected {expected}; found {shown}. {remedy}")


def _whole(name: str, value: Any) -> int | None:
    if value is None and name in _DRAWN:
        return None
    low, high = _WHOLE[name]
    expected = f"a whole number from {low} to {high}" + (", or None to draw it" if name in _DRAWN else "")
    ok = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    _require(ok and low <= value <= high, name, expected, value)
    return operator.index(value)


def _real(name: str, value: Any) -> float | None:
    if value is None and name in ("duration_s", "stimulus_len"):
        return None
    low, high = _REAL[name]
    ok = isinstance(value, numbers.Real) and not isinstance(value, bool)
    _require(ok and low <= value <= high, name, f"a number from {low:g} to {high:g}", value)
    return float(value)


def _is_whole_ms(seconds: float) -> bool:
    return abs(seconds * 1000 - round(seconds * 1000)) < 1e-6 * max(1.0, seconds)


def _durations(segments: Any) -> tuple[float, ...] | None:
    if segments is None:
        return None
    expected = "a tuple of seconds, each a whole number of ms above 0"
    _require(isinstance(segments, (tuple, list)) and len(segments) > 0, "segments", expected, segments)
    for seconds in segments:
        ok = isinstance(seconds, numbers.Real) and 0.0005 < float(seconds) < 1e8 and _is_whole_ms(float(seconds))
        _require(ok, "segments", expected, seconds)
    return tuple(float(seconds) for seconds in segments)


def _pair(name: str, value: Any, kind: type) -> tuple[Any, Any] | None:
    if value is None:
        return None
    plain = int if kind is numbers.Integral else float
    expected = "None, or the lowest and the highest of them, two numbers from 0 up"
    ok = isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(v, kind) for v in value)
    _require(ok and 0 <= value[0] <= value[1] < 1e9, name, expected, value)
    return plain(value[0]), plain(value[1])


def _names(names: Any, n_channels: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    _require(isinstance(names, (tuple, list)), "channel_names", "a tuple of names", names)
    remedy = "Give n_channels= to match."
    _require(len(names) == n_channels, "channel_names", f"{n_channels} names", f"{len(names)} of them", remedy)
    for name in names:
        ok = isinstance(name, str) and name.isprintable() and name == name.strip() != "" and not name.endswith(".ncs")
        _require(ok, "channel_names", "names that are printable, not empty and without .ncs", name)
    twice = [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []
    _require(not twice, "channel_names", "every name once", twice[:1])
    return tuple(names)
