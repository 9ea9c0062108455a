"""Writing Neuralynx files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, pairwise

import numpy as np

from ...ground.arrays import Array, Floats
from ...ground.checks import require
from ..recorded import Counts, Recorded, RecordedSignals, RecordedUnit, by_electrode
from ..rig import MOST_FILES, Below, Opening, RigFile, RigFolder
from ..ticks import Ticks
from .header import header

RECORD = 512  # samples
SAMPLES = np.dtype(
    [("stamp", "<u8"), ("channel", "<u4"), ("rate", "<u4"), ("valid", "<u4"), ("samples", "<i2", RECORD)]
)
_EVENT = np.dtype(
    [
        ("origin", "<i2"),
        ("id", "<i2"),
        ("size", "<i2"),
        ("stamp", "<u8"),
        ("event", "<i2"),
        ("ttl", "<u2"),
        ("unused", "<i2", 3),
        ("extra", "<i4", 8),
        ("text", "S128"),
    ]
)
_WAVEFORM = 32  # samples
_BEFORE = 8  # of them before the spike
_SPIKE = np.dtype(
    [
        ("stamp", "<u8"),
        ("channel", "<u4"),
        ("unit", "<u4"),
        ("features", "<i4", 8),
        ("samples", "<i2", _WAVEFORM),
    ]
)
_SYSTEM_EVENT, _FIRST_EVENT = 19, 11  # ids: of what the program itself says, and of its first input
_MAX = 32767


def write_neuralynx(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    """Write a recording into one folder; see the package."""
    streams = sorted(recorded.signals, key=lambda one: -one.rate)
    for stream in streams:
        _refuse_joined(stream)
    clock = Ticks.of(recorded, out, 1e6)
    first, digits = 1, len(str(max(sum(len(one.channels) for one in streams), len(recorded.units))))
    ranges: set[tuple[float, int]] = set()
    for stream in streams:
        names = [f"CSC{number:0{digits}}.ncs" for number in range(first, first + len(stream.channels))]
        heads = _signal_heads(stream, first - 1, ranges, out)
        for low in range(0, len(names), MOST_FILES):
            some = slice(low, low + MOST_FILES)
            with out.several(names[some]) as files:
                for file, name, lines in zip(files, names[some], heads[some], strict=True):
                    file.write(header(recorded, name, "NCS", lines))
                _samples(stream, some, first - 1, files, clock, out)
        first += len(names)
    _write_events(recorded, clock, out)
    for number, units in enumerate(by_electrode(recorded.units), 1):
        _write_spikes(recorded, units, number, f"SE{number:0{digits}}.nse", clock, out)
    out.leave_spikeless(recorded)
    return [_opening(recorded, streams, out)]


def _opening(recorded: Recorded, streams: Sequence[RecordedSignals], out: RigFolder) -> Opening:
    opening: dict[str, object] = {"dirname": Below(""), "keep_original_times": True}
    if len(recorded.segments) > 1:
        opening["gap_tolerance_ms"] = 500.0 / max((one.rate for one in streams), default=1e6)  # half a sample
        if not streams:
            out.leave("pauses", "without signals there is nothing that tells of them")
        elif recorded.units or recorded.events:
            out.leave("what lies in pauses", "it is in the files, but Neo passes over it")
    return opening


def _refuse_joined(stream: RecordedSignals) -> None:
    """Refuse segments without a pause between them: a record that is not full would be in the middle of one."""
    ends = (start + size / stream.rate for start, size in zip(stream.t_starts, stream.sizes, strict=True))
    for end, (_, following) in zip(ends, pairwise(stream.t_starts), strict=False):
        apart = following - end > 0.5 / stream.rate
        remedy = "Export one segment at a time."
        require(apart, f"stream {stream.id}", "segments with a pause after each", f"one that ends at {end!r} s", remedy)


def _signal_heads(
    stream: RecordedSignals, first: int, ranges: set[tuple[float, int]], out: RigFolder
) -> list[dict[str, object]]:
    """Return what the headers of a stream's files say; `ranges` are the rates and ranges of those before."""
    gains = np.array([one.gain * out.microvolts(one.units) for one in stream.channels])
    largest = np.abs(gains).max(initial=0.0) * _MAX
    # another range for another stream of the same rate: readers tell them apart by it
    span = next(k for k in count(max(math.ceil(largest - 1e-6), 1)) if (stream.rate, k) not in ranges)
    ranges.add((stream.rate, span))
    return [
        {
            "RecordSize": SAMPLES.itemsize,
            "ReferenceChannel": '"Source 01 Reference 1"',
            "SamplingFrequency": f"{stream.rate:.12g}",
            "ADMaxValue": _MAX,
            **_amplifier(gain),
            "AcqEntName": _entity(channel.name, "names of channels", out),
            "NumADChannels": 1,
            "ADChannel": first + k,
            "InputRange": span,
            "InputInverted": gain < 0,
            "DSPLowCutFilterEnabled": False,
            "DSPHighCutFilterEnabled": False,
            "DspDelayCompensation": "Enabled",
            "DspFilterDelay_µs": 0,
        }
        for k, (channel, gain) in enumerate(zip(stream.channels, gains.tolist(), strict=True))
    ]


