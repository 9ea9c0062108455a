"""What a stream has around spikes: how a unit looks on each contact, and at which depth each spike is.

Of a long recording pieces that are spread over it are read, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Array, Floats, Ints
from ..rawio.reader import MockSessionRawIO
from ..rawio.views import StreamView
from ..session.probe import ContactMap
from .choosing import unit_index, unit_indexes
from .spiking import segments

_BEFORE_MS, _AFTER_MS = 1.0, 2.0  # of a footprint
_AROUND_MS = 0.75  # of a spike whose depth is measured
_PIECE_S = 0.5


class UnitFootprint(NamedTuple):
    """The mean spike of a unit on the contacts around it.

    Attributes
    ----------
    channels : ndarray of int64, shape (m,)
        Columns of the stream, the nearest to the unit's own first.
    positions_um : ndarray of float64, shape (m, 2 or 3)
        Where their contacts are.
    time_ms : ndarray of float64, shape (samples,)
        0 at the spike.
    mean_uV : ndarray of float64, shape (samples, m)
        µV, from the mean before the spike.
    n : int
        Of how many spikes it is the mean.
    peak : int
        The sample at the spike.
    """

    channels: Ints
    positions_um: Floats
    time_ms: Floats
    mean_uV: Floats
    n: int
    peak: int


class SpikeDepths(NamedTuple):
    """At which depth spikes are.

    Attributes
    ----------
    times_s, depths_um, amplitudes_uV : ndarray of float64, shape (n,)
        In the order of time; the amplitude is that on the channel where the unit is largest.
    units : ndarray of int64, shape (n,)
        Whose spike each is, by index.
    axis : str
        Along which depth is measured, the one in which the contacts of a shank reach furthest: "x", "y" or "z".
    read_s, of_s : float
        How much of the recording was read, and how long it is.
    """

    times_s: Floats
    depths_um: Floats
    amplitudes_uV: Floats
    units: Ints
    axis: str
    read_s: float
    of_s: float


def placed_stream(reader: MockSessionRawIO, stream_index: int | None = None) -> tuple[StreamView, ContactMap] | None:
    """Return a stream in which spikes are seen, and its contacts; None if there is none.

    Without an index it is the first of ``raw_data`` whose contacts are known; LFP is too slow.
    """
    streams = [reader.stream(k) for k in range(len(reader.header["signal_streams"]))]
    for stream in streams if stream_index is None else [streams[stream_index]]:
        contacts = stream.probe() if stream.kind == "raw" else None
        if contacts is not None:
            return stream, contacts
    return None


def footprint(
    reader: MockSessionRawIO,
    unit: int | str,
    stream_index: int | None = None,
    *,
    max_spikes: int = 100,
    max_channels: int = 16,
    max_um: float = np.inf,
    seed: int = 0,
) -> UnitFootprint | None:
    """Measure a unit's mean spike on the contacts around the one where it is largest.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        Index or id.
    stream_index : int, optional
        None: the first stream of ``raw_data`` whose contacts are known.
    max_spikes : int
        Of how many at most, drawn at random.
    max_channels, max_um : int, float
        The nearest so many are returned, none farther away.
    seed : int

    Returns
    -------
    UnitFootprint or None
        None if there is no such stream, or none of the unit's spikes is in it.

    Raises
    ------
    MockSessionError
        If the unit is unknown.
    """
    index, placed = unit_index(reader, unit), placed_stream(reader, stream_index)
    if placed is None:
        return None
    stream, contacts = placed
    rate = stream.sampling_rate
    offsets = np.arange(-round(_BEFORE_MS * rate / 1000), round(_AFTER_MS * rate / 1000) + 1)
    rng, total, n = np.random.default_rng(seed), np.zeros((len(offsets), len(stream.channels))), 0
    for segment, frames in _frames(reader, stream, index, offsets, max_spikes, rng):
        raw = stream.read(segment, frames + int(offsets[0]), frames + int(offsets[-1]) + 1)
        values = _scaled(stream, raw)
        if np.isfinite(values).all():
            total, n = total + values, n + 1
    if not n:
        return None
    mean = total / n
    mean -= mean[offsets < -rate * _BEFORE_MS / 2000].mean(axis=0)
    peak = int(np.ptp(mean, axis=0).argmax())
    near = nearest(contacts, peak, max_um)[:max_channels]
    return UnitFootprint(near, contacts.positions[near], offsets * 1000 / rate, mean[:, near], n, -int(offsets[0]))


def nearest(contacts: ContactMap, column: int, max_um: float = np.inf) -> Ints:
    """Return the columns whose contacts are up to so far from that of one of them, the nearest first."""
    away = np.linalg.norm(contacts.xyz - contacts.xyz[column], axis=1)
    order: Ints = np.argsort(away, kind="stable")
    near: Ints = order[away[order] <= max_um]
    return near


def _scaled(stream: StreamView, raw: Array) -> Floats:
    values: Floats = raw.astype(np.float64) * stream.gains + stream.offsets
    return values


def _frames(
    reader: MockSessionRawIO, stream: StreamView, unit: int, offsets: Ints, most: int, rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Yield segment and frame of some spikes of a unit that lie wholly in the stream, in the order of time."""
    pairs = []
    for segment in segments(reader):
        frames = _all_frames(reader, stream, unit, segment, None, None)
        inside = (frames + offsets[0] >= 0) & (frames + offsets[-1] < stream.sizes[segment])
        pairs += [(segment, frame) for frame in frames[inside].tolist()]
    picks = np.arange(len(pairs)) if len(pairs) <= most else np.sort(rng.choice(len(pairs), most, replace=False))
    yield from (pairs[k] for k in picks.tolist())


