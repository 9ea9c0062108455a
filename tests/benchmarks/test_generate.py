"""How long two workers take to make a session of Epiphyte's size, and how much memory it takes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.conftest import Hold, Memory
from tests.benchmarks.rows_make import session

MOST_MIB = 100  # of sessions of 73 and 149 MB
READY = """
from mockrawio import SessionSpec, generate_session
generate_session(SessionSpec.tiny(seed=0), sys.argv[1] + "/tiny")
"""
WORK = 'generate_session(SessionSpec.epiphyte(seed=3, encoding=sys.argv[2]), sys.argv[1] + "/epiphyte")'


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.parametrize("encoding", ["float64", "int16"])
def test_generate_with_two_workers(hold: Hold, in_earnest: bool, tmp_path: Path, encoding: str) -> None:
    """A session of about 100 minutes; of a minute in a test run. One worker is a row of the table."""
    length = {} if in_earnest else {"duration_s": 60.0}
    hold(session(tmp_path, encoding, n_workers=2, **length), 7)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("encoding", ["float64", "int16"])
def test_memory_of_generate_session(memory: Memory, tmp_path: Path, encoding: str) -> None:
    """While a session of about 100 minutes is made, far less of it is in memory than on the disk."""
    assert memory(READY, WORK, tmp_path, encoding) < MOST_MIB
