"""Write SpikeInterface recordings and sortings as a session folder.

What :func:`write_session` does:

- Samples: integers that int16 holds keep their counts, gains and offsets; uint16 is shifted by -32768, and its offset
  accordingly; anything else is quantised with one gain per channel. Memory does not grow with the length of the
  recording.
- The recording's probes, their contacts, shanks, shapes and annotations, are stored in the stream's description, and
  returned by ``get_probegroup()``.
- Channels whose ids are all `CSC{k}` keep them; others become CSC1, CSC2, … in order, named by the
  property `channel_name`, or by their ids.
- Segments start at ``get_start_time()``, counted from `start`; if they overlap, each starts 1 s after the end of the
  previous one. Those of a sorting without a recording are read as one, since a session's segments are those of its
  signals. The manifest lists where each starts.
- A unit is assigned to the channel that its properties `channel_id`, `main_channel_id`, `max_channel_id` or
  `max_channel` name, else the nearest one to its `gt_unit_locations`, else the one with the largest mean waveform (of
  up to 200 spikes); without a recording and such properties on CSC1. It is MU if `unit_type`, `quality`, `KSLabel` or
  `group` say so ("mua"), else SU. The manifest has its id and its `gt_unit_locations`; sortings of the session have
  them as `source_id` and `gt_unit_location`.
- Waveforms are the recording's counts on that channel, 20 samples before the spike and 44 from it
  on, 0 beyond the ends of a segment. Without a recording there are none.
"""

from __future__ import annotations

import math
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from ..ground.errors import MockSessionError
from ..ground.shown import warn
from ..session import keys
from ..session.own import refuse_own
from .names import ChannelNames, patient_and_session
from .recordings import check_methods, described, recording_stream, segment_starts
from .session_content import Content, Stream, write_content
from .sortings import SortedSpikes, lone_units, unit_frames, units_of_recording
from .spans import start_of

__all__ = ["check_extractors", "extractor_content", "write_session"]

_RECORDING = ("get_traces", "get_num_samples", "get_property", "get_start_time")
_SORTING = ("get_unit_spike_train", "get_property", "get_start_time")


def write_session(
    *,
    recording: Any = None,
    sorting: Any = None,
    folder: str | PathLike[str],
    stream_name: str = "broadband",
    start: datetime | float | None = None,
    patient_id: int | None = None,
    session_nr: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write a SpikeInterface recording, a sorting, or both as a session folder.

    Parameters
    ----------
    recording : spikeinterface BaseRecording, optional
        Becomes an int16 stream: with the same counts if it is int16, else within half a gain.
    sorting : spikeinterface BaseSorting, optional
        Of the same rate and segments. Becomes units, each spike at its exact frame.
    folder : str or PathLike
        The session folder itself, whatever its name.
    stream_name : str
    start : datetime or float, optional
        Time of 0 s, a datetime (UTC if it has no time zone) or ms since the Unix epoch. Default: the annotation
        `time_origin_ms` of the recording or the sorting, else 2000-01-01 00:00:00 UTC.
    patient_id, session_nr : int, optional
        Default: those of the folder's name, ``patient_data/{patient_id}/session_{session_nr}``, else 1.
    overwrite : bool
        Whether an existing session may be replaced.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    Path
        The session folder, absolute.

    Raises
    ------
    SessionExistsError
        If the target exists and `overwrite` is false.
    MockSessionError
        If an argument is invalid, the two do not belong together or are read from `folder`, a gain is 0, a sample NaN
        or infinite, or times irregular. Nothing is left at the folder then.

    Warns
    -----
    UserWarning
        If integers have no gain, segments are moved, or a sorting alone has several.
    """
    if recording is None and sorting is None:
        raise MockSessionError("write_session", "recording= or sorting=", "neither", "Give at least one.")
    if sorting is None:
        check_methods("recording", recording, _RECORDING)
    elif recording is None:
        check_methods("sorting", sorting, _SORTING)
    else:
        check_extractors(recording, sorting)
    target = Path(folder)
    numbers = patient_and_session(target.absolute(), patient_id, session_nr)
    refuse_own(target, recording, sorting)
    content = extractor_content(recording, sorting, stream_name, start, numbers)
    return write_content(content, target, overwrite, progress)


def extractor_content(
    recording: Any, sorting: Any, stream_name: str, start: datetime | float | None, numbers: tuple[int, int]
) -> Content:
    """Return the session's content from both; only metadata and spikes are read."""
    channels, start_ms = ChannelNames(), start_of(start, recording, sorting)
    streams = [] if recording is None else [recording_stream(recording, stream_name, start_ms, channels)]
    starts = streams[0].starts_ms if streams else _lone_starts(sorting, start_ms)
    units = _units(recording, sorting, streams, starts, channels)
    made_from: dict[str, object] = {"kind": "spikeinterface"}
    made_from |= {k: described(v) for k, v in (("recording", recording), ("sorting", sorting)) if v is not None}
    made_from |= {"segments_t_start_ms": starts, "channels": channels.origins}
    if sorting is not None and (places := SortedSpikes(sorting, starts).places()):
        made_from[keys.UNIT_LOCATIONS] = places
    return Content(starts[0], *numbers, streams, units, made_from, channels.lines())


def check_extractors(recording: Any, sorting: Any) -> None:
    """Refuse anything but a recording and a sorting that belong together."""
    check_methods("recording", recording, _RECORDING)
    check_methods("sorting", sorting, _SORTING)
    rates = float(recording.sampling_frequency), float(sorting.sampling_frequency)
    if not math.isclose(*rates, rel_tol=1e-6):
        expected = f"the recording's sampling frequency, {rates[0]} Hz"
        raise MockSessionError("sorting", expected, f"{rates[1]} Hz", "Give the recording that was sorted.")
    counts = recording.get_num_segments(), sorting.get_num_segments()
    if counts[0] != counts[1]:
        expected = f"the recording's {counts[0]} segments"
        raise MockSessionError("sorting", expected, counts[1], "Give the recording that was sorted.")


def _lone_starts(sorting: Any, start_ms: float) -> list[float]:
    """Return when the segments of a sorting without a recording begin."""
    segments = range(sorting.get_num_segments())
    if len(segments) > 1:
        warn(
            f"sorting: its {len(segments)} segments will be read as one, since a session's segments are those of its "
            "signals; the manifest says where they begin. Give the recording too to keep them",
            stacklevel=4,
        )
    sizes = [1] * len(segments)
    for unit_id in sorting.unit_ids:
        for index, frames in enumerate(unit_frames(sorting, unit_id, None)):
            sizes[index] = max(sizes[index], int(frames.max(initial=0)) + 1)
    return segment_starts("sorting", sorting, sizes, float(sorting.sampling_frequency), start_ms)


def _units(recording: Any, sorting: Any, streams: list[Stream], starts: list[float], channels: ChannelNames) -> Any:
    if sorting is None:
        return lambda folder: ()
    spikes = SortedSpikes(sorting, starts)
    if recording is None:
        return lone_units(spikes, channels)
    sizes = streams[0].sizes
    for unit_id in sorting.unit_ids:
        unit_frames(sorting, unit_id, sizes)  # before the hours that a long recording may take
    return units_of_recording(spikes, streams[0])
