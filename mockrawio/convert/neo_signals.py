"""Neo's analog signals as streams: the same signal of every segment, joined.

A lazy signal is never loaded: its raw samples are taken from its reader chunk by chunk, count
for count.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import quantities as pq
from neo.io.proxyobjects import AnalogSignalProxy

from ..ground.arrays import Array, Floats
from ..session import keys
from .counts import Piece, Source
from .leftovers import Leftovers, label_of
from .names import ChannelNames, stream_file_name
from .session_content import Stream

Read = Callable[[int, int], Array]  # takes the first sample and one past the last


@dataclass(frozen=True)
class SignalPart:
    """A signal in one segment."""

    segment: int  # of the block
    label: str  # for messages
    name: str | None
    rate: float  # Hz
    units: str  # "uV" for any voltage
    # ids, names: of its channels, where the signal has them
    ids: tuple[str, ...] | None
    names: tuple[str, ...] | None
    dtype: np.dtype[Any]  # of its samples
    # gains, offsets: from its samples to `units`
    gains: Floats
    offsets: Floats
    t_start_ms: float  # on the block's clock
    piece: Piece
    column: Callable[[int], Read]  # gives what reads one channel
    locations: Floats | None  # (channels, 2 or 3), µm

    @property
    def t_stop_ms(self) -> float:
        """When its last sample ends."""
        return self.t_start_ms + self.piece.n_samples * 1000 / self.rate

    def channel(self, index: int) -> SignalPart:
        """Return one of its channels alone."""
        one = slice(index, index + 1)
        ids, names = (None if texts is None else texts[one] for texts in (self.ids, self.names))
        piece = Piece(self.piece.n_samples, self.column(index))
        return replace(self, ids=ids, names=names, gains=self.gains[one], offsets=self.offsets[one], piece=piece)

    @property
    def kind(self) -> Hashable:
        """What all segments of a stream must share."""
        scale = self.gains.tobytes(), self.offsets.tobytes()
        return self.rate, self.units, self.ids, self.names, self.dtype.str, scale


def to_uv(units: pq.Quantity) -> tuple[float, str] | None:
    """Return the factor to µV, and "uV"; 1 and their own name for units of something else.

    None for units whose name Neo could not read back.
    """
    try:
        return float(pq.Quantity(1.0, units).rescale("uV").magnitude), "uV"
    except ValueError:
        text: str = units.dimensionality.string
    # A unit that this program defined can be parsed here only.
    if not all(isinstance(unit, pq.CompoundUnit) or hasattr(pq, unit.symbol) for unit in units.dimensionality):
        return None
    return (1.0, text) if len(text) <= 64 and pq.Quantity(1.0, text) == pq.Quantity(1.0, units) else None


def gather_parts(segments: Sequence[Any], leftovers: Leftovers) -> list[list[SignalPart]]:
    """Return the signals of each segment; what cannot be one is noted."""
    return [
        [part for i, signal in enumerate(segment.analogsignals) if (part := _part(k, i, signal, leftovers))]
        for k, segment in enumerate(segments)
    ]


def _part(segment: int, index: int, signal: Any, leftovers: Leftovers) -> SignalPart | None:
    what = label_of(segment, signal, index)
    scale = to_uv(signal.units)
    if scale is None:
        leftovers.add(what, f"units {signal.units.dimensionality} that have no known name")
    elif 0 in signal.shape:
        leftovers.add(what, f"no samples (shape {tuple(signal.shape)})")
    elif np.dtype(signal.dtype).kind not in "iuf":
        leftovers.add(what, f"{signal.dtype} samples, which are not real numbers")
    else:
        raw = _raw_of_proxy(signal) if isinstance(signal, AnalogSignalProxy) else _raw_of_signal(signal)
        dtype, gains, offsets, read, column = raw
        return SignalPart(
            segment,
            what,
            signal.name,
            float(signal.sampling_rate.rescale("Hz").magnitude),
            scale[1],
            _texts(signal, "channel_ids"),
            _texts(signal, "channel_names"),
            dtype,
            gains * scale[0],
            offsets * scale[0],
            float(signal.t_start.rescale("ms").magnitude),
            Piece(int(signal.shape[0]), read),
            column,
            _locations(signal),
        )
    return None


def _texts(signal: Any, key: str) -> tuple[str, ...] | None:
    values = signal.array_annotations.get(key)
    return None if values is None else tuple(str(value) for value in np.asarray(values).tolist())


def _locations(signal: Any) -> Floats | None:
    """Return where channels are, as our reader annotates them; None if that is not said."""
    axes = [signal.array_annotations.get(f"channel_location_{axis}") for axis in range(3)]
    known = [np.asarray(axis, np.float64) for axis in axes if axis is not None]
    return np.column_stack(known) if len(known) > 1 and np.isfinite(known).all() else None


_Raw = tuple[np.dtype[Any], Array, Array, Read, Callable[[int], Read]]


def _raw_of_signal(signal: Any) -> _Raw:
    samples: Array = signal.magnitude
    count = samples.shape[1]

    def column(index: int) -> Read:
        return lambda start, stop: samples[start:stop, index : index + 1]

    return samples.dtype, np.ones(count), np.zeros(count), lambda start, stop: samples[start:stop], column


def _raw_of_proxy(proxy: AnalogSignalProxy) -> _Raw:
    reader, inner = proxy._rawio, proxy._inner_stream_channels
    channels = reader.header["signal_channels"][proxy._global_channel_indexes]

    def reads(indexes: Any) -> Read:
        where = {"block_index": proxy._block_index, "seg_index": proxy._seg_index, "stream_index": proxy._stream_index}
        return lambda start, stop: reader.get_analogsignal_chunk(
            i_start=start, i_stop=stop, channel_indexes=indexes, **where
        )

    def column(index: int) -> Read:
        return reads([int(np.arange(reader.signal_channels_count(proxy._stream_index))[inner][index])])

    read = reads(None if isinstance(inner, slice) and inner == slice(None) else inner)

    scale = (channels[key].astype(np.float64) for key in ("gain", "offset"))
    return np.dtype(str(proxy.dtype)), *scale, read, column  # type: ignore[return-value]  # two arrays


def join_parts(parts: Sequence[Sequence[SignalPart]], leftovers: Leftovers) -> list[list[SignalPart]]:
    """Return the streams, each as its part of every segment that has signals.

    Signals of one name belong together, and then those of one kind (rate, units, channels), in
    the order in which they stand in their segments. What is not in every segment, or not recorded
    at the same time as the others, is noted.
    """
    left = [list(of_segment) for of_segment in parts if of_segment]
    joined = _take_equal(left, lambda part: None if part.name is None else (part.name, part.kind))
    joined += _take_equal(left, lambda part: part.kind)
    for part in (part for of_segment in left for part in of_segment):
        leftovers.add(part.label, "no signal of the same rate, units and channels in every other segment")
    order = {id(part): i for of_segment in parts for i, part in enumerate(of_segment)}
    joined.sort(key=lambda stream: order[id(stream[0])])
    return _simultaneous(joined, leftovers)


def _take_equal(left: list[list[SignalPart]], key_of: Callable[[SignalPart], Hashable]) -> list[list[SignalPart]]:
    """Take out of every segment those parts whose keys all segments have, in order."""
    if not left:
        return []
    found: list[dict[Hashable, SignalPart]] = []
    for of_segment in left:
        keyed: dict[Hashable, SignalPart] = {}
        for part in of_segment:
            key = key_of(part)
            if key is not None:
                keyed[key, sum(k[0] == key for k in keyed)] = part  # type: ignore[index]  # pairs
        found.append(keyed)
    common = [key for key in found[0] if all(key in keyed for keyed in found)]
    streams = [[keyed[key] for keyed in found] for key in common]
    taken = {id(part) for stream in streams for part in stream}
    for of_segment in left:
        of_segment[:] = [part for part in of_segment if id(part) not in taken]
    return streams


def _simultaneous(streams: list[list[SignalPart]], leftovers: Leftovers) -> list[list[SignalPart]]:
    """Return the streams that overlap in time with all before them, segment by segment."""
    kept: list[list[SignalPart]] = []
    for stream in streams:
        against = next((other[0] for other in kept if not _overlap(stream, other)), None)
        if against is None:
            kept.append(stream)
            continue
        for part in stream:
            leftovers.add(part.label, f"not recorded at the same time as {against.label}")
    return kept


def _overlap(one: list[SignalPart], other: list[SignalPart]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(max(a.t_start_ms, b.t_start_ms) <= min(a.t_stop_ms, b.t_stop_ms) for a, b in pairs)


def make_stream(
    parts: list[SignalPart], taken: Sequence[str], starts_ms: list[float], channels: ChannelNames
) -> Stream:
    """Return a stream made of joined parts, one per segment; its name is not one that is taken.

    They begin at `starts_ms` since the Unix epoch; `channels` names their channels.
    """
    first = parts[0]
    name, wide = stream_file_name(first.name, taken), first.gains.size
    own = (name,) if wide == 1 else tuple(f"{name}_{k + 1}" for k in range(wide))
    ids = first.ids or first.names or own
    source = Source(
        first.label.split(", ", 1)[1],
        ids,
        first.dtype,
        first.gains,
        first.offsets,
        first.rate,
        tuple(part.piece for part in parts),
    )
    names = first.names or own
    more: dict[str, object] = {} if first.locations is None else {keys.LOCATIONS: first.locations.tolist()}
    return Stream(name, channels.add(source.label, ids, names), names, first.units, source, starts_ms, more)
