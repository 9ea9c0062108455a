"""Which channels a unit is on, and where on the probe its events go.

The rule for a unit's channels (for that of hybridfactory see docs/hybridfactory.rst, *Channels of a unit*): a channel
belongs to a unit if all of this holds of the unit's mean window, less the straight line between its ends:

- it is connected, and within ``RADIUS_UM`` of the peak site, the connected channel with the
  largest deflection;
- its largest deflection, up or down, is more than ``NOISE_FACTOR`` times the noise of the mean:
  of n·C values of pure noise, 31,000 for 384 channels, fewer than one in fifty means then has
  one that large;
- it is at least ``PEAK_FRACTION`` of the peak site's: the noise of the mean of thousands of
  events is so small that it would let through traces that no single event shows.

The noise of the mean on a channel is its standard deviation over the square root of the number
of events. The deviation is robust, 1.4826 times the median absolute difference between the
last and the first eighth of a window over the square root of 2: the spike is in the middle,
and an offset or a slow drift has no effect.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats, Ints
from .raw_probe import Probe
from .recording import RawRecording
from .units import UnitSkipped

NOISE_FACTOR = 5.0  # P(|N(0, 1)| > 5) = 6e-7
PEAK_FRACTION = 0.1  # what is left out is a tenth of the peak at most
RADIUS_UM = 100.0  # SpikeInterface's sparse waveforms and sortings take the same radius by default
TOLERANCE = 0.01  # of the least distance between two sites: positions are rounded to 0.1 µm or so
MEAN_EVENTS = 500  # enough for a mean within 5 % of the noise; evenly over the recording
NOISE_EVENTS = 200  # at ten pairs each, the noise is known within 3 %
CHUNK_ITEMS = 1 << 21  # samples gathered at a time
MAD_TO_SD = 1.4826


class MeanWindow(NamedTuple):
    """What a unit looks like on average."""

    mean: Floats  # (n, C), counts; the straight line between its ends is taken off
    noise: Floats  # (C,), standard deviation of the mean, in counts


def mean_window(recording: RawRecording, times: Ints, before: int, after: int) -> MeanWindow:
    """Return the mean of a unit's windows on all channels, and its noise, from spikes whose windows lie inside files.

    Of more than ``MEAN_EVENTS`` spikes that many are used; `before` and `after` are the samples on each side.
    """
    count = min(len(times), MEAN_EVENTS)
    used = times[np.arange(count) * len(times) // count]  # evenly apart
    n, rows = before + after + 1, np.arange(recording.n_channels)
    total, pairs, step = np.zeros((n, len(rows))), [], max(1, CHUNK_ITEMS // (n * len(rows)))
    edge = max(1, n // 8)
    for_noise = -(-len(used) // NOISE_EVENTS)
    for begin in range(0, len(used), step):
        windows = recording.gather(used[begin : begin + step], before, after, rows)
        total += windows.sum(axis=0, dtype=np.int64)
        few = windows[-begin % for_noise :: for_noise]
        pairs.append(few[:, -edge:].astype(np.float32) - few[:, :edge])
    mean = total / len(used)
    mean -= np.linspace(mean[0], mean[-1], n)
    spread = np.median(np.abs(np.concatenate(pairs)), axis=(0, 1)) * (MAD_TO_SD / np.sqrt(2))
    return MeanWindow(mean, spread / np.sqrt(len(used)))


def channels_in(window: MeanWindow, probe: Probe) -> Ints:
    """Return the raw rows of a unit, ascending, by the rule of this module.

    Raises UnitSkipped if its mean stands out from the noise nowhere.
    """
    connected = probe.connected[probe.inverse_map]
    positions = probe.channel_positions[probe.inverse_map]
    height = np.where(connected, np.abs(window.mean).max(axis=0), -np.inf)
    peak = int(height.argmax())
    if not height[peak] > NOISE_FACTOR * window.noise[peak]:
        raise UnitSkipped("its mean waveform does not stand out from the noise on any connected channel")
    near = np.linalg.norm(positions - positions[peak], axis=1) <= RADIUS_UM
    high = (height > NOISE_FACTOR * window.noise) & (height >= PEAK_FRACTION * height[peak])
    return np.flatnonzero(connected & near & high)


def _tolerance(positions: Floats) -> float:
    """Return how far from a site a shifted channel may lie, in the positions' own unit."""
    by_x = positions[np.lexsort(positions.T[::-1])]
    least = np.inf
    for lag in range(1, min(len(by_x), 17)):  # neighbours along the first axis, and what is close to them
        apart = np.linalg.norm(by_x[lag:] - by_x[:-lag], axis=1)
        least = min(least, float(apart[apart > 0].min(initial=np.inf)))
    return TOLERANCE * (least if np.isfinite(least) else 1.0)


