"""3Brain: an HDF5 file (``.brw``) of a BioCAM, of file format 102 (BrainWave 3 and 4).

``/3BRecInfo/3BRecVars`` says what a count is worth, by the voltages of the range's ends and its bits, and
``/3BData/Raw`` has unsigned counts, channels in turn. A BioCAM has 12 bits and 64 rows of 64 electrodes; here counts
have 16 bits, and channels are the electrodes of one row after another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.arrays import Array
from .hdf5 import EXTRA, chunk_samples, hdf5_file
from .limits import require_channels
from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV, with_gain

TITLE = "3Brain BioCAM"
MOST_CHANNELS = 4096
_SIDE, _BITS, _ZERO, _FORMAT = 64, 16, 32768, 102
_ELECTRODE = np.dtype([("Row", "<i2"), ("Col", "<i2")])


def _write(recorded: Recorded, out: RigFolder, *, requantise: bool = False) -> Sequence[Opening]:
    stream = with_gain(first_stream(recorded, TITLE), None, out, TITLE, requantise)
    require_channels(stream, MOST_CHANNELS, TITLE)
    return each_segment(recorded.only([stream]), lambda part, prefix: _one(part, f"{prefix}{part.title}.brw", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    n, size = len(stream.channels), stream.sizes[0]
    with hdf5_file(out, name, TITLE) as file:
        for key, value in _variables(stream, out).items():
            file[f"3BRecInfo/3BRecVars/{key}"] = value
        chip = {"NRows": _SIDE, "NCols": _SIDE, "Layout": 0}
        for key, number in chip.items():
            file[f"3BRecInfo/3BMeaChip/{key}"] = np.array([number], "<u4")
        file["3BRecInfo/3BMeaStreams/Raw/Chs"] = _electrodes(n)
        data = file.create_group("3BData")
        data.attrs["Version"] = np.int32(_FORMAT)
        raw = data.create_dataset("Raw", (n * size,), "<u2", chunks=(n * chunk_samples(stream),))
        for first, counts in stream.blocks(0, chunk_samples(stream)):
            raw[n * first : n * first + counts.size] = (counts.view("<u2") ^ np.uint16(_ZERO)).ravel()
            out.tick(counts.size)
    return {"filename": Below(name)}


def _variables(stream: RecordedSignals, out: RigFolder) -> dict[str, Array]:
    """Return what a recording says of itself: arrays of one number."""
    gain = gains_uV(stream, out)[0][0]
    return {
        "BitDepth": np.array([_BITS], "u1"),
        "MaxVolt": np.array([_ZERO * gain]),  # µV
        "MinVolt": np.array([-_ZERO * gain]),
        "NRecFrames": np.array(stream.sizes[:1], "<i8"),
        "SamplingRate": np.array([stream.rate]),
        "SignalInversion": np.array([1.0]),
    }


def _electrodes(n_channels: int) -> Array:
    rows, channels = np.zeros(n_channels, _ELECTRODE), np.arange(n_channels)
    rows["Row"], rows["Col"] = channels // _SIDE + 1, channels % _SIDE + 1
    return rows


register_rig(
    RigFormat(
        name="biocam",
        title=TITLE,
        files=".brw",
        neo="BiocamRawIO",
        holds=Holds("one stream", most_streams=1, gains="one of all channels"),
        write=_write,
        extractor="read_biocam",
        source="3Brain, documentation of BRW files 3.x",
        extras=(EXTRA,),
    )
)
