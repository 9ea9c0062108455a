"""The pieces of which reading from elsewhere is made, each with a stand-in for what it asks."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from mockrawio import MockSessionError
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.folder import Identity
from mockrawio.ground.remote import folder as remote
from mockrawio.ground.remote import reading, store
from mockrawio.ground.remote.address import Address, is_address, local_path
from mockrawio.ground.remote.blocks import BLOCK, KeptBlocks
from mockrawio.ground.remote.folder import RemoteFolder
from mockrawio.ground.remote.reading import Ranges
from mockrawio.ground.remote.store import Known, Listed, Passing, RemoteStore, patiently


class Held(RemoteStore):
    """Files in memory, whose tag is "1"; it notes what it is asked for."""

    def __init__(self, **files: bytes) -> None:
        self.files, self.asked, self.tag = files, [], "1"
        self.listings: dict[str, list[Listed]] = {}
        self.closed = 0

    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        self.asked.append((name, start, stop))
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "nothing", name)
        return self.files[name][start:stop], Known(len(self.files[name]), self.tag)

    def listed(self, below: str) -> list[Listed]:
        self.asked.append((below, -1, -1))
        if below not in self.listings:
            raise FileNotFoundError(errno.ENOENT, "no folder", below)
        return self.listings[below]

    def close(self) -> None:
        self.closed += 1

    def taken(self) -> list[tuple[str, int, int]]:
        taken, self.asked = self.asked, []
        return taken


def numbered(n: int) -> bytes:
    """So many bytes, of which none is like its neighbours."""
    return bytes(k % 251 for k in range(n))


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread."""
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.001)
    assert holds()


# -- what was read ---------------------------------------------------------------------------------


def test_a_stretch_has_what_lies_within_it():
    """Bytes are found if one stretch has all of them, its first and its last too."""
    kept = KeptBlocks()
    kept.keep("a", 10, b"0123456789")
    found = {(start, stop): kept.find("a", start, stop) for start in (9, 10, 13, 19) for stop in (12, 20, 21)}
    assert {span: None if data is None else bytes(data) for span, data in found.items()} == {
        **dict.fromkeys([(9, 12), (9, 20), (9, 21), (10, 21), (13, 21), (19, 21)]),
        (10, 12): b"01",
        (10, 20): b"0123456789",
        (13, 12): b"",
        (13, 20): b"3456789",
        (19, 12): b"",
        (19, 20): b"9",
    }
    assert kept.find("b", 10, 12) is None


def test_what_was_not_used_for_the_longest_time_goes():
    """So many bytes are kept and no more; a stretch that is read stays, one that is kept twice counts once."""
    kept = KeptBlocks(10)
    for _ in range(3):
        kept.keep("a", 0, b"aaaa")
    kept.keep("b", 0, b"bbb")
    kept.keep("b", 9, b"ccc")
    assert kept.find("a", 0, 4) == b"aaaa"
    kept.keep("d", 0, b"d")
    assert [kept.find(name, start, start + 1) for name, start in (("a", 0), ("b", 0), ("b", 9), ("d", 0))] == [
        b"a", None, b"c", b"d",
    ]  # fmt: skip
    kept.keep("e", 0, b"eeeeeee")
    assert [kept.find(name, start, start + 1) for name, start in (("a", 0), ("b", 9), ("d", 0), ("e", 0))] == [
        None, None, b"d", b"e",
    ]  # fmt: skip


def test_how_much_is_kept():
    """Of a folder 64 MiB are kept."""
    kept = KeptBlocks()
    kept.keep("a", 0, bytes(1 << 26))
    assert kept.find("a", 5, 6) == b"\0"
    kept.keep("b", 0, b"b")
    assert (kept.find("a", 5, 6), kept.find("b", 0, 1)) == (None, b"b")


