"""What SpikeInterface's sorters find in recordings whose truth is known, with their defaults untouched.

``python -m tests.benchmarks.sorters`` runs all of them on a recording of SpikeInterface's own generator. Some minutes.

They install without a compiler: ``pip install 'mockrawio[sorters]'``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .measures import snr_of_templates
from .recorded import SECONDS, SEED, Recorded, made_by_spikeinterface, of_spikeinterface

SORTERS = "simple", "tridesclous2", "spykingcircus2", "mountainsort5"
FOUND = 0.8  # the accuracy from which a unit counts as found
SNR_EDGES = 0, 5, 8, 12, 20, np.inf
NEAR_EDGES = 0, 20, 30, 45, np.inf


@dataclass
class Outcome:
    """What a sorter did; the lists have an entry a true unit."""

    sorter: str
    crash: str = ""
    seconds: float = 0.0
    n_units: int = 0
    accuracy: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)

    @property
    def n_found(self) -> int:
        """How many true units it found."""
        return int(np.sum(np.array(self.accuracy) > FOUND))


def run(sorter: str, recording: Any, truth: Any) -> Outcome:
    """Run a sorter as it is, and compare with the truth as SpikeInterface does."""
    from spikeinterface.comparison import compare_sorter_to_ground_truth
    from spikeinterface.sorters import run_sorter

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a sorter does; what it finds is asked here
        try:
            found = run_sorter(sorter, recording, folder=f"{folder}/{sorter}", verbose=False)
            took = time.perf_counter() - began
            performance = compare_sorter_to_ground_truth(truth, found, exhaustive_gt=True).get_performance()
        except Exception as error:  # a sorter may fail in any way, and the others shall run
            return Outcome(sorter, f"{type(error).__name__}: {_reason(error)}", time.perf_counter() - began)
    scores = {name: performance[name].to_numpy(float).tolist() for name in ("accuracy", "recall")}
    return Outcome(sorter, "", took, len(found.unit_ids), **scores)


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "")


def nearness(one: Recorded) -> np.ndarray:
    """Return how far the nearest other unit is, µm, (units,)."""
    distances = np.linalg.norm(one.cells[None] - one.cells[:, None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.min(axis=1)


def by(values: np.ndarray, edges: Sequence[float], recall: Sequence[float]) -> list[str]:
    """Return the mean recall of the units whose values lie between edges, and how many there are."""
    bins = np.digitize(values, edges) - 1
    means = [np.mean(np.array(recall)[bins == k]) if np.any(bins == k) else None for k in range(len(edges) - 1)]
    return [
        f"{low:g}-{high:g}: " + ("none" if mean is None else f"{mean:.2f} of {np.sum(bins == k)}")
        for k, (low, high, mean) in enumerate(zip(edges[:-1], edges[1:], means, strict=True))
    ]


def lines(outcome: Outcome, snr: np.ndarray, near: np.ndarray) -> Iterator[str]:
    """Yield what to print of an outcome."""
    yield f"{outcome.sorter}: {outcome.seconds:.0f} s"
    if outcome.crash:
        yield f"    crash: {outcome.crash}"
        return
    yield f"    {outcome.n_found} of {len(snr)} units found at accuracy > {FOUND}, among {outcome.n_units}"
    yield "    recall by SNR in the band: " + ", ".join(by(snr, SNR_EDGES, outcome.recall))
    yield "    recall by the nearest neighbour, µm: " + ", ".join(by(near, NEAR_EDGES, outcome.recall))


def main() -> None:
    """Run sorters on a recording, and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sorters", nargs="+", default=SORTERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="a file for all numbers")
    options = parser.parse_args()
    recording, truth = made_by_spikeinterface(options.seconds, options.seed)
    one = of_spikeinterface(options.seconds, options.seed)
    snr, near = snr_of_templates(one), nearness(one)
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a recording made in memory cannot say where it is from
            saved = recording.save(folder=f"{folder}/recording", n_jobs=1, progress_bar=False, verbose=False)
        for sorter in options.sorters:
            outcomes.append(run(sorter, saved, truth))
            print("\n".join(lines(outcomes[-1], snr, near)), flush=True)
    if options.json:
        told = {"snr": snr.tolist(), "nearest_um": near.tolist(), "sorters": [asdict(one) for one in outcomes]}
        options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
