"""The parameters of a hybrid run, from Python, from TOML, or from a ``params.py`` read as data.

Names, rules and defaults are those of HYBRID.md, section 2, but for these: unknown names are errors,
`copy` is on, `output_type` may be left out, and there are five more (`compat` to `allow_skips`).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..formats.sorters import check_type, infer_output_type
from ..ground.checks import is_real, is_whole, require
from ..ground.errors import BadFileError, MockSessionError
from ..ground.writing import write_file
from . import params_files
from .probe import Probe
from .raw_files import raw_paths

__all__ = ["HybridParams"]

_DEFAULT: Any = None  # becomes what the docstring says
COMPAT_MAX_EVENTS = 25_000  # the original's own cap
SEEDS = 1 << 31

# Least value of the whole numbers; those in _OPTIONAL may be None.
_WHOLE = {
    "random_seed": 0,
    "num_singular_values": 1,
    "channel_shift": 0,
    "jitter_factor": 0,
    "samples_before": 1,
    "samples_after": 1,
    "phy_base": 0,
    "max_events": 1,
}
_OPTIONAL = {"random_seed", "channel_shift", "phy_base", "max_events"}
_MOST = {"random_seed": SEEDS - 1, "phy_base": 1}


@dataclass(frozen=True)
class HybridParams:
    """Everything that a hybrid run depends on, checked when it is made.

    Parameters
    ----------
    data_directory : path
        The folder of the sorter's output; kept absolute.
    raw_source_file : path
        The raw file, or a glob of files that form one recording; kept absolute.
    data_type : dtype-like
        Of the raw samples (``"int16"``, ``np.int16``); kept as its name.
    sample_rate : int or float
        Hz.
    ground_truth_units : iterable of int
        Labels of the units to use, as :class:`~mockrawio.hybrid.Sorting` has them: for phy
        the cluster's label plus 1. Kept in the order given, sets ascending.
    probe : Probe
        The probe's layout.
    start_time : int or iterable of int, optional
        First sample of the files on the absolute axis. None: as ``.meta`` says, else 0.
    session_name : str, optional
        Part of the names of the results. None draws eight hexadecimal digits.
    random_seed : int, optional
        0 to 2**31 - 1. None draws one.
    output_directory : path, optional
        Where results go; kept absolute. None: ``hybrid_output`` in `data_directory`.
    output_type : str, optional
        Format of the sorter's output, one of :func:`mockrawio.formats.sorters.formats`. None infers it from the files.
    num_singular_values : int
        Rank of the reconstructed events.
    channel_shift : int, optional
        How far events are moved, in steps of the probe's order. None draws where they go.
    synthetic_rate : iterable of float
        Hz of each unit's artificial events, one a unit; empty for the units' own times.
    jitter_factor : int
        Samples; half of it is the standard deviation of the moves in time.
    amplitude_scale_min, amplitude_scale_max : float
        Least and greatest factor of the amplitudes.
    samples_before, samples_after : int
        Length of an event's window on both sides of its time.
    copy : bool
        Whether the source is copied to the target first.
    compat : bool
        Whether to compute as the original did, its faults included.
    phy_base : {0, 1}, optional
        What phy's files call the first sample. None infers it.
    max_events : int, optional
        Most events a unit; None for no limit (with `compat` the original's 25,000).
    allow_skips : bool
        Whether a unit that cannot be used is no failure of the run.

    Raises
    ------
    MockSessionError
        If a parameter is not what it must be, or they do not go together.
    """

    data_directory: Path
    raw_source_file: str
    data_type: str
    sample_rate: float
    ground_truth_units: tuple[int, ...]
    probe: Probe
    start_time: int | tuple[int, ...] | None = None
    session_name: str | None = None
    random_seed: int | None = None
    output_directory: Path = _DEFAULT
    output_type: str | None = None
    num_singular_values: int = 6
    channel_shift: int | None = None
    synthetic_rate: tuple[float, ...] = ()
    jitter_factor: int = 100
    amplitude_scale_min: float = 1.0
    amplitude_scale_max: float = 1.0
    samples_before: int = 40
    samples_after: int = 40
    copy: bool = True
    compat: bool = False
    phy_base: int | None = None
    max_events: int | None = None
    allow_skips: bool = False

    def __post_init__(self) -> None:
        for name in ("data_directory", "raw_source_file"):
            self._set(name, _path(name, getattr(self, name)))
        output: Any = self.output_directory
        default = self.data_directory / "hybrid_output"
        self._set("output_directory", _path("output_directory", default if output is None else output))
        self._set("data_type", _dtype_name(self.data_type))
        self._set("sample_rate", _rate("sample_rate", self.sample_rate))
        self._set("ground_truth_units", _units(self.ground_truth_units))
        _require(isinstance(self.probe, Probe), "probe", "a Probe", self.probe)
        self._set("start_time", _start_time(self.start_time))
        for name in _WHOLE:
            self._set(name, _whole(name, getattr(self, name)))
        for name in ("copy", "compat", "allow_skips"):
            value = getattr(self, name)
            _require(isinstance(value, (bool, np.bool_)), name, "True or False", value)
            self._set(name, bool(value))
        self._check_names()
        self._check_amplitudes()
        self._check_rates()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_names(self) -> None:
        name = self.session_name
        usable = name is None or (isinstance(name, str) and name.strip() == name != "" and name.isprintable())
        _require(usable and not set(name or "") & set('/\\:*?"<>|'), "session_name", "part of a file's name", name)
        check_type("HybridParams.output_type", self.output_type)

    def _check_amplitudes(self) -> None:
        for name in ("amplitude_scale_min", "amplitude_scale_max"):
            value = getattr(self, name)
            _require(is_real(value) and 0 < value < np.inf, name, "a factor above 0", value)
            self._set(name, float(value))
        low, high = self.amplitude_scale_min, self.amplitude_scale_max
        _require(low <= high, "amplitude_scale_min", f"at most amplitude_scale_max, {high}", low)

    def _check_rates(self) -> None:
        rates = _listed("synthetic_rate", self.synthetic_rate, "a list of rates in Hz, one a unit, or none")
        n_units = len(self.ground_truth_units)
        found = f"{len(rates)} of them"
        _require(len(rates) in (0, n_units), "synthetic_rate", f"no rates, or one for each of {n_units} units", found)
        checked = tuple(_rate("synthetic_rate", rate) for rate in rates)
        fast = [rate for rate in checked if rate > self.sample_rate]
        _require(not fast, "synthetic_rate", f"at most the sample_rate, {self.sample_rate}", fast[:1])
        self._set("synthetic_rate", checked)

    @property
    def event_cap(self) -> int | None:
        """Most events a unit; None if there is no limit."""
        return COMPAT_MAX_EVENTS if self.compat and self.max_events is None else self.max_events

    def resolved(self) -> HybridParams:
        """Return these parameters with what was left open drawn or inferred, so that they repeat a run.

        Raises
        ------
        BadFileError
            If `output_type` is None and `data_directory` holds no sorter's output.
        """
        return replace(
            self,
            session_name=secrets.token_hex(4) if self.session_name is None else self.session_name,
            random_seed=secrets.randbelow(SEEDS) if self.random_seed is None else self.random_seed,
            output_type=self.output_type or infer_output_type(self.data_directory),
        )

    def check_paths(self) -> None:
        """Check that the folder and the raw files are there.

        Raises
        ------
        MockSessionError
            If one is not.
        """
        there = self.data_directory.is_dir()
        _require(there, "data_directory", "a folder that exists", str(self.data_directory))
        for path in raw_paths(self.raw_source_file):
            _require(os.path.exists(path), "raw_source_file", "a file that exists", path)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, base: str | os.PathLike[str] = ".") -> HybridParams:
        """Return parameters given by name.

        Parameters
        ----------
        values : mapping
            A value each.
        base : path
            What relative paths are relative to.

        Raises
        ------
        MockSessionError
            If a name is unknown, a required one is missing, or a value is not what it must be.
        """
        params_files.check_names(values, cls)
        paths = {name for name in ("data_directory", "output_directory", "raw_source_file") if name in values}
        paths -= {"output_directory"} if values.get("output_directory") is None else set()
        return cls(**{**values, **{name: _path(name, values[name], os.fspath(base)) for name in paths}})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> HybridParams:
        """Read a parameter file, ``.toml`` or ``.py``; see :meth:`from_toml` and :meth:`from_py`.

        Raises
        ------
        BadFileError
            If it has another suffix.
        """
        forms = {".toml": cls.from_toml, ".py": cls.from_py}
        suffix = Path(path).suffix.lower()
        if suffix not in forms:
            found = repr(suffix) if suffix else "no suffix"
            raise BadFileError(path, "a file of parameters, .toml or .py", found, "Give it the suffix of its form.")
        return forms[suffix](path)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> HybridParams:
        """Read a TOML file: the parameters' own names, and a table ``[probe]``.

        The probe may also be ``"neuropixels3a"``, ``"eMouse"`` or the path of a probe's ``.npz``, or
        a table ``{builtin = "neuropixels3a", sync_channel = false}``. Relative paths are relative
        to the file's folder.

        Raises
        ------
        MockSessionError
            If the file is not TOML, or not parameters, or what it names is not there.
        """
        return cls._from_file(path, params_files.read_toml(os.fspath(path)), {})

    @classmethod
    def from_py(cls, path: str | os.PathLike[str]) -> HybridParams:
        """Read a file of document 001's form as data, without running it.

        A name that is no parameter must be used by a line below it, or begin with an underscore.
        Relative paths are relative to the file's folder.

        Raises
        ------
        BadFileError
            If a line is anything but data; with that line.
        MockSessionError
            If the values are not parameters, or what they name is not there.
        """
        values, lines = params_files.read_python(os.fspath(path), cls)
        return cls._from_file(path, values, lines)

    @classmethod
    def _from_file(cls, path: str | os.PathLike[str], values: dict[str, Any], lines: dict[str, int]) -> HybridParams:
        try:
            params = cls.from_dict(values, base=Path(path).absolute().parent)
            params.check_paths()
        except MockSessionError as error:
            raise params_files.located(os.fspath(path), error, lines) from None
        return params

    def to_toml(self) -> str:
        """Return the TOML form: all parameters that are not None, the probe's arrays in full."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return params_files.toml_text({name: value for name, value in values.items() if value is not None})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the TOML form, with absolute paths; :meth:`load` gives the same parameters again.

        Parameters
        ----------
        path : str or PathLike
            A file whose suffix is ``.toml``. Replaced if it exists.

        Raises
        ------
        BadFileError
            If it has another suffix.
        """
        if Path(path).suffix.lower() != ".toml":
            raise BadFileError(path, "a name that ends in .toml", repr(Path(path).name), "Change the name.")
        write_file(path, [self.to_toml().encode()])


def _require(ok: bool, name: str, expected: str, found: object) -> None:
    require(ok, f"HybridParams.{name}", expected, found)


def _path(name: str, value: Any, base: str = ".") -> Any:
    """Return a path made absolute: a Path, but of `raw_source_file` a str, which may be a glob."""
    ok = isinstance(value, (str, os.PathLike)) and os.fspath(value) not in ("", b"") and "\0" not in str(value)
    _require(ok and isinstance(os.fspath(value), str), name, "a path", value)
    if name == "raw_source_file":
        return params_files.absolute_source(os.fspath(value), base)
    return Path(os.path.abspath(os.path.join(base, value)))


def _dtype_name(value: Any) -> str:
    try:
        dtype = np.dtype(value) if value is not None else np.dtype(object)
    except (TypeError, ValueError):
        dtype = np.dtype(object)
    ok = dtype.kind in "iu" and dtype == dtype.newbyteorder("<")
    _require(ok, "data_type", "a little-endian integer type, such as np.int16", value)
    return dtype.name


def _rate(name: str, value: Any) -> float:
    _require(is_real(value) and 0 < value < np.inf, name, "a number of Hz above 0", value)
    return int(value) if value == int(value) else float(value)


def _whole(name: str, value: Any) -> int | None:
    if value is None and name in _OPTIONAL:
        return None
    low, high = _WHOLE[name], _MOST.get(name)
    expected = f"a whole number from {low} {'up' if high is None else f'to {high}'}"
    expected += ", or None" if name in _OPTIONAL else ""
    _require(is_whole(value) and value >= low and (high is None or value <= high), name, expected, value)
    return int(value)


def _listed(name: str, value: Any, expected: str) -> list[Any]:
    ok = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    _require(ok and getattr(value, "ndim", 1) == 1, name, expected, value)
    return list(value)


def _units(value: Any) -> tuple[int, ...]:
    expected = "a list of labels, whole numbers from 0 up, one at least"
    units = _listed("ground_truth_units", value, expected)
    ok = len(units) > 0 and all(is_whole(unit) and unit >= 0 for unit in units)
    _require(ok, "ground_truth_units", expected, value)
    return tuple(sorted(map(int, units)) if isinstance(value, (set, frozenset)) else map(int, units))


def _start_time(value: Any) -> int | tuple[int, ...] | None:
    expected = "a sample from 0 up, or a list of them, one a file"
    many = value is not None and not is_whole(value)
    starts = _listed("start_time", value, expected) if many else [] if value is None else [value]
    ok = all(is_whole(start) and start >= 0 for start in starts) and (len(starts) > 0 or value is None)
    _require(ok, "start_time", expected, value)
    return tuple(map(int, starts)) if many else int(value) if starts else None