# -- asking again ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_for", "waits"),
    [(0.0, [0.1, 0.4, 1.6, 6.4]), (1.0, [1.0, 1.0, 1.6, 6.4]), (15.5, [15.0] * 4), (14.5, [14.5] * 4)],
)
def test_the_waits_between_tries(asked_for, waits, monkeypatch):
    """Each wait is longer than the last, and as long as the server asks, up to 15 s; the fifth answer counts."""
    slept: list[float] = []
    monkeypatch.setattr(store.time, "sleep", slept.append)
    faults = [Passing("busy", asked_for) for _ in waits]

    def ask() -> str:
        if faults:
            raise faults.pop()
        return "here"

    assert patiently("place", ask) == "here" and slept == waits
    faults = [Passing("busy") for _ in range(5)]
    with pytest.raises(BadFileError, match="place: expected the bytes asked for; found busy, 5 times"):
        patiently("place", ask)
    assert (Passing("x").wait_s, faults) == (0.0, [])


# -- ranges ----------------------------------------------------------------------------------------


def ranges_of(known: dict[str, Known] | None = None, **files: bytes) -> tuple[Ranges, Held]:
    held = Held(**files)
    return Ranges(held, lambda name: f"there/{name}", {} if known is None else known), held


def test_a_small_range_brings_what_follows():
    """A range of fewer bytes than a block brings a block, in which the next is found; a whole block is not kept."""
    data = numbered(3 * BLOCK)
    ranges, held = ranges_of({"a": Known(3 * BLOCK, "1")}, a=data)
    assert ranges.read("a", 100, 200) == data[100:200]
    assert ranges.read("a", 200, 100 + BLOCK) == data[200 : 100 + BLOCK]
    assert held.taken() == [("a", 100, 100 + BLOCK)]
    assert ranges.read("a", 1, BLOCK) == data[1:BLOCK]
    assert held.taken() == [("a", 1, 1 + BLOCK)]
    for _ in range(2):
        assert ranges.read("a", BLOCK + 500, 2 * BLOCK + 500) == data[BLOCK + 500 : 2 * BLOCK + 500]
        assert held.taken() == [("a", BLOCK + 500, 2 * BLOCK + 500)]
    assert BLOCK == 65_536
    ranges.close()
    assert held.closed == 1 and ranges._pool._shutdown
    how: list[dict[str, bool]] = []
    ranges._pool = SimpleNamespace(shutdown=lambda **given: how.append(given))
    ranges.close()
    assert how == [{"wait": False, "cancel_futures": True}]  # what is on its way is let go


def test_a_range_ends_with_the_file():
    """What is asked for beyond the end is not there, and nobody is asked for it."""
    ranges, held = ranges_of(a=b"0123456789")
    assert ranges.size("a") == ranges.size("a") == 10
    assert held.taken() == [("a", 0, BLOCK)]
    reads = ((0, 10), (9, 20), (10, 20), (11, 20), (5, 5), (6, 5))
    assert [bytes(ranges.read("a", *span)) for span in reads] == [b"0123456789", b"9", b"", b"", b"", b""]
    assert held.taken() == []
    ranges.first("a", 4)
    assert held.taken() == [("a", 0, 4)]
    ranges, held = ranges_of({"a": Known(10, "1")}, a=b"0123456789")
    assert (ranges.read("a", 5, 5), ranges.read("a", 10, 12), held.taken()) == (b"", b"", [])


def test_who_reads_on_has_the_next_range_fetched(monkeypatch):
    """A range that follows the last has the next, as long, fetched meanwhile, up to the end; all is read once."""
    monkeypatch.setattr(reading, "BLOCK", 1)
    data = numbered(45)
    ranges, held = ranges_of({"a": Known(45, "1")}, a=data)
    assert ranges.read("a", 0, 10) == data[:10] and held.taken() == [("a", 0, 10)]
    assert ranges.read("a", 10, 20) == data[10:20]
    until(lambda: len(held.asked) == 2)
    assert sorted(held.taken()) == [("a", 10, 20), ("a", 20, 30)]
    assert ranges.read("a", 20, 30) == data[20:30]
    until(lambda: len(held.asked) == 1)
    assert held.taken() == [("a", 30, 40)]
    assert ranges.read("a", 30, 40) == data[30:40]
    until(lambda: len(held.asked) == 1)
    assert held.taken() == [("a", 40, 45)]
    assert ranges.read("a", 40, 50) == data[40:]
    assert held.taken() == []


