"""A parsed Neo reader, ours or any other, as what the writers of rigs' files take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import numpy as np
from neo.rawio.baserawio import BaseRawIO

from ..convert.counts import FULL_SCALE, LOWEST, Piece, Source, conversion
from ..formats.recorded import (
    Recorded,
    RecordedChannel,
    RecordedEvents,
    RecordedSignals,
    RecordedSpan,
    RecordedUnit,
    Window,
)
from ..ground.arrays import Array, Floats
from ..ground.errors import MockSessionError
from ..ground.progress import Tick
from ..ground.shown import Argument
from ..interop.streams import stream_of
from ..rawio import MockSessionRawIO
from ..rawio.in_seconds import events_in_seconds, segment_ends, spike_limits, spikes_in_seconds

_STUMBLES = "Write the Block that neo.io reads as a session, by mockrawio.write_session_from_block(), and export that."
_ROUNDING = 1e-14  # relative: a few of the last bits of a rate
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)  # of a recording that does not say when it was made


def of_reader(reader: BaseRawIO, streams: Sequence[str] | None, tick: Tick) -> Recorded:
    """Return what a reader has; of `streams`, by id or name, or of all.

    `tick` is called with the number of samples that had to be read to find the gains of those that are no counts.
    """
    if reader.header is None:
        reader.parse_header()
    if reader.block_count() != 1:
        found = f"{reader.block_count()} blocks"
        raise MockSessionError("source", "a reader of one block", found, "Write its Blocks with Neo, one by one.")
    n = reader.segment_count(0)
    spans = tuple(RecordedSpan(*segment_ends(reader, (0, k))) for k in range(n))
    header = reader.header["signal_streams"]
    chosen = chosen_streams(list(zip(header["id"].tolist(), header["name"].tolist(), strict=True)), streams)
    about = reader.raw_annotations["blocks"][0]
    return Recorded(
        _start(reader, about),
        spans,
        tuple(_signals(reader, index, n, tick) for index in chosen),
        tuple(_unit(reader, index, n) for index in range(reader.spike_channels_count())),
        tuple(_events(reader, index) for index in range(reader.event_channels_count())),
        _title(about),
        type(reader).__name__,
    )


def chosen_streams(known: Sequence[tuple[str, str]], asked: Sequence[str] | None) -> list[int]:
    """Return which of the known streams, each with its id and name, are asked for; in their own order."""
    if asked is None:
        return list(range(len(known)))
    asked = [asked] if isinstance(asked, str) else [str(one) for one in asked]
    for one in asked:
        if not any(one in names for names in known):
            ids = [stream_id for stream_id, _ in known]
            raise MockSessionError(Argument("streams"), f"some of {ids}", repr(one), "Give ids or names of these.")
    return [index for index, names in enumerate(known) if set(names) & set(asked)]


def _start(reader: BaseRawIO, about: dict[str, Any]) -> datetime:
    found = about.get("session_start_time") or about.get("rec_datetime")
    if not isinstance(found, datetime):
        return EPOCH
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _title(about: dict[str, Any]) -> str:
    patient, session = about.get("patient_id"), about.get("session_nr")
    if isinstance(patient, int) and isinstance(session, int):
        return f"patient_{patient}_session_{session}"
    return "recording"


def _signals(reader: BaseRawIO, index: int, n_segments: int, tick: Tick) -> RecordedSignals:
    stream = reader.header["signal_streams"][index]
    rows = reader.header["signal_channels"]
    rows = rows[rows["stream_id"] == stream["id"]]

    def piece(seg_index: int) -> Piece:
        def read(start: int, stop: int) -> Array:
            chunk: Array = reader.get_analogsignal_chunk(0, seg_index, start, stop, index)
            return chunk

        return Piece(int(reader.get_signal_size(0, seg_index, index)), read)

    pieces = tuple(piece(k) for k in range(n_segments))
    label, names = f"stream {stream['id']}", tuple(rows["name"].tolist())
    scale = rows["gain"].astype(np.float64), rows["offset"].astype(np.float64)
    rate = _without_last_digits(float(rows["sampling_rate"][0]))
    source = Source(label, names, _dtype(reader, pieces, rows), *scale, rate, pieces)
    t_starts = tuple(float(reader.get_signal_t_start(0, k, index)) for k in range(n_segments))
    made = recorded_signals(source, (str(stream["id"]), str(stream["name"])), rows["id"].tolist(), t_starts, tick)
    made = _in_units(made, rows["units"].tolist())
    return _with_places(reader, made) if isinstance(reader, MockSessionRawIO) else made


def _dtype(reader: BaseRawIO, pieces: Sequence[Piece], rows: Array) -> np.dtype[Any]:
    """Return what samples are: of NIX Neo's header says int16, and what it reads are floats."""
    some = next((piece for piece in pieces if piece.n_samples), None)
    known: np.dtype[Any] = np.dtype(rows["dtype"][0])
    if some is None or isinstance(reader, MockSessionRawIO):  # ours may have to make them first
        return known
    return np.asarray(some.read(0, 1)).dtype


def _without_last_digits(rate: float) -> float:
    """Return a rate as a whole number, if it is one but for the rounding of an interval, as of BrainVision's."""
    whole = round(rate)
    return float(whole) if abs(rate - whole) <= _ROUNDING * rate else rate


