"""Why a spike was missed, or one was found where there is none: one cause each, out of what is true.

A cause is an entry of :data:`CAUSES`: a name, and a rule that says of which :class:`~.scene.TrueMoments` it holds. Of
several that hold the first one counts, so that the causes of a unit's misses add up to its misses. Their order is that
of what a sorter can do least about. What each means: docs/score.rst, *Causes*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Bools, Ints
from .scene import TrueMoments

LOW_SNR = 5.0  # standard deviations, below which SpikeInterface's detection sees no peak by default
OVERLAP_MS, OVERLAP_UM = 1.0, 100.0  # two spikes that share samples, and contacts (SpikeInterface's sparsity)
REFRACTORY_MS = 2.0  # of one unit, in which sorters look for no second spike
DRIFT_UM = 10.0  # half a row of a Neuropixels 1.0 probe
BURST_MS = 10.0  # the interval of a burst, after which amplitudes fall
NEIGHBOUR_UM = 40.0  # two rows of a Neuropixels 1.0 probe


class Cause(NamedTuple):
    """One cause."""

    name: str
    holds: Callable[[TrueMoments], Bools]  # (k,): True where it holds


def _artifact(moments: TrueMoments) -> Bools:
    """Return True where something is wrong with the unit's channel."""
    faults = moments.own.faults
    if faults is None or not len(faults):
        return moments.none()
    before = np.searchsorted(faults[:, 0], moments.times, side="right")
    last = np.maximum.accumulate(faults[:, 1])  # one that began earlier may end later
    holds: Bools = (before > 0) & (moments.times < last[np.maximum(before - 1, 0)])
    return holds


def _low_amplitude(moments: TrueMoments) -> Bools:
    """Return True for spikes of the unit that no detection by threshold sees."""
    unit = moments.own
    if moments.spikes is None or unit.snr is None:
        return moments.none()
    factors = 1.0 if unit.factors is None else np.abs(unit.factors[moments.spikes])
    return np.broadcast_to(unit.snr * factors < LOW_SNR, moments.times.shape)


def _overlap(moments: TrueMoments) -> Bools:
    """Return True where another unit fires too, or, of what is no spike of the unit, where two others do."""
    others = moments.n_near(OVERLAP_UM, moments.scene.samples(OVERLAP_MS), unknown=True)
    holds: Bools = others >= (2 if moments.spikes is None else 1)
    return holds


def _refractory(moments: TrueMoments) -> Bools:
    return moments.any_own(REFRACTORY_MS, REFRACTORY_MS)


def _burst(moments: TrueMoments) -> Bools:
    return moments.any_own(BURST_MS, 0)


def _drift(moments: TrueMoments) -> Bools:
    """Return True for spikes of the unit that are far from where most of its spikes are."""
    where = moments.own.displacements
    if moments.spikes is None or where is None or not len(where):
        return moments.none()
    holds: Bools = np.abs(where[moments.spikes] - np.median(where)) >= DRIFT_UM
    return holds


def _near_neighbour(moments: TrueMoments) -> Bools:
    """Return True where another cluster has the spike of a unit with a near one; else, where the near one fires."""
    scene = moments.scene
    if moments.spikes is None:
        holds: Bools = moments.n_near(NEIGHBOUR_UM, scene.window) > 0
        return holds
    near = bool((scene.distances[moments.unit] <= NEIGHBOUR_UM).any())
    return np.full(len(moments.times), near) if moments.elsewhere is None else moments.elsewhere & near


#: The causes, in the order in which they are asked.
CAUSES = (
    Cause("artifact", _artifact),
    Cause("low amplitude", _low_amplitude),
    Cause("overlap", _overlap),
    Cause("refractory", _refractory),
    Cause("burst", _burst),
    Cause("drift", _drift),
    Cause("near neighbour", _near_neighbour),
)
NONE = "none of these"


def cause_names() -> tuple[str, ...]:
    """Return the names of all causes, and last what stands for none of them."""
    return (*(cause.name for cause in CAUSES), NONE)


def causes_of(moments: TrueMoments) -> Ints:
    """Return the cause of each, int64 (k,), as an index of :func:`cause_names`."""
    first = np.full(len(moments.times), len(CAUSES), np.int64)
    for index, cause in reversed(list(enumerate(CAUSES))):
        first[cause.holds(moments)] = index
    return first
