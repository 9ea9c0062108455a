"""What a spike sorter found: phy's ``.npy`` files, KiloSort's ``rez.mat``, JRCLUST's ``_jrc.mat``.

All three become one :class:`Sorting`, with times from 0 and the labels that document 001's
``ground_truth_units`` uses. File formats: HYBRID.md, sections 4.3 to 4.6.
"""

from __future__ import annotations

import glob
import logging
import os
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from ..ground.checks import require
from ..ground.errors import BadFileError, MockSessionError
from ..ground.regular import only_regular
from ..ground.shown import visible
from .matfile import MatFile
from .npy import open_array

__all__ = ["Kind", "Sorting", "infer_output_type", "load_firings", "load_jrc_binary", "load_sorting", "load_templates"]

Kind = Literal["phy", "kilosort", "jrc"]
Integers = npt.NDArray[np.int64]

PHY_FILES = ("spike_times.npy", "spike_templates.npy", "spike_clusters.npy")
REZ = "rez.mat"
SPIKEINTERFACE_FILES = ("cluster_si_unit_ids.tsv", "channel_map_si.npy", "params.py")  # beside phy's, in its exports
COLUMN_FILES = ("template_ind.npy", "templates_ind.npy")  # SpikeInterface's name, and that of phy
MOST_CHANNELS = 1 << 16
_EXPORT = "Export the sorting again."
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Sorting:
    """The events that a sorter found, in order of time.

    Attributes
    ----------
    timestep : (n,) int64
        Sample of each event on the absolute axis, from 0.
    cluster : (n,) int64
        Its unit, as ``ground_truth_units`` calls it: for phy the file's label plus 1.
    template : (n,) int64 or None
        Its template, from 0; None for JRCLUST.
    channel_index : (n,) int64 or None
        The raw row of its peak, from 0; for JRCLUST only.
    kind : {"phy", "kilosort", "jrc"}
    phy_base : int or None
        What the first sample is called in ``spike_times.npy``; None for the other kinds.
    """

    timestep: Integers
    cluster: Integers
    template: Integers | None
    channel_index: Integers | None
    kind: Kind
    phy_base: int | None = None

    def __post_init__(self) -> None:
        for array in (self.timestep, self.cluster, self.template, self.channel_index):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.timestep)

    @property
    def units(self) -> Integers:
        """The labels that occur, ascending."""
        return np.unique(self.cluster)

    def times_of(self, unit: int) -> Integers:
        """Return the times of a unit's events, ascending; none if the label does not occur."""
        times: Integers = self.timestep[self.cluster == unit]
        return times


def infer_output_type(directory: str | os.PathLike[str]) -> Kind:
    """Tell which sorter wrote a folder, from the files in it.

    Returns
    -------
    {"phy", "kilosort", "jrc"}
        phy if its three files are there, else kilosort if ``rez.mat`` is, else jrc if a ``*_jrc.mat`` is.

    Raises
    ------
    BadFileError
        If none of them is there.
    """
    directory = os.fspath(directory)
    if all(os.path.isfile(os.path.join(directory, name)) for name in PHY_FILES):
        return "phy"
    if os.path.isfile(os.path.join(directory, REZ)):
        return "kilosort"
    if _jrc_files(directory):
        return "jrc"
    found = "none of them" if os.path.isdir(directory) else "no such folder"
    expected = f"{', '.join(PHY_FILES)} (phy), {REZ} (KiloSort) or *_jrc.mat (JRCLUST)"
    raise BadFileError(directory, expected, found, "Give the folder of the sorter's output.")


def _jrc_files(directory: str) -> list[str]:
    return sorted(glob.glob(os.path.join(glob.escape(directory), "*_jrc.mat")))


def _kind(directory: str, output_type: str | None) -> Kind:
    if output_type is None:
        return infer_output_type(directory)
    kinds = get_args(Kind)
    require(output_type in kinds, "output_type", "'phy', 'kilosort', 'jrc', or None to infer it", output_type)
    return cast(Kind, output_type)


