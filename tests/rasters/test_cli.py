"""`mockrawio raster`: files, lines, errors and exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.ground.extras import install_command
from mockrawio.rasters import RasterSpec, generate_raster, poisson_raster, read_sonata, write_sonata
from mockrawio.rasters.bridges import session_raster

SPEC = """
duration_s = 2.0
seed = 3

[[groups]]
name = "exc"
n_units = 40
rate_hz = 5.0

[[groups]]
name = "inh"
n_units = 10
rate_hz = 8.0
"""


@pytest.fixture
def spec(tmp_path):
    """A file of two groups."""
    path = tmp_path / "groups.toml"
    path.write_text(SPEC)
    return path


def run(*arguments):
    """Run `mockrawio raster` in this process."""
    return CliRunner().invoke(main, ["raster", *map(str, arguments)])


def assert_one_line_error(result, *words):
    """Check for exit code 1 and a single line on stderr that has the words in it."""
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert all(word in line for word in words)


def assert_same(one, other):
    """Check that two rasters have the same spikes in the same order."""
    assert np.array_equal(one.times_ms, other.times_ms)
    assert np.array_equal(one.node_ids, other.node_ids)
    assert dict(one.groups) == dict(other.groups)
    assert one.duration_ms == other.duration_ms


def test_a_spec(spec, tmp_path):
    """The file has the spec's spikes; each group has a line with its counts."""
    out = tmp_path / "new folder" / "out.h5"
    result = run("--spec", spec, "-o", out)
    assert result.exit_code == 0, result.output
    raster = generate_raster(RasterSpec.from_toml(spec))
    assert_same(read_sonata(out), raster)
    exc, inh = (len(raster.group(name)) for name in ("exc", "inh"))
    assert result.stdout.splitlines() == [
        f"exc: 40 units, {exc} spikes, {exc / 80:.2f} Hz per unit",
        f"inh: 10 units, {inh} spikes, {inh / 20:.2f} Hz per unit",
        f"in all: 50 units, {exc + inh} spikes, {(exc + inh) / 100:.2f} Hz per unit, 2 s",
        f"wrote {out}",
    ]
    assert result.stderr == ""


def test_seed(spec, tmp_path):
    """`--seed` takes the place of the file's; the same seed makes the same file."""
    outs = [tmp_path / f"{k}.h5" for k in range(4)]
    for out, options in zip(outs, [[], ["--seed", 3], ["--seed", 4], ["--seed", 4]], strict=True):
        assert run("--spec", spec, "-o", out, *options).exit_code == 0
    contents = [out.read_bytes() for out in outs]
    assert contents[0] == contents[1] != contents[2] == contents[3]


@pytest.mark.parametrize("sorting", ["by_time", "by_id", "none"])
def test_sorting(spec, tmp_path, sorting):
    """The spikes are in the order that was asked for."""
    assert run("--spec", spec, "-o", tmp_path / "out.h5", "--sorting", sorting).exit_code == 0
    raster = read_sonata(tmp_path / "out.h5")
    ascending = raster.node_ids if sorting == "by_id" else raster.times_ms
    assert (ascending[1:] >= ascending[:-1]).all()


@pytest.mark.slow
def test_plot(spec, tmp_path):
    """`--plot` draws the figure beside the file."""
    result = run("--spec", spec, "-o", tmp_path / "out.h5", "--plot", tmp_path / "out.png")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"wrote {tmp_path / 'out.png'}"
    content = (tmp_path / "out.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


@pytest.mark.slow
def test_a_session(tmp_path):
    """`--from` writes the units of a session."""
    folder = generate_session(SessionSpec.tiny(segments=(6.0, 4.0), seed=3), tmp_path)
    result = run("--from", folder, "-o", tmp_path / "units.h5", "--plot", tmp_path / "units.png")
    assert result.exit_code == 0, result.output
    raster = session_raster(folder)
    assert_same(read_sonata(tmp_path / "units.h5"), raster)
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:4]] == list(raster.groups)
    assert lines[4].startswith("in all: 4 units, ")


def test_progress(spec, tmp_path):
    """A bar is shown on stderr if asked for, and not without a terminal."""
    result = run("--spec", spec, "-o", tmp_path / "out.h5", "--progress")
    assert result.exit_code == 0
    assert "2.0/2.0 s" in result.stderr


