"""Rasters to SONATA files: against units x bins, and the cost against spikes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mockrawio.rasters import SonataWriter, make_noise, make_save_spikes, poisson_raster, write_sonata
from tests.benchmarks.rows_make import raster_by_bins

DATASETS = ["timestamps", "node_ids"], [float, int]


@pytest.fixture(scope="module")
def scene(request):
    """Rates of 2000 units, 2.9 Hz in the mean, and noise of 10 s; less in a test run."""
    in_earnest = request.config.getoption("--benchmark-enable")
    n_units, n_bins = (2000, 10_000) if in_earnest else (20, 500)
    rates = np.random.default_rng(0).lognormal(np.log(2.9) - 0.125, 0.5, n_units)
    return rates, make_noise(1, n_bins, seed=0)[0]


@pytest.mark.at_length(only=True)
def test_raster_to_sonata(race, scene, tmp_path):
    """The modern form, the raster maker's names with one profile and with a row for each unit, and gzip."""
    rates, profile = scene
    rows = np.tile(profile, (rates.size, 1))

    def document(factors):
        with SonataWriter(tmp_path / "document.h5", ["spikes", "default"], *DATASETS) as writer:
            make_save_spikes(writer, False, rates, rates.size, factors, seed=1)

    def modern(**options):
        write_sonata(tmp_path / "modern.h5", poisson_raster(rates, profile, seed=1), overwrite=True, **options)

    race(
        modern,
        rounds=5,
        modern_by_id=lambda: modern(sorting="by_id"),
        modern_gzip=lambda: modern(compression="gzip"),
        document_one_profile=lambda: document(profile),
        document_rows=lambda: document(rows),
        units_x_bins=lambda: raster_by_bins(tmp_path / "slow.h5", rates, profile),
    )


@pytest.mark.at_length(only=True)
def test_cost_against_spikes(request, scene, tmp_path, capsys):
    """What a spike costs, drawn and written, at 10 to 100,000 spikes a second and more."""
    rates, profile = scene
    in_earnest = request.config.getoption("--benchmark-enable")
    lines = []
    for factor in (0.1, 1, 10, 100) if in_earnest else (1,):
        best, raster = float("inf"), None
        for _ in range(3 if in_earnest else 1):
            began = time.perf_counter()
            raster = poisson_raster(rates * factor, profile, seed=1)
            write_sonata(tmp_path / "spikes.h5", raster, overwrite=True)
            best = min(best, time.perf_counter() - began)
        n = len(raster)
        lines.append(f"{n} spikes {best * 1e3:.1f} ms, {best / max(n, 1) * 1e9:.0f} ns each")
    if in_earnest:
        with capsys.disabled():
            print("\n" + "\n".join(lines))
