"""Files are recognised by name, in natural order; what is no session is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.durable import sibling
from mockrawio.ground.errors import BadFileError, NotASessionError
from mockrawio.ground.folder import Identity
from mockrawio.ground.remote.writing import UNFINISHED
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


KINDS = {
    "info": ("info", "session_info.npy"),
    "names": ("channel_names", "ChannelNames.txt"),
    "events": ("events", "event_file/Events.npy"),
    "daq": ("daq", f"daq_files/timedDAQ-log-{STAMP}.log"),
    "watchlog": ("watchlog", f"watchlogs/ffplay-watchlog-{STAMP}.log"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_file_is_a_session(kind: str, handmade: Handmade) -> None:
    """A folder of one file of any kind is a session, and that file all it has."""
    path = getattr(handmade, kind)()
    attribute, name = KINDS[kind]
    files = layout.find_files(handmade.folder)
    layout.refuse_foreign(handmade.folder)
    assert path == handmade.folder / name and files.any()
    found = {key: getattr(files, key) for key, _ in KINDS.values()}
    assert {key: file.name for key, file in found.items() if file is not None} == {attribute: name}
    assert (files.sync, files.manifest, files.units, files.lfp, files.streams) == (None, None, {}, {}, {})


@pytest.mark.parametrize("kind", ["unit", "lfp", "stream"])
def test_one_array_is_a_session(kind: str, handmade: Handmade) -> None:
    """So is a folder of one unit, one LFP channel or one stream."""
    getattr(handmade, kind)()
    layout.refuse_foreign(handmade.folder)
    files = layout.find_files(handmade.folder)
    found = {"unit": list(files.units), "lfp": list(files.lfp), "stream": list(files.streams)}
    assert found == {"unit": [], "lfp": [], "stream": [], kind: found[kind]}
    assert found[kind] == {"unit": [layout.UnitName(1, "SU", 1)], "lfp": [1], "stream": ["broadband"]}[kind]
    assert files.number == 2 and files.any()


@pytest.mark.parametrize(
    ("names", "speaks"),
    [
        (["raw_data/a.npy"], False),
        (["raw_data/a.npy", "raw_data/a.json"], True),
        (["raw_data/.a.npy", "raw_data/.a.json"], False),
        (["raw_data/a.npy", "raw_data/b.json"], False),
        (["lfp_data/other.npy"], False),
        (["lfp_data/CSC7_lfp.npy"], True),
        (["lfp_data"], False),
        (["spiking_data/CSC1_MU12.npy"], True),
        (["spiking_data/CSC1_MU12.npy.bak"], False),
        (["event_file/Sync.npy"], True),
        (["event_file/sync.npy"], False),
        (["daq_files/timedDAQ-log-.log"], False),
        (["watchlogs/ffplay-watchlog-x.log"], True),
        (["session_manifest.json"], False),
        (["other/CSC7_lfp.npy"], False),
    ],
)
def test_which_names_speak_of_a_session(names: list[str], speaks: bool, tmp_path: Path) -> None:
    """A file of a session's name in its folder does; others, and one called as a folder, do not."""
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    if speaks:
        layout.refuse_foreign(tmp_path)
    else:
        with pytest.raises(NotASessionError, match="found none of them"):
            layout.refuse_foreign(tmp_path)


def test_folders_without_a_log(handmade: Handmade) -> None:
    """A folder in which no log lies has none; what else lies there is left alone."""
    handmade.info()
    for name in ("daq_files", "watchlogs", "event_file", "raw_data"):
        (handmade.folder / name).mkdir()
        (handmade.folder / name / "notes.txt").touch()
    files = layout.find_files(handmade.folder)
    assert (files.daq, files.watchlog, files.events, files.streams) == (None, None, None, {})


def test_events_and_sync(handmade: Handmade) -> None:
    """Both lie in one folder, and either may be missing."""
    path = handmade.events()
    sync = path.with_name("Sync.npy")
    sync.write_bytes(path.read_bytes())
    files = layout.find_files(handmade.folder)
    assert files.events is not None and files.events.path == str(path)
    assert files.sync is not None and files.sync.path == str(sync)
    path.unlink()
    files = layout.find_files(handmade.folder)
    assert (files.events, files.sync is None) == (None, False)


def test_streams_and_their_descriptions(handmade: Handmade) -> None:
    """A stream is called as its .npy; a .json alone is none, and a .npy alone an error."""
    handmade.stream("b")
    path = handmade.stream("a.x")
    path.with_name("c.json").touch()
    path.with_name(".d.npy").touch()
    files = layout.find_files(handmade.folder)
    assert {name: file.name for name, file in files.streams.items()} == {
        "a.x": "raw_data/a.x.npy",
        "b": "raw_data/b.npy",
    }
    path.with_suffix(".json").unlink()
    with pytest.raises(BadFileError, match=r"a\.x\.npy: expected a \.json of the same name beside it; found none"):
        layout.find_files(handmade.folder)


