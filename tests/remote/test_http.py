"""A session behind a real HTTP server: the same as the local one, in as many requests as it should take."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mockrawio
from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.remote.address import Address
from mockrawio.ground.remote.web import HttpStore
from tests.length import rounds
from tests.processes import python
from tests.remote.nginx import nginx, nginx_of
from tests.remote.served import FileServer, serving

BLOCK = 1 << 16


def address(server: FileServer, folder: Path) -> str:
    """Return where a server has a session."""
    return f"{server.url}/{folder.relative_to(server.root).as_posix()}"


def same(far: MockSessionRawIO, near: MockSessionRawIO) -> None:
    """Hold that two readers have the same header, but for where it is, and the same data."""
    for key in ("spike_channels", "event_channels"):
        assert far.header[key].tolist() == near.header[key].tolist()
    names = ["name", "id", "sampling_rate", "dtype", "units", "gain", "offset", "stream_id"]
    assert far.header["signal_channels"][names].tolist() == near.header["signal_channels"][names].tolist()
    assert far.header["signal_buffers"].size == 0
    assert (far.segment_t_start(0, 0), far.segment_t_stop(0, 0)) == (
        near.segment_t_start(0, 0),
        near.segment_t_stop(0, 0),
    )
    for stream in range(near.signal_streams_count()):
        found, expected = (one.get_analogsignal_chunk(stream_index=stream) for one in (far, near))
        np.testing.assert_array_equal(found, expected)
    for unit in range(near.spike_channels_count()):
        for read in ("get_spike_timestamps", "get_spike_raw_waveforms"):
            found, expected = (getattr(one, read)(0, 0, unit) for one in (far, near))
            np.testing.assert_array_equal(found, expected)
    for channel in range(near.event_channels_count()):
        found, expected = (one.get_event_timestamps(0, 0, channel) for one in (far, near))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_all_of_it_is_the_same(server, broadband):
    """Header, signals, spikes, waveforms and events of an address are those of the folder."""
    with MockSessionRawIO(address(server, broadband)) as far, MockSessionRawIO(broadband) as near:
        same(far, near)


def until_nothing_is_connected(server: FileServer) -> None:
    """Wait for a server to notice that all connections are closed."""
    for _ in range(1000):
        if not server.connected:
            return
        time.sleep(0.005)
    raise AssertionError(f"{server.connected} connections")


def test_connections_are_closed(server, broadband):
    """A reader keeps its connections; once it is closed, or forgotten, it has none."""
    far = MockSessionRawIO(address(server, broadband))
    far.parse_header()
    assert server.connected
    far.close()
    until_nothing_is_connected(server)
    far.parse_header()
    samples = far.get_analogsignal_chunk(0, 0, 0, 9, 0)
    assert server.connected
    del far
    gc.collect()
    until_nothing_is_connected(server)
    assert samples.shape[0] == 9


def test_closed_while_it_reads(server, broadband):
    """A connection that is in use when it is let go serves what was asked of it, and is closed then."""
    store = HttpStore(Address.of(address(server, broadband)), {})
    begun, go_on = Event(), Event()

    def slowly(_count: int, _name: str) -> None:
        begun.set()
        go_on.wait(20)

    server.fault = slowly
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(store.read, "session_manifest.json", 0, 10)
        assert begun.wait(20)
        store.close()
        assert server.connected == 1
        go_on.set()
        assert len(read.result(20)[0]) == 10
    server.fault = None
    until_nothing_is_connected(server)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_forks_leave_connections_alone(server, broadband):
    """A fork that collects what was a reader of its parent closes nothing, and waits for nothing."""
    far = MockSessionRawIO(address(server, broadband))
    far.parse_header()
    pid = os.fork()
    if not pid:
        # in the child nothing may escape
        code = 1
        try:
            asked = []
            asyncio.run_coroutine_threadsafe = lambda *_: asked.append(1)
            gc.collect()  # of other tests
            asked.clear()
            del far
            gc.collect()
            code = 2 if asked else 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert server.connected == 1
    assert far.get_analogsignal_chunk(0, 0, 0, 9, 0).shape[0] == 9
    far.close()


def test_without_a_manifest_too(broadband, tmp_path):
    """Without a manifest the server's own pages say what there is, and files their headers."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    (folder / "session_manifest.json").unlink()
    with (
        serving(tmp_path) as server,
        MockSessionRawIO(folder) as near,
        MockSessionRawIO(address(server, folder)) as far,
    ):
        same(far, near)


