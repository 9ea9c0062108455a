"""A session in a zip: stored or packed, on the disk or behind HTTP."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, MockSessionRawIO, NotASessionError
from mockrawio.ground.remote.zipped import MOST_READ, ZipStore
from tests.length import rounds
from tests.remote.served import serving
from tests.remote.test_http import BLOCK, any_window, same


def packed(folder: Path, target: Path, how: int) -> Path:
    """Put a session into a zip."""
    with zipfile.ZipFile(target, "w", how) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"a/{folder.name}/{file.relative_to(folder).as_posix()}")
    return target


@pytest.fixture(scope="module", params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def archive(request, broadband, tmp_path_factory):
    """A zip with a session in it."""
    return packed(broadband, tmp_path_factory.mktemp("zip") / "one.zip", request.param)


@pytest.mark.parametrize("http", [False, True])
def test_all_of_it_is_the_same(archive, broadband, http):
    """What a zip has is what the folder has, where it lies on the disk and where it is served."""
    with serving(archive.parent) as server:
        place = f"{server.url}/{archive.name}" if http else str(archive)
        with MockSessionRawIO(f"zip://a/session_1::{place}") as far, MockSessionRawIO(broadband) as near:
            same(far, near)


@pytest.mark.at_length
@settings(max_examples=rounds(10, 25))
@given(data=st.data())
def test_any_window_is_the_local_one(data, windows):
    """Whatever samples, channels and times are asked for, a zip gives what the folder gives."""
    any_window(data, windows)


@pytest.fixture(scope="module")
def windows(archive, broadband):
    """A reader of a zip and one of the folder."""
    with MockSessionRawIO(f"zip://a/session_1::{archive}") as far, MockSessionRawIO(broadband) as near:
        yield far, near


def test_a_chunk_of_a_stored_file_is_one_request(broadband, tmp_path):
    """Of a file that is stored, a chunk is a range of the zip; the header is the end of the zip and a few more."""
    archive = packed(broadband, tmp_path / "one.zip", zipfile.ZIP_STORED)
    with serving(tmp_path) as server, MockSessionRawIO(f"zip://a/session_1::{server.url}/one.zip") as reader:
        assert len(server.taken()) <= 6
        reader.get_analogsignal_chunk(0, 0, 0, 100, 1)
        server.taken()
        chunk = reader.get_analogsignal_chunk(0, 0, 20_000, 40_000, 1)
        (only,) = server.taken()
        assert only.sent <= 1.1 * chunk.nbytes + BLOCK
    assert archive.exists()


@pytest.mark.at_length
def test_a_damaged_zip(archive, tmp_path):
    """With any bytes of a zip changed, what is read is what the files hold, or an error of ours."""
    whole, draws = archive.read_bytes(), np.random.default_rng(4)
    listing = whole.rfind(b"PK\x01\x02", 0, whole.find(b"PK\x01\x02") + 1)
    for _ in range(rounds(40, 150)):
        data = bytearray(whole)
        for place in draws.integers(listing, len(data), 3):
            data[place] = draws.integers(256)
        (tmp_path / "one.zip").write_bytes(data)
        with suppress(MockSessionError), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with MockSessionRawIO(f"zip://a/session_1::{tmp_path / 'one.zip'}") as reader:
                reader.get_analogsignal_chunk(0, 0, 0, 100, 1)
                reader.get_spike_timestamps(0, 0, 0)


def test_a_list_of_members_that_is_too_large():
    """A zip that says that its list of members has more than 64 MiB is refused before they are read."""

    class Endless(io.RawIOBase):
        """Gigabytes of zeros, and the end of a zip that says that they are its list."""

        size, at, asked = 4 << 30, 0, 0
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, MOST_READ + 1, 0, 0)

        def seek(self, offset, whence=0):
            """Go to a place."""
            self.at = offset + (0, self.at, self.size)[whence]
            return self.at

        def tell(self):
            """Return the place."""
            return self.at

        def read(self, size=-1):
            """Return bytes."""
            size = min(size, self.size - self.at) if size >= 0 else self.size - self.at
            self.asked = max(self.asked, size)
            data = bytes(size)
            if self.at + size == self.size and size >= len(self.end):
                data = data[: -len(self.end)] + self.end
            self.at += size
            return data

    file = Endless()
    with pytest.raises(MockSessionError, match="a list of members of"):
        ZipStore(file, "zip", "").read("a", 0, 1)
    assert file.asked <= 1 << 17


def test_what_is_no_zip(tmp_path):
    """Bytes that are no zip, one without the folder, and none at all are errors that say so."""
    (tmp_path / "no.zip").write_bytes(b"PK" + bytes(1000))
    with pytest.raises(MockSessionError, match=r"no\.zip: expected a zip"):
        MockSessionRawIO(f"zip://a::{tmp_path / 'no.zip'}")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("b/c.txt", "c")
    with pytest.raises(NotASessionError):
        MockSessionRawIO(f"zip://a::{tmp_path / 'other.zip'}")
    with pytest.raises(MockSessionError, match=r"none\.zip"):
        MockSessionRawIO(f"zip://a::{tmp_path / 'none.zip'}")