@pytest.mark.parametrize("span", [(20, 29), (21, 30), (0, 10)])
def test_another_range_than_was_fetched(span, monkeypatch):
    """One that ends, or begins, elsewhere is asked for itself; what was fetched ahead is let go."""
    monkeypatch.setattr(reading, "BLOCK", 1)
    ranges, held = ranges_of({"a": Known(99, "1")}, a=numbered(99))
    for start in (0, 10):
        ranges.read("a", start, start + 10)
    until(lambda: len(held.asked) == 3)
    held.taken()
    assert ranges.read("a", *span) == numbered(99)[slice(*span)]
    until(lambda: ("a", *span) in held.asked)
    ranges.read("a", 20, 30)
    until(lambda: ("a", 20, 30) in held.asked)


def test_sixteen_files_are_fetched_ahead(monkeypatch):
    """Of as many files as requests go at once the next range is fetched, of one more it is not."""
    ranges, _ = ranges_of({str(k): Known(99, "1") for k in range(20)})
    begun: list[tuple[str, int, int]] = []

    def submit(call: object, *asked: object) -> Future[bytes]:
        begun.append(asked)
        return Future()

    monkeypatch.setattr(ranges._pool, "submit", submit)
    for k in range(20):
        for _ in range(2):
            ranges._begin(str(k), 10, 20)
    assert begun == [(str(k), 10, 20) for k in range(16)]
    for start, stop, expected in ((99, 120, []), (98, 120, [("0", 98, 99)]), (10, 10, [])):
        begun.clear()
        ranges._ahead.clear()
        ranges._begin("0", start, stop)
        assert begun == expected


def test_a_large_range_is_several_requests(monkeypatch):
    """A range of more than one request's bytes is asked for in parts, one after another, and put together."""
    assert (reading.PART, reading.MOST_AHEAD, reading.MOST_FIRST) == (1 << 26, 1 << 24, 4096)
    monkeypatch.setattr(reading, "PART", 10)
    data = numbered(40)
    ranges, held = ranges_of(a=data)
    assert ranges._fetch("a", 3, 13) == data[3:13] and held.taken() == [("a", 3, 13)]
    assert ranges._fetch("a", 3, 14) == data[3:14] and held.taken() == [("a", 3, 13), ("a", 13, 14)]
    assert ranges._fetch("a", 3, 33) == data[3:33]
    assert held.taken() == [("a", 3, 13), ("a", 13, 23), ("a", 23, 33)]


def test_a_file_is_one_version():
    """What a manifest says of a size is completed by the first tag; another tag, or size, is an error from then on."""
    known = {"a": Known(4, ""), "b": Known(5, "")}
    ranges, held = ranges_of(known, a=b"0123", b=b"0123")
    assert ranges._fetch("a", 0, 4) == b"0123" and known["a"] == Known(4, "1")
    with pytest.raises(MockSessionError, match="there/b: .* has changed since"):
        ranges._fetch("b", 0, 4)
    held.tag = "2"
    with pytest.raises(MockSessionError, match="there/a: .* has changed since"):
        ranges._fetch("a", 0, 4)
    held.tag, held.files["a"] = "1", b"012"
    with pytest.raises(MockSessionError, match="there/a: .* has changed since"):
        ranges._fetch("a", 0, 4)
    assert known["a"] == Known(4, "1")


@pytest.mark.usefixtures("soon")
def test_an_answer_of_another_length():
    """Bytes that are too few or too many for a range are asked for again, and are then an error that counts them."""
    ranges, held = ranges_of(a=b"0123456789")
    answers = [b"234", b"2345", b"23456"]
    held.read = lambda name, start, stop: (answers.pop(0), Known(10, "1"))
    assert ranges._fetch("a", 2, 6) == b"2345" and answers == [b"23456"]
    held.read = lambda name, start, stop: (b"012", Known(10, "1"))
    with pytest.raises(BadFileError, match="there/a: .* found 3 bytes of 20, 5 times"):
        ranges._fetch("a", 5, 25)
    held.read = lambda name, start, stop: (b"", Known(10, "1"))
    assert ranges._fetch("a", 12, 20) == b""


