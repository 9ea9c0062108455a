"""Files are recognised by name, in natural order; what is no session is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockrawio.ground.errors import BadFileError, NotASessionError
from mockrawio.session import layout
from tests.handmade import STAMP, T0, Handmade


def test_paths_are_built_and_recognised(tmp_path: Path) -> None:
    """Every name that is built is parsed back to what it was built of."""
    assert layout.session_folder(tmp_path, 7, 1) == tmp_path / "patient_data" / "7" / "session_1"
    unit = layout.UnitName(12, "MU", 3)
    assert layout.unit_file(unit) == "spiking_data/CSC12_MU3.npy"
    assert layout.parse_unit_file("CSC12_MU3.npy") == unit
    assert layout.daq_file(T0) == f"daq_files/timedDAQ-log-{STAMP}.log"
    assert layout.watchlog_file(T0) == f"watchlogs/ffplay-watchlog-{STAMP}.log"
    label = layout.LabelName(2, "character2", "p1", "20240131")
    assert layout.label_file(label) == "2_character2_p1_20240131_character.npy"
    assert layout.parse_label_file("2_a_b_p1_20240131_character.npy") == layout.LabelName(2, "a_b", "p1", "20240131")


@pytest.mark.parametrize("name", ["CSC1_XX1.npy", "CSC_SU1.npy", "csc1_SU1.npy", "CSC1_SU1.npy.bak", "CSC1_SU.npy"])
def test_other_names_are_no_units(name: str) -> None:
    """Only CSC{channel}_{SU|MU}{number}.npy is a unit."""
    assert layout.parse_unit_file(name) is None


def test_epiphyte_folder(epiphyte: Path) -> None:
    """A folder we did not write is found whole: units in natural order, one of each other kind."""
    files = layout.find_files(epiphyte)
    channels = [unit.channel for unit in files.units]
    assert channels == [3, 5, 6, 6, 13, 34, 45, 73, 73, 76, 77, 78]
    assert list(files.lfp) == [1]
    assert files.number == 1
    assert all([files.info, files.channel_names, files.events, files.daq, files.watchlog])


def test_natural_order(handmade: Handmade) -> None:
    """CSC2 comes before CSC10, MU before SU, 2 before 11."""
    names = ["CSC10_SU1", "CSC2_SU11", "CSC2_SU2", "CSC2_MU1"]
    for name in names:
        handmade.unit(name)
    for channel in (10, 9, 1):
        handmade.lfp(channel)
    files = layout.find_files(handmade.folder)
    assert [unit.id for unit in files.units] == ["CSC2_MU1", "CSC2_SU2", "CSC2_SU11", "CSC10_SU1"]
    assert list(files.lfp) == [1, 9, 10]


def test_not_a_session(tmp_path: Path, handmade: Handmade) -> None:
    """An empty folder, a file, nothing at all: each is said, with what was looked for."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotASessionError, match=r"session_info\.npy.*spiking_data"):
        layout.find_files(tmp_path / "empty")
    with pytest.raises(NotASessionError, match="found nothing"):
        layout.find_files(tmp_path / "absent")
    with pytest.raises(NotASessionError, match="found a file"):
        layout.find_files(handmade.info())
    with pytest.raises(NotASessionError, match=r"Did you mean .*patient_data.4.session_2"):
        layout.find_files(tmp_path)


def test_names_that_do_not_fit_are_named(handmade: Handmade) -> None:
    """A .npy that is no unit is an error; hidden files and notes are left alone."""
    handmade.unit()
    (handmade.folder / "spiking_data" / "notes.txt").touch()
    (handmade.folder / "spiking_data" / "._CSC1_SU1.npy").touch()
    assert len(layout.find_files(handmade.folder).units) == 1
    (handmade.folder / "spiking_data" / "CSC1_SU1 copy.npy").touch()
    with pytest.raises(BadFileError, match=r"CSC1_SU1 copy.*CSC\{channel\}_\{SU\|MU\}\{number\}"):
        layout.find_files(handmade.folder)


@pytest.mark.parametrize("kind", ["daq", "watchlog"])
def test_two_logs_are_refused(kind: str, handmade: Handmade) -> None:
    """Where two logs lie, which is the session's is for its owner to say."""
    getattr(handmade, kind)()
    getattr(handmade, kind)(stamp="2022-07-02_00-00-00")
    with pytest.raises(BadFileError, match="one log for the session; found .* and .*"):
        layout.find_files(handmade.folder)


def test_labels(tmp_path: Path) -> None:
    """Annotations are found in order; a .npy that is none is left out aloud; none at all is an error."""
    for name in ("10_b_p1_20240101_character.npy", "2_a_p1_20240101_character.npy"):
        (tmp_path / name).touch()
    assert [label.number for label in layout.find_labels(tmp_path)] == [2, 10]
    (tmp_path / "other.npy").touch()
    with pytest.warns(UserWarning, match=r"other\.npy is left out"):
        assert len(layout.find_labels(tmp_path)) == 2
    for folder in (tmp_path / "absent", Path(__file__).parent):
        with pytest.raises(BadFileError, match="labels_dir="):
            layout.find_labels(folder)
