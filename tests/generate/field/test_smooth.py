"""Smooth noise against the sum that it is, spline by spline."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.generate.parts.field.smooth import SLOWEST_S, Smooth
from tests.generate.field.made import setting

BLOCK_S = 4 * SLOWEST_S


def spline(x: np.ndarray) -> np.ndarray:
    """Return the cubic B-spline, 2/3 at 0 and 0 from -2 and 2 on."""
    x = np.abs(x)
    return np.where(x < 1, 2 / 3 - x**2 + x**3 / 2, np.where(x < 2, (2 - x) ** 3 / 6, 0.0))


class Recorded(Smooth):
    """Notes what is drawn."""

    def controls(self, octave: int, blocks: range) -> np.ndarray:
        """Return the drawn controls of an octave in blocks, one after another."""
        return np.concatenate([self._drawn(0, block)[octave] for block in blocks])


def reference(smooth: Recorded, n_octaves: int, step_s: float, times: np.ndarray) -> np.ndarray:
    """Return the sum of all splines at times, from what is drawn."""
    blocks = range(int(times.min() // BLOCK_S) - 1, int(times.max() // BLOCK_S) + 2)
    total = 0.0
    for octave in range(n_octaves):
        interval = step_s * 2**octave
        drawn = smooth.controls(octave, blocks)
        at = blocks.start * BLOCK_S + interval * np.arange(len(drawn))
        total = total + spline((times[:, None] - at) / interval) @ drawn
    return total


@pytest.mark.parametrize(("step_s", "n_octaves"), [(0.25, 1), (0.25, 5), (4.0, 1), (1.0, 3)])
def test_octaves_are_sums_of_splines(step_s, n_octaves):
    """At any time, those at borders of blocks included, the noise is the sum of all splines, to rounding."""
    smooth = Recorded(setting(), "noise", 3, step_s, [1.0, 0.5, 2.0, 0.25, 3.0][:n_octaves])
    times = np.unique(np.concatenate([np.linspace(0, 3 * BLOCK_S, 997), BLOCK_S * np.arange(4), [BLOCK_S - 1e-9]]))
    assert np.allclose(smooth.at(0, times), reference(smooth, n_octaves, step_s, times), rtol=0, atol=1e-12)


def test_a_time_has_one_value():
    """A time has the same value, to the last bit, alone and among others, in its own block's and another's company."""
    smooth = Smooth(setting(), "noise", 2, 0.125, [1.0, 1.4, 2.0])
    times = np.linspace(BLOCK_S - 1, BLOCK_S + 1, 401)
    together = smooth.at(1, times)
    for k in (0, 150, 200, 201, 400):
        assert np.array_equal(smooth.at(1, times[k : k + 1])[0], together[k])


def test_level_and_bound():
    """The standard deviation is as said within 5 %, 6 times its error, and no value is beyond the bound."""
    smooth = Smooth(setting(), "noise", 4, 0.25, [1.0])
    values = smooth.at(0, np.arange(0, 4000, 0.25) + 0.1)  # 16000 controls of 4 courses: an error of some .4 %
    assert values.std() == pytest.approx(smooth.sd, rel=0.05)
    assert np.abs(values).max() <= smooth.most
    correlation = np.corrcoef(values.T)
    assert np.abs(correlation[np.triu_indices(4, 1)]).max() < 0.06
