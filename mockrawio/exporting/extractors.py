"""A SpikeInterface recording, and a sorting of it, as what the writers of rigs' files take; only methods are used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..convert.extractors import check_extractors
from ..convert.names import ChannelNames
from ..convert.recordings import check_methods, recording_contacts, recording_stream
from ..convert.sortings import SortedSpikes, unit_frames
from ..convert.spans import start_of
from ..formats.recorded import Recorded, RecordedSpan, RecordedUnit
from ..ground.arrays import Floats, Ints
from ..ground.checks import require
from ..ground.progress import Tick
from ..ground.shown import Argument
from ..session.instants import from_ms
from .readers import recorded_signals

_RECORDING = ("get_traces", "get_num_samples", "get_property", "get_start_time")
_OPEN = (
    "Open a session or a rig's files with mockrawio.open(); "
    "write Neo's Block as a session with mockrawio.write_session_from_block(), and give its folder."
)
_STREAM = "recording"


def of_recording(recording: Any, sorting: Any, tick: Tick) -> Recorded:
    """Return what a recording has, and the units of a sorting of it, None for none."""
    kinds = "a session folder, a RawIO reader of Neo's, or a SpikeInterface recording"
    known = all(callable(getattr(recording, method, None)) for method in _RECORDING)
    require(known, Argument("source"), kinds, type(recording).__name__, _OPEN)
    check_methods("source", recording, _RECORDING)
    if sorting is not None:
        check_extractors(recording, sorting)
    start_ms = start_of(None, recording)
    stream = recording_stream(recording, _STREAM, start_ms, ChannelNames())
    starts = tuple((instant - start_ms) / 1000 for instant in stream.starts_ms)
    ids, source = stream.source.channels, replace(stream.source, channels=stream.names)
    signals = recorded_signals(source, (_STREAM, _STREAM), ids, starts, tick)
    contacts = recording_contacts(recording)
    if contacts is not None:
        signals = replace(signals, positions=contacts.positions, probe=contacts.to_dict())
    ends = [start + size / source.rate for start, size in zip(starts, signals.sizes, strict=True)]
    spans = tuple(map(RecordedSpan, starts, ends))
    units = () if sorting is None else _units(sorting, signals.sizes, starts, source.rate)
    about = f"SpikeInterface {type(recording).__name__}"
    return Recorded(from_ms(start_ms), spans, (signals,), units, (), _STREAM, about)


def _units(sorting: Any, sizes: tuple[int, ...], starts: tuple[float, ...], rate: float) -> tuple[RecordedUnit, ...]:
    spikes = SortedSpikes(sorting, [])
    kinds = spikes.types()
    made = []
    for index, unit_id in spikes.pairs():
        name, frames = str(spikes.ids[index]), unit_frames(sorting, unit_id, list(sizes))
        made.append(_unit(name, frames, starts, rate, kinds[index] == "MU"))
    return tuple(made)


def _unit(name: str, frames: list[Ints], starts: tuple[float, ...], rate: float, multi: bool) -> RecordedUnit:
    def times(seg_index: int, low: float | None, high: float | None) -> Floats:
        train = starts[seg_index] + frames[seg_index] / rate
        first = 0 if low is None else int(np.searchsorted(train, low, "left"))
        stop = None if high is None else int(np.searchsorted(train, high, "right"))
        some: Floats = train[first:stop]
        return some

    return RecordedUnit(name, name, None, lambda k: len(frames[k]), times, multi=multi)
