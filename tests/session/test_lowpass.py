"""Filtered samples are sums of whole numbers, whatever is summed together."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mockrawio.session.lowpass import Lowpass


def slowly(low: Lowpass, rows: np.ndarray, n: int) -> np.ndarray:
    """The obvious way, in Python's whole numbers: the middle's half goes to the even frame, and that of a sum up."""
    found = np.zeros((n, rows.shape[1]), np.int16)
    for k in range(n):
        first = round(Fraction(k * low.frames[0], low.frames[1])) - low.half
        for column in range(rows.shape[1]):
            total = sum(tap * int(rows[first + j + low.half, column]) for j, tap in enumerate(low.taps))
            found[k, column] = min(max((total + (1 << low.shift - 1)) >> low.shift, -32768), 32767)
    return found


@pytest.mark.parametrize("frames", [(1, 1), (30, 1), (3, 2), (5, 2), (7, 3), (2, 3), (1000, 999)])
@pytest.mark.parametrize("tap", [3, 1 << 14])
def test_samples_against_the_obvious(frames: tuple[int, int], tap: int) -> None:
    """Any ratio of rates, in float32 or float64, of samples on both ends, in two blocks of columns: the same sums."""
    random = np.random.default_rng(5)
    low, n = Lowpass(tuple(random.integers(-tap, tap, 5).tolist()), 3, frames), 11
    rows = random.integers(-300, 300, (n * frames[0] // frames[1] + 8, 2)).astype(np.int16)  # two frames come before
    expected = slowly(low, rows, n)
    assert (expected[:, 0] != expected[:, 1]).any()
    many = np.repeat(rows, 50, axis=1)  # 100 columns, of which 96 are made at once
    np.testing.assert_array_equal(low.samples(many, -2, 0, n), np.repeat(expected, 50, axis=1))
    assert low.middles(0, n).tolist() == [round(Fraction(k * frames[0], frames[1])) for k in range(n)]
    np.testing.assert_array_equal(low.samples(many, -2, 4, n - 1), np.repeat(expected, 50, axis=1)[4:-1])


@pytest.mark.parametrize(
    ("frames", "n", "length"), [((30, 1), 61, 3), ((30, 1), 60, 2), ((3, 2), 5, 4), ((2, 3), 4, 6)]
)
def test_how_many_samples_there_are(frames: tuple[int, int], n: int, length: int) -> None:
    """A segment has a sample for each that begins in it: of 61 frames, one in 30, there are three."""
    assert Lowpass((1,), 1, frames).length(n) == length


FITS = {"taps": [3, -1, 3], "shift": 4, "frames": [30, 1]}
AT_LIMITS = (
    ({"shift": 30}, {"shift": 31}),
    ({"shift": 1}, {"shift": 0}),
    ({"taps": [1] * 8191}, {"taps": [1] * 8193}),
    ({"taps": [1 << 24, 0, -(1 << 24)]}, {"taps": [(1 << 24) + 1, 0, 0]}),
    ({"taps": [5]}, {"taps": [5, 5]}),
    ({"taps": 5}, {"taps": []}),
    ({"frames": [1000, 1]}, {"frames": [1001, 1]}),
    ({"frames": [1, 1000]}, {"frames": [1, 1001]}),
    ({"frames": [1 << 37, 1 << 36]}, {"frames": [(1 << 37) + 1, 1 << 36]}),
    ({"frames": [1, 1]}, {"frames": [0, 1]}),
    ({"frames": [1, 1]}, {"frames": [0, 0]}),
    ({"frames": [2, 1]}, {"frames": [2, 1, 1]}),
    ({"shift": [3]}, {"shift": [3, 3]}),
    ({"shift": 3}, {"shift": 3.0}),
    ({"frames": [30, 7]}, {"frames": 30, "shift": [4, 4]}),
    ({"shift": [30]}, {"frames": [1, 1, 1], "shift": []}),
    ({"taps": [1]}, {"taps": [True]}),
)


@pytest.mark.parametrize(("within", "beyond"), AT_LIMITS)
def test_what_a_description_may_say(within: dict[str, object], beyond: dict[str, object]) -> None:
    """Numbers of taps, their sizes, the shift and the rates are whole and within limits, by which sums are exact."""
    found = Lowpass.of_json({**FITS, **within})
    assert found is not None
    assert Lowpass.of_json(found.description()) == found
    said = {key: value if isinstance(value, list) else [value] for key, value in {**FITS, **within}.items()}
    assert (list(found.taps), [found.shift], list(found.frames)) == (said["taps"], said["shift"], said["frames"])
    assert Lowpass.of_json({**FITS, **beyond}) is None
