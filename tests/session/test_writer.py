"""A session is written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mockrawio.ground import durable, whole_folder, writing
from mockrawio.ground.errors import NotASessionError, NotWrittenError, SessionExistsError
from mockrawio.ground.writing import write_file
from mockrawio.session.layout import find_files
from mockrawio.session.manifest import compare
from mockrawio.session.writer import SessionWriter
from tests.processes import python


def write(target: Path, text: bytes = b"one", overwrite: bool = False) -> None:
    with SessionWriter(target, overwrite=overwrite) as session:
        session.write("ChannelNames.txt", [text])
        session.write("lfp_data/a.txt", [b"x" * 10, memoryview(b"y" * 5)])
        session.write_manifest({"seed": 1})


def everything(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_a_session_lands_with_a_manifest_that_holds(tmp_path: Path) -> None:
    """The target holds what was written, nothing else is left, and the manifest agrees."""
    write(tmp_path / "a" / "s")
    assert everything(tmp_path / "a") == [
        "s",
        "s/ChannelNames.txt",
        "s/lfp_data",
        "s/lfp_data/a.txt",
        "s/session_manifest.json",
    ]
    assert not any(compare(tmp_path / "a" / "s"))
    (tmp_path / "a" / "s" / "lfp_data" / "a.txt").write_bytes(b"x" * 15)
    (tmp_path / "a" / "s" / "more").touch()
    (tmp_path / "a" / "s" / "ChannelNames.txt").unlink()
    assert compare(tmp_path / "a" / "s") == (["ChannelNames.txt"], ["more"], [], ["lfp_data/a.txt"], {})


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError(28, "No space left on device")])
def test_an_error_leaves_nothing(error: BaseException, tmp_path: Path) -> None:
    """Neither target nor staging folder is there after an error, or what was there before is."""
    for before in ([], ["ChannelNames.txt"]):
        for name in before:
            (tmp_path / "s").mkdir()
            (tmp_path / "s" / name).write_text("kept")
        with pytest.raises(BaseException) as caught, SessionWriter(tmp_path / "s", overwrite=True) as session:
            session.write("a", [b"1"])
            raise error
        assert caught.value is error or caught.type is error
        assert everything(tmp_path) == (["s", "s/ChannelNames.txt"] if before else [])


def test_what_is_there_is_replaced_only_when_told(tmp_path: Path) -> None:
    """Without overwrite=True the old session stays; with it, the new one stands alone."""
    write(tmp_path / "s")
    with pytest.raises(SessionExistsError, match="overwrite=True"):
        write(tmp_path / "s", b"two")
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == b"one"
    (tmp_path / "s" / "stale").touch()
    write(tmp_path / "s", b"two", overwrite=True)
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == b"two"
    assert not (tmp_path / "s" / "stale").exists()
    assert everything(tmp_path)[0] == "s"


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    """A folder that was only made beforehand is written into."""
    (tmp_path / "s").mkdir()
    write(tmp_path / "s")
    assert not any(compare(tmp_path / "s"))


def test_two_writers_at_one_target(tmp_path: Path) -> None:
    """The one that ends first lands; the other is told, and leaves nothing."""
    with pytest.raises(SessionExistsError), SessionWriter(tmp_path / "s") as late:
        late.write("a", [b"late"])
        write(tmp_path / "s")
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_a_replacement_that_fails_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new session cannot be renamed into place, the old one is back."""
    write(tmp_path / "s")
    rename, calls = os.rename, []

    def fail_second(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(whole_folder.os, "rename", fail_second)
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "s", b"two", overwrite=True)
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


