"""Write a Neo Block as a session folder.

What :func:`write_session_from_block` does:

- Signals of one name, or else of one rate, units and channels, in every segment are one stream of ``raw_data``, int16.
  Voltages are in uV, other quantities in their own units. Counts of a lazy signal are kept, and so are integers that
  fit int16; anything else is quantised with one gain per channel, so that nothing is clipped.
- Spike trains are matched across segments by name, by the annotation `unit_id` or `id`, else by position. Waveforms of
  any length are kept, quantised for each unit as for a channel; of several channels the first, with a warning.
- One event channel whose labels are numbers becomes ``Events.npy``; "DAQ", "movie_frames" and
  "movie_pauses" of a session's own block become its logs again.
- Segments that overlap in time (where every segment's clock begins at 0, for example) are placed one after another, 1 s
  apart, with a warning.
- Streams of a session's own block that are LFP become files of ``lfp_data`` again, if their stamps are
  whole ms; names of channels without a signal, and where channels are, are kept.
- Not kept: the groups that Neo's readers make of a stream or a unit; annotations (the manifest has
  those of the block that JSON can hold); descriptions; `t_start` and `t_stop` of spike trains; of sessions what
  ``docs/convert.rst`` lists.

Everything else is listed in one error, or omitted with a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path

from neo.core import Block

from ..ground.errors import MockSessionError
from ..session.content import csc_number
from ..session.own import refuse_own
from .leftovers import Leftovers, label_of
from .names import ChannelNames, patient_and_session
from .neo_events import DAQ, FRAMES, PAUSES, Marks, gather_marks, make_daq, make_events, make_watchlog
from .neo_lfp import lfp_channels, split_lfp, starts_ms
from .neo_points import Timeline, zeros
from .neo_signals import SignalPart, gather_parts, join_parts, make_stream
from .neo_trains import NeoTrain, gather_trains, make_units
from .session_content import Content, Stream, plain, write_content
from .spans import GAP_MS, Span, instant_ms, lay_out

__all__ = ["write_session_from_block"]


def write_session_from_block(
    block: Block,
    folder: str | PathLike[str],
    *,
    start: datetime | float | None = None,
    patient_id: int | None = None,
    session_nr: int | None = None,
    skip_unsupported: bool = False,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write a Neo Block with signals and spikes, loaded or lazy, as a session folder.

    Parameters
    ----------
    block : neo.Block
        Signals are kept within half a gain (counts of lazy ones exactly), spikes to 1 µs.
    folder : str or PathLike
        The session folder itself, whatever its name.
    start : datetime or float, optional
        The instant of the block's 0 s, a datetime (UTC if it has no time zone) or ms since the
        Unix epoch. Else the annotation `time_origin_ms`, which blocks of ours have, or NWB's
        `timestamps_reference_time`; else ``block.rec_datetime``, or that of the first segment that
        has one; else 2000-01-01 00:00:00 UTC. A segment with another ``rec_datetime`` than the
        block's has its 0 s there.
    patient_id, session_nr : int, optional
        Default: those of the folder's name, ``patient_data/{patient_id}/session_{session_nr}``, else the block's
        annotations, else 1.
    skip_unsupported : bool
        Omit what a session cannot represent, with a warning, instead of raising.
    overwrite, progress : bool
        Whether an existing session may be replaced; whether to show a progress bar on stderr.

    Returns
    -------
    Path
        The session folder, absolute.

    Raises
    ------
    SessionExistsError
        If the target exists and `overwrite` is false.
    MockSessionError
        If `block` is not a Block or has no data for a session; listing everything that a session cannot represent; if a
        sample is NaN or infinite; or if a lazy block is read from `folder`. Nothing is left at the folder then.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as other:
    ...     write_session_from_block(MockSessionIO(folder).read_block(lazy=True), f"{other}/new").name
    'new'
    """
    target, leftovers = Path(folder), Leftovers()
    content = _checked_content(block, target, start, (patient_id, session_nr), leftovers)
    leftovers.settle(skip_unsupported)
    if content is None:
        raise MockSessionError("block", "signals, spikes or events that a session can hold", "none", "Add some.")
    return write_content(content, target, overwrite, progress)


def _checked_content(
    block: object,
    target: Path,
    start: datetime | float | None,
    numbers: tuple[int | None, int | None],
    leftovers: Leftovers,
) -> Content | None:
    """Return what a block holds for a session, None if that is nothing; arguments are checked."""
    if not isinstance(block, Block):
        raise MockSessionError("block", "a neo.Block", type(block).__name__, "Give a Block.")
    refuse_own(target, [thing for segment in block.segments for thing in segment.data_children])
    who = patient_and_session(target.absolute(), *numbers, block.annotations)
    origin, later = zeros(block, start, leftovers)
    content, holds_anything = _content(block, origin, later, who, leftovers)
    noted = block.annotations.get("session_info_start")  # of a session that was read
    if start is None and isinstance(noted, datetime):
        content.info_ms = instant_ms(noted)
    content.made_from |= {"left_out": leftovers.lines} if leftovers.lines else {}
    return content if holds_anything else None


