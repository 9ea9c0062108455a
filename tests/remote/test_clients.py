"""What is asked of a server's client, and what is made of its answers, number by number; no server is needed."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import struct
import zipfile
from contextlib import suppress
from types import SimpleNamespace

import pytest

from mockrawio.ground.errors import BadFileError, NotWrittenError, SessionExistsError
from mockrawio.ground.remote import s3, web, writing
from mockrawio.ground.remote.address import Address
from mockrawio.ground.remote.anywhere import AnyStore, LocalStore, tag_of
from mockrawio.ground.remote.folder import RemoteFolder
from mockrawio.ground.remote.s3 import S3Store
from mockrawio.ground.remote.store import Known, Listed, Passing
from mockrawio.ground.remote.web import HttpStore
from mockrawio.ground.remote.zipped import ZipStore

# -- HTTP ------------------------------------------------------------------------------------------


class Got:
    """An answer of an HTTP server."""

    def __init__(self, status=206, data=b"", url="https://h/a/", **headers):
        self.status, self.data, self.url = status, data, url
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.content = self

    async def iter_any(self):
        for k in range(0, len(self.data), 4):
            yield self.data[k : k + 4]

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        return None


@pytest.mark.parametrize("status", [200, 206, 416])
def test_what_is_an_answer(status):
    """A range, a whole page and a range that is not there are answers, if they are not encoded."""
    for encoding in ({}, {"Content-Encoding": "Identity"}, {"Content-Encoding": ""}):
        web._check_status("p", status, encoding)
    with pytest.raises(BadFileError, match="p: expected bytes of a file, by ranges; found an encoded answer"):
        web._check_status("p", status, {"Content-Encoding": "br"})


@pytest.mark.parametrize(
    ("status", "after", "wait"),
    [
        *((status, "7", 7.0) for status in (408, 425, 429, 500, 501, 502, 503, 504, 599)),
        (503, "99999", 99999.0),
        (503, "100000", 0.0),
        (503, "1.5", 0.0),
        (503, "", 0.0),
        (503, None, 0.0),
    ],
)
def test_what_may_pass(status, after, wait):
    """A busy server is asked again, after as many seconds as it says, if it says so in five digits at most."""
    with pytest.raises(Passing) as raised:
        web._check_status("p", status, {} if after is None else {"Retry-After": after})
    assert (raised.value.found, raised.value.wait_s) == (f"status {status}", wait)


@pytest.mark.parametrize(
    ("status", "kind", "number"),
    [
        *((status, FileNotFoundError, errno.ENOENT) for status in (404, 410)),
        *((status, PermissionError, errno.EACCES) for status in (401, 403, 407)),
        *((status, OSError, errno.EIO) for status in (100, 201, 204, 400, 405, 409, 418, 424, 428, 430, 499)),
    ],
)
def test_what_is_final(status, kind, number):
    """What is not there, not allowed or not known is an error at once, with the place and the status."""
    with pytest.raises(kind, match=f"status {status}") as raised:
        web._check_status("p", status, {})
    assert (type(raised.value), raised.value.errno, raised.value.filename) == (kind, number, "p")


@pytest.mark.parametrize(
    ("got", "known"),
    [
        (Got(Content_Range="bytes 5-9/20", ETag="e", Last_Modified="m"), Known(20, "e")),
        (Got(Content_Range="bytes 5-9/20", Last_Modified="m"), Known(20, "m")),
        (Got(Content_Range="bytes 5-7/8"), Known(8, "")),
        (Got(416, Content_Range="bytes */5", ETag="e"), Known(5, "e")),
        (Got(416, Content_Range="bytes */4"), Known(4, "")),
        (Got(416, Content_Range="bytes */6"), Passing),
        (Got(Content_Range="bytes 4-9/20"), Passing),
        (Got(Content_Range="bytes 6-9/20"), Passing),
        (Got(Content_Range="bytes 5-8/20"), Passing),
        (Got(Content_Range="bytes 5-10/20"), Passing),
        (Got(Content_Range="bytes 5-9/8"), Passing),
        (Got(Content_Range="bytes */20"), Passing),
        (Got(Content_Range="bytes 5-9/*"), BadFileError),
        (Got(Content_Range="bytes 5-9/1234567890123456789"), BadFileError),
        (Got(Content_Range="lines 5-9/20"), BadFileError),
        (Got(), BadFileError),
        (Got(200, Content_Range="bytes 5-9/20"), BadFileError),
    ],
    ids=lambda one: f"{one.status} {one.headers}" if isinstance(one, Got) else "",
)
def test_what_an_answer_says_of_its_file(got, known):
    """The range 5 to 10 is what was asked for, or ends with the file; any other is asked for again, or refused."""
    if isinstance(known, Known):
        assert web._ranged("p", got, 5, 10) == known
    else:
        with pytest.raises(known):
            web._ranged("p", got, 5, 10)


def test_an_answer_is_no_longer_than_asked():
    """As many bytes as were asked for are taken in, in pieces; one more is refused."""
    assert asyncio.run(web._body("p", Got(data=b"0123456789"), 10)) == b"0123456789"
    with pytest.raises(BadFileError, match="p: .* found more than the 9 bytes asked for"):
        asyncio.run(web._body("p", Got(data=b"0123456789"), 9))


def test_links_of_a_page():
    """What leads one step down from a page is in its folder: not up, further down, to others, or to itself."""
    page = """<a href="a.npy">a</a> <A class=x HREF = 'b/'> <a href="c/d"> <a href="../e"> <a href="/x/f%20g">
        <a href="https://h:8/x/i&amp;j?k=l#m"> <a href="https://other/x/n"> <a href="./"> <a href=""> <a href="..">
        <a href="/y/o"> <a href="a.npy"> <a href="%2e/"> <ahref="p"> <a title="q"> <a href=r>"""
    found = web._links(page, "https://h:8/x/?query=1")
    assert found == [Listed("a.npy", False), Listed("b", True), Listed("f g", False), Listed("i&j", False)]
    assert web._links('<a href="/a%20b/c"> <a href="d/">', "https://h/a%20b/") == [
        Listed("c", False),
        Listed("d", True),
    ]


class Session:
    """A session of aiohttp that answers by a list, and notes what it is asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def get(self, at, **how):
        self.asked.append((str(at), how))
        return self.answers.pop(0)

    async def close(self):
        """Nothing is open."""


