"""What a sorter found in a session, held against what is true of it."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..generate.true_units import TrueUnit
from ..generate.truth import Truth, truth
from ..ground.arrays import Ints
from ..rawio import MockSessionRawIO
from ..scoring.axis import ENDLESS, Axis
from ..scoring.found import load_found
from ..scoring.scene import TrueTrain
from ..scoring.score import Score, score_trains
from ..session.keys import WAVEFORM_RATE_HZ
from ..session.layout import MANIFEST
from ..session.manifest import read_manifest
from .streams import main_stream, planted_places, segment_clocks


class _Known(NamedTuple):
    """What is true of a session."""

    name: str
    rate: float
    axis: Axis
    trains: list[TrueTrain]


def score(
    session: str | PathLike[str] | Truth,
    sorting: Any,
    *,
    window_ms: float = 0.4,
    match_score: float = 0.5,
    output_type: str | None = None,
    phy_base: int | None = None,
    offset: int = 0,
) -> Score:
    """Compare a sorting with the ground truth of a session, and attribute missed spikes to causes.

    The counts are those of SpikeInterface's ``compare_sorter_to_ground_truth`` with ``delta_time=window_ms`` and
    ``exhaustive_gt=True``. Each miss and each false positive has one cause (docs/score.rst, *Causes*).

    Parameters
    ----------
    session : str, PathLike or Truth
        A session folder, or the result of :func:`mockrawio.truth`. The ground truth of a generated session with a
        stream is its spec; that of any other session, including hybrids, the units of its ``spiking_data``, each spike
        at the nearest sample of the sorted stream.
    sorting : path, Sorting, SpikeInterface sorting, or mapping of str to ndarray of int
        A sorting of that stream: a folder in one of :func:`mockrawio.formats.sorters.formats`, an object, or the
        samples of each unit's spikes. A single segment, if the session has several, counts through all of them, as in
        SpikeInterface's concatenated recordings.
    window_ms : float
        Largest distance between a true and a found spike.
    match_score : float
        Lowest accuracy, above 0, for a cluster to match a unit.
    output_type : str, optional
        Format of the folder. None infers it.
    phy_base : {0, 1}, optional
        Number of the first sample in phy's files. None infers it.
    offset : int
        Samples to add to the sorter's times.

    Returns
    -------
    Score
        `units` has a row for each true unit; clusters have the sorter's labels.

    Raises
    ------
    MockSessionError
        If an input is invalid, the sorting has another rate or other segments, or SciPy is not installed.
    """
    known = _from_truth(session) if isinstance(session, Truth) else _from_folder(Path(session), sorting)
    found = load_found(sorting, known.rate, known.axis, output_type=output_type, phy_base=phy_base, offset=offset)
    if found.sorting is not None:
        found = replace(found, labels=tuple(map(found.sorting.in_files, found.labels)))
    how = {"window_ms": window_ms, "match_score": match_score}
    return score_trains(known.trains, found, known.rate, axis=known.axis, name=known.name, **how)


def _from_truth(known: Truth, name: str | None = None) -> _Known:
    axis = Axis(tuple(known.n_samples))
    faults = _faults(known, axis)
    trains = [_train(unit, axis, faults) for unit in known.units.values()]
    return _Known(name or f"the truth of seed {known.spec.seed}", known.sampling_rate, axis, trains)


def _faults(known: Truth, axis: Axis) -> dict[int, Ints]:
    """Return the stretches of the axis in which something is wrong with a channel, for each that has some."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in known.faults:
        if row.kind != "clock":  # of which the samples do not suffer
            start = int(axis.starts[row.seg_index])
            for channel in row.channels:
                found.setdefault(channel, []).append((start + row.i_start, start + row.i_stop))
    return {channel: np.array(sorted(spans), np.int64) for channel, spans in found.items()}


def _train(unit: TrueUnit, axis: Axis, faults: dict[int, Ints]) -> TrueTrain:
    """Return the spikes of a unit; those of its further cells are as much smaller or larger as those are."""
    spikes = unit.spikes()
    times = axis.starts[spikes.segments] + spikes.frames
    sizes = np.abs([cell.amplitude_uV for cell in unit.cells])
    factors = spikes.factors * (sizes / sizes[0])[spikes.cell_indexes]
    order = np.argsort(times, kind="stable")
    return TrueTrain(
        unit.id,
        times[order],
        factors[order],
        unit.snr,
        tuple(unit.location),
        spikes.displacements[order],
        faults.get(unit.peak_channel),
    )


def _from_folder(folder: Path, sorting: Any) -> _Known:
    if _is_as_made(folder):
        return _from_truth(truth(folder), str(folder))
    with MockSessionRawIO(folder, raw_dtype="source") as reader:
        stream = main_stream(reader)
        ids: list[str] = reader.header["spike_channels"]["id"].tolist()
        rate = float(getattr(sorting, "sampling_frequency", WAVEFORM_RATE_HZ))  # where no stream has one
        clocks = segment_clocks(reader, stream, rate)
        axis = Axis(tuple(ENDLESS if clock.size is None else clock.size for clock in clocks))
        places = planted_places(reader, stream, ids)
        trains = []
        for index, (unit_id, place) in enumerate(zip(ids, places.tolist(), strict=True)):
            stamps = [reader.get_spike_timestamps(0, k, index) for k in range(len(clocks))]
            frames = [clock.frames(some[clock.inside(some)]) for clock, some in zip(clocks, stamps, strict=True)]
            trains.append(TrueTrain(unit_id, axis.joined(frames), location=tuple(place)))
    return _Known(str(folder), clocks[0].rate, axis, trains)


def _is_as_made(folder: Path) -> bool:
    """Return True if a session is still what its spec made, with a stream, and nothing was added."""
    path = folder / MANIFEST
    if not path.is_file():
        return False
    said = read_manifest(path)
    spec = said.get("spec")
    return isinstance(spec, dict) and spec.get("sampling_rate") is not None and "hybrid" not in said
