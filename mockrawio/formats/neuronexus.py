"""NeuroNexus: Allego's XDAT, what is known in JSON (``.xdat.json``), samples (``_data.xdat``) and their time stamps.

Samples are float32 in µV, channels in turn, so any gain and offset is held, and a count is to be had by dividing; the
digital inputs follow in the same array, one for each event channel, 1 while it is high. Time stamps
(``_timestamp.xdat``) are numbers of samples, int64, from 0 s on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from .pulses import level, pulses
from .recorded import Recorded
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig

TITLE = "NeuroNexus"
_STAMPS = 1 << 20  # time stamps at once


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    lines = [pulses(one, 0, stream, out, levels=True) for one in recorded.events]
    scale = np.array([out.microvolts(channel.units) for channel in stream.channels])
    gains, offsets = stream.gains * scale, stream.offsets * scale
    out.write(f"{name}.xdat.json", [json.dumps(_metadata(recorded), indent=1).encode()])
    with out.file(f"{name}_timestamp.xdat") as file:
        begin = round(stream.t_starts[0] * stream.rate)
        for first in range(0, stream.sizes[0], _STAMPS):
            file.write(np.arange(begin + first, begin + min(first + _STAMPS, stream.sizes[0]), dtype="<i8"))
    with out.file(f"{name}_data.xdat") as file:
        for first, counts in stream.blocks(0):
            values = np.empty((len(counts), len(gains) + len(lines)), "<f4")
            values[:, : len(gains)] = counts * gains + offsets
            for column, line in enumerate(lines, len(gains)):
                values[:, column] = level(line, first, first + len(counts))
            file.write(values)
            out.tick(counts.size)
    return {"filename": Below(f"{name}.xdat.json")}


def _metadata(recorded: Recorded) -> dict[str, object]:
    stream = recorded.signals[0]
    size, start = stream.sizes[0], stream.t_starts[0]
    first, n_inputs = round(start * stream.rate), len(recorded.events)
    began = recorded.start + timedelta(seconds=start)
    n = len(stream.channels)
    return {
        "version": 2,
        "sapiens_base": {"biointerface_map": _channels(recorded)},
        "status": {
            "samp_freq": stream.rate,
            "shape": [size, n + n_inputs],
            "t_range": [start, start + size / stream.rate],
            "timestamp_range": [first, first + size],
            "dur": size / stream.rate,
            "start_time": began.isoformat(timespec="microseconds"),
            "stop_time": (began + timedelta(seconds=size / stream.rate)).isoformat(timespec="microseconds"),
            "signals": {"pri": n, "aux": 0, "din": n_inputs, "dout": 0},
        },
    }


def _channels(recorded: Recorded) -> dict[str, list[object]]:
    """Return what is known of each channel, then of each digital input: a list of each kind of thing."""
    stream, events = recorded.signals[0], recorded.events
    n, n_inputs = len(stream.channels), len(events)
    places = [[None] * 3] * n if stream.positions is None else np.round(stream.positions, 6).tolist()
    axes = [[*place, *[0.0] * 3][:3] for place in places] + [[None] * 3] * n_inputs
    made: dict[str, list[object]] = {
        "chan_name": [*(one.name for one in stream.channels), *(one.name for one in events)],
        "ntv_chan_name": [*(one.id for one in stream.channels), *(f"din0_{k}" for k in range(n_inputs))],
        "ntv_chan_idx": [*range(n), *range(n_inputs)],
        "chan_type": [*["ai0"] * n, *["din0"] * n_inputs],
        "samp_freq": [stream.rate] * (n + n_inputs),
    }
    return made | {f"site_ctr_{axis}": [one[k] for one in axes] for k, axis in enumerate("xyz")}


register_rig(
    RigFormat(
        name="neuronexus",
        title=TITLE,
        files=".xdat.json, _data.xdat, _timestamp.xdat",
        neo="NeuroNexusRawIO",
        holds=Holds(
            "one stream",
            most_streams=1,
            gains="any, as values are in µV",
            offsets=True,
            names=True,
            t_start=True,
            events=True,
            durations=True,
            probe=True,
            date=True,
        ),
        write=_write,
        extractor="read_neuronexus",
        source="NeuroNexus, Allego XDAT file reader",
    )
)