def load_sorting(
    directory: str | os.PathLike[str], output_type: str | None = None, *, phy_base: int | None = None
) -> Sorting:
    """Read a sorter's output.

    Parameters
    ----------
    directory : str or PathLike
        The folder of the sorter's output.
    output_type : {"phy", "kilosort", "jrc"}, optional
        None infers it, see :func:`infer_output_type`.
    phy_base : {0, 1}, optional
        What ``spike_times.npy`` calls the first sample. None: 0 in an export of SpikeInterface, or
        if that time occurs, else 1, as MATLAB's export counts; the log says which. Other kinds
        always count from 1.

    Returns
    -------
    Sorting
        Without events if the sorter found none.

    Raises
    ------
    BadFileError
        If a file is missing or not as it must be: times out of order, negative or not whole,
        arrays of different lengths.
    MockSessionError
        If an argument is not one of the above, or h5py is needed and not installed.
    """
    directory = os.fspath(directory)
    require(phy_base is None or phy_base in (0, 1), "phy_base", "0, 1, or None to infer it", phy_base)
    kind = _kind(directory, output_type)
    if kind == "phy":
        return _load_phy(directory, phy_base)
    return _load_rez(os.path.join(directory, REZ)) if kind == "kilosort" else _load_jrc(_only_jrc(directory))


def _load_phy(directory: str, phy_base: int | None) -> Sorting:
    paths = [os.path.join(directory, name) for name in PHY_FILES]
    stored = [_whole_npy(path) for path in paths]
    _check_lengths(paths[0], dict(zip(PHY_FILES, map(len, stored), strict=True)))
    if not len(stored[0]):  # found nothing: no time tells how samples are counted, and none has to be told
        return Sorting(stored[0], stored[2], stored[1], None, "phy", phy_base)
    times, templates, clusters = stored
    exported = is_spikeinterface(directory)
    base = phy_base
    if base is None:
        base = 0 if exported else _inferred_base(paths[0], int(times.min()))
    remedy = "Give phy_base=0 if the file counts samples from 0." if base and times.min() >= 0 else _EXPORT
    _check_times(paths[0], times - base, remedy)
    _check_least(paths[1], "templates", templates, 0)
    _check_least(paths[2], "clusters", clusters, 0)
    if exported:  # its templates are those of units with spikes, its numbers count all units
        templates = np.unique(templates, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return Sorting(times - base, clusters + 1, templates, None, "phy", base)


def is_spikeinterface(directory: str) -> bool:
    """Return True if SpikeInterface's ``export_to_phy`` made the folder."""
    return all(os.path.isfile(os.path.join(directory, name)) for name in SPIKEINTERFACE_FILES)


def _inferred_base(path: str, earliest: int) -> int:
    base = 1 if earliest > 0 else 0
    doubt = " (a guess: give phy_base if it is wrong)" if base else ""
    _LOG.warning("%s: the earliest time is %d, so samples are counted from %d%s", visible(path), earliest, base, doubt)
    return base


def _load_rez(path: str) -> Sorting:
    with MatFile(path) as rez:
        st3 = rez.array("rez/st3")
    if not st3.size:
        none: Integers = np.empty(0, np.int64)
        return Sorting(none, none, none, None, "kilosort")
    if st3.ndim != 2 or st3.shape[1] < 4:
        raise BadFileError(path, "rez/st3 with events as rows, 4 columns or more", f"shape {st3.shape}", _EXPORT)
    times, templates = _whole(path, "rez/st3 times", st3[:, 0]) - 1, _whole(path, "rez/st3 templates", st3[:, 1]) - 1
    clusters = _whole(path, "rez/st3 clusters", st3[:, 4]) if st3.shape[1] > 4 else templates + 1
    _check_times(path, times)
    _check_least(path, "templates (counted from 1)", templates + 1, 1)
    _check_least(path, "clusters", clusters, 0)
    return Sorting(times, clusters, templates, None, "kilosort")


def _only_jrc(directory: str) -> str:
    files = _jrc_files(directory)
    if len(files) != 1:
        found = ", ".join(map(os.path.basename, files)) or "none"
        remedy = "Keep one sorting to a folder." if files else "Give the folder of JRCLUST's output."
        raise BadFileError(directory, "exactly one *_jrc.mat", found, remedy)
    return files[0]


def _load_jrc(path: str) -> Sorting:
    names = ("viTime_spk", "viSite_spk", "S_clu/viClu")
    with MatFile(path) as mat:
        times, sites, clusters = (_whole(path, name, mat.array(name).ravel()) for name in names)
    _check_lengths(path, dict(zip(names, map(len, (times, sites, clusters)), strict=True)))
    _check_times(path, times - 1)
    _check_least(path, "sites (counted from 1)", sites, 1)
    return Sorting(times - 1, np.maximum(clusters, -1), None, sites - 1, "jrc")


def _whole_npy(path: str) -> Integers:
    return _whole(path, "the array", open_array(path).view().ravel())


def _whole(path: str, name: str, values: npt.NDArray[Any]) -> Integers:
    """Return numbers as int64, which they must be but for their type."""
    whole = values.dtype.kind in "iu"
    if values.dtype.kind == "f":
        whole = bool(np.all((np.abs(values) < 2**53) & (np.floor(values) == values)))
    if not whole or (values.size and values.max() > np.iinfo(np.int64).max):
        raise BadFileError(path, f"whole numbers in {name}", f"{values.dtype}, some of them not whole", _EXPORT)
    return np.asarray(values, np.int64)


def _check_lengths(path: str, lengths: dict[str, int]) -> None:
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} in {name}" for name, length in lengths.items())
        raise BadFileError(path, "as many times as labels", found, _EXPORT)


