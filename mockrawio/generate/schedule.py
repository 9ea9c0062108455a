"""When things are in a session: its segments, its events and its movie."""

from __future__ import annotations

from dataclasses import dataclass

from .timing import Segment


@dataclass(frozen=True)
class Schedule:
    """When things are in a session with a seed."""

    seed: int
    segments: tuple[Segment, ...]
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