def _all_frames(
    reader: MockSessionRawIO, stream: StreamView, unit: int, segment: int, start: float | None, stop: float | None
) -> Ints:
    """Return the nearest frames of a stream to a unit's spikes, of those between two times in seconds."""
    stamps = reader.get_spike_timestamps(0, segment, unit, start, stop)
    times = reader.rescale_spike_timestamp(stamps, "float64")
    first = float(reader.get_signal_t_start(0, segment, stream.index))
    frames: Ints = np.rint((times - first) * stream.sampling_rate).astype(np.int64)
    return frames


def spike_depths(
    reader: MockSessionRawIO,
    units: Sequence[int | str] | None = None,
    stream_index: int | None = None,
    *,
    max_s: float = 60.0,
    max_um: float = 75.0,
) -> SpikeDepths | None:
    """Measure at which depth spikes are, by the centre of mass of their size on the contacts around their unit's.

    Their size on a contact is how much of it is like the unit's mean spike on its largest one.

    Parameters
    ----------
    reader : MockSessionRawIO
    units : sequence of int or str, optional
        Whose, by index or id. None: of all units.
    stream_index : int, optional
        As for :func:`footprint`.
    max_s : float
        Of a longer recording so much is read, in pieces of half a second that are spread over it.
    max_um : float
        How far from the unit's largest contact the others are at most.

    Returns
    -------
    SpikeDepths or None
        None if there is no such stream.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    chosen, placed = unit_indexes(reader, units), placed_stream(reader, stream_index)
    if placed is None:
        return None
    stream, contacts = placed
    prints = {unit: footprint(reader, unit, stream.index, max_spikes=50, max_um=max_um) for unit in chosen}
    axis = depth_axis(contacts)
    reach = max(1, round(_AROUND_MS * stream.sampling_rate / 1000))
    parts: list[tuple[Floats, Floats, Floats, Ints]] = []
    read = 0
    for segment, first, stop in _pieces(stream, max_s):
        low, high = max(0, first - reach), min(stream.sizes[segment], stop + reach)  # a spike may reach beyond a piece
        raw, read = stream.read(segment, low, high), read + stop - first
        start = float(reader.get_signal_t_start(0, segment, stream.index))
        limits = (start + (first - 1) / stream.sampling_rate, start + stop / stream.sampling_rate)
        for unit, seen in prints.items():
            frames = _all_frames(reader, stream, unit, segment, *limits)
            frames = frames[(frames >= max(first, low + reach)) & (frames < min(stop, high - reach))]
            if seen is not None and frames.size:
                depths, sizes = _measured(stream, raw, frames - low, seen, contacts.xyz[:, axis], reach)
                times = start + frames / stream.sampling_rate
                parts.append((times, depths, sizes, np.full(len(frames), unit)))
    found = [np.concatenate(part) for part in zip(*parts, strict=True)] if parts else [np.empty(0)] * 4
    order = np.argsort(found[0], kind="stable")
    times, depths, sizes, whose = (part[order] for part in found)
    seconds = read / stream.sampling_rate, sum(stream.sizes) / stream.sampling_rate
    return SpikeDepths(times, depths, sizes, whose.astype(np.int64), "xyz"[axis], *seconds)


def depth_axis(contacts: ContactMap) -> int:
    """Return the axis along which the contacts of a shank reach furthest; of several y, as SpikeInterface has it."""
    shanks = [contacts.xyz[contacts.shanks == shank] for shank in np.unique(contacts.shanks)]
    spans = np.mean([np.ptp(shank, axis=0) for shank in shanks], axis=0)
    return int(max((1, 0, 2), key=lambda axis: round(spans[axis], 3)))


def _pieces(stream: StreamView, max_s: float) -> Iterator[tuple[int, int, int]]:
    """Yield segment, first frame and one past the last of pieces: of all of a stream, or spread over it."""
    step = max(1, round(_PIECE_S * stream.sampling_rate))
    pieces = [(k, low, min(low + step, size)) for k, size in enumerate(stream.sizes) for low in range(0, size, step)]
    most = max(1, int(max_s / _PIECE_S))
    picks = range(len(pieces)) if len(pieces) <= most else np.linspace(0, len(pieces) - 1, most).round().astype(int)
    yield from (pieces[k] for k in picks)


def _measured(
    stream: StreamView, raw: Array, frames: Ints, seen: UnitFootprint, places: Floats, reach: int
) -> tuple[Floats, Floats]:
    """Return the depth of spikes, and their amplitude on the channel where the unit is largest."""
    rows = frames[:, None] + np.arange(-reach, reach + 1)
    cut = raw[rows[:, :, None], seen.channels].astype(np.float64) * stream.gains[seen.channels]
    shape = seen.mean_uV[seen.peak - reach : seen.peak + reach + 1, 0]
    peak = shape[np.abs(shape).argmax()]
    shape = shape - shape.mean()  # an offset, and nearly all of what is slow, has no part in what is like it
    size = np.einsum("nsc,s->nc", cut, shape) / float(shape @ shape)
    weight = np.maximum(size, 0.0)
    own, total = places[seen.channels], weight.sum(axis=1)
    depths = np.divide(weight @ own, total, out=np.full(len(frames), own[0]), where=total > 0)
    return depths, size[:, 0] * peak
