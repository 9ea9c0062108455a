"""What a writer does with the file system: in which order, under which names, and what becomes of what it left."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from mockrawio.ground import durable, whole_folder, writing
from mockrawio.ground.durable import (
    Leftover,
    clean_up,
    clean_up_in,
    leftovers,
    littered,
    locked,
    make_folder,
    naming,
    put_back,
    refuse_taken,
    remove,
    sibling,
    sync_fd,
    sync_file,
    sync_folder,
    taken,
    whole_file,
)
from mockrawio.ground.errors import BadFileError, NotWrittenError, SessionExistsError
from mockrawio.ground.whole_folder import WholeFolder
from mockrawio.ground.writing import FileRecord, chunks_record, file_record, write_all, write_file, write_plain

DEAD = 999_999_999  # no process has such a number


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def left(target, purpose="partial", pid=DEAD, host=durable._HOST):
    """Return a name as a writer gives it."""
    return target.with_name(f".{target.name}.{purpose}-{pid}-{host}0a")


@pytest.fixture
def synced(monkeypatch):
    """What is put onto the disk, by name, in order."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("finds names in /proc")
    done: list[str] = []

    def fsync(descriptor):
        done.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))

    monkeypatch.setattr(os, "fsync", fsync)
    return done


# -- errors ----------------------------------------------------------------------------------------

ROOM, LEAVE = "Free some space, or choose another place.", "Choose a place that may be written to."
OTHER, CHECK = "Choose another place, or move away what is there.", "Check the disk, or choose another place."


@pytest.mark.parametrize(
    ("number", "found", "remedy"),
    [
        *((number, os.strerror(number), ROOM) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)),
        *((number, os.strerror(number), LEAVE) for number in (errno.EACCES, errno.EPERM, errno.EROFS)),
        (errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), "Choose a name of at most 200 bytes: "),
        (errno.EEXIST, "a file there", OTHER),
        (errno.ENOTDIR, "a file for a folder", OTHER),
        (errno.EISDIR, "a folder there", OTHER),
        (errno.EIO, os.strerror(errno.EIO), CHECK),
    ],
)
def test_what_a_file_system_says(number, found, remedy):
    """An error of the file system names the place, says what to do about its kind, and keeps its number."""
    with pytest.raises(NotWrittenError) as raised, naming("the place"):
        raise OSError(number, os.strerror(number), "elsewhere")
    error = raised.value
    assert (error.subject, error.expected, error.found) == ("the place", "a place that can be written to", found)
    assert error.remedy.startswith(remedy) and error.errno == number and error.filename == "the place"
    with pytest.raises(NotWrittenError) as again, naming("another place"):
        raise error
    assert again.value is error


def test_an_error_without_a_number():
    """What has no number, or no words, is told as it is."""
    with pytest.raises(NotWrittenError) as raised, naming("p"):
        raise OSError("some words")
    assert (raised.value.found, raised.value.remedy, raised.value.errno) == ("some words", CHECK, None)


# -- onto the disk ---------------------------------------------------------------------------------


def failing(monkeypatch, number):
    def fsync(descriptor):
        raise OSError(number, "said")

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_sync(number, monkeypatch):
    """Where nothing can be put onto the disk, nothing is wrong with the file."""
    failing(monkeypatch, number)
    sync_fd(0)


def test_a_disk_that_fails(tmp_path, monkeypatch):
    """An error of the disk is told, once is enough, and nothing is written by then."""
    failing(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="said"):
        sync_fd(0)
    with pytest.raises(NotWrittenError, match="said"), whole_file(tmp_path / "a") as staging:
        staging.write_bytes(b"1")
    assert names(tmp_path) == []


def test_what_is_synced(tmp_path, synced):
    """A file and a folder are put onto the disk; a folder that one may not read is left, and no descriptor is."""
    (tmp_path / "a").touch()
    before = os.listdir("/proc/self/fd")
    sync_file(tmp_path / "a")
    sync_folder(tmp_path)
    assert synced == ["a", tmp_path.name] and len(os.listdir("/proc/self/fd")) == len(before)
    with pytest.raises(BadFileError, match="a named pipe"):
        os.mkfifo(tmp_path / "pipe")
        sync_file(tmp_path / "pipe")


