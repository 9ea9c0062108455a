"""MEArec: the HDF5 file of a simulated recording, of version 1.5 and later.

``recordings`` has float32 samples in µV (samples, channels), so any gain and offset is held, and a count is to be had
by dividing; ``spiketrains/0`` and so on have spikes in s from the first sample, ``channel_positions`` the contacts in
µm, in the plane of y and z. Of ``info`` only what describes a recording is there, nothing of a simulation.

Neo reads such a file by MEArec itself, which no extra of mockrawio brings. Its units have numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ground.arrays import Floats
from .hdf5 import EXTRA, chunk_samples, hdf5_file
from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV

TITLE = "MEArec"
_VERSION, _PITCH_UM, _STAMPS = "1.9.0", 20.0, 1 << 20


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    if recorded.units:
        out.leave("names of units", "they are numbers; a name is an annotation")
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.h5", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    gains, offsets = gains_uV(stream, out)
    n, size, step = len(stream.channels), stream.sizes[0], chunk_samples(stream)
    with hdf5_file(out, name, TITLE) as file:
        file.attrs["mearec_version"] = _VERSION
        _info(file, recorded)
        file["channel_positions"] = _positions(stream)
        _spikes(file, recorded, out)
        stamps = file.create_dataset("timestamps", (size,), "<f8")
        for first in range(0, size, _STAMPS):
            stop = min(first + _STAMPS, size)
            stamps[first:stop] = np.arange(first, stop) / stream.rate
        samples = file.create_dataset("recordings", (size, n), "<f4", chunks=(step, n))
        for first, counts in stream.blocks(0, step):
            samples[first : first + len(counts)] = (counts * gains + offsets).astype("<f4")
            out.tick(counts.size)
    return {"filename": Below(name)}


def _duration(stream: RecordedSignals) -> float:
    """Return the duration in s that, times the rate, is the number of samples and not a little less."""
    size, rate = stream.sizes[0], stream.rate
    seconds = size / rate
    return seconds if int(seconds * rate) == size else float(np.nextafter(seconds, np.inf))


def _info(file: Any, recorded: Recorded) -> None:
    stream = recorded.signals[0]
    facts: dict[str, dict[str, Any]] = {
        "recordings": {
            "fs": stream.rate,
            "duration": _duration(stream),
            "dtype": "float32",
            "n_neurons": len(recorded.units),
            "noise_level": "null",
            "gain": "null",
        },
        "electrodes": {
            "electrode_name": recorded.title,
            "description": recorded.about,
            "plane": "yz",
            "shape": "square",
            "size": 5.0,
            "pitch": _PITCH_UM,
            "dim": np.array([len(stream.channels), 1]),
            "sortlist": "null",
        },
    }
    for group, values in facts.items():
        for key, value in values.items():
            file[f"info/{group}/{key}"] = value


def _positions(stream: RecordedSignals) -> Floats:
    """Return the contacts in the plane of y and z, or in a column if there are none, (channels, 3)."""
    places = np.zeros((len(stream.channels), 3))
    if stream.positions is None:
        places[:, 2] = _PITCH_UM * np.arange(len(places))
    else:
        places[:, 1:] = stream.positions[:, :2]
        places[:, 0] = stream.positions[:, 2] if stream.positions.shape[1] > 2 else 0.0
    return places


def _spikes(file: Any, recorded: Recorded, out: RigFolder) -> None:
    stream = recorded.signals[0]
    for number, unit in enumerate(recorded.units):
        times = unit.times(0, None, None)
        _, inside = out.frames(f"spikes of {unit.name}", times, stream, 0)
        file[f"spiketrains/{number}/times"] = np.maximum(times[inside] - stream.t_starts[0], 0.0)
        file[f"spiketrains/{number}/t_stop"] = _duration(stream)
        file[f"spiketrains/{number}/annotations/name"] = unit.name
        file[f"spiketrains/{number}/annotations/channel"] = unit.channel_id or "null"


register_rig(
    RigFormat(
        name="mearec",
        title=TITLE,
        files=".h5",
        neo="MEArecRawIO",
        holds=Holds(
            "one stream",
            most_streams=1,
            gains="any, as values are in µV",
            offsets=True,
            units=True,
            probe=True,
        ),
        write=_write,
        extractor="read_mearec",
        source="MEArec's documentation, and files that it makes",
        extras=(EXTRA,),
    )
)
