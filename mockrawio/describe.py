"""A short description of a session: what it holds, as plain values and as text.

It comes from the open session and not from the reader, so that it needs no Neo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from os import PathLike
from typing import Any

from .ground.places import FolderLike, folder_at, folder_beside
from .ground.shown import visible
from .rawio.annotate import of_session
from .rawio.arguments import gap_tolerance
from .rawio.events import EventChannel
from .rawio.open_session import OpenSession
from .rawio.signals import SignalStream
from .rawio.spikes import Unit, seconds
from .session.layout import refuse_foreign

__all__ = ["describe_session", "description_lines", "summary_line"]

_MOST = 4  # segments in a line


def describe_session(
    folder: FolderLike,
    labels_dir: str | PathLike[str] | None = None,
    *,
    follow_symlinks: bool = False,
    exclude: str | Iterable[str] = (),
    gap_tolerance_ms: float | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a session folder as JSON-serialisable values.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address.
    labels_dir : str or PathLike, optional
        The folder of its movie annotations, each of which is an event channel.
    follow_symlinks : bool
        Follow links that lead out of the session folder.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.
    storage_options : mapping, optional
        Of an address.

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
        If the folder is not a session, or a file in it is invalid.
    """
    place = folder_at(folder, follow_symlinks=follow_symlinks, exclude=exclude, storage_options=storage_options)
    refuse_foreign(place)
    labels = folder_beside(place, labels_dir)
    tolerance_ms = gap_tolerance("gap_tolerance_ms", gap_tolerance_ms)
    session = OpenSession(place, labels, None, strict=False, gap_tolerance_ms=tolerance_ms)
    try:
        return {"folder": str(place), **_described(session)}
    finally:
        session.release()


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


def _described(session: OpenSession) -> dict[str, Any]:
    made_by = session.manifest()
    spans = ((_seconds(session, low), _seconds(session, high)) for low, high in session.bounds_ms)
    return {
        "manifest": made_by is not None,
        "encoding": _encoding(session),
        "seed": _seed(made_by),
        "time_origin_ms": session.origin_ms,
        "annotations": _annotations(session),
        "segments": [{"t_start": start, "t_stop": stop} for start, stop in spans],
        "streams": [_stream(session, stream) for stream in session.streams],
        "units": [_unit(unit) for unit in session.units.units],
        "event_channels": [_events(session, channel) for channel in session.events],
    }


def _seed(made_by: dict[str, Any] | None) -> int | None:
    """Return the seed of the manifest, its own or its spec's, if it is one."""
    if made_by is None:
        return None
    spec = made_by.get("spec")
    seed = made_by.get("seed", spec.get("seed") if isinstance(spec, dict) else None)
    return seed if type(seed) is int else None


def _seconds(session: OpenSession, stamp_ms: float) -> float:
    return float(seconds(stamp_ms, session.origin_ms))


def _annotations(session: OpenSession) -> dict[str, Any]:
    """Return what is noted about the whole session, as far as it is JSON-serialisable."""
    noted = of_session(session)
    del noted["time_origin_ms"]  # said in a place of its own
    kept = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in noted.items()}
    return {key: value for key, value in kept.items() if isinstance(value, (str, int, float))}


def _encoding(session: OpenSession) -> str | None:
    """Return the dtype of the LFP, else of the first unit's waveforms, else of any stream (int16)."""
    dtypes = [stream.dtype.name for stream in session.streams if stream.id.startswith("lfp")]
    if not dtypes and session.units.units:
        unit = session.units[0]
        waveforms = unit.waveforms(unit.segment(0))
        dtypes = [] if waveforms is None else [waveforms.dtype.name]
    return next(iter([*dtypes, *(stream.dtype.name for stream in session.streams)]), None)


def _stream(session: OpenSession, stream: SignalStream) -> dict[str, Any]:
    return {
        "id": stream.id,
        "name": stream.id,
        "sampling_rate": float(stream.sampling_rate),
        "dtype": stream.dtype.name,
        "units": stream.channels[0].scale.units,
        "samples": [int(size) for size in stream.sizes],
        "t_start": [_seconds(session, run.t_start_ms) for run in stream.runs],
        "channels": [{"id": channel.id, "name": channel.name} for channel in stream.channels],
    }


def _unit(unit: Unit) -> dict[str, Any]:
    return {"id": unit.name.id, "spikes": sum(unit.counts)}


def _events(session: OpenSession, channel: EventChannel) -> dict[str, Any]:
    tables = (channel.segment(index, session.boundaries_ms) for index in range(session.n_segments))
    return {"name": channel.id, "type": channel.type.decode(), "count": sum(int(table.start.size) for table in tables)}