def test_folders_that_cannot_be_opened(tmp_path, monkeypatch):
    """A folder that may not be read is written to all the same; one that is not there is an error."""

    def refused(path, flags):
        raise PermissionError(errno.EACCES, "no")

    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")
    with monkeypatch.context() as without:
        without.setattr(os, "open", refused)
        sync_folder(tmp_path)
    monkeypatch.setattr(os, "name", "nt")
    sync_folder(tmp_path / "none")


def test_folders_are_made_one_by_one(tmp_path, synced, monkeypatch):
    """Each parent that is missing is made and put onto the disk, in the one above it, before the next."""
    make_folder(tmp_path / "a" / "b" / "c")
    assert synced == [tmp_path.name, "a", "b"] and (tmp_path / "a/b/c").is_dir()
    make_folder(tmp_path / "a" / "b")
    assert len(synced) == 3
    looked, is_dir = set[Path](), Path.is_dir

    def late(path):  # another writer makes it once it was looked for
        return (path in {*looked, tmp_path, *tmp_path.parents} and is_dir(path)) or looked.add(path)

    monkeypatch.setattr(Path, "is_dir", late)
    make_folder(tmp_path / "a" / "b")
    assert looked == {tmp_path / "a", tmp_path / "a" / "b"}
    (tmp_path / "file").touch()
    with pytest.raises(NotWrittenError, match=r"file: .* found a file there"):
        make_folder(tmp_path / "file" / "x" / "y")


# -- what stands in the way ------------------------------------------------------------------------


def test_what_takes_a_place(tmp_path):
    """A place is taken by all but an empty folder: a file, a folder with something in it, a link to whatever."""
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "full/file").touch()
    (tmp_path / "to_empty").symlink_to("empty")
    (tmp_path / "to_none").symlink_to("nowhere")
    places = ("none", "empty", "full", "full/file", "to_empty", "to_none")
    assert [taken(tmp_path / place) for place in places] == [False, False, True, True, True, True]
    for place in places:
        if not taken(tmp_path / place):
            refuse_taken(tmp_path / place)
            continue
        left(tmp_path / place).touch()
        with pytest.raises(SessionExistsError, match="nothing there; found a folder or file") as raised:
            refuse_taken(tmp_path / place)
        assert raised.value.subject == str(tmp_path / place) and not left(tmp_path / place).exists()


def test_names_beside_a_place(tmp_path):
    """A name beside a place says what it is for, which process on which machine made it, and is another each time."""
    one, other = sibling(tmp_path / "a.b", "partial"), sibling(tmp_path / "a.b", "partial")
    assert re.fullmatch(rf"\.a\.b\.partial-{os.getpid()}-[0-9a-f]{{16}}", one.name) and one.parent == tmp_path
    assert one != other and one.name[:-8] == other.name[:-8] and len(durable._HOST) == 8


def test_what_writers_left(tmp_path):
    """What lies beside a place is told by name: whose it is, what for, and whether its writer may still be there."""
    target, other = tmp_path / "a", "0" * 8 if durable._HOST != "0" * 8 else "1" * 8
    mine, dead = left(target, "replaced", os.getpid()), left(target)
    far, init = left(target, host=other), left(target, "partial", 1)
    for path in (mine, dead, far, init, left(tmp_path / "ab"), tmp_path / ".a.partial-x-0", tmp_path / "a.partial-1-0"):
        path.touch()
    assert leftovers(target) == [
        Leftover(path, "replaced" if path == mine else "partial", path == far, path != dead)
        for path in sorted([mine, dead, far, init])
    ]
    assert littered(tmp_path) == {"a", "ab"} and littered(tmp_path / "none") == set()
    assert leftovers(tmp_path / "none" / "a") == []
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / f".c.partial-{10**18 - 1}-{durable._HOST}").touch()
    (tmp_path / "b" / f".d.partial-{10**18}-{durable._HOST}").touch()
    assert littered(tmp_path / "b") == {"c"} and not leftovers(tmp_path / "b" / "c")[0].in_use


