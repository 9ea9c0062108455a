"""The plan of a session: everything that is drawn before the first file is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from ..ground.arrays import Floats
from ..ground.errors import MockSessionError
from ..session.content import UnitContent
from ..session.layout import UnitName
from . import timing
from .cast import Cast
from .casting import cast_of, setting_of
from .cues import SessionCues
from .draws import Draws, Kind
from .parts.units import EpiphyteUnits
from .patient import day_seed, days_ms, patient_seed
from .pinning import pinned
from .schedule import Schedule
from .source import SpikeSource, open_source
from .spec import SessionSpec
from .timing import Segment
from .trains import placed_trains

_MOST_UNITS = 100_000


class PlannedUnit(Protocol):
    """A unit of a session."""

    @property
    def name(self) -> UnitName:
        """Of its file."""

    @property
    def index(self) -> int:
        """The order it was drawn in."""

    @property
    def n_expected(self) -> float:
        """About how many spikes it has."""

    def times_ms(self) -> Floats:
        """Return the spike times, float64 (n_spikes,), ms since the Unix epoch, ascending, none in a gap."""

    def content(self, encoding: str) -> UnitContent:
        """Return what its file holds in a session without a stream."""


@dataclass(frozen=True)
class Plan(Schedule):
    """What a spec, with a seed, and its seed come to."""

    spec: SessionSpec
    source: SpikeSource | None = field(compare=False, repr=False)  # where the spikes come from, if not drawn
    cast: Cast | None = field(
        compare=False, repr=False
    )  # the cells; None in a session as Epiphyte's generator draws it
    units: tuple[PlannedUnit, ...]  # ascending by channel


def plan_session(spec: SessionSpec) -> Plan:
    """Draw what a session is to hold; without a seed one is drawn."""
    spec = pinned(spec.seeded())
    seed = day_seed(spec)
    segments = _segments(spec, seed)
    last = segments[-1]
    length = last.start_ms + last.n_ms - segments[0].start_ms
    onset = Draws(seed, Kind.STIMULUS).real(*timing.ONSET_MS) * timing.shrink(length)
    n_frames, stimulus_ms = _movie(spec, length)
    stim_on = segments[0].start_ms + int(onset)
    source = _source(spec, segments)
    spec = spec if source is None else replace(spec, spikes_sha256=source.sha256)
    n_events = spec.n_events
    if n_events is None:
        n_events = Draws(seed, Kind.EVENT_COUNT).integer(*timing.scaled_range(timing.N_EVENTS, timing.share(length)))
    schedule = Schedule(seed, segments, n_events, n_frames, stim_on, stim_on + stimulus_ms)
    cast, units = _units(spec, schedule, source)
    return Plan(**vars(schedule), spec=spec, source=source, cast=cast, units=units)


def nominal_length(spec: SessionSpec) -> int:
    """Return the ms that a recording is meant to have: the spec's, or Epiphyte's, or more if the movie needs it."""
    if spec.length_ms is not None:
        return spec.length_ms
    need = timing.room_for(timing.frame_count(spec.stimulus_len or 0.0), timing.LENGTH_MS)
    return max(timing.LENGTH_MS, need)


def _segments(spec: SessionSpec, seed: int) -> tuple[Segment, ...]:
    start = spec.start_ms
    if start is None:
        start = Draws(patient_seed(spec), Kind.START).integer(*timing.START_MS) + days_ms(spec)
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


def _units(
    spec: SessionSpec, schedule: Schedule, source: SpikeSource | None
) -> tuple[Cast | None, tuple[PlannedUnit, ...]]:
    seed, segments = schedule.seed, schedule.segments
    if isinstance(spec.units, EpiphyteUnits):
        return None, placed_trains(spec, seed, segments, source)
    setting = setting_of(spec, seed, segments)
    cast = cast_of(spec, setting, segments, source, SessionCues(schedule, setting, spec))
    return cast, cast.units(spec.contacts.order)


def _source(spec: SessionSpec, segments: Sequence[Segment]) -> SpikeSource | None:
    """Return the spikes that a session takes from a file."""
    if spec.spikes is None:
        return None
    source = open_source(spec.spikes, spec.spikes_sha256)
    if len(source) > _MOST_UNITS:
        raise MockSessionError(spec.spikes, f"at most {_MOST_UNITS} nodes", len(source), "Give fewer.")
    starts_ms = np.array([float(segment.start_ms - segments[0].start_ms) for segment in segments])
    if spec.sampling_rate is None:
        return source.within(starts_ms, np.array([float(segment.n_ms) for segment in segments]), 0.0)
    a_sample_ms = float(1000 / spec.sampling_rate)
    lengths_ms = [int(segment.n_ms * spec.sampling_rate / 1000) * a_sample_ms for segment in segments]
    return source.within(starts_ms, np.array(lengths_ms), a_sample_ms / 2)