def http(address="https://u:p@h/a?s=1", options=None, **sessions):
    """A store whose two sessions, for the server of its address and for others, are stand-ins."""
    made = HttpStore(Address.of(address), options or {})
    for place, session in sessions.items():

        async def opened(session=session, **_):
            return session

        getattr(made, place).get_client = opened
    return made


def moved(place, status=302):
    return Got(status, Location=place)


def test_how_a_range_is_asked_for():
    """A range is asked for by its first and last byte, as it is, in time that goes with its length."""
    ours = Session(Got(data=b"01234", Content_Range="bytes 5-9/20"), Got(data=b"5", Content_Range="bytes 5-5/20"))
    made = http(_fs=ours, options={"headers": {"X": "1"}})
    assert made.read("b c.npy", 5, 10) == (b"01234", Known(20, ""))
    with pytest.raises(Passing):
        made.read("b c.npy", 5, 5)
    (first, how), (_, other) = ours.asked
    assert first == "https://u:p@h/a/b%20c.npy?s=1" and other["headers"]["Range"] == "bytes=5-5"
    assert how["headers"] == {"Accept-Encoding": "identity", "X": "1", "Range": "bytes=5-9"}
    assert (how["allow_redirects"], how["read_bufsize"]) == (False, 1 << 21)
    timeout = how["timeout"]
    assert (timeout.total, timeout.sock_connect, timeout.sock_read) == (60 + 5 / 65536, 10.0, 30.0)


def test_an_address_is_asked_for_as_it_is():
    """What signs an address is passed on to the letter, and each store has a client of its own."""
    ours = Session(Got(data=b"0", Content_Range="bytes 0-0/1"))
    made = http("https://h/a%7E?s=%7E+%2f", _fs=ours)
    made.read("b", 0, 1)
    assert ours.asked[0][0] == "https://h/a%7E/b?s=%7E+%2f"
    one, other = (HttpStore(Address.of("https://h/a"), {}) for _ in range(2))
    assert len({id(one._fs), id(one._elsewhere), id(other._fs), id(other._elsewhere)}) == 4


@pytest.mark.parametrize("place", ["gopher://x/", "data:,x", "//[", "http://h:x/", "", "mailto:x@y"])
def test_redirects_to_what_is_no_http(place):
    """A redirect leads to a host, by HTTP, or it is refused."""
    ours = Session(moved(place), Got(404))
    with pytest.raises(BadFileError if place else FileNotFoundError):
        http("https://h/a", _fs=ours).read("b", 0, 1)


