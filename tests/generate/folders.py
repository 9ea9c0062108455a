"""What tests of sessions look at: the bytes of their files, and their streams as NumPy reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio.generate import FarUnits, SessionSpec
from mockrawio.session.streams import open_stream

# The noise that a session has by default, with a tenth of its far units, which take long to draw.
FEW_FAR = tuple(replace(one, n=20) if isinstance(one, FarUnits) else one for one in SessionSpec.broadband().noise)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file, by its name below the folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def loaded(path: Path) -> Any:
    """Return what a dict file holds, by Python's unpickler."""
    return np.load(path, allow_pickle=True).item()


def unit_file(folder: Path, unit_id: str) -> Any:
    """Return what the file of a unit holds."""
    return loaded(folder / "spiking_data" / f"{unit_id}.npy")


def recorded(folder: Path) -> list[np.ndarray]:
    """Return the counts of each segment of the broadband stream, int16 (n, n_channels)."""
    stream = open_stream(str(folder / "raw_data" / "broadband.npy"))
    counts = np.load(folder / "raw_data" / "broadband.npy")
    return [counts[run.start : run.stop] for run in stream.runs]