def test_beginnings_of_several():
    """The beginnings of files that are not known are read; one that cannot be says so to who needs it."""
    known = {"a": Known(1, "1")}
    ranges, held = ranges_of(known, a=b"a", b=b"bb", d=b"d")
    ranges.all_first(["a", "b", "c", "d"])
    assert sorted(held.taken()) == [(name, 0, BLOCK) for name in "bcd"] and sorted(known) == ["a", "b", "d"]
    with pytest.raises(FileNotFoundError):
        ranges.size("c")


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown", "base", "query"),
    [
        ("https://h/a/b/", "https://h/a/b", "https://h/a/b", ""),
        ("https://u:p@h:80/a?s=1&t=2#f", "https://h:80/a", "https://u:p@h:80/a", "?s=1&t=2"),
        ("http://u@v:p@h/a@b", "http://h/a@b", "http://u@v:p@h/a@b", ""),
        ("HTTP://h/a?s", "http://h/a", "http://h/a", "?s"),
        ("s3://u:p@b/k?x=1/", "s3://b/k?x=1", "s3://u:p@b/k?x=1", ""),
        ("s3://u@b/u@b", "s3://b/u@b", "s3://u@b/u@b", ""),
        ("s3://b/a/b//", "s3://b/a/b", "s3://b/a/b", ""),
        ("S3://u:p@b/a::b", "S3://b/a::b", "S3://u:p@b/a::b", ""),
        ("zip://in/::https://u:p@h/z.zip?s=1", "zip://in::https://h/z.zip", "zip://in::https://u:p@h/z.zip", "?s=1"),
        ("zip::s3://b/z", "zip::s3://b/z", "zip::s3://b/z", ""),
        ("a://x::b://y::c://u:p@z", "a://x::b://y::c://z", "a://x::b://y::c://u:p@z", ""),
        ("memory://a/b", "memory://a/b", "memory://a/b", ""),
    ],
)
def test_parts_of_an_address(text, shown, base, query):
    """What is shown lacks user, password and query; the rest is what files are asked for with."""
    assert tuple(Address.of(text)) == (shown, base, query)


@pytest.mark.parametrize(
    ("text", "protocol", "answers"),
    [
        ("HTTPS://u:p@H.org:8/a", "https", "u:p@h.org:8"),
        ("s3://b/k", "s3", ""),
        ("zip://a::https://h/z?s=1", "zip", "https://h/z"),
        ("zip::/tmp/z::b", "zip", "/tmp/z::b"),
    ],
)
def test_what_answers_for_an_address(text, protocol, answers):
    """It is asked for by its protocol, of the server, or of what a zip lies in."""
    found = Address.of(text)
    assert (found.protocol, found.store) == (protocol, (protocol, answers))


def test_what_is_no_address():
    """An address that cannot be taken apart is told by its protocol alone."""
    for text in ("https://u:p@[::1/x", "gs://u:p@h:99999/x"):
        with pytest.raises(MockSessionError, match="expected an address; found one that is none") as raised:
            Address.of(text)
        assert raised.value.subject == f"{text.partition(':')[0]}://..."


def test_users_of_an_address():
    """User and password are decoded; without either there is none to give."""
    told = ("s3://me%40x:a%3Ab@b/k", "s3://me@b/k", "s3://b/k@c", "s3://@b/k")
    assert [Address.of(text).user for text in told] == [
        {"key": "me@x", "secret": "a:b"},
        {"key": "me", "secret": ""},
        {},
        {"key": "", "secret": ""},
    ]


def test_what_is_an_address():
    """An address begins with a protocol; files of this machine are paths, whatever is written before them."""
    texts = [
        "s3://b",
        "zip::x",
        "a+b-c.d1://x",
        "1a://b",
        "/a/b://c",
        "C:/a",
        "file:///a",
        "Local://b",
        "://x",
        "s3:/b",
    ]
    assert [text for text in texts if is_address(text)] == ["s3://b", "zip::x", "a+b-c.d1://x"]
    assert [local_path(text) for text in ("file:///a", "FILE://b", "local:///c", "file:/a", "/a")] == [
        "/a", "b", "/c", None, None,
    ]  # fmt: skip