def test_without_a_manifest_or_pages(broadband, tmp_path):
    """A server that lists nothing, of a folder without a manifest, is an error that says so."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    (folder / "session_manifest.json").unlink()
    with serving(tmp_path, lists=False) as server, pytest.raises(MockSessionError, match="that may be listed.*403"):
        MockSessionRawIO(address(server, folder))


def test_the_header_is_one_request(server, broadband):
    """Opening and parsing asks once, for the manifest."""
    with MockSessionRawIO(address(server, broadband)):
        pass
    (only,) = server.taken()
    assert only.path.endswith("session_manifest.json")


def test_an_index_is_what_the_files_say(server, broadband, tmp_path):
    """A header out of the index is the header out of the files."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    (folder / "session_manifest.json").unlink()
    with serving(tmp_path) as other:
        headers = []
        for place in (address(other, folder), address(server, broadband)):
            with MockSessionRawIO(place) as reader:
                headers.append(reader.header)
    for key, said in headers[0].items():
        assert np.array_equal(said, headers[1][key])


def test_a_chunk_is_one_request(server, broadband):
    """A second of the broadband stream, and all of one LFP channel, are a request each, and few bytes more."""
    with MockSessionRawIO(address(server, broadband)) as reader:
        lfp, raw = (list(reader.header["signal_streams"]["id"]).index(name) for name in ("lfp", "broadband"))
        server.taken()
        rate = int(reader.get_signal_sampling_rate(raw))
        chunk = reader.get_analogsignal_chunk(0, 0, 1000, 1000 + rate, raw)
        (only,) = server.taken()
        assert only.sent <= 1.1 * chunk.nbytes + BLOCK
        column = reader.get_analogsignal_chunk(stream_index=lfp, channel_indexes=[2])
        (only,) = server.taken()
        assert only.sent <= 1.1 * column.nbytes + BLOCK


def test_a_scan_reads_ahead(server, broadband):
    """A full scan in small chunks moves the bytes of the stream once, and no chunk is asked for twice."""
    with MockSessionRawIO(address(server, broadband)) as reader, MockSessionRawIO(broadband) as near:
        raw = list(reader.header["signal_streams"]["id"]).index("broadband")
        server.taken()
        size, step = reader.get_signal_size(0, 0, raw), 10_000
        spans = [(start, min(start + step, size)) for start in range(0, size, step)]
        for start, stop in spans:
            found = reader.get_analogsignal_chunk(0, 0, start, stop, raw)
            np.testing.assert_array_equal(found, near.get_analogsignal_chunk(0, 0, start, stop, raw))
        asked = server.taken()
    nbytes = size * 2 * 4
    assert len(asked) <= len(spans) + 1
    assert sum(one.sent for one in asked) <= 1.1 * nbytes + BLOCK * len(asked)


@pytest.mark.slow
@pytest.mark.at_length
@settings(max_examples=rounds(20, 40))
@given(data=st.data())
def test_any_window_is_the_local_one(data, windows):
    """Whatever samples, channels and times are asked for, an address gives what the folder gives."""
    any_window(data, windows)


def any_window(data, windows):
    """Draw some samples, channels and times, and hold that two readers have the same of them."""
    near = windows[1]
    stream = data.draw(st.integers(0, near.signal_streams_count() - 1))
    size = near.get_signal_size(0, 0, stream)
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, size)] * 2)))
    n = len(near.stream(stream).channels)
    some = data.draw(st.none() | st.lists(st.integers(0, n - 1), min_size=1, unique=True))
    chunks = [one.get_analogsignal_chunk(0, 0, start, stop, stream, channel_indexes=some) for one in windows]
    np.testing.assert_array_equal(*chunks)
    unit = data.draw(st.integers(0, near.spike_channels_count() - 1))
    limits = sorted(data.draw(st.tuples(*[st.floats(0, near.segment_t_stop(0, 0))] * 2)))
    for read in ("get_spike_timestamps", "get_spike_raw_waveforms"):
        np.testing.assert_array_equal(*(getattr(one, read)(0, 0, unit, *limits) for one in windows))


@pytest.fixture(scope="module")
def windows(broadband):
    """A reader of an address and one of the folder."""
    with (
        serving(broadband.parent) as server,
        MockSessionRawIO(address(server, broadband)) as far,
        MockSessionRawIO(broadband) as near,
    ):
        yield far, near


def test_a_pickle_opens_again(server, broadband):
    """A reader, and what a thread has of it, reads on after it is pickled, without its header."""
    with MockSessionRawIO(address(server, broadband)) as reader:
        other = pickle.loads(pickle.dumps(reader))
        server.taken()
        chunks = [one.get_analogsignal_chunk(0, 0, 0, 100, 1) for one in (reader, other)]
        np.testing.assert_array_equal(*chunks)
        assert not any("manifest" in one.path for one in server.taken())


def test_a_pickle_before_the_header(broadband):
    """A reader that has parsed nothing yet does so where it is unpickled, from a server that lists nothing too."""
    with serving(broadband.parent, lists=False) as server:
        held = pickle.dumps(MockSessionRawIO(address(server, broadband)))
        assert pickle.loads(held).__enter__().signal_streams_count() == 2


