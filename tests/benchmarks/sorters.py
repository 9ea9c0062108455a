"""What SpikeInterface's sorters find in recordings whose truth is known, with their defaults untouched.

``python -m tests.benchmarks.sorters`` makes our session of ``docs/realism.rst`` and runs all of them on it;
``--spikeinterface`` does so with a recording of SpikeInterface's own generator, ``--session FOLDER`` with a session
that is there. Some minutes each. ``--json FILE`` keeps the numbers, and ``--table FILE ...`` prints those of some
recordings taken together, as the page has them. ``--difficulty`` sorts two sessions of each step of difficulty, and
prints the tables of ``docs/difficulty.rst``; ``--figure FILE`` draws one of each step, and sorts nothing.

A true unit is a cell: those of a multi-unit are looked for one by one, and counted apart.

They install without a compiler: ``pip install 'mockrawio[sorters]'``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from spikeinterface.core import NumpySorting

from mockrawio import generate_session, truth
from mockrawio.interop.spikeinterface import read_mocksession
from tests.rst import list_table

from .difficulty import draw_steps, sort_steps
from .measures import snr_of_templates
from .outcome import FOUND, Outcome, compared, run, together
from .recorded import SECONDS, SEED, Recorded, made_by_spikeinterface, of_mockrawio, of_spikeinterface, ours

SORTERS = "simple", "tridesclous2", "spykingcircus2", "mountainsort5"
ALL = (*SORTERS, "lupin")  # which needs torch; docs/realism.rst is without it
SNR_EDGES = 0, 5, 8, 12, 20, np.inf
NEAR_EDGES = 0, 20, 30, 45, np.inf


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
    return list_table([("", *(one.sorter for one in outcomes)), *rows], (30, *(15 for _ in outcomes)))


def main() -> None:
    """Run sorters on a recording, and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sorters", nargs="+", help="by default all of the page")
    parser.add_argument("--spikeinterface", action="store_true", help="sort what SpikeInterface makes")
    parser.add_argument("--difficulty", action="store_true", help="sort sessions of all steps of difficulty")
    parser.add_argument("--figure", type=Path, help="a PNG to draw these steps in, and not to sort")
    parser.add_argument("--session", type=Path, help="the folder of a session of ours")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="a file for all numbers")
    parser.add_argument("--table", type=Path, nargs="+", help="such files, to print and not to sort")
    options = parser.parse_args()
    options.sorters = options.sorters or (ALL if options.difficulty else SORTERS)
    if options.table:
        print(as_rst(options.table))
    elif options.figure:
        draw_steps(options.figure)
    elif options.difficulty:
        sort_steps(options)
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
            outcomes.append(run(sorter, recording, partial(compared, cells)))
            print("\n".join(lines(outcomes[-1], one, snr, near)), flush=True)
    if options.json:
        about = {"snr": snr.tolist(), "nearest_um": near.tolist(), "multi": one.multi.tolist()}
        options.json.write_text(json.dumps({**about, "sorters": list(map(asdict, outcomes))}, indent=1))


if __name__ == "__main__":
    main()
