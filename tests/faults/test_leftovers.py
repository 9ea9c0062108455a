"""A writer that is refused, or whose files have other names each time, cleans up after a killed one all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockrawio import GenerateData, SessionExistsError, SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.generate.annotations import generate_annotations
from mockrawio.generate.demo import run_data_generation
from mockrawio.ground import durable, whole_folder
from mockrawio.ground.durable import put_back, sibling, taken
from mockrawio.ground.whole_folder import WholeFolder
from mockrawio.report.html import write_report


def _report(place: Path) -> None:
    (place / "r.html").touch()
    with pytest.raises(SessionExistsError):
        write_report(generate_session(SessionSpec.tiny(), place / "of"), place / "r.html")


def _report_command(place: Path) -> None:
    (place / "r.html").touch()
    folder = generate_session(SessionSpec.tiny(), place / "of")
    assert CliRunner().invoke(main, ["report", str(folder), "-o", str(place / "r.html")]).exit_code == 1


def _demo(place: Path) -> None:
    (place / "patient_data" / "1" / "session_1" / "mine").mkdir()
    with pytest.raises(SessionExistsError):
        run_data_generation(place, 1)


def _generate_data(place: Path) -> None:
    session = GenerateData(1, 1, 0.1, seed=1, root=place, n_units=2, n_channels=8, duration_s=60.0)
    session.save_session_info()
    session.save_events()


REFUSED_OR_ELSEWHERE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "report": (_report, ["r.html"]),
    "report command": (_report_command, ["r.html"]),
    "demo": (_demo, ["patient_data/2/session_1", "patient_data/1/session_1"]),
    "annotations": (
        lambda place: generate_annotations(place, seed=1, date="20260101"),
        ["1_x_p9_20250101_character.npy"],
    ),
    "GenerateData": (
        _generate_data,
        ["patient_data/1/session_1/spiking_data/CSC9_MU9.npy", "patient_data/1/session_1/session_manifest.json"],
    ),
}


@pytest.mark.parametrize("name", REFUSED_OR_ELSEWHERE)
def test_writers_that_do_not_write_there(name: str, tmp_path: Path) -> None:
    """What a killed writer left goes, too, when the next one is refused, or writes files of other names."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    write_again, targets = REFUSED_OR_ELSEWHERE[name]
    left = [(tmp_path / t).with_name(f".{Path(t).name}.partial-{dead.pid}-{durable._HOST}00") for t in targets]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if name == "demo":
        (tmp_path / "patient_data" / "1" / "session_1").mkdir()
    write_again(tmp_path)
    assert [path for path in left if path.exists()] == []


def test_what_lands_while_another_is_put_back(tmp_path, monkeypatch):
    """What a writer moved aside goes, and does not stay beside the target, if another one lands just before."""
    aside, target = sibling(tmp_path / "s", "replaced"), tmp_path / "s"
    aside.mkdir()
    (aside / "old").touch()
    real = os.rename

    def rename(source, place):
        if Path(place) == target and not target.exists():
            target.mkdir()
            (target / "new").touch()
        real(source, place)

    monkeypatch.setattr(os, "rename", rename)
    put_back(aside, target)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["s", "s/new"]


def test_a_target_that_goes_while_it_is_looked_at(tmp_path, monkeypatch):
    """A folder that another writer moves aside meanwhile is not there, which is no error."""
    target = tmp_path / "s"
    target.mkdir()
    real = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: (path.rmdir(), real(path))[1])
    assert not taken(target)


def test_what_has_landed_is_not_undone(tmp_path, monkeypatch):
    """If another writer moves the new folder aside at once, the old one does not come back in its place."""
    target, others = tmp_path / "s", tmp_path / "moved"
    target.mkdir()
    (target / "old").touch()

    def sync(folder):
        if folder == tmp_path and (target / "new").exists():
            os.rename(target, others)

    monkeypatch.setattr(whole_folder, "sync_folder", sync)
    with WholeFolder(target, overwrite=True) as writer:
        writer.path("new").touch()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["moved", "moved/new"]
