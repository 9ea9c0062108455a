"""A process that is forked while a thread of its parent reads for the first time reads too, and does not wait."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import mockrawio
from mockrawio.ground.once import once
from tests.handmade import T0, Handmade
from tests.processes import python

# A thread is stopped within the first reading of something; the child that is forked then asks for the same.
FORKED = """
import os, signal, sys, threading
import mockrawio.device.envelope
import mockrawio.rawio.events as events
import mockrawio.rawio.open_session as session
from mockrawio import MockSessionRawIO
from mockrawio.device import Envelope
from mockrawio.device.pyramid import Pyramid

def within_and_ask(kind):
    reader = MockSessionRawIO(sys.argv[1])
    reader.parse_header()
    view = Envelope(reader, 0, device="cpu")
    return {
        "events": ((events, "open_events"), lambda: reader.get_event_timestamps(0, 0, 0)[2].tolist()),
        "DAQ": ((events, "parse_daq_log"), lambda: reader.get_event_timestamps(0, 0, 1)[2].tolist()),
        "frames": ((events, "parse_watchlog"), lambda: reader.get_event_timestamps(0, 0, 2)[2].tolist()),
        "pauses": ((events, "parse_watchlog"), lambda: reader.get_event_timestamps(0, 0, 3)[2].tolist()),
        "bounds": ((session, "span_ms"), lambda: reader.segment_t_stop(0, 0)),
        "zoom, reading": ((reader, "get_analogsignal_chunk"), lambda: view.view(0.0, 8.0, 3).high.ravel().tolist()),
        "zoom, putting": ((Pyramid, "_place"), lambda: view.view(0.0, 8.0, 3).high.ravel().tolist()),
    }[kind]

def forked(kind):
    (owner, name), ask = within_and_ask(kind)
    parent, inside, go = os.getpid(), threading.Event(), threading.Event()
    real = getattr(owner, name)

    def stopped(*arguments, **more):
        if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
            inside.set()
            go.wait(60)
        return real(*arguments, **more)

    setattr(owner, name, stopped)
    thread = threading.Thread(target=ask)
    thread.start()
    assert inside.wait(60)
    child = os.fork()
    if not child:
        signal.alarm(20)  # ends a child that waits for a lock
        print(f"{kind}: {ask()}", flush=True)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    go.set()
    thread.join()
    print(f"{kind}: {ask()}", f"{kind}: {status}", sep=chr(10), flush=True)
    setattr(owner, name, real)

for kind in sys.argv[2:]:
    forked(kind)
"""
RIGHT = {
    "events": ["1", "2", "4"],
    "DAQ": ["1", "2"],
    "frames": [str(round(0.04 * k, 2)) for k in range(1, 7)],
    "pauses": ["pause"],
    "bounds": 9.0,
    "zoom, reading": [2666.0, 5333.0, 7999.0],  # the last sample before 8/3, 16/3 and 8 s of a ramp
    "zoom, putting": [2666.0, 5333.0, 7999.0],
}


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What a process says that has forked within each first reading."""
    handmade = Handmade(tmp_path_factory.mktemp("forked") / "session_2")
    handmade.all()
    handmade.lfp(samples=np.arange(9000, dtype=np.int16), ts=T0 + np.arange(9000))
    return python(FORKED, handmade.folder, *RIGHT)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.parametrize("kind", RIGHT)
def test_forked_within_a_first_reading(kind: str, forked: subprocess.CompletedProcess[str]) -> None:
    """Whatever a thread is about to read for the first time, a forked child reads it, and to the same effect."""
    said = [line.removeprefix(f"{kind}: ") for line in forked.stdout.splitlines() if line.startswith(f"{kind}: ")]
    assert said == [str(RIGHT[kind])] * 2 + ["0"], forked.stderr  # the child's, the parent's, and how the child ended


def test_once() -> None:
    """An attribute is worked out once, shows its text on the class, and is the first one's for threads that meet."""

    class Thing:
        made = 0

        @once
        def value(self) -> list[int]:
            """Return a list."""
            self.made += 1
            if self.made == 1:  # as another thread that asks meanwhile
                assert self.value == [2]
            return [self.made]

    thing = Thing()
    first = thing.value
    assert first == [2]
    assert thing.value is first
    assert thing.made == 2
    assert Thing.value.__doc__ == "Return a list."


def test_no_attribute_takes_a_lock() -> None:
    """No module of the package works an attribute out within the lock of functools.cached_property."""
    package = Path(mockrawio.__file__).parent
    assert [p.name for p in package.rglob("*.py") if "cached_property" in p.read_text("utf-8")] == ["once.py"]
