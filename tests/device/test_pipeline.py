"""The order of the work, on a device that is as late as it may be; threads, errors, memory."""

from __future__ import annotations

import gc
import os
import queue
import subprocess
import sys
import threading
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.device import stream_scaled
from mockrawio.device.engine import HostEngine
from mockrawio.device.pipeline import Pipeline
from tests.device.backends import BACKENDS, as_numpy
from tests.device.simulated import Simulated

NEEDED = [(False, one) for one in ("synchronize", "wait of consumer", "wait of copy")]
NEEDED += [(True, one) for _, one in [*NEEDED, (True, "follow")]]  # the last is for what is written over


def seen_late(reader, monkeypatch, engine, depth, n_streams, reuse):
    """Return the samples as a consumer sees them that queues its work, never waits, and goes from stream to stream."""
    monkeypatch.setattr("mockrawio.device.stream.choose_engine", lambda *_: engine)
    streams = [engine.here, *(engine.stream() for _ in range(n_streams - 1))]
    seen = {}
    chunks = stream_scaled(reader, stream_index=0, chunk_size=97, device="simulated", depth=depth, reuse=reuse)
    for number, chunk in enumerate(chunks):
        engine.queue(lambda chunk=chunk, number=number: seen.update({number: chunk.copy()}))
        engine.here = streams[(number + 1) % n_streams]
    engine.finish()
    return np.concatenate([seen[number] for number in sorted(seen)])


def expected(reader):
    return reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(), "float32")


@pytest.mark.parametrize("prompt", [False, True])
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("n_streams", [1, 2])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_late_device(depth, n_streams, reuse, prompt, gains, monkeypatch):
    """A device and a consumer that do everything late, or all but the kernels, see every chunk as it is."""
    found = seen_late(gains, monkeypatch, Simulated(prompt=prompt), depth, n_streams, reuse)
    np.testing.assert_array_equal(found, expected(gains))


@pytest.mark.parametrize(("reuse", "broken"), NEEDED)
def test_every_wait_is_needed(reuse, broken, gains, monkeypatch):
    """Without any one of the waits that same consumer sees other values: the test above would fail."""
    if broken == "wait of consumer":  # a kernel that is late finds its copy done
        found = seen_late(gains, monkeypatch, Simulated(broken, prompt=True), 1, 1, reuse)
    else:
        found = seen_late(gains, monkeypatch, Simulated(broken), 3, 2, reuse)
    assert not np.array_equal(found, expected(gains))


@pytest.mark.parametrize("broken", ["", "follow"])
@pytest.mark.parametrize("reuse", [False, True])
def test_gains_put_in_another_stream(reuse, broken, gains, monkeypatch):
    """Another stream than the maker's waits, by way of the copies, for the gains that were put there in his."""
    engine = Simulated(broken)
    monkeypatch.setattr("mockrawio.device.stream.choose_engine", lambda *_: engine)
    other = engine.stream()
    chunks = stream_scaled(gains, stream_index=0, chunk_size=9999, device="simulated", reuse=reuse)
    engine.here = other
    found = list(chunks)
    engine.finish()
    assert np.array_equal(np.concatenate(found), expected(gains)) is not bool(broken)


@pytest.mark.parametrize("library", BACKENDS)
def test_collected(library, gains):
    """What is yielded is the caller's: all chunks, collected and joined, are the samples."""
    with stream_scaled(gains, stream_index=0, chunk_size=97, device="cpu", out=library, depth=1) as chunks:
        kept = list(chunks)
    np.testing.assert_array_equal(np.concatenate([as_numpy(chunk) for chunk in kept]), expected(gains))


def test_collected_late(gains, monkeypatch):
    """On a device that does its work late, chunks that nobody touched until the end are right too."""
    engine = Simulated()
    monkeypatch.setattr("mockrawio.device.stream.choose_engine", lambda *_: engine)
    kept = list(stream_scaled(gains, stream_index=0, chunk_size=97, device="simulated"))
    engine.finish()
    np.testing.assert_array_equal(np.concatenate(kept), expected(gains))


def pipeline(fill, chunks, depth=2):
    return Pipeline(HostEngine("numpy"), fill, chunks, (4, 1), np.int16, depth)


def test_reads_ahead():
    """With one chunk taken, the thread fills the slots that are free, and no more."""
    filled, full = [], threading.Event()

    def fill(chunk, place):
        filled.append(chunk)
        if len(filled) == 4:
            full.set()

    ring = pipeline(fill, ((k, k + 4) for k in range(0, 400, 4)), depth=3)
    assert ring.take(lambda index, raw, chunk: (index, raw.shape, chunk)) == (0, (4, 1), (0, 4))
    assert full.wait(60)
    ring.close()
    assert filled == [(0, 4), (4, 8), (8, 12), (12, 16)]


