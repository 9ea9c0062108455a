"""phy: the folder of a sorting, as Kilosort writes it and phy curates it, with the samples beside it.

The files are those of phy's *Data format*: ``params.py``, ``recording.dat``, and arrays of each spike's sample, cluster
and template, of templates, and of channels. Clusters count units from 0. A template is the mean of the samples around
some of a unit's spikes, in µV, not whitened; a channel without a place gets one in a column. Kilosort writes no file
of gains, so samples are counts alone.

Neo reads the spikes, of clusters that have some; a folder without any it cannot open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats
from ..ground.errors import MockSessionError
from .npy import header_bytes
from .npy_out import array_file
from .recorded import Recorded, RecordedSignals, RecordedUnit
from .rig import Below, FileFault, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV

TITLE = "phy"
_BEFORE, _SAMPLES, _AVERAGED = 30, 82, 50  # samples of a template, and spikes that it is the mean of
_PITCH = 20.0  # µm between channels whose places are not known


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    if not recorded.units:
        raise MockSessionError("source", "units", "none", "Give a recording with units, or take another format.")
    out.leave("gains", "samples are counts")
    return each_segment(recorded, lambda part, prefix: _one(part, prefix, out))


def _one(recorded: Recorded, prefix: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    out.write(f"{prefix}params.py", [_params(stream).encode("ascii")])
    with out.file(f"{prefix}recording.dat") as file:
        for _, counts in stream.blocks(0):
            file.write(counts)
            out.tick(counts.size)
    _spikes(recorded, prefix, out)
    for name, array in _arrays(recorded, out).items():
        out.write(f"{prefix}{name}.npy", array_file(array))
    groups = ["mua" if unit.multi else "good" for unit in recorded.units]
    for name, values in {"group": groups, "name": [_name(unit, out) for unit in recorded.units]}.items():
        out.write(f"{prefix}cluster_{name}.tsv", [_table(name, values).encode("ascii")])
    return {"dirname": Below(prefix.rstrip("/"))}


def _params(stream: RecordedSignals) -> str:
    facts = {
        "dat_path": "recording.dat",
        "n_channels_dat": len(stream.channels),
        "dtype": "int16",
        "offset": 0,
        "sample_rate": stream.rate,
        "hp_filtered": False,
    }
    return "".join(f"{name} = {value!r}\n" for name, value in facts.items())


def _spikes(recorded: Recorded, prefix: str, out: RigFolder) -> None:
    """Write the arrays of all spikes, in order of time."""
    stream = recorded.signals[0]
    trains = (out.frames("spikes", unit.times(0, None, None), stream, 0) for unit in recorded.units)
    n = sum(int(inside.sum()) for _, inside in trains)
    kinds = {"spike_times": "<i8", "spike_clusters": "<i4", "spike_templates": "<i4", "amplitudes": "<f8"}
    with out.several([f"{prefix}{name}.npy" for name in kinds]) as files:
        for file, kind in zip(files, kinds.values(), strict=True):
            file.write(header_bytes(kind, (n,)))
        for spikes in recorded.spikes(0):
            frames, inside = out.frames("spikes", spikes.times, stream, 0)
            frames, units = frames[inside], spikes.units[inside]
            columns = (frames, units, units, np.ones(len(frames)))
            for file, kind, column in zip(files, kinds.values(), columns, strict=True):
                file.write(column.astype(kind))


def _arrays(recorded: Recorded, out: RigFolder) -> dict[str, Array]:
    stream, n = recorded.signals[0], len(recorded.signals[0].channels)
    return {
        "templates": np.stack([_template(unit, stream, out) for unit in recorded.units]),
        "similar_templates": np.eye(len(recorded.units), dtype="<f4"),
        "channel_map": np.arange(n, dtype="<i4"),
        "channel_positions": _positions(stream),
        "whitening_mat": np.eye(n),
    }


def _template(unit: RecordedUnit, stream: RecordedSignals, out: RigFolder) -> npt.NDArray[np.float32]:
    """Return the mean of the samples around some of a unit's spikes, µV, float32 (samples, channels)."""
    gains, _ = gains_uV(stream, out)
    frames = np.rint((unit.times(0, None, None) - stream.t_starts[0]) * stream.rate).astype(np.int64)
    firsts = frames - _BEFORE
    firsts = firsts[(firsts >= 0) & (firsts + _SAMPLES <= stream.sizes[0])]
    chosen = firsts[np.linspace(0, len(firsts) - 1, min(_AVERAGED, len(firsts))).astype(np.int64)]
    total = np.zeros((_SAMPLES, len(gains)), np.int64)
    for first in chosen.tolist():
        total += stream.read(0, first, first + _SAMPLES)
    return (total * gains / max(len(chosen), 1)).astype("<f4")


def _positions(stream: RecordedSignals) -> Floats:
    if stream.positions is not None:
        return np.ascontiguousarray(stream.positions[:, :2], "<f8")
    numbers = np.arange(len(stream.channels))
    return np.stack([0.0 * numbers, _PITCH * numbers], axis=1)


def _name(unit: RecordedUnit, out: RigFolder) -> str:
    """Return a name as readers take it: one that begins with no letter they take for a number."""
    text = out.text(f"name of {unit.name!r}", unit.name.replace('"', "'"), 60).decode()
    return text if text[:1].isalpha() else f"unit {text}"


def _table(name: str, values: Iterable[str]) -> str:
    return f"cluster_id\t{name}\n" + "".join(f"{k}\t{value}\n" for k, value in enumerate(values))


def _folders(folder: Path) -> list[Path]:
    return [path.parent for path in folder.rglob("params.py")]


def _without_times(folder: Path) -> None:
    for one in _folders(folder):
        (one / "spike_times.npy").unlink()


def _tabs(folder: Path) -> None:
    for one in _folders(folder):
        text = (one / "cluster_group.tsv").read_bytes()
        (one / "cluster_info.tsv").write_bytes(text)
        (one / "cluster_info.csv").write_bytes(text)


def _blank(folder: Path) -> None:
    for one in _folders(folder):
        (one / "cluster_info.tsv").write_bytes((one / "cluster_group.tsv").read_bytes() + b"\tgood\n")


register_rig(
    RigFormat(
        name="phy",
        title=TITLE,
        files="params.py, recording.dat, spike_times.npy, spike_clusters.npy, templates.npy, ..., cluster_group.tsv",
        neo="PhyRawIO",
        holds=Holds("one stream", most_streams=1, gains="none", units=True, probe=True),
        write=_write,
        faults=(
            FileFault(
                "missing-times",
                "spike_times.npy is not there",
                "name the file that is missing",
                "phy 999",
                _without_times,
            ),
            FileFault(
                "tabs-in-csv",
                "cluster_info.csv stands beside cluster_info.tsv, and has tabs for commas, as after it was copied",
                "read one of the two, and say so",
                "spikeinterface 1167",
                _tabs,
            ),
            FileFault(
                "blank-cluster",
                "a row of cluster_info.tsv has no cluster, as after clusters were merged",
                "pass over the row, and say so",
                "spikeinterface 4210",
                _blank,
            ),
        ),
        extractor="read_phy",
        source="phy, Data format (phy.readthedocs.io)",
    )
)
