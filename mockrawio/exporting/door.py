"""Any recording written as the files of a rig: :func:`export`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from neo.rawio.baserawio import BaseRawIO

from ..formats.recorded import Recorded, RecordedSignals
from ..formats.rig import RigFolder, RigFormat
from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.folder import Folder
from ..ground.progress import Tick, progress_bar
from ..ground.shown import Argument, warn
from ..rawio import MockSessionRawIO
from ..session.own import refuse_own
from .exported import Exported
from .extractors import of_recording
from .options import requested_format
from .readers import of_reader


def export(
    source: Any,
    folder: str | PathLike[str],
    format: str,
    *,
    sorting: Any = None,
    streams: Sequence[str] | None = None,
    fault: str | None = None,
    overwrite: bool = False,
    progress: bool = False,
    **options: Any,
) -> Exported:
    """Export a recording to another format.

    Counts are not changed. Data that the format cannot store are omitted, and listed in :attr:`Exported.left_out`.

    Parameters
    ----------
    source : str, PathLike, neo.rawio.baserawio.BaseRawIO or spikeinterface.BaseRecording
        A session folder, virtual or not; a Neo reader; or a recording.
    folder : str or PathLike
        Where to: a folder that is made, completely or not at all. The same source gives the same bytes.
    format : str
        A name that ``mockrawio formats`` lists, such as "spikeglx".
    sorting : spikeinterface.BaseSorting, optional
        The units of a recording.
    streams : sequence of str, optional
        Ids or names of the signal streams to write; all that the format holds by default.
    fault : str, optional
        Plant a fault, by a name that ``mockrawio formats --faults`` lists.
    overwrite : bool
        Replace what stands at `folder`.
    progress : bool
        Show a progress bar on stderr.
    **options
        Of the format, by name; ``mockrawio formats`` lists them.

    Returns
    -------
    Exported

    Raises
    ------
    SessionExistsError
        If `folder` exists and `overwrite` is false.
    MockSessionError
        If there is no such format, stream, fault or option, or nothing that the format holds.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as other:
    ...     exported = export(folder, f"{other}/rig", "brainvision")
    ...     exported.open().header["nb_segment"]
    [1]
    """
    entry = requested_format(format, fault, options)
    target = Path(folder).absolute()
    refuse_own(target, source, sorting)
    with _opened(source, sorting) as opened, progress_bar(progress, format, None, unit=" samples") as tick:
        recorded = _recorded(opened, sorting, streams, tick)
        exported = write_rig(recorded, target, entry, fault=fault, overwrite=overwrite, tick=tick, **options)
    _warn_of_fastest(recorded, exported, entry)
    return exported


def _warn_of_fastest(recorded: Recorded, exported: Exported, entry: RigFormat) -> None:
    """Warn if the stream of the highest rate, in which spikes stand, is not in the files."""
    fastest = max(recorded.signals, key=lambda one: one.rate, default=None)
    begin = f"stream {fastest.id}: " if fastest else ""
    why = next((line.removeprefix(begin) for line in exported.left_out if begin and line.startswith(begin)), None)
    if why:
        warn(f"{exported.folder}: {entry.title} files without the fastest stream, {begin}{why}", stacklevel=3)


def write_rig(
    recorded: Recorded,
    target: Path,
    entry: RigFormat,
    *,
    fault: str | None = None,
    overwrite: bool = False,
    tick: Tick = lambda size: None,
    **options: Any,
) -> Exported:
    """Write a recording in a format, as :func:`export` does; `tick` is called with the samples that are written."""
    with RigFolder(target, overwrite=overwrite, tick=tick) as out:
        parts = entry.write(_held(recorded, entry, out), out, **options)
        broken = entry.fault(fault) if fault is not None else None
        if broken is not None:
            broken.apply(out.staging)
        files = out.names()
    return Exported(target, entry.name, files, entry.neo, tuple(parts), tuple(out.left_out), fault)


def _opened(source: Any, sorting: Any) -> AbstractContextManager[Any]:
    if isinstance(source, (str, PathLike, Folder)):
        _refuse("sorting", sorting, "a session folder, which has its own units")
        return MockSessionRawIO(source)
    return nullcontext(source)


def _recorded(source: Any, sorting: Any, streams: Sequence[str] | None, tick: Tick) -> Recorded:
    if isinstance(source, BaseRawIO):
        _refuse("sorting", sorting, "a reader, which has its own units")
        return of_reader(source, streams, tick)
    _refuse("streams", streams, "a recording, which is one stream")
    return of_recording(source, sorting, tick)


def _refuse(name: str, given: Any, beside: str) -> None:
    require(given is None, Argument(name), f"None beside {beside}", type(given).__name__, "Leave it out.")


def _held(recorded: Recorded, entry: RigFormat, out: RigFolder) -> Recorded:
    """Return what a format can hold of a recording as a whole; the rest is noted."""
    holds, title = entry.holds, entry.title
    streams = _streams(recorded, entry, out)
    kept = Recorded(
        recorded.start,
        recorded.segments,
        streams,
        recorded.units if holds.units else (),
        recorded.events if holds.events else (),
        recorded.title,
        recorded.about,
    )
    if not (kept.signals or kept.units or kept.events):
        remedy = "Give a recording that has some, or another format."
        raise MockSessionError("source", f"signals, spikes or events that {title} holds", "none", remedy)
    n = len(recorded.segments)
    notes = (
        (not holds.units and recorded.units, "units", f"{title} cannot store spikes"),
        (holds.units and not holds.waveforms and any(u.waveforms for u in recorded.units), "waveforms", "no place"),
        (not holds.events and recorded.events, "events", f"{title} cannot store them"),
        (holds.events and not holds.labels and recorded.events, "labels of events", "it has numbers or lines"),
        (
            holds.events and not holds.durations and any(one.is_epoch for one in recorded.events),
            "durations of epochs",
            "not supported: each is an event at its start",
        ),
        (not holds.segments and n > 1, "segments", "one recording holds one: each is a part of its own"),
        (not holds.t_start and any(one.t_starts[0] for one in streams), "t_start", "recordings begin at 0 s"),
        (not holds.offsets and _has_offsets(kept), "offsets", "samples are gain times count"),
        (not holds.names and streams, "channel names", "channels have names of its own"),
        (not holds.probe and any(one.positions is not None for one in streams), "probe", "no place"),
        (not holds.date, "date", "no place"),
    )
    for there, what, why in notes:
        if there:
            out.leave(what, why)
    return kept


def _has_offsets(recorded: Recorded) -> bool:
    """Return whether samples, or those of waveforms, are more than gain times count."""
    return any(one.offsets.any() for one in recorded.signals) or any(u.waveforms and u.offset for u in recorded.units)


def _streams(recorded: Recorded, entry: RigFormat, out: RigFolder) -> tuple[RecordedSignals, ...]:
    """Return the streams that a format holds, those of the highest rates if not all; in their own order."""
    order = sorted(range(len(recorded.signals)), key=lambda k: -recorded.signals[k].rate)
    fastest = recorded.signals[order[0]].rate if order else 0.0
    if entry.holds.one_rate:
        order = [k for k in order if np.isclose(recorded.signals[k].rate, fastest, rtol=1e-9)]
    kept = set(order[: entry.holds.most_streams])
    for k, stream in enumerate(recorded.signals):
        if k not in kept:
            out.leave(f"stream {stream.id}", f"{entry.title} holds {entry.holds.streams}")
    return tuple(stream for k, stream in enumerate(recorded.signals) if k in kept)
