"""The units of the broadband stream: where they are, how large, and their templates in the signal.

A spike is its unit's curve, sampled at the spike's own sub-sample time, times its own
amplitude, times a factor for each contact of the bundle, rounded to whole counts. A template is
64 samples long and its peak stands at sample 19; what overlaps adds up as whole numbers, so that
the order does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.once import once
from ..session.layout import BUNDLE
from ..session.probe import contact_positions
from .broadband_noise import BOUND, Levels
from .draws import Draws, Kind, normal_table
from .plan import Plan, PlannedUnit
from .spikes import (
    N_SAMPLES,
    PEAK_SAMPLE,
    amplitude_factors,
    jitter_phases,
    jitter_steps,
    moved_shapes,
    spike_frames,
    spike_times,
)

__all__ = ["PlantedUnit", "Planting", "planted_units"]

# A unit lies within a box around its contact: nearer to it than to any other, 31 µm away.
_ASIDE_UM, _DEPTH_UM = 10.0, (8.0, 24.0)
_FALL_UM = 20.0  # how far from a unit its amplitude is half of what it is at no distance
_SPIKES_AT_ONCE = 256

Int16s = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PlantedUnit:
    """One unit's part of the broadband stream.

    Attributes
    ----------
    plan : Plan
    unit : PlannedUnit
    columns : range
        Of the stream: the contacts of the unit's bundle.
    location : tuple of float
        x, y and z in µm; contacts lie at z = 0.
    scale : tuple of float
        The unit's amplitude at each of `columns`, as a part of that at its own channel.
    snr : float
        Peak in standard deviations of its own channel's noise.
    peak_uV : float
        Peak of its mean spike at its own channel, µV.
    gain : float
        µV a count.
    """

    plan: Plan
    unit: PlannedUnit
    columns: range
    location: tuple[float, float, float]
    scale: tuple[float, ...]
    snr: float
    peak_uV: float
    gain: float

    @property
    def id(self) -> str:
        """The name of its file, ``CSC3_SU1``."""
        return self.unit.name.id

    @property
    def own_column(self) -> int:
        """Its own channel's column of the stream."""
        return self.unit.name.channel - 1

    @property
    def n_spikes(self) -> int:
        """The number of its spikes, in all segments."""
        return self.unit.n_spikes

    def times_ms(self) -> npt.NDArray[np.float64]:
        """Return the spike times of its file, ms since the Unix epoch, float64 (n_spikes,)."""
        return spike_times(self.plan, self.unit)

    def places(self) -> tuple[Ints, Ints]:
        """Return the segment of each spike, and where in it the peak stands, both int64 (n_spikes,)."""
        return spike_frames(self.plan, self.unit)

    def segments(self) -> Ints:
        """Return the segment of each spike, int64 (n_spikes,)."""
        return self.places()[0]

    def frames(self) -> Ints:
        """Return where in its segment the peak of each spike stands, int64 (n_spikes,)."""
        return self.places()[1]

    def jitter(self) -> npt.NDArray[np.float64]:
        """Return by how many samples each spike comes after its frame, float64 (n_spikes,)."""
        return np.array(jitter_steps(self.plan))[jitter_phases(self.plan, self.unit)]

    def factors(self) -> Floats32:
        """Return each spike's amplitude, as a multiple of the unit's, float32 (n_spikes,)."""
        return amplitude_factors(self.plan, self.unit)

    def templates(self, indexes: Any = slice(None)) -> Int16s:
        """Return what spikes add to the stream.

        Parameters
        ----------
        indexes : slice or array of int
            Which spikes; all by default.

        Returns
        -------
        ndarray of int16, shape (n, 64, contacts)
            Counts, from sample ``frame - 19`` on, at `columns`.
        """
        phases, factors = jitter_phases(self.plan, self.unit)[indexes], self.factors()[indexes]
        return _rounded(self.bank[phases], factors).astype("<i2")

    @once
    def bank(self) -> Floats32:
        """The mean spike at each phase of the jitter, float32 (phases, 64, contacts), in counts."""
        shapes = moved_shapes(self.plan.seed, self.unit.index, jitter_steps(self.plan)) * (self.peak_uV / self.gain)
        bank: Floats32 = (shapes[:, :, None] * np.array(self.scale)).astype(np.float32)
        return bank

    def description(self) -> dict[str, object]:
        """Return what the stream's json says of it."""
        return {
            "location": list(self.location),
            "channel_ids": [f"CSC{column + 1}" for column in self.columns],
            "scale": list(self.scale),
            "snr": self.snr,
            "peak_uV": self.peak_uV,
        }


def planted_units(plan: Plan, levels: Levels) -> list[PlantedUnit]:
    """Return the units of a broadband session, in the order of the plan."""
    return [_planted(plan, unit, levels) for unit in plan.units]


