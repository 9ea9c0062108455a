"""The scripts in example/ run, with nothing and with a folder, and leave what they say they leave."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockrawio import SessionSpec, generate_session

pytestmark = pytest.mark.slow

EXAMPLES = sorted((Path(__file__).parents[1] / "example").glob("*.py"))


def run(script, *arguments, temporary):
    """Run a script as a user does, with a folder for temporary files, and return what it prints."""
    command = [sys.executable, "-W", "error::DeprecationWarning:__main__", str(script), *map(str, arguments)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert re.sub(r"[^\r\n]*\d+%\|[^\r\n]*", "", done.stderr).strip() == ""  # but for progress bars
    return done.stdout


def test_the_documented_pair_is_there():
    """The two layers' scripts stand side by side."""
    assert {"read_session_io.py", "read_session_rawio.py"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_without_arguments(script, tmp_path):
    """Each example runs with no arguments; its last line ends with a place, and a figure is left there or beside it."""
    printed = run(script, temporary=tmp_path).splitlines()
    assert len(printed) > 5
    left = Path(printed[-1].rpartition(" ")[2])
    assert left.exists()
    assert left.is_relative_to(tmp_path)
    assert list(tmp_path.glob("mockrawio-*/**/*.png"))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_told_cell_by_cell(script):
    """The gallery has at least three cells of each example, each with some words before its code."""
    cells = script.read_text("utf-8").split("\n# %%\n")[1:]
    assert len(cells) >= 3
    assert all(re.match(r"# \w", cell) for cell in cells)


def test_make_session(tmp_path):
    """The first example makes a session in the folder it is given, twice if asked twice."""
    for _ in range(2):
        run(EXAMPLES[0].with_name("make_session.py"), tmp_path, temporary=tmp_path)
    assert (tmp_path / "patient_data" / "1" / "session_1" / "session_manifest.json").is_file()


@pytest.mark.parametrize("script", [path for path in EXAMPLES if path.name.startswith("read_")], ids=lambda p: p.name)
def test_with_a_folder(script, tmp_path):
    """The reading examples read the folder they are given, float64 and gaps included."""
    spec = SessionSpec(
        patient_id=4, session_nr=3, segments=(3.0, 2.0), n_channels=8, n_units=2, encoding="float64", seed=1
    )
    printed = run(script, generate_session(spec, tmp_path / "a root ü"), tmp_path / "figures", temporary=tmp_path)
    assert list((tmp_path / "figures").glob("*.png"))
    assert "CSC" in printed
    assert "movie_frames" in printed


@pytest.mark.parametrize("n_channels", [1, 16])
def test_spikeinterface_recording(n_channels, tmp_path):
    """SpikeInterface's page runs on a session with gaps and on one of one channel; it leaves figures, and files."""
    spec = SessionSpec(segments=(3.0, 2.0), n_channels=16, n_lfp_channels=n_channels, n_units=2, seed=1)
    script = EXAMPLES[0].with_name("spikeinterface_recording.py")
    folder = generate_session(spec, tmp_path / "a root ü")
    printed = run(script, folder, tmp_path / "figures", temporary=tmp_path)
    assert f"MockSessionRecordingExtractor: {n_channels} channels - 1000.0Hz - 2 segments" in printed
    figures = sorted(path.name for path in (tmp_path / "figures").glob("*.png"))
    assert figures == ["bundle.png", "linear_probe.png", "session_probe.png", "spike.png"]
