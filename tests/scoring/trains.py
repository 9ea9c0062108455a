"""Trains of which all is known, and the slow way to say why one of their spikes would be missed."""

from __future__ import annotations

import math

import numpy as np

from mockrawio.scoring.axis import Axis
from mockrawio.scoring.found import load_found
from mockrawio.scoring.scene import TrueTrain
from mockrawio.scoring.score import score_trains

RATE = 32_000
WINDOW = 12  # 0.4 ms


def trains(seed: int, n_units: int = 8, refractory: int = 70, seconds: int = 30) -> dict[str, np.ndarray]:
    """Return units that fire 30 to 200 times, no two spikes of one closer than the refractory period."""
    random = np.random.default_rng(seed)
    made = {}
    for unit in range(n_units):
        count = int(random.integers(30, 200))
        gaps = random.exponential(seconds * RATE / count, count).astype(np.int64) + refractory
        made[f"u{unit}"] = np.cumsum(gaps)
    return made


def true_units(given: dict[str, np.ndarray], seed: int = 0) -> list[TrueTrain]:
    """Return them as true units with places, amplitudes and signal-to-noise ratios."""
    random = np.random.default_rng([seed, 1])
    return [
        TrueTrain(
            unit,
            times,
            random.uniform(0.4, 1.6, len(times)).astype(np.float32),
            float(random.uniform(4, 15)),
            tuple(random.uniform(0, 150, 3).tolist()),
            random.normal(0, 6, len(times)),
            spans(random) if number % 2 else None,
        )
        for number, (unit, times) in enumerate(given.items())
    ]


def spans(random: np.random.Generator) -> np.ndarray:
    """Return stretches of the first 4 s, which may overlap, ascending by their first places."""
    starts = np.sort(random.integers(0, 4 * RATE, 4))
    return np.stack([starts, starts + random.integers(1, RATE // 2, 4)], axis=1)


def scored(true: list[TrueTrain], sorting, axis: Axis | None = None, **options):
    """Return the score of a sorting, within 0.4 ms unless told otherwise."""
    options = {"window_ms": 0.4, "match_score": 0.5, **options}
    found = load_found(sorting, RATE, axis or Axis())
    return score_trains(true, found, RATE, axis=axis, **options)


def slow_cause(true: list[TrueTrain], unit: int, spike: int) -> str:
    """Return why a spike is missed that is found elsewhere, by its comparison with all others."""
    own, time = true[unit], int(true[unit].times[spike])
    if own.faults is not None and any(first <= time < stop for first, stop in own.faults.tolist()):
        return "artifact"
    if own.snr * abs(float(own.factors[spike])) < 5:
        return "low amplitude"
    apart = [math.dist(own.location, other.location) for other in true]
    others = [k for k in range(len(true)) if k != unit]
    if any(np.any(np.abs(true[k].times - time) <= 32) for k in others if apart[k] <= 100):
        return "overlap"
    rest = np.delete(own.times, spike) - time
    if np.any(np.abs(rest) <= 64):
        return "refractory"
    if np.any((rest >= -320) & (rest <= 0)):
        return "burst"
    if abs(own.displacements[spike] - np.median(own.displacements)) >= 10:
        return "drift"
    return "near neighbour" if any(apart[k] <= 40 for k in others) else "none of these"


def slow_false_cause(true: list[TrueTrain], unit: int, time: int) -> str:
    """Return why a spike was found where the unit has none, by its comparison with all others."""
    own = true[unit]
    if own.faults is not None and any(first <= time < stop for first, stop in own.faults.tolist()):
        return "artifact"
    apart = [math.dist(own.location, other.location) for other in true]
    others = [k for k in range(len(true)) if k != unit]
    if sum(np.sum(np.abs(true[k].times - time) <= 32) for k in others if apart[k] <= 100) > 1:
        return "overlap"
    gaps = own.times - time
    if np.any(np.abs(gaps) <= 64):
        return "refractory"
    if np.any((gaps >= -320) & (gaps <= 0)):
        return "burst"
    near = any(np.any(np.abs(true[k].times - time) <= WINDOW) for k in others if apart[k] <= 40)
    return "near neighbour" if near else "none of these"