def _amplifier(gain: float) -> dict[str, object]:
    """Return what says how large a count is, of a gain in µV; a negative one is an inverted input."""
    return {"ADBitVolts": f"{abs(gain) * 1e-6:.30f}".rstrip("0")}


def _entity(name: str, what: str, out: RigFolder) -> str:
    """Return a name without spaces, in Latin-1."""
    plain = out.text(what, name, 60, "latin-1").decode("latin-1")
    if any(one.isspace() for one in plain) or not plain:
        out.leave(what, "they are words: a space is _")
    return "_".join(plain.split()) or "_"


def _samples(
    stream: RecordedSignals, some: slice, first: int, files: Sequence[RigFile], clock: Ticks, out: RigFolder
) -> None:
    """Write the records of some channels of a stream, of all segments."""
    ids = np.arange(first, first + len(stream.channels), dtype=np.uint32)[some]
    for seg_index, t_start in enumerate(stream.t_starts):
        begin = clock.one(t_start)
        for sample, counts in stream.blocks(seg_index, RECORD):
            mine = counts[:, some]
            records = _records(mine, ids, stream.rate, begin, sample)
            for file, record in zip(files, records, strict=True):
                file.write(record)
            out.tick(mine.size)


def _records(counts: Counts, ids: Array, rate: float, begin: int, sample: int) -> Array:
    """Return the records (channels, records) of samples (samples, channels), the first of which is `sample`."""
    size, n_channels = counts.shape
    n = -(-size // RECORD)
    full = size // RECORD
    records = np.zeros((n_channels, n), SAMPLES)
    records["stamp"] = np.rint(begin + (1e6 / rate) * (sample + RECORD * np.arange(n)))
    records["channel"] = ids[:, None]
    records["rate"] = round(rate)
    records["valid"] = np.minimum(size - RECORD * np.arange(n), RECORD)
    records["samples"][:, :full] = counts[: full * RECORD].reshape(full, RECORD, n_channels).transpose(2, 0, 1)
    if full < n:
        records["samples"][:, full, : size - full * RECORD] = counts[full * RECORD :].T
    return records


def _write_events(recorded: Recorded, clock: Ticks, out: RigFolder) -> None:
    """Write the events of all channels, each with an id of its own, and where recording started and stopped."""
    ids = np.array([k for k in range(_FIRST_EVENT, _FIRST_EVENT + len(recorded.events) + 1) if k != _SYSTEM_EVENT])
    with out.file("Events.nev") as file:
        file.write(header(recorded, "Events.nev", "Event", {"RecordSize": _EVENT.itemsize, "AcqEntName": "Events"}))
        for seg_index in range(len(recorded.segments)):
            marks = recorded.marks(seg_index)
            stamps, kept = clock.at(marks.times, "some events")
            records = np.zeros(len(stamps), _EVENT)
            records["stamp"], records["event"] = stamps, ids[marks.channels[kept]]
            records["ttl"], records["text"] = _labels(marks.labels[kept], out)
            file.write(_with_system(records, _recorded_span(recorded, seg_index), clock))


def _labels(labels: Array, out: RigFolder) -> tuple[Array, Array]:
    """Return the word at the input and the text of each label; of one that is no number the word is 0."""
    unique, inverse = np.unique(labels, return_inverse=True)
    texts = [out.text("labels", str(one), 127) for one in unique]
    words = [int(one) if one.isdigit() and len(one) < 6 and int(one) < 1 << 16 else 0 for one in texts]
    return np.array(words, np.uint16)[inverse], np.array(texts or [b""], "S128")[inverse]


def _recorded_span(recorded: Recorded, seg_index: int) -> Floats:
    """Return when the signals of a segment began and ended, (2,); none if there are no signals."""
    if not recorded.signals:
        return np.zeros(0)
    begins = [one.t_starts[seg_index] for one in recorded.signals]
    ends = [one.t_starts[seg_index] + one.sizes[seg_index] / one.rate for one in recorded.signals]
    return np.array([min(begins), max(ends)])


def _with_system(records: Array, span: Floats, clock: Ticks) -> Array:
    """Return a segment's records in order of time with those of its start and stop."""
    ends = np.zeros(len(span), _EVENT)
    ends["stamp"], ends["event"] = clock.at(span, "samples")[0], _SYSTEM_EVENT
    ends["text"] = [b"Starting Recording", b"Stopping Recording"][: len(span)]
    whole = np.concatenate([ends[:1], records, ends[1:]])
    whole["id"], whole["size"] = 1002, 2
    return np.ascontiguousarray(whole[np.argsort(whole["stamp"], kind="stable")])


def _write_spikes(
    recorded: Recorded, units: list[RecordedUnit], number: int, name: str, clock: Ticks, out: RigFolder
) -> None:
    """Write the spikes of an electrode's units, which are numbered from 1."""
    cut = [_cut(unit, out) for unit in units]
    part = replace(recorded, units=tuple(unit for unit, _ in cut))
    rate = units[0].rate or max((one.rate for one in recorded.signals), default=1e6)
    with out.file(name) as file:
        file.write(header(recorded, name, "NSE", _spike_head(units[0], number, rate, cut[0][1], out)))
        for seg_index in range(len(recorded.segments)):
            for some in part.spikes(seg_index, waveforms=True):
                stamps, kept = clock.at(some.times, "some spikes")
                records = np.zeros(len(stamps), _SPIKE)
                records["stamp"], records["channel"], records["unit"] = stamps, number - 1, some.units[kept] + 1
                records["samples"][:, : some.waveforms.shape[1]] = some.waveforms[kept]
                records["features"][:, 0] = records["samples"].max(axis=1)
                records["features"][:, 1] = records["samples"].min(axis=1)
                file.write(records)


def _cut(unit: RecordedUnit, out: RigFolder) -> tuple[RecordedUnit, int]:
    """Return a unit with waveforms of at most 32 samples, and how many of these are before the spike."""
    read, before = unit.waveforms, round(unit.left_sweep * unit.rate)
    if read is None:
        out.leave("shapes of spikes", "units without waveforms have zeros")
        return unit, _BEFORE
    if unit.n_samples <= _WAVEFORM:
        return unit, before
    out.leave("long waveforms", f"a record has {_WAVEFORM} samples: these about the spike")
    first = min(max(before - _BEFORE, 0), unit.n_samples - _WAVEFORM)

    def window(seg_index: int, low: float | None, high: float | None) -> Array:
        return read(seg_index, low, high)[:, :, first : first + _WAVEFORM]

    return replace(unit, waveforms=window, n_samples=_WAVEFORM), before - first


def _spike_head(unit: RecordedUnit, number: int, rate: float, before: int, out: RigFolder) -> dict[str, object]:
    gain = unit.gain * out.microvolts(unit.units)
    return {
        "RecordSize": _SPIKE.itemsize,
        "ReferenceChannel": '"Source 01 Reference 1"',
        "SamplingFrequency": f"{rate:.12g}",
        "ADMaxValue": _MAX,
        **_amplifier(gain),
        "AcqEntName": f"SE{number}",
        "NumADChannels": 1,
        "ADChannel": number - 1,
        "InputRange": max(math.ceil(abs(gain) * _MAX - 1e-6), 1),
        "InputInverted": gain < 0,
        "DSPLowCutFilterEnabled": False,
        "DSPHighCutFilterEnabled": False,
        "DspDelayCompensation": "Enabled",
        "DspFilterDelay_µs": 0,
        "DisabledSubChannels": None,
        "WaveformLength": _WAVEFORM,
        "AlignmentPt": before,
        "ThreshVal": 0,
        "MinRetriggerSamples": 9,
        "SpikeRetriggerTime": round(9e6 / rate),
        "DualThresholding": False,
        "Feature Peak 0": "0 0 31 1",
        "Feature Valley 1": "0 0 31 1",
    }
