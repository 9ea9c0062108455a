"""A stand-in for a spike sorter: writes what it is told it found, as phy stores it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def write_phy(folder: Path, trains: dict, templates: np.ndarray | None = None, base: int = 1) -> Path:
    """Write clusters, by label as mockrawio has it (the file's plus 1); the template is the label less 1."""
    folder.mkdir(parents=True, exist_ok=True)
    times = np.concatenate([np.asarray(train, np.int64) for train in trains.values()])
    labels = np.repeat(list(trains), [len(train) for train in trains.values()]) - 1
    order = np.argsort(times, kind="stable")
    np.save(folder / "spike_times.npy", (times[order] + base).astype(np.uint64)[:, None])
    np.save(folder / "spike_templates.npy", labels[order].astype(np.uint32)[:, None])
    np.save(folder / "spike_clusters.npy", labels[order].astype(np.int32))
    if templates is not None:
        np.save(folder / "templates.npy", templates.astype(np.float32))
    return folder


def annotated(folder: Path) -> dict:
    """Return the trains of all clusters of a hybrid folder, those of the source and the new ones."""
    (path,) = folder.glob("annotations-*.csv")
    with open(path, newline="") as file:
        rows = [(int(row["cluster"]), int(row["timestep"])) for row in csv.DictReader(file)]
    labels, times = np.array(rows).T
    return {int(label): times[labels == label] for label in np.unique(labels)}