def recorded_signals(
    source: Source, names: tuple[str, str], ids: Sequence[str], t_starts: tuple[float, ...], tick: Tick
) -> RecordedSignals:
    """Return a source as a stream of counts, with the id and the name of it; its channels are in µV."""
    gains, offsets, convert = conversion(source, tick)

    def read(seg_index: int, start: int, stop: int) -> Array:
        return convert(seg_index, start, np.asarray(source.pieces[seg_index].read(start, stop)))

    each = zip(ids, source.channels, gains.tolist(), offsets.tolist(), strict=True)
    channels = tuple(RecordedChannel(str(i), name, "uV", gain, offset) for i, name, gain, offset in each)
    sizes = tuple(piece.n_samples for piece in source.pieces)
    return RecordedSignals(*names, source.rate, channels, t_starts, sizes, read)


def _in_units(signals: RecordedSignals, units: Sequence[str]) -> RecordedSignals:
    channels = tuple(channel._replace(units=unit) for channel, unit in zip(signals.channels, units, strict=True))
    return replace(signals, channels=channels)


def _with_places(reader: MockSessionRawIO, signals: RecordedSignals) -> RecordedSignals:
    stream = stream_of(reader, signals.id)
    contacts, signals = stream.probe(), replace(signals, at_once=stream.sample_shifts() is None)
    if contacts is None:
        return signals
    return replace(signals, positions=contacts.positions, probe=contacts.to_dict())


def _unit(reader: BaseRawIO, index: int, n_segments: int) -> RecordedUnit:
    row = reader.header["spike_channels"][index]
    facts = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"][index]

    def times(seg_index: int, t_start: float | None, t_stop: float | None) -> Floats:
        return spikes_in_seconds(reader, (0, seg_index), index, t_start, t_stop, remedy=_STUMBLES)

    def raw(seg_index: int, t_start: float | None, t_stop: float | None) -> Array:
        waveforms: Array = reader.get_spike_raw_waveforms(0, seg_index, index, *spike_limits(reader, t_start, t_stop))
        return waveforms

    ours = isinstance(reader, MockSessionRawIO)  # of NIX and Open Ephys Neo counts no spikes, and reads them
    counts = [int(reader.spike_count(0, k, index)) if ours else len(times(k, None, None)) for k in range(n_segments)]
    channel, multi = facts.get("channel_id"), facts.get("unit_type") == "MU"
    made = RecordedUnit(str(row["id"]), str(row["name"]), channel, counts.__getitem__, times, multi=multi)
    return _with_waveforms(made, raw, [k for k, count in enumerate(counts) if count], row)


def _with_waveforms(unit: RecordedUnit, raw: Window, segments: Sequence[int], row: Any) -> RecordedUnit:
    """Return a unit with its waveforms, if it has any; `segments` are those in which it has spikes."""
    if not segments or not row["wf_sampling_rate"] > 0:
        return unit
    first = _one_spike(unit, raw, segments[0])
    if first is None or first.ndim != 3:
        return unit
    gain, offset, read = float(row["wf_gain"]), float(row["wf_offset"]), raw
    if first.dtype == np.uint16:  # as signals: one more or less is 32768 counts, and as many gains
        offset -= LOWEST * gain

        def read(seg_index: int, t_start: float | None, t_stop: float | None) -> Array:
            return (raw(seg_index, t_start, t_stop) ^ np.uint16(0x8000)).view(np.int16)

    elif first.dtype != np.int16:
        extremes = [float(np.abs(raw(k, None, None).astype(np.float64)).max()) for k in segments]
        step = max(extremes) / FULL_SCALE or 1.0
        gain *= step

        def read(seg_index: int, t_start: float | None, t_stop: float | None) -> Array:
            return np.rint(raw(seg_index, t_start, t_stop) / step).astype("<i2")

    left, rate = float(row["wf_left_sweep"]), float(row["wf_sampling_rate"])  # Neo counts it in samples
    return replace(
        unit,
        waveforms=read,
        units=str(row["wf_units"]),
        gain=gain,
        offset=offset,
        left_sweep=left / rate if np.isfinite(left) and left >= 0 else 0.0,  # Neuralynx' is -1: unknown
        rate=rate,
        n_samples=first.shape[2],
    )


def _one_spike(unit: RecordedUnit, raw: Window, seg_index: int) -> Array | None:
    """Return the waveform of a unit's first spike in a segment, or of all where a reader finds none at its time.

    Those of a virtual session are cut out of samples that are made for it.
    """
    time = float(unit.times(seg_index, None, None)[0])
    found: Array | None = raw(seg_index, time, time)
    return found if found is None or len(found) else raw(seg_index, None, None)


def _events(reader: BaseRawIO, index: int) -> RecordedEvents:
    row = reader.header["event_channels"][index]
    is_epoch = str(row["type"]) in ("epoch", "b'epoch'")

    def read(seg_index: int, t_start: float | None, t_stop: float | None) -> tuple[Floats, Floats | None, Any]:
        return events_in_seconds(reader, (0, seg_index), index, t_start, t_stop, remedy=_STUMBLES)

    def count(seg_index: int) -> int:
        ours = isinstance(reader, MockSessionRawIO)  # of EDF Neo counts epochs too, of SpikeGLX segment 0
        return int(reader.event_count(0, seg_index, index)) if ours else len(read(seg_index, None, None)[0])

    return RecordedEvents(str(row["id"]), str(row["name"]), is_epoch, count, read)