def _planted(plan: Plan, unit: PlannedUnit, levels: Levels) -> PlantedUnit:
    own = unit.name.channel - 1
    columns = range(own // BUNDLE * BUNDLE, min(own // BUNDLE * BUNDLE + BUNDLE, plan.spec.n_channels))
    contacts = contact_positions([column + 1 for column in columns])
    draws = Draws(plan.seed, Kind.LOCATION, unit.index)
    x, y = (contacts[own - columns.start] + [draws.real(-_ASIDE_UM, _ASIDE_UM) for _ in range(2)]).tolist()
    location = (round(x, 3), round(y, 3), round(draws.real(*_DEPTH_UM), 3))
    snr = round(draws.real(*plan.spec.snr), 6)
    peak_uV = round(snr * float(levels.total_uV[own]), 6)
    scale = _scale(location, contacts, own - columns.start)
    return PlantedUnit(plan, unit, columns, location, scale, snr, peak_uV, levels.gain)


def _scale(location: tuple[float, float, float], contacts: npt.NDArray[np.float64], own: int) -> tuple[float, ...]:
    """Return the amplitude at each contact as a part of that at the own one, falling with the distance."""
    squares = ((contacts - location[:2]) ** 2).sum(axis=1) + location[2] ** 2 + _FALL_UM**2
    return tuple(round(float(value), 6) for value in squares[own] / squares)


# A spike as it is planted; its row in the bank is that of its unit and phase.
_SPIKE = np.dtype([("segment", "i4"), ("begin", "i8"), ("row", "i4"), ("column", "i4"), ("factor", "f4")])


class _Train(NamedTuple):
    """All spikes of a segment, in the order in which their templates begin; `begins` apart, to be searched."""

    begins: Ints
    spikes: npt.NDArray[Any]


class Planting:
    """Adds the spikes of all units to pieces of a stream.

    It holds 32 bytes a spike, and what a mean spike looks like.

    Parameters
    ----------
    plan : Plan
    units : list of PlantedUnit
    """

    def __init__(self, plan: Plan, units: list[PlantedUnit]) -> None:
        n_phases = len(jitter_steps(plan))
        self._bank = np.zeros((len(units) * n_phases, N_SAMPLES, BUNDLE), np.float32)
        for index, unit in enumerate(units):
            self._bank[index * n_phases : (index + 1) * n_phases, :, : len(unit.columns)] = unit.bank
        self._trains = _trains(plan, units)
        self._most = _largest_sum(plan, units)

    def may_clip(self) -> bool:
        """Return True if a sum of spikes and background can leave int16; if not, none need be looked at."""
        return self._most + BOUND > 32767

    def add(self, block: npt.NDArray[Any], seg_index: int, i_start: int) -> None:
        """Add to a block of a segment, in place, what of the spikes' templates lies in it.

        Parameters
        ----------
        block : ndarray of a whole-number type, shape (n, n_channels)
            It must hold the sum: nothing is clipped here.
        seg_index, i_start : int
            Where the block begins.
        """
        train = self._trains[seg_index]
        low, high = np.searchsorted(train.begins, (i_start - N_SAMPLES + 1, i_start + len(block))).tolist()
        for first in range(low, high, _SPIKES_AT_ONCE):
            some = train.spikes[first : min(first + _SPIKES_AT_ONCE, high)]
            templates = _rounded(self._bank[some["row"]], some["factor"]).astype(block.dtype)
            begins, columns = (some["begin"] - i_start).tolist(), some["column"].tolist()
            for begin, column, template in zip(begins, columns, templates, strict=True):
                skipped = max(0, -begin)
                part = block[begin + skipped : begin + N_SAMPLES, column : column + BUNDLE]
                part += template[skipped : skipped + part.shape[0], : part.shape[1]]


def _rounded(means: Floats32, factors: Floats32) -> Floats32:
    """Return mean spikes (n, 64, contacts) times a factor each, in whole counts; `means` is overwritten."""
    means *= factors[:, None, None]
    return np.rint(means, out=means)


def _trains(plan: Plan, units: list[PlantedUnit]) -> list[_Train]:
    """Return the spikes of all units, segment by segment."""
    spikes = np.empty(sum(unit.n_spikes for unit in units), _SPIKE)
    end = 0
    for index, unit in enumerate(units):
        some = spikes[end : end + unit.n_spikes]
        end += unit.n_spikes
        some["segment"], frames = unit.places()
        some["begin"] = frames - PEAK_SAMPLE
        some["row"] = jitter_phases(plan, unit.unit) + np.int32(index * len(jitter_steps(plan)))
        some["column"] = unit.columns.start
        some["factor"] = unit.factors()
    spikes = spikes[np.lexsort((spikes["begin"], spikes["segment"]))]
    edges = np.searchsorted(spikes["segment"], np.arange(len(plan.segments) + 1)).tolist()
    parts = [spikes[low:high] for low, high in pairwise(edges)]
    return [_Train(np.ascontiguousarray(part["begin"]), part) for part in parts]


def _largest_sum(plan: Plan, units: list[PlantedUnit]) -> float:
    """Return a bound of what spikes can add up to on any channel, however they fall, in counts."""
    if plan.source is None:
        overlapping = 1 + (N_SAMPLES - 1) // plan.spec.refractory_ticks
    else:
        overlapping = plan.source.most_within(N_SAMPLES)
    most_factor = 1 + plan.spec.amplitude_sd * float(normal_table()[-1])
    sums = np.zeros(plan.spec.n_channels)
    for unit in units:
        sums[unit.columns.start : unit.columns.stop] += overlapping * (float(abs(unit.bank).max()) * most_factor + 1)
    return float(sums.max())
