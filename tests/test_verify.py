"""Checking a session folder against its manifest and by reading it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO, NotASessionError, SessionSpec, generate_session
from mockrawio.ground.durable import sibling
from mockrawio.ground.errors import BadFileError
from mockrawio.session import manifest
from mockrawio.session.manifest import compare, differences, read_manifest
from mockrawio.verify import verify_session
from tests.length import part, rounds
from tests.manifests import rewrite, unsealed


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


def taken_in(folder):
    """Add what Epiphyte's database adds to a session: the watchlog's columns, and its clock on the recorder's."""
    lines = next((folder / "watchlogs").iterdir()).read_text().splitlines()[1:]
    frames = [line.split() for line in lines if line.startswith("pts")]
    pts, dts = np.array([float(f[1]) for f in frames]), np.array([int(f[3]) for f in frames])
    daq = np.loadtxt(next((folder / "daq_files").iterdir()), skiprows=3)
    slope, offset = np.polyfit(daq[:, 3] - dts[0], np.load(folder / "event_file" / "Events.npy")[:, 0] - dts[0], 1)
    arrays = {"pts": pts, "dts": dts, "neural_rec_time": (dts - dts[0]) * slope + offset + dts[0]}
    (folder / "movie_info").mkdir()
    for name, values in arrays.items():
        np.save(folder / "movie_info" / f"{name}.npy", values)
    return folder / "movie_info"


@pytest.mark.parametrize("has_manifest", [True, False])
def test_what_a_database_adds_is_known(folder, has_manifest):
    """A session that Epiphyte's database has taken in is as ok as before; what else lies beside its arrays is extra."""
    info = taken_in(folder)
    if not has_manifest:
        (folder / "session_manifest.json").unlink()
    assert verify_session(folder).ok
    np.save(info / "mine.npy", np.zeros(3))
    assert verify_session(folder).extra == (("movie_info/mine.npy",) if has_manifest else ())


