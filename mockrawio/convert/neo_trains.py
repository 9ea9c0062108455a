"""Neo's spike trains as units: the same train of every segment, joined, with its waveforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from neo.io.proxyobjects import SpikeTrainProxy

from ..formats.npy_out import Blocks
from ..ground.arrays import Array, Floats
from ..session.content import UnitContent, csc_number, unit_name
from ..session.files import Scale
from ..session.layout import UnitName
from .counts import Piece, Source, encode
from .leftovers import Leftovers, label_of
from .names import CHANNEL_KEYS, TYPE_KEYS, ChannelNames, UnitNames, unit_type_of
from .neo_points import Timeline, magnitude_ms
from .neo_signals import to_uv
from .session_content import plain


@dataclass(frozen=True)
class WaveformShape:
    """What the waveforms of a unit must have in common in all segments."""

    width: int  # samples
    dtype: str
    gain: float
    offset: float
    units: str
    rate: float | None  # Hz
    left_sweep: int | None  # samples before the spike


@dataclass(frozen=True)
class NeoTrain:
    """A spike train in one segment."""

    segment: int  # of the block
    label: str  # for messages
    key: tuple[object, ...]  # the same for the same unit in all segments
    name: str | None
    annotations: dict[str, Any]
    times_ms: Floats  # on the block's clock, as they stand there
    shape: WaveformShape | None  # of its waveforms, None without any
    waveforms: Callable[[], Array]  # gives them, (spikes, width)


def gather_trains(segments: Sequence[Any], leftovers: Leftovers) -> list[NeoTrain]:
    """Return the spike trains of all segments; what cannot be held of them is noted."""
    trains: list[NeoTrain] = []
    for k, segment in enumerate(segments):
        seen: dict[tuple[object, ...], int] = {}
        for i, train in enumerate(segment.spiketrains):
            key = _key(train, i)
            seen[key] = seen.get(key, 0) + 1
            gathered = _train(k, i, train, (*key, seen[key]), leftovers)
            if gathered is not None:
                trains.append(gathered)
    return trains


def _key(train: Any, index: int) -> tuple[object, ...]:
    """Return the key that matches a train across segments: its name, its id, else its place."""
    if train.name:
        return "name", train.name
    known = train.annotations.get("unit_id", train.annotations.get("id"))
    return ("place", index) if known is None else ("id", str(known))


def _train(segment: int, index: int, given: Any, key: tuple[object, ...], leftovers: Leftovers) -> NeoTrain | None:
    what = label_of(segment, given, index)
    lazy = isinstance(given, SpikeTrainProxy)
    times = magnitude_ms((given.load() if lazy else given).times)
    if not np.isfinite(times).all():
        leftovers.add(what, f"spike {int(np.flatnonzero(~np.isfinite(times))[0])} has no finite time")
        return None
    waveforms, scale = _waveforms_of_proxy(given) if lazy else _waveforms_of_train(given)
    shape = _shape(what, given, waveforms(), scale, times.size, leftovers) if scale else None
    return NeoTrain(segment, what, key, given.name, given.annotations, times, shape, waveforms)


_Scale = tuple[float, float, Any]  # gain, offset, units


def _waveforms_of_train(train: Any) -> tuple[Callable[[], Array], _Scale | None]:
    given = train.waveforms
    if given is None or not np.size(given):
        return lambda: np.empty((0, 0)), None
    return lambda: np.asarray(getattr(given, "magnitude", given)), (1.0, 0.0, getattr(given, "units", None))


def _waveforms_of_proxy(proxy: SpikeTrainProxy) -> tuple[Callable[[], Array], _Scale | None]:
    """Return the raw waveforms of a lazy train: count for count where its reader has counts."""
    if proxy.sampling_rate is None or not proxy.shape[0]:
        return lambda: np.empty((0, 0)), None
    reader, where = proxy._rawio, (proxy._block_index, proxy._seg_index, proxy._spike_channel_index)
    channel = reader.header["spike_channels"][proxy._spike_channel_index]
    scale = float(channel["wf_gain"]), float(channel["wf_offset"]), proxy._wf_units
    return lambda: np.asarray(reader.get_spike_raw_waveforms(*where)), scale


def _shape(
    what: str, train: Any, waveforms: Array, scale: _Scale, count: int, leftovers: Leftovers
) -> WaveformShape | None:
    """Return the waveforms' common shape, None with a note if they cannot be kept."""
    gain, offset, units = scale
    factor = (1.0, "uV") if units is None else to_uv(units)
    if waveforms.ndim not in (2, 3) or waveforms.shape[0] != count or 0 in waveforms.shape:
        leftovers.add(f"{what}, waveforms", f"shape {waveforms.shape} for {count} spikes")
    elif factor is None:
        leftovers.add(f"{what}, waveforms", f"units {units.dimensionality} that have no known name")
    elif waveforms.dtype.kind not in "iuf" or not np.isfinite(waveforms).all():
        leftovers.add(f"{what}, waveforms", "values that are not finite real numbers")
    else:
        if waveforms.ndim == 3 and waveforms.shape[1] > 1:
            leftovers.remark(f"{what}: the first of {waveforms.shape[1]} channels of its waveforms is kept")
        rate = None if train.sampling_rate is None else float(train.sampling_rate.rescale("Hz").magnitude)
        return WaveformShape(
            waveforms.shape[-1],
            waveforms.dtype.str,
            gain * factor[0],
            offset * factor[0],
            factor[1],
            rate if rate and rate > 0 else None,
            _left_sweep(train.left_sweep, rate),
        )
    return None


