"""What a session is made of when the source of a hybrid run is a SpikeInterface recording and sorting.

- Channels that are all called CSCk keep their ids; others become CSC1, CSC2, ..., and are named by
  their own ids. Units that are all called ``CSC{channel}_{SU|MU}{number}`` keep that name; others
  become single units of the channel on which their mean is largest.
- Segments begin at the recording's own times, counted from 2000-01-01; those that would overlap lie
  1 s one behind the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..session import layout
from ..session.clock import Run
from ..session.emit import dict_file
from ..session.errors import MockSessionError
from ..session.files import MAX_NAME, Scale
from ..session.layout import UnitName, parse_unit_file
from ..session.shown import warn
from .extractor_source import ExtractorRecording, ExtractorSorting
from .generate import HybridResult
from .session_output import N_SAMPLES, SessionOutput, StreamOutput, UnitOutput, unit_windows
from .session_source import BROADBAND, channel_numbers

__all__ = ["session_of_extractors"]

START_MS = 946_684_800_000.0  # 2000-01-01, where nothing says when 0 s was
GAP_MS = 1000.0
LOOKED_AT = 200  # spikes that decide on which channel a unit is

_FOLDER = re.compile(r"session_(\d+)")


def session_of_extractors(
    recording: ExtractorRecording,
    sorting: ExtractorSorting,
    result: HybridResult,
    made_from: dict[str, Any],
    places: npt.NDArray[np.float64],
) -> SessionOutput:
    """Return what the session is made of.

    Parameters
    ----------
    recording : ExtractorRecording
        As int16.
    sorting : ExtractorSorting
    result : HybridResult
        What a dry run found.
    made_from : dict
        What the manifest is to say of the source.
    places : ndarray of float64, (C, 2 or 3)
        Where the channels are.
    """
    own_ids = tuple(str(channel) for channel in np.asarray(recording.extractor.channel_ids).tolist())
    numbers = channel_numbers(own_ids) or list(range(1, len(own_ids) + 1))
    ids, names = tuple(f"CSC{k}" for k in numbers), _channel_names(own_ids)
    stream = StreamOutput(BROADBAND, ids, numbers, _scales(recording), _runs(recording), {})
    stream.description.update(_description(recording, stream, names, places))
    units = _units(recording, sorting, stream)
    origins = {unit.name.id: sorting.json_ids()[label] for label, unit in units.items()}
    return SessionOutput(
        result,
        recording,
        sorting.sorting,
        stream,
        {label: unit.name.id for label, unit in units.items()},
        {"made_from": made_from, "units": origins},
        units=tuple(units.values()),
        contents=_contents(result.folder, stream, dict(zip(numbers, names, strict=True))),
    )


def _channel_names(ids: tuple[str, ...]) -> tuple[str, ...]:
    for name in ids:
        fits = 0 < len(name) <= MAX_NAME and name.strip() == name and name.isprintable()
        if not fits or ids.count(name) > 1:
            raise MockSessionError(
                "recording",
                f"channel ids that differ, of 1 to {MAX_NAME} printable characters",
                f"{name[:80]!r}",
                "Rename the channels.",
            )
    return ids


def _scales(recording: ExtractorRecording) -> tuple[Scale, ...]:
    """Return how counts become µV, with what was taken off them put back."""
    extractor, count = recording.extractor, recording.n_channels
    gains, offsets = extractor.get_property("gain_to_uV"), extractor.get_property("offset_to_uV")
    if gains is None:
        warn(
            "recording: has no gain_to_uV; a count is taken as 1 uV. recording.set_channel_gains(...) sets it",
            stacklevel=4,
        )
    gains = np.ones(count) if gains is None else np.asarray(gains, np.float64)
    offsets = np.zeros(count) if offsets is None or not len(offsets) else np.asarray(offsets, np.float64)
    if not (np.isfinite(gains) & (gains > 0) & np.isfinite(offsets)).all():
        found = f"gains {gains.min():g} to {gains.max():g}, offsets {offsets.min():g} to {offsets.max():g}"
        raise MockSessionError(
            "recording", "gains above 0 and finite offsets", found, "Set others, or write raw files."
        )
    source = np.dtype(extractor.get_dtype())
    if source.kind == "u" and source.itemsize == 2:
        offsets = offsets + 32_768 * gains
    return tuple(Scale(gain, offset, "uV") for gain, offset in zip(gains.tolist(), offsets.tolist(), strict=True))


def _runs(recording: ExtractorRecording) -> tuple[Run, ...]:
    runs: list[Run] = []
    stop_ms = -np.inf
    for k, file in enumerate(recording.files):
        start_ms = START_MS + 1000 * float(recording.extractor.get_start_time(segment_index=k))
        if start_ms < stop_ms:
            start_ms = stop_ms + GAP_MS
        stop_ms = start_ms + 1000 * file.n_frames / recording.sample_rate
        runs.append(Run(file.start, file.stop, start_ms))
    return tuple(runs)


def _description(
    recording: ExtractorRecording, stream: StreamOutput, names: tuple[str, ...], places: npt.NDArray[np.float64]
) -> dict[str, Any]:
    return {
        "sampling_rate": recording.sample_rate,
        "gain": [scale.gain for scale in stream.scales],
        "offset": [scale.offset for scale in stream.scales],
        "units": "uV",
        "channels": {"ids": list(stream.ids), "names": list(names)},
        "segments": [{"t_start_ms": run.t_start_ms, "n_samples": run.stop - run.start} for run in stream.runs],
        "locations": places[:, :3].tolist(),
    }


def _units(recording: ExtractorRecording, sorting: ExtractorSorting, stream: StreamOutput) -> dict[int, UnitOutput]:
    """Return every unit of the sorting as it is to be written, by label."""
    kept = _own_names(sorting.unit_ids)
    rows = {k: row for row, k in enumerate(stream.numbers or ())}
    used: dict[int, int] = {}
    units = {}
    for label, times in sorting.trains.items():
        name = kept.get(label)
        if name is None or name.channel not in rows:
            row = _largest(recording, times, stream.scales)
        else:
            row = rows[name.channel]
        if name is None:
            channel = (stream.numbers or [])[row]
            used[channel] = used.get(channel, 0) + 1
            name = UnitName(channel, "SU", used[channel])
        units[label] = UnitOutput(name, times, row)
    return units


def _own_names(unit_ids: dict[int, Any]) -> dict[int, UnitName]:
    """Return the units' names by label, if each has one of a session's form, and one of its own."""
    names = {label: parse_unit_file(f"{unit_id}.npy") for label, unit_id in unit_ids.items()}
    known = {label: name for label, name in names.items() if name is not None}
    return known if len(set(known.values())) == len(unit_ids) else {}


def _largest(recording: ExtractorRecording, times: npt.NDArray[np.int64], scales: Sequence[Scale]) -> int:
    """Return the row on which a unit's mean has the largest peak-to-peak; 0 for a unit without spikes."""
    if not len(times):
        return 0
    some = times[:: -(-len(times) // LOOKED_AT)]
    step = max(1, (1 << 20) // (N_SAMPLES * recording.n_channels))
    total = np.zeros((N_SAMPLES, recording.n_channels))
    for begin in range(0, len(some), step):
        total += unit_windows(recording, some[begin : begin + step], range(recording.n_channels)).sum(
            axis=0, dtype=np.int64
        )
    return int(np.argmax(np.ptp(total, axis=0) * [scale.gain for scale in scales]))


def _contents(folder: Path, stream: StreamOutput, names: dict[int, str]) -> dict[str, Any]:
    """Return the session's clock, and the names of its channels."""
    date, time = layout.clock_name(stream.runs[0].t_start_ms).split("_")
    match, patient = _FOLDER.fullmatch(folder.name), folder.parent.name
    info = {
        "patient_id": int(patient) if patient.isdecimal() else 1,
        "session_nr": int(match[1]) if match else 1,
        "date": date,
        "time": time,
    }
    lines = (f"{names.get(k, f'CSC{k}')}.ncs\n" for k in range(1, max(names) + 1))
    return {layout.SESSION_INFO: dict_file(info), layout.CHANNEL_NAMES: ["".join(lines).encode("utf-8")]}
