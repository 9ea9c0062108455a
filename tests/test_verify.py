"""Checking a session folder against its manifest and by reading it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from mockrawio import MockSessionError, NotASessionError, SessionSpec, generate_session
from mockrawio.verify import verify_session


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small session as the generator leaves it."""
    return generate_session(SessionSpec.tiny(patient_id=1, session_nr=1, seed=0), tmp_path_factory.mktemp("made"))


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it that a test may damage."""
    return shutil.copytree(made, tmp_path / "a session ü")


@pytest.fixture
def bare(folder):
    """The same without a manifest."""
    (folder / "session_manifest.json").unlink()
    return folder


def test_as_generated(made):
    """A session as generated is ok, and says that its manifest was there to compare with."""
    found = verify_session(made)
    assert found.ok
    assert found.has_manifest
    assert (found.missing, found.extra, found.changed, found.problems, found.warnings) == ((),) * 5


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_without_manifest(encoding, tmp_path):
    """Without a manifest a sound session of either encoding is ok by its structure."""
    spec = SessionSpec.tiny(patient_id=1, session_nr=1, seed=0, encoding=encoding)
    folder = generate_session(spec, tmp_path)
    (folder / "session_manifest.json").unlink()
    found = verify_session(folder)
    assert found.ok
    assert not found.has_manifest


def test_kinds_of_difference(folder):
    """Missing, extra and changed files are told apart."""
    (folder / "ChannelNames.txt").unlink()
    (folder / "notes.txt").write_text("mine")
    lfp = next((folder / "lfp_data").iterdir())
    data = bytearray(lfp.read_bytes())
    data[-100] ^= 1
    lfp.write_bytes(data)
    found = verify_session(folder)
    assert not found.ok
    assert found.missing == ("ChannelNames.txt",)
    assert found.extra == ("notes.txt",)
    assert found.changed == (f"lfp_data/{lfp.name}",)


def test_same_size_other_bytes(folder):
    """One flipped bit of a waveform is found by the manifest, though the file can be read."""
    unit = sorted((folder / "spiking_data").iterdir())[0]
    data = bytearray(unit.read_bytes())
    data[len(data) // 2] ^= 1
    unit.write_bytes(data)
    found = verify_session(folder)
    assert found.changed == (f"spiking_data/{unit.name}",)
    assert not found.ok


def test_truncated_without_manifest(bare):
    """A file cut short is a problem that names it, without any manifest."""
    lfp = next((bare / "lfp_data").iterdir())
    lfp.write_bytes(lfp.read_bytes()[:-1000])
    found = verify_session(bare)
    assert not found.ok
    assert lfp.name in found.problems[0]


def test_out_of_order_in_the_middle(bare):
    """Spike times out of order in the middle, which opening does not look at, are found."""
    unit = sorted((bare / "spiking_data").iterdir())[0]
    values = np.load(unit, allow_pickle=True).item()
    times = values["spike_times"]
    middle = len(times) // 2
    times[[middle, middle + 1]] = times[[middle + 1, middle]]
    np.save(unit, values, allow_pickle=True)
    found = verify_session(bare)
    assert not found.ok
    assert unit.name in found.problems[0]


def test_bad_log_line(bare):
    """A malformed line of a log, which is read on first use only, is found and numbered."""
    log = next((bare / "daq_files").iterdir())
    lines = log.read_text().splitlines()
    lines[4] = "not four numbers"
    log.write_text("\n".join(lines) + "\n")
    found = verify_session(bare)
    assert not found.ok
    assert any("line 5" in problem for problem in found.problems)


def test_several_problems(bare):
    """All problems are reported, not only the first."""
    log = next((bare / "daq_files").iterdir())
    log.write_text(log.read_text() + "not four numbers\n")
    watchlog = next((bare / "watchlogs").iterdir())
    watchlog.write_text(watchlog.read_text() + "nonsense\n")
    found = verify_session(bare)
    assert len(found.problems) == 2


def test_bad_manifest(folder):
    """A manifest that is no manifest is a problem; the structure is checked all the same."""
    (folder / "session_manifest.json").write_text("{}")
    found = verify_session(folder)
    assert not found.ok
    assert len(found.problems) == 1
    assert "session_manifest.json" in found.problems[0]


def test_emptied_folder(folder):
    """A folder of which only the manifest is left has every file missing."""
    count = len(json.loads((folder / "session_manifest.json").read_text())["files"])
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "session_manifest.json":
            path.unlink()
    found = verify_session(folder)
    assert len(found.missing) == count
    assert not found.ok


def test_warning_is_told(bare):
    """What the reader warns of is told, and does not fail the check."""
    log = next((bare / "watchlogs").iterdir())
    log.write_text(log.read_text() + "Pausing\n")
    found = verify_session(bare)
    assert found.ok
    assert any("ends in a pause" in warning for warning in found.warnings)


@pytest.mark.parametrize("name", ["", "absent"])
def test_not_a_session(tmp_path, name):
    """A folder without any of a session's files, or none at all, is an error."""
    with pytest.raises(NotASessionError) as caught:
        verify_session(tmp_path / name)
    assert isinstance(caught.value, MockSessionError)


def test_file_in_place_of_folder(tmp_path):
    """A file in place of a folder is an error too."""
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(NotASessionError):
        verify_session(path)


def test_as_dict(folder):
    """The findings as a dict survive JSON, with the verdict in it."""
    (folder / "notes.txt").write_text("mine")
    found = json.loads(json.dumps(verify_session(folder).as_dict()))
    assert found["ok"] is False
    assert found["extra"] == ["notes.txt"]
    assert found["manifest"] is True


def test_progress(made, capsys):
    """A bar is shown on stderr when asked for, and nothing is otherwise."""
    verify_session(made)
    assert capsys.readouterr().err == ""
    verify_session(made, progress=True)
    assert "manifest" in capsys.readouterr().err


def test_writes_nothing(folder):
    """Checking leaves no file behind in the folder."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    verify_session(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