@pytest.mark.parametrize("options", [{"timeout": 3}, {"client_kwargs": {"timeout": 3}}])
def test_a_timeout_that_is_given(options):
    """Who gives a timeout has it."""
    ours = Session(Got(data=b"0", Content_Range="bytes 0-0/1"))
    http(_fs=ours, options=options).read("b", 0, 1)
    assert ours.asked[0][1].get("timeout") == options.get("timeout")


def test_a_page_is_asked_for():
    """A folder's page may have 16 MiB, and its links are below where it was found in the end."""
    ours = Session(moved("/c/"), Got(200, b'<a href="d">', "https://h/c/"))
    made = http(_fs=ours)
    assert made.listed("b") == [Listed("d", False)]
    assert [at for at, _ in ours.asked] == ["https://u:p@h/a/b/?s=1", "https://u:p@h/c/"]
    assert ours.asked[0][1]["timeout"].total == 60 + (1 << 24) / 65536
    ours.answers = [Got(200, b"", "https://h/a/")]
    assert made.listed("") == [] and ours.asked[-1][0] == "https://u:p@h/a/?s=1"


def test_nothing_beyond_the_end():
    """A range that is not there is no bytes, and says the size."""
    ours = Session(Got(416, b"no such range", Content_Range="bytes */7", ETag="e"))
    assert http(_fs=ours).read("b", 7, 9) == (b"", Known(7, "e"))


def test_five_redirects():
    """Five redirects are followed, whatever their kind, and a sixth is not."""
    five = [moved(f"/{k}", status) for k, status in enumerate((301, 302, 303, 307, 308))]
    ours = Session(*five, Got(data=b"0", Content_Range="bytes 0-0/1"))
    assert http(_fs=ours).read("b", 0, 1)[0] == b"0"
    assert [at for at, _ in ours.asked[1:]] == [f"https://u:p@h/{k}" for k in range(5)]
    ours = Session(*five, moved("/5"), Got(data=b"0", Content_Range="bytes 0-0/1"))
    with pytest.raises(BadFileError, match="https://h/a/b: .* found more than 5 redirects"):
        http(_fs=ours).read("b", 0, 1)
    assert len(ours.asked) == 6
    with pytest.raises(OSError, match="status 304"):
        http(_fs=Session(Got(304))).read("b", 0, 1)


def test_another_server_is_told_nothing():
    """Where a redirect leads elsewhere, headers and passwords stay behind; ways to connect, and the range, go along."""
    options = {"headers": {"X": "1"}, "auth": "A", "ssl": False, "proxy": "P", "timeout": 3}
    ours, others = Session(moved("https://o/x")), Session(moved("https://h/y"))
    ours.answers.append(Got(data=b"0", Content_Range="bytes 0-0/1"))
    assert http(options=options, _fs=ours, _elsewhere=others).read("b", 0, 1)[0] == b"0"
    ((at, how),) = others.asked
    assert at == "https://o/x" and how["headers"] == {"Accept-Encoding": "identity", "Range": "bytes=0-0"}
    assert {key: how.get(key) for key in ("auth", "ssl", "proxy", "timeout")} == {
        "auth": None, "ssl": False, "proxy": "P", "timeout": 3,
    }  # fmt: skip
    assert [at for at, _ in ours.asked] == ["https://u:p@h/a/b?s=1", "https://u:p@h/y"]
    assert all(how["auth"] == "A" and how["headers"]["X"] == "1" for _, how in ours.asked)


def test_options_of_another_server():
    """What is given for the client goes along to another server, but for what is the first one's own."""
    client = {"headers": {"X": "1"}, "auth": "A", "cookies": {}, "cookie_jar": None, "trust_env": True}
    assert http(options={"client_kwargs": client})._elsewhere.client_kwargs == {"trust_env": True}


# -- S3 --------------------------------------------------------------------------------------------


class Errors:
    """What a client of S3 raises."""

    class ClientError(Exception):
        def __init__(self, code, status=400):
            self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}

    class NoCredentialsError(Exception): ...

    class BotoCoreError(Exception): ...


class Cut(Exception): ...


