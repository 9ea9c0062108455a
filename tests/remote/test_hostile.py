"""Servers and addresses that mean ill, or are mistyped: an error of ours, within bounds, that tells nothing secret."""

from __future__ import annotations

import os
import shutil
import socket
import time
import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.cli import main
from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.places import folder_at
from mockrawio.ground.remote import folder, store
from mockrawio.ground.remote.address import Address, is_address
from mockrawio.ground.remote.web import HttpStore
from tests.remote.served import redirect, serving
from tests.remote.test_faults import SECRET
from tests.remote.test_http import address

pytestmark = pytest.mark.usefixtures("soon")


@pytest.mark.parametrize(
    "place",
    [
        "foo://me:hunter2@x",
        "gs://me:hunter2@b/x",
        "ftp://me:hunter2@127.0.0.1:9/x",
        "https://me:hunter2@[::1/x",
        "http://me:hunter2@h:99999/x",
        "http://",
        "zip://a",
        "zip://::",
        "filecache::https://me:hunter2@127.0.0.1:9/x",
        "zip://a::https://me:hunter2@127.0.0.1:9/x.zip?sig=hunter2",
        "http://me:hunter2@127.0.0.1:9/x?sig=hunter2",
    ],
)
def test_addresses_that_lead_nowhere(place):
    """Whatever is wrong with an address, and whatever reads it raises, is an error of ours without its password."""
    with pytest.raises(MockSessionError) as caught:
        MockSessionRawIO(place).parse_header()
    said = "".join(traceback.format_exception(caught.value))
    assert SECRET not in said.replace(repr(place), "")
    done = CliRunner().invoke(main, ["info", place])
    assert done.exit_code == 1
    assert SECRET not in done.output


def test_what_an_address_shows():
    """Neither text nor repr of an address has what is secret; a host of IPv6 and a key with colons are no chain."""
    for text in (
        "https://me:hunter2@h/a?sig=hunter2",
        "s3://me:hunter2@b/a",
        "zip://a::http://me:hunter2@h/z?s=hunter2",
    ):
        found = Address.of(text)
        assert SECRET not in f"{found}{found!r}{found.shown}"
    assert Address.of("http://me:hunter2@[::1]:80/a::b").shown == "http://[::1]:80/a::b"
    assert Address.of("s3://me:hunt%2Fer@b/a::b").shown == "s3://b/a::b"
    assert Address.of("s3://me:hunt%2Fer@b/a").user == {"key": "me", "secret": "hunt/er"}


def test_a_host_of_ipv6(broadband):
    """A server at an address of IPv6 is one like any other."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return  # a machine without it
    with serving(broadband.parent, host="::1") as server, MockSessionRawIO(address(server, broadband)) as reader:
        assert reader.signal_streams_count() == 2


def test_a_redirect_takes_nothing_along(broadband):
    """Another server, to which a redirect leads, gets no header, password or cookie that was given for the first."""
    how = {"headers": {"X-Key": SECRET}, "client_kwargs": {"headers": {"X-More": SECRET}, "cookies": {"c": SECRET}}}
    with serving(broadband.parent) as server, serving(broadband.parent) as other:
        server.fault = lambda number, name: redirect(f"{other.url}/{name}")
        place = address(server, broadband).replace("http://", f"http://me:{SECRET}@") + f"?sig={SECRET}"
        with MockSessionRawIO(place, storage_options=how) as reader:
            reader.get_analogsignal_chunk(0, 0, 0, 10, 1)
        assert server.taken()[0].headers["X-More"] == SECRET
        for asked in other.taken():
            assert SECRET not in str(asked.headers)
            assert not {"Authorization", "Cookie"} & asked.headers.keys()


def test_a_redirect_on_the_same_server(server, broadband):
    """A redirect within a server keeps what was given for it."""
    seen = []

    def fault(number, name):
        seen.append(server.asked[number].headers)
        return None if name.startswith("moved") else redirect(f"/moved/{name}")

    (server.root / "moved").symlink_to(server.root)
    try:
        server.fault = fault
        place = address(server, broadband).replace("http://", f"http://me:{SECRET}@")
        with MockSessionRawIO(place, storage_options={"headers": {"X-Key": SECRET}}) as reader:
            assert reader.signal_streams_count() == 2
    finally:
        (server.root / "moved").unlink()
    assert all("Authorization" in headers and headers["X-Key"] == SECRET for headers in seen)


@pytest.mark.parametrize("place", ["//[", "http://", "gopher://x/", "data:,x", "http://h:x/", ""])
def test_redirects_to_nowhere(server, broadband, place):
    """A redirect to what is no address of HTTP is refused, or an error after all."""
    server.fault = lambda number, name: redirect(place)
    with pytest.raises(MockSessionError):
        MockSessionRawIO(address(server, broadband))


def test_files_of_this_machine(broadband, tmp_path):
    """``file://`` is the folder itself, with all that is promised of one: pipes and links out of it are refused."""
    assert not is_address(f"file://{tmp_path}")
    assert type(folder_at(f"file://{tmp_path}")) is DiskFolder
    made = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    with MockSessionRawIO(f"file://{made}") as reader:
        assert reader.dirname == str(made)
    (made / "ChannelNames.txt").unlink()
    os.mkfifo(made / "ChannelNames.txt")
    with pytest.raises(MockSessionError, match="ChannelNames"):
        MockSessionRawIO(f"file://{made}").parse_header()
    for command in ("info", "verify"):
        done = CliRunner().invoke(main, [command, f"file://{broadband}"])
        assert done.exit_code == 0, done.output


def test_no_output_at_an_address(broadband, tmp_path, monkeypatch):
    """What is written on this machine alone refuses an address, and makes no folder of its name."""
    monkeypatch.chdir(tmp_path)
    for command in (
        ["export", str(broadband), "s3://b/rig", "--to", "edf"],
        ["report", str(broadband), "-o", "s3://b/r.html"],
    ):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 2
        assert "found an address" in done.output
    assert not list(tmp_path.iterdir())


class Deep(store.RemoteStore):
    """A store in which each folder has folders."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, name, start, stop):
        """Find nothing."""
        raise FileNotFoundError(2, "nothing there", name)

    def listed(self, below):
        """Return folders."""
        self.asked += 1
        return [store.Listed(name, True) for name in "abcde"]


def test_folders_without_end(monkeypatch):
    """A store whose folders have no end is walked eight deep, and so many names in all."""
    deep = Deep()
    monkeypatch.setattr(folder, "store_at", lambda address, options: deep)
    monkeypatch.setattr(folder, "MOST_NAMES", 1000)
    with pytest.raises(MockSessionError, match="at most 1000 names, 8 folders deep"):
        list(folder.RemoteFolder("memory://deep").walk())
    assert folder.RemoteFolder("memory://deep", exclude="x").left_out() == []
    assert deep.asked <= 2 * 202


def test_a_page_that_takes_long(server):
    """A page made of links that never end is read in time that goes with its length."""
    page = b"<a " * 1_000_000 + b"<a href" * 100_000 + b"<a href='" * 50_000
    server.fault = lambda number, name: lambda handler: handler.reply(200, page)
    began = time.process_time()
    HttpStore(Address.of(server.url), {}).listed("")
    assert time.process_time() - began < 5  # 0.1 s; a search that starts again at each link took hours
