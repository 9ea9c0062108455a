"""What a folder that lies elsewhere is told by its manifest, and what of that it does not believe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.errors import BadFileError, NotASessionError
from mockrawio.ground.folder import File
from mockrawio.ground.remote.folder import RemoteFolder
from mockrawio.session.index import learn
from mockrawio.session.indexing import entry_of, look_together
from mockrawio.session.layout import MANIFEST
from mockrawio.session.seal import sealed
from mockrawio.session.virtual import FORMAT, VIRTUAL
from tests.fuzz.corpus import header, pickled
from tests.handmade import T0, Handmade

fsspec = pytest.importorskip("fsspec")
PLACE = "/told/session_1"


@pytest.fixture
def store() -> Iterator[Any]:
    """Files in memory, by fsspec."""
    found = fsspec.filesystem("memory")
    yield found
    if found.exists("/told"):
        found.rm("/told", recursive=True)


def told(store: Any, content: dict[str, Any], **how: Any) -> RemoteFolder:
    """Return a folder that has been told what a manifest says."""
    text = sealed(json.dumps(content, indent=1)[:-2].encode())
    store.pipe(f"{PLACE}/{MANIFEST}", text)
    folder = RemoteFolder(f"memory:/{PLACE}", **how)
    learn(folder, MANIFEST, FORMAT)
    return folder


def names(folder: RemoteFolder, below: str = "") -> set[str]:
    return {entry.name for entry in folder.listed(below)}


def test_sizes_of_files(store: Any) -> None:
    """Files of 0 to 2**62 - 1 bytes are there, under names that may be in a folder; no others are."""
    good = {"empty": 0, "large": 2**62 - 1, "deep/er/x": 3}
    bad = {"beyond": 2**62, "below": -1, "fraction": 1.0, "bool": True, "text": "1"}
    files: dict[str, Any] = {name: {"size": size} for name, size in {**good, **bad}.items()}
    files |= {name: {"size": 1} for name in ("", "/a", "a//b", "a/", ".", "a/../b", "..", "a\n")}
    files |= {"nothing": {}, "number": 5}
    folder = told(store, {"format": FORMAT, "files": files})
    assert folder.learned
    assert names(folder) == {"empty", "large", "deep", MANIFEST} and names(folder, "deep/er") == {"x"}
    assert {name: folder.status(name).size for name in good} == good
    assert folder.status(MANIFEST).size == store.size(f"{PLACE}/{MANIFEST}")
    for name in ("beyond", "nothing", "a"):
        with pytest.raises(FileNotFoundError):
            folder.status(name)


def test_what_is_said_of_files(store: Any) -> None:
    """What the index says is kept of files that are there, if it is an object."""
    files = {"a.txt": {"size": 1}, "b.txt": {"size": 1}}
    index = {"a.txt": {"text": "x"}, "b.txt": 5, "c.txt": {"text": "y"}}
    folder = told(store, {"format": FORMAT, "files": files, "index": index})
    assert [folder.said(name) for name in ("a.txt", "b.txt", "c.txt")] == [{"text": "x"}, None, None]
    for wrong in (5, [], None):
        folder = told(store, {"format": FORMAT, "files": files, "index": wrong})
        assert folder.said("a.txt") is None and names(folder) == {"a.txt", "b.txt", MANIFEST}
        folder = told(store, {"format": FORMAT, "files": wrong, "index": index})
        assert folder.said("a.txt") is None and names(folder) == {MANIFEST}


@pytest.mark.parametrize("form", [VIRTUAL, "another", None])
def test_of_what_is_made_the_top_is_stored(form: str | None, store: Any) -> None:
    """Of a folder of another format what lies deeper is not there; the files beside its manifest are."""
    files = {"a.txt": {"size": 1}, "lfp_data/x.npy": {"size": 1}}
    folder = told(store, {"format": form, "files": files})
    assert names(folder) == {"a.txt", MANIFEST}


def test_without_a_manifest_the_store_is_asked(store: Any) -> None:
    """There is none, or it is left out: what the store lists is there."""
    store.pipe(f"{PLACE}/a.txt", b"1")
    folder = RemoteFolder(f"memory:/{PLACE}")
    learn(folder, MANIFEST, FORMAT)
    assert folder.learned and names(folder) == {"a.txt"}
    folder = told(store, {"format": FORMAT, "files": {}}, exclude=MANIFEST)
    assert folder.learned and names(folder) == {"a.txt", MANIFEST}


def test_a_folder_is_told_once(store: Any) -> None:
    """What it was told first is what it knows; another manifest is another folder's."""
    folder = told(store, {"format": FORMAT, "files": {"a": {"size": 1}}})
    store.pipe(f"{PLACE}/{MANIFEST}", b"no manifest")
    learn(folder, MANIFEST, FORMAT)
    assert names(folder) == {"a", MANIFEST}
    with pytest.raises(BadFileError, match="session_manifest.json: expected a session manifest"):
        learn(RemoteFolder(f"memory:/{PLACE}"), MANIFEST, FORMAT)


