"""`mockrawio hybrid`: the sample's parameter files from end to end, exit codes, one-line errors."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from mockrawio.cli import main
from mockrawio.ground.extras import install_command
from mockrawio.hybrid import load_firings
from tests.hybrid.samples import HYBRID
from tests.hybrid.sorter import annotated, write_phy

ORIGINAL = "11c9a37f4afef26c8caa8600edd730ccc17cba399f0d68cd5573b228165e3ea2"  # of hybridfactory's own result
RESULT = "bench_g0_t0.imec.ap.GT.bin"
FOUR_THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "4")


def copied(folder):
    return shutil.copytree(HYBRID, folder / "a bench ü", ignore=shutil.ignore_patterns("original*", "truth.npz"))


@pytest.fixture
def bench(tmp_path):
    """A copy of the sample, since its parameter files put results beside themselves."""
    return copied(tmp_path)


def run(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(main, ["hybrid", *map(str, arguments)])


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_one_line_error(result, *words):
    """Check for exit code 1 and a single line on stderr that has the words in it."""
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize("kind", ["phy", "ks", "jrc"])
def test_generate_params_py(bench, kind):
    """Each of the sample's params.py files makes both units, and stdout says so, with counts and files."""
    result = run("generate", bench / f"params_{kind}.py", "--no-progress")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("unit 6 -> 11: 163 events on ")
    assert lines[1].startswith("unit 9 -> 12: 229 events on ")
    assert lines[-1].startswith("made 2 of 2 units, 392 events, 0 samples clipped (seed 10191")
    (folder,) = bench.glob("hybrid_*")
    written = {line.removeprefix("wrote ") for line in lines if line.startswith("wrote ")}
    assert written == {str(path) for path in folder.iterdir()}
    assert load_firings(folder / "firings_true.npy").shape == (3, 392)


def test_generate_compat(bench):
    """With --compat the result is the original's, byte for byte."""
    result = run("generate", bench / "params_phy.py", "--compat", "-o", bench / "out")
    assert result.exit_code == 0, result.output
    assert hashlib.sha256((bench / "out" / RESULT).read_bytes()).hexdigest() == ORIGINAL


@pytest.mark.parametrize("extra", [[], ["--compat"]], ids=["default", "compat"])
def test_dry_run_writes_nothing(bench, monkeypatch, extra):
    """A dry run says what would be made, and leaves every folder as it was."""
    temporary = bench.parent / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    before = tree(bench.parent)
    result = run("generate", bench / "params_phy.py", "--dry-run", "--progress", *extra)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("would make 2 of 2 units, 392 events (seed 10191")
    assert "nothing was written" in result.stdout
    assert "wrote" not in result.stdout
    assert tree(bench.parent) == before
    assert list(temporary.iterdir()) == []


def test_generate_toml_again(bench):
    """The parameter file that a run writes makes the same bytes again, on any number of workers."""
    assert run("generate", bench / "params_phy.py", "--phy-base", 1).exit_code == 0
    folder = bench / "hybrid_phy"
    result = run("generate", folder / "hfparams_bench.toml", "-o", bench / "again", "--workers", 2)
    assert result.exit_code == 0
    for name in (RESULT, "firings_true.npy", "events-bench.npz"):
        assert (bench / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_skipped_units(bench):
    """A unit that cannot be made is exit code 1, with the reason; --allow-skips makes it 0. The rest is made."""
    path = bench / "params_phy.py"
    path.write_text(path.read_text().replace("[6, 9]", "[6, 77]"))
    result = run("generate", path)
    assert result.exit_code == 1
    assert "unit 77: skipped: the sorting has no spikes of unit 77" in result.stdout.splitlines()
    assert "made 1 of 2 units, 163 events" in result.stdout
    assert (bench / "hybrid_phy" / RESULT).is_file()
    assert run("generate", path, "--dry-run").exit_code == 1
    assert run("generate", path, "--allow-skips").exit_code == 0


def test_refused_line(bench):
    """A params.py that is more than data is refused in one line, with its file and line number; nothing runs."""
    path = bench / "params_phy.py"
    path.write_text(path.read_text() + f"\nopen({str(bench / 'ran')!r}, 'w')\n")
    number = len(path.read_text().splitlines())
    assert_one_line_error(run("generate", path), f"params_phy.py, line {number}")
    assert not (bench / "ran").exists()
    assert not (bench / "hybrid_phy").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sample_rate = 30000", "sample_rate = -1", ["params_phy.py, line 7", "sample_rate"]),
        ("samples_before", "samples_befor", ["samples_befor"]),
        ('"sort_phy"', '"sort_none"', ["params_phy.py, line 4", "data_directory"]),
        ("sample_rate = 30000", "sample_rate = 25000", ["imSampRate"]),
    ],
    ids=["value", "name", "path", "meta"],
)
def test_bad_parameters(bench, old, new, words):
    """Values, names and paths that are wrong are one line each."""
    path = bench / "params_phy.py"
    path.write_text(path.read_text().replace(old, new))
    assert_one_line_error(run("generate", path), *words)