# -- folders ---------------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch) -> Held:
    """What any address has."""
    held = Held(**{"a.npy": b"aaa", "b/c.npy": b"0123456789"})
    held.listings = {"": [Listed("b", True), Listed("a.npy", False)], "b": [Listed("c.npy", False)]}
    monkeypatch.setattr(remote, "store_at", lambda address, options: held)
    return held


def test_a_folder_is_listed_once(held):
    """Names are those of the store, each folder is asked for once, and files in it are known by then."""
    there = RemoteFolder("memory://x/y/")
    assert not there.is_local and not there.maps and not there.follow_symlinks
    for _ in range(2):
        assert [(one.name, one.path, one.is_dir()) for one in there.listed()] == [
            ("b", "memory://x/y/b", True),
            ("a.npy", "memory://x/y/a.npy", False),
        ]
        assert [(one.name, one.path, one.is_dir()) for one in there.listed("b")] == [
            ("c.npy", "memory://x/y/b/c.npy", False)
        ]
    assert held.taken() == [("", -1, -1), ("a.npy", 0, BLOCK), ("b", -1, -1), ("b/c.npy", 0, BLOCK)]
    assert [name for name, _ in there.walk()] == ["a.npy", "b/c.npy"]
    with pytest.raises(BadFileError, match="memory://x/y/d: expected a folder that may be listed; found no folder"):
        there.listed("d")
    there.renew()
    there.listed()
    assert held.taken()[-2:] == [("", -1, -1), ("a.npy", 0, BLOCK)]


def test_how_many_names_are_listed(held, monkeypatch):
    """Folders are listed eight deep, and as long as not more names than 262,144 are known."""
    assert remote.MOST_NAMES == 262_144
    there, deep = RemoteFolder("memory://x"), "/".join("abcdefgh")
    held.listings |= {deep: [], "n": []}
    assert there.listed(deep) == []
    with pytest.raises(BadFileError, match="at most 262144 names, 8 folders deep"):
        there.listed(f"{deep}/i")
    there.listed()
    monkeypatch.setattr(remote, "MOST_NAMES", 2)
    assert there.listed("n") == []
    monkeypatch.setattr(remote, "MOST_NAMES", 1)
    with pytest.raises(BadFileError, match="at most 1 names"):
        there.listed("b")


def test_what_a_manifest_tells(held):
    """A folder that was told its files asks for none of them, and has no others."""
    there = RemoteFolder("memory://x")
    assert (there.learned, there.said("a.npy")) == (False, None)
    there.learn("e1", {"a.npy": 3, "b/c.npy": 10, "b/d/e": 0}, {"a.npy": {"text": "A"}})
    assert there.learned and there.said("a.npy") == {"text": "A"} and there.said("b/c.npy") is None
    there.say("b/c.npy", {"text": "C"})
    assert there.said("a.npy") == {"text": "A"} and there.said("b/c.npy") == {"text": "C"}
    listed = {below: [(one.name, one.path, one.is_dir()) for one in there.listed(below)] for below in ("", "b", "c")}
    assert listed == {
        "": [("a.npy", "memory://x/a.npy", False), ("b", "memory://x/b", True)],
        "b": [("c.npy", "memory://x/b/c.npy", False), ("d", "memory://x/b/d", True)],
        "c": [],
    }
    assert (there.status("b/c.npy").size, there.status("").size) == (10, 0) and held.taken() == []
    assert there.has("a.npy") and not there.has("z")
    assert there.find("a.npy").path == "memory://x/a.npy" and there.find("z") is None
    with pytest.raises(FileNotFoundError, match="nothing that the manifest names"):
        there.open("z")
    there.renew()
    assert (there.learned, there.said("a.npy"), there.edition) == (False, None, None)
    there.learn("", None, {})
    assert there.learned and there.edition == "" and [one.name for one in there.listed("b")] == ["c.npy"]


