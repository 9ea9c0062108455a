"""Folders and their files: what is listed, what may be followed, and what has changed since."""

from __future__ import annotations

import errno
import io
import os
import pickle
import socket
import stat
import sys
import warnings
from pathlib import Path

import pytest

from mockrawio.ground import places
from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.errors import BadFileError, BadTypeError, MockSessionError
from mockrawio.ground.folder import File, Identity, patterns
from mockrawio.ground.moment import Moment
from mockrawio.ground.places import file_at, folder_at, folder_beside, given_place, read_text
from mockrawio.ground.regular import check_regular, not_regular, only_regular
from mockrawio.ground.remote.folder import RemoteFolder


@pytest.fixture
def tree(tmp_path):
    """A folder with files, folders, and links within it, out of it and to nowhere."""
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root / "in" / "deep", other):
        folder.mkdir(parents=True)
    for file in (root / "a", root / "in" / "b", root / "in" / "deep" / "c", other / "d"):
        file.write_text(file.name)
    for name, target in (("to_a", "a"), ("to_in", "in"), ("to_d", other / "d"), ("to_other", other), ("lost", "none")):
        (root / name).symlink_to(target)
    (root / "in" / "up").symlink_to("..")
    (root / "in" / "deep" / "round").symlink_to("..")
    return root


def walked(folder):
    """Return what a walk yields, an error by its words."""
    return {name: found.name if isinstance(found, File) else str(found.found) for name, found in folder.walk()}


def entry(folder, name):
    return next(one for one in folder.listed(os.path.dirname(name)) if one.name == os.path.basename(name))


# -- folders of the disk ---------------------------------------------------------------------------


def test_a_walk_over_a_folder(tree):
    """Files are found by way of links within the folder, each folder once; links that lead out are errors, or not."""
    out = str(tree.parent / "other")
    found = walked(DiskFolder(tree))
    assert found == {
        "a": "a",
        "to_a": "to_a",
        "lost": f"a link to {tree}/none, which is not there",
        "to_d": f"a link to {out}/d",
        "to_other": f"a link to {out}",
        "in/b": "in/b",
        "in/deep/c": "in/deep/c",
        "in/up": f"a link to {tree}",
    }
    found = walked(DiskFolder(tree, follow_symlinks=True))
    assert {name: found[name] for name in ("to_d", "to_other/d")} == {"to_d": "to_d", "to_other/d": "to_other/d"}
    assert found["lost"].endswith("which is not there")


def test_what_a_folder_has(tree):
    """A name is there even of a link to nowhere; a file is one that may be followed."""
    folder, follows = DiskFolder(tree), DiskFolder(tree, follow_symlinks=True)
    names = ("a", "in", "in/b", "to_a", "to_d", "lost", "none", "in/up/a")
    assert [folder.has(name) for name in names] == [True] * 6 + [False, True]
    assert [folder.find(name) is not None for name in names] == [True, False, True, True, False, False, False, True]
    assert follows.find("to_d") == File(follows, "to_d", str(tree / "to_d")) and follows.find("lost") is None
    assert (DiskFolder(tree).instead(), DiskFolder(tree / "a").instead(), DiskFolder(tree / "x").instead()) == (
        None, "a file", "nothing",
    )  # fmt: skip
    assert folder.real(str(tree / "to_in")) == os.path.realpath(tree / "in") and folder.is_local and folder.maps
    with pytest.raises(BadFileError, match=f"{tree}/none: expected a folder that may be read"):
        folder.listed("none")
    with pytest.raises(BadFileError, match=f"{tree}/none: expected a folder that may be read"):
        DiskFolder(tree / "none").listed()
    assert DiskFolder(tree / "a").status("").size == 1  # what is in its place, if it is no folder


def test_links_that_are_checked(tree):
    """An entry that is no link passes, one within the folder too; the remedy names what follows others."""
    folder = DiskFolder(tree)
    for name in ("a", "in", "to_a", "to_in", "in/deep/round"):
        folder.check(entry(folder, name))
    with pytest.raises(BadFileError, match="expected no link out of .* read with follow_symlinks=True.") as raised:
        folder.check(entry(folder, "to_d"))
    assert [one.name for one in raised.value.text.arguments] == ["follow_symlinks"]
    with pytest.raises(BadFileError, match="a file or folder; found a link to .*none, which is not there. Restore"):
        DiskFolder(tree, follow_symlinks=True).check(entry(folder, "lost"))
    (tree / "loop").symlink_to("loop")
    with pytest.raises(BadFileError):
        folder.check(entry(folder, "loop"))