def candidates(channels: Ints, probe: Probe, *, allow_overlap: bool = False) -> tuple[Ints, Floats]:
    """Return where else on the probe the unit's channels, (m,) raw rows, fit by a translation, nearest first.

    Only connected sites are places to go to, which may share sites with the unit's own if `allow_overlap`. Returned
    are raw rows, (c, m), aligned with `channels`, and how far each place is, (c,).
    """
    sites = probe.inverse_map[channels]
    connected = np.flatnonzero(probe.connected)
    positions = probe.channel_positions
    places, own = positions[connected], positions[sites]
    tolerance = _tolerance(places)
    moves = places - own[0]
    found = np.stack([_sites_at(places, point + moves, tolerance) for point in own], axis=1)
    fits = (found >= 0).all(axis=1)
    distances = np.linalg.norm(moves[fits], axis=1)
    moved = connected[found[fits]]
    keep = distances > tolerance
    if not allow_overlap:
        keep &= ~np.isin(moved, sites).any(axis=1)
    rows, distances = probe.channel_map[moved[keep]], distances[keep]
    order = np.argsort(np.round(distances / tolerance), kind="stable")
    return rows[order], distances[order]


def _sites_at(places: Floats, points: Floats, tolerance: float) -> Ints:
    """Return which place is nearest to each point, -1 where none is within `tolerance`."""
    found: Ints = np.empty(len(points), np.int64)
    step = max(1, CHUNK_ITEMS // max(1, places.size))
    for begin in range(0, len(points), step):
        some = points[begin : begin + step]
        apart = np.abs(some[:, None] - places[None]).max(axis=2)
        nearest = apart.argmin(axis=1)
        near = apart[np.arange(len(some)), nearest] <= tolerance
        found[begin : begin + step] = np.where(near, nearest, -1)
    return found


def shifted_channels(
    channels: Ints, probe: Probe, step: int | None, random: np.random.Generator, *, allow_overlap: bool = False
) -> Ints:
    """Return the raw rows that a unit's events go to, (m,), aligned with its own.

    They are `step` entries of the probe up, or if that does not fit, down; for None a place drawn at random
    (`random` is drawn from once), the farthest ones the likeliest. Raises UnitSkipped if no place fits, or the one
    asked for does not: never is another one taken instead.
    """
    if step is not None:
        return _stepped(channels, probe, step, allow_overlap)
    rows, _ = candidates(channels, probe, allow_overlap=allow_overlap)
    if not len(rows):
        others = "" if allow_overlap else ", clear of its own channels,"
        raise UnitSkipped(f"its {len(channels)} channels fit nowhere else{others} on the probe's connected sites")
    weights = np.arange(1, len(rows) + 1)
    drawn: Ints = rows[random.choice(len(rows), p=weights / weights.sum())]
    return drawn


def _stepped(channels: Ints, probe: Probe, step: int, allow_overlap: bool) -> Ints:
    sites = probe.inverse_map[channels]
    why = []
    for signed in (step, -step):
        reason = _misfit(sites, sites + signed, probe, allow_overlap)
        if reason is None:
            return probe.channel_map[sites + signed]
        why.append(f"{signed:+d}: {reason}")
    raise UnitSkipped(f"channel_shift {step} does not fit ({'; '.join(why)})")


def _misfit(sites: Ints, moved: Ints, probe: Probe, allow_overlap: bool) -> str | None:
    """Say why the sites cannot be moved to `moved`, or return None if they can."""
    if moved.min() < 0 or moved.max() >= probe.n_channels:
        return "beyond the end of the probe"
    if not probe.connected[moved].all():
        return "onto sites that are not connected"
    if not allow_overlap and np.isin(moved, sites).any():
        return "onto the unit's own channels"
    positions = probe.channel_positions
    tolerance = _tolerance(positions[probe.connected])
    own, there = (np.linalg.norm(p[:, None] - p[None], axis=2) for p in (positions[sites], positions[moved]))
    return None if np.allclose(own, there, rtol=0, atol=tolerance) else "distances between its channels would change"
