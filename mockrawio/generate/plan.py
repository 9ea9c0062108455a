"""A session decided but not yet made: all that is drawn before the first file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..ground.errors import MockSessionError
from ..session.layout import UnitName
from . import timing
from .checks import WHOLE
from .draws import Draws, Kind
from .source import SpikeSource, open_source
from .spec import SessionSpec

__all__ = ["Plan", "PlannedUnit", "Segment", "nominal_length", "plan_session"]

UNIT_TYPES = ("MU", "SU")


@dataclass(frozen=True)
class Segment:
    """A stretch of recording without a gap: ms since the Unix epoch, and its length in ms."""

    start_ms: int
    n_ms: int


@dataclass(frozen=True)
class PlannedUnit:
    """A unit: the file it has, the order it was drawn in, which keys its seeds, and its spikes."""

    name: UnitName
    index: int
    n_spikes: int


@dataclass(frozen=True)
class Plan:
    """What a spec and its seed come to.

    Attributes
    ----------
    spec : SessionSpec
        With a seed.
    seed : int
    segments : tuple of Segment
    units : tuple of PlannedUnit
        Ascending by channel.
    n_events : int
        Rows of events, and of the DAQ log.
    n_frames : int
        Frames of the movie.
    stim_on_ms, stim_off_ms : int
        When the movie starts, and when it would end without pauses; ms since the Unix epoch.
    source : SpikeSource or None
        The spikes of the units, where they are not drawn; a unit's are those of node `index`.
    """

    spec: SessionSpec
    seed: int
    segments: tuple[Segment, ...]
    units: tuple[PlannedUnit, ...]
    n_events: int
    n_frames: int
    stim_on_ms: int
    stim_off_ms: int
    source: SpikeSource | None = None

    @property
    def start_ms(self) -> int:
        """Stamp of the first sample, ms since the Unix epoch."""
        return self.segments[0].start_ms

    @property
    def end_ms(self) -> int:
        """Where the last sample ends, ms since the Unix epoch."""
        return self.segments[-1].start_ms + self.segments[-1].n_ms

    @property
    def length_ms(self) -> int:
        """Ms from start to end, gaps included."""
        return self.end_ms - self.start_ms

    @property
    def recorded_ms(self) -> int:
        """Ms with samples: the number of LFP samples a channel has."""
        return sum(segment.n_ms for segment in self.segments)


def plan_session(spec: SessionSpec) -> Plan:
    """Draw what a session is to hold.

    Parameters
    ----------
    spec : SessionSpec
        What is asked for; without a seed one is drawn.
    """
    spec = spec.seeded()
    seed = spec.seed if spec.seed is not None else 0
    segments = _segments(spec, seed)
    last = segments[-1]
    length = last.start_ms + last.n_ms - segments[0].start_ms
    onset = Draws(seed, Kind.STIMULUS).real(*timing.ONSET_MS) * timing.shrink(length)
    n_frames, stimulus_ms = _movie(spec, length)
    stim_on = segments[0].start_ms + int(onset)
    source = _source(spec, segments)
    if source is None:
        units = _units(spec, seed, sum(segment.n_ms for segment in segments))
    else:
        spec = replace(spec, spikes_sha256=source.sha256)
        units = _placed(spec, seed, [len(source.train(index)) for index in range(len(source))])
    n_events = _n_events(spec, seed, length)
    return Plan(spec, seed, segments, units, n_events, n_frames, stim_on, stim_on + stimulus_ms, source)


def _source(spec: SessionSpec, segments: tuple[Segment, ...]) -> SpikeSource | None:
    """Read the spikes that come from a file, as far as the session has room for them."""
    if spec.spikes is None:
        return None
    source = open_source(spec.spikes, spec.spikes_sha256)
    most = WHOLE["n_units"][1]
    if len(source) > most:
        raise MockSessionError(spec.spikes, f"at most {most} nodes", len(source), "Give fewer.")
    starts = np.array([float(segment.start_ms - segments[0].start_ms) for segment in segments])
    return source.within(starts, np.array([float(segment.n_ms) for segment in segments]), spec.is_broadband)


def nominal_length(spec: SessionSpec) -> int:
    """Return the ms that a recording is meant to have: the spec's, or Epiphyte's, or more where the movie needs it."""
    if spec.length_ms is not None:
        return spec.length_ms
    need = timing.room_for(timing.frame_count(spec.stimulus_len or 0.0), timing.LENGTH_MS)
    return max(timing.LENGTH_MS, need)


def _segments(spec: SessionSpec, seed: int) -> tuple[Segment, ...]:
    start = spec.start_ms
    if start is None:
        start = Draws(seed, Kind.START).integer(*timing.START_MS)
    lengths = [round(s * 1000) for s in spec.segments or ()] or [nominal_length(spec)]
    if spec.length_ms is None:
        lengths[0] += Draws(seed, Kind.LENGTH).integer(*timing.EXTRA_MS)
    segments = []
    for n_ms in lengths:
        segments.append(Segment(start, n_ms))
        start += n_ms + round(spec.gap_s * 1000)
    return tuple(segments)


def _movie(spec: SessionSpec, length: int) -> tuple[int, int]:
    """Return the movie's number of frames and its ms."""
    if spec.stimulus_len is not None:
        return timing.frame_count(spec.stimulus_len), round(spec.stimulus_len * 60_000)
    n_frames = timing.fitting_frames(length)
    return n_frames, round(n_frames * timing.FRAME_S * 1000)


def _n_events(spec: SessionSpec, seed: int, length: int) -> int:
    if spec.n_events is not None:
        return spec.n_events
    return Draws(seed, Kind.EVENT_COUNT).integer(*timing.scaled_range(timing.N_EVENTS, timing.share(length)))


def _units(spec: SessionSpec, seed: int, recorded: int) -> tuple[PlannedUnit, ...]:
    """Place every unit on a channel, and draw how many spikes it has."""
    count = spec.n_units
    if count is None:
        count = Draws(seed, Kind.UNIT_COUNT).integer(*timing.UNITS)
    return _placed(spec, seed, [None] * count, recorded)


def _placed(spec: SessionSpec, seed: int, n_spikes: Sequence[int | None], recorded: int = 0) -> tuple[PlannedUnit, ...]:
    """Place every unit on a channel, number it there, and order them by channel; None: draw its spikes' number."""
    seen: Counter[tuple[int, str]] = Counter()
    units = []
    for index, count in enumerate(n_spikes):
        draws = Draws(seed, Kind.PLACE, index)
        place = draws.integer(1, spec.n_channels), UNIT_TYPES[draws.integer(0, 1)]
        seen[place] += 1
        count = draws.integer(*spec.spike_range(recorded)) if count is None else count
        units.append(PlannedUnit(UnitName(*place, seen[place]), index, count))
    return tuple(sorted(units, key=lambda unit: unit.name))
