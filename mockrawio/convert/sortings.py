"""A SpikeInterface sorting as the units of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.errors import MockSessionError
from ..session import keys
from ..session.content import UnitContent, csc_number, unit_name
from .cut import UnitPlace, WrittenStream, frames_to_ms
from .names import CHANNEL_KEYS, TYPE_KEYS, ChannelNames, UnitNames, unit_type_of
from .session_content import Stream, plain

Frames = list[Ints]

_PLACE = ("gt_unit_location", "gt_unit_locations")


def unit_frames(sorting: Any, unit_id: Any, sizes: list[int] | None) -> Frames:
    """Return a unit's spikes in each segment, as ascending frames.

    MockSessionError if a frame is negative, or past the end of its segment.
    """
    segments: Frames = []
    for index in range(sorting.get_num_segments()):
        train = np.asarray(sorting.get_unit_spike_train(unit_id=unit_id, segment_index=index))
        frames = np.sort(train.astype(np.int64, casting="same_kind"))
        size = np.iinfo(np.int64).max if sizes is None else sizes[index]
        if frames.size and not 0 <= frames[0] <= frames[-1] < size:
            end = "up" if sizes is None else f"to {size - 1}"
            expected = f"spikes of unit {plain(unit_id)!r} at frames 0 {end} in segment {index}"
            remedy = "Give the recording that was sorted, or leave those spikes out."
            raise MockSessionError("sorting", expected, f"frames {frames[0]} to {frames[-1]}", remedy)
        segments.append(frames)
    return segments


@dataclass
class SortedSpikes:
    """A sorting and where its segments begin."""

    sorting: Any
    starts_ms: list[float]

    @property
    def ids(self) -> list[Any]:
        """The units' ids, as Python values."""
        return list(np.asarray(self.sorting.unit_ids).tolist())

    def pairs(self) -> Iterator[tuple[int, Any]]:
        """Yield each unit's index and its id, as the sorting has it."""
        yield from enumerate(self.sorting.unit_ids)

    def times(self, frames: Frames) -> Floats:
        """Return a unit's spike times, ms since the Unix epoch."""
        rate = float(self.sorting.sampling_frequency)
        of_segments = [frames_to_ms(f, t, rate) for f, t in zip(frames, self.starts_ms, strict=True)]
        times: Floats = np.concatenate(of_segments)
        return times

    def values(self, keys: tuple[str, ...]) -> list[Any]:
        """Return the first of these properties that the sorting has, for all units; else None for each."""
        for key in keys:
            values = self.sorting.get_property(key)
            if values is not None:
                return list(np.asarray(values).tolist())
        return [None] * len(self.ids)

    def places(self) -> dict[str, list[float]]:
        """Return x, y, z in µm of each unit that has a place, by its id as text; 0 where an axis is not given."""
        known = zip(self.ids, self.values(_PLACE), strict=True)
        whole = {str(plain(i)): np.ravel(place).astype(float) for i, place in known if place is not None}
        fits = {i: place for i, place in whole.items() if 2 <= place.size <= 3 and np.isfinite(place).all()}
        return {i: [*place.tolist(), 0.0][:3] for i, place in fits.items()}

    def types(self) -> list[str]:
        """Return SU or MU for each unit: SU unless it is said to be multi-unit."""
        return [unit_type_of(value) for value in self.values(TYPE_KEYS)]


def place_units(spikes: SortedSpikes, stream: Stream, largest: Callable[[Frames], int]) -> Iterator[UnitPlace]:
    """Give the units of a sorting, each on its channel and with its name; the stream is what its recording becomes.

    `largest` tells, of a unit's spikes, on which channel they are largest; it is asked where nothing else says it.
    """
    choose = _chooser(spikes, stream)
    ids = [str(i) for i in spikes.ids]
    known = [unit_name(i) for i in ids]
    keep = all(name is not None and f"CSC{name.channel}" in stream.ids for name in known)
    names = UnitNames(ids if keep else ())
    for index, unit_id in spikes.pairs():
        frames = unit_frames(spikes.sorting, unit_id, stream.sizes)
        channel = choose(index, ids[index])
        if channel is None:
            channel = largest(frames)
        number = csc_number(stream.ids[channel])
        name = names.name(number or 1, spikes.types()[index], ids[index])
        yield UnitPlace(name, frames, channel, plain(spikes.ids[index]))


def units_of_recording(spikes: SortedSpikes, stream: Stream) -> Callable[[Path], Iterator[UnitContent]]:
    """Return a function that yields a sorting's units, with waveforms cut from the stream once it is written."""

    def units(folder: Path) -> Iterator[UnitContent]:
        with WrittenStream(folder, stream) as written:
            for place in place_units(spikes, stream, written.largest):
                yield written.unit(place)

    return units


def _chooser(spikes: SortedSpikes, stream: Stream) -> Callable[[int, str], int | None]:
    """Return a function that finds the index of a unit's channel as far as the sorting tells."""
    by_id = {channel: index for index, channel in enumerate(stream.source.channels)}
    own_ids = {name: index for index, name in enumerate(stream.ids)} if by_id.keys() == set(stream.ids) else {}
    said = spikes.values(CHANNEL_KEYS)
    places, contacts = spikes.values(_PLACE), np.array(stream.more.get(keys.LOCATIONS, ()))

    def choose(index: int, unit_id: str) -> int | None:
        own = unit_name(unit_id)
        if own is not None and f"CSC{own.channel}" in own_ids:
            return own_ids[f"CSC{own.channel}"]
        if str(said[index]) in by_id:
            return by_id[str(said[index])]
        place = places[index]
        if not contacts.size or place is None or not np.isfinite(place[:2]).all():
            return None
        distance = np.linalg.norm(contacts[:, :2] - np.asarray(place[:2], dtype=np.float64), axis=1)
        return int(np.argmin(distance))

    return choose


def lone_units(spikes: SortedSpikes, channels: ChannelNames) -> Callable[[Path], Iterator[UnitContent]]:
    """Return a function that yields a lone sorting's units: no waveforms, channels as far as it tells."""
    ids = [str(i) for i in spikes.ids]
    known = [name for i in ids if (name := unit_name(i)) is not None]
    keep = len(known) == len(ids)
    said = [f"CSC{name.channel}" for name in known] if keep else spikes.values(CHANNEL_KEYS)
    texts = [None if value is None else str(value) for value in said]
    different = list(dict.fromkeys(text for text in texts if text is not None))
    numbers = dict(zip(different, map(csc_number, channels.add("sorting", different)), strict=True))
    names = UnitNames(ids if keep else ())
    rate = float(spikes.sorting.sampling_frequency)

    def units(folder: Path) -> Iterator[UnitContent]:
        for index, unit_id in spikes.pairs():
            times = spikes.times(unit_frames(spikes.sorting, unit_id, None))
            text = texts[index]
            number = (numbers[text] if text is not None else None) or 1
            name = names.name(number, spikes.types()[index], ids[index])
            yield UnitContent(name, times, sampling_rate=rate, origin=plain(spikes.ids[index]))

    return units
