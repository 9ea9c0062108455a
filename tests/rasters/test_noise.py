"""The raster maker's noise against its filter's recursion and its spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import freqz, lfilter

from mockrawio import MockSessionError
from mockrawio.rasters import make_noise, minmax, zscore
from mockrawio.rasters.noise import FEW, A, B, filtered


def test_impulse_response_by_hand():
    """The first samples of the filter's answer to an impulse are those of its recursion, written out."""
    _, a1, a2, a3 = A
    y0 = B[0]
    y1 = B[1] - a1 * y0
    y2 = B[2] - a1 * y1 - a2 * y0
    y3 = B[3] - a1 * y2 - a2 * y1 - a3 * y0
    y4 = -a1 * y3 - a2 * y2 - a3 * y1
    y5 = -a1 * y4 - a2 * y3 - a3 * y2
    np.testing.assert_allclose(filtered([1, 0, 0, 0, 0, 0]), [y0, y1, y2, y3, y4, y5], rtol=1e-14)
    np.testing.assert_allclose([y0, y1], [0.049922035, 0.02855974386], rtol=1e-8)


@pytest.mark.parametrize("n", [1, FEW + 1])
def test_filter_is_scipys(n):
    """Few traces and many come out as SciPy's lfilter has them, up to rounding."""
    white = np.random.default_rng(0).normal(1, 0.5, (n, 3000))
    np.testing.assert_allclose(filtered(white), lfilter(B, A, white), rtol=1e-10, atol=1e-11)


def test_a_trace_does_not_depend_on_the_others():
    """A trace filtered alone is, to the bit, the same trace among many."""
    white = np.random.default_rng(1).normal(1, 0.5, (FEW + 5, 400))
    np.testing.assert_array_equal(filtered(white)[3], filtered(white[3]))


def test_noise_sample_by_sample():
    """The traces are white noise of mean 1 and SD 0.5, filtered, without its run-in, scaled each for itself."""
    white = np.random.default_rng(7).normal(1, 0.5, (3, 2000 + 500))
    after = lfilter(B, A, white)[:, 2000:]
    low, high = after.min(axis=1, keepdims=True), after.max(axis=1, keepdims=True)
    np.testing.assert_allclose(make_noise(3, 500, seed=7), (after - low) / (high - low) + 0.5, rtol=1e-9)


def test_noise_shape_and_range():
    """By default there are 100 traces of 4999 samples, each from 0.5 to 1.5."""
    noise = make_noise(seed=0)
    assert noise.shape == (100, 4999) and noise.dtype == np.float64
    np.testing.assert_array_equal(noise.min(axis=1), 0.5)
    np.testing.assert_array_equal(noise.max(axis=1), 1.5)


def test_noise_seed():
    """The same seed gives the same noise, another seed another; a generator may stand in its place."""
    np.testing.assert_array_equal(make_noise(2, 50, seed=3), make_noise(2, 50, rng=np.random.default_rng(3)))
    assert (make_noise(2, 50, seed=3) != make_noise(2, 50, seed=4)).any()
    assert (make_noise(2, 50) != make_noise(2, 50)).any()


def test_spectrum():
    """Band by band, the spectrum of filtered white noise is the filter's squared gain."""
    n, traces, sd = 4096, 150, 0.5
    white = np.random.default_rng(5).normal(0, sd, (traces, n + 2000))
    window = np.hanning(n + 1)[:-1]
    power = np.abs(np.fft.rfft(filtered(white)[:, 2000:] * window)) ** 2 / (window**2).sum()
    _, gain = freqz(B, A, worN=2 * np.pi * np.arange(n // 2 + 1) / n)
    ratio = power.mean(axis=0) / (sd**2 * np.abs(gain) ** 2)
    for low, high in ((20, 60), (60, 200), (200, 700), (700, 2000)):
        # A periodogram's value has the SD of its mean; the window correlates neighbours, which
        # multiplies the variance of a band's mean by 1 + 2 ((2/3)**2 + (1/6)**2) = 1.94.
        bound = 5 * np.sqrt(1.94 / (traces * (high - low)))
        assert abs(ratio[low:high].mean() - 1) < bound


def test_minmax_and_zscore():
    """One scales to 0 and 1, the other to mean 0 and SD 1; neither changes what it is given."""
    x = np.array([[3, -1], [5, 1]])
    np.testing.assert_allclose(minmax(x), [[4 / 6, 0], [1, 2 / 6]])
    np.testing.assert_allclose(zscore(x), (x - 2) / np.sqrt(5))
    np.testing.assert_array_equal(x, [[3, -1], [5, 1]])


@pytest.mark.parametrize("scale", [minmax, zscore])
@pytest.mark.parametrize("x", [[], [2, 2], [1, np.nan], ["a"], 3])
def test_what_cannot_be_scaled(scale, x):
    """A constant, nothing, or what is no number, is an error and not NaN with a warning."""
    with pytest.raises(MockSessionError, match="x: expected"):
        scale(x)


@pytest.mark.parametrize(
    "arguments", [{"num_traces": -1}, {"num_samples": 1}, {"num_samples": 2.5}, {"seed": "x"}, {"rng": 3}]
)
def test_bad_arguments(arguments):
    """What is out of bounds is refused by its name."""
    with pytest.raises(MockSessionError, match=next(iter(arguments))):
        make_noise(**{"num_traces": 1, "num_samples": 10, **arguments})


def test_seed_and_rng_are_alternatives():
    """Giving both a seed and a generator is refused."""
    with pytest.raises(MockSessionError, match="one of the two"):
        make_noise(1, 10, seed=1, rng=np.random.default_rng(1))