def test_whether_a_process_runs(monkeypatch):
    """A process that may not be asked runs; elsewhere than on POSIX nobody is asked."""
    asked = []

    def kill(pid, number):
        asked.append((pid, number))
        raise PermissionError

    assert durable._is_running(os.getpid()) and not durable._is_running(DEAD) and not durable._is_running(10**18)
    monkeypatch.setattr(os, "kill", kill)
    assert durable._is_running(5) and asked == [(5, 0)]
    monkeypatch.setattr(os, "name", "nt")
    assert durable._is_running(6) and asked == [(5, 0)]


def test_cleaning_up(tmp_path):
    """What dead writers left goes, or is put back where nothing stands; what others use stays."""
    target = tmp_path / "a"
    left(target).mkdir()
    (left(target) / "file").touch()
    left(target, "replaced").write_text("before")
    left(target, pid=os.getpid()).touch()
    clean_up(target)
    assert names(tmp_path) == sorted([left(target, pid=os.getpid()).name, "a"]) and target.read_text() == "before"
    left(target, "replaced").write_text("older")
    clean_up(target)
    assert len(names(tmp_path)) == 2 and target.read_text() == "before"
    clean_up(target, lambda one: True)
    assert names(tmp_path) == ["a"]
    left(target).touch()
    clean_up(target, lambda one: False)
    assert len(names(tmp_path)) == 2


def test_cleaning_up_a_folder(tmp_path):
    """All that dead writers left in a folder goes, whatever it was to be."""
    for name in ("a", "b"):
        left(tmp_path / name).touch()
    left(tmp_path / "c", "replaced").touch()
    clean_up_in(tmp_path)
    assert names(tmp_path) == ["c"]


def test_removing(tmp_path, monkeypatch):
    """What was aside gets another name before it goes, so that half of it is never put back; a link goes alone."""
    target = tmp_path / "a"
    renamed = []
    rename = os.rename
    monkeypatch.setattr(os, "rename", lambda one, other: renamed.append((one.name, other.name)) or rename(one, other))
    left(target, "replaced").mkdir()
    (left(target, "replaced") / "file").touch()
    remove(left(target, "replaced"))
    ((one, other),) = renamed
    assert (one, other[:12]) == (left(target, "replaced").name, f".a.partial-{os.getpid()}"[:12])
    left(target).mkdir()
    remove(left(target))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").touch()
    (tmp_path / "link").symlink_to("folder")
    remove(tmp_path / "link")
    remove(tmp_path / "none")
    assert len(renamed) == 1 and names(tmp_path) == ["folder"] and names(tmp_path / "folder") == ["kept"]
    remove(tmp_path / "folder")
    assert names(tmp_path) == []
    left(target).mkdir()

    def refused(path, **how):
        assert how == {"ignore_errors": True}

    monkeypatch.setattr(durable.shutil, "rmtree", refused)
    remove(left(target))
    assert names(tmp_path) == [left(target).name]


def test_putting_back(tmp_path):
    """What stood there comes back unless something else stands there, and is then removed."""
    target, aside = tmp_path / "a", left(tmp_path / "a", "replaced")
    aside.write_text("old")
    put_back(aside, target)
    assert target.read_text() == "old" and names(tmp_path) == ["a"]
    aside.write_text("older")
    put_back(aside, target)
    put_back(aside, target)
    assert target.read_text() == "old" and names(tmp_path) == ["a"]
    put_back(aside, tmp_path / "b")
    assert names(tmp_path) == ["a"]


# -- one file --------------------------------------------------------------------------------------


