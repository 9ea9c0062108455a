"""A patient over days: which cells a session has, and the seeds of what is the patient's and what is the session's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ground.arrays import Floats
from .layers import Setting
from .parts.motion import DAY_MS
from .parts.units import Cell, Units
from .spec import SessionSpec


def day_seed(spec: SessionSpec) -> int:
    """Return the seed of all that a session has for itself: the spec's, or a child of it where there are days."""
    seed = spec.seed or 0
    return seed if spec.days is None else _child(seed, "session", spec.patient_id, spec.session_nr)


def patient_seed(spec: SessionSpec) -> int:
    """Return the seed of what all sessions of a patient have in common."""
    seed = spec.seed or 0
    return seed if spec.days is None else _child(seed, "patient", spec.patient_id)


def days_ms(spec: SessionSpec) -> int:
    """Return how many ms after the patient's first session this one is."""
    return 0 if spec.days is None else (spec.session_nr - 1) * DAY_MS


def cells_of(spec: SessionSpec, units: Units, setting: Setting, floor_uV: Floats) -> tuple[Cell, ...]:
    """Return the cells of a session; `floor_uV` is the noise that they are measured against."""
    if spec.days is None:
        return units.cells(setting, floor_uV)
    patient, day, first = replace(setting, seed=patient_seed(spec)), spec.session_nr, units.n or 0
    here, moved_um = set(spec.days.alive(patient, first, day)), spec.days.moved_um(patient, day)
    cells = units.cells(patient, floor_uV, spec.days.n_units(first, day))
    return tuple(cell.settled(setting, moved_um, floor_uV) for cell in cells if cell.label in here)


def _child(seed: int, *key: str | int) -> int:
    """Return a seed that is another one's child, by words and numbers."""
    numbers = [int.from_bytes(one.encode(), "little") if isinstance(one, str) else one for one in key]
    low, high = np.random.SeedSequence(seed, spawn_key=tuple(numbers)).generate_state(2, np.uint64).tolist()
    return int(low | high << 64)
