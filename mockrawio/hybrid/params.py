"""The parameters of a hybrid run of files, from Python, from TOML, or from a ``params.py`` read as data.

:class:`HybridParams` is a :class:`~mockrawio.hybrid.recipe.Recipe` and a :class:`FileSource`, and says where
results go. Names, rules and defaults are hybridfactory's (docs/hybridfactory.rst, *Parameters*), with these
differences: unknown names are errors, `copy` is on, `output_type` may be left out, and there are four more (`compat`
to `allow_skips`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..formats.sorters import check_type, load_sorting
from ..ground.checks import is_whole
from ..ground.errors import BadFileError, MockSessionError
from ..ground.places import AnyPath
from ..ground.shown import Argument
from ..ground.writing import write_file
from . import params_files
from .raw_files import raw_paths
from .raw_probe import Probe
from .recipe import Recipe, checked_flag, checked_list, checked_rate, checked_whole, refuse_unless
from .recording import integer_type, open_raw
from .source import HybridSource

_DEFAULT: Any = None  # becomes what the docstring says
# In the order in which files and manifests have them; `copy` is the original's, and says nothing here.
PARAMETERS = (
    *("data_directory", "raw_source_file", "data_type", "sample_rate", "ground_truth_units", "probe", "start_time"),
    *("session_name", "random_seed", "output_directory", "output_type", "num_singular_values", "channel_shift"),
    *("synthetic_rate", "jitter_factor", "amplitude_scale_min", "amplitude_scale_max", "samples_before"),
    *("samples_after", "copy", "compat", "phy_base", "max_events", "allow_skips"),
)


@dataclass(frozen=True, kw_only=True)
class FileSource:
    """Raw files and a sorter's folder, by path; checked on creation, opened by :meth:`open`.

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
    probe : Probe
        The probe's layout.
    start_time : int or iterable of int, optional
        First sample of the files on the absolute axis. None: as ``.meta`` says, else 0.
    output_type : str, optional
        Format of the sorter's output, one of :func:`mockrawio.formats.sorters.formats`. None infers it from the files.
    phy_base : {0, 1}, optional
        Number of the first sample in phy's files. None infers it.

    Raises
    ------
    MockSessionError
        If a parameter is invalid.
    """

    data_directory: Path
    raw_source_file: str
    data_type: str
    sample_rate: float
    probe: Probe
    start_time: int | tuple[int, ...] | None = None
    output_type: str | None = None
    phy_base: int | None = None

    def __post_init__(self) -> None:
        check_type(Argument("output_type", of="HybridParams"), self.output_type)
        refuse_unless(isinstance(self.probe, Probe), "probe", "a Probe", self.probe)
        checked = {name: _path(name, getattr(self, name)) for name in ("data_directory", "raw_source_file")}
        dtype = integer_type(self.data_type)
        refuse_unless(dtype.kind != "O", "data_type", "a little-endian integer type, such as np.int16", self.data_type)
        checked["data_type"] = dtype.name
        checked["sample_rate"] = checked_rate("sample_rate", self.sample_rate)
        checked["start_time"] = _start_time(self.start_time)
        checked["phy_base"] = checked_whole("phy_base", self.phy_base, 0, 1, optional=True)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def check_paths(self) -> None:
        """Check that the folder and the raw files are there."""
        there = self.data_directory.is_dir()
        refuse_unless(there, "data_directory", "a folder that exists", str(self.data_directory))
        for path in raw_paths(self.raw_source_file):
            refuse_unless(os.path.exists(path), "raw_source_file", "a file that exists", path)

    def open(self) -> HybridSource:
        """Open what is named as the source of a run; samples are mapped, and none is read."""
        recording = open_raw(
            self.raw_source_file,
            n_channels=self.probe.n_channels,
            dtype=self.data_type,
            sample_rate=self.sample_rate,
            start_time=self.start_time,
        )
        sorting = load_sorting(self.data_directory, self.output_type, phy_base=self.phy_base)
        return HybridSource(recording, sorting, self.probe)


@dataclass(frozen=True, kw_only=True)
class HybridParams(FileSource, Recipe):
    """All parameters of a hybrid run on files, checked on creation.

    Beside the two below it has all parameters of its parts: :class:`~mockrawio.hybrid.params.FileSource`, what the
    files are, and :class:`~mockrawio.hybrid.recipe.Recipe`, what is asked for. For phy a label in
    `ground_truth_units` is the cluster's in the file plus 1.

    Parameters
    ----------
    output_directory : path, optional
        Folder of the results; stored as an absolute path. None: ``hybrid_output`` in `data_directory`.
    copy : bool
        A parameter of hybridfactory's files. The source is copied either way, so that no events of an earlier run
        are in a result.

    Raises
    ------
    MockSessionError
        If a parameter is invalid, or parameters conflict.
    """

    output_directory: Path = _DEFAULT
    copy: bool = True

    def __post_init__(self) -> None:
        FileSource.__post_init__(self)
        output: Any = self.output_directory
        output = self.data_directory / "hybrid_output" if output is None else output
        self._set("output_directory", _path("output_directory", output))
        self._set("copy", checked_flag("copy", self.copy))
        Recipe.__post_init__(self)
        self.check_for(self.sample_rate)

    @property
    def drawn_with(self) -> str:
        """What repeats the run, in words."""
        phy = "" if self.phy_base is None else f", phy's samples counted from {self.phy_base}"
        return f"{super().drawn_with}{phy}"

    @property
    def saved(self) -> dict[str, bytes]:
        """The file that repeats the run: name to content."""
        return {f"hfparams_{self.session_name}.toml": self.to_toml().encode()}

    def told_by(self, source: HybridSource) -> HybridParams:
        """Return these parameters, completed with what the opened files told."""
        base = source.sorting.phy_base
        return replace(self, output_type=source.sorting.kind, phy_base=self.phy_base if base is None else base)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, base: AnyPath = ".") -> HybridParams:
        """Return parameters given by name.

        Parameters
        ----------
        values : mapping
            A value for each name.
        base : path
            What relative paths are relative to.

        Raises
        ------
        MockSessionError
            If a name is unknown, a required one is missing, or a value is not what it must be.
        """
        params_files.check_names(values, PARAMETERS, cls)
        paths = {name for name in ("data_directory", "output_directory", "raw_source_file") if name in values}
        paths -= {"output_directory"} if values.get("output_directory") is None else set()
        return cls(**{**values, **{name: _path(name, values[name], os.fspath(base)) for name in paths}})

    @classmethod
    def load(cls, path: AnyPath) -> HybridParams:
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
    def from_toml(cls, path: AnyPath) -> HybridParams:
        """Read a TOML file: the parameters' own names, and a table ``[probe]``.

        The probe may also be ``"neuropixels3a"``, ``"eMouse"`` or the path of a probe's ``.npz``, or
        a table ``{builtin = "neuropixels3a", sync_channel = false}``. Relative paths are relative
        to the file's folder.

        Raises
        ------
        MockSessionError
            If the file is not TOML, or not parameters, or what it names is not there.
        """
        return cls._from_file(path, params_files.read_toml_params(os.fspath(path)), {})

    @classmethod
    def from_py(cls, path: AnyPath) -> HybridParams:
        """Read hybridfactory's ``params.py`` as data, without running it.

        A name that is no parameter must be used by a line below it, or begin with an underscore.
        Relative paths are relative to the file's folder.

        Raises
        ------
        BadFileError
            If a line is anything but data; with that line.
        MockSessionError
            If the values are not parameters, or what they name is not there.
        """
        values, lines = params_files.read_python(os.fspath(path), PARAMETERS)
        return cls._from_file(path, values, lines)

    @classmethod
    def _from_file(cls, path: AnyPath, values: dict[str, Any], lines: dict[str, int]) -> HybridParams:
        try:
            params = cls.from_dict(values, base=Path(path).absolute().parent)
            params.check_paths()
        except MockSessionError as error:
            raise params_files.located(os.fspath(path), error, lines) from None
        return params

    def to_toml(self) -> str:
        """Return the TOML form: all parameters that are not None, the probe's arrays in full."""
        values = {name: getattr(self, name) for name in PARAMETERS}
        return params_files.toml_text({name: value for name, value in values.items() if value is not None})

    def save(self, path: AnyPath) -> None:
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


def _path(name: str, value: Any, base: str = ".") -> Any:
    """Return a path made absolute: a Path, but of `raw_source_file` a str, which may be a glob."""
    ok = isinstance(value, (str, os.PathLike)) and os.fspath(value) not in ("", b"") and "\0" not in str(value)
    refuse_unless(ok and isinstance(os.fspath(value), str), name, "a path", value)
    if name == "raw_source_file":
        return params_files.absolute_source(os.fspath(value), base)
    return Path(os.path.abspath(os.path.join(base, value)))


def _start_time(value: Any) -> int | tuple[int, ...] | None:
    expected = "a sample from 0 up, or a list of them, one a file"
    many = value is not None and not is_whole(value)
    starts = checked_list("start_time", value, expected) if many else [] if value is None else [value]
    ok = all(is_whole(start) and start >= 0 for start in starts) and (len(starts) > 0 or value is None)
    refuse_unless(ok, "start_time", expected, value)
    return tuple(map(int, starts)) if many else int(value) if starts else None
