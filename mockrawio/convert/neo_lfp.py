"""A session's own LFP, which Neo has as signals like any other, as the files of channels that it was read from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..session.content import csc_numbers
from .names import ChannelNames
from .neo_points import Timeline
from .neo_signals import SignalPart, make_stream
from .session_content import Stream
from .spans import SLACK_MS

_LFP = re.compile(r"lfp(_\d+)?")  # what a reader of sessions calls streams of LFP channels
Joined = list[list[SignalPart]]


def split_lfp(joined: Joined, timeline: Timeline) -> tuple[Joined, Joined]:
    """Return the streams of a session's own block that are LFP, and the others.

    LFP has the name that our reader gives it, channels CSC{k}, each once, and stamps of whole ms. Segments begin at
    gaps; without another stream, each must begin at one. All are LFP, or none is.
    """
    called = [parts for parts in joined if _LFP.fullmatch(parts[0].name or "")]
    others = [parts for parts in joined if not _LFP.fullmatch(parts[0].name or "")]
    ids = [one for parts in called for one in parts[0].ids or ("",)]
    starts = [starts_ms(parts, timeline) for parts in called]
    whole = all(_period(parts).is_integer() for parts in called) and all(_is_whole(ms) for own in starts for ms in own)
    gaps = [_gaps(parts, own) for parts, own in zip(called, starts, strict=True)]
    if csc_numbers(ids) and whole and (others or all(any(of_streams) for of_streams in zip(*gaps, strict=True))):
        return called, others
    return [], joined


def starts_ms(parts: Sequence[SignalPart], timeline: Timeline) -> list[float]:
    """Return when each part of a stream begins, ms since the Unix epoch."""
    return [timeline.zeros_ms[part.segment] + part.t_start_ms for part in parts]


def _period(parts: Sequence[SignalPart]) -> float:
    return 1000 / parts[0].rate


def _is_whole(ms: float) -> bool:
    return abs(ms - round(ms)) <= SLACK_MS


def _gaps(parts: Sequence[SignalPart], starts: Sequence[float]) -> list[bool]:
    """Return whether there is a gap between each segment of a stream and the next."""
    period = _period(parts)
    stops = [start + part.piece.n_samples * period for start, part in zip(starts, parts, strict=True)]
    return [start - stop > period / 2 for (_, start), (stop, _) in zip(pairwise(starts), pairwise(stops), strict=True)]


def lfp_channels(parts: list[SignalPart], timeline: Timeline, channels: ChannelNames) -> list[Stream]:
    """Return each channel of an LFP stream as a stream of its own, which begins at whole ms."""
    starts = [float(round(ms)) for ms in starts_ms(parts, timeline)]
    width = len(parts[0].gains)
    return [make_stream([part.channel(k) for part in parts], (), starts, channels) for k in range(width)]