def _content(
    block: Block, origin_ms: float, later: Sequence[float], numbers: tuple[int, int], leftovers: Leftovers
) -> tuple[Content, bool]:
    """Return what a block holds that a session can hold too, and whether that is anything; note the rest."""
    _note_others(block, leftovers)
    joined = join_parts(gather_parts(block.segments, leftovers), leftovers)
    trains, marks = gather_trains(block.segments, leftovers), gather_marks(block.segments, leftovers)
    moments = _moments(block, trains, marks, leftovers)
    timeline = _timeline(joined, moments, [origin_ms + late for late in later], leftovers)
    channels = ChannelNames(block.annotations.get("channel_names"))
    lfp, others_joined = split_lfp(joined, timeline) if "time_origin_ms" in block.annotations else ([], joined)
    lfp_files = [channel for parts in lfp for channel in lfp_channels(parts, timeline, channels)]
    streams = _streams(others_joined, timeline, channels)
    units = make_units(trains, timeline, channels, leftovers)
    logs = {name: [mark for mark in marks if mark.name == name] for name in (DAQ, FRAMES, PAUSES)}
    special = {id(mark) for rows in logs.values() for mark in rows if mark.is_epoch == (mark.name != FRAMES)}
    logs = {name: [mark for mark in rows if id(mark) in special] for name, rows in logs.items()}
    others = [mark for mark in marks if id(mark) not in special]
    for mark in (mark for mark in others if mark.is_epoch):
        leftovers.add(mark.label, "epochs that are neither DAQ pulses nor movie pauses")
    made_from: dict[str, object] = {"kind": "neo", "class": "Block", "annotations": plain(block.annotations)}
    made_from |= {key: value for key in ("name", "description") if (value := plain(getattr(block, key))) is not None}
    made_from |= {"segments_zero_ms": list(timeline.zeros_ms.values()), "channels": channels.origins}
    content = Content(origin_ms, *numbers, streams, units, made_from, channels.lines(), lfp=lfp_files)
    content.events = make_events([mark for mark in others if not mark.is_epoch], timeline, leftovers)
    content.daq = make_daq(logs[DAQ], timeline, leftovers)
    content.watchlog = make_watchlog(logs[FRAMES], logs[PAUSES], timeline, leftovers)
    held = (content.events, content.daq, content.watchlog)
    return content, bool(joined or trains or any(part is not None for part in held))


def _note_others(block: Block, leftovers: Leftovers) -> None:
    """Note every kind of object that a session has no place for."""
    for k, segment in enumerate(block.segments):
        for i, thing in enumerate(segment.irregularlysampledsignals):
            leftovers.add(label_of(k, thing, i), "a session has signals of a constant rate only")
        for i, thing in enumerate(segment.imagesequences):
            leftovers.add(label_of(k, thing, i), "a session has no images")
    for i, group in enumerate(block.groups):
        name = i if group.name is None else repr(str(group.name))
        if not {"stream_id", "unit_id"} & group.annotations.keys():  # those that Neo's readers make, ours too
            leftovers.add(f"Group {name}", "a session has no groups, nor views and regions of interest within them")


def _moments(
    block: Block, trains: Sequence[NeoTrain], marks: Sequence[Marks], leftovers: Leftovers
) -> dict[int, list[float]]:
    """Return, by segment, the first and last of its spikes and of each of its event channels; note empty segments."""
    moments: dict[int, list[float]] = {k: [] for k in range(len(block.segments))}
    for segment, times in [(t.segment, t.times_ms) for t in trains] + [(m.segment, m.times_ms) for m in marks]:
        if times.size:
            moments[segment] += [float(times.min()), float(times.max())]
    for k, segment in enumerate(block.segments):
        if len(block.segments) > 1 and not moments[k] and not segment.analogsignals:
            leftovers.add(f"segment {k}", "it has neither signals, spikes nor events")
    return moments


def _timeline(
    joined: Sequence[list[SignalPart]],
    moments: dict[int, list[float]],
    origins_ms: Sequence[float],
    leftovers: Leftovers,
) -> Timeline:
    """Return where the segments lie in the session: those with signals, or all as one if none has any."""
    full = {k: times for k, times in moments.items() if times}
    if joined:
        kept = [part.segment for part in joined[0]]
        spans = {k: _span([stream[i] for stream in joined], moments[k]) for i, k in enumerate(kept)}
    else:
        spans = {k: Span(min(times), max(times), min(times), max(times)) for k, times in full.items()}
    if len(full) > 1 and not joined:
        why = "without signals they would be read as one, since a session's segments are those of its signals"
        leftovers.add(f"segments {', '.join(map(str, full))}", why)
    slack = min((500 / stream[0].rate for stream in joined), default=0.0)
    shifts = lay_out([span.later(origins_ms[k] - origins_ms[0]) for k, span in spans.items()], slack)
    if any(shifts):
        leftovers.remark(
            f"block: its segments overlap in time, or are not in order; each is placed {GAP_MS / 1000:g} s after the "
            "previous one"
        )
    zeros_ms = {k: origins_ms[k] + shift for k, shift in zip(spans, shifts, strict=True)}
    if not joined:
        return Timeline({k: zeros_ms.get(k, origins_ms[k]) for k in moments}, {})
    return Timeline(zeros_ms, {k: zeros_ms[k] + spans[k].start for k in spans})


def _span(parts: Sequence[SignalPart], moments: Sequence[float]) -> Span:
    start, stop = min(part.t_start_ms for part in parts), max(part.t_stop_ms for part in parts)
    return Span(start, stop, min([start, *moments]), max([start, *moments]))


def _streams(joined: Sequence[list[SignalPart]], timeline: Timeline, channels: ChannelNames) -> list[Stream]:
    """Return the streams; those whose channels have CSC numbers come first, since they keep them."""
    streams: list[Stream] = []
    for parts in sorted(joined, key=lambda parts: any(csc_number(i) is None for i in parts[0].ids or ("",))):
        taken = [stream.name for stream in streams]
        streams.append(make_stream(parts, taken, starts_ms(parts, timeline), channels))
    return streams