SPOILED = {
    "of another log": ("pts", lambda a: a[:-1], "one for each frame of the watchlog; found"),
    "other times": ("pts", lambda a: a + 0.04, "the movie times of the watchlog"),
    "nan": ("neural_rec_time", lambda a: np.where(a == a[3], np.nan, a), "expected finite numbers"),
    "a table": ("dts", lambda a: a[:, None], r"expected numbers of shape \(n,\)"),
    "text": ("dts", lambda a: a.astype(str), r"expected numbers of shape .n,.; found <U"),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_arrays_of_a_database_that_do_not_belong_there(folder, spoiled):
    """What does not follow from the watchlog is a problem that names the file, and its remedy is one."""
    info = taken_in(folder)
    name, change, message = SPOILED[spoiled]
    np.save(info / f"{name}.npy", change(np.load(info / f"{name}.npy")))
    found = verify_session(folder)
    assert not found.ok
    (problem,) = found.problems
    assert re.search(rf"movie_info.{name}\.npy: .*{message}", problem)
    shutil.rmtree(info)
    assert verify_session(folder).ok


def test_an_array_of_a_database_that_is_none(folder, tmp_path):
    """A link out of the folder in the place of one is not followed."""
    info = taken_in(folder)
    shutil.move(info / "dts.npy", tmp_path / "dts.npy")
    (info / "dts.npy").symlink_to(tmp_path / "dts.npy")
    assert "a link out of it" in "".join(verify_session(folder).problems)
    assert verify_session(folder, follow_symlinks=True).ok


def test_kinds_of_difference(folder):
    """Missing, extra, changed and corrupt files are told apart."""
    (folder / "ChannelNames.txt").unlink()
    (folder / "notes.txt").write_text("mine")
    lfp = next((folder / "lfp_data").iterdir())
    data = bytearray(lfp.read_bytes())
    data[-100] ^= 1
    lfp.write_bytes(data)
    log = next((folder / "daq_files").iterdir())
    log.write_bytes(log.read_bytes()[:-1])
    found = verify_session(folder)
    assert not found.ok
    assert found.missing == ("ChannelNames.txt",)
    assert found.extra == ("notes.txt",)
    assert found.corrupt == (f"lfp_data/{lfp.name}",)
    assert found.changed == (f"daq_files/{log.name}",)


def test_same_size_other_bytes(folder):
    """One flipped bit of a waveform is found by the manifest, though the file can be read."""
    unit = sorted((folder / "spiking_data").iterdir())[0]
    data = bytearray(unit.read_bytes())
    data[len(data) // 2] ^= 1
    unit.write_bytes(data)
    found = verify_session(folder)
    assert found.corrupt == (f"spiking_data/{unit.name}",)
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


@pytest.mark.parametrize("chunk", [1 << 18, 3000, 5000])
def test_all_samples_are_read(made, monkeypatch, chunk):
    """Every sample of every stream is read once, whether in one piece, in some, or in some and a shorter one."""
    seen, size = [], 10_000
    read = MockSessionRawIO.get_analogsignal_chunk
    monkeypatch.setattr("mockrawio.verify.CHUNK", chunk)
    monkeypatch.setattr(
        MockSessionRawIO, "get_analogsignal_chunk", lambda self, *where: seen.append(where) or read(self, *where)
    )
    assert verify_session(made).ok
    assert [where[:2] for where in seen] == [(0, 0)] * len(seen)
    assert [where[2:4] for where in seen] == [(k, min(k + chunk, size)) for k in range(0, size, chunk)]


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


def bits(size):
    """Return places in a file: every one of a small file, else the ends and a spread of the middle."""
    every = range(size) if size <= 300 else sorted({*range(64), *range(size - 64, size), *range(0, size, size // 40)})
    return part(every, 3)


@pytest.mark.at_length
def test_any_flipped_bit_is_found(folder):
    """In every file, at every place of the small ones, one other bit is corruption of that file and no other."""
    records = read_manifest(folder / "session_manifest.json")["files"]
    assert {name.split("/")[0] for name in records} >= {"lfp_data", "spiking_data", "daq_files", "watchlogs"}
    count = 0
    for name, record in records.items():
        data = (folder / name).read_bytes()
        with open(folder / name, "r+b", buffering=0) as file:
            for place in bits(len(data)):
                file.seek(place)
                file.write(bytes([data[place] ^ 1 << place % 8]))
                found = differences(folder, {name: record})
                assert (found.corrupt, found.changed, found.missing) == ([name], [], [])
                file.seek(place)
                file.write(data[place : place + 1])
                count += 1
    assert count > rounds(500, 1500)
    assert not any(compare(folder))


@pytest.mark.slow
def test_any_flipped_bit_of_a_manifest(folder):
    """No bit of a manifest can flip unnoticed: one is tried in every fifth byte, and in each of the last hundred."""
    path = folder / "session_manifest.json"
    data = path.read_bytes()
    for at in {*range(0, len(data), 5), *range(len(data) - 100, len(data))}:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        with pytest.raises(BadFileError):
            read_manifest(path)


def test_another_seed_in_a_manifest(folder):
    """A seed that was changed is found, and with the SHA-256 taken out verify says that there is none."""
    path = folder / "session_manifest.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    found = verify_session(folder)
    assert not found.ok
    assert "expected the bytes that it was written with, by its 'manifest_sha256'" in found.problems[0]
    assert not found.warnings
    rewrite(folder)
    found = verify_session(folder)
    assert found.ok
    assert [text.split(": ")[1] for text in found.warnings] == [
        "has no 'manifest_sha256', so that a change of it cannot be detected"
    ]


def test_a_manifest_alone(folder, tmp_path):
    """A folder of a manifest alone is a session whose files are all missing to verify, and none to a reader."""
    (tmp_path / "alone").mkdir()
    shutil.copy(folder / "session_manifest.json", tmp_path / "alone")
    found = verify_session(tmp_path / "alone")
    assert not found.ok
    assert list(found.missing) == sorted(read_manifest(folder / "session_manifest.json")["files"])
    with pytest.raises(NotASessionError):
        MockSessionRawIO(tmp_path / "alone")


def test_a_manifest_taken_over_has_a_sha256_of_its_own(folder):
    """What is written from the content of another manifest has one SHA-256, which is its own."""
    content = read_manifest(folder / "session_manifest.json")
    files = content.pop("files")
    (folder / "session_manifest.json").write_bytes(manifest.manifest_bytes({**content, "more": 1}, files))
    assert read_manifest(folder / "session_manifest.json")["more"] == 1


def test_a_flipped_bit_of_each_kind_of_file(folder):
    """The whole check tells which file it is, and the manifest itself is no exception."""
    for name in [*read_manifest(folder / "session_manifest.json")["files"], "session_manifest.json"]:
        path = folder / name
        data = path.read_bytes()
        path.write_bytes(data[:10] + bytes([data[10] ^ 1]) + data[11:])
        found = verify_session(folder)
        assert not found.ok
        assert found.corrupt == (() if name == "session_manifest.json" else (name,))
        path.write_bytes(data)
    assert verify_session(folder).ok


@pytest.mark.parametrize("cut", [0, 1, -1])
def test_another_size(folder, cut):
    """A file that was emptied, cut short or added to is changed, not corrupt."""
    path = folder / "event_file" / "Events.npy"
    data = path.read_bytes()
    path.write_bytes(data[:cut] if cut != 1 else data + b"x")
    found = verify_session(folder)
    assert (found.changed, found.corrupt) == (("event_file/Events.npy",), ())


HOSTILE = {
    "leaves": {"../../x": {"size": 0, "sha256": "0" * 64}},
    "absolute": {"/etc/passwd": {"size": 0, "sha256": "0" * 64}},
    "dots": {"lfp_data/./x": {"size": 0, "sha256": "0" * 64}},
    "nul": {"a\0b": {"size": 0, "sha256": "0" * 64}},
    "empty name": {"": {"size": 0, "sha256": "0" * 64}},
    "negative": {"x": {"size": -1, "sha256": "0" * 64}},
    "infinite": {"x": {"size": float("inf"), "sha256": "0" * 64}},
    "no number": {"x": {"size": True, "sha256": "0" * 64}},
    "no hash": {"x": {"size": 0, "sha256": "0" * 63 + "g"}},
    "no record": {"x": 3},
    "a list": [],
}


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_hostile_manifest(folder, files):
    """A manifest that names what is no file of the folder is a problem, in one line of bounded length."""
    path = folder / "session_manifest.json"
    rewrite(folder, files=files)
    found = verify_session(folder)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{path}: expected a session manifest; found ")
    assert len(found.problems[0]) < 800
    assert not found.ok


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format_version": ' + "9" * 5000 + "}", "", "\0", "null", "\xff"])
def test_manifest_that_is_none(folder, text):
    """So is text that no parser should have to read, whatever it does to one."""
    (folder / "session_manifest.json").write_text(text, "latin-1")
    assert len(verify_session(folder).problems) == 1


def test_huge_manifest(folder, monkeypatch):
    """A manifest longer than any is not read."""
    monkeypatch.setattr("mockrawio.ground.places.MAX_TEXT_FILE", 1 << 10)
    (problem,) = (text for text in verify_session(folder).problems if "session_manifest.json" in text)
    assert "expected at most 0 MiB of text; found " in problem


def test_huge_size(folder):
    """A size that no disk has room for is another size, and nothing is set aside for it."""
    files = unsealed(folder)["files"]
    rewrite(folder, files={**files, "ChannelNames.txt": {**files["ChannelNames.txt"], "size": 10**40}})
    assert verify_session(folder).changed == ("ChannelNames.txt",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
@pytest.mark.parametrize("name", ["ChannelNames.txt", "session_manifest.json", "more"])
def test_pipes_are_not_opened(folder, name):
    """A named pipe in place of a file, at which an opening would wait for ever, is told and not opened."""
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    found = verify_session(folder)
    assert not found.ok
    assert found.unreadable == (("ChannelNames.txt",) if name == "ChannelNames.txt" else ())
    assert found.extra == (("more",) if name == "more" else ())
    assert name == "more" or any(f"{folder / name}: expected" in problem for problem in found.problems)


def test_links(folder, tmp_path):
    """A link out of the folder is followed only when told; one that leads nowhere is told; a circle ends."""
    away = tmp_path / "away.txt"
    (folder / "ChannelNames.txt").rename(away)
    (folder / "ChannelNames.txt").symlink_to(away)
    found = verify_session(folder)
    assert found.unreadable == ("ChannelNames.txt",)
    assert any("follow_symlinks" in problem for problem in found.problems)
    assert verify_session(folder, follow_symlinks=True).ok
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    assert verify_session(folder, follow_symlinks=True).ok
    away.unlink()
    assert verify_session(folder, follow_symlinks=True).unreadable == ("ChannelNames.txt",)


def test_what_the_system_does_not_let_us_read(folder, monkeypatch):
    """A file that cannot be opened is unreadable, not corrupt, and the others are compared all the same."""
    real = manifest.file_record

    def record(path, *arguments, **options):
        if path.name == "event_file/Events.npy":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(manifest, "file_record", record)
    (folder / "ChannelNames.txt").write_text("X.ncs\n")
    found = verify_session(folder)
    assert (found.unreadable, found.changed) == (("event_file/Events.npy",), ("ChannelNames.txt",))
    assert any("Permission denied" in problem for problem in found.problems)


def test_leftovers_are_named(folder):
    """What a writer has beside the session is named, and does not fail the check of the session."""
    left = sibling(folder, "replaced")
    left.mkdir()
    found = verify_session(folder)
    assert (found.ok, found.leftovers) == (True, (str(left),))
    assert any(str(left) in line for line in found.lines())
    shutil.rmtree(folder)
    with pytest.raises(NotASessionError, match=f"{left.name} beside it. Make the session again"):
        verify_session(folder)


def test_json_keys_are_those_documented(folder):
    """The page on faults lists the keys of the JSON, in their order."""
    page = (Path(__file__).parents[1] / "docs" / "faults.rst").read_text("utf-8")
    keys = re.findall(r"^   \* - ``(\w+)``$", page, re.MULTILINE)
    assert list(verify_session(folder).as_dict()) == keys


def test_a_folder_above_that_may_not_be_listed(folder, monkeypatch):
    """A session in a folder that one may pass through and not list is checked all the same."""
    listing = Path.iterdir

    def iterdir(path):
        if path == folder.parent:
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert verify_session(folder).ok


def test_a_bar_over_what_may_not_be_looked_at(folder, monkeypatch, capsys):
    """To measure how long the bar has to be nothing must be readable: what is not is told by the check itself."""

    def refuse(path, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "lstat", refuse)
    monkeypatch.setattr(Path, "lstat", refuse)
    assert verify_session(folder, progress=True).ok
    capsys.readouterr()


def test_what_is_left_out_is_told(folder):
    """A corrupt file that is left out is no problem, and never passes for one that was checked."""
    path = folder / "ChannelNames.txt"
    path.write_bytes(path.read_bytes().swapcase())
    found = verify_session(folder, exclude=["ChannelNames.txt", "lfp_data"])
    assert (found.ok, found.excluded) == (True, ("ChannelNames.txt", "lfp_data"))
    *_, first, second, verdict = found.lines()
    assert (first, second) == ("left out, not checked: ChannelNames.txt", "left out, not checked: lfp_data")
    assert verdict.endswith("ok (matches its manifest, and readable; 2 left out)")
    assert found.as_dict()["excluded"] == ["ChannelNames.txt", "lfp_data"]