def test_a_whole_file(tmp_path, synced):
    """It is put onto the disk under another name, and its own name after it; nothing is left beside it."""
    left(tmp_path / "x" / "a").parent.mkdir()
    left(tmp_path / "x" / "a").touch()
    with whole_file(tmp_path / "x" / "a") as staging:
        assert names(tmp_path / "x") == [] and staging.parent == tmp_path / "x"
        staging.write_text("one")
        assert not (tmp_path / "x" / "a").exists()
    assert names(tmp_path / "x") == ["a"] and synced == [staging.name, "x"]
    with whole_file(tmp_path / "x" / "a") as staging:
        staging.write_text("two")
    with pytest.raises(KeyError), whole_file(tmp_path / "x" / "a") as staging:
        staging.write_text("three")
        raise KeyError
    assert (tmp_path / "x" / "a").read_text() == "two" and names(tmp_path / "x") == ["a"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_replaces_none(tmp_path, monkeypatch, links):
    """Without `overwrite` what is there stays, also what came meanwhile, and where there are no hard links."""

    def no_links(one, other):
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with whole_file(tmp_path / "a", overwrite=False) as staging:
        staging.write_text("one")
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "one"
    with pytest.raises(SessionExistsError), whole_file(tmp_path / "a", overwrite=False) as staging:
        staging.write_text("two")
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "one"
    (tmp_path / "b").mkdir()
    with pytest.raises(NotWrittenError), whole_file(tmp_path / "b", overwrite=False) as staging:
        staging.write_text("three")
    assert names(tmp_path) == ["a", "b"] and names(tmp_path / "b") == []


def test_a_lock(tmp_path, monkeypatch):
    """A folder is locked for one writer at a time, and let go of at the end, however that comes."""
    fcntl = pytest.importorskip("fcntl")

    def is_free():
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    with locked(tmp_path):
        assert not is_free()
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    assert is_free()
    with pytest.raises(NotWrittenError, match="none"), locked(tmp_path / "none"):
        pass
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "fcntl", None)
        with locked(tmp_path / "none"):
            pass


# -- a folder --------------------------------------------------------------------------------------


def test_a_whole_folder(tmp_path, synced):
    """Files, then the folders they are in, are on the disk before the folder gets its name, and then the one above."""
    target = tmp_path / "x" / "s"
    with WholeFolder(target) as writing_:
        for name in ("a", "in/deep/b"):
            with open(writing_.path(name), "wb") as file:
                file.write(b"1")
                writing_.sync(file, target / name)
        assert not target.exists() and writing_.staging.is_dir()
    stage = writing_.staging.name
    assert synced[0] == tmp_path.name and sorted(synced[1:3]) == ["a", "b"] and synced[3:] == [stage, "in", "deep", "x"]
    assert names(tmp_path / "x") == ["s"] and names(target) == ["a", "in"]


def test_a_folder_that_is_there(tmp_path):
    """A folder that is there is refused at the start; with `overwrite` it is replaced, and what it had is gone."""
    target = tmp_path / "s"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(SessionExistsError), WholeFolder(target):
        raise AssertionError("it began")
    left(target).mkdir()
    with WholeFolder(target, overwrite=True) as writing_:
        assert not left(target).exists()
        writing_.path("new").touch()
        assert names(target) == ["old"]
    assert names(tmp_path) == ["s"] and names(target) == ["new"]
    with pytest.raises(KeyError), WholeFolder(target, overwrite=True) as writing_:
        writing_.path("newer").touch()
        raise KeyError
    assert names(tmp_path) == ["s"] and names(target) == ["new"]


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_folder_that_comes_meanwhile(tmp_path, overwrite):
    """What lands at the target meanwhile is replaced only if that was asked for."""
    target = tmp_path / "s"
    try:
        with WholeFolder(target, overwrite=overwrite) as writing_:
            writing_.path("mine").touch()
            target.mkdir()
            (target / "theirs").touch()
    except SessionExistsError:
        assert not overwrite
    assert names(tmp_path) == ["s"] and names(target) == (["mine"] if overwrite else ["theirs"])