class Body(io.BytesIO):
    """The bytes of an object, of which a read brings five at most."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        return None

    async def read(self, size):
        return super().read(min(size, 5))


class Client:
    """A client of S3 that answers by a list."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def _answer(self, asked):
        self.asked.append(asked)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def get_object(self, **asked):
        return self._answer(asked)

    async def head_object(self, **asked):
        return self._answer(asked)

    def get_paginator(self, name):
        assert name == "list_objects_v2"
        return self

    async def paginate(self, **asked):
        for page in self._answer(asked):
            yield page


def bucket(*answers, below="x/y"):
    """A store of a bucket, whose client is a stand-in."""
    client, made = Client(*answers), S3Store.__new__(S3Store)

    async def opened():
        return client

    made._fs = SimpleNamespace(loop=None, set_session=opened, req_kw={"RequestPayer": "r"})
    made._errors, made._cut, made._shown, made._bucket, made._below = Errors, Cut, "s3://b/x", "b", below
    made._sync = lambda loop, call, *arguments: asyncio.run(call(*arguments))
    return made, client


def of(start, last, size, data, **more):
    return {"ContentRange": f"bytes {start}-{last}/{size}", "Body": Body(data), **more}


def test_how_an_object_is_asked_for():
    """A range is asked for by its first and last byte, below the address's key; no more than that is read."""
    made, client = bucket(of(5, 16, 30, b"0123456789ab and more", ETag="e"), of(5, 7, 8, b"012"))
    assert made.read("a.npy", 5, 17) == (b"0123456789ab", Known(30, "e"))
    assert made.read("a.npy", 5, 17) == (b"012", Known(8, ""))
    asked = {"Bucket": "b", "Key": "x/y/a.npy", "Range": "bytes=5-16", "RequestPayer": "r"}
    assert client.asked == [asked, asked]
    made, client = bucket(of(5, 5, 8, b"0"), below="")
    with pytest.raises(Passing, match="another range"):
        made.read("a.npy", 5, 5)
    assert (client.asked[0]["Key"], client.asked[0]["Range"]) == ("a.npy", "bytes=5-5")


@pytest.mark.parametrize("code", ["InvalidRange", "416"])
def test_an_object_without_such_a_byte(code):
    """Of an object that ends before, its size is asked for."""
    made, client = bucket(Errors.ClientError(code), {"ContentLength": 3, "ETag": "e"})
    assert made.read("a.npy", 5, 17) == (b"", Known(3, "e"))
    assert client.asked[1] == {"Bucket": "b", "Key": "x/y/a.npy", "RequestPayer": "r"}


@pytest.mark.parametrize("said", [(4, 9, 20), (6, 9, 20), (5, 8, 20), (5, 10, 20), (5, 9, 8)])
def test_another_range_of_an_object(said):
    """An answer of another range than 5 to 10, or than its size allows, is asked for again."""
    with pytest.raises(Passing, match="another range"):
        bucket(of(*said, b"x"))[0].read("a.npy", 5, 10)
    with pytest.raises(BadFileError, match=r"s3://b/x/a\.npy: .* found all of the file"):
        bucket({"Body": Body(b"x")})[0].read("a.npy", 5, 10)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        *((Errors.ClientError(code), Passing, f"status 400 {code}") for code in sorted(s3._PASSING)),
        (Errors.ClientError("x", 499), OSError, "status 499 x"),
        (Errors.ClientError("x", 500), Passing, "status 500 x"),
        (Errors.ClientError("x", 428), OSError, "status 428 x"),
        (Errors.ClientError("x", 429), Passing, "status 429 x"),
        (Errors.ClientError("x", 430), OSError, "status 430 x"),
        *((Errors.ClientError(code), FileNotFoundError, f"nothing there: {code}") for code in sorted(s3._GONE)),
        *((Errors.ClientError(code), PermissionError, f"not be read: {code};") for code in sorted(s3._REFUSED)),
        (Errors.NoCredentialsError(), PermissionError, "no credentials"),
        (Errors.BotoCoreError(), Passing, "^BotoCoreError$"),
        (Cut(), Passing, "^Cut$"),
        (asyncio.TimeoutError(), Passing, "^TimeoutError$"),
        (ConnectionResetError(), Passing, "^ConnectionResetError$"),
        (OSError(5, "secret"), Passing, "^OSError$"),
    ],
    ids=str,
)
def test_what_a_bucket_may_say(fault, kind, words):
    """What may pass is asked again, what is not there or not allowed is final, and nothing else is told of it."""
    with pytest.raises(kind, match=words) as raised:
        bucket(fault)[0].read("a.npy", 0, 9)
    assert type(raised.value) is kind
    number = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES, OSError: errno.EIO}.get(kind)
    assert getattr(raised.value, "errno", None) == number


