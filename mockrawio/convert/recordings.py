"""A SpikeInterface recording as a signal stream; only its methods are used, and nothing is imported."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ground.arrays import Array, Floats
from ..ground.errors import MockSessionError
from ..ground.shown import warn
from ..session import keys
from ..session.probe import ContactMap
from ..session.probe_form import plain_form
from .counts import Piece, Source
from .names import ChannelNames, stream_file_name, usable
from .session_content import Stream, plain
from .spans import GAP_MS, Span, lay_out

_TIME_BLOCK = 1 << 20  # time stamps checked at a time


def check_methods(what: str, given: Any, methods: tuple[str, ...]) -> None:
    """Refuse an object that lacks the methods of a recording or a sorting, or has no segment."""
    if not all(callable(getattr(given, method, None)) for method in (*methods, "get_num_segments")):
        remedy = "Give an object, as spikeinterface.load or an extractor returns it."
        raise MockSessionError(what, f"a SpikeInterface {what}", type(given).__name__, remedy)
    if not given.get_num_segments():
        raise MockSessionError(what, "at least one segment", "none", "Give one with data.")


def recording_stream(recording: Any, name: str, start_ms: float, channels: ChannelNames) -> Stream:
    """Return a recording as a stream, nothing read but its metadata and times.

    `start_ms` is its 0 s, ms since the Unix epoch; `channels` names its channels.
    """
    if not isinstance(name, str) or name != stream_file_name(name, ()):
        expected = "letters, digits, '_', '.' and '-', at most 58"
        raise MockSessionError("stream_name", expected, f"{name!r}", "Give another.")
    source = _source(recording)
    sizes = [piece.n_samples for piece in source.pieces]
    if not source.channels or min(sizes) < 1:
        found = f"{len(source.channels)} channels and segments of {sizes} samples"
        raise MockSessionError("recording", "samples in every segment", found, "Leave out what is empty.")
    names = _names(recording, source.channels)
    ids = channels.add("recording", source.channels, names)
    _check_times(recording, sizes, source.rate)
    starts = segment_starts("recording", recording, sizes, source.rate, start_ms)
    return Stream(name, ids, names, "uV", source, starts, {**_places(recording), **_shifts(recording)})


def _places(recording: Any) -> dict[str, object]:
    """Return what the description of a recording's stream says of where its channels are."""
    contacts = recording_contacts(recording)
    if contacts is not None:
        return contacts.description()
    locations = channel_locations(recording)
    return {} if locations is None else {keys.LOCATIONS: locations.tolist()}


def _shifts(recording: Any) -> dict[str, object]:
    """Return what the description says of when in a sample each channel is sampled, if the recording knows."""
    found = recording.get_property(keys.SHIFTS)
    shifts = np.empty(0) if found is None else np.asarray(found)
    known = shifts.dtype.kind in "iuf" and len(shifts) and bool(((shifts >= 0) & (shifts < 1)).all())
    return {keys.SHIFTS: shifts.astype(np.float64).tolist()} if known else {}


def _source(recording: Any) -> Source:
    dtype = np.dtype(recording.get_dtype())
    ids = tuple(str(i) for i in np.asarray(recording.channel_ids).tolist())
    rate = float(recording.sampling_frequency)
    if not 0 < rate < math.inf:
        raise MockSessionError("recording", "a sampling frequency above 0", rate, "Set another.")
    return Source("recording", ids, dtype, *_scale(recording, dtype, len(ids)), rate, _pieces(recording))


def _pieces(recording: Any) -> tuple[Piece, ...]:
    def piece(index: int) -> Piece:
        def read(start: int, stop: int) -> Array:
            traces: Array = recording.get_traces(segment_index=index, start_frame=start, end_frame=stop)
            return traces

        return Piece(int(recording.get_num_samples(segment_index=index)), read)

    return tuple(piece(index) for index in range(recording.get_num_segments()))


def _scale(recording: Any, dtype: np.dtype[Any], count: int) -> tuple[Array, Array]:
    """Return gains and offsets to µV."""
    gains, offsets = recording.get_property("gain_to_uV"), recording.get_property("offset_to_uV")
    if gains is None:
        if dtype.kind != "f":  # floats without a gain are µV to SpikeInterface too
            text = "recording: has no gain_to_uV; a count is taken as 1 uV. recording.set_channel_gains(...) sets it"
            warn(text, stacklevel=6)
        return np.ones(count), np.zeros(count)
    offsets = np.zeros(count) if offsets is None else offsets
    return np.asarray(gains, dtype=np.float64), np.asarray(offsets, dtype=np.float64)