def test_folders_that_come_again_and_again(tmp_path, monkeypatch):
    """Each that lands at the target meanwhile goes aside by a name of its own, and none of them is left."""
    target, rename, came = tmp_path / "s", os.rename, []

    def landing(one, other):
        if Path(other) == target and len(came) < 3:
            came.append(1)
            target.mkdir()
            (target / f"theirs{len(came)}").touch()
        rename(one, other)

    monkeypatch.setattr(os, "rename", landing)
    with WholeFolder(target, overwrite=True) as writing_:
        writing_.path("mine").touch()
    assert len(came) == 3 and names(target) == ["mine"] and names(tmp_path) == ["s"]


@pytest.mark.parametrize("number", [errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR])
def test_systems_that_rename_onto_nothing(tmp_path, monkeypatch, number):
    """Where an empty folder is in the way of a rename it is removed first; any other error is told."""
    target, rename = tmp_path / "s", os.rename
    target.mkdir()

    def careful(one, other):
        if Path(other).exists():
            raise OSError(number, "in the way")
        rename(one, other)

    monkeypatch.setattr(os, "rename", careful)
    with WholeFolder(target) as writing_:
        writing_.path("mine").touch()
    assert names(target) == ["mine"] and names(tmp_path) == ["s"]

    def broken(one, other):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(NotWrittenError, match="broken"), WholeFolder(tmp_path / "t") as writing_:
        pass
    assert names(tmp_path) == ["s"]


def test_a_folder_in_the_way_that_cannot_go(tmp_path, monkeypatch):
    """An empty folder that may not be removed is an error; one that is filled meanwhile is another writer's."""
    target = tmp_path / "s"
    writing_ = WholeFolder(target)

    def rmdir(self):
        raise OSError(numbers.pop(0), "said")

    monkeypatch.setattr(Path, "rmdir", rmdir)
    numbers = [errno.EEXIST, errno.ENOTEMPTY, errno.EACCES]
    for _ in range(2):
        writing_._clear(tmp_path / "aside")
    with pytest.raises(PermissionError):
        writing_._clear(tmp_path / "aside")


def test_an_interruption_as_it_begins(tmp_path, monkeypatch):
    """Ctrl-C just after the staging folder was made leaves none."""
    mkdir = Path.mkdir

    def interrupted(self, *arguments, **how):
        mkdir(self, *arguments, **how)
        if ".partial-" in self.name:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), WholeFolder(tmp_path / "s"):
        pass
    assert names(tmp_path) == []

    def refused(self, *arguments, **how):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(NotWrittenError, match="s: .* found full"), WholeFolder(tmp_path / "s"):
        pass


def test_errors_of_files_of_a_folder(tmp_path, monkeypatch):
    """A file that the disk does not take is an error at the end, by its place; after another error it is not told."""
    target = tmp_path / "s"

    def write(then=None):
        with WholeFolder(target) as writing_, open(writing_.path("a"), "wb") as file:
            writing_.sync(file, target / "a")
            if then:
                raise then

    failing(monkeypatch, errno.EIO)
    with pytest.raises(NotWrittenError, match=r"s/a: .*said"):
        write()
    with pytest.raises(KeyError):
        write(KeyError())
    assert names(tmp_path) == []


def test_files_that_wait_for_the_disk(tmp_path, monkeypatch):
    """Four threads put files onto the disk, and no more than 64 wait: the next waits for the first of them."""
    disk = whole_folder._Disk()
    assert disk._pool._max_workers == 4
    waited = []

    class Later:
        def result(self):
            waited.append(1)

    class Pool:
        def submit(self, call, descriptor, place):
            os.close(descriptor)
            return Later()

        def shutdown(self):
            waited.append("end")

    disk._pool = Pool()
    with open(tmp_path / "a", "wb") as file:
        counts = [disk.take(file, tmp_path) or len(waited) for _ in range(66)]
    assert counts == [0] * 64 + [1, 2]
    disk.close(quietly=True)
    assert waited == [1, 1, "end"]
    disk.close(quietly=False)
    assert len(waited) == 3 + 1 + 64