def test_what_a_client_makes_of_an_answer():
    """An error of the system that comes from an answer is what that says."""
    fault = FileNotFoundError("secret")
    fault.__cause__ = Errors.ClientError("AccessDenied", 403)
    with pytest.raises(PermissionError, match="AccessDenied"):
        bucket(fault)[0].read("a.npy", 0, 9)
    fault.__cause__ = Errors.ClientError("Odd", 0)
    fault.__cause__.response = {}
    with pytest.raises(OSError, match="status 0 :"):
        bucket(fault)[0].read("a.npy", 0, 9)


def test_what_a_bucket_has(monkeypatch):
    """Folders and objects of all pages are listed by their own names, up to so many of them."""
    pages = [
        {"CommonPrefixes": [{"Prefix": "x/y/d/e/"}], "Contents": [{"Key": "x/y/d/"}, {"Key": "x/y/d/a"}]},
        {"Contents": [{"Key": "x/y/d/b"}]},
    ]
    made, client = bucket(pages, pages, pages, [{}])
    listed = [Listed("e", True), Listed("a", False), Listed("b", False)]
    assert made.listed("d") == listed
    asked = {"Bucket": "b", "Prefix": "x/y/d/", "Delimiter": "/", "RequestPayer": "r"}
    assert client.asked == [asked] and s3._MOST_LISTED == 262_144
    monkeypatch.setattr(s3, "_MOST_LISTED", 4)
    assert made.listed("d") == listed
    monkeypatch.setattr(s3, "_MOST_LISTED", 3)
    with pytest.raises(BadFileError, match="s3://b/x/d: expected at most 3 names"):
        made.listed("d")
    assert made.listed("") == [] and client.asked[-1]["Prefix"] == "x/y/"
    made._below = ""
    client.answers = [[{"Contents": [{"Key": "k"}]}]]
    assert made.listed("") == [Listed("k", False)] and client.asked[-1]["Prefix"] == ""


def test_how_a_bucket_is_opened():
    """User and password of an address are its keys, and its client tries once: who reads tries again."""
    pytest.importorskip("s3fs")
    told = {"secret": "S", "config_kwargs": {"read_timeout": 3}, "client_kwargs": {"region_name": "eu"}}
    made = S3Store(Address.of("s3://me:p@b/x/y"), told)
    assert (made._bucket, made._below, made._shown) == ("b", "x/y", "s3://b/x/y")
    assert (made._fs.key, made._fs.secret, made._fs.client_kwargs) == ("me", "S", {"region_name": "eu"})
    assert made._fs.config_kwargs == {"retries": {"total_max_attempts": 1}, "read_timeout": 3}
    assert S3Store(Address.of("s3://me:p@b/x/y"), told)._fs is not made._fs


# -- other stores ----------------------------------------------------------------------------------


class Files:
    """A file system as fsspec has them."""

    def __init__(self, info=None, raises=None):
        self.info_, self.raises, self.asked = info or {}, raises, []

    def invalidate_cache(self, path):
        self.asked.append(("forget", path))

    def info(self, path):
        if self.raises:
            raise self.raises
        return {"name": path, "type": "file", **self.info_}

    def cat_file(self, path, start, end):
        self.asked.append((path, start, end))
        return b"0123456789"[start:end]

    def ls(self, path, detail, refresh):
        self.asked.append((path, detail, refresh))
        names = ((f"{path}/a/", "directory"), (f"{path}/b", "file"), ("/", "directory"), ("c", "other"))
        return [{"name": name, "type": kind} for name, kind in names]


def anywhere(**how):
    made = AnyStore.__new__(AnyStore)
    made._fs, made._root = Files(**how), "r"
    return made


def test_ranges_of_any_file_system():
    """A range ends with the file, and beyond that nothing is asked for; each time the file is looked at anew."""
    made = anywhere(info={"size": 10, "ETag": "e"})
    spans = ((2, 5), (8, 12), (9, 10), (10, 12), (5, 5))
    assert [made.read("a", *span) for span in spans] == [
        (data, Known(10, "e")) for data in (b"234", b"89", b"9", b"", b"")
    ]
    asked = [("r/a", 2, 5), ("r/a", 8, 10), ("r/a", 9, 10)]
    assert [one for one in made._fs.asked if one[0] != "forget"] == asked
    assert made._fs.asked.count(("forget", "r/a")) == 5


