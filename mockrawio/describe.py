"""A short description of a session: what it holds, as plain values and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from .ground.shown import visible
from .rawio.reader import MockSessionRawIO

__all__ = ["describe_session", "description_lines", "summary_line"]

_MOST = 4  # segments in a line


def describe_session(
    folder: str | PathLike[str],
    labels_dir: str | PathLike[str] | None = None,
    *,
    follow_symlinks: bool = False,
    exclude: str | Iterable[str] = (),
    gap_tolerance_ms: float | None = None,
) -> dict[str, Any]:
    """Describe a session folder in values that JSON can hold.

    Parameters
    ----------
    folder : str or PathLike
        The session folder.
    labels_dir : str or PathLike, optional
        The folder of its movie annotations, each of which is an event channel.
    follow_symlinks : bool
        Follow links that lead out of the session folder.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.

    Returns
    -------
    dict
        ``folder``; ``manifest`` (whether there is one); ``encoding`` ("int16", "float64" or
        another dtype of the arrays; None if there are none) and ``seed`` (None unless the
        manifest has one); ``time_origin_ms`` (ms since the Unix epoch at 0 s);
        ``annotations``; and the lists ``segments`` (s), ``streams``, ``units`` and
        ``event_channels``.

    Raises
    ------
    MockSessionError
        If the folder is not a session, or a file in it is not as it must be.
    """
    root = Path(folder).absolute()
    how: dict[str, Any] = {"follow_symlinks": follow_symlinks, "exclude": exclude, "gap_tolerance_ms": gap_tolerance_ms}
    with MockSessionRawIO(root, labels_dir=labels_dir, raw_dtype="source", **how) as reader:
        made_by = reader.manifest()
        streams = [_stream(reader, index) for index in range(len(reader.header["signal_streams"]))]
        return {
            "folder": str(root),
            "manifest": made_by is not None,
            "encoding": _encoding(reader, streams),
            "seed": _seed(made_by),
            "time_origin_ms": reader.time_origin_ms,
            "annotations": _annotations(reader),
            "segments": [
                {"t_start": float(reader.segment_t_start(0, k)), "t_stop": float(reader.segment_t_stop(0, k))}
                for k in _segments(reader)
            ],
            "streams": streams,
            "units": [_unit(reader, index) for index in range(len(reader.header["spike_channels"]))],
            "event_channels": [_events(reader, index) for index in range(len(reader.header["event_channels"]))],
        }


def description_lines(session: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that show a description from :func:`describe_session`."""
    return map(visible, _lines(session))


def summary_line(session: dict[str, Any]) -> str:
    """Return one line that tells a description from :func:`describe_session` from others."""
    lengths = ", ".join(f"{one['t_stop'] - one['t_start']:.3f}" for one in session["segments"][:_MOST])
    more = ", ..." if len(session["segments"]) > _MOST else ""
    streams = ", ".join(f"{one['name']} of {len(one['channels'])} channels" for one in session["streams"])
    return visible(f"{session['folder']}: {lengths}{more} s; {streams or 'no signals'}; {len(session['units'])} units")


def _lines(session: dict[str, Any]) -> Iterator[str]:
    yield session["folder"]
    for key, value in session["annotations"].items():
        yield f"  {key}: {value}"
    yield f"  encoding: {session['encoding']}"
    seed = "" if session["seed"] is None else f", seed {session['seed']}"
    yield f"  manifest: {'yes' + seed if session['manifest'] else 'no'}"
    yield f"segments: {len(session['segments'])}"
    for segment in session["segments"]:
        yield f"  {segment['t_start']:.3f} to {segment['t_stop']:.3f} s"
    yield f"signal streams: {len(session['streams'])}"
    for stream in session["streams"]:
        yield (
            f"  {stream['name']}: {len(stream['channels'])} channels at {stream['sampling_rate']:g} Hz, "
            f"{stream['dtype']}, samples {stream['samples']}"
        )
    yield f"units: {len(session['units'])}"
    for unit in session["units"]:
        yield f"  {unit['id']}: {unit['spikes']} spikes"
    yield f"event channels: {len(session['event_channels'])}"
    for channel in session["event_channels"]:
        yield f"  {channel['name']} ({channel['type']}): {channel['count']}"


def _seed(made_by: dict[str, Any] | None) -> int | None:
    """Return the seed of the manifest, its own or its spec's, if it is one."""
    if made_by is None:
        return None
    spec = made_by.get("spec")
    seed = made_by.get("seed", spec.get("seed") if isinstance(spec, dict) else None)
    return seed if type(seed) is int else None


def _annotations(reader: MockSessionRawIO) -> dict[str, Any]:
    """Return what the reader notes about the whole session, as far as JSON can hold it."""
    noted = reader.raw_annotations["blocks"][0]
    kept = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in noted.items()}
    said = {"file_origin", "time_origin_ms"}  # in a place of its own
    return {key: value for key, value in kept.items() if key not in said and isinstance(value, (str, int, float))}


def _encoding(reader: MockSessionRawIO, streams: list[dict[str, Any]]) -> str | None:
    """Return the dtype of the LFP, else of the first unit's waveforms, else of any stream (int16)."""
    dtypes = [str(stream["dtype"]) for stream in streams if stream["name"].startswith("lfp")]
    if not dtypes and len(reader.header["spike_channels"]):
        waveforms = reader.get_spike_raw_waveforms(0, 0, 0)
        dtypes = [] if waveforms is None else [str(waveforms.dtype)]
    return next(iter([*dtypes, *(str(stream["dtype"]) for stream in streams)]), None)


def _segments(reader: MockSessionRawIO) -> range:
    return range(reader.segment_count(0))


def _stream(reader: MockSessionRawIO, index: int) -> dict[str, Any]:
    stream = reader.header["signal_streams"][index]
    channels = reader.header["signal_channels"]
    channels = channels[channels["stream_id"] == stream["id"]]
    return {
        "id": str(stream["id"]),
        "name": str(stream["name"]),
        "sampling_rate": float(channels["sampling_rate"][0]),
        "dtype": str(channels["dtype"][0]),
        "units": str(channels["units"][0]),
        "samples": [int(reader.get_signal_size(0, segment, index)) for segment in _segments(reader)],
        "t_start": [float(reader.get_signal_t_start(0, segment, index)) for segment in _segments(reader)],
        "channels": [{"id": str(channel["id"]), "name": str(channel["name"])} for channel in channels],
    }


def _unit(reader: MockSessionRawIO, index: int) -> dict[str, Any]:
    spikes = sum(int(reader.spike_count(0, segment, index)) for segment in _segments(reader))
    return {"id": str(reader.header["spike_channels"][index]["id"]), "spikes": spikes}


def _events(reader: MockSessionRawIO, index: int) -> dict[str, Any]:
    channel = reader.header["event_channels"][index]
    count = sum(int(reader.event_count(0, segment, index)) for segment in _segments(reader))
    return {"name": str(channel["name"]), "type": channel["type"].decode(), "count": count}
