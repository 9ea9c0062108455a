"""Spike trains with a hard refractory period, and the waveform of every spike.

A train is exact: its stamps are ticks of a 32 kHz clock, whole numbers until the last
division, which float64 holds without rounding at today's 1.7e12 ms. So no stamp is below
the refractory period after another one, nor outside the recording, by any rounding.

In a broadband session a spike falls between two ticks, an odd number of sixteenths from the
nearest: 2**-9 ms, which float64 holds too. The nearest tick is a sample of the stream, and
far enough from both ends of its segment for the whole waveform.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, frexp, ldexp
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .draws import Draws, Kind, normal_table
from .plan import Plan, PlannedUnit
from .source import Place
from .timing import PEAK, SPIKE_CLOCK, WAVEFORM, spike_room

__all__ = [
    "N_SAMPLES",
    "Shape",
    "amplitude_factors",
    "counts",
    "fitting_gain",
    "jitter_phases",
    "jitter_steps",
    "moved_shapes",
    "spike_frames",
    "spike_times",
    "unit_shape",
    "waveform_gain",
    "waveforms",
]

N_SAMPLES = WAVEFORM
PEAK_SAMPLE, UNDERSHOOT_SAMPLE = PEAK, 40
_JITTER = tuple((2 * phase - 7) / 16 for phase in range(8))  # evenly spread over a sample
_SPIKES_A_BLOCK = 1024  # 512 kB of float64, which a core's second-level cache holds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
        ms since the Unix epoch, ascending, multiples of 1/32 ms, none in a gap; with jitter
        in a broadband session, multiples of 1/512 ms. Where they come from a file and there is
        no broadband stream, the file's, to the nearest float64.
    """
    if plan.source is not None and not plan.spec.is_broadband:
        return plan.start_ms + plan.source.train(unit.index)
    segments, frames = spike_frames(plan, unit)
    starts = np.array([segment.start_ms for segment in plan.segments]) * SPIKE_CLOCK
    stamps: Floats = (frames + starts[segments]) / SPIKE_CLOCK
    if plan.spec.is_broadband:
        stamps += np.array(jitter_steps(plan))[jitter_phases(plan, unit)] / SPIKE_CLOCK
    return stamps


def spike_frames(plan: Plan, unit: PlannedUnit) -> tuple[Ints, Ints]:
    """Return the segment of each spike, and the tick in it that is nearest to the spike.

    Returns
    -------
    segments, frames : ndarray of int64, shape (n_spikes,)
        In a broadband session, where in the stream the peak of each spike stands.
    """
    if plan.source is not None:
        return _source_place(plan, unit)[:2]
    whole = plan.spec.is_broadband
    n, dead = unit.n_spikes, plan.spec.refractory_ticks
    ends = np.cumsum([0] + [spike_room(segment.n_ms, whole) for segment in plan.segments])
    free = int(ends[-1]) - max(0, n - 1) * dead
    ticks = np.sort(Draws(plan.seed, Kind.TRAIN, unit.index).integers(0, free - 1, n))
    ticks += np.arange(n) * dead
    segments = np.searchsorted(ends[:-1], ticks, side="right") - 1
    return segments, ticks - ends[segments] + (PEAK_SAMPLE if whole else 0)


def _source_place(plan: Plan, unit: PlannedUnit) -> Place:
    """Return where the spikes of a unit are, which come from a file."""
    assert plan.source is not None
    starts = np.array([float(segment.start_ms - plan.start_ms) for segment in plan.segments])
    return Place.of(plan.source.train(unit.index), starts)


def jitter_steps(plan: Plan) -> tuple[float, ...]:
    """Return by how many samples a spike of a broadband session may come after the sample nearest to it."""
    return _JITTER if plan.spec.jitter else (0.0,)


def jitter_phases(plan: Plan, unit: PlannedUnit) -> npt.NDArray[np.uint8]:
    """Return which of :func:`jitter_steps` each spike of a broadband session has."""
    if not plan.spec.jitter:
        return np.zeros(unit.n_spikes, np.uint8)
    if plan.source is not None:
        return _source_place(plan, unit).phases
    return (Draws(plan.seed, Kind.JITTER, unit.index).words16(unit.n_spikes) & 7).astype(np.uint8)