def _check_times(path: str, times: Integers, remedy: str = _EXPORT) -> None:
    back = np.flatnonzero(np.diff(times) < 0)
    if back.size:
        found = f"event {back[0] + 1} before event {back[0]}"
        raise BadFileError(path, "times in ascending order", found, "Sort the events by time, all arrays alike.")
    if times.size and times[0] < 0:
        raise BadFileError(path, "no time before the first sample", f"{times[0]}, counted from 0", remedy)


def _check_least(path: str, name: str, values: Integers, least: int) -> None:
    if values.size and values.min() < least:
        event = int(np.argmin(values))
        raise BadFileError(path, f"{name} of {least} or more", f"{values[event]} at event {event}", _EXPORT)


def load_templates(directory: str | os.PathLike[str], output_type: str | None = None) -> npt.NDArray[np.float32]:
    """Read the templates of a phy or KiloSort folder.

    Parameters
    ----------
    directory : str or PathLike
        The folder of the sorter's output.
    output_type : {"phy", "kilosort"}, optional
        None infers it.

    Returns
    -------
    (T, samples, channels) float32
        Whitened, as the sorter has them.

    Raises
    ------
    BadFileError
        If the file is missing or not as it must be.
    MockSessionError
        If the sorter is JRCLUST, which has none.
    """
    directory = os.fspath(directory)
    kind = _kind(directory, output_type)
    if kind == "jrc":
        raise MockSessionError(
            directory, "phy or KiloSort output", "jrc", "Give one of those: JRCLUST stores no templates."
        )
    return _phy_templates(directory) if kind == "phy" else _rez_templates(os.path.join(directory, REZ))


def _phy_templates(directory: str) -> npt.NDArray[np.float32]:
    path = os.path.join(directory, "templates.npy")
    templates = open_array(path).view()
    if templates.ndim != 3 or templates.dtype.kind != "f":
        raise BadFileError(path, "floats (T, samples, channels)", f"{templates.dtype} {templates.shape}", _EXPORT)
    columns = next((path for name in COLUMN_FILES if os.path.isfile(path := os.path.join(directory, name))), None)
    if columns is None:
        return np.array(templates, np.float32, order="C")  # a copy: the file may be written again
    return _dense(templates, *_listed_columns(columns, templates.shape))


def _dense(templates: npt.NDArray[Any], listed: Integers, n_channels: int) -> npt.NDArray[np.float32]:
    """Return templates of all channels, from those of the channels that are listed for each."""
    whole = np.zeros((*templates.shape[:2], n_channels), np.float32)
    for dense, sparse, channels in zip(whole, templates, listed, strict=True):
        used = channels >= 0
        dense[:, channels[used]] = sparse[:, used]
    return whole


