"""How fast a minute of broadband is made, by one worker and by two, and how much memory that takes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.benchmarks.conftest import Hold, Memory
from tests.benchmarks.rows_make import broadband

MOST_MIB = 100  # of a session of 307 MB, or of one of 1.5 GB
MOST_DRIFTING_MIB = 150
READY = """
from mockrawio import SessionSpec, generate_session
generate_session(SessionSpec.broadband(duration_s=1.0, n_channels=2, n_units=1, seed=0), sys.argv[1] + "/tiny")
"""
WORK = """
fields = {"duration_s": float(sys.argv[2]), "n_channels": 80, "n_units": 40, "seed": 1}
generate_session(SessionSpec.broadband(**fields), sys.argv[1] + "/made")
"""

DRIFT = """
from mockrawio.generate import Zigzag
fields = {"duration_s": float(sys.argv[2]), "motion": Zigzag(40.0, period_s=20), "seed": 1}
fields |= {"n_channels": int(sys.argv[3]), "n_units": int(sys.argv[4])}
generate_session(SessionSpec.neuropixels(**fields), sys.argv[1] + "/made")
"""


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.parametrize("n_workers", [1, 2])
def test_generate_broadband(hold: Hold, in_earnest: bool, tmp_path: Path, n_workers: int) -> None:
    """A minute of 80 channels with 40 units, the whole session written and hashed; a second of 4 in a test run."""
    seconds, n_channels = (60.0, 80) if in_earnest else (1.0, 4)
    hold(broadband(tmp_path, seconds, n_channels, n_workers=n_workers), 3)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("longer", [1, 5])
def test_memory_of_broadband(memory: Memory, in_earnest: bool, tmp_path: Path, longer: int) -> None:
    """However long a recording of 80 channels, little of it is in memory: a minute of it, or a second in a test run."""
    seconds = longer * (60 if in_earnest else 1)
    assert memory(READY, WORK, tmp_path, seconds) < MOST_MIB
    shutil.rmtree(tmp_path)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("longer", [1, 4])
def test_memory_of_drift(memory: Memory, in_earnest: bool, tmp_path: Path, longer: int) -> None:
    """However long 300 cells drift past 384 contacts, little is in memory; half a second past 96 in a test run."""
    seconds = longer * (10 if in_earnest else 0.5) + 0.5
    size = (384, 300) if in_earnest else (96, 300)
    assert memory(READY, DRIFT, tmp_path, seconds, *size) < MOST_DRIFTING_MIB
    shutil.rmtree(tmp_path)