@pytest.mark.slow
def test_a_new_process_opens_again(server, broadband, tmp_path):
    """A process that was not forked from this one reads on from a pickle."""
    with MockSessionRawIO(address(server, broadband)) as reader:
        (tmp_path / "sent").write_bytes(pickle.dumps(reader))
        read = "pickle.load(open(sys.argv[1], 'rb')).get_analogsignal_chunk(0, 0, 0, 100, 1).sum()"
        done = python(f"import pickle, sys; print({read})", tmp_path / "sent")
        assert int(done.stdout) == reader.get_analogsignal_chunk(0, 0, 0, 100, 1).sum()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 warns of threads beside a fork
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_process_opens_again(server, broadband):
    """A process that was forked while this one reads has connections of its own."""
    with MockSessionRawIO(address(server, broadband)) as reader:
        expected = reader.get_analogsignal_chunk(0, 0, 0, 100, 1)
        with multiprocessing.get_context("fork").Pool(1) as pool:
            np.testing.assert_array_equal(pool.apply(reader.get_analogsignal_chunk, (0, 0, 0, 100, 1)), expected)


def test_a_closed_reader(server, broadband):
    """A reader that was closed opens again, and what was made of it before reads on."""
    reader = MockSessionRawIO(address(server, broadband))
    reader.parse_header()
    stream = reader.stream(1)
    reader.close()
    with reader:
        np.testing.assert_array_equal(stream.read(0, 0, 100), reader.get_analogsignal_chunk(0, 0, 0, 100, 1))


def test_nginx(broadband, tmp_path):
    """nginx, where there is one, gives what the folder gives; a header and a chunk are a request each."""
    if nginx() is None:  # the tests' own server is all that there is
        return
    bare = Path(shutil.copytree(broadband, tmp_path / "bare"))
    (bare / "session_manifest.json").unlink()
    (tmp_path / "served").symlink_to(broadband)
    (work := tmp_path / "work").mkdir()
    with nginx_of(tmp_path, work) as server, MockSessionRawIO(broadband) as near:
        with MockSessionRawIO(f"{server.url}/served") as far:
            assert [path for path, _ in server.taken()] == ["/served/session_manifest.json"]
            chunk = far.get_analogsignal_chunk(0, 0, 1000, 33_000, 1)
            ((path, sent),) = server.taken()
            assert (path, sent) == ("/served/raw_data/broadband.npy", chunk.nbytes)
            same(far, near)
        with MockSessionRawIO(f"{server.url}/bare") as far:
            same(far, near)
        array = bare / "raw_data" / "broadband.npy"
        with MockSessionRawIO(f"{server.url}/bare") as far:
            far.get_analogsignal_chunk(0, 0, 0, 20_000, 1)
            array.write_bytes(array.read_bytes()[:-1] + b"\x07")
            os.utime(array, (1, 1))
            with pytest.raises(MockSessionError, match="has changed since"):
                far.get_analogsignal_chunk(0, 0, 30_000, 50_000, 1)


def test_a_server_without_ranges(broadband):
    """A server that sends whole files is an error that says so."""
    says = pytest.raises(BadFileError, match="does not send ranges.*knows ranges")
    with serving(broadband.parent, ranges=False) as server, says:
        MockSessionRawIO(address(server, broadband))


def test_a_file_that_is_replaced(broadband, tmp_path):
    """A file of another ETag than before is an error; after parse_header() it is read as it is now."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    with serving(tmp_path) as server, MockSessionRawIO(address(server, folder)) as reader:
        before = reader.get_analogsignal_chunk(0, 0, 0, 1000, 1)
        array = next((folder / "raw_data").glob("*.npy"))
        data = bytearray(array.read_bytes())
        data[-before.nbytes * 60 :] = bytes(before.nbytes * 60)
        array.write_bytes(data)
        size = reader.get_signal_size(0, 0, 1)
        with pytest.raises(MockSessionError, match="has changed since"):
            reader.get_analogsignal_chunk(0, 0, size - 20_000, size, 1)
        reader.parse_header()
        assert not reader.get_analogsignal_chunk(0, 0, size - 20_000, size, 1).any()


def test_the_cache_of_an_address(server, broadband, tmp_path):
    """Gains are remembered in a folder that is given, and not beside an address."""
    place = address(server, broadband)
    with MockSessionRawIO(place, use_cache=True, cache_path=str(tmp_path)) as reader:
        assert reader.cache_filename.startswith(str(tmp_path))
    with pytest.raises(MockSessionError, match="an address"):
        MockSessionRawIO(place, use_cache=True, cache_path="same_as_resource").parse_header()


def test_options_of_a_local_folder(broadband):
    """Storage options are for addresses."""
    with pytest.raises(MockSessionError, match="storage_options"):
        MockSessionRawIO(broadband, storage_options={"anon": True})


def test_open_takes_an_address(server, broadband):
    """``mockrawio.open`` opens an address."""
    with mockrawio.open(address(server, broadband)) as reader:
        assert reader.signal_streams_count() == 2
