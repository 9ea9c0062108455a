"""A session is written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mockrawio.session import writer
from mockrawio.session.errors import NotASessionError, SessionExistsError
from mockrawio.session.layout import find_files
from mockrawio.session.manifest import compare
from mockrawio.session.writer import SessionWriter, write_file


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
    assert compare(tmp_path / "a" / "s") == (["ChannelNames.txt"], ["more"], ["lfp_data/a.txt"])


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

    monkeypatch.setattr(writer.os, "rename", fail_second)
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "s", b"two", overwrite=True)
    assert (tmp_path / "s" / "ChannelNames.txt").read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


KILLED = """
import os, signal, sys
from mockrawio.session import writer
if sys.argv[2] == "replacing":
    rename = os.rename
    def once(a, b):
        rename(a, b)
        os.kill(os.getpid(), signal.SIGKILL)
    writer.os.rename = once
with writer.SessionWriter(sys.argv[1], overwrite=True) as session:
    session.write("ChannelNames.txt", [b"two"])
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("moment", ["writing", "replacing"])
def test_a_killed_writer_leaves_no_session_and_the_next_one_mends(moment: str, tmp_path: Path) -> None:
    """After SIGKILL no leftover reads as a session, the old one is not lost, the next run succeeds."""
    write(tmp_path / "s")
    code = textwrap.dedent(KILLED)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s"), moment], check=False)
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