def test_files_that_are_not_there(bench):
    """Missing inputs are one line each, exit code 1."""
    assert_one_line_error(run("generate", bench / "absent.toml"), "absent.toml")
    assert_one_line_error(run("validate", bench / "absent", bench / "sort_phy"), "absent")
    assert_one_line_error(run("validate", HYBRID / "original_output", bench), "a bench")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["generate"],
        ["validate"],
        ["validate", "hybrid"],
        ["generate", "params.toml", "--phy-base", "2"],
        ["generate", "params.toml", "--workers", "0"],
        ["validate", "hybrid", "sorted", "--window-ms", "-1"],
        ["validate", "hybrid", "sorted", "--match-score", "0"],
        ["validate", "hybrid", "sorted", "--type", "other"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments, tmp_path, monkeypatch):
    """Wrong usage is exit code 2, with the reason last on stderr."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [[], ["generate"], ["validate"]], ids=str)
def test_help(command):
    """Help has an example and what the exit codes mean."""
    result = run(*command, "--help")
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert ": mockrawio hybrid " in text.partition("Example")[2]
    assert "Exit codes: 0" in text
    if command == ["generate"]:
        assert "a unit was skipped" in text


def test_progress(bench):
    """The bar is on stderr, and only there, when it is asked for; a pipe gets none."""
    assert run("generate", bench / "params_ks.py").stderr == ""
    shown = run("generate", bench / "params_ks.py", "--progress")
    assert "hybrid" in shown.stderr and "%" in shown.stderr
    assert "%" not in shown.stdout


@pytest.fixture(scope="module")
def sorted_(tmp_path_factory):
    """The hybrid data of the sample, and a sorter's folder that has found all of it."""
    bench = copied(tmp_path_factory.mktemp("sorted"))
    assert run("generate", bench / "params_phy.py").exit_code == 0
    folder = bench / "hybrid_phy"
    return folder, write_phy(bench / "sorted", annotated(folder))


def test_validate(sorted_):
    """The tables are on stdout; without a folder for them no file is written."""
    folder, sorter = sorted_
    before = tree(folder.parent)
    result = run("validate", folder, sorter)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["6", "163", "11", "163", "163", "1.000", "1.000", "1.000", "11", "1.000"] in lines
    assert ["9", "229", "12", "229", "229", "1.000", "1.000", "1.000", "12", "1.000"] in lines
    assert "templates were not compared" in result.stdout
    assert tree(folder.parent) == before


@pytest.mark.usefixtures("quick_figures")
def test_validate_writes(sorted_, tmp_path):
    """With a folder tables and figures land in it; --no-figures leaves those out."""
    folder, sorter = sorted_
    result = run("validate", folder, sorter, "-o", tmp_path / "out")
    names = {"units.csv", "confusion.csv", "confusion.png", "units.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert result.stdout.count("\nwrote ") == 4
    run("validate", folder, sorter, "-o", tmp_path / "few", "--no-figures")
    assert {path.name for path in (tmp_path / "few").iterdir()} == {"units.csv", "confusion.csv"}


@pytest.mark.usefixtures("quick_figures")
def test_validate_json(sorted_, tmp_path):
    """The JSON on stdout is whole, and the options reach the comparison."""
    folder, sorter = sorted_
    options = ["--json", "--window-ms", "0.5", "--offset", "16", "--type", "phy", "--session", "bench"]
    found = json.loads(run("validate", folder, sorter, *options).stdout)
    assert (found["window_ms"], found["window_samples"], found["n_clusters"]) == (0.5, 15, 12)
    assert [unit["found_unit"] for unit in found["units"]] == [None, None]
    kept = json.loads(run("validate", folder, sorter, *options, "--offset", "15", "-o", tmp_path / "out").stdout)
    assert [unit["accuracy"] for unit in kept["units"]] == [1.0, 1.0]
    assert len(kept["files"]) == 4


def test_validate_without_matplotlib(sorted_, tmp_path, monkeypatch):
    """Figures that cannot be drawn are an error before any work, unless they are not wanted."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert_one_line_error(run("validate", *sorted_, "-o", tmp_path / "out"), install_command("plot"))
    assert run("validate", *sorted_, "-o", tmp_path / "out", "--no-figures").exit_code == 0


@pytest.mark.slow
def test_as_a_process(bench, sorted_):
    """As a process: results on stdout, nothing of progress in a pipe, 1 and one line for an error.

    With four threads of BLAS the result's bytes are those of one, as the tests have it.
    """
    command = [sys.executable, "-m", "mockrawio", "hybrid", "generate"]
    given = {"cwd": bench, "capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run([*command, "params_jrc.py"], env={**os.environ, **FOUR_THREADS}, **given)
    assert (done.returncode, done.stderr) == (0, "")
    assert (bench / "hybrid_jrc" / RESULT).read_bytes() == (sorted_[0] / RESULT).read_bytes()
    done = subprocess.run([*command, "absent.py"], **given)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


@pytest.mark.slow
def test_import_is_light():
    """The command imports neither the hybrid code nor what only it needs, until a command runs."""
    heavy = ["mockrawio.hybrid", "h5py", "matplotlib"]
    code = f"import sys, mockrawio.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


WORKING = ("hybrid", "generate", "rasters")


@pytest.fixture(scope="module")
def needing_neo():
    """Which of what works has Neo imported in the command's process, where one is imported after the other."""
    code = "import importlib, sys; sys.argv[0] = 'mockrawio'\n"
    code += f"for one in {WORKING!r}: importlib.import_module(f'mockrawio.{{one}}'); print('neo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(zip(WORKING, done.stdout.split(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("package", WORKING)
def test_work_without_neo(package, needing_neo):
    """What adds events, and what makes sessions and rasters, needs no Neo in the command's process."""
    assert needing_neo[package] == "False"
