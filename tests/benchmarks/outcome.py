"""Sorters of SpikeInterface, run as they are, and what came of it."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FOUND = 0.8  # the accuracy from which a unit counts as found


@dataclass
class Outcome:
    """What a sorter did; the lists have an entry a true unit."""

    sorter: str
    crash: str = ""
    seconds: float = 0.0
    n_units: int = 0
    accuracy: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    causes: dict[str, int] = field(default_factory=dict)  # how many spikes were missed for each

    def found(self, of: np.ndarray | slice) -> str:
        """Return how many of some true units it found."""
        some = np.array(self.accuracy)[of]
        return f"{int(np.sum(some > FOUND))} of {len(some)}"


def run(sorter: str, recording: Any, judge: Callable[[Any], dict[str, Any]]) -> Outcome:
    """Run a sorter as it is; `judge` says of what it found what the outcome's fields are."""
    from spikeinterface.sorters import run_sorter

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a sorter does; what it finds is asked here
        try:
            found = run_sorter(sorter, recording, folder=f"{folder}/{sorter}", verbose=False)
            took = time.perf_counter() - began
            return Outcome(sorter, "", took, len(found.unit_ids), **judge(found))
        except Exception as error:  # a sorter may fail in any way, and the others shall run
            return Outcome(sorter, f"{type(error).__name__}: {_reason(error)}", time.perf_counter() - began)


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "")


def compared(cells: Any, found: Any) -> dict[str, Any]:
    """Return how what was found compares with the true cells, by SpikeInterface's own comparison."""
    from spikeinterface.comparison import compare_sorter_to_ground_truth

    performance = compare_sorter_to_ground_truth(cells, found, exhaustive_gt=True).get_performance()
    return {name: performance[name].to_numpy(float).tolist() for name in ("accuracy", "recall")}


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what one sorter did with several recordings."""
    accuracy, recall = ([x for one in outcomes for x in getattr(one, name)] for name in ("accuracy", "recall"))
    return Outcome(outcomes[0].sorter, accuracy=accuracy, recall=recall)
