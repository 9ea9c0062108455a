"""Units of a linear probe, all defaults, beside what is known of real ones and of other simulators."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.generate.parts.units import Units

from . import floor, linear

SEED = 11


@pytest.fixture(scope="module")
def probe():
    """A linear probe of 32 contacts."""
    return linear(SEED)


@pytest.fixture(scope="module")
def cells(probe):
    """The cells of 20 units."""
    return Units(20).cells(probe, floor(probe))


@pytest.fixture(scope="module")
def spikes(probe, cells):
    """The mean spike of each cell on each contact, µV, (cells, samples, contacts)."""
    return np.stack([cell.waveforms(probe) for cell in cells])


@pytest.fixture(scope="module")
def main(cells, spikes):
    """The mean spike of each cell on its peak contact, (cells, samples)."""
    return np.stack([spike[:, cell.peak_contact] for cell, spike in zip(cells, spikes, strict=True)])


def near(spike):
    """Return a spike on the contacts where it has a tenth of its peak or more."""
    sizes = np.abs(spike).max(axis=0)
    return spike[:, sizes >= sizes.max() / 10]


def test_most_main_peaks_are_negative(main):
    """Nine main peaks in ten point downwards, and not all of them."""
    peaks = np.take_along_axis(main, np.abs(main).argmax(axis=1)[:, None], axis=1)
    assert 0.9 <= np.mean(peaks < 0) < 1


def test_spikes_differ_from_cell_to_cell(main, cells):
    """No two spikes are alike; those that point downwards correlate by less than .7 somewhere, .95 at the median."""
    down = np.array([cell.amplitude_uV < 0 for cell in cells])
    pairs = np.corrcoef(main[down])[np.triu_indices(down.sum(), 1)]
    assert pairs.min() <= 0.7
    assert np.median(pairs) <= 0.95
    assert pairs.max() < 0.9999


def test_spikes_are_as_long_as_spikes_are(main, cells):
    """Troughs are .1 to .4 ms wide at half their depth, and followed by a peak after .15 to 1.2 ms."""
    for spike, cell in zip(main, cells, strict=True):
        deep = np.flatnonzero(np.sign(cell.amplitude_uV) * spike >= abs(cell.amplitude_uV) / 2)
        trough = int(np.abs(spike).argmax())
        peak = (-np.sign(cell.amplitude_uV) * spike)[trough:].argmax()
        assert 0.1 <= (deep[-1] - deep[0] + 1) / 30 <= 0.4
        assert 0.15 <= peak / 30 <= 1.2


def test_a_footprint_is_more_than_a_shape_times_factors(spikes):
    """What the largest of a footprint's components leaves over is 1 to 25 % of its energy."""
    values = [np.linalg.svd(near(spike), compute_uv=False) for spike in spikes]
    left = [1 - value[0] ** 2 / np.sum(value**2) for value in values]
    assert 0.01 <= min(left) <= max(left) <= 0.25


def test_spikes_travel(spikes, cells):
    """Between the contacts of a footprint main peaks are .05 to .6 ms apart."""
    for spike, cell in zip(spikes, cells, strict=True):
        peaks = (np.sign(cell.amplitude_uV) * near(spike)).argmax(axis=0)
        assert 0.05 <= (peaks.max() - peaks.min()) / 30 <= 0.6


def profile(probe, cells):
    """Return the mean size of spikes at four distances from the cell, as a part of that on the peak contact."""
    sizes = np.stack([np.abs(cell.waveforms(probe)).max(axis=0) for cell in cells])
    sizes /= sizes.max(axis=1, keepdims=True)
    away = np.linalg.norm(probe.places - np.array([cell.location for cell in cells])[:, None], axis=2)
    return [sizes[(away >= low) & (away < high)].mean() for low, high in ((20, 40), (40, 60), (60, 90), (90, 130))]


@pytest.mark.parametrize(("n", "n_units", "seed"), [(32, 20, SEED), (256, 160, 1)])
def test_amplitude_falls_as_measured(n, n_units, seed):
    """Amplitude at four distances lies between SpikeInterface's (.77 .48 .18 .05) and MEArec's (.65 .44 .26 .14)."""
    probe = linear(seed, n)
    sizes = profile(probe, Units(n_units).cells(probe, floor(probe)))
    assert np.all(np.array([0.65, 0.44, 0.18, 0.05]) <= sizes)
    assert np.all(sizes <= np.array([0.77, 0.48, 0.26, 0.14]))


def test_rates_are_log_normal(cells):
    """Rates spread over .3 to .5 decades, most of them below the mean."""
    rates = np.array([cell.rate_hz for cell in cells])
    assert 0.3 <= np.log10(rates).std(ddof=1) <= 0.5
    assert np.mean((rates - rates.mean()) ** 3) > 0
    assert np.median(rates) < rates.mean()