@pytest.mark.slow
def test_overwrite(spec, tmp_path):
    """What is there is replaced only with `--overwrite`: the file, and the figure too."""
    out, plot = tmp_path / "out.h5", tmp_path / "out.png"
    assert run("--spec", spec, "-o", out).exit_code == 0
    before = out.read_bytes()
    assert_one_line_error(run("--spec", spec, "-o", out, "--seed", 4), str(out), "--overwrite")
    assert out.read_bytes() == before
    plot.write_text("mine")
    assert_one_line_error(run("--spec", spec, "-o", tmp_path / "new.h5", "--plot", plot), str(plot), "--overwrite")
    assert plot.read_text() == "mine"
    assert not (tmp_path / "new.h5").exists()
    assert run("--spec", spec, "-o", out, "--plot", plot, "--seed", 4, "--overwrite").exit_code == 0
    assert out.read_bytes() != before
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-o", "out.h5"],
        ["--spec", "groups.toml"],
        ["--spec", "groups.toml", "--from", "folder", "-o", "out.h5"],
        ["--from", "folder", "-o", "out.h5", "--seed", "1"],
        ["--spec", "groups.toml", "-o", "out.h5", "--seed", "-1"],
        ["--spec", "groups.toml", "-o", "out.h5", "--sorting", "by_name"],
        ["--spec", "groups.toml", "-o", "out.png", "--plot", "out.png"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments, spec, monkeypatch):
    """Wrong usage is exit code 2, with the reason last on stderr, and nothing is made."""
    monkeypatch.chdir(spec.parent)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert list(spec.parent.iterdir()) == [spec]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("duration_s = ", ["groups.toml", "TOML"]),
        ("duration_s = 1.0", ["groups"]),
        (SPEC.replace("rate_hz = 8.0", "rate_hz = -8.0"), ["inh", "rate_hz", "-8.0"]),
        (SPEC.replace("n_units", "units"), ["units"]),
        (SPEC + 'follows = "nobody"\n', ["inh", "nobody"]),
    ],
    ids=["syntax", "no groups", "negative rate", "unknown field", "unknown leader"],
)
def test_a_bad_spec(text, words, spec, tmp_path):
    """What is wrong with a spec is one line that names it, and nothing is made."""
    spec.write_text(text)
    assert_one_line_error(run("--spec", spec, "-o", tmp_path / "out.h5"), *words)
    assert list(tmp_path.iterdir()) == [spec]


def test_nothing_there(tmp_path):
    """A spec or a session that is not there is one line too."""
    assert_one_line_error(run("--spec", tmp_path / "no.toml", "-o", tmp_path / "out.h5"), "no.toml")
    assert_one_line_error(run("--from", tmp_path, "-o", tmp_path / "out.h5"), str(tmp_path))


def test_no_such_kind_of_figure(spec, tmp_path):
    """An ending that matplotlib does not write is told before anything is made."""
    result = run("--spec", spec, "-o", tmp_path / "out.h5", "--plot", tmp_path / "a.doc")
    assert result.exit_code == 2
    assert "a.doc" in result.stderr and "png" in result.stderr
    assert list(tmp_path.iterdir()) == [spec]


def test_without_matplotlib(spec, tmp_path, monkeypatch):
    """Without matplotlib `--plot` says what to install."""
    monkeypatch.delitem(sys.modules, "mockrawio.rasters.figure", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    result = run("--spec", spec, "-o", tmp_path / "out.h5", "--plot", tmp_path / "a.png")
    assert_one_line_error(result, install_command("plot"))


@pytest.mark.slow
def test_help_is_light():
    """Help needs neither HDF5 nor matplotlib nor what makes rasters."""
    code = (
        "import sys; from click.testing import CliRunner; from mockrawio.cli import main; "
        "assert CliRunner().invoke(main, ['raster', '--help']).exit_code == 0; "
        "print([m for m in ('h5py', 'matplotlib', 'mockrawio.rasters', 'mockrawio.generate') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_spec(tmp_path):
    """The groups of the source tree's example are a spec."""
    path = Path(__file__).parents[2] / "example" / "groups.toml"
    assert [group.name for group in RasterSpec.from_toml(path).groups] == ["excitatory", "inhibitory", "background"]


def test_generate_takes_spikes_from_a_file(tmp_path):
    """`mockrawio generate --spikes` makes a session whose units are the file's nodes."""
    raster = poisson_raster([5.0] * 3, duration_s=4.0, refractory_ms=3.0, seed=1)
    path = write_sonata(tmp_path / "spikes.h5", raster)
    command = ["generate", str(tmp_path / "root"), "--spikes", str(path), "--duration", "5", "--seed", "1"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    with MockSessionRawIO(result.stdout.splitlines()[-1]) as reader:
        counts = sorted(reader.spike_count(unit_index=k) for k in range(reader.unit_channels_count()))
    assert counts == sorted(np.unique(raster.node_ids, return_counts=True)[1].tolist())