def test_error_of_the_thread(gains, monkeypatch):
    """What reading raises comes out of the iterator, after the chunks before it; then it is at its end."""
    read, calls = gains.get_analogsignal_chunk, []

    def fails(*args, **kwargs):
        calls.append(args)
        if len(calls) == 4:  # the first is for the selection
            raise OSError("the disk is gone")
        return read(*args, **kwargs)

    monkeypatch.setattr(gains, "get_analogsignal_chunk", fails)
    chunks = stream_scaled(gains, stream_index=0, chunk_size=500, device="cpu", out="numpy")
    assert [next(chunks).shape for _ in range(2)] == [(500, 6)] * 2
    with pytest.raises(OSError, match="the disk is gone"):
        next(chunks)
    assert list(chunks) == []


def test_error_of_the_work():
    """What the kernel raises is the consumer's, and closes the pipeline."""
    ring = pipeline(lambda *_: None, [(0, 4), (4, 8)])
    with pytest.raises(ZeroDivisionError):
        ring.take(lambda *_: 1 / 0)
    with pytest.raises(StopIteration):
        ring.take(lambda *_: None)


@pytest.mark.slow
@pytest.mark.parametrize("leave", ["close", "with", "forget", "end"])
def test_left_halfway(leave, gains):
    """However it is left, the thread ends, the slots go, and what was handed out last stays."""
    chunks = stream_scaled(gains, stream_index=0, chunk_size=50, device="cpu", out="numpy")
    ring, thread = chunks._pipeline._ring, [t for t in threading.enumerate() if t.name == "mockrawio-read-ahead"]
    first = next(chunks)
    if leave == "close":
        chunks.close()
        chunks.close()
    elif leave == "with":
        with pytest.raises(KeyError), chunks:
            raise KeyError
    elif leave == "forget":
        del chunks
        gc.collect()
    else:
        first = [first, *chunks][-1]
    assert len(thread) == 1
    assert not thread[0].is_alive()
    assert ring.slots == []
    assert np.isfinite(first).all()


class Snatched(queue.SimpleQueue):
    """Whoever looks, another thread is faster: what was there is gone."""

    def snatch(self):
        while super().qsize():
            super().get()

    def empty(self):
        found = super().empty()
        self.snatch()
        return found

    def get_nowait(self):
        self.snatch()
        return super().get_nowait()


def test_closed_while_a_slot_is_taken():
    """The thread may take the last free slot while the pipeline is closing: nobody waits for it."""
    ring = pipeline(lambda *_: None, [])
    ring._thread.join()
    ring._ring.free = Snatched()
    ring._ring.free.put(0)
    closing = threading.Thread(target=ring.close, daemon=True)
    closing.start()
    closing.join(20)
    assert not closing.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize(("readers", "in_submit"), [(1, False), (2, False), (2, True)])
def test_forgotten_in_a_thread_of_its_own(readers, in_submit, monkeypatch):
    """Collected in a thread that reads, it waits neither for itself nor leaves a copy under way."""
    monkeypatch.setattr("mockrawio.device.pipeline.PART_BYTES", 2)
    engine, dropped = Simulated(), threading.Event()

    def fill(chunk, place):
        dropped.wait(60)
        if not in_submit:
            gc.collect()

    def adjust(pool, original=ThreadPoolExecutor._adjust_thread_count):  # called within the executor's locks
        original(pool)
        if in_submit:
            gc.collect()

    monkeypatch.setattr(ThreadPoolExecutor, "_adjust_thread_count", adjust)
    gc.disable()
    try:
        ring = Pipeline(engine, fill, ((k, k + 4) for k in range(0, 400, 4)), (4, 1), np.int16, 2, readers)
        ring.itself = ring  # so that it takes a collection
        thread, copying = ring._thread, ring._ring.copying
        del ring
        dropped.set()
        thread.join(20)
        assert not thread.is_alive()
    finally:
        gc.enable()
    assert not copying.work


def test_forgotten_within_a_lock(monkeypatch):
    """Collected within a lock that its thread needs, a pipeline ends when the lock is free."""
    monkeypatch.setattr("mockrawio.device.pipeline.PATIENCE", 0.01)
    lock, waits = threading.Lock(), threading.Event()

    def fill(chunk, place):
        waits.set()
        with lock:
            pass

    with lock:
        ring = pipeline(fill, [(0, 4), (4, 8)])
        thread = ring._thread
        assert waits.wait(60)
        del ring
    thread.join(20)
    assert not thread.is_alive()


def test_results_outlive_the_kernels(gains, monkeypatch):
    """A stream that is forgotten holds its results until the device has done with them."""
    engine = Simulated()
    monkeypatch.setattr("mockrawio.device.stream.choose_engine", lambda *_: engine)
    chunks = stream_scaled(gains, stream_index=0, chunk_size=9999, device="simulated", depth=1, reuse=True)
    next(chunks)
    chunks._pipeline._thread.join()
    results, held = weakref.ref(chunks._results[0]), []
    monkeypatch.setattr(engine, "synchronize", lambda event: held.append(results() is not None))
    engine.streams[0].work.clear()  # what is queued holds what it works on: a device does not
    del chunks
    assert held == [True, True]  # the copy's event and the kernel's
    assert results() is None


