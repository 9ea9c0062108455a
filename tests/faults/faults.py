"""Faults that befall a writer at its k-th step, in a process forked for it.

A step is whatever changes the disk: a file opened for writing, half of a block written, a file put
onto the disk, a rename, a folder made, a file or folder removed. So the k-th is the same moment in
every run, as far as threads allow, and a fault can be put at each.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mockrawio.formats.spikes.h5_out
import mockrawio.formats.spikes.spool
import mockrawio.ground.writing
import mockrawio.hybrid.landing

WRITERS = (
    mockrawio.ground.writing,
    mockrawio.hybrid.landing,
    mockrawio.formats.spikes.h5_out,
    mockrawio.formats.spikes.spool,
)
EVENTS = {"os.rename": "move", "os.link": "move", "os.mkdir": "make", "os.remove": "remove", "os.rmdir": "remove"}
NEVER = 1 << 30
NEED_ROOM = {"write", "make"}


@dataclass
class Fault:
    """What happens at the k-th step: see `strike`."""

    kind: str
    k: int
    steps: int = 0

    def step(self, what: str) -> None:
        """Count a step, and strike when it is time."""
        if self.kind == "interrupt" and threading.current_thread() is not threading.main_thread():
            return  # Python interrupts the main thread alone
        if self.kind == "full" and what not in NEED_ROOM:
            return
        if self.kind == "denied" and what != "move":
            return
        if self.kind == "broken" and what != "sync":
            return
        self.steps += 1
        if self.steps == self.k or (self.steps > self.k and self.kind in ("full", "denied", "read-only")):
            strike(self.kind)


class Steps:
    """What is done at each step at which faults of some kinds could strike; none does."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self.faults = [Fault(kind, NEVER) for kind in kinds]
        self.done: dict[str, list[str]] = {kind: [] for kind in kinds}

    def step(self, what: str) -> None:
        """Note a step for each kind that it is one of."""
        for fault in self.faults:
            before = fault.steps
            fault.step(what)
            self.done[fault.kind] += [what] * (fault.steps - before)

    def __str__(self) -> str:
        return json.dumps(self.done)


def strike(kind: str) -> None:
    """Kill the process, or raise what the system would: from then on or, for the last two, once."""
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    errors = {"full": errno.ENOSPC, "denied": errno.EACCES, "read-only": errno.EROFS, "broken": errno.EIO}
    if kind in errors:
        raise OSError(errors[kind], os.strerror(errors[kind]))
    raise KeyboardInterrupt


def arm(fault: Fault | Steps, place: Path) -> None:
    """Have all that happens below `place` count as steps, for as long as this process lives."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        what = EVENTS.get(event)
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            what = "make"
        if what is not None and (str(arguments[0]).startswith(str(place)) or not os.path.isabs(str(arguments[0]))):
            fault.step(what)

    def torn(file: Any, view: memoryview, at: Path, real: Any = mockrawio.ground.writing.write_all) -> None:
        view = view.cast("B") if view.nbytes else view
        real(_Stepping(file, fault), view[: view.nbytes // 2], at)
        real(_Stepping(file, fault), view[view.nbytes // 2 :], at)

    os.fsync = lambda descriptor: fault.step("sync")
    for module in WRITERS:
        module.write_all = torn  # type: ignore[attr-defined]
    sys.addaudithook(hear)


@dataclass
class _Stepping:
    """A file whose every write is a step."""

    file: Any
    fault: Fault | Steps

    def write(self, view: memoryview) -> int:
        self.fault.step("write")
        return int(self.file.write(view))


def in_child(write: Callable[[], object], before: Callable[[], object] = lambda: None) -> Callable[[], dict[str, Any]]:
    """Fork a process that calls `before` and `write`; return what waits for it and tells how it ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said: dict[str, Any] = {"error": None}
            try:
                before()
                write()
            except BaseException as error:
                said = {"error": type(error).__name__, "text": str(error), "errno": getattr(error, "errno", None)}
            os.write(writing, json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(writing)

    def wait() -> dict[str, Any]:
        with open(reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            return {"error": signal.Signals(os.WTERMSIG(status)).name}
        return dict(json.loads(said))

    return wait
