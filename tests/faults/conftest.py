"""The faults' outcomes, from the program that lets them befall writers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # thousands of files, all soon gone


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How every writer of `scenarios.py` ended, by its name and the kind of fault."""
    root = tempfile.mkdtemp(dir=MEMORY) if MEMORY else str(tmp_path_factory.mktemp("faults"))
    command = [sys.executable, "-m", "tests.faults.driver", root]
    # Without what measures coverage too: its own files would be among those that are counted and killed.
    rest = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    alone = {**rest, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}  # little to fork
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    shutil.rmtree(root)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))
