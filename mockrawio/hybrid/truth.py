"""What a hybrid run added, read from its output folder: the truth that a sorter is held against.

``firings_true.npy`` is all that must be there. Its row 2 has the unit whose events were used;
``artificial_units-<session>.csv`` also has the label that each lot of new events got, which
tells two of them apart where one unit was asked for twice. The manifest, or ``dtype-*.npy``
where the original wrote the folder, has the sample rate.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..formats.firings import load_firings
from ..formats.npy import open_array
from ..ground.arrays import Bools, Ints
from ..ground.errors import BadFileError, MockSessionError
from ..ground.places import AnyPath
from ..ground.regular import only_regular
from ..ground.shown import Argument, Text
from ..session.keys import RATES
from .raw_probe import Probe
from .run_manifest import read_run_manifest
from .tables import FIRINGS

COLUMNS = ("timestep", "true_unit", "new_unit", "center_channel")
_AGAIN = "Run the generation again."


@dataclass(frozen=True, eq=False)
class AddedUnit:
    """Events that a run added."""

    label: str  # the true unit's, followed by / and the new one if there are several of that true unit
    true_unit: int  # the unit whose events were used, as ground_truth_units has it
    new_unit: int | None  # the label of the new events; None if the folder does not tell
    center: int  # raw row on which they are centred
    times: Ints  # samples on the absolute axis, ascending


@dataclass(frozen=True, eq=False)
class RunTruth:
    """What a hybrid run's folder tells."""

    folder: Path
    sample_rate: float  # Hz
    units: tuple[AddedUnit, ...]  # ascending by true unit, then new unit
    probe: Probe | None
    manifest: dict[str, Any]  # empty if there is none, as where the original wrote the folder

    def place(self, unit: AddedUnit) -> tuple[float, ...]:
        """Return where a unit's centre is on the probe, µm; NaN without a probe, or where it has no place."""
        if self.probe is None or unit.center >= self.probe.n_channels:
            return (float("nan"), float("nan"))
        return tuple(self.probe.channel_positions[self.probe.inverse_map[unit.center]].tolist())

    def moved(self, unit: AddedUnit) -> tuple[Ints, Ints] | None:
        """Return the raw rows that a unit's events come from, and where they went; None if it is not known."""
        for report in self.manifest.get("units", ()):
            if report["new_unit"] == unit.new_unit and report["source_channels"]:
                return np.array(report["source_channels"], np.int64), np.array(report["channels"], np.int64)
        return None