def _listed_columns(path: str, shape: tuple[int, ...]) -> tuple[Integers, int]:
    """Return the channel of each column of each template, -1 for none, and how many channels there are."""
    listed = _whole(path, "the array", open_array(path).view())
    if listed.shape != (shape[0], shape[2]):
        raise BadFileError(path, f"the shape {(shape[0], shape[2])}, of templates.npy", f"{listed.shape}", _EXPORT)
    channel_map = os.path.join(os.path.dirname(path), "channel_map.npy")
    known = open_array(channel_map).view().size if os.path.isfile(channel_map) else None
    least, most = int(listed.min(initial=0)), int(listed.max(initial=-1))
    limit = MOST_CHANNELS if known is None else known
    if least < -1 or most >= limit:
        raise BadFileError(path, f"channels 0 to {limit - 1}, or -1 for none", f"{least} to {most}", _EXPORT)
    ascending = np.sort(listed, axis=1)
    if ((np.diff(ascending, axis=1) == 0) & (ascending[:, 1:] >= 0)).any():
        raise BadFileError(path, "each channel once in a template", "one twice", _EXPORT)
    return listed, most + 1 if known is None else known


def _rez_templates(path: str) -> npt.NDArray[np.float32]:
    with MatFile(path) as rez:
        spatial = rez.array("rez/U")
        temporal = rez.array("rez/Wphy" if "rez/Wphy" in rez else "rez/W")
        n_channels = int(rez.array("rez/ops/Nchan").flat[0])
    fits = spatial.ndim == temporal.ndim == 3 and spatial.shape[1:] == temporal.shape[1:]
    if not fits or spatial.shape[0] != n_channels:
        found = f"U {spatial.shape}, W {temporal.shape}, Nchan {n_channels}"
        raise BadFileError(path, "U (Nchan, T, rank) and W (samples, T, rank)", found, _EXPORT)
    templates: npt.NDArray[np.float32] = np.einsum("skr,ckr->ksc", temporal, spatial, optimize=True).astype(np.float32)
    return templates


def load_firings(path: str | os.PathLike[str]) -> Integers:
    """Read ``firings_true.npy``.

    Returns
    -------
    (3, K) int64
        Row 0 the centre channel, row 1 the sample (from 0), row 2 the true unit.

    Raises
    ------
    BadFileError
        If it is not an array of whole numbers with three rows.
    """
    path = os.fspath(path)
    stored = open_array(path).view()
    if stored.ndim != 2 or stored.shape[0] != 3:
        raise BadFileError(path, "three rows: channel, sample, unit", f"shape {stored.shape}", "Give firings_true.npy.")
    return _whole(path, "the array", stored)


def load_jrc_binary(directory: str | os.PathLike[str], which: Literal["raw", "wav", "fet"]) -> npt.NDArray[Any]:
    """Map one of JRCLUST's three binary files, whose shape is in the ``_jrc.mat`` beside it.

    Parameters
    ----------
    directory : str or PathLike
        The folder with one ``*_jrc.mat``.
    which : {"raw", "wav", "fet"}
        ``_spkraw.jrc`` and ``_spkwav.jrc``, int16, or ``_spkfet.jrc``, float32.

    Returns
    -------
    3-d array
        Read-only, in Fortran order; the last axis is the event.

    Raises
    ------
    BadFileError
        If a file is missing, or its size is not what the shape needs.
    """
    tables = {"raw": ("dimm_raw", "<i2"), "wav": ("dimm_spk", "<i2"), "fet": ("dimm_fet", "<f4")}
    require(which in tables, "which", "'raw', 'wav' or 'fet'", which)
    (name, descr), mat_path = tables[which], _only_jrc(os.fspath(directory))
    with MatFile(mat_path) as mat:
        dims = _whole(mat_path, name, mat.array(name).ravel()).tolist()
    path = f"{mat_path.removesuffix('_jrc.mat')}_spk{which}.jrc"
    need = int(np.prod(dims, dtype=object)) * np.dtype(descr).itemsize
    size = os.path.getsize(path) if os.path.isfile(path) else None
    if size != need or len(dims) != 3 or min(dims) < 0:
        found = "no such file" if size is None else f"{size} bytes"
        raise BadFileError(path, f"{need} bytes for the shape {tuple(dims)}, {descr}", found, _EXPORT)
    if need == 0:
        return np.empty(tuple(dims), descr, order="F")
    with open(path, "rb", opener=only_regular) as file:
        return np.memmap(file, descr, mode="r", shape=tuple(dims), order="F")