# -- bytes -----------------------------------------------------------------------------------------

SHA = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of abc


def test_records(tmp_path):
    """Size and SHA-256 are those of all bytes, of whatever type the chunks are; what has another size is not read."""
    assert chunks_record([b"a", memoryview(b"bc")]) == FileRecord(3, SHA)
    assert chunks_record([memoryview(b"abcd").cast("H")]).size == 4
    assert write_file(tmp_path / "x" / "f", [b"a", b"", b"bc"]) == FileRecord(3, SHA)
    ticks: list[int] = []
    assert file_record(tmp_path / "x" / "f", ticks.append) == FileRecord(3, SHA)
    assert file_record(tmp_path / "x" / "f", ticks.append, of_size=3) == FileRecord(3, SHA)
    assert file_record(tmp_path / "x" / "f", ticks.append, of_size=2) == FileRecord(3, "")
    assert file_record(tmp_path / "x" / "f", of_size=4) == FileRecord(3, "") and ticks == [3, 3, 3]
    (tmp_path / "empty").touch()
    assert file_record(tmp_path / "empty", of_size=0) == chunks_record([])
    (tmp_path / "two").write_bytes(bytes((1 << 20) + 5))
    ticks.clear()
    assert file_record(tmp_path / "two", ticks.append) == chunks_record([bytes((1 << 20) + 5)])
    assert sum(ticks) == (1 << 20) + 5


class Slow:
    """A file that takes three bytes at a time, and none after ten."""

    def __init__(self):
        self.data = b""

    def write(self, view):
        part = bytes(view[: min(3, 10 - len(self.data))])
        self.data += part
        return len(part)


def test_a_file_that_takes_pieces():
    """A block is written to its end, in pieces; a file that takes no more is an error."""
    file = Slow()
    write_all(file, memoryview(b"01234567").cast("H"), "p")
    write_all(file, memoryview(b""), "p")
    assert file.data == b"01234567"
    with pytest.raises(NotWrittenError, match="p: .* found nothing of a block was written") as raised:
        write_all(file, memoryview(b"890"), "p")
    assert (file.data, raised.value.errno) == (b"0123456789", errno.EIO)


def test_when_a_file_is_synced(tmp_path, monkeypatch):
    """What is written goes onto the disk after each so many bytes, and at the end."""
    assert writing.SYNC_BYTES == 1 << 24
    monkeypatch.setattr(writing, "SYNC_BYTES", 10)
    sizes: list[int] = []

    def sync(file, place):
        sizes.append(os.fstat(file.fileno()).st_size)
        assert place == tmp_path / "place" and stat.S_ISREG(os.fstat(file.fileno()).st_mode)

    chunks = [b"x" * n for n in (9, 1, 5, 4, 2, 25, 3)]
    assert write_plain(tmp_path / "f", chunks, tmp_path / "place", sync) == chunks_record(chunks)
    assert sizes == [10, 21, 46, 49] and (tmp_path / "f").stat().st_size == 49


def test_large_chunks_are_hashed_meanwhile(tmp_path, synced):
    """Chunks of half a MiB and more are hashed as the small ones are; each may be reused for the next."""
    buffer, said = bytearray(1 << 19), []

    def chunks():
        for k, size in enumerate(((1 << 19) + 1, 1 << 19, 5)):
            buffer[:] = bytes([k]) * (1 << 19)
            said.append(bytes([k]) * min(size, 1 << 19) + b"!" * (size > 1 << 19))
            yield memoryview(said[-1] if size > 1 << 19 else buffer)[:size]

    record = write_plain(tmp_path / "f", chunks(), tmp_path / "f")
    assert record == chunks_record(said) == file_record(tmp_path / "f") and synced == ["f"]
    with pytest.raises(NotWrittenError, match="place"):
        write_plain(tmp_path / "none" / "f", [], tmp_path / "place")
