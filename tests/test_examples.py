"""The scripts in example/ run, with nothing and with a folder, and leave what they say they leave."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest

from mockrawio import SessionSpec, generate_session

pytestmark = [pytest.mark.slow, pytest.mark.at_length(only=True)]

EXAMPLES = sorted((Path(__file__).parents[1] / "example").glob("*.py"))


OWN = "error::DeprecationWarning:__main__"
UNSHOWN = DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning


def start(script, *arguments):
    """Run a script as a user does and return what it prints."""
    command = [sys.executable, "-W", OWN, str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, said(done.stderr)) == (0, "")
    return done.stdout


def said(stderr):
    """Return what was said beside the progress bars."""
    return re.sub(r"[^\r\n]*\d+%\|[^\r\n]*", "", stderr).strip()


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, quick_figures):
    """What runs a script as if it were started, but in this process: imports take most of the time of one's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what would be shown, in a process of its own
            for category in UNSHOWN:
                warnings.simplefilter("ignore", category)
            warnings.filterwarnings("error", category=DeprecationWarning, module="__main__")
            runpy.run_path(str(script), run_name="__main__")
        printed = capsys.readouterr()
        assert said(printed.err) == ""
        return printed.out

    return call


def test_the_documented_pair_is_there():
    """The two layers' scripts stand side by side."""
    assert {"read_session_io.py", "read_session_rawio.py"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_without_arguments(script, run, tmp_path):
    """Each example runs with no arguments; its last line ends with a place, and a figure is left there or beside it."""
    printed = run(script).splitlines()
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


def test_make_session(run, tmp_path):
    """The first example, started as a user does, makes a session in the folder it is given, twice if asked twice."""
    script = EXAMPLES[0].with_name("make_session.py")
    assert len(start(script, tmp_path).splitlines()) == len(run(script, tmp_path).splitlines()) > 5
    assert (tmp_path / "patient_data" / "1" / "session_1" / "session_manifest.json").is_file()


@pytest.mark.parametrize("script", [path for path in EXAMPLES if path.name.startswith("read_")], ids=lambda p: p.name)
def test_with_a_folder(script, run, tmp_path):
    """The reading examples read the folder they are given, float64 and gaps included."""
    spec = SessionSpec(
        patient_id=4, session_nr=3, segments=(3.0, 2.0), n_channels=8, n_units=2, encoding="float64", seed=1
    )
    printed = run(script, generate_session(spec, tmp_path / "a root ü"), tmp_path / "figures")
    assert list((tmp_path / "figures").glob("*.png"))
    assert "CSC" in printed
    assert "movie_frames" in printed


@pytest.mark.parametrize("n_channels", [1, 16])
def test_spikeinterface_recording(n_channels, run, tmp_path):
    """SpikeInterface's page runs on a session with gaps and on one of one channel; it leaves figures, and files."""
    spec = SessionSpec(segments=(3.0, 2.0), n_channels=16, n_lfp_channels=n_channels, n_units=2, seed=1)
    script = EXAMPLES[0].with_name("spikeinterface_recording.py")
    folder = generate_session(spec, tmp_path / "a root ü")
    printed = run(script, folder, tmp_path / "figures")
    assert f"MockSessionRecordingExtractor: {n_channels} channels - 1000.0Hz - 2 segments" in printed
    figures = sorted(path.name for path in (tmp_path / "figures").glob("*.png"))
    assert figures == ["bundle.png", "linear_probe.png", "session_probe.png", "spike.png"]