def test_folders_of_any_file_system():
    """Names are the last of a path, and what has none is left out."""
    made = anywhere()
    assert made.listed("") == made.listed("d") == [Listed("a", True), Listed("b", False), Listed("c", False)]
    assert made._fs.asked == [("r", True, True), ("r/d", True, True)]


@pytest.mark.parametrize(
    ("raised", "kind", "number"),
    [
        (TimeoutError("secret"), Passing, None),
        (asyncio.TimeoutError(), Passing, None),
        (ConnectionResetError(), Passing, None),
        (FileNotFoundError("secret"), FileNotFoundError, errno.ENOENT),
        (PermissionError(errno.EPERM, "secret"), PermissionError, errno.EPERM),
        (NotADirectoryError(errno.ENOTDIR, "secret"), NotADirectoryError, errno.ENOTDIR),
        (KeyError("secret"), OSError, errno.EIO),
        (OSError(errno.EBUSY, "secret"), OSError, errno.EIO),
    ],
    ids=repr,
)
def test_what_any_file_system_may_raise(raised, kind, number):
    """What passes is asked again, what is final says so, and none of it has the text that came with it."""
    with pytest.raises(kind) as caught:
        anywhere(raises=raised).read("a", 0, 1)
    assert type(caught.value) is kind and "secret" not in str(caught.value)
    assert getattr(caught.value, "errno", None) == number
    assert number is None or caught.value.filename == "a"


def test_tags_of_any_file_system():
    """What tells a version is the first that a file system has of several; what is no file of a size is none."""
    tags = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "last_modified", "created")
    for k, tag in enumerate(tags):
        assert tag_of({"size": 3, "type": "file", **{name: name for name in tags[k:]}}) == Known(3, tag)
    assert tag_of({"size": 0, "ETag": "", "mtime": 0}) == Known(0, "")
    for info in ({"size": 3, "type": "directory"}, {"size": None}, {}, {"size": -1}, {"size": 1.0}):
        with pytest.raises(FileNotFoundError, match="no file there") as raised:
            tag_of({"name": "n", **info})
        assert (raised.value.errno, raised.value.filename) == (2, "n")


def test_files_beside_a_zip(tmp_path):
    """A local file is read by ranges, and is another once it is written anew."""
    (tmp_path / "a").write_bytes(b"0123456789")
    made = LocalStore(str(tmp_path))
    (data, known), (more, same) = made.read("a", 2, 5), made.read("a", 8, 12)
    assert (data, more, known, known.size, made.listed("")) == (b"234", b"89", same, 10, [])
    os.utime(tmp_path / "a", ns=(1, 1))
    assert made.read("a", 0, 1)[1].tag == f"{(tmp_path / 'a').stat().st_ino} 1" != known.tag


# -- zips ------------------------------------------------------------------------------------------

TEXT = bytes(k % 251 for k in range(3000))


class Looked(io.BytesIO):
    """A zip in memory that notes what is read of it, byte by byte unless a size is said."""

    def __init__(self, data):
        super().__init__(data)
        self.asked = []

    def read(self, size=-1):
        self.asked.append((self.tell(), size))
        return super().read(size)