def _names(recording: Any, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the channels' names: the property of that kind if it is usable, else their ids."""
    for key in ("channel_name", "channel_names"):
        values = recording.get_property(key)
        if values is not None:
            names = tuple(str(value) for value in np.asarray(values).tolist())
            if usable(names):
                return names
    return ids


def recording_contacts(recording: Any) -> ContactMap | None:
    """Return the contacts of a recording's channels, None if it has no probes.

    Contact k of ``get_probegroup()`` is channel k, whatever it was wired to. Annotations that JSON cannot hold are left
    out, which a warning says.
    """
    has = getattr(recording, "has_probe", None)
    if not callable(has) or not has():
        return None
    group = recording.get_probegroup().to_dict()
    probes = [
        {key: value for key, value in probe.items() if key != "device_channel_indices"} for probe in group["probes"]
    ]
    for probe in probes:
        probe.update({key: _noted(probe.get(key, {}), key) for key in ("annotations", "contact_annotations")})
    try:
        return ContactMap.from_dict({**group, "probes": probes})
    except MockSessionError as error:
        remedy = "Replace it with set_probegroup(), or remove it with remove_probe()."
        raise MockSessionError(f"recording: {error.subject}", error.expected, error.found, remedy) from None


def _noted(values: Any, what: str) -> dict[str, Any]:
    """Return the annotations that JSON can hold."""
    kept, lost = {}, []
    for name, value in values.items():
        try:
            kept[name] = plain_form(value)
        except MockSessionError:
            lost.append(str(name))
    if lost:
        warn(f"recording: {what} of its probe that JSON cannot hold are left out: {', '.join(lost)}", stacklevel=6)
    return kept


def channel_locations(recording: Any) -> Floats | None:
    """Return where the channels are, (n, 2 or 3) in µm, or None if that is not known."""
    contacts = recording_contacts(recording)
    if contacts is not None:
        return contacts.positions
    has = getattr(recording, "has_channel_location", None)
    if not callable(has) or not has():
        return None
    locations = np.asarray(recording.get_channel_locations(), dtype=np.float64)
    return locations if np.isfinite(locations).all() else None


def _check_times(recording: Any, sizes: list[int], rate: float) -> None:
    """Refuse a vector of times that is not regular: a session holds a start and a rate for each segment."""
    for index, size in enumerate(sizes):
        if not recording.has_time_vector(segment_index=index):
            continue
        origin = float(recording.get_times(segment_index=index, start_frame=0, end_frame=1)[0])
        for first in range(0, size, _TIME_BLOCK):
            stop = min(first + _TIME_BLOCK, size)
            times = recording.get_times(segment_index=index, start_frame=first, end_frame=stop)
            off = np.abs(times - origin - np.arange(first, stop) / rate)
            if not off.max() <= 0.5 / rate:
                frame = first + int(np.flatnonzero(~(off <= 0.5 / rate))[0])
                raise MockSessionError(
                    "recording",
                    f"times {1 / rate:g} s apart",
                    f"frame {frame} of segment {index} more than half a sample off",
                    "Where time is missing there, cut the recording with frame_slice(), join the parts with "
                    "spikeinterface.append_recordings(), and set_times() of each; otherwise call reset_times() first.",
                )


def segment_starts(what: str, timed: Any, sizes: list[int], rate: float, start_ms: float) -> list[float]:
    """Return when each segment begins, ms since the Unix epoch, as `start_ms` is, which is 0 s.

    `timed` is a recording or a sorting: it has ``get_start_time()``. `sizes` are samples, the rate is in Hz.
    """
    own = [start_ms + float(timed.get_start_time(segment_index=k)) * 1000 for k in range(len(sizes))]
    spans = [Span(t, t + n * 1000 / rate, t, t) for t, n in zip(own, sizes, strict=True)]  # nothing but samples in it
    shifts = lay_out(spans, 500 / rate)
    if any(shifts) and any(t != start_ms for t in own[1:]):
        warn(
            f"{what}: its segments overlap in time, or are not in order; each is placed {GAP_MS / 1000:g} s after the "
            "previous one",
            stacklevel=5,
        )
    return [t + shift for t, shift in zip(own, shifts, strict=True)]


def described(what: Any) -> dict[str, object]:
    """Return what the manifest says of a recording or a sorting."""
    annotations = {key: what.get_annotation(key) for key in what.get_annotation_keys()}
    return {"class": type(what).__name__, "annotations": plain(annotations)}
