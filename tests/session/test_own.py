"""What is read is never what is replaced: one rule for every writer that has a source."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import quantities as pq
from neo.core import AnalogSignal, Block, Segment

from mockrawio import MockSessionError, MockSessionIO, SessionSpec, generate_session, write_session_from_block
from mockrawio.rasters import session_raster, session_to_sonata, write_sonata
from mockrawio.session.own import refuse_own

APART = "a place apart from the source|a path outside the session"


class Made:
    """Something made of other things, as an extractor is."""

    def __init__(self, **kwargs):
        self._kwargs = kwargs


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session with broadband and units."""
    spec = SessionSpec.broadband(duration_s=3, n_channels=4, n_units=2, seed=1)
    return generate_session(spec, tmp_path_factory.mktemp("own"))


def tree(folder):
    """Every file below a folder, and its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def block_of_one_segment():
    """A block with a segment that has nothing."""
    block = Block()
    block.segments.append(Segment())
    return block


@pytest.mark.parametrize("target", [".", "..", "raw_data", "new", "../session_1/raw_data/broadband.npy"])
def test_in_and_around_a_session(session, target):
    """A session, what holds it, what it holds and what it could hold are no place to write to."""
    with pytest.raises(MockSessionError, match=APART):
        refuse_own(session / target, session)


@pytest.mark.parametrize("name", ["beside", "session_10", "session_1.new"])
def test_beside_a_session(session, name):
    """A place beside the source is free, whether it is there or not, and though its name begins the same."""
    refuse_own(session.parent / name, session)
    (session.parent / name).mkdir()
    refuse_own(session.parent / name, session)


def test_any_way_to_name_the_source(session, tmp_path, monkeypatch):
    """The source is known through links, relative paths and other names, on either side."""
    link = tmp_path / "link"
    link.symlink_to(session)
    monkeypatch.chdir(session.parent)
    for source in (link, session.name, f"../{session.parent.name}/{session.name}", link / "lfp_data" / ".."):
        for target in (link, session.name, session):
            with pytest.raises(MockSessionError, match=APART):
                refuse_own(target, source)


def test_links_in_a_session_are_the_source_too(session, tmp_path):
    """Where a session's file is a link, the folder it leads to is not replaced either."""
    real, linked = tmp_path / "disk", tmp_path / "session_1" / "raw_data"
    real.mkdir()
    linked.mkdir(parents=True)
    for ending in ("npy", "json"):
        (real / f"x.{ending}").write_bytes((session / f"raw_data/broadband.{ending}").read_bytes())
        (linked / f"x.{ending}").symlink_to(real / f"x.{ending}")
    with pytest.raises(MockSessionError, match=APART):
        refuse_own(real, tmp_path / "session_1")


def test_hard_links(tmp_path):
    """Another name of the very file is the source."""
    (tmp_path / "a").write_bytes(b"1")
    os.link(tmp_path / "a", tmp_path / "b")
    with pytest.raises(MockSessionError, match=APART):
        refuse_own(tmp_path / "b", tmp_path / "a")


def test_objects(session, tmp_path):
    """A path is found however deep in an object, in a list, in a map; a ring of objects has an end."""
    (tmp_path / "x").write_bytes(bytes(80))
    ring = Made(folder=str(session))
    ring._kwargs["parent"] = [ring]
    mapped = np.memmap(tmp_path / "x", np.int8, "r")[5:].reshape(-1, 5)
    for source, target in (({"a": [Made(recording=ring)]}, session), ((Made(traces_list=[mapped]),), tmp_path / "x")):
        with pytest.raises(MockSessionError, match=APART):
            refuse_own(target, source)


@pytest.mark.parametrize("given", [None, "", "no\0path", "a" * 5000, 7, Made(stream_id="", rate=3.0), np.zeros(3)])
def test_what_is_no_path(tmp_path, monkeypatch, given):
    """What names nothing that is there refuses nothing."""
    monkeypatch.chdir(tmp_path)
    refuse_own(tmp_path / "new", given)
    refuse_own(tmp_path, given)


def test_folder_of_recordings(tmp_path):
    """A folder that is read, and is no session, may get a session, but nothing of it may be replaced."""
    (tmp_path / "run_1").mkdir()
    refuse_own(tmp_path / "session_1", Made(folder=tmp_path))
    with pytest.raises(MockSessionError, match=APART):
        refuse_own(tmp_path / "run_1", Made(folder=tmp_path))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_lazy_block_is_not_written_over_its_session(session):
    """Neither signals nor spikes alone of a lazy block can replace the session that they are read from."""
    before = tree(session)
    block = MockSessionIO(session).read_block(lazy=True)
    only_spikes = block_of_one_segment()
    only_spikes.segments[0].spiketrains.extend(block.segments[0].spiketrains)
    for given in (block, only_spikes):
        with pytest.raises(MockSessionError, match=APART):
            write_session_from_block(given, session, overwrite=True, skip_unsupported=True)
    assert tree(session) == before