def _left_sweep(given: Any, rate: float | None) -> int | None:
    if given is None or not rate or not np.size(given):
        return None
    return int(np.rint(float(magnitude_ms(given).flat[0]) * rate / 1000))


def make_units(
    trains: Sequence[NeoTrain], timeline: Timeline, channels: ChannelNames, leftovers: Leftovers
) -> Callable[[Path], Iterator[UnitContent]]:
    """Return a function that yields the units, on the signals' channels; what cannot be kept is noted now."""
    grouped: dict[tuple[object, ...], list[NeoTrain]] = {}
    for train in trains:
        grouped.setdefault(train.key, []).append(train)
    units = [_Unit(group, timeline, leftovers) for group in grouped.values()]
    names = UnitNames(unit.own for unit in units)
    by_origin = {str(origin): csc for csc, origin in channels.origins.items()}
    named = [(unit, names.name(unit.channel(by_origin), unit.unit_type(), unit.own)) for unit in units]

    def contents(folder: Path) -> Iterator[UnitContent]:
        for unit, name in named:
            yield unit.content(name)

    return contents


class _Unit:
    """One unit: its train of every segment that has one."""

    def __init__(self, trains: Sequence[NeoTrain], timeline: Timeline, leftovers: Leftovers) -> None:
        self.trains = trains
        self.label = trains[0].label
        self.own = trains[0].name or ""
        self._placed = [timeline.place(t.label, t.segment, t.times_ms, leftovers) for t in trains]
        full = [train for train in trains if train.times_ms.size]
        shapes = {train.shape for train in full}
        self.shape = next(iter(shapes)) if len(shapes) == 1 else None
        if len(shapes) > 1:
            leftovers.add(f"{self.label}, waveforms", "not the same in every segment (samples, units, rate, or none)")

    def channel(self, by_origin: dict[str, str]) -> int:
        """Return the unit's channel: as its name or its annotations say, else 1."""
        annotations = self.trains[0].annotations
        own = unit_name(self.own)
        if own is not None:
            return own.channel
        said = next((str(annotations[key]) for key in (*CHANNEL_KEYS, "channel_name") if key in annotations), "")
        return csc_number(by_origin.get(said, said)) or 1

    def unit_type(self) -> str:
        """Return SU or MU, as its annotations say."""
        annotations = self.trains[0].annotations
        return unit_type_of(next((annotations[key] for key in TYPE_KEYS if key in annotations), ""))

    def times(self) -> Floats:
        """Return its spike times, ms since the Unix epoch, ascending in each segment and so in all."""
        return np.concatenate([np.sort(times, kind="stable") for times, _ in self._placed])

    def content(self, name: UnitName) -> UnitContent:
        """Return its content for the session, with waveforms if it has any."""
        shape, times, origin = self.shape, self.times(), plain(self.own or self.label)
        if shape is None:
            return UnitContent(name, times, origin=origin)
        sizes = [times.size for times, _ in self._placed]
        source = _WaveformSource(
            f"{self.label}, waveforms",
            ("",),
            np.dtype(shape.dtype),
            np.array([shape.gain]),
            np.array([shape.offset]),
            1.0,
            tuple(Piece(size * shape.width, self._reader(index)) for index, size in enumerate(sizes)),
        )
        counts = encode(source)
        cut = Blocks("<i2", (sum(sizes), shape.width), counts.blocks())
        scale = Scale(float(counts.gains[0]), float(counts.offsets[0]), shape.units)
        return UnitContent(name, times, cut, scale, shape.rate, shape.left_sweep, origin)

    def _reader(self, index: int) -> Callable[[int, int], Array]:
        """Return a function that reads one segment's waveforms as a column, in the order of the times."""
        times, which = self._placed[index]
        train, order = self.trains[index], np.argsort(times, kind="stable")

        @cache  # for as long as the unit is being written
        def column() -> Array:
            waveforms = train.waveforms()
            first = waveforms[:, 0] if waveforms.ndim == 3 else waveforms
            ordered: Array = first[which][order].reshape(-1, 1)
            return ordered

        return lambda start, stop: column()[start:stop]


class _WaveformSource(Source):
    """A unit's waveforms, end to end, as a signal of one channel."""

    def place(self, segment: int, sample: int, channel: int) -> str:
        """Say where a sample is, for messages."""
        return f"sample {sample} of its waveforms in segment {segment}, end to end"
