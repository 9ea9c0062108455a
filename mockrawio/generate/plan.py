"""The plan of a session: everything that is drawn before the first file is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..session.layout import UnitName
from . import timing
from .draws import Draws, Kind
from .spec import SessionSpec
from .timing import Segment
from .trains import Train, Trains, open_trains

UNIT_TYPES = ("MU", "SU")


@dataclass(frozen=True)
class Plan:
    """What a spec, with a seed, and its seed come to."""

    spec: SessionSpec
    seed: int
    segments: tuple[Segment, ...]
    trains: Trains = field(compare=False, repr=False)  # the spikes of the units
    units: tuple[Train, ...]  # ascending by channel
    n_events: int  # rows of events, and of the DAQ log
    n_frames: int  # of the movie
    stim_on_ms: int  # when the movie starts, ms since the Unix epoch
    stim_off_ms: int  # when it would end without pauses

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
    """Draw what a session is to hold; without a seed one is drawn."""
    spec = spec.seeded()
    seed = spec.seed if spec.seed is not None else 0
    segments = _segments(spec, seed)
    last = segments[-1]
    length = last.start_ms + last.n_ms - segments[0].start_ms
    onset = Draws(seed, Kind.STIMULUS).real(*timing.ONSET_MS) * timing.shrink(length)
    n_frames, stimulus_ms = _movie(spec, length)
    stim_on = segments[0].start_ms + int(onset)
    trains = open_trains(spec, segments)
    n_events = spec.n_events
    if n_events is None:
        n_events = Draws(seed, Kind.EVENT_COUNT).integer(*timing.scaled_range(timing.N_EVENTS, timing.share(length)))
    units = _placed(trains)
    return Plan(trains.spec, seed, segments, trains, units, n_events, n_frames, stim_on, stim_on + stimulus_ms)


def nominal_length(spec: SessionSpec) -> int:
    """Return the ms that a recording is meant to have: the spec's, or Epiphyte's, or more if the movie needs it."""
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


def _placed(trains: Trains) -> tuple[Train, ...]:
    """Place every unit on a channel, number it there, and order them by channel."""
    seen: Counter[tuple[int, str]] = Counter()
    units = []
    for index in range(trains.n_units):
        draws = Draws(trains.seed, Kind.PLACE, index)
        place = draws.integer(1, trains.spec.n_channels), UNIT_TYPES[draws.integer(0, 1)]
        seen[place] += 1
        units.append(Train(UnitName(*place, seen[place]), index, trains.n_spikes(index, draws), trains))
    return tuple(sorted(units, key=lambda unit: unit.name))
