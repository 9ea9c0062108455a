"""Rows of whole jobs: a command from its start, the score of a sorting, samples made when they are read."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

import mockrawio
from mockrawio.generate import SessionSpec, generate_session
from mockrawio.ground.arrays import Array

from .inputs import opened
from .race import Act, Contest, same, same_text

RATE = 32_000


def command(folder: Path) -> Contest:
    """Run ``mockrawio info`` on a session, a process from its start to its end, against one that imports Neo."""
    environment = {**os.environ}  # compiled once, as an installed package is
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments], capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout

    def ours() -> str:
        return run("-m", "mockrawio", "info", str(folder))

    def check() -> None:  # which also compiles
        same_text(ours().splitlines()[0], str(folder), "the folder that is shown")

    return Contest(ours, {"import neo": lambda: run("-c", "import neo.io, neo.rawio")}, check)


def scored(seconds: float, n_units: int, *, causes: bool) -> Contest:
    """Hold a sorting against a session, against SpikeInterface's comparison, which has no causes.

    Both have the spikes in memory, ours the truth of a session, of which they have been asked for, and theirs two
    sortings. Both count matches and pair units with clusters; what each spike was missed for is found when the units'
    `causes` are asked for.
    """
    spec = SessionSpec.broadband(duration_s=seconds, n_channels=16, n_units=n_units, seed=1)
    truth, rng = mockrawio.truth(spec), np.random.default_rng(2)
    true = {name: unit.frames() for name, unit in truth.units.items()}
    found = {}
    for name, frames in true.items():  # a tenth is missed, the others are up to 8 samples off
        kept = frames[rng.random(len(frames)) > 0.1]
        found[name] = np.sort(np.clip(kept + rng.integers(-8, 9, len(kept)), 0, truth.n_samples[0] - 1))
    peers: dict[str, Act] = {}
    missing = {}
    try:
        peers["SpikeInterface"] = _comparing(true, found)
    except ImportError:
        missing["SpikeInterface"] = "not installed; pip install 'mockrawio[spikeinterface]'"

    def ours() -> Any:
        score = mockrawio.score(truth, found)
        return (score, score.units, score.causes)[0] if causes else score

    def check() -> None:
        for compare in peers.values():
            same([unit.n_matched for unit in ours().units], compare().count_score["tp"].tolist(), "matched spikes")

    return Contest(ours, peers, check, missing)


def _comparing(true: dict[str, Array], found: dict[str, Array]) -> Act:
    """Return what compares two sortings as SpikeInterface does."""
    from spikeinterface.comparison import compare_sorter_to_ground_truth
    from spikeinterface.core import NumpySorting

    both = [NumpySorting.from_unit_dict([trains], float(RATE)) for trains in (true, found)]
    return lambda: compare_sorter_to_ground_truth(*both, exhaustive_gt=True)


def made_on_reading(place: Path, seconds: float, n_channels: int) -> Contest:
    """Read one second after another of a virtual session, all layers in it, against SpikeInterface's noise alone."""
    spec = SessionSpec.broadband(duration_s=seconds, n_channels=n_channels, n_units=max(2, n_channels // 4), seed=1)
    reader = opened(generate_session(spec, place, virtual=True))
    stream = reader.stream(reader.signal_streams_count() - 1)
    begins = cycle(range(0, stream.sizes[0] - RATE, RATE))
    peers: dict[str, Act] = {}
    missing = {}
    try:
        from spikeinterface.generation import NoiseGeneratorRecording
    except ImportError:
        missing["SpikeInterface"] = "not installed; pip install 'mockrawio[spikeinterface]'"
    else:
        noise = NoiseGeneratorRecording(n_channels, RATE, [seconds], seed=1, strategy="on_the_fly")
        theirs = cycle(range(0, round(seconds * RATE) - RATE, RATE))
        peers["SpikeInterface"] = lambda: noise.get_traces(0, start := next(theirs), start + RATE)

    def ours() -> Array:
        start = next(begins)
        return stream.read(0, start, start + RATE)

    def check() -> None:
        whole = stream.read(0, 0, RATE)
        same(whole[1000:1010], stream.read(0, 1000, 1010), "samples that are read alone")
        for act in peers.values():
            same(act().shape, whole.shape, "shape of what SpikeInterface makes")

    return Contest(ours, peers, check, missing)
