"""Events around the movie: event codes, the DAQ log, and the watchlog.

The numbers are those of Epiphyte's generator, given in :mod:`.timing`; what it does by
mistake is left out: no frame is written twice, no movie time lies outside the movie, no
clock stands still.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..session.logs import DaqLog, Watchlog
from . import timing
from .draws import Draws, Kind
from .schedule import Schedule

CODES = (1, 2, 4, 8, 16, 32, 64, 128)
MOVIE = "movie_stimulus.avi"

_A_SECOND = 25  # frames
_FEWEST_FRAMES = 50  # a movie of two seconds; there is no room for skips in a shorter one


def event_codes(n: int) -> Ints:
    """Return the codes of `n` events, int64: 1, 2, 4, ... 128, over and over."""
    return np.resize(np.array(CODES, dtype=np.int64), n)


def events(plan: Schedule) -> Floats:
    """Return the events, shape (n, 2): ms since the Unix epoch, evenly from the first sample to the last; code."""
    n, last = plan.n_events, plan.end_ms - 1
    stamps = plan.start_ms + np.arange(n) * ((last - plan.start_ms) / max(1, n - 1))
    return np.column_stack([np.minimum(stamps, last), event_codes(n)]).astype("<f8", copy=False)


def daq_interval(plan: Schedule) -> int:
    """Return the ms between two rows of the DAQ log."""
    return int((plan.stim_off_ms - plan.stim_on_ms) / max(1, plan.n_events))


def daq_log(plan: Schedule) -> DaqLog:
    """Return the DAQ log: one row per event, from the movie's start on, at even steps.

    `pre` and `post` stand half a jitter before and after the step; the jitter is normal and
    may be negative, so either may be the later.
    """
    index = np.arange(plan.n_events)
    stamps = plan.stim_on_ms + index * daq_interval(plan)
    mean, sd = timing.JITTER_MS
    normals = Draws(plan.seed, Kind.DAQ).normals(plan.n_events)
    half = (mean + sd * normals) * (timing.shrink(plan.length_ms) / 2)
    pre, post = (np.rint(half * sign).astype(np.int64) + stamps for sign in (-1, 1))
    return DaqLog(event_codes(plan.n_events), index, pre, post)


def watchlog(plan: Schedule, movie_pauses: bool) -> Watchlog:
    """Return the watchlog, with pauses and skips or without.

    Each frame has the movie time in s at which it ends, and its clock in ms since the Unix epoch:
    41 ms after the last; in a log with pauses by less, so that movie and pauses together end
    by the end of the stimulus (39 ms for 83.33 minutes), plus the pause between them. The movie's
    last frame ends the log; so does the number of frames the movie has, whichever comes first.
    """
    n, stimulus_ms = plan.n_frames, plan.stim_off_ms - plan.stim_on_ms
    if not movie_pauses or n < _FEWEST_FRAMES:
        return _log(plan, np.arange(n), _clock(plan, n, timing.FRAME_CLOCK_MS), np.empty(0, np.int64))
    draws = Draws(plan.seed, Kind.WATCHLOG)
    frames = _skipping(draws, n)
    least, total = timing.pause_range(plan.length_ms, stimulus_ms)
    clock = _clock(plan, frames.size, (stimulus_ms - total) // n)
    return _log(plan, frames, clock, _pause(draws, clock, least, total))


def _clock(plan: Schedule, n: int, step: int) -> Ints:
    """Return the clock of `n` frames without a pause, `step` ms from frame to frame."""
    return plan.stim_on_ms + step * (1 + np.arange(n))


def _log(plan: Schedule, frames: Ints, clock: Ints, pauses: Ints) -> Watchlog:
    return Watchlog(MOVIE, _spelled(plan.n_frames)[frames], 4 * (1 + frames) / 100, clock, pauses)


def _skipping(draws: Draws, n: int) -> Ints:
    """Return the frame shown in each row of a log with 1 to 3 skips.

    The skips lie between a tenth and six tenths of the log and reach a tenth of the movie
    at most, so that none of them can leave it at its end; at its beginning they are cut.
    """
    frames = np.arange(n)
    rows = _spread(draws, draws.integer(1, 3), n // 10, 6 * n // 10)
    for row in rows:
        reach = draws.integer(2, min(timing.SKIP_FRAMES, n // 10))
        target = frames[row] + (reach if draws.integer(0, 1) else -reach)
        frames[row:] += max(0, int(target)) - frames[row]
    return frames[: np.searchsorted(frames[rows[-1] :], n) + rows[-1]]


def _pause(draws: Draws, clock: Ints, least: int, total: int) -> Ints:
    """Put 1 or 2 pauses into the clock, `total` ms in all, and return how many frames come before each."""
    lengths = [total]
    if draws.integer(1, 2) == 2:
        first = draws.integer(least, total - least)
        lengths = [first, total - first]
    rows = _spread(draws, len(lengths), clock.size // 10, 9 * clock.size // 10)
    for row, length in zip(rows, lengths, strict=True):
        clock[row:] += length
    return np.array(rows, dtype=np.int64)


def _spread(draws: Draws, n: int, begin: int, end: int) -> list[int]:
    """Return `n` ascending rows, one in the first nine tenths of each nth of the log's rows."""
    step = (end - begin) // n
    return [begin + k * step + draws.integer(0, step * 9 // 10 - 1) for k in range(n)]


def _spelled(n: int) -> npt.NDArray[np.str_]:
    """Return the ends of `n` frames in seconds, as Python spells them: "0.04", "0.08", ... "2.0", ..."""
    fractions = [f".{4 * k:02d}".removesuffix("0") if k else ".0" for k in range(_A_SECOND)]
    ends = np.array(fractions, "U3").view(np.uint32).reshape(_A_SECOND, 3)  # code points, as NumPy holds strings
    seconds = np.arange(n // _A_SECOND + 1)
    width = len(str(len(seconds) - 1))
    text = np.zeros((len(seconds), _A_SECOND, width + 3), np.uint32)
    for digits in range(1, width + 1):
        some = slice(10 ** (digits - 1) if digits > 1 else 0, 10**digits)
        for k in range(digits):
            text[some, :, k] = (seconds[some] // 10 ** (digits - 1 - k) % 10 + ord("0"))[:, None]
        text[some, :, digits : digits + 3] = ends
    return text.reshape(-1, width + 3)[1 : n + 1].view(f"U{width + 3}").ravel()
