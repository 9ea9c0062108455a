"""The pipeline in example/ finds what is planted, by each library that it may run with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mockrawio import truth
from tests.device.backends import OPTIONAL, as_numpy

LIBRARIES = ["numpy", *(name for name in OPTIONAL if name == "torch")]


@pytest.fixture(params=LIBRARIES)
def pipeline(request: pytest.FixtureRequest) -> ModuleType:
    """The example, with its arrays of one library."""
    script = Path(__file__).parents[2] / "example" / "device_pipeline.py"
    spec = importlib.util.spec_from_file_location("device_pipeline", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.OUT, module.xp = request.param, importlib.import_module(request.param)
    return module


def test_chunks_are_not_seen(pipeline):
    """Filtered in uneven pieces, samples are those of one convolution of it all, each there but for the last."""
    values = np.random.default_rng(5).normal(0, 20, (3000, 5)).astype(np.float32)
    pieces = [values[a:b] for a, b in ((0, 700), (700, 701), (701, 2100), (2100, 3000))]
    found = np.full_like(values, np.nan)
    for first, clean in pipeline.filtered((pipeline.xp.asarray(piece) for piece in pieces), 32000.0):
        inner = as_numpy(clean)[1:-1]
        assert np.isnan(found[first + 1 : first + 1 + len(inner)]).all()
        found[first + 1 : first + 1 + len(inner)] = inner
    kernel, half = pipeline.high_pass(32000.0)[:, 0].astype(float), pipeline.HALF
    around = np.pad(values.astype(float), ((half, half), (0, 0)), mode="edge")
    wanted = np.stack([np.convolve(column, kernel, "valid") for column in around.T], axis=1)
    wanted -= np.median(wanted, axis=1)[:, None]
    np.testing.assert_allclose(found, wanted, atol=1e-3)  # float32 of 20 µV and an FFT's rounding


@pytest.mark.slow
def test_spikes_are_those_planted(pipeline, tmp_path, capsys):
    """Of a session's units each is found on its own channel, every spike of it, with one false one at most."""
    pytest.importorskip("scipy")
    folder = pipeline.session(tmp_path, 4, 8)
    scored = pipeline.run(folder)
    assert {unit.id for unit in scored.units} == set(truth(folder).units)
    assert all(unit.found_unit == unit.id.split("_")[0] for unit in scored.units)
    assert all(unit.n_matched == unit.n_true >= unit.n_found - 1 for unit in scored.units)
    assert ("torch is not installed" in capsys.readouterr().out) == (pipeline.OUT == "numpy")


def test_the_deepest_of_near_peaks(pipeline):
    """Of peaks near each other the deepest is kept, of equals the first; one far off, in time or place, stays."""
    samples = np.array([10, 12, 12, 30, 100, 100, 200, 210])
    channels = np.array([0, 1, 9, 2, 3, 4, 5, 5])
    depths = np.array([-50.0, -80, -60, -70, -40, -40, -30, -31])
    kept, where = pipeline.spikes(samples, channels, depths)
    assert list(zip(kept.tolist(), where.tolist(), strict=True)) == [(12, 1), (12, 9), (100, 3), (210, 5)]
