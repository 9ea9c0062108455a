"""What a raster is made from: functional groups, a duration and a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from os import PathLike, fspath
from typing import Any

from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.tomltext import read_toml
from .checks import float_array, number_in, whole_in
from .trains import bins_in

NOISE = "noise"


@dataclass(frozen=True)
class FunctionalGroup:
    """A group of units with one profile and rates from one distribution.

    Parameters
    ----------
    name : str
        What the group is called.
    n_units : int
        How many units it has.
    rate_hz : float
        Their mean rate, where the profile is 1.
    log_rate_sd : float
        The standard deviation of the logarithm of the rates, which are log-normal with mean
        `rate_hz`; at 0 all are the same.
    profile : "noise", array_like of shape (n_bins,), or None
        What rates are multiplied with in each bin: the raster maker's noise, scaled to mean 1; or
        values as they are, kept as a tuple; or 1 throughout.
    follows : str or None
        The name of an earlier group whose own mean rate, later by `shift_ms` and scaled to
        mean 1, is the profile; as `shift_exc_noise` makes it. Not beside `profile`.
    shift_ms : float
        The delay.
    refractory_ms, gamma_shape, synchrony, max_one_per_bin
        As in `poisson_raster`.

    Raises
    ------
    MockSessionError
        If a field is not one of the above.
    """

    name: str
    n_units: int
    rate_hz: float
    log_rate_sd: float = 0.0
    profile: Any = None
    follows: str | None = None
    shift_ms: float = 4.0
    refractory_ms: float = 0.0
    gamma_shape: float = 1.0
    synchrony: float = 0.0
    max_one_per_bin: bool = False

    def __post_init__(self) -> None:
        require(isinstance(self.name, str) and bool(self.name), "FunctionalGroup.name", "a name", self.name)
        self._set("n_units", whole_in(self._at("n_units"), self.n_units, 0, 10**9))
        for name, high in (("rate_hz", 1e6), ("log_rate_sd", 10.0), ("shift_ms", 1e9), ("refractory_ms", 1e6)):
            self._set(name, number_in(self._at(name), getattr(self, name), 0, high))
        self._set("gamma_shape", number_in(self._at("gamma_shape"), self.gamma_shape, 0, open_low=True))
        self._set("synchrony", number_in(self._at("synchrony"), self.synchrony, 0, 1))
        require(isinstance(self.max_one_per_bin, bool), self._at("max_one_per_bin"), "a bool", self.max_one_per_bin)
        if isinstance(self.profile, str):
            require(self.profile == NOISE, self._at("profile"), '"noise", numbers, or None', self.profile)
        elif self.profile is not None:
            self._set("profile", tuple(float_array(self._at("profile"), self.profile, (1,)).tolist()))
        alone = self.profile is None or self.follows is None
        require(alone, self._at("follows"), "None beside a profile", self.follows, "Leave one out.")

    def _at(self, field: str) -> str:
        return f"group {self.name!r}: {field}"

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


@dataclass(frozen=True)
class RasterSpec:
    """The specification of a raster: the same spec gives the same spikes.

    Parameters
    ----------
    groups : sequence of FunctionalGroup, or of mappings with their fields
        In the order of their ids, from `start_id` on; names differ.
    duration_s : float
        How long.
    seed : int
        What everything is drawn from.
    dt_ms : float
        A bin of the profiles.
    start_id : int
        The first unit's id.

    Raises
    ------
    MockSessionError
        If a field is not one of the above, or a group follows one that does not come before it.
    """

    groups: tuple[FunctionalGroup, ...]
    duration_s: float
    seed: int = 0
    dt_ms: float = 1.0
    start_id: int = 0

    def __post_init__(self) -> None:
        some = isinstance(self.groups, list | tuple) and len(self.groups) > 0
        require(some, "groups", "one group or more", self.groups)
        self._set("groups", tuple(_group(group) for group in self.groups))
        self._set("duration_s", number_in("duration_s", self.duration_s, 0, 1e8, open_low=True))
        self._set("seed", whole_in("seed", self.seed, 0, 2**128 - 1))
        self._set("dt_ms", number_in("dt_ms", self.dt_ms, 1e-3, 1e6))
        self._set("start_id", whole_in("start_id", self.start_id, 0, 2**62))
        self._check_names()
        for group in self.groups:
            if isinstance(group.profile, tuple):
                found, expected = len(group.profile), f"{self.n_bins} numbers, one for each bin"
                require(found == self.n_bins, f"group {group.name!r}: profile", expected, found)

    @property
    def n_bins(self) -> int:
        """How many bins a profile has; the last may be cut short by the end."""
        return bins_in(self.duration_s * 1000, self.dt_ms)

    @property
    def ids(self) -> dict[str, range]:
        """The ids of each group's units."""
        ranges, start = {}, self.start_id
        for group in self.groups:
            ranges[group.name] = range(start, start + group.n_units)
            start += group.n_units
        return ranges

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as plain values, as :meth:`from_dict` takes it and JSON can hold it."""
        return asdict(self) | {"groups": [asdict(group) for group in self.groups]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RasterSpec:
        """Return the spec that a mapping describes.

        Parameters
        ----------
        values : mapping
            Fields by name; `groups` is a list of mappings.

        Raises
        ------
        MockSessionError
            If a name is unknown or missing, or a value is not what it may be.
        """
        return cls(**_known(cls, values, "spec"))

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> RasterSpec:
        """Return the spec in a TOML file.

        Parameters
        ----------
        path : str or PathLike
            The file: fields at the top, and a table ``[[groups]]`` for each group.

        Raises
        ------
        BadFileError
            If it cannot be read, or is not TOML.
        MockSessionError
            As :meth:`from_dict`.
        """
        return cls.from_dict(read_toml(fspath(path)))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_names(self) -> None:
        seen: list[str] = []
        for group in self.groups:
            require(group.name not in seen, "groups", "names that differ", f"{group.name!r} twice")
            before = group.follows is None or group.follows in seen
            expected = f"the name of a group before it ({', '.join(seen) or 'none'})"
            require(before, f"group {group.name!r}: follows", expected, group.follows)
            seen.append(group.name)


def _group(value: Any) -> FunctionalGroup:
    if isinstance(value, Mapping):
        return FunctionalGroup(**_known(FunctionalGroup, value, f"group {value.get('name')!r}"))
    require(isinstance(value, FunctionalGroup), "groups", "functional groups", value)
    group: FunctionalGroup = value
    return group


def _known(cls: Any, values: Mapping[str, Any], what: str) -> dict[str, Any]:
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        expected = ", ".join(sorted(known))
        raise MockSessionError(what, f"fields among {expected}", ", ".join(unknown), "Remove them.")
    needed = ("groups", "duration_s") if cls is RasterSpec else ("name", "n_units", "rate_hz")
    missing = [name for name in needed if name not in values]
    require(not missing, what, f"a field {', '.join(missing)}", "no such field", "Give it.")
    return dict(values)
