"""How cells fire: something to follow, and what is counted in their trains."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mockrawio.generate.amplitudes import Amplitudes
from mockrawio.generate.layers import Setting
from mockrawio.generate.parts.firing import Cues, Firing
from mockrawio.generate.renewal import BLOCK, STEPS

RATE = 30_000  # frames a second
SECONDS = BLOCK / RATE  # of a block
THETA = 8.0  # Hz
EVENTS_S = np.arange(0.25, 400.0, 1.0)  # when there is one
MOVIE_S = 20.0  # after which the movie begins again


class Tissue(Cues):
    """A rhythm of 8 Hz, an event a second, and a movie of 20 s over and over that begins after 10 s."""

    def events(self, name, code):
        return [EVENTS_S] * 3

    def movie(self, seg_index, frames):
        seconds = frames / RATE - 10
        return np.where(seconds < 0, np.nan, seconds % MOVIE_S)

    def phase(self, name):
        return lambda seg_index, frames: theta(frames)


def theta(frames):
    """Return the phase of the rhythm, rad."""
    return 2 * np.pi * THETA / RATE * frames


def amplitudes_of(seed=1, sd=0.1, rate=RATE):
    """Return the amplitudes of a session of three segments."""
    return Amplitudes(Setting(seed, Fraction(rate), 0.195, np.zeros((4, 3)), (BLOCK,) * 3), sd)


def trains(firing=None, rates_hz=(5.0,), *, seed=1, refractory_ms=3.0, amplitude_sd=0.1, jitter=True, rate=RATE):
    """Return the trains of some cells in the tissue."""
    amplitudes, cues = amplitudes_of(seed, amplitude_sd, rate), Tissue((0.0, 100.0, 200.0))
    return (firing or Firing()).trains(rates_hz, refractory_ms, amplitudes, jitter, cues)


def steps(some, index=0, start=0, stop=BLOCK, seg_index=0):
    """Return when a cell's spikes are, in eighths of a frame."""
    fired = some.fired(index, seg_index, start, stop)
    return fired.frames * STEPS + fired.phases


def seconds(some, index=0, n_blocks=1):
    """Return when a cell's spikes are, in s."""
    return steps(some, index, 0, n_blocks * BLOCK) / STEPS / RATE


def same(one, other, index=0, stop=2 * BLOCK):
    """Return True if a cell's spikes are the same, to the last bit of their amplitudes."""
    both = zip(one.fired(index, 0, 0, stop), other.fired(index, 0, 0, stop), strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in both)


def ks(shares):
    """Return the distance of numbers from an even spread in [0, 1], made such that 1.358 is passed once in 20 times."""
    shares, n = np.sort(shares), len(shares)
    steps = np.arange(n + 1) / n
    distance = max(np.max(steps[1:] - shares), np.max(shares - steps[:-1]))
    return distance * (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n))  # Stephens 1974