KILLED = """
import os, signal, sys
from mockrawio.ground import durable, whole_folder, writing
from mockrawio.session.writer import SessionWriter
from tests.processes import python
if sys.argv[2] == "replacing":
    rename = os.rename
    def once(a, b):
        rename(a, b)
        os.kill(os.getpid(), signal.SIGKILL)
    whole_folder.os.rename = once
with SessionWriter(sys.argv[1], overwrite=True) as session:
    session.write("ChannelNames.txt", [b"two"])
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("moment", ["writing", "replacing"])
def test_a_killed_writer_leaves_no_session_and_the_next_one_mends(moment: str, tmp_path: Path) -> None:
    """After SIGKILL no leftover reads as a session, the old one is not lost, the next run succeeds."""
    write(tmp_path / "s")
    done = python(textwrap.dedent(KILLED), tmp_path / "s", moment)
    assert done.returncode == -signal.SIGKILL
    left = [p for p in tmp_path.iterdir() if p.name != "s"]
    assert len(left) >= 1
    for folder in left:
        with pytest.raises(NotASessionError, match="unfinished"):
            find_files(folder)
    with pytest.raises(SessionExistsError):  # the next writer first puts back what was there
        write(tmp_path / "s", b"three")
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_write_file_replaces_whole(tmp_path: Path) -> None:
    """A single file is replaced in one step, and kept if its content fails to come."""
    path = tmp_path / "d" / "f"
    write_file(path, [b"one"])
    with pytest.raises(RuntimeError):
        write_file(path, _fails())
    assert path.read_bytes() == b"one"
    assert everything(tmp_path) == ["d", "d/f"]


def _fails():  # type: ignore[no-untyped-def]
    yield b"half"
    raise RuntimeError


def test_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file and folder is synced before the rename, and after it the folder that has the new name."""
    done: list[tuple[str, int]] = []
    real_sync, real_rename = os.fsync, os.rename

    def sync(descriptor: int) -> None:
        done.append(("sync", os.fstat(descriptor).st_ino))
        real_sync(descriptor)

    def rename(source: Path, target: Path) -> None:
        done.append(("rename", os.stat(source).st_ino))
        real_rename(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", rename)
    write(tmp_path / "a" / "s")
    session = tmp_path / "a" / "s"
    at = done.index(("rename", session.stat().st_ino))
    below = [path.stat().st_ino for path in (session, *session.rglob("*"))]
    assert len(below) == 5
    assert {("sync", node) for node in below} <= set(done[:at])
    assert ("sync", tmp_path.stat().st_ino) in done[:at]  # in which the folder "a" was made
    assert done[at + 1 :] == [("sync", session.parent.stat().st_ino)]


def test_a_large_file_begins_to_be_synced_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file longer than SYNC_BYTES is handed to the disk in parts, and is the same."""
    monkeypatch.setattr(writing, "SYNC_BYTES", 10)
    synced = []
    monkeypatch.setattr(whole_folder, "sync_fd", synced.append)
    with SessionWriter(tmp_path / "s") as session:
        session.write("a", [b"x" * 7] * 5)
    assert len(synced) == 3
    assert (tmp_path / "s" / "a").read_bytes() == b"x" * 35


def test_more_files_than_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that is faster than the disk waits for it, and does not run out of open files."""
    monkeypatch.setattr(whole_folder, "_MOST_WAITING", 2)
    with SessionWriter(tmp_path / "s") as session:
        for k in range(20):
            session.write(f"{k}", [b"x"])
    assert len(everything(tmp_path / "s")) == 20


def test_a_disk_that_fails_late_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only the sync finds out, as on a network disk, is an error that names the file; nothing lands."""

    def fail(descriptor: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(whole_folder, "sync_fd", fail)
    with pytest.raises(NotWrittenError, match="ChannelNames.txt.*Disk quota exceeded. Free some space") as caught:
        write(tmp_path / "s")
    assert (caught.value.errno, caught.value.filename) == (errno.EDQUOT, str(tmp_path / "s" / "ChannelNames.txt"))
    assert list(tmp_path.iterdir()) == []
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.errno) == (str(caught.value), errno.EDQUOT)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_cannot_sync(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no such thing as a sync is written to all the same."""

    def cannot(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", cannot)
    write(tmp_path / "s")
    assert not any(compare(tmp_path / "s"))


@pytest.mark.parametrize("overwrite", [True, False])
def test_another_lands_in_between(overwrite: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer that lands just before the rename is replaced, or stays: both times one is there, whole."""
    rename, calls = os.rename, []

    def late(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 1:
            monkeypatch.setattr(os, "rename", rename)
            write(tmp_path / "s", b"between", overwrite=True)
            monkeypatch.setattr(os, "rename", late)
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    if overwrite:
        write(tmp_path / "s", b"late", overwrite=True)
    else:
        with pytest.raises(SessionExistsError):
            write(tmp_path / "s", b"late")
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == (b"late" if overwrite else b"between")
    assert not any(compare(tmp_path / "s"))
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_only_what_is_stale_is_cleaned_up(tmp_path: Path) -> None:
    """Leftovers of a dead process go, or come back; those of a live one, another machine or another target stay."""
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    pid, host = int(dead.stdout), durable._HOST
    names = {
        f".a[1].partial-{pid}-{host}00": False,
        f".a[1].partial-{os.getpid()}-{host}00": True,
        f".a[1].partial-{pid}-{int(host, 16) ^ 1:08x}00": True,
        f".other.partial-{pid}-{host}00": True,
        ".a[1].partial-x-y-z": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
    aside = tmp_path / f".a[1].replaced-{pid}-{host}00"
    aside.mkdir()
    (aside / "ChannelNames.txt").write_text("old")
    with pytest.raises(SessionExistsError):
        write(tmp_path / "a[1]")
    assert {name: (tmp_path / name).exists() for name in names} == names
    assert everything(tmp_path / "a[1]") == ["ChannelNames.txt"]


@pytest.mark.parametrize("below", ["s", "s/t"])
def test_a_file_in_the_way(below: str, tmp_path: Path) -> None:
    """A file where a folder has to be is an error that names it and says what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWrittenError, match=r"file: expected a place .*; found a file there. Choose another place"):
        write(tmp_path / "file" / below)
    with pytest.raises(NotWrittenError, match="d: .* found a folder there"):
        (tmp_path / "d").mkdir()
        write_file(tmp_path / "d", [b"x"])
    assert everything(tmp_path) == ["d", "file"]


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a target in a folder that may be written to and not listed, nothing is looked for."""
    listing = os.listdir

    def listdir(path: str | Path) -> list[str]:
        if Path(path) == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "listdir", listdir)
    assert durable.leftovers(tmp_path / "s") == []
    write(tmp_path / "s")
    write(tmp_path / "s", b"two", overwrite=True)
    write_file(tmp_path / "f", [b"x"])
    assert not any(compare(tmp_path / "s"))


def test_an_empty_folder_that_does_not_give_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be renamed onto another, and the other is in use, that is an error and not for ever."""
    tries = []

    def rename(source: object, target: object) -> None:
        tries.append(target)
        assert len(tries) < 10
        raise FileExistsError(errno.EEXIST, "File exists")

    def rmdir(path: Path) -> None:
        raise PermissionError(errno.EACCES, "The folder is in use")

    (tmp_path / "s").mkdir()
    monkeypatch.setattr(whole_folder.os, "rename", rename)
    monkeypatch.setattr(Path, "rmdir", rmdir)
    with pytest.raises(NotWrittenError, match="s: expected .*; found The folder is in use"):
        write(tmp_path / "s")
    assert everything(tmp_path) == ["s"]


def test_no_handles_left_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be handed to the threads that sync is an error that names it."""

    def dup(descriptor: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(whole_folder.os, "dup", dup)
    with pytest.raises(NotWrittenError, match=r"ChannelNames\.txt: .*Too many open files"):
        write(tmp_path / "s")
    assert everything(tmp_path) == []


def test_a_leftover_whose_name_has_two_lines(tmp_path: Path) -> None:
    """A name with a line end in it is a name like any other: what is left beside it is not read."""
    left = durable.sibling(tmp_path / "a\nb", "partial")
    left.mkdir()
    assert [found.path for found in durable.leftovers(tmp_path / "a\nb")] == [left]
    with pytest.raises(NotASessionError, match="unfinished"):
        find_files(left)


def test_a_name_too_long_to_write_beside(tmp_path: Path) -> None:
    """A name without room for what a file is called while it is written is an error that says how long it may be."""
    with pytest.raises(NotWrittenError, match=r"found File name too long\. Choose a name of at most 200 bytes"):
        write_file(tmp_path / ("n" * 240), [b"x"])
    write_file(tmp_path / ("n" * 200), [b"x"])
    assert everything(tmp_path) == ["n" * 200]


def test_a_folder_that_cannot_be_locked(tmp_path: Path) -> None:
    """What cannot be opened to be locked is an error that names it."""
    with pytest.raises(NotWrittenError, match="absent: "), durable.locked(tmp_path / "absent"):
        raise AssertionError("it was")


def test_interrupted_as_its_folder_is_made(tmp_path, monkeypatch):
    """Ctrl-C in the moment in which the folder beside the session has been made leaves none."""
    make = Path.mkdir

    def interrupted(self, *arguments, **options):
        make(self, *arguments, **options)
        if ".partial-" in self.name:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), SessionWriter(tmp_path / "session_1"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", range(6))
def test_one_sync_that_fails_is_told(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk forgets that it failed: the error of one fsync alone, be it of a file or of a folder, ends the writing."""
    synced = []
    fsync = os.fsync

    def fail_once(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == at + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    try:
        write(tmp_path / "new" / "s")
    except NotWrittenError as error:
        assert error.errno == errno.EIO
        assert len(synced) > at
    else:
        assert len(synced) <= at  # there are no more


@pytest.mark.parametrize("at", range(3))
def test_one_sync_of_one_file_that_fails_is_told(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets its name once it is on the disk, and the name is there once its folder is; either may fail."""
    synced: list[bool] = []
    target = tmp_path / "new" / "file"

    def fail_once(descriptor: int) -> None:
        synced.append(target.exists())
        if len(synced) == at + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail_once)
    with pytest.raises(NotWrittenError) as caught, durable.whole_file(target) as staging:
        staging.write_bytes(b"one")
    assert caught.value.errno == errno.EIO
    assert synced == [False, False, True][: at + 1]  # the folder of the new one, the file, its folder
    assert list(tmp_path.rglob("*.partial*")) == []


def test_what_is_half_removed_is_not_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that was replaced, and whose removal was cut off, is rubbish for the next writer, and no session."""
    aside = durable.sibling(tmp_path / "s", "replaced")
    for name in "ab":
        write_file(aside / name, [b"old"])

    def cut_off(path: Path, ignore_errors: bool) -> None:
        (path / "a").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(durable.shutil, "rmtree", cut_off)
        durable.remove(aside)
    durable.clean_up(tmp_path / "s", lambda left: True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("purpose", ["partial", "replaced"])
def test_leftovers_of_any_kind_are_removed(purpose: str, tmp_path: Path) -> None:
    """A file, a folder, a link to a folder, which stays as it is, and what another writer has removed already."""
    write_file(tmp_path / "kept" / "a", [b"one"])
    file, folder, link, gone = (durable.sibling(tmp_path / "s", purpose) for _ in range(4))
    file.write_bytes(b"")
    write_file(folder / "below" / "a", [b"one"])
    link.symlink_to(tmp_path / "kept", target_is_directory=True)
    for path in (file, folder, link):
        durable.remove(path)
    if purpose == "partial":
        durable.remove(gone)
    assert everything(tmp_path) == ["kept", "kept/a"]