def zipped(below="in", how=zipfile.ZIP_STORED, **more):
    """A zip of three files, two of them in folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how, **more) as archive:
        archive.writestr("in/sub/", b"")
        archive.writestr("in/a.npy", TEXT)
        archive.writestr("in/sub/b.npy", TEXT[::-1])
        archive.writestr("inner.npy", b"other")
    file = Looked(buffer.getvalue())
    return ZipStore(file, "z.zip", below), file


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_ranges_of_a_zip(how):
    """Ranges of its files are theirs, forward, back and beyond the end, and what they are is in its list."""
    made, _ = zipped(how=how)
    for start, stop in ((0, 3), (5, 9), (9, 20), (4, 6), (2990, 3010), (3000, 3001), (3005, 3010), (0, 3000), (7, 7)):
        data, known = made.read("a.npy", start, stop)
        assert data == TEXT[start:stop] and known.size == 3000
        assert made.read("sub/b.npy", start, stop)[0] == TEXT[::-1][start:stop]
    info = made._members["a.npy"]
    assert known.tag == f"{info.CRC:08x} {info.header_offset}"
    for name in ("b.npy", "inner.npy", "sub", "sub/", "in/a.npy"):
        with pytest.raises(FileNotFoundError, match="nothing of this name") as raised:
            made.read(name, 0, 1)
        assert raised.value.errno == errno.ENOENT


def test_folders_of_a_zip():
    """A folder in a zip lists its own names, of the whole zip those at its top."""
    for below in ("in", "/in/", "in/"):
        made, _ = zipped(below)
        assert made.listed("") == [Listed("a.npy", False), Listed("sub", True)]
        assert made.listed("sub") == [Listed("b.npy", False)] and made.listed("su") == []
    made, _ = zipped("")
    assert made.listed("") == [Listed("in", True), Listed("inner.npy", False)]
    assert made.read("inner.npy", 0, 9)[0] == b"other"


def test_a_stored_range_is_one_of_the_zip():
    """Of a stored file the header and the range are read, and nothing else."""
    made, file = zipped()
    made.read("a.npy", 0, 1)
    file.asked.clear()
    made.read("a.npy", 100, 150)
    at = file.getvalue().index(TEXT)
    assert file.asked == [(at - 30 - len("in/a.npy"), 30), (at + 100, 50)]


def test_headers_of_stored_files():
    """A file may be the first of its zip, and have more in its header than its name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("first", "second"):
            info = zipfile.ZipInfo(name)
            info.extra = b"\x99\x99\x03\x00abc"
            archive.writestr(info, TEXT)
    made = ZipStore(io.BytesIO(buffer.getvalue()), "z.zip", "")
    assert [made.read(name, 10, 20)[0] for name in ("first", "second")] == [TEXT[10:20]] * 2


def test_what_is_unpacked_goes_on(monkeypatch):
    """A packed file that is read in order is unpacked once; one that is read again from before, anew."""
    made, _ = zipped(how=zipfile.ZIP_DEFLATED)
    opened, open_ = [], zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, member: opened.append(1) or open_(self, member))
    spans = ((0, 10), (10, 20), (20, 20), (25, 30), (30, 31), (29, 31))
    counts = [made.read("a.npy", *span) and len(opened) for span in spans]
    assert counts == [1, 1, 1, 1, 1, 2]


def test_sixteen_files_are_unpacked_at_once():
    """Of sixteen files it is known where each was left; others begin anew."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(18):
            archive.writestr(str(k), TEXT)
    made = ZipStore(io.BytesIO(buffer.getvalue()), "z.zip", "")
    for k in range(18):
        made.read(str(k), 0, 5)
    assert sorted(made._open, key=int) == [str(k) for k in range(16)]


def spoilt(where, by, *, how=zipfile.ZIP_STORED):
    """A zip in which some bytes after the mark of a member's header, or of its entry in the list, are others."""
    _, file = zipped(how=how)
    data = bytearray(file.getvalue())
    mark, offset = where
    at = data.index(b"in/a.npy", data.index(mark)) - {b"PK\x03\x04": 30, b"PK\x01\x02": 46}[mark] + offset
    if mark == b"PK\x01\x02":
        at = data.rindex(b"in/a.npy") - 46 + offset
    data[at : at + len(by)] = by
    return ZipStore(io.BytesIO(bytes(data)), "z.zip", "in")


@pytest.mark.parametrize(
    ("where", "by"),
    [((b"PK\x03\x04", 0), b"PK\x03\x05"), ((b"PK\x01\x02", 20), struct.pack("<I", 2999))],
    ids=["mark", "size"],
)
def test_a_member_that_is_not_there(where, by):
    """A stored file whose header is none, or whose two sizes differ, is refused."""
    with pytest.raises(BadFileError, match=r"z\.zip: expected a zip; found 'in/a\.npy' where it is not"):
        spoilt(where, by).read("a.npy", 0, 1)


def test_a_password():
    """A file that needs a password is refused, in whatever way it is packed."""
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        made, _ = zipped(how=how)
        made._members["a.npy"].flag_bits |= 1
        with pytest.raises(BadFileError, match=r"z\.zip: expected a\.npy as it was packed; found .*password"):
            made.read("a.npy", 0, 1)