def test_a_file_is_known_again_by_its_tag(held):
    """Its identity has its size, and is another for another tag, or another edition of the manifest."""
    one = RemoteFolder("memory://x").status("a.npy")
    assert one == RemoteFolder("memory://x").status("a.npy") and one[1:] == (3, 0, 0) and one.inode.bit_length() > 32
    assert one.inode == int.from_bytes(hashlib.sha256(b"1").digest()[:8], "little")
    held.tag = "2"
    assert RemoteFolder("memory://x").status("a.npy").inode != one.inode
    editions = []
    for edition in ("e1", "e2"):
        there = RemoteFolder("memory://x")
        there.learn(edition, {"a.npy": 3, "b/c.npy": 10}, {})
        editions += [there.status("a.npy").inode, there.status("b/c.npy").inode]
    assert len(set(editions)) == 4
    assert RemoteFolder("memory://x").status("") == Identity(0, 0, 0, 0)


def test_a_file_is_read_from_any_place(held):
    """An open file is sought from its beginning, its place or its end, and reads all, some, or into a buffer."""
    file, known = RemoteFolder("memory://x").open("b/c.npy")
    assert known.size == 10 and file.readable() and file.seekable() and file.tell() == 0
    assert (file.read(3), file.tell(), file.read(), file.tell(), file.read()) == (b"012", 3, b"3456789", 10, b"")
    assert [file.seek(4), file.seek(2, io.SEEK_CUR), file.seek(-3, io.SEEK_END), file.seek(0)] == [4, 6, 7, 0]
    assert (file.read(0), file.read(None), file.seek(12), file.read(5)) == (b"", b"0123456789", 12, b"")
    with pytest.raises(OSError, match="before the beginning") as raised:
        file.seek(-1)
    assert (raised.value.errno, raised.value.filename, file.tell()) == (errno.EINVAL, "memory://x/b/c.npy", 12)
    file.seek(6)
    buffer = bytearray(b"......")
    assert (file.readinto(buffer), bytes(buffer), file.tell()) == (4, b"6789..", 10)
    assert type(RemoteFolder("memory://x").open("b/c.npy")[0].read(2)) is bytes
    with pytest.raises(NotImplementedError):
        RemoteFolder("memory://x").map(file)


def test_a_file_that_is_held(held):
    """A file of up to 4 MiB is brought in one request, of a larger one as much; one that is not there is told."""
    held.files["large"] = bytes((4 << 20) + 1)
    there = RemoteFolder("memory://x")
    assert there.hold("large") and not there.hold("none")
    assert held.taken() == [("large", 0, 4 << 20), ("none", 0, 4 << 20)]
    file, _ = there.open("large")
    assert len(file.read(4 << 20)) == 4 << 20 and held.taken() == []


def test_a_pickle_has_what_was_read(held):
    """A folder pickles with the tags that it has seen, without what a manifest said, and opens anew."""
    there = RemoteFolder("memory://x", exclude="b")
    there.learn("e", {"a.npy": 3, "b/c.npy": 10}, {"a.npy": {"text": "A"}})
    there.open("a.npy")[0].read()
    again = pickle.loads(pickle.dumps(there))
    assert again._known == {"a.npy": Known(3, "1")} and again.said("a.npy") is None and not again.learned
    assert (again.edition, again.exclude, str(again)) == ("e", ("b",), "memory://x")
    assert again.open("a.npy")[0].read() == b"aaa" and held.closed == 0
    again.close()
    assert held.closed == 1
    again.close()
    assert held.closed == 1


def test_another_process_opens_its_own(held, monkeypatch):
    """What this process has opened is left alone by one forked from it, which opens again."""
    there = RemoteFolder("memory://x")
    first = there._ranges
    assert there._ranges is first
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert (second := there._ranges) is not first and there._ranges is second
    monkeypatch.undo()
    there.close()
    assert held.closed == 0


