"""Chunks through a ring of slots: read ahead in a thread, copied in a stream, used in the consumer's.

A slot goes round like this; nothing in it waits for anything but what stands on the left::

    thread    wait for the copy event   (the slot's last chunk has left host memory)
              read int16 into the slot's host memory
    copy      wait for the use event    (the kernel has done with the slot's last chunk)
    stream    copy host -> device;  record the copy event
    consumer  wait for the copy event;  kernel;  record the use event
    stream

The thread is given a slot back when the kernel has been *queued*; the events see to the rest. The
kernel runs in the consumer's own stream, so what the consumer does with the result is behind it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from .engine import Engine, Slot
from .samples import check_number

T = TypeVar("T")
Chunk = tuple[int, int]  # first item and one past the last
Fill = Callable[[Chunk, Array], object]
PART_BYTES = 1 << 20  # the least that is worth a thread's while
DEVICE_READERS = 8  # one copies 10 GB/s or so; the buses of today take 25 to 60
THREADS = "mockrawio-read"  # the names of all pipelines' threads begin so
PATIENCE = 1.0  # seconds


@dataclass
class _Ring:
    """What the thread and the pipeline share. It does not know the pipeline, which may thus be forgotten."""

    engine: Engine
    fill: Fill
    chunks: Iterator[Chunk]
    slots: list[Slot]
    copying: Any
    copied: list[Any]
    used: list[Any]
    readers: int
    free: SimpleQueue[int | None] = field(default_factory=SimpleQueue)
    ready: SimpleQueue[tuple[int, Chunk] | BaseException | None] = field(default_factory=SimpleQueue)


class Pipeline:
    """A ring of `depth` slots that a thread keeps filled.

    ``fill(chunk, array)`` reads a chunk into an array of its length, which is at most the slots' `shape`. Of
    `readers` threads each fills a part of a slot's rows; `fill` must bear that.
    """

    def __init__(
        self,
        engine: Engine,
        fill: Fill,
        chunks: Iterable[Chunk],
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        depth: int,
        readers: int = 1,
    ) -> None:
        check_number("depth", depth, "slot", "Give 3, which keeps disk, bus and device busy.")
        check_number("readers", readers, "thread", "Give 8, which keep up with most buses.")
        slots = [engine.slot(shape, np.dtype(dtype)) for _ in range(depth)]
        copied, used = ([engine.event() for _ in slots] for _ in range(2))
        self._ring = ring = _Ring(engine, fill, iter(chunks), slots, engine.stream(), copied, used, readers)
        engine.follow(ring.copying, engine.current())  # new memory may still be in use there, by its last owner
        for index in range(depth):
            ring.free.put(index)
        self._thread = threading.Thread(target=_read_ahead, args=(ring,), name=f"{THREADS}-ahead", daemon=True)
        self.end = weakref.finalize(self, _end, ring, self._thread)
        self._thread.start()

    def take(self, use: Callable[[int, Any, Chunk], T]) -> T:
        """Return ``use(index of the slot, its raw values on the device, chunk)`` for the next chunk.

        `use` queues its work in the current stream. At the end, or once the pipeline is closed, this raises
        StopIteration; and whatever `fill` raised in the thread, which closes the pipeline.
        """
        ring = self._ring
        if not self.end.alive:
            raise StopIteration
        if ring.ready.empty() and not self._thread.is_alive() and ring.ready.empty():  # it may just have ended
            found, remedy = (
                "none: a forked process does not have its parent's",
                "Make the stream in the process that uses it.",
            )
            raise MockSessionError("stream", "its thread", found, remedy)
        got = ring.ready.get()
        if not isinstance(got, tuple):
            self.close()
            ring.ready.put(None)  # for other threads that wait here
            raise StopIteration if got is None else got
        index, chunk = got
        engine = ring.engine
        stream = engine.current()
        engine.wait(stream, ring.copied[index])
        try:
            result = use(index, ring.slots[index].raw[: chunk[1] - chunk[0], ...], chunk)
        except BaseException:
            self.close()
            raise
        engine.record(ring.used[index], stream)
        ring.free.put(index)
        return result

    def run(self, use: Callable[[int, Any, Chunk], object]) -> None:
        """Take every chunk that is left."""
        with suppress(StopIteration):
            while True:
                self.take(use)

    def close(self) -> None:
        """End the thread and release the slots, once the device has done with them."""
        self.end()
        if not _is_reading():
            self._thread.join()


def readers_for(engine: Engine) -> int:
    """Return how many threads keep up with an engine, of those that there are cores for."""
    return 1 if engine.device == "cpu" else min(DEVICE_READERS, os.cpu_count() or 1)


def _read_ahead(ring: _Ring) -> None:
    """Fill free slots with chunks until there are no more of either; the thread's whole work."""
    engine = ring.engine
    try:
        with ThreadPoolExecutor(ring.readers, THREADS) as pool:  # its threads start when they are needed
            for chunk in ring.chunks:
                index = ring.free.get()
                if index is None:
                    break
                slot, rows = ring.slots[index], chunk[1] - chunk[0]
                engine.synchronize(ring.copied[index])
                _fill(ring, pool, chunk, slot.host[:rows])
                engine.wait(ring.copying, ring.used[index])
                engine.upload(slot, rows, ring.copying)
                engine.record(ring.copied[index], ring.copying)
                ring.ready.put((index, chunk))
        ring.ready.put(None)
        _settle(engine, ring.copied)  # if the pipeline is forgotten in this thread, the last slot goes with it
    except BaseException as error:  # the consumer's to deal with
        ring.ready.put(error)


def _fill(ring: _Ring, pool: ThreadPoolExecutor, chunk: Chunk, place: Array) -> None:
    """Fill a slot, by several threads if it is large: one does not copy as fast as a bus carries."""
    parts = min(ring.readers, place.nbytes // PART_BYTES)
    if parts < 2:
        ring.fill(chunk, place)
        return
    edges = [len(place) * k // parts for k in range(parts + 1)]
    pieces = [((chunk[0] + a, chunk[0] + b), place[a:b]) for a, b in pairwise(edges)]
    for _ in pool.map(lambda piece: ring.fill(*piece), pieces):
        pass


def _end(ring: _Ring, thread: threading.Thread) -> None:
    """Tell the thread to end, and release the slots once the device has done with them.

    A garbage collection calls this anywhere, within a lock that the thread needs too: it takes none,
    and waits for the thread, which may hold a slot for a while yet, no longer than `PATIENCE`.
    """
    with suppress(Empty):  # so that the thread's next slot is none; it may be taking one right now
        while True:
            ring.free.get_nowait()
    ring.free.put(None)
    ring.ready.put(None)
    if not _is_reading():
        thread.join(PATIENCE)
    _settle(ring.engine, (*ring.copied, *ring.used))
    ring.slots.clear()


def _is_reading() -> bool:
    """Return True if this is a pipeline's own thread, which should not wait for one."""
    return threading.current_thread().name.startswith(THREADS)


def _settle(engine: Engine, events: Iterable[Any]) -> None:
    """Wait for all events: freed memory may be given out before other streams have done with it."""
    for event in events:
        engine.synchronize(event)
