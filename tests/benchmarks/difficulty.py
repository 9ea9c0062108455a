"""What sorters find in sessions of each step of difficulty, and why they miss the rest (docs/difficulty.rst)."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import mockrawio
from mockrawio import SessionSpec, generate_session, truth
from mockrawio.interop.spikeinterface import read_mocksession
from tests.rst import list_table

from .measures import in_band
from .outcome import Outcome, run, together

STEPS, SEEDS = (1, 2, 3, 4, 5), (1, 2)
_TRACES_MS, _RASTER_S, _APART_UV = 60, 10.0, 60.0
Told = dict[str, Any]


def of_step(step: int, seed: int) -> SessionSpec:
    """Return the spec of one of the page's sessions."""
    return SessionSpec.broadband(difficulty=step, seed=seed)


def sort_steps(options: Namespace) -> None:
    """Run sorters on sessions of all steps; what the file of numbers has by now is not run again."""
    told: list[Told] = json.loads(options.json.read_text()) if options.json and options.json.exists() else []
    done = {(one["step"], one["seed"]) for one in told}
    for step, seed in ((step, seed) for seed in SEEDS for step in STEPS if (step, seed) not in done):
        told.append({"step": step, "seed": seed, **_sorted(of_step(step, seed), options.sorters)})
        if options.json:
            options.json.write_text(json.dumps(told, indent=1))
    print(steps_as_rst(told))


def _sorted(spec: SessionSpec, sorters: Sequence[str]) -> Told:
    with tempfile.TemporaryDirectory() as root:
        session = generate_session(spec, root)
        known, recording = truth(session), read_mocksession(session)
        outcomes = [run(sorter, recording, lambda found: _judged(mockrawio.score(known, found))) for sorter in sorters]
    for one in outcomes:
        print(f"{one.sorter}, {one.seconds:.0f} s: {one.crash or one.found(slice(None))}", file=sys.stderr)
    return {"n_spikes": sum(unit.n_spikes for unit in known.units.values()), "sorters": list(map(asdict, outcomes))}


def _judged(score: Any) -> Told:
    numbers = {name: [getattr(unit, name) for unit in score.units] for name in ("accuracy", "recall")}
    return {**numbers, "causes": {one.cause: one.n_missed for one in score.causes}}


def steps_as_rst(told: Sequence[Told]) -> str:
    """Return a table of what sorters found, and one of what share of the spikes they missed for which cause."""
    steps = [[one for one in told if one["step"] == step] for step in sorted({one["step"] for one in told})]
    sorters = [one["sorter"] for one in told[0]["sorters"]]
    found = [("", *sorters)]
    found += [(f"step {some[0]['step']}", *map(_reached, _outcomes(some))) for some in steps]
    causes = list(told[0]["sorters"][0]["causes"])
    missed = [("", *(f"step {some[0]['step']}" for some in steps))]
    missed += [(cause, *(_share(some, cause) for some in steps)) for cause in causes]
    tables = [list_table(rows, (16, *(84 // (len(rows[0]) - 1) for _ in rows[0][1:]))) for rows in (found, missed)]
    between = "\nMissed spikes by their cause, a percentage of all true ones, mean of the sorters:\n\n"
    return between.join(tables)


def _outcomes(some: Sequence[Told]) -> Iterator[Outcome]:
    for same in zip(*(one["sorters"] for one in some), strict=True):
        yield together([Outcome(**one) for one in same])


def _reached(one: Outcome) -> str:
    return f"{one.found(slice(None))}, {np.mean(one.accuracy):.3f}" if one.accuracy else "failed"


def _share(some: Sequence[Told], cause: str) -> str:
    missed = sum(sorter["causes"].get(cause, 0) for one in some for sorter in one["sorters"])
    return f"{100 * missed / sum(one['n_spikes'] * len(one['sorters']) for one in some):.1f}"


def draw_steps(path: Path) -> None:
    """Write a figure of each step: a tenth of a second of all contacts, in the band, and the trains of all units."""
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(4 * len(STEPS), 9), layout="constrained")
    axes = figure.subplots(2, len(STEPS), height_ratios=(3, 1.2), sharey="row")
    for step, column in zip(STEPS, axes.T, strict=True):
        known = truth(of_step(step, SEEDS[0]))
        column[0].set_title(f"difficulty={step}: {len(known.units)} units")
        _draw_traces(column[0], known)
        _draw_raster(column[1], known)
    axes[0, 0].set_ylabel(f"contacts from below, {_APART_UV:g} µV apart")
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=70)
    Image.open(drawn).convert("RGB").quantize(64).save(path, optimize=True)


def _draw_traces(axis: Any, known: Any) -> None:
    """Draw what contacts hear in the band when the most and the largest spikes are there, with a mark over each."""
    rate, units = known.sampling_rate, list(known.units.values())
    n, counts = round(_TRACES_MS * rate / 1000), [unit.n_spikes for unit in units]
    frames = np.concatenate([unit.frames() for unit in units])
    sizes, channels = (np.repeat(of, counts) for of in ([u.snr for u in units], [u.peak_channel for u in units]))
    start = n * (1 + int(np.bincount(frames // n, sizes)[1:-1].argmax()))
    recording = known.recording(0, start - n, start + 2 * n)
    heard = in_band(recording * np.float32(known.gain_uV), rate)[n : 2 * n]
    axis.plot(np.arange(n) / rate * 1000, heard + _APART_UV * np.arange(known.n_channels), "k", lw=0.4)
    here = (start <= frames) & (frames < start + n)
    axis.plot((frames[here] - start) / rate * 1000, _APART_UV * (channels[here] + 0.5), "rv", ms=3.5)
    axis.set(xlabel="ms", yticks=[])


def _draw_raster(axis: Any, known: Any) -> None:
    trains = [unit.frames() / known.sampling_rate for unit in known.units.values()]
    axis.eventplot([train[train < _RASTER_S] for train in trains], colors="k", lw=0.4)
    axis.set(xlabel="s", ylabel="units")
