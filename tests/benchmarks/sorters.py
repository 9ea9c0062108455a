"""What SpikeInterface's sorters find in recordings whose truth is known, with their defaults untouched.

``python -m tests.benchmarks.sorters`` makes our session of ``docs/realism.rst`` and runs all of them on it;
``--spikeinterface`` does so with a recording of SpikeInterface's own generator, ``--session FOLDER`` with a session
that is there. Some minutes each. ``--json FILE`` keeps the numbers, and ``--table FILE ...`` prints those of some
recordings taken together, as the page has them.

A true unit is a cell: those of a multi-unit are looked for one by one, and counted apart.

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
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from spikeinterface.core import NumpySorting

from mockrawio import generate_session, truth
from mockrawio.interop.spikeinterface import read_mocksession

from .measures import snr_of_templates
from .recorded import SECONDS, SEED, Recorded, made_by_spikeinterface, of_mockrawio, of_spikeinterface, ours
from .table import list_table

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

    def found(self, of: np.ndarray) -> str:
        """Return how many of some true units it found."""
        return f"{int(np.sum(np.array(self.accuracy)[of] > FOUND))} of {int(np.sum(of))}"


def peer(options: argparse.Namespace, folder: Path) -> tuple[Any, Recorded]:
    """Return SpikeInterface's own recording, written, and what is known of it."""
    recording, _ = made_by_spikeinterface(options.seconds, options.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a recording made in memory cannot say where it is from
        saved = recording.save(folder=folder / "recording", n_jobs=1, progress_bar=False, verbose=False)
    return saved, of_spikeinterface(options.seconds, options.seed)


def session(options: argparse.Namespace, folder: Path) -> tuple[Any, Recorded]:
    """Return a session of ours as SpikeInterface opens it, and what is known of it."""
    path = options.session or generate_session(ours(options.seconds, options.seed), folder)
    return read_mocksession(path), of_mockrawio(truth(path).spec)


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


def bins(values: Any, edges: Sequence[float]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield between which edges some values lie, and which of them, where there are any."""
    values = np.asarray(values)
    for low, high in pairwise(edges):
        chosen = (low <= values) & (values < high)
        if chosen.any():
            yield (f"{low:g} to {high:g}" if high < np.inf else f"{low:g} and more"), chosen


def by(values: Any, edges: Sequence[float], recall: Sequence[float]) -> str:
    """Return the mean recall of the units whose values lie between edges, and how many there are."""
    return ", ".join(
        f"{name}: {np.array(recall)[chosen].mean():.2f} of {chosen.sum()}" for name, chosen in bins(values, edges)
    )


def lines(outcome: Outcome, one: Recorded, snr: np.ndarray, near: np.ndarray) -> Iterator[str]:
    """Yield what to print of an outcome."""
    yield f"{outcome.sorter}: {outcome.seconds:.0f} s"
    if outcome.crash:
        yield f"    crash: {outcome.crash}"
        return
    multi = f", {outcome.found(one.multi)} cells of multi-units" if one.multi.any() else ""
    yield f"    {outcome.found(~one.multi)} units found at accuracy > {FOUND}{multi}, among {outcome.n_units}"
    yield f"    recall by SNR in the band: {by(snr, SNR_EDGES, outcome.recall)}"
    yield f"    recall by the nearest neighbour, µm: {by(near, NEAR_EDGES, outcome.recall)}"


def as_rst(paths: Sequence[Path]) -> str:
    """Return a table of what the sorters found in the recordings of some files, all of them together."""
    told = [json.loads(path.read_text()) for path in paths]
    snr, near, multi = (np.concatenate([one[name] for one in told]) for name in ("snr", "nearest_um", "multi"))
    outcomes = [together([Outcome(**one["sorters"][k]) for one in told]) for k in range(len(told[0]["sorters"]))]
    columns = [(f"SNR {name}", some) for name, some in bins(snr, SNR_EDGES)]
    columns += [(f"{name} µm", some) for name, some in bins(near, NEAR_EDGES)]
    rows = [("units found", *(one.found(~multi) for one in outcomes))]
    rows += [("cells of multi-units found", *(one.found(multi) for one in outcomes))] if multi.any() else []
    for name, some in columns:
        rows.append((f"{name} ({some.sum()})", *(f"{np.array(one.recall)[some].mean():.2f}" for one in outcomes)))
    return list_table((30, *(15 for _ in outcomes)), [("", *(one.sorter for one in outcomes)), *rows])


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what one sorter did with several recordings."""
    accuracy, recall = ([x for one in outcomes for x in getattr(one, name)] for name in ("accuracy", "recall"))
    return Outcome(outcomes[0].sorter, accuracy=accuracy, recall=recall)


def main() -> None:
    """Run sorters on a recording, and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sorters", nargs="+", default=SORTERS)
    parser.add_argument("--spikeinterface", action="store_true", help="sort what SpikeInterface makes")
    parser.add_argument("--session", type=Path, help="the folder of a session of ours")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="a file for all numbers")
    parser.add_argument("--table", type=Path, nargs="+", help="such files, to print and not to sort")
    options = parser.parse_args()
    if options.table:
        print(as_rst(options.table))
    else:
        sort(options)


def sort(options: argparse.Namespace) -> None:
    """Run sorters."""
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        recording, one = (peer if options.spikeinterface else session)(options, Path(folder))
        cells = NumpySorting.from_unit_dict(dict(enumerate(one.trains)), one.sampling_rate)
        snr, near = snr_of_templates(one), nearness(one)
        for sorter in options.sorters:
            outcomes.append(run(sorter, recording, cells))
            print("\n".join(lines(outcomes[-1], one, snr, near)), flush=True)
    if options.json:
        about = {"snr": snr.tolist(), "nearest_um": near.tolist(), "multi": one.multi.tolist()}
        options.json.write_text(json.dumps({**about, "sorters": list(map(asdict, outcomes))}, indent=1))


if __name__ == "__main__":
    main()