def test_several_consumers():
    """Threads that share a pipeline get each chunk once, and all of them its end."""
    ring = pipeline(lambda *_: None, [(k, k + 4) for k in range(0, 40, 4)])
    got = queue.SimpleQueue()
    threads = [threading.Thread(target=ring.run, args=(lambda *seen: got.put(seen[2]),), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert sorted(got.get() for _ in range(got.qsize())) == [(k, k + 4) for k in range(0, 40, 4)]


FORKED = """
import os, sys, numpy as np
from mockrawio.device.engine import HostEngine
from mockrawio.device.pipeline import Pipeline
chunks = Pipeline(HostEngine(), lambda *_: None, ((k, k + 1) for k in range(9)), (1, 1), np.int16, 1)
child = os.fork()
if not child:
    try:
        while True:
            chunks.take(lambda *_: None)
    except ValueError as error:
        os._exit(42 if "forked" in str(error) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_forked():
    """A child that was forked has not the thread: it gets an error, and does not wait for ever."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], timeout=60)
    assert done.returncode == 42


def test_reader_closed_meanwhile(gains):
    """A reader that is closed under the stream makes an error, not a wait without end."""
    with stream_scaled(gains, stream_index=0, chunk_size=1, device="cpu", out="numpy", depth=1) as chunks:
        next(chunks)
        gains.close()
        with pytest.raises(MockSessionError, match="closed"):
            list(chunks)


def test_slots_are_used_again(gains):
    """With reuse=True results lie in `depth` places, taken in turn."""
    options = {"chunk_size": 100, "device": "cpu", "out": "numpy", "depth": 4, "reuse": True}
    with stream_scaled(gains, stream_index=0, **options) as chunks:
        places = [chunk.ctypes.data for chunk in chunks]
    assert len(set(places)) == 4
    assert places == [places[k % 4] for k in range(len(places))]


def test_valid_until_depth_more(gains):
    """With reuse=True an array is as it was while `depth - 1` more are asked for."""
    options = {"chunk_size": 300, "device": "cpu", "out": "numpy", "depth": 3, "reuse": True}
    with stream_scaled(gains, stream_index=0, **options) as chunks:
        held = next(chunks)
        before = held.copy()
        next(chunks), next(chunks)
        np.testing.assert_array_equal(held, before)
        next(chunks)
        assert not np.array_equal(held, before)


@pytest.mark.parametrize("library", [name for name in BACKENDS if name not in ("jax", "torch")])  # theirs is not traced
def test_nothing_is_allocated_a_chunk(library, gains, monkeypatch):
    """While it runs with reuse=True, a stream takes less memory anew than a chunk has, in small blocks."""
    monkeypatch.setattr("mockrawio.device.engine.BLOCK", 256)
    options = {"chunk_size": 900, "device": "cpu", "out": library, "depth": 1, "reuse": True}
    with stream_scaled(gains, stream_index=0, **options) as chunks:
        chunk_bytes = next(chunks).shape[0] * 6 * 2  # of int16, float32 are twice that
        tracemalloc.start()
        try:
            for _ in chunks:
                pass
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < chunk_bytes


def test_dlpack(gains):
    """A result is any other library's array without a copy."""
    for library in [name for name in BACKENDS if name != "jax"]:
        with stream_scaled(gains, stream_index=0, chunk_size=100, device="cpu", out=library) as chunks:
            chunk = next(chunks)
            shared = np.from_dlpack(chunk)
            chunk[0, 0] = 12345.0
            assert shared[0, 0] == 12345.0
            assert as_numpy(chunk)[0, 0] == 12345.0


@pytest.mark.parametrize("chunk_size", [2, 3, 100, 9999])
def test_several_readers(chunk_size, gains, monkeypatch):
    """Threads that fill a slot together fill all of it, and end with the stream."""
    monkeypatch.setattr("mockrawio.device.pipeline.PART_BYTES", 12)  # one sample
    with stream_scaled(gains, stream_index=0, chunk_size=chunk_size, device="cpu", out="numpy", readers=3) as chunks:
        found = np.concatenate([chunk.copy() for chunk in chunks])
    np.testing.assert_array_equal(found, expected(gains))


def test_error_of_one_reader():
    """What one of several threads raises comes out as well."""

    def fill(chunk, place):
        if chunk[0] == 1 << 20:
            raise OSError("a bad block")

    big = 1 << 21
    ring = Pipeline(HostEngine("numpy"), fill, [(0, big)], (big, 1), np.int16, depth=1, readers=2)
    with pytest.raises(OSError, match="a bad block"):
        ring.take(lambda *_: None)


@pytest.mark.parametrize("wrong", ["depth", "readers"])
def test_none_of_what_is_needed(wrong, gains):
    """Without a slot, or a thread, there is no stream."""
    with pytest.raises(MockSessionError, match=f"{wrong}: expected 1 (slot|thread) or more; found 0"):
        stream_scaled(gains, stream_index=0, chunk_size=100, device="cpu", out="numpy", **{wrong: 0})