def test_what_is_no_plain_file(tree, monkeypatch):
    """A pipe, a socket, a folder in a file's place and one that is gone are refused by what they are."""
    folder = DiskFolder(tree)
    os.mkfifo(tree / "pipe")
    monkeypatch.chdir(tree)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    (tree / "to_pipe").symlink_to("pipe")
    said = {"pipe": "a named pipe", "to_pipe": "a named pipe", "socket": "a socket", "in": "a folder"}
    for name, what in said.items():
        with pytest.raises(BadFileError, match=f"{name}: expected a readable file; found {what}. Move it away."):
            folder.file(entry(folder, name))
    file = folder.file(entry(folder, "to_a"))
    plain = entry(folder, "a")
    with monkeypatch.context() as looked:
        looked.setattr(os, "stat", lambda *_: pytest.fail("examined"))
        assert folder.file(plain).name == "a"
    assert (file.name, file.path) == ("to_a", str(tree / "to_a")) and folder.file(entry(folder, "in/b")).name == "in/b"
    gone = entry(folder, "to_a")
    (tree / "to_a").unlink()
    monkeypatch.setattr(DiskFolder, "check", lambda *_: None)
    with pytest.raises(BadFileError, match="to_a: expected a readable file; found No such file"):
        folder.file(gone)
    assert not_regular("p", stat.S_IFCHR).found == "a device" == not_regular("p", stat.S_IFBLK).found
    for name in ("pipe", "in"):
        with pytest.raises(OSError, match="no plain file") as raised:
            folder.status(name)
        assert (raised.value.errno, raised.value.filename) == (errno.EINVAL, str(tree / name))
        with pytest.raises(BadFileError):
            folder.open(name)


def test_files_are_opened(tree):
    """An open file has the identity that its name has, its map has all bytes; a file is made with the usual rights."""
    folder = DiskFolder(tree)
    (tree / "in" / "b").write_bytes(b"bytes")
    opened, known = folder.open("in/b")
    status = os.stat(tree / "in/b")
    assert known == folder.status("in/b") == Identity.of(status)
    assert known == (status.st_ino, 5, status.st_mtime_ns, status.st_ctime_ns)
    with opened:
        assert type(opened) is io.FileIO  # which reads what is asked for, and no more
        assert folder.map(opened)[:] == b"bytes" and folder.map(opened).size() == 5
    assert folder.status("").inode == folder.identity().inode == os.stat(tree).st_ino
    check_regular(tree / "a")
    descriptor = only_regular(tree / "made", os.O_WRONLY | os.O_CREAT)
    os.close(descriptor)
    os.umask(umask := os.umask(0))
    assert stat.S_IMODE(os.stat(tree / "made").st_mode) == 0o666 & ~umask
    with pytest.raises(BadFileError, match="a folder"):
        check_regular(tree / "in")


# -- files -----------------------------------------------------------------------------------------


def test_files_by_their_places(tree):
    """A file is equal to another of its place, is looked at without an error, and knows the one beside it."""
    folder = DiskFolder(tree)
    file, again = File(folder, "in/b"), File(DiskFolder(tree / "in"), "b")
    assert file == again and hash(file) == hash(again) and file != File(folder, "a") and file != str(tree / "in/b")
    assert File(folder, "a", "/elsewhere").path == "/elsewhere"
    assert (str(file), repr(file)) == (f"{tree}/in/b", f"File('{tree}/in/b')")
    assert File(folder, "x.y/a.b.npy").with_ending(".json").name == "x.y/a.b.json"
    assert File(folder, "none").look() is None and file.look() == file.identity()
    with pytest.raises(BadFileError, match="none: expected a readable file"):
        File(folder, "none").identity()
    copy = pickle.loads(pickle.dumps(file))
    opened, known = copy.open()
    with opened:
        assert copy == file and known == file.look() and opened.read() == b"b"


