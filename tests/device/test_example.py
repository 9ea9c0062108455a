"""The pipeline in example/ finds what is planted, by each library that it may run with."""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio import truth
from tests.device.backends import OPTIONAL, as_numpy

pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "example" / "device_pipeline.py"


@pytest.fixture(scope="module", params=["numpy", *(name for name in OPTIONAL if name == "torch")])
def pipeline(request, tmp_path_factory):
    """What the example has made when it has run with 4 s of 8 channels, with torch hidden from it or not."""
    known, hidden = importlib.util.find_spec, "torch" if request.param == "numpy" else ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(SCRIPT), "4", "8", str(tmp_path_factory.mktemp("pipeline"))])
        patch.setattr(importlib.util, "find_spec", lambda name: None if name == hidden else known(name))
        ran = SimpleNamespace(**runpy.run_path(str(SCRIPT)))
    assert ran.library == request.param
    return ran


def test_chunks_are_not_seen(pipeline):
    """Filtered in uneven pieces, samples are those of one convolution of it all, each there once."""
    values = np.random.default_rng(5).normal(0, 20, (3000, 5)).astype(np.float32)
    pieces = [values[a:b] for a, b in ((0, 700), (700, 701), (701, 2100), (2100, 3000))]
    found = np.full_like(values, np.nan)
    for first, clean in pipeline.filtered((pipeline.xp.asarray(piece) for piece in pieces), 32000.0):
        inner = as_numpy(clean)[1:-1]
        assert np.isnan(found[first + 1 : first + 1 + len(inner)]).all()
        found[first + 1 : first + 1 + len(inner)] = inner
    kernel, half = pipeline.high_pass(300.0, 32000.0)[:, 0].astype(float), pipeline.HALF
    around = np.pad(values.astype(float), ((half, half), (0, 0)), mode="edge")
    wanted = np.stack([np.convolve(column, kernel, "valid") for column in around.T], axis=1)
    wanted -= np.median(wanted, axis=1)[:, None]
    np.testing.assert_allclose(found, wanted, atol=1e-3)  # float32 of 20 µV and an FFT's rounding


def test_spikes_are_those_planted(pipeline):
    """Of a session's units each is found on its own channel, every spike of it, with one false one at most."""
    units = pipeline.result.units
    assert {unit.id for unit in units} == set(truth(pipeline.folder).units)
    assert all(unit.found_unit == unit.id.split("_")[0] for unit in units)
    assert all(unit.n_matched == unit.n_true >= unit.n_found - 1 for unit in units)
    assert (pipeline.place / "found.png").stat().st_size > 10_000


def test_the_deepest_of_near_troughs(pipeline):
    """Of troughs near each other the deepest is kept, of equals the first; one far off, in time or place, stays."""
    samples = np.array([10, 12, 12, 30, 100, 100, 200, 210])
    channels = np.array([0, 1, 9, 2, 3, 4, 5, 5])
    depths = np.array([-50.0, -80, -60, -70, -40, -40, -30, -31])
    kept, where = pipeline.spikes(samples, channels, depths)
    assert list(zip(kept.tolist(), where.tolist(), strict=True)) == [(12, 1), (12, 9), (100, 3), (210, 5)]
