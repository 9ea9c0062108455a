"""`mockrawio plot`: files, options, errors and exit codes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio.cli.report import plot_command
from mockrawio.ground.extras import install_command
from mockrawio.report import plots


def run(*arguments):
    """Run `mockrawio plot` in this process."""
    return CliRunner().invoke(plot_command, list(map(str, arguments)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "begins"), [(".png", b"\x89PNG"), (".PDF", b"%PDF"), (".svg", b"<?xml")], ids=["png", "pdf", "svg"]
)
def test_kinds_of_files(folders, tmp_path, suffix, begins):
    """The ending of the name says what is written; folders are made as needed."""
    target = tmp_path / "new" / f"figure{suffix}"
    result = run(folders["gaps"], "-o", target, "--what", "daq")
    assert (result.exit_code, result.output) == (0, f"wrote {target}\n")
    assert target.read_bytes().startswith(begins)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.slow
def test_every_part(folders, tmp_path, quick_figures):
    """All parts can be drawn, and differ; dots per inch are as asked for."""
    made = {}
    for what in plots.PANELS:
        assert run(folders["broadband"], "-o", tmp_path / f"{what}.png", "--what", what, "--dpi", 30).exit_code == 0
        made[what] = (tmp_path / f"{what}.png").read_bytes()
    assert len(set(made.values())) == len(plots.PANELS)
    width, _ = np.frombuffer(made["movie"], ">u4", 2, 16)
    assert width == 9 * 30


@pytest.mark.usefixtures("quick_figures")
def test_part_of_a_stream(folders, tmp_path, monkeypatch):
    """A stream is known by name or by index; limits reach the figure."""
    seen = []
    real = plots.save_figure
    monkeypatch.setattr(plots, "save_figure", lambda figure, *a, **k: (seen.append(figure), real(figure, *a, **k))[1])
    for stream in ("broadband", "1"):
        options = ("--what", "traces", "--stream", stream, "--start", 0.1, "--stop", 0.2, "--overwrite")
        assert run(folders["broadband"], "-o", tmp_path / "x.png", *options).exit_code == 0
    assert [figure.axes[0].get_xlim() for figure in seen] == [(0.1, 0.2)] * 2
    assert [figure.axes[0].get_title(loc="left")[:9] for figure in seen] == ["broadband"] * 2


def test_chosen_channels_and_units(folders, tmp_path, monkeypatch):
    """Channels and units are given with commas, by name, id or index; an unknown one is refused with the option."""
    seen = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, path, *a, **k: seen.append(figure) or path)
    for what, options in (("traces", ("--channels", "LA3, CSC1,1")), ("amplitudes", ("--units", "CSC7_SU1,1"))):
        assert run(folders["gaps"], "-o", tmp_path / "x.png", "--what", what, *options).exit_code == 0
    assert [tick.get_text() for tick in seen[0].axes[0].get_yticklabels()] == ["LA3", "LA1", "LA2"]
    assert seen[1].axes[0].get_title(loc="left").startswith("amplitudes of spikes: 2 of 3 units")
    result = run(folders["gaps"], "-o", tmp_path / "x.png", "--what", "traces", "--channels", "LA9")
    assert (result.exit_code, "--channels" in result.stderr, "'LA9'" in result.stderr) == (2, True, True)


@pytest.mark.parametrize(
    ("name", "options", "code", "says"),
    [
        ("x.txt", (), 2, "png"),
        ("x", (), 2, "png"),
        ("there.png", (), 1, "--overwrite"),
        ("folder", (), 1, "found a folder"),
        ("x.png", ("--stream", "nothing"), 2, "expected one of lfp; found 'nothing'"),
        ("x.png", ("--start", 3, "--stop", 2), 2, "--stop: expected a time from --start on"),
    ],
)
def test_refusals(folders, tmp_path, name, options, code, says):
    """What cannot be drawn or written is refused, and nothing is left behind."""
    (tmp_path / "there.png").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    result = run(folders["gaps"], "-o", tmp_path / name, *options)
    assert result.exit_code == code
    assert says in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "there.png"]
    assert (tmp_path / "there.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "options",
    [
        ("--what", "isi", "--stream", 0),
        ("--what", "daq", "--stop", 1),
        ("--what", "psth", "--channels", "LA1"),
        ("--what", "traces", "--units", "CSC7_SU1"),
        ("--dpi", 1),
    ],
)
def test_options_that_do_not_go_together(folders, tmp_path, options):
    """An option that would do nothing is wrong usage."""
    result = run(folders["gaps"], "-o", tmp_path / "x.png", *options)
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_not_into_the_session(folders):
    """Nothing is written into a session, whose files are all accounted for."""
    folder = folders["gaps"]
    before = sorted(folder.rglob("*"))
    result = run(folder, "-o", folder / "figures" / "x.png")
    assert "outside the session" in result.stderr
    assert sorted(folder.rglob("*")) == before


def test_without_matplotlib(folders, tmp_path, monkeypatch):
    """A missing matplotlib is said, with the command that brings it."""
    monkeypatch.setitem(sys.modules, "mockrawio.rasters.figure", None)
    result = run(folders["gaps"], "-o", tmp_path / "x.png")
    assert install_command("plot") in result.stderr