def test_limits_of_a_zip(monkeypatch):
    """A zip may have 262,144 files, and 64 MiB of what tells them."""
    from mockrawio.ground.remote import zipped as module

    assert (module._MOST_MEMBERS, module.MOST_READ) == (1 << 18, 1 << 26)
    monkeypatch.setattr(module, "_MOST_MEMBERS", 4)
    assert zipped()[0].listed("su") == []
    monkeypatch.setattr(module, "_MOST_MEMBERS", 3)
    with pytest.raises(BadFileError, match=r"z\.zip: expected at most 3 files in a zip; found 4"):
        zipped()[0].listed("")
    monkeypatch.setattr(module, "MOST_READ", 10)
    listing = module._Listing(io.BytesIO(bytes(15)))
    assert len(listing.read(10)) == 10 and len(listing.read()) == 5 and listing.read() == b""
    listing.seek(4)
    with pytest.raises(ValueError, match="a list of members of 11 bytes"):
        listing.read()
    assert listing.tell() == 4
    listing.seek(5)
    assert len(listing.read(-1)) == 10


# -- writing ---------------------------------------------------------------------------------------


@pytest.fixture
def memory():
    """An empty place in a store."""
    store = pytest.importorskip("fsspec").filesystem("memory")
    with suppress(FileNotFoundError):
        store.rm("/pieces", recursive=True)
    yield store
    with suppress(FileNotFoundError):
        store.rm("/pieces", recursive=True)


@pytest.fixture
def made(tmp_path):
    """Files to be sent."""
    (tmp_path / "in").mkdir()
    for name, data in (("b", b"bb"), ("in/a", b"aaa"), ("last", b"l")):
        (tmp_path / name).write_bytes(data)
    return tmp_path


def there(store):
    return {name.removeprefix("/pieces/"): store.cat_file(name) for name in store.find("/pieces")}


def test_the_order_of_sending(memory, made, monkeypatch):
    """The note that it is not whole comes first, then what is in the way goes, and the last file comes last."""
    target = RemoteFolder("memory://pieces")
    for name in ("last", "old", "x/old"):
        memory.pipe_file(f"/pieces/{name}", b"old")
    done, kind = [], type(memory)
    for call in ("pipe_file", "rm_file", "put_file"):
        real = getattr(kind, call)

        def noted(self, *given, call=call, real=real, **how):
            done.append((call, given[-2 if call == "pipe_file" else -1].rpartition("pieces/")[2]))
            return real(self, *given, **how)

        monkeypatch.setattr(kind, call, noted)
    monkeypatch.setattr(writing, "TOGETHER", 1)
    assert writing.upload(made, target, "last", overwrite=True) == 6
    note = writing.UNFINISHED
    removed = [name for call, name in done if call == "rm_file"]
    assert done[0] == ("pipe_file", note) and removed[0] == "last" and removed[-1] == note
    assert sorted(removed[1:3]) == ["old", "x/old"]
    assert [name for call, name in done if call == "put_file"] == ["b", "in/a", "last"]
    assert done[-2:] == [("put_file", "last"), ("rm_file", note)]
    assert there(memory) == {"b": b"bb", "in/a": b"aaa", "last": b"l"}


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["last"], "a session"),
        (["old"], "files, but none that says what they are"),
        (["last", writing.UNFINISHED], "a session"),
        (["old", writing.UNFINISHED], None),
        ([], None),
    ],
    ids=str,
)
def test_what_is_there_already(memory, made, names, what):
    """Without being asked to, it replaces what a stopped writer left, and nothing else."""
    for name in names:
        memory.pipe_file(f"/pieces/{name}", b"old")
    if what is None:
        writing.upload(made, RemoteFolder("memory://pieces"), "last")
        assert sorted(there(memory)) == ["b", "in/a", "last"]
        return
    with pytest.raises(SessionExistsError, match=f"found {what}"):
        writing.upload(made, RemoteFolder("memory://pieces"), "last")
    assert sorted(there(memory)) == sorted(names)


def test_one_file_is_put_or_removed(memory):
    """A file is written, or is removed, if it is there."""
    target = RemoteFolder("memory://pieces")
    writing.put(target, "a", b"1")
    assert there(memory) == {"a": b"1"}
    for _ in range(2):
        writing.put(target, "a", None)
        assert there(memory) == {}
    with pytest.raises(NotWrittenError, match="from a store that is only read"):
        writing.put(RemoteFolder("nosuch://pieces"), "a", b"1")
