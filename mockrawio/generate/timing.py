"""Durations in a session, and how they shrink with a short recording.

The numbers are what Epiphyte's generator draws for recordings of 95 to 105 minutes. A
recording of ten minutes or more has its stimulus onset, pauses and jitter as they are; in a
shorter one they shrink with its length, so that all of them lie within it.
"""

from __future__ import annotations

from typing import NamedTuple

START_MS = 1_347_982_266_000, 1_695_051_066_000
LENGTH_MS = 5_400_000
EXTRA_MS = 300_000, 900_000
UNITS = 20, 100
SPIKES = 50, 5000
N_EVENTS = 4000, 5400

ONSET_MS = 12_000, 18_000
PAUSE_MS = 6_000, 60_000  # the shortest one, and all of them together
SKIP_FRAMES = 12_500  # 500 s
JITTER_MS = 100, 200  # mean and SD
FRAME_S = 0.04
FRAME_CLOCK_MS = 41  # in a log without pauses; one with them makes room for them
STIMULUS_MIN = 83.33

SPIKE_CLOCK = 32  # ticks per ms: a spike's stamp is a sample of its 32 kHz waveform, exact in float64
WAVEFORM_RATE, LFP_RATE = 32_000.0, 1000.0  # Hz
WAVEFORM = 64  # samples, as in Epiphyte's generator
PEAK = 19  # of a waveform: its largest sample; as many come before it

_FULL_SCALE_MS = 600_000
_AROUND_MS = ONSET_MS[1] + PAUSE_MS[1]


class Segment(NamedTuple):
    """A stretch of recording without a gap: ms since the Unix epoch, and its length in ms."""

    start_ms: int
    n_ms: int


def shrink(length_ms: int) -> float:
    """Return the factor by which times around the stimulus shrink in a recording of this length."""
    return min(1.0, length_ms / _FULL_SCALE_MS)


def share(recorded_ms: int) -> float:
    """Return how much of Epiphyte's spike and event counts a recording of this length has."""
    return min(1.0, recorded_ms / LENGTH_MS)


def scaled_range(bounds: tuple[int, int], factor: float) -> tuple[int, int]:
    """Return a range of counts times `factor`, at least 1."""
    low, high = (max(1, round(bound * factor)) for bound in bounds)
    return low, high


def pause_range(length_ms: int, stimulus_ms: int) -> tuple[int, int]:
    """Return the ms of the shortest pause and of all pauses, which are at most half of the stimulus."""
    total = min(round(PAUSE_MS[1] * shrink(length_ms)), stimulus_ms // 2)
    return total * PAUSE_MS[0] // PAUSE_MS[1], total


def frame_count(stimulus_min: float) -> int:
    """Return the number of frames in a movie of that many minutes."""
    return int(stimulus_min * 60 / FRAME_S)


def room_for(n_frames: int, length_ms: int) -> int:
    """Return how many ms a movie needs in a recording of `length_ms`, latest onset and pauses included."""
    return int(n_frames * FRAME_CLOCK_MS + _AROUND_MS * shrink(length_ms)) + FRAME_CLOCK_MS


def fitting_frames(length_ms: int) -> int:
    """Return the number of frames of the longest movie that fits, up to Epiphyte's 83.33 minutes."""
    room = length_ms - _AROUND_MS * shrink(length_ms) - 2 * FRAME_CLOCK_MS
    return max(0, min(frame_count(STIMULUS_MIN), int(room / FRAME_CLOCK_MS)))