def test_a_loaded_block_may_replace_a_session(tmp_path):
    """A block in memory reads nothing: it may take the place of a session."""
    block = block_of_one_segment()
    block.segments[0].analogsignals.append(AnalogSignal(np.zeros((100, 1)), units="uV", sampling_rate=1000 * pq.Hz))
    for _ in range(2):
        write_session_from_block(block, tmp_path / "session_1", overwrite=True)


def test_spikes_are_not_written_over_their_session(session):
    """A raster of a session takes the place of none of its files."""
    before = tree(session)
    for name in ("session_info.npy", "spiking_data/new.h5"):
        with pytest.raises(MockSessionError, match=APART):
            session_to_sonata(session, session / name, overwrite=True)
    assert tree(session) == before


def test_a_session_is_not_made_over_its_spikes(session, tmp_path):
    """A session whose spikes come from a file does not replace the folder that this file lies in."""
    pytest.importorskip("h5py")
    spikes = tmp_path / "patient_data" / "1" / "session_1" / "spikes.h5"
    write_sonata(spikes, session_raster(session))
    spec = SessionSpec.tiny(seed=1, spikes=spikes)
    with pytest.raises(MockSessionError, match=APART):
        generate_session(spec, tmp_path, overwrite=True)
    assert spikes.is_file()


class NeoLike:
    """A reader of Neo's, or a lazy object that has one."""

    def __init__(self, **names):
        self.__dict__.update(names)


@pytest.mark.parametrize("name", ["dirname", "filename", "filenames"])
@pytest.mark.parametrize("lazy", [False, True])
def test_what_a_reader_of_neos_was_made_with(name, lazy, tmp_path):
    """A file, a folder or several files of a reader are its sources, and what the names of files begin with."""
    (tmp_path / "rec.nev").touch()
    (tmp_path / "rec").mkdir()
    (tmp_path / "other.nev").touch()

    def reader(value):
        made = NeoLike(**{name: value})
        return NeoLike(_rawio=made) if lazy else made

    for value in (tmp_path / "rec.nev", str(tmp_path / "rec.nev"), [str(tmp_path / "rec.nev")]):
        with pytest.raises(MockSessionError, match=APART):
            refuse_own(tmp_path / "rec.nev", reader(value))
        refuse_own(tmp_path / "other.nev", reader(value))
    refuse_own(tmp_path / "rec.nev", reader(tmp_path / "rec"))  # that is a folder
    (tmp_path / "rec").rmdir()
    for target, refused in (("rec.nev", True), ("other.nev", False), ("rec.new", False)):
        if refused:
            with pytest.raises(MockSessionError, match=APART):
                refuse_own(tmp_path / target, reader(str(tmp_path / "rec")))
        else:
            refuse_own(tmp_path / target, reader(str(tmp_path / "rec")))
    refuse_own(tmp_path / "rec.nev", reader(tmp_path / "none" / "rec"))


def test_a_source_that_is_not_there(tmp_path):
    """Nothing is read of what is not there: it may be made."""
    refuse_own(tmp_path / "new", str(tmp_path / "new"), [tmp_path / "new"])


def test_links_in_other_folders_are_not_followed(tmp_path):
    """A link in a folder that is no session leads to no source."""
    (tmp_path / "real").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "real")
    refuse_own(tmp_path / "real", tmp_path / "run")


def test_an_array_of_an_array_of_a_file(tmp_path):
    """The file is found through any number of views; an array in memory has none."""
    (tmp_path / "x").write_bytes(bytes(80))
    mapped = np.memmap(tmp_path / "x", np.int16, "r")
    for array in (mapped, np.asarray(mapped), np.asarray(mapped)[3:].reshape(-1, 1).T[:, ::2]):
        with pytest.raises(MockSessionError, match="that .*x is read for it"):
            refuse_own(tmp_path / "x", {"deep": [(array,)]})
    refuse_own(tmp_path / "x", np.array(mapped))


def test_a_place_that_goes_while_it_is_compared(tmp_path, monkeypatch):
    """What another process moves away between two looks at it is no source, and no error."""
    place, source = tmp_path / "out", tmp_path / "in"
    source.write_bytes(b"")
    monkeypatch.setattr(Path, "exists", lambda self: True)
    refuse_own(place, source)
