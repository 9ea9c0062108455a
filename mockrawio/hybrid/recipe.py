"""What is asked of a hybrid run: which units, where to, how often, how large; nothing about files.

Names, rules and defaults are hybridfactory's (docs/hybridfactory.rst, *Parameters*), and there are three more
(`compat`, `max_events`, `allow_skips`). Once nothing is left open (:meth:`Recipe.resolved`), a recipe and a source
always make the same plan.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ..ground.checks import is_real, is_whole, require
from ..ground.shown import Argument

SEEDS = 1 << 31

# Least and greatest value of the whole numbers; those in _OPTIONAL may be None.
_WHOLE = {
    "random_seed": (0, SEEDS - 1),
    "num_singular_values": (1, None),
    "channel_shift": (0, None),
    "jitter_factor": (0, None),
    "samples_before": (1, None),
    "samples_after": (1, None),
    "max_events": (1, None),
}
_OPTIONAL = {"random_seed", "channel_shift", "max_events"}

Self = TypeVar("Self", bound="Recipe")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Parameters of a hybrid run, checked on creation.

    Parameters
    ----------
    ground_truth_units : iterable of int
        Labels of the units to use, as the source's :class:`~mockrawio.hybrid.Sorting` has them. Kept in the
        order given, sets ascending.
    session_name : str, optional
        Part of the names of the results. None draws eight hexadecimal digits.
    random_seed : int, optional
        0 to 2**31 - 1. None draws one.
    num_singular_values : int
        Rank of the reconstructed events.
    channel_shift : int, optional
        How far events are moved, in steps of the probe's order. None draws where they go.
    synthetic_rate : iterable of float
        Hz of each unit's artificial events, one per unit; empty for the units' own times.
    jitter_factor : int
        Samples; half of it is the standard deviation of the moves in time.
    amplitude_scale_min, amplitude_scale_max : float
        Least and greatest factor of the amplitudes.
    samples_before, samples_after : int
        Length of an event's window on both sides of its time.
    compat : bool
        Whether to compute as the original did, its faults included.
    max_events : int, optional
        Most events per unit; None for no limit (with `compat` the original's 25,000).
    allow_skips : bool
        Whether the run succeeds although a unit cannot be used.

    Raises
    ------
    MockSessionError
        If a parameter is invalid, or parameters conflict.
    """

    ground_truth_units: tuple[int, ...]
    session_name: str | None = None
    random_seed: int | None = None
    num_singular_values: int = 6
    channel_shift: int | None = None
    synthetic_rate: tuple[float, ...] = ()
    jitter_factor: int = 100
    amplitude_scale_min: float = 1.0
    amplitude_scale_max: float = 1.0
    samples_before: int = 40
    samples_after: int = 40
    compat: bool = False
    max_events: int | None = None
    allow_skips: bool = False

    def __post_init__(self) -> None:
        self._set("ground_truth_units", _units(self.ground_truth_units))
        for name, limits in _WHOLE.items():
            self._set(name, checked_whole(name, getattr(self, name), *limits, optional=name in _OPTIONAL))
        for name in ("compat", "allow_skips"):
            self._set(name, checked_flag(name, getattr(self, name)))
        self._check_name()
        self._check_amplitudes()
        self._check_rates()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_name(self) -> None:
        name = self.session_name
        usable = name is None or (isinstance(name, str) and name.strip() == name != "" and name.isprintable())
        refuse_unless(usable and not set(name or "") & set('/\\:*?"<>|'), "session_name", "part of a file's name", name)

    def _check_amplitudes(self) -> None:
        for name in ("amplitude_scale_min", "amplitude_scale_max"):
            value = getattr(self, name)
            refuse_unless(is_real(value) and 0 < value < np.inf, name, "a factor above 0", value)
            self._set(name, float(value))
        low, high = self.amplitude_scale_min, self.amplitude_scale_max
        refuse_unless(low <= high, "amplitude_scale_min", f"at most amplitude_scale_max, {high}", low)

    def _check_rates(self) -> None:
        rates = checked_list("synthetic_rate", self.synthetic_rate, "a list of rates in Hz, one a unit, or none")
        expected = f"no rates, or one for each of {len(self.ground_truth_units)} units"
        fits = len(rates) in (0, len(self.ground_truth_units))
        refuse_unless(fits, "synthetic_rate", expected, f"{len(rates)} of them")
        self._set("synthetic_rate", tuple(checked_rate("synthetic_rate", rate) for rate in rates))

    def check_for(self, sample_rate: float) -> None:
        """Refuse rates that no recording of this sample rate can hold."""
        fast = [rate for rate in self.synthetic_rate if rate > sample_rate]
        refuse_unless(not fast, "synthetic_rate", f"at most the sample_rate, {sample_rate}", fast[:1])

    @property
    def rates(self) -> list[float | None]:
        """The rate of each unit's new events, Hz; None for the unit's own times."""
        return [*self.synthetic_rate] or [None] * len(self.ground_truth_units)

    @property
    def drawn_with(self) -> str:
        """What repeats the run, in words."""
        return f"seed {self.random_seed}"

    @property
    def saved(self) -> dict[str, bytes]:
        """The file that repeats the run, if there can be one: name to content."""
        return {}

    def resolved(self: Self) -> Self:
        """Return these parameters with what was left open drawn, so that they repeat a run."""
        return replace(
            self,
            session_name=secrets.token_hex(4) if self.session_name is None else self.session_name,
            random_seed=secrets.randbelow(SEEDS) if self.random_seed is None else self.random_seed,
        )


def refuse_unless(ok: bool, name: str, expected: str, found: object) -> None:
    """Raise an error that names the parameter as users know it, unless it is as expected."""
    require(ok, Argument(name, of="HybridParams"), expected, found)


def checked_flag(name: str, value: Any) -> bool:
    """Return a bool, given as Python's or NumPy's."""
    refuse_unless(isinstance(value, (bool, np.bool_)), name, "True or False", value)
    return bool(value)


def checked_rate(name: str, value: Any) -> float:
    """Return a number of Hz, an int if it is whole."""
    refuse_unless(is_real(value) and 0 < value < np.inf, name, "a number of Hz above 0", value)
    return int(value) if value == int(value) else float(value)


def checked_whole(name: str, value: Any, low: int, high: int | None, *, optional: bool) -> int | None:
    """Return a whole number within limits, or None where that is allowed."""
    if value is None and optional:
        return None
    expected = f"a whole number from {low} {'up' if high is None else f'to {high}'}{', or None' if optional else ''}"
    refuse_unless(is_whole(value) and value >= low and (high is None or value <= high), name, expected, value)
    return int(value)


def checked_list(name: str, value: Any, expected: str) -> list[Any]:
    """Return an iterable's items as a list; texts, mappings and more than one dimension are refused."""
    ok = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    refuse_unless(ok and getattr(value, "ndim", 1) == 1, name, expected, value)
    return list(value)


def _units(value: Any) -> tuple[int, ...]:
    expected = "a list of labels, whole numbers from 0 up, one at least"
    units = checked_list("ground_truth_units", value, expected)
    ok = len(units) > 0 and all(is_whole(unit) and unit >= 0 for unit in units)
    refuse_unless(ok, "ground_truth_units", expected, value)
    return tuple(sorted(map(int, units)) if isinstance(value, (set, frozenset)) else map(int, units))
