"""phy's ``.npy`` files, as KiloSort, phy itself and SpikeInterface's ``export_to_phy`` write them."""

from __future__ import annotations

import logging
import os

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Array, Ints
from ...ground.errors import BadFileError
from ...ground.shown import Argument, Text, visible
from ..npy import open_array
from . import SorterFormat, register
from .sorting import EXPORT, Sorting, check_least, check_lengths, check_times, whole_numbers

PHY_FILES = ("spike_times.npy", "spike_templates.npy", "spike_clusters.npy")
SPIKEINTERFACE_FILES = ("cluster_si_unit_ids.tsv", "channel_map_si.npy", "params.py")  # beside those, in its exports
COLUMN_FILES = ("template_ind.npy", "templates_ind.npy")  # SpikeInterface's name, and that of phy
MOST_CHANNELS = 1 << 16
_LOG = logging.getLogger(__name__)
_COUNT_FROM_0 = Text("Give ", Argument("phy_base", 0), " if the file counts samples from 0.")


def _recognises(directory: str) -> bool:
    return all(os.path.isfile(os.path.join(directory, name)) for name in PHY_FILES)


def _load(directory: str, phy_base: int | None) -> Sorting:
    paths = [os.path.join(directory, name) for name in PHY_FILES]
    stored = [whole_numbers(path, "the array", open_array(path).view().ravel()) for path in paths]
    check_lengths(paths[0], dict(zip(PHY_FILES, map(len, stored), strict=True)))
    if not len(stored[0]):  # found nothing: no time tells how samples are counted, and none has to be told
        return Sorting(stored[0], stored[2], stored[1], None, "phy", phy_base)
    times, templates, clusters = stored
    exported = is_spikeinterface(directory)
    base = phy_base
    if base is None:
        base = 0 if exported else _inferred_base(paths[0], int(times.min()))
    remedy = _COUNT_FROM_0 if base and times.min() >= 0 else EXPORT
    check_times(paths[0], times - base, remedy)
    check_least(paths[1], "templates", templates, 0)
    check_least(paths[2], "clusters", clusters, 0)
    if exported:  # its templates are those of units with spikes, its numbers count all units
        templates = np.unique(templates, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return Sorting(times - base, clusters + 1, templates, None, "phy", base)


def is_spikeinterface(directory: str) -> bool:
    """Return True if SpikeInterface's ``export_to_phy`` made the folder."""
    return all(os.path.isfile(os.path.join(directory, name)) for name in SPIKEINTERFACE_FILES)


def _inferred_base(path: str, earliest: int) -> int:
    base = 1 if earliest > 0 else 0
    doubt = (" (a guess: give ", Argument("phy_base"), " if it is wrong)") if base else ()
    _LOG.warning(Text(visible(path), f": the earliest time is {earliest}, so samples are counted from {base}", *doubt))
    return base


def channel_map(directory: str) -> Ints | None:
    """Return the raw row of each channel that the sorter used, as ``channel_map.npy`` tells; None without one.

    BadFileError if they are no whole numbers, or one is there twice.
    """
    path = os.path.join(directory, "channel_map.npy")
    if not os.path.isfile(path):
        return None
    stored = open_array(path).view().ravel()
    if stored.dtype.kind not in "iu" or len(np.unique(stored)) != len(stored):
        raise BadFileError(path, "raw rows, each once", f"{stored.dtype}, {len(stored)} of them", EXPORT)
    return stored.astype(np.int64)


def _templates(directory: str) -> npt.NDArray[np.float32]:
    path = os.path.join(directory, "templates.npy")
    templates = open_array(path).view()
    if templates.ndim != 3 or templates.dtype.kind != "f":
        raise BadFileError(path, "floats (T, samples, channels)", f"{templates.dtype} {templates.shape}", EXPORT)
    columns = next((path for name in COLUMN_FILES if os.path.isfile(path := os.path.join(directory, name))), None)
    if columns is None:
        return np.array(templates, np.float32, order="C")  # a copy: the file may be written again
    return _dense(templates, *_listed_columns(columns, templates.shape))


def _dense(templates: Array, listed: Ints, n_channels: int) -> npt.NDArray[np.float32]:
    """Return templates of all channels, from those of the channels that are listed for each."""
    whole = np.zeros((*templates.shape[:2], n_channels), np.float32)
    for dense, sparse, channels in zip(whole, templates, listed, strict=True):
        used = channels >= 0
        dense[:, channels[used]] = sparse[:, used]
    return whole


def _listed_columns(path: str, shape: tuple[int, ...]) -> tuple[Ints, int]:
    """Return the channel of each column of each template, -1 for none, and how many channels there are."""
    listed = whole_numbers(path, "the array", open_array(path).view())
    if listed.shape != (shape[0], shape[2]):
        raise BadFileError(path, f"the shape {(shape[0], shape[2])}, of templates.npy", f"{listed.shape}", EXPORT)
    channel_map = os.path.join(os.path.dirname(path), "channel_map.npy")
    known = open_array(channel_map).view().size if os.path.isfile(channel_map) else None
    least, most = int(listed.min(initial=0)), int(listed.max(initial=-1))
    limit = MOST_CHANNELS if known is None else known
    if least < -1 or most >= limit:
        raise BadFileError(path, f"channels 0 to {limit - 1}, or -1 for none", f"{least} to {most}", EXPORT)
    ascending = np.sort(listed, axis=1)
    if ((np.diff(ascending, axis=1) == 0) & (ascending[:, 1:] >= 0)).any():
        raise BadFileError(path, "each channel once in a template", "one twice", EXPORT)
    return listed, most + 1 if known is None else known


register(SorterFormat("phy", "phy", ", ".join(PHY_FILES), _recognises, _load, _templates, rank=0))