def load_truth(directory: AnyPath, session_name: str | None = None) -> RunTruth:
    """Read what a hybrid run added, from its output folder or the session that it made.

    `session_name` says which run, if the files of several are there.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise BadFileError(folder, "the output folder of a hybrid run", "no such folder", "Check the path.")
    folder = _folder_of_tables(folder)
    firings = load_firings(folder / FIRINGS)
    if firings.min(initial=0) < 0:
        raise BadFileError(folder / FIRINGS, "no negative numbers", str(firings.min()), _AGAIN)
    table = only_one(folder, "artificial_units", "csv", session_name)
    lots = _from_firings(firings) if table is None else _from_table(table, firings)
    manifest, probe = _manifest(folder, session_name), only_one(folder, "probe", "npz", session_name)
    rate = float(manifest["sample_rate"]) if manifest else _stored_rate(folder, session_name)
    return RunTruth(folder, rate, _labelled(lots), None if probe is None else Probe.load(probe), manifest)


def _folder_of_tables(folder: Path) -> Path:
    """Return a run's folder itself, or of a session that a run made the one with the run's tables."""
    inside = [] if (folder / FIRINGS).exists() else sorted(folder.glob(f"hybrid*/{FIRINGS}"))
    if len(inside) > 1:
        names = ", ".join(path.parent.name for path in inside)
        raise BadFileError(folder, "the tables of one run", names, "Give the folder of the run you mean.")
    return inside[0].parent if inside else folder


def only_one(folder: Path, kind: str, suffix: str, session_name: str | None) -> Path | None:
    """Return the only file of a kind, or None if there is none."""
    if session_name is not None:
        path = folder / f"{kind}-{session_name}.{suffix}"
        if not path.is_file():
            raise BadFileError(path, f"a file of the session {session_name!r}", "none", "Check the session's name.")
        return path
    found = sorted(folder.glob(f"{kind}-*.{suffix}"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        remedy = Text("Say which with ", Argument("session_name"), ".")
        raise BadFileError(folder, f"one {kind}-*.{suffix}", names, remedy)
    return found[0] if found else None


def _from_firings(firings: Ints) -> list[AddedUnit]:
    centers, times, labels = firings
    return [_lot(times, centers, labels == unit, int(unit), None) for unit in np.unique(labels)]


def _lot(times: Ints, centers: Ints, of: Bools, true_unit: int, new_unit: int | None) -> AddedUnit:
    return AddedUnit("", true_unit, new_unit, int(centers[of][0]), np.sort(times[of]))


def _from_table(path: Path, firings: Ints) -> list[AddedUnit]:
    times, true, new, centers = _read_table(path)
    pairs = np.array(sorted(zip(times, true, strict=True)), np.int64).reshape(-1, 2)
    if not np.array_equal(pairs, np.array(sorted(zip(*firings[1:], strict=True)), np.int64).reshape(-1, 2)):
        remedy = "Run it again into a folder of its own: the run that was last written into this one has replaced it."
        raise BadFileError(path.with_name(FIRINGS), f"the events of {path.name}", "others", remedy)
    both = sorted(set(zip(true.tolist(), new.tolist(), strict=True)))
    return [_lot(times, centers, (true == a) & (new == b), a, b) for a, b in both]


def _read_table(path: Path) -> Ints:
    """Return the four columns of a table of artificial events, (4, K)."""
    with open(path, newline="", encoding="utf-8", opener=only_regular) as file:
        try:
            values = [[int(row[name]) for name in COLUMNS] for row in csv.DictReader(file)]
            return np.array(values, np.int64).reshape(-1, len(COLUMNS)).T
        except (KeyError, ValueError, TypeError, csv.Error, OverflowError) as error:
            raise BadFileError(path, f"whole numbers in columns {', '.join(COLUMNS)}", str(error), _AGAIN) from None


def _labelled(lots: list[AddedUnit]) -> tuple[AddedUnit, ...]:
    """Give each its label."""
    several = Counter(lot.true_unit for lot in lots)
    labels = [f"{lot.true_unit}" + (f"/{lot.new_unit}" if several[lot.true_unit] > 1 else "") for lot in lots]
    return tuple(replace(lot, label=label) for lot, label in zip(lots, labels, strict=True))


def _manifest(folder: Path, session_name: str | None) -> dict[str, Any]:
    if session_name is not None and not (folder / f"manifest-{session_name}.json").is_file():
        return {}  # the original writes none
    path = only_one(folder, "manifest", "json", session_name)
    return {} if path is None else read_run_manifest(path)


def _stored_rate(folder: Path, session_name: str | None) -> float:
    path = only_one(folder, "dtype", "npy", session_name)
    if path is None:
        remedy = "Validate the whole output folder of a run."
        raise MockSessionError(folder, "manifest-*.json or dtype-*.npy, for the rate", "none", remedy)
    stored = open_array(str(path)).view().ravel()
    if stored.size != 1 or stored.dtype.kind not in "iuf" or not RATES.hold(stored[0].item()):
        remedy = "Save the rate there as float64: 32768 Hz or more did not fit its type."
        found = f"{stored.size} of {stored.dtype}" if stored.dtype.kind not in "iuf" else str(stored.tolist()[:2])
        raise BadFileError(path, f"the sample rate{RATES}", found, remedy)
    return float(stored[0])
