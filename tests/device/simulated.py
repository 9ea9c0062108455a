"""A device that does its work as late as it may, in NumPy.

It has the promises of CUDA and no more: work in one stream is done in order, nothing is done before
what it waits for, and what nobody waits for may be done at the very end. A slot that is filled again
before its copy is over, or a result that is written over before its consumer has read it, thus always
shows, and not only on an unlucky day.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from mockrawio.device.engine import HostEngine, Slot


class Mark:
    """A place in a stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.reached = stream, False


class Stream:
    """Work that is done in order, when somebody waits for it."""

    def __init__(self) -> None:
        self.work: deque[Callable[[], None] | Mark | tuple[Mark]] = deque()

    def run(self, mark: Mark | None = None) -> None:
        """Do what was given so far, up to a mark if there is one."""
        while self.work and not (mark and mark.reached):
            item = self.work.popleft()
            if isinstance(item, Mark):
                item.reached = True
            elif isinstance(item, tuple):
                item[0].stream.run(item[0])
            else:
                item()


class Simulated(HostEngine):
    """NumPy behind streams; `broken` names what it leaves undone, to show that a test would see it.

    With `prompt` a kernel is done as soon as what it waits for is done: the consumer's stream has nothing else
    to do, while copies are as late as ever.
    """

    device = "simulated"

    def __init__(self, broken: str = "", prompt: bool = False) -> None:
        super().__init__("numpy")
        self.prompt = prompt
        self.broken, self.lock, self.here = broken, threading.RLock(), Stream()
        self.streams = [self.here]

    def put(self, values: np.ndarray) -> Any:
        placed = np.zeros_like(values)
        self.queue(lambda: np.copyto(placed, values))
        return placed

    def slot(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        host = np.zeros(shape, dtype)
        return Slot(host, host, np.zeros(shape, dtype))

    def current(self) -> Any:
        return self.here

    def stream(self) -> Any:
        self.streams.append(Stream())
        return self.streams[-1]

    def event(self) -> Any:
        return [None]

    def record(self, event: Any, stream: Any) -> None:
        with self.lock:
            event[0] = Mark(stream)
            stream.work.append(event[0])

    def wait(self, stream: Any, event: Any) -> None:
        with self.lock:
            if event[0] is not None and self.broken != f"wait of {'consumer' if stream is self.here else 'copy'}":
                stream.work.append((event[0],))

    def follow(self, stream: Any, other: Any) -> None:
        if stream is not other and self.broken != "follow":
            event = self.event()
            self.record(event, other)
            self.wait(stream, event)

    def synchronize(self, event: Any) -> None:
        with self.lock:
            if event[0] is not None and self.broken != "synchronize":
                event[0].stream.run(event[0])

    def upload(self, slot: Slot, rows: int, stream: Any) -> None:
        self.queue(lambda: np.copyto(slot.raw[:rows], slot.source[:rows]), stream)

    def scale(self, raw: Any, scale: Any, out: Any) -> None:
        self.queue(lambda: HostEngine.scale(self, raw, scale, out))
        if self.prompt:
            with self.lock:
                self.here.run()

    def queue(self, work: Callable[[], Any], stream: Any = None) -> None:
        """Give a stream, or the consumer's, something to do."""
        with self.lock:
            (stream or self.here).work.append(work)

    def finish(self) -> None:
        """Do all that is left, the pipeline's own stream last, and before it that in which all was made."""
        with self.lock:
            for stream in (*self.streams[1:-1], self.streams[0], self.streams[-1]):
                stream.run()
