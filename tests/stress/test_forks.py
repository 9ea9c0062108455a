"""A process that is forked while a thread of its parent reads for the first time reads too, and does not wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mockrawio
from mockrawio.ground.once import once
from tests.handmade import T0, Handmade

# A thread is stopped within the first reading of something; the child that is forked then asks for the same.
FORKED = """
import os, signal, sys, threading
import mockrawio.device.envelope
import mockrawio.rawio.events as events
import mockrawio.rawio.open_session as session
from mockrawio import MockSessionRawIO
from mockrawio.device import Envelope
from mockrawio.device.pyramid import Pyramid

reader = MockSessionRawIO(sys.argv[1])
reader.parse_header()
view = Envelope(reader, 0, device="cpu")
within, ask = {
    "events": ((events, "open_events"), lambda: reader.get_event_timestamps(0, 0, 0)[2].tolist()),
    "DAQ": ((events, "parse_daq_log"), lambda: reader.get_event_timestamps(0, 0, 1)[2].tolist()),
    "frames": ((events, "parse_watchlog"), lambda: reader.get_event_timestamps(0, 0, 2)[2].tolist()),
    "pauses": ((events, "parse_watchlog"), lambda: reader.get_event_timestamps(0, 0, 3)[2].tolist()),
    "bounds": ((session, "span_ms"), lambda: reader.segment_t_stop(0, 0)),
    "zoom, reading": ((reader, "get_analogsignal_chunk"), lambda: view.view(0.0, 8.0, 3).high.ravel().tolist()),
    "zoom, putting": ((Pyramid, "_place"), lambda: view.view(0.0, 8.0, 3).high.ravel().tolist()),
}[sys.argv[2]]
parent, inside, go = os.getpid(), threading.Event(), threading.Event()
real = getattr(*within)

def stopped(*arguments, **more):
    if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
        inside.set()
        go.wait(60)
    return real(*arguments, **more)

setattr(*within, stopped)
thread = threading.Thread(target=ask)
thread.start()
assert inside.wait(60)
child = os.fork()
if not child:
    signal.alarm(20)  # ends a child that waits for a lock
    print(ask(), flush=True)
    os._exit(0)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
go.set()
thread.join()
print(ask())
sys.exit(0 if status == 0 else 1)
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


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.parametrize("kind", RIGHT)
def test_forked_within_a_first_reading(kind: str, handmade: Handmade) -> None:
    """Whatever a thread is about to read for the first time, a forked child reads it, and to the same effect."""
    handmade.all()
    handmade.lfp(samples=np.arange(9000, dtype=np.int16), ts=T0 + np.arange(9000))
    command = [sys.executable, "-W", "ignore", "-c", FORKED, str(handmade.folder), kind]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [str(RIGHT[kind])] * 2  # the child's, and then the parent's


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