def test_what_was_given_for_a_folder():
    """Secrets stay in this process: a folder below one has them, a copy elsewhere has what may be shown."""
    how = {"key": "K", "anon": False, "use_ssl": 1, "client_kwargs": {"headers": "H", "region_name": "eu"}}
    there = RemoteFolder("https://u:p@h/a?s=1", storage_options={**how, "endpoint_url": "http://x:y@e/z?q=1"})
    shown = {"anon": False, "endpoint_url": "http://e/z", "client_kwargs": {"region_name": "eu"}}
    assert there.options == shown and there.place == str(there) == "https://h/a"
    address, options = there.below("b").below("c").given()
    assert tuple(address) == ("https://h/a/b/c", "https://u:p@h/a/b/c", "?s=1") and options["key"] == "K"
    state = there.below("b").__getstate__()
    other = RemoteFolder.__new__(RemoteFolder)
    other.__setstate__({**state, "_token": "of another process"})
    assert other.given() == (Address("https://h/a/b", "https://h/a/b", ""), shown)
    plain = RemoteFolder("https://h/a", storage_options={"anon": True})
    assert plain._token not in remote._GIVEN and plain.given() == (
        Address("https://h/a", "https://h/a", ""),
        {"anon": True},
    )
    for given in ({"storage_options": {"key": "K"}}, {}):
        secret = RemoteFolder("https://h/a" if given else "https://u@h/a", **given)
        assert secret._token in remote._GIVEN


def test_which_store_knows_an_address(monkeypatch, tmp_path):
    """HTTP and S3 have stores of their own, a zip is one of what it lies in, and fsspec has all others."""
    made = {}
    for module, name in (("web", "HttpStore"), ("s3", "S3Store"), ("anywhere", "AnyStore")):
        kind = f"mockrawio.ground.remote.{module}.{name}"
        monkeypatch.setattr(kind, lambda place, options, name=name: made.setdefault(name, []).append(place) or name)
    texts = ("http://h", "https://h", "s3://b", "s3a://b", "memory://m", "zip://only", "gs://b")
    assert [remote.store_at(Address.of(text), {}) for text in texts] == [
        "HttpStore", "HttpStore", "S3Store", "S3Store", "AnyStore", "AnyStore", "AnyStore",
    ]  # fmt: skip
    assert made["AnyStore"] == ["memory://m", "zip://only", "gs://b"]
    with pytest.raises(BadFileError, match=r"z\.zip: expected a readable file"):
        remote.store_at(Address.of(f"zip://a::{tmp_path}/z.zip"), {})
    monkeypatch.setattr("mockrawio.ground.remote.anywhere.AnyStore", lambda *_: 1 / 0)
    with pytest.raises(BadFileError, match="memory://m: .* found ZeroDivisionError; is its protocol"):
        remote.store_at(Address.of("memory://m"), {})


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ({"https": {"a": 1}, "zip": {"b": 2}, "c": 3}, {"a": 1}),
        ({"zip": {"b": 2}, "c": 3}, {"c": 3}),
        ({}, {}),
    ],
)
def test_options_of_what_a_zip_lies_in(options, given, monkeypatch):
    """A zip's address is opened by its own options, under its protocol or as they are; its query stays with it."""
    asked = []
    held = Held(**{"z.zip": b"PK"})

    def opened(address, options):
        asked.append((tuple(address), options))
        return held

    monkeypatch.setattr(remote, "store_at", opened)
    zipped = remote._in_a_zip(Address.of("zip://in/it::https://u:p@h/a/z.zip?s=1"), options)
    assert asked == [(("https://h/a", "https://u:p@h/a", "?s=1"), given)] and held.taken() == [("z.zip", 0, BLOCK)]
    assert (zipped._place, zipped._below) == ("https://h/a/z.zip", "in/it/")
    asked.clear()
    remote._in_a_zip(Address.of("zip://in::simplecache::https://h/a/z.zip"), {"simplecache": {"d": 4}})
    assert asked == [(("simplecache::https://h/a", "simplecache::https://h/a", ""), {"d": 4})]
    held.files.clear()
    with pytest.raises(BadFileError, match=r"https://h/a/z\.zip: expected a readable file; found nothing"):
        remote._in_a_zip(Address.of("zip://in/it::https://h/a/z.zip"), options)