def test_a_manifest_that_was_changed(store: Any, tmp_path: Path) -> None:
    """Another size than when it was sealed is an error; a folder on a disk is told nothing."""
    told(store, {"format": FORMAT, "files": {"a": {"size": 1}}})
    text = store.cat(f"{PLACE}/{MANIFEST}").replace(b'"size": 1', b'"size": 2')
    store.pipe(f"{PLACE}/{MANIFEST}", text)
    with pytest.raises(BadFileError, match="the bytes that it was written with"):
        learn(RemoteFolder(f"memory:/{PLACE}"), MANIFEST, FORMAT)
    (tmp_path / MANIFEST).write_bytes(text)
    learn(DiskFolder(str(tmp_path)), MANIFEST, FORMAT)


def test_no_session_elsewhere(store: Any) -> None:
    """A folder elsewhere without a session's files is none, and what would be meant is not guessed at."""
    store.pipe("/told/session_1/notes.txt", b"")
    with pytest.raises(NotASessionError, match=r"found none of them\. Give the folder session_<nr>\."):
        MockSessionRawIO("memory://told/session_1")


def test_files_are_looked_at_together(store: Any, handmade: Handmade) -> None:
    """Of files elsewhere of which too little is said entries are made; what is said, and what lies here, is left."""
    gap, lfp, old = "lfp_data/CSC1_lfp.npy", "lfp_data/CSC2_lfp.npy", "lfp_data/CSC3_lfp.npy"
    handmade.lfp(1, np.zeros(10, np.int16), T0 + np.r_[0:5, 10:15])
    handmade.lfp(2)
    handmade.lfp(3).write_bytes(header() + pickled({"ts": T0 + np.arange(3), "samples": np.zeros(3)}, 2))
    handmade.unit()
    handmade.unit("CSC1_SU2")
    files = [gap, lfp, old, "spiking_data/CSC1_SU1.npy", "spiking_data/CSC1_SU2.npy"]
    for name in files:
        store.pipe(f"{PLACE}/{name}", (handmade.folder / name).read_bytes())
    entries = {name: entry_of(File(DiskFolder(str(handmade.folder)), name)) for name in files}
    no_steps = {"values": {"ts": {"steps": None}}}
    unsaid = {"values": {"spike_times": {"steps": None}}}
    index = {gap: no_steps, "spiking_data/CSC1_SU1.npy": unsaid}
    sizes = {name: {"size": store.size(f"{PLACE}/{name}")} for name in files}
    folder = told(store, {"format": FORMAT, "files": sizes, "index": index})
    look_together([*(File(folder, name) for name in files), File(DiskFolder(str(handmade.folder)), lfp)])
    assert folder.said(gap) == entries[gap] != no_steps
    assert folder.said(lfp) == entries[lfp] is not None
    assert folder.said(old) is entries[old] is None
    assert folder.said("spiking_data/CSC1_SU1.npy") == unsaid  # steps of spikes are found when they are wanted
    assert folder.said("spiking_data/CSC1_SU2.npy") == entries["spiking_data/CSC1_SU2.npy"]
    folder.say(lfp, {"values": {"ts": {"ends": []}}})
    look_together([File(folder, lfp)])
    assert folder.said(lfp) == {"values": {"ts": {"ends": []}}}


def test_a_header_parsed_again_is_of_what_is_there_now(
    store: Any, handmade: Handmade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader forgets what it knew when it parses again, and not before; and closes what it has opened."""
    for channel in (1, 2):
        handmade.lfp(channel, np.arange(20, dtype=np.int16) * channel)
    names = [f"lfp_data/CSC{channel}_lfp.npy" for channel in (1, 2)]
    store.pipe(f"{PLACE}/{names[0]}", (handmade.folder / names[0]).read_bytes())
    renewed, closed = [], []
    renew, close = RemoteFolder.renew, RemoteFolder.close
    monkeypatch.setattr(RemoteFolder, "renew", lambda self: renewed.append(self) or renew(self))
    monkeypatch.setattr(RemoteFolder, "close", lambda self: closed.append(self) or close(self))
    reader = MockSessionRawIO(f"memory:/{PLACE}")
    reader.parse_header()
    assert reader.get_analogsignal_chunk(i_start=18).tolist() == [[18], [19]]
    store.pipe(f"{PLACE}/{names[1]}", (handmade.folder / names[1]).read_bytes())
    assert not renewed
    for again in (1, 2):
        reader.parse_header()
        assert len(renewed) == again
        assert reader.get_analogsignal_chunk(i_start=18).tolist() == [[18, 36], [19, 38]]
    closed.clear()
    reader.close()
    assert closed == [renewed[0]]