@pytest.mark.parametrize("ending", [".npy", ".json"])
def test_a_stream_that_lies_elsewhere(ending: str, handmade: Handmade, tmp_path: Path) -> None:
    """A link that leads out of the folder is an error, of a description as well as of an array."""
    path = handmade.stream().with_suffix(ending)
    path.rename(tmp_path / path.name)
    path.symlink_to(tmp_path / path.name)
    with pytest.raises(BadFileError, match=f"broadband\\{ending}: expected .*link"):
        layout.find_files(handmade.folder)


@pytest.mark.parametrize("kind", ["unit", "lfp"])
def test_two_files_of_one_number(kind: str, handmade: Handmade) -> None:
    """CSC1 and CSC01 are one channel, SU1 and SU01 of it one unit."""
    path = getattr(handmade, kind)()
    other = {"unit": "CSC01_SU01.npy", "lfp": "CSC01_lfp.npy"}[kind]
    path.with_name(other).write_bytes(b"")
    told = {"unit": "one file for unit CSC1_SU1; found two", "lfp": "one file for CSC1; found two"}[kind]
    with pytest.raises(BadFileError, match=told):
        layout.find_files(handmade.folder)


@pytest.mark.parametrize("name", ["lfp_data", "spiking_data", "raw_data", "daq_files", "watchlogs", "event_file"])
def test_a_file_in_a_folders_place(name: str, handmade: Handmade) -> None:
    """A file that is called as a folder is an error that names it."""
    handmade.info()
    (handmade.folder / name).touch()
    with pytest.raises(BadFileError, match=f"{name}: expected a folder; found a file"):
        layout.find_files(handmade.folder)


@pytest.mark.parametrize(
    ("ms", "name"), [(0, "00-00-00"), (999, "00-00-00"), (1000, "00-00-01"), (61_999.9, "00-01-01")]
)
def test_names_of_clocks_are_of_whole_seconds(ms: float, name: str) -> None:
    """A part of a second is left out."""
    assert layout.clock_name(ms) == f"1970-01-01_{name}"


def test_sessions_below_a_root(tmp_path: Path) -> None:
    """They come in the order of their numbers; those right below the root hide others; one session is itself."""
    names = [
        "patient_data/10/session_1",
        "patient_data/9/session_10",
        "patient_data/9/session_9",
        "patient_data/9/session_x",
    ]
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    assert layout.sessions_at(tmp_path) == [tmp_path / names[k] for k in (2, 1, 0)]
    (tmp_path / "a" / "session_3").mkdir(parents=True)
    assert layout.sessions_at(tmp_path) == [tmp_path / "a" / "session_3"]
    (tmp_path / "session_4").mkdir()
    assert layout.sessions_at(tmp_path) == [tmp_path / "session_4"]
    assert layout.find_files(Handmade(tmp_path / "one").info().parent).number is None
    assert layout.sessions_at(tmp_path / "one") == [tmp_path / "one"]
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / layout.MANIFEST).touch()
    assert layout.sessions_at(tmp_path / "lost") == [tmp_path / "lost"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotASessionError):
        layout.sessions_at(tmp_path / "empty")
    assert layout.sessions_at("http://host/session_1") == ["http://host/session_1"]


def test_number_of_a_folder() -> None:
    """Of up to nine digits, and nothing else."""
    for name, number in (
        ("session_12", 12),
        ("session_0123456789", None),
        ("session_1.new", None),
        ("xsession_1", None),
    ):
        files = layout.SessionFiles(DiskFolder(f"/nowhere/{name}"), Identity(0, 0, 0, 0))
        assert files.number == number
        assert not files.any()


def test_sessions_that_are_not_finished(handmade: Handmade) -> None:
    """What a writer has left behind is none, be it known by the folder's name or by a file in it."""
    handmade.info()
    (handmade.folder / UNFINISHED).touch()
    with pytest.raises(NotASessionError, match="expected a finished session; found one that a writer left unfinished"):
        layout.find_files(handmade.folder)
    (handmade.folder / UNFINISHED).unlink()
    layout.find_files(handmade.folder)
    left = handmade.folder.rename(sibling(handmade.folder, "partial"))
    for look in (layout.find_files, layout.refuse_foreign):
        with pytest.raises(NotASessionError, match="expected a finished session; found one that a writer left"):
            look(left)
    assert layout.is_staging(left) and not layout.is_staging(handmade.folder)
