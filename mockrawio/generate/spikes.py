"""Spike trains with a hard refractory period, and the waveform of every spike.

A train is exact: its stamps are ticks of a 32 kHz clock, whole numbers until the last
division, which float64 holds without rounding at today's 1.7e12 ms. So no stamp is below
the refractory period after another one, nor outside the recording, by any rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, frexp, ldexp
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .draws import Draws, Kind, normal_table
from .plan import Plan, PlannedUnit
from .timing import SPIKE_CLOCK

__all__ = ["N_SAMPLES", "Shape", "counts", "fitting_gain", "spike_times", "unit_shape", "waveform_gain", "waveforms"]

N_SAMPLES = 64  # of a waveform, document 000
PEAK_SAMPLE, UNDERSHOOT_SAMPLE = 19, 40
_SPIKES_A_BLOCK = 1024  # 512 kB of float64, which a core's second-level cache holds

Floats = npt.NDArray[np.float64]


class Shape(NamedTuple):
    """A unit's mean waveform (64,) and the standard deviation around it, both in µV."""

    mean: Floats
    sd: float


def spike_times(plan: Plan, unit: PlannedUnit) -> Floats:
    """Return a unit's spike times.

    Given their number, the times are those of a Poisson process with a dead time: spread
    evenly over the recording less the dead times, which are then put back between them.

    Returns
    -------
    ndarray of float64, shape (n_spikes,)
        ms since the Unix epoch, ascending, multiples of 1/32 ms, none in a gap.
    """
    n, dead = unit.n_spikes, plan.spec.refractory_ticks
    free = plan.recorded_ms * SPIKE_CLOCK - max(0, n - 1) * dead
    ticks = np.sort(Draws(plan.seed, Kind.TRAIN, unit.index).integers(0, free - 1, n))
    ticks += np.arange(n) * dead
    return _on_the_clock(plan, ticks)


def _on_the_clock(plan: Plan, ticks: npt.NDArray[np.int64]) -> Floats:
    """Turn ticks of recorded time into ms since the Unix epoch, gaps put back."""
    begins = np.cumsum([0] + [segment.n_ms for segment in plan.segments])[:-1] * SPIKE_CLOCK
    shifts = np.array([segment.start_ms for segment in plan.segments]) * SPIKE_CLOCK - begins
    stamps: Floats = (ticks + shifts[np.searchsorted(begins, ticks, side="right") - 1]) / SPIKE_CLOCK
    return stamps


def unit_shape(seed: int, index: int) -> Shape:
    """Return a unit's own waveform: two flanks of a Gaussian, less a later and wider one.

    The numbers lie around those of Epiphyte's generator: a peak of 37 µV at sample 19, an
    undershoot of -8 µV near sample 40, a standard deviation of 6 to 10 µV.
    """
    draws = Draws(seed, Kind.SHAPE, index)
    peak, depth = draws.real(33.0, 41.0), draws.real(7.0, 9.0)
    rise, fall = draws.real(2.8, 4.2), draws.real(4.0, 6.0)
    trough, width = draws.real(UNDERSHOOT_SAMPLE - 2, UNDERSHOOT_SAMPLE + 2), draws.real(6.5, 9.5)
    dip = [depth * _bell(k, trough, width) for k in range(N_SAMPLES)]
    height = peak + dip[PEAK_SAMPLE]  # so that the sum is `peak` there
    bump = [height * _bell(k, PEAK_SAMPLE, rise if k < PEAK_SAMPLE else fall) for k in range(N_SAMPLES)]
    mean = np.round(np.array(bump) - np.array(dip), 6)  # the last bit of a machine's exp does not matter
    return Shape(mean, round(draws.real(6.5, 9.5), 6))


def _bell(x: float, centre: float, width: float) -> float:
    return exp(-0.5 * ((x - centre) / width) ** 2)


def waveforms(seed: int, unit: PlannedUnit) -> Iterator[Floats]:
    """Yield a unit's waveforms in µV, block after block of shape (n, 64).

    Each block is done with when the next is asked for.
    """
    shape = unit_shape(seed, unit.index)
    noise = normal_table() * shape.sd
    draws = Draws(seed, Kind.WAVEFORM, unit.index)
    buffer = np.empty((min(_SPIKES_A_BLOCK, unit.n_spikes), N_SAMPLES))
    for begin in range(0, unit.n_spikes, _SPIKES_A_BLOCK):
        block = buffer[: unit.n_spikes - begin]
        # An index of 16 bits cannot leave the table; "clip" spares NumPy a second buffer.
        np.take(noise, draws.words16(block.size).reshape(block.shape), out=block, mode="clip")
        block += shape.mean
        yield block


def waveform_gain(seed: int, unit: PlannedUnit) -> float:
    """Return the µV a count of a unit's int16 waveforms, such that none of them can clip."""
    shape = unit_shape(seed, unit.index)
    return fitting_gain(float(abs(shape.mean).max()) + shape.sd * float(normal_table()[-1]))


def fitting_gain(most: float) -> float:
    """Return the smallest power of two, in µV a count, at which `most` µV fit int16.

    A power of two, so that counts times gain is exact.
    """
    return ldexp(1.0, frexp(most / 32767)[1])


def counts(block: Floats, gain: float) -> npt.NDArray[np.int16]:
    """Return µV as int16 counts, to the nearest one; `block` is overwritten."""
    np.multiply(block, 1.0 / gain, out=block)  # exact: a power of two
    return np.rint(block, out=block).astype("<i2")
