"""What is kept, waited for and fetched on the word of a server has bounds."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.formats.npy import MOST_WHOLE
from mockrawio.ground.places import file_at
from mockrawio.ground.remote import store
from mockrawio.ground.remote.reading import MOST_AHEAD, MOST_FIRST, Ranges
from mockrawio.session.indexing import MOST_TEXT, entry_of
from tests.remote.served import serving
from tests.remote.test_http import address


def test_an_array_that_is_too_large(broadband, tmp_path):
    """Spike times of more than 4 GiB, of a file that may well be so large, are refused before they are read."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    said = json.loads((folder / "session_manifest.json").read_text("ascii"))
    said.pop("manifest_sha256")
    name = next(name for name in said["index"] if name.startswith("spiking_data"))
    count = MOST_WHOLE // 8 + 1
    times = said["index"][name]["values"].pop("spike_times")
    said["index"][name]["values"] = {"spike_times": {**times, "array": ["<f8", [count], "C", 128]}}
    said["files"][name]["size"] = 128 + 8 * count
    (folder / "session_manifest.json").write_text(json.dumps(said), "ascii")
    with serving(tmp_path) as server, MockSessionRawIO(address(server, folder)) as reader:
        server.taken()
        with pytest.raises(MockSessionError, match="at most 4 GiB"):
            for unit in range(reader.spike_channels_count()):
                reader.get_spike_timestamps(0, 0, unit, 0.0, 1.0)


class Zeros(store.RemoteStore):
    """A store of one endless file, which counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def read(self, name, start, stop):
        """Return zeros."""
        self.asked.append((start, stop))
        return bytes(stop - start), store.Known(1 << 40, "one")

    def listed(self, below):
        """Return nothing."""
        return []


@pytest.mark.parametrize(("size", "ahead"), [(MOST_AHEAD, 1), (MOST_AHEAD + 1, 0)])
def test_what_is_fetched_ahead(size, ahead):
    """A range of 16 MiB is fetched ahead of who reads on, one that is larger is not."""
    zeros = Zeros()
    ranges = Ranges(zeros, str, {"file": store.Known(1 << 40, "one")})
    for start in (0, size):
        ranges.read("file", start, start + size)
    until = time.monotonic() + 20
    while len(zeros.asked) < 2 + ahead and time.monotonic() < until:
        time.sleep(0.01)
    ranges.close()
    assert len(zeros.asked) == 2 + ahead


def test_beginnings_that_are_read():
    """Of a folder's files the beginnings of the first 4,096 are read before they are asked for."""
    zeros = Zeros()
    ranges = Ranges(zeros, str, {})
    ranges.all_first(f"{k}.npy" for k in range(MOST_FIRST + 10))
    ranges.close()
    assert len(zeros.asked) == MOST_FIRST


def test_a_server_that_asks_for_patience(monkeypatch):
    """A server may ask to be left alone for 15 s, and no longer; five tries are made."""
    waits, tries = [], []
    monkeypatch.setattr(store.time, "sleep", waits.append)

    def ask():
        tries.append(1)
        raise store.Passing("status 429", 1e5)

    with pytest.raises(MockSessionError, match="status 429, 5 times"):
        store.patiently("https://example.org", ask)
    assert (waits, len(tries)) == ([store.MOST_WAIT_S] * 4, 5)


def test_texts_in_the_index(tmp_path):
    """A text of 256 KiB is in the index, one of a byte more is not."""
    (tmp_path / "a.json").write_bytes(b"x" * MOST_TEXT)
    (tmp_path / "b.json").write_bytes(b"x" * (MOST_TEXT + 1))
    found = [entry_of(file_at(tmp_path / name)) for name in ("a.json", "b.json")]
    assert [entry is not None for entry in found] == [True, False]