def test_what_is_left_out(tree):
    """What matches a pattern is left out, and a folder with all in it; patterns of nothing are told."""
    names = {
        "a": ["a"],
        "in": ["in"],
        "in/": ["in"],
        "in/*": ["in/b", "in/deep", "in/up"],
        "*p": ["in/deep", "in/up"],
        "i?": ["in"],
        "[a-c]": ["a"],
        "*/c": ["in/deep/c"],
        "in/*/r*": ["in/deep/round"],
        "x": [],
    }
    for pattern, expected in names.items():
        assert DiskFolder(tree, exclude=pattern).left_out() == expected, pattern
    folder = DiskFolder(tree, exclude=["a", "to_*", "lost", "in/de*", "in/up"])
    assert folder.left_out() == ["a", "in/deep", "in/up", "lost", "to_a", "to_d", "to_in", "to_other"]
    assert [one.name for one in folder.entries()] == ["in"] and [one.name for one in folder.entries("in")] == ["b"]
    assert walked(folder) == {"in/b": "in/b"} and DiskFolder(tree).left_out() == []
    assert [one.name for one in DiskFolder(tree).entries("in")] == ["b", "deep", "up"]
    plain = DiskFolder(tree / "none")
    plain.listed = lambda below: pytest.fail("listed")
    assert plain.left_out() == [] and plain.warn_of_idle() is None
    assert folder.leaves_out("in/deep/c") and not folder.leaves_out("in/b") and not folder.leaves_out("in")