def amplitude_factors(plan: Plan, unit: PlannedUnit) -> npt.NDArray[np.float32]:
    """Return what each spike of a broadband session is multiplied by, around 1."""
    normals = Draws(plan.seed, Kind.AMPLITUDE, unit.index).normals(unit.n_spikes)
    return (1 + plan.spec.amplitude_sd * normals).astype(np.float32)


def unit_shape(seed: int, index: int) -> Shape:
    """Return a unit's own waveform: two flanks of a Gaussian, less a later and wider one.

    The numbers lie around those of Epiphyte's generator: a peak of 37 µV at sample 19, an
    undershoot of -8 µV near sample 40, a standard deviation of 6 to 10 µV.
    """
    curve = _Curve.drawn(seed, index)
    return Shape(curve.at(0.0), curve.sd)


def moved_shapes(seed: int, index: int, jitter: tuple[float, ...]) -> Floats:
    """Return a unit's waveform as it is sampled when the spike comes between samples.

    Parameters
    ----------
    seed, index : int
        As for :func:`unit_shape`.
    jitter : tuple of float
        By how many samples the spike comes after sample 19, within half a sample.

    Returns
    -------
    ndarray of float64, shape (len(jitter), 64)
        In units of the peak. All flanks differ, so the curve is first moved to where sample 19
        is the largest for half a sample both ways; the nearest sample is then the peak.
    """
    curve = _Curve.drawn(seed, index)
    if jitter == (0.0,):
        return curve.at(0.0)[None] / curve.peak
    lead = curve.lead()
    return np.stack([curve.at(lead - late) for late in jitter]) / curve.peak


class _Curve(NamedTuple):
    """A unit's waveform as a function of time in samples."""

    peak: float
    height: float
    depth: float
    rise: float
    fall: float
    trough: float
    width: float
    sd: float

    @classmethod
    def drawn(cls, seed: int, index: int) -> _Curve:
        """Draw a unit's own."""
        draws = Draws(seed, Kind.SHAPE, index)
        peak, depth = draws.real(33.0, 41.0), draws.real(7.0, 9.0)
        rise, fall = draws.real(2.8, 4.2), draws.real(4.0, 6.0)
        trough, width = draws.real(UNDERSHOOT_SAMPLE - 2, UNDERSHOOT_SAMPLE + 2), draws.real(6.5, 9.5)
        height = peak + depth * _bell(PEAK_SAMPLE, trough, width)  # so that the sum is `peak` there
        return cls(peak, height, depth, rise, fall, trough, width, round(draws.real(6.5, 9.5), 6))

    def at(self, late: float) -> Floats:
        """Return 64 samples, each `late` samples after its number, in µV.

        To 1e-6 µV, so that the last bit of a machine's ``exp`` does not matter.
        """
        samples: Floats = np.round([self.value(k + late) for k in range(N_SAMPLES)], 6)
        return samples

    def value(self, x: float) -> float:
        """Return the curve at `x` samples, in µV."""
        bump = self.height * _bell(x, PEAK_SAMPLE, self.rise if x < PEAK_SAMPLE else self.fall)
        return bump - self.depth * _bell(x, self.trough, self.width)

    def lead(self) -> float:
        """Return where the curve is as high half a sample before as half a sample after, less 19."""
        steps = [step / 64 for step in range(-32, 33)]
        before, after = PEAK_SAMPLE - 0.5, PEAK_SAMPLE + 0.5
        return next(step for step in steps if self.value(before + step) >= self.value(after + step))


def _bell(x: float, centre: float, width: float) -> float:
    return exp(-0.5 * ((x - centre) / width) ** 2)


def waveforms(seed: int, unit: PlannedUnit) -> Iterator[Floats]:
    """Yield a unit's waveforms in µV, block after block of shape (n, 64)."""
    shape = unit_shape(seed, unit.index)
    noise = normal_table() * shape.sd
    draws = Draws(seed, Kind.WAVEFORM, unit.index)
    for begin in range(0, unit.n_spikes, _SPIKES_A_BLOCK):
        block = np.empty((min(_SPIKES_A_BLOCK, unit.n_spikes - begin), N_SAMPLES))
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
