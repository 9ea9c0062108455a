"""A virtual session that is written out is the one that generate_session writes."""

from __future__ import annotations

import shutil

import pytest

from mockrawio import MockSessionError, MockSessionRawIO, SessionExistsError, SessionSpec, generate_session, materialise
from mockrawio.ground.errors import BadFileError
from mockrawio.session.manifest import read_manifest
from mockrawio.verify import verify_session
from tests.generate.folders import contents
from tests.manifests import rewrite, unsealed


@pytest.fixture
def virtual(pairs, tmp_path):
    """A copy of the virtual session of two segments, which a test may change."""
    return shutil.copytree(pairs["broadband"].virtual, tmp_path / "session_1")


@pytest.mark.parametrize("n_workers", [1, 3])
def test_every_file_is_the_same(pair, n_workers, tmp_path):
    """Every file, the manifest with all SHA-256 among them, has the bytes of the written one; the source stays."""
    before = contents(pair.virtual)
    folder = materialise(pair.virtual, tmp_path / "out", n_workers=n_workers)
    assert folder == tmp_path / "out"
    assert contents(folder) == contents(pair.written)
    assert contents(pair.virtual) == before


def test_in_its_place(virtual, pairs):
    """Without another place it takes that of the virtual session, and is one like any other from then on."""
    with MockSessionRawIO(virtual) as reader:
        first = reader.get_analogsignal_chunk(0, 0, 0, 100, stream_index=1)
    assert materialise(virtual) == virtual
    assert contents(virtual) == contents(pairs["broadband"].written)
    assert verify_session(virtual).ok
    with MockSessionRawIO(virtual) as reader:
        assert (reader.get_analogsignal_chunk(0, 0, 0, 100, stream_index=1) == first).all()
    with pytest.raises(MockSessionError, match="expected a virtual session; found one that is written"):
        materialise(virtual)


def test_files_of_others_are_not_lost(virtual, tmp_path):
    """A folder with files in it that are not the session's own is not replaced; another place does."""
    (virtual / "notes.txt").write_text("mine")
    with pytest.raises(MockSessionError, match="notes.txt.*output"):
        materialise(virtual)
    assert (virtual / "notes.txt").read_text() == "mine"
    assert not (materialise(virtual, tmp_path / "out") / "notes.txt").exists()


def test_a_place_that_is_taken(virtual, tmp_path):
    """Another session is replaced only if that is asked for, and none is made within the virtual one."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("")
    with pytest.raises(SessionExistsError):
        materialise(virtual, tmp_path / "out")
    materialise(virtual, tmp_path / "out", overwrite=True)
    with pytest.raises(MockSessionError, match="a path outside the session"):
        materialise(virtual, virtual / "inner")


def test_what_is_no_virtual_session(pairs, tmp_path):
    """A folder without a manifest, or with none of a virtual session, is refused."""
    for folder, found in ((tmp_path, "a folder without a manifest"), (pairs["tiny"].written, "one that is written")):
        with pytest.raises(MockSessionError, match=f"expected a virtual session; found {found}"):
            materialise(folder, tmp_path / "out")
    with pytest.raises(MockSessionError, match="n_workers"):
        materialise(pairs["tiny"].virtual, tmp_path / "out", n_workers=0)


def test_written_over_and_back(tmp_path):
    """A session is replaced by its virtual twin, and the other way round, only if that is asked for."""
    spec = SessionSpec.tiny(seed=1)
    written = contents(generate_session(spec, tmp_path))
    with pytest.raises(SessionExistsError):
        generate_session(spec, tmp_path, virtual=True)
    folder = generate_session(spec, tmp_path, virtual=True, overwrite=True)
    assert len(contents(folder)) == 3
    assert contents(generate_session(spec, tmp_path, overwrite=True)) == written


def test_hashes_that_are_known(pairs):
    """The manifest of a virtual session has the sizes and SHA-256 of the files that are made at once, as written."""
    pair = pairs["broadband"]
    written, virtual = (read_manifest(folder / "session_manifest.json") for folder in pair)
    assert virtual["format"] == "mockrawio virtual session"
    kinds = {name.split("/")[0] for name in virtual["files"]}
    assert kinds == {"session_info.npy", "ChannelNames.txt", "event_file", "daq_files", "watchlogs"}
    assert {name: written["files"][name] for name in virtual["files"]} == virtual["files"]
    assert virtual["spec"] == written["spec"]


def test_a_spec_that_is_no_longer_the_same(virtual):
    """A manifest whose spec was changed is refused: another spec is another session."""
    rewrite(virtual, spec={**unsealed(virtual)["spec"], "seed": 5})
    for call in (materialise, MockSessionRawIO(virtual).parse_header):
        with pytest.raises(BadFileError, match="the spec that the session was made from.*another spec"):
            call(*[virtual] * (call is materialise))