def test_patterns_that_match_nothing(tree):
    """Each pattern that matches nothing is warned of, where the reader was called."""

    def reader(folder):
        def header():
            folder.warn_of_idle()

        header()

    folder = DiskFolder(tree, exclude=["a", "b", "in/b", "x*"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reader(DiskFolder(tree, exclude="a"))
        reader(DiskFolder(tree / "none"))
        reader(folder)
        called = sys._getframe().f_lineno - 1
    assert [str(one.message) for one in caught] == [
        f"{tree}: nothing in it matches exclude='b'",
        f"{tree}: nothing in it matches exclude='x*'",
    ]
    assert {(one.filename, one.lineno) for one in caught} == {(__file__, called)}


@pytest.mark.parametrize("exclude", [3, None, ["a", 3], [None], {"a": 1}.values()])
def test_patterns_that_are_none(exclude):
    """Patterns are a text, or several, however they are given; none of them may be anything else."""
    with pytest.raises(BadTypeError, match="exclude: expected a pattern, or a list of them") as raised:
        patterns(exclude)
    assert raised.value.found == repr(exclude)
    assert (patterns("ab"), patterns(["a", "b"]), patterns(iter("ab")), patterns(())) == (
        ("ab",), ("a", "b"), ("a", "b"), (),
    )  # fmt: skip


# -- from a path -----------------------------------------------------------------------------------


def test_places_of_callers(tree, monkeypatch):
    """A path is made absolute, an address is one, a folder stays as it is, and options are for addresses."""
    monkeypatch.chdir(tree)
    folder = folder_at("in", follow_symlinks=True, exclude="b")
    assert (type(folder), str(folder), folder.prefix) == (DiskFolder, str(tree / "in"), f"{tree}/in/")
    assert (folder.follow_symlinks, folder.exclude, folder.place) == (True, ("b",), tree / "in")
    assert folder_at(folder) is folder and folder_at(Path("in")).follow_symlinks is False
    assert str(folder_at(f"file://{tree}")) == str(tree) and type(folder_at("memory://a")) is RemoteFolder
    far = folder_at("memory://a", follow_symlinks=True, exclude="x", storage_options={"anon": True})
    assert (far.follow_symlinks, far.exclude, far.options) == (True, ("x",), {"anon": True})
    with pytest.raises(MockSessionError, match="storage_options: expected an address to be opened by them; found in"):
        folder_at("in", storage_options={"anon": True})
    assert type(folder_at("in", storage_options={})) is DiskFolder
    assert [given_place(where) for where in ("in", Path("in"), "s3://b/x", f"file://{tree}/in")] == [
        f"{tree}/in", f"{tree}/in", "s3://b/x", f"{tree}/in",
    ]  # fmt: skip
    file = file_at("in/b")
    assert (file.name, file.path, str(file.folder)) == ("b", "in/b", "in") and file_at(file) is file
    assert file_at("a").folder.status("a").size == 1


def test_a_folder_beside_another():
    """One of the same server is opened by the options of the first, any other without: they may hold secrets."""
    first = folder_at("https://u:p@h/a", follow_symlinks=True, storage_options={"anon": True, "key": "K"})
    assert folder_beside(first, None) is None
    same, other = folder_beside(first, "https://u:p@h/b"), folder_beside(first, "https://o/b")
    assert (same.given()[1], other.given()[1]) == ({"anon": True, "key": "K"}, {}) and same.follow_symlinks
    assert other.follow_symlinks and str(same) == "https://h/b"
    assert type(folder_beside(first, "/tmp")) is DiskFolder
    near = folder_beside(DiskFolder("/tmp", follow_symlinks=True), "https://h/b")
    assert type(near) is RemoteFolder and near.given()[1] == {} and near.follow_symlinks


def test_text_that_is_read(tree, monkeypatch):
    """A text file is read whole up to 64 MiB; what is said to be in it is believed, unless that is not wanted."""
    assert places.MAX_TEXT_FILE == 1 << 26 and places.SAID_TEXT == "text"
    monkeypatch.setattr(places, "MAX_TEXT_FILE", 3 << 20)
    (tree / "a").write_bytes(b"x" * (3 << 20))
    assert len(read_text(tree / "a")) == 3 << 20
    with open(tree / "a", "ab") as file:
        file.write(b"x")
    with pytest.raises(BadFileError, match="a: expected at most 3 MiB of text; found 3145729 bytes. Move it away."):
        read_text(tree / "a")
    with pytest.raises(BadFileError, match="none: expected a readable file; found No such file"):
        read_text(tree / "none")
    said = {"b": {"text": "said\ud800"}, "deep": {"text": 3}, "x": {}}
    monkeypatch.setattr(DiskFolder, "said", lambda self, name: said.get(name))
    assert read_text(tree / "in" / "b") == "said\ud800".encode("utf-8", "surrogatepass")
    assert read_text(tree / "in" / "b", as_said=False) == b"b"
    (tree / "x").write_text("own")
    assert read_text(tree / "x") == b"own"


# -- one moment ------------------------------------------------------------------------------------


@pytest.fixture
def moment(tree):
    folder = DiskFolder(tree)
    files = [File(folder, name) for name in ("a", "in/b", "none")]
    return folder, files, Moment(folder, folder.status(""), files)


def rewrite(file, text):
    Path(file.path).write_text(text)


def test_files_of_one_moment(moment):
    """What was read is from one moment, or it is an error, whatever else went wrong; leaving by Ctrl-C is none."""
    _, (a, b, none), held = moment
    with held as within:
        assert within is held
    with pytest.raises(KeyError), held:
        raise KeyError
    rewrite(a, "other")
    for error in (None, KeyError):
        with pytest.raises(BadFileError, match="a: expected the file as it was when it was opened"), held:
            if error:
                raise error
    with pytest.raises(KeyboardInterrupt), held:
        raise KeyboardInterrupt
    held.part(none).check()
    with pytest.raises(BadFileError):
        held.part(a, none).check()
    held.add([a])
    held.check()
    rewrite(b, "other")
    with pytest.raises(BadFileError, match="in/b: expected the file as it was"):
        held.check()


def test_a_folder_that_is_replaced(moment, tree):
    """A folder that is another, or none, is told before its files."""
    folder, files, held = moment
    rewrite(files[0], "other")
    (tree / "more").touch()
    for _ in range(2):
        with pytest.raises(
            MockSessionError, match="one session, from the first file .* another in its place"
        ) as raised:
            held.check()
        assert raised.value.subject == str(folder)
        tree.rename(tree.with_name("gone")) if tree.exists() else None


def test_files_that_are_read_within(moment):
    """Files that change while they are read are told of, before an error of ours, and no other is looked at."""
    _, (a, b, _), held = moment
    with held.reading(a, b):
        pass
    with pytest.raises(BadTypeError), held.reading(a):
        raise BadTypeError("x", "", "", "")
    rewrite(a, "other")
    with held.reading(b):
        pass
    with pytest.raises(BadFileError, match="has changed since"), held.reading(b, a):
        pass
    with pytest.raises(BadFileError, match="has changed since"), held.reading(a):
        raise BadTypeError("x", "", "", "")
    with pytest.raises(KeyError), held.reading(a):
        raise KeyError


def test_files_that_were_empty(moment):
    """A file was empty if it was there and had no bytes."""
    folder, (a, _, none), held = moment
    rewrite(none, "")
    held.add([none])
    rewrite(none, "x")
    assert [held.is_empty(file) for file in (a, none, File(folder, "unknown"))] == [False, True, False]
    held.add([File(folder, "absent")])
    assert not held.is_empty(File(folder, "absent"))
