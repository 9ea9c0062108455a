"""The small files of a run: tables, probe, sample rate, true firings.

Names, columns, dtypes and order are hybridfactory's (docs/hybridfactory.rst, *Output files*). Two things
differ: ``center_channel``, which is row 0 of ``firings_true.npy``, is a raw row unless ``compat`` is set, and a sample
rate that the raw dtype cannot hold is stored as int64 or float64.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..formats.sorters import Sorting
from ..ground.arrays import Array, Ints
from .recording import RawFile
from .units import HybridUnit

FIRINGS = "firings_true.npy"  # the only file of a run whose name has no session
# The others, before the session's name is put into theirs; the manifest is written last.
SMALL = (
    "metadata.csv",
    "annotations.csv",
    "artificial_units.csv",
    "dtype.npy",
    "events.npz",
    "probe.npz",
    "manifest.json",
)

Columns = dict[str, Ints]


class Tables(NamedTuple):
    """The two tables of a run, column by column, in order of time."""

    annotations: Columns  # timestep, cluster, and template or channel_index: spikes of the source and new events
    artificial: Columns  # timestep, true_unit, new_unit, center_channel: new events


def named(kind: str, session_name: object) -> str:
    """Return what a small file of a session is called: ``events-a.npz`` for ``events.npz`` and a."""
    return kind.replace(".", f"-{session_name}.")


def source_columns(sorting: Sorting) -> Columns:
    """Return the annotations of the source."""
    if sorting.template is not None:
        extra = {"template": sorting.template}
    elif sorting.channel_index is not None:
        extra = {"channel_index": sorting.channel_index}
    else:
        extra = {}
    return {"timestep": sorting.timestep, "cluster": sorting.cluster, **extra}


def new_rows(columns: Columns, times: Ints, new_unit: int) -> Columns:
    """Return the annotations of new events: the template after the last one, or no channel."""
    fill = {"cluster": new_unit, "channel_index": -1}
    if "template" in columns:
        fill["template"] = int(columns["template"].max()) + 1
    return {name: times if name == "timestep" else np.full(len(times), fill[name], np.int64) for name in columns}


def artificial_rows(unit: HybridUnit, times: Ints, center: int) -> Columns:
    """Return the table of artificial events of one unit."""
    values = {"true_unit": unit.true_unit, "new_unit": unit.new_unit, "center_channel": center}
    return {"timestep": times, **{name: np.full(len(times), value, np.int64) for name, value in values.items()}}


def stacked(parts: Sequence[Columns], order: Any = None) -> Columns:
    """Return tables one below the other, in the order that `order` gives for their times."""
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows = np.argsort(whole["timestep"], kind="stable") if order is None else order(whole["timestep"])
    return {name: column[rows] for name, column in whole.items()}


def no_artificial() -> Columns:
    """Return an empty table of artificial events."""
    names = ("timestep", "true_unit", "new_unit", "center_channel")
    return {name: np.empty(0, np.int64) for name in names}


def run_tables(sorting: Sorting, planted: Sequence[HybridUnit]) -> Tables:
    """Return the tables of a run; at equal times the source's spikes come first."""
    annotations, artificial = [source_columns(sorting)], [no_artificial()]
    for number, unit in enumerate(planted):
        rows = new_rows(annotations[0], unit.times, unit.new_unit)
        if "template" in rows:
            rows["template"] = rows["template"] + number
        annotations.append(rows)
        artificial.append(artificial_rows(unit, unit.times, unit.center))
    return Tables(stacked(annotations), stacked(artificial))


def csv_bytes(columns: Mapping[str, Sequence[Any] | Array]) -> bytes:
    """Return a table as CSV: a header, commas, line feeds, no index."""
    rows = zip(*(map(str, np.asarray(column).tolist()) for column in columns.values()), strict=True)
    return "".join([",".join(columns), "\n", *(f"{line}\n" for line in map(",".join, rows))]).encode()


def metadata_bytes(paths: Sequence[str], files: Sequence[RawFile]) -> bytes:
    """Return the table of result files: path, frames, absolute start."""
    quoted = ['"{}"'.format(path.replace('"', '""')) if set(path) & set(',"\r\n') else path for path in paths]
    frames, starts = [file.n_frames for file in files], [file.start for file in files]
    return csv_bytes({"filename": quoted, "samples": frames, "start_time": starts})


def npy_bytes(array: Array) -> bytes:
    """Return an array as the bytes of its ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def rate_bytes(sample_rate: float, dtype: np.dtype[Any]) -> bytes:
    """Return the one-element array that holds the sample rate: in the raw dtype, if that can hold it."""
    whole = int(sample_rate) == sample_rate
    fits = whole and np.iinfo(dtype).min <= sample_rate <= np.iinfo(dtype).max
    kind = dtype if fits else np.dtype(np.int64 if whole else np.float64)
    return npy_bytes(np.array([sample_rate]).astype(kind))


def firings_bytes(artificial: Columns) -> bytes:
    """Return ``firings_true.npy``: uint64 (3, K), centre channel, sample from 0, true unit."""
    rows = [artificial[name] for name in ("center_channel", "timestep", "true_unit")]
    return npy_bytes(np.stack(rows).astype(np.uint64))
