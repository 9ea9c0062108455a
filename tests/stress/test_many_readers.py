"""One reader used by many threads and processes at once, while it is closed, opened again and pickled."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from tests.handmade import Handmade
from tests.length import rounds
from tests.processes import fresh
from tests.stress.reference import KINDS, Reference, requests, write_session

at_length = pytest.mark.at_length


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with every kind of data, in two segments."""
    return write_session(tmp_path_factory.mktemp("many") / "session_2")


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@at_length
@pytest.mark.usefixtures("hasty")
def test_sixteen_threads(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen threads that read at random what they like get what the files hold, with few units' files open."""
    monkeypatch.setattr("mockrawio.rawio.spikes.OPEN_MAPS", 3)
    reference = Reference(session)  # here, since Python 3.11's own parser, which np.load asks, is not for threads
    with MockSessionRawIO(session) as reader, ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda seed: requests(reader, reference, seed, rounds(100, 400)), range(16)))
    assert all(kinds == set(KINDS) for kinds in made)


@at_length
@pytest.mark.slow
def test_new_processes(session: Path) -> None:
    """New processes, two or at length four, that were sent one reader get what the files hold."""
    n, context, reference = rounds(2, 4), multiprocessing.get_context(fresh()), Reference(session)
    with MockSessionRawIO(session) as reader, ProcessPoolExecutor(n, context) as pool:
        made = list(pool.map(requests, [reader] * n, [reference] * n, range(n), [300] * n))
    assert all(kinds == set(KINDS) for kinds in made)


def disturbed(reader: MockSessionRawIO, reference: Reference, seed: int, until: Event) -> int:
    """Make requests until told to stop and one was answered; return how many met a closed reader."""
    rng, answered, closed = np.random.default_rng(seed), 0, 0
    while not (until.is_set() and answered):
        try:
            reference.check(reader, rng)
            answered += 1
        except MockSessionError as error:
            if "is closed" not in str(error):
                raise
            closed += 1
    return closed


@at_length
@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("how", ["parse_header", "close and parse_header", "pickle"])
def test_disturbed_by_another_thread(how: str, session: Path) -> None:
    """A request that meets close() or parse_header() is answered right, or told that the reader is closed."""
    reference, until = Reference(session), Event()
    with MockSessionRawIO(session) as reader, ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(disturbed, reader, reference, seed, until) for seed in range(8)]
        try:
            for _ in range(rounds(5, 50)):
                if how == "pickle":
                    assert pickle.loads(pickle.dumps(reader)).get_signal_size(0, 0, 0) == 3000
                    continue
                if how == "close and parse_header":
                    reader.close()
                reader.parse_header()
        finally:
            until.set()
        closed = sum(future.result() for future in waiting)
    assert how == "close and parse_header" or not closed


def held() -> tuple[int, int, int]:
    """Return how many handles and maps this process holds, and how much memory, in pages."""
    gc.collect()
    maps, memory = Path("/proc/self/maps"), Path("/proc/self/statm")
    return (
        len(os.listdir("/dev/fd")),
        len(maps.read_bytes().splitlines()) if maps.exists() else 0,
        int(memory.read_text().split()[1]) if memory.exists() else 0,
    )


@at_length
def test_many_cycles(handmade: Handmade) -> None:
    """Opened, read and closed 250 times, or 4,000: as many handles, maps and pages of memory as after the first few."""
    handmade.lfp(gain=0.5)
    handmade.unit(gain=0.25)
    handmade.events()

    def cycle() -> None:
        with MockSessionRawIO(handmade.folder) as reader:
            assert int(reader.get_analogsignal_chunk(0, 0, 7, 9).sum()) == 7 + 8
            assert reader.get_spike_raw_waveforms().shape == (3, 1, 64)
            assert reader.get_event_timestamps()[2].tolist() == ["1", "2", "4"]

    for _ in range(rounds(50, 500)):
        cycle()
    handles, maps, pages = held()
    for _ in range(rounds(200, 3500)):
        cycle()
    handles_then, maps_then, pages_then = held()
    assert handles_then == handles
    assert maps_then <= maps + 50  # the allocator's own come and go; a leak of one a cycle would be 200
    assert (pages_then - pages) * os.sysconf("SC_PAGESIZE") < 3 << 20  # not 15 kB a cycle, at length not 1 kB
