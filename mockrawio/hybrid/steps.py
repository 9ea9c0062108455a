"""The steps of a hybrid run, one call each, as hybridfactory's own notebook takes them (docs/hybrid_steps.rst).

Each takes what has a recording, a sorting and a probe: a :class:`~.source.HybridSource`, or a
:class:`~.draft.HybridDraft` with the events that were added by then. :func:`~.doors.generate_hybrid` is these steps in
turn, of unit after unit: `order` is the unit's place among them, which with the seed says what is drawn. Every step has
numbers of its own, so that neither other units nor a parameter of another step changes them.

A step that a unit does not allow is a :class:`~.units.UnitSkipped` error.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Protocol

import numpy as np

from ..formats.sorters import Sorting
from ..ground.arrays import Array, Bools, Ints
from ..ground.checks import is_real, require
from ..ground.shown import Argument
from .channels import channels_in, mean_window, shifted_channels
from .low_rank import RebuiltEvents, rebuilt_events
from .raw_probe import Probe
from .recording import RawRecording
from .times import REFRACTORY_MS, FiringTimes, Spacing, drawn_times
from .units import UnitSkipped


class Sorted(Protocol):
    """A recording, what was sorted in it, and its probe."""

    @property
    def recording(self) -> RawRecording:
        """The recording."""

    @property
    def sorting(self) -> Sorting:
        """All its spikes that have a unit."""

    @property
    def probe(self) -> Probe:
        """Where its rows are."""


class Step(IntEnum):
    """What a generator is for: the last number of its spawn key. Never renumber."""

    SHIFT = 0
    TIMES = 1
    EVENTS = 2
    AMPLITUDES = 3


def _random(seed: int, order: int, step: Step) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(order, int(step)))))


def _held(source: Sorted, times: Ints, before: int, after: int) -> Bools:
    return source.recording.holds_many(times - before, times + after + 1)


def unit_firing_times(source: Sorted, unit: int, samples_before: int = 40, samples_after: int = 40) -> Ints:
    """Return the spikes of a unit whose windows lie inside the recording's files.

    Parameters
    ----------
    source : HybridSource or HybridDraft
    unit : int
        Its label, as ``ground_truth_units`` has it.
    samples_before, samples_after : int
        Extent of a window.

    Returns
    -------
    ndarray of int64, shape (p,)
        Absolute samples, ascending.

    Raises
    ------
    MockSessionError
        If there are none.
    """
    own = source.sorting.times_of(unit)
    if not len(own):
        raise UnitSkipped(f"the sorting has no spikes of unit {unit}")
    times: Ints = own[_held(source, own, samples_before, samples_after)]
    if not len(times):
        raise UnitSkipped("the windows of all its spikes leave the recording")
    return times


def unit_windows(
    source: Sorted, unit: int, samples_before: int = 40, samples_after: int = 40, *, channels: Ints | None = None
) -> Array:
    """Return the samples around each spike of a unit.

    Parameters
    ----------
    source, unit, samples_before, samples_after
        As for :func:`unit_firing_times`, whose spikes these are.
    channels : ndarray of int, shape (m,), optional
        Raw rows; all by default.

    Returns
    -------
    ndarray of the recording's dtype, shape (p, samples_before + 1 + samples_after, m)
        Counts.
    """
    rows = np.arange(source.recording.n_channels) if channels is None else channels
    times = unit_firing_times(source, unit, samples_before, samples_after)
    return source.recording.gather(times, samples_before, samples_after, rows)


def unit_channels(source: Sorted, unit: int, samples_before: int = 40, samples_after: int = 40) -> Ints:
    """Return the channels on which a unit is visible (docs/hybridfactory.rst, *Channels of a unit*).

    Parameters
    ----------
    source, unit, samples_before, samples_after
        As for :func:`unit_firing_times`.

    Returns
    -------
    ndarray of int64, shape (m,)
        Raw rows, ascending.

    Raises
    ------
    MockSessionError
        If its mean does not stand out from the noise.
    """
    times = unit_firing_times(source, unit, samples_before, samples_after)
    return channels_in(mean_window(source.recording, times, samples_before, samples_after), source.probe)


def shift_channels(
    source: Sorted, channels: Ints, channel_shift: int | None = None, *, seed: int = 0, order: int = 0
) -> Ints:
    """Return new channels for a unit's events (docs/hybridfactory.rst, *New location*).

    Parameters
    ----------
    source : HybridSource or HybridDraft
    channels : ndarray of int64, shape (m,)
        The unit's raw rows.
    channel_shift : int, optional
        Entries up the probe, or if that does not fit, down. None draws a place, distant ones being more likely.
    seed, order : int
        Determine the random draws.

    Returns
    -------
    ndarray of int64, shape (m,)
        Raw rows, in the order of `channels`.

    Raises
    ------
    MockSessionError
        If no place fits, or the one asked for does not.
    """
    return shifted_channels(channels, source.probe, channel_shift, _random(seed, order, Step.SHIFT))


def jitter_events(
    source: Sorted,
    unit: int,
    jitter_factor: float = 100,
    samples_before: int = 40,
    samples_after: int = 40,
    *,
    synthetic_rate: float | None = None,
    max_events: int | None = None,
    seed: int = 0,
    order: int = 0,
) -> FiringTimes:
    """Draw times of new events, away from the unit's own spikes (docs/hybridfactory.rst, *Times of the new events*).

    Parameters
    ----------
    source, unit, samples_before, samples_after
        As for :func:`unit_firing_times`.
    jitter_factor : float
        Twice the standard deviation by which times are moved, in samples.
    synthetic_rate : float, optional
        Hz, of regular times that are moved. None: the unit's own ones.
    max_events : int, optional
        The most times wanted.
    seed, order : int
        Determine the random draws.

    Returns
    -------
    FiringTimes
        `times`, ascending int64, and how many found no place, by reason.

    Raises
    ------
    MockSessionError
        If none found one, or the rate leaves less than 2 ms between spikes.
    """
    rate = source.recording.sample_rate
    refractory = math.ceil(REFRACTORY_MS * rate / 1000)
    if synthetic_rate is not None and rate / synthetic_rate < refractory:
        reason = f"a synthetic rate of {synthetic_rate:g} Hz leaves less than {REFRACTORY_MS:g} ms between spikes"
        raise UnitSkipped(reason)
    timing = Spacing(samples_before, samples_after, refractory, jitter_factor / 2)
    own, random = source.sorting.times_of(unit), _random(seed, order, Step.TIMES)
    drawn = drawn_times(source.recording, own, timing, random, rate=synthetic_rate, cap=max_events)
    if not len(drawn.times):
        raise UnitSkipped("no time was found for any of its events")
    return drawn


def construct_events(
    source: Sorted,
    unit: int,
    channels: Ints,
    num_singular_values: int = 6,
    samples_before: int = 40,
    samples_after: int = 40,
    *,
    num_events: int | None = None,
    seed: int = 0,
    order: int = 0,
) -> RebuiltEvents:
    """Make denoised events from a unit's spikes (docs/hybridfactory.rst, *Waveforms*).

    Parameters
    ----------
    source, unit, samples_before, samples_after
        As for :func:`unit_firing_times`.
    channels : ndarray of int64, shape (m,)
        The unit's raw rows.
    num_singular_values : int
        In how many waveforms events differ.
    num_events : int, optional
        How many; each is made of one of the spikes, drawn with replacement. None: as many as there are spikes.
    seed, order : int
        Determine the random draws.

    Returns
    -------
    RebuiltEvents
        Of `num_events`, ``samples_before + 1 + samples_after`` samples and m channels.

    Raises
    ------
    MockSessionError
        If there are fewer spikes than singular values.
    """
    times = unit_firing_times(source, unit, samples_before, samples_after)
    count = len(times) if num_events is None else num_events
    chosen = _random(seed, order, Step.EVENTS).integers(len(times), size=count)
    extent = (samples_before, samples_after)
    return rebuilt_events(source.recording, times, channels, extent, num_singular_values, chosen)


def scale_events(
    events: RebuiltEvents, scale_min: float = 0.98, scale_max: float = 1.02, *, seed: int = 0, order: int = 0
) -> RebuiltEvents:
    """Return events scaled by random factors, uniform between two values, one per event.

    Parameters
    ----------
    events : RebuiltEvents
    scale_min, scale_max : float
        The smallest and the largest factor.
    seed, order : int
        Determine the random draws.

    Raises
    ------
    MockSessionError
        If the factors are no numbers above 0, in this order.
    """
    fits = is_real(scale_min) and is_real(scale_max) and 0 < scale_min <= scale_max < np.inf
    require(fits, Argument("scale_min"), "a factor above 0, up to scale_max", f"{scale_min} and {scale_max}")
    return events.scaled(_random(seed, order, Step.AMPLITUDES).uniform(scale_min, scale_max, len(events)))
