"""MaxWell: an HDF5 file (``.raw.h5``) of a MaxOne or MaxTwo, one well with one recording.

The layout is that of MaxLab Live from 2018 on: ``/wells/well000/rec0000`` has the settings, the routed channels' counts
(channels, samples) and when it began. Counts are unsigned, with 32768 for 0 V here, as a count of the device itself has
10 bits about 512; nothing in the file says which count is 0 V. A channel without a place is put on a row of electrodes.
MaxLab compresses samples by a filter of its own, which is not used. Its list of threshold crossings is empty.

Neo takes count 0 for 0 V.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from ..ground.arrays import Array
from .hdf5 import EXTRA, chunk_samples, hdf5_file
from .limits import require_channels
from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV, with_gain

TITLE = "MaxWell"
MOST_CHANNELS, ZERO = 1024, 32768
_VERSION, _SOFTWARE = b"20190530", b"22.2.6"
_PITCH_UM, _COLUMNS = 17.5, 220
_MAPPING = np.dtype([("channel", "<i4"), ("electrode", "<i4"), ("x", "<f8"), ("y", "<f8")])
_SPIKE = np.dtype([("frameno", "<i8"), ("channel", "<i4"), ("amplitude", "<f4")])


def _write(recorded: Recorded, out: RigFolder, *, requantise: bool = False) -> Sequence[Opening]:
    stream = with_gain(first_stream(recorded, TITLE), None, out, TITLE, requantise)
    require_channels(stream, MOST_CHANNELS, TITLE)
    return each_segment(recorded.only([stream]), lambda part, prefix: _one(part, f"{prefix}{part.title}.raw.h5", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    n, size, step = len(stream.channels), stream.sizes[0], chunk_samples(stream)
    when = round((recorded.start + timedelta(seconds=stream.t_starts[0])).timestamp() * 1000)
    with hdf5_file(out, name, TITLE) as file:
        for key, text in (("version", _VERSION), ("hdf_version", b"1.10.4"), ("mxw_version", _SOFTWARE)):
            file[key] = np.array([text])
        run = file.create_group("wells/well000/rec0000")
        run["start_time"] = np.array([when])
        run["stop_time"] = np.array([when + round(1000 * size / stream.rate)])
        run["spikes"] = np.zeros(0, _SPIKE)
        settings = run.create_group("settings")
        settings["sampling"] = np.array([stream.rate])
        settings["lsb"] = np.array([gains_uV(stream, out)[0][0] * 1e-6])  # V
        settings["gain"], settings["hpf"] = np.array([512.0]), np.array([300.0])
        settings["mapping"] = _mapping(stream, out)
        routed = run.create_group("groups/routed")
        routed["channels"] = np.arange(n, dtype="<i4")
        raw = routed.create_dataset("raw", (n, size), "<u2", chunks=(n, step))
        for first, counts in stream.blocks(0, step):
            raw[:, first : first + len(counts)] = np.ascontiguousarray((counts.view("<u2") ^ np.uint16(ZERO)).T)
            out.tick(counts.size)
        file.create_group("recordings/rec0000")["well000"] = run
    return {"filename": Below(name)}


def _mapping(stream: RecordedSignals, out: RigFolder) -> Array:
    """Return each channel's electrode and place in µm."""
    rows = np.zeros(len(stream.channels), _MAPPING)
    rows["channel"] = rows["electrode"] = np.arange(len(rows))
    rows["x"], rows["y"] = rows["electrode"] % _COLUMNS * _PITCH_UM, rows["electrode"] // _COLUMNS * _PITCH_UM
    if stream.positions is not None:
        rows["x"], rows["y"] = stream.positions[:, 0], stream.positions[:, 1]
        if stream.positions.shape[1] > 2 and np.ptp(stream.positions[:, 2]):
            out.leave("depths of contacts", "places are x and y")
    return rows


register_rig(
    RigFormat(
        name="maxwell",
        title=TITLE,
        files=".raw.h5",
        neo="MaxwellRawIO",
        holds=Holds("one stream", most_streams=1, gains="one of all channels", probe=True, date=True),
        write=_write,
        extractor="read_maxwell",
        source="MaxWell Biosystems, MaxLab Live manual, recording file format",
        extras=(EXTRA,),
    )
)
