"""With nothing in the page cache: the bytes that come from the disk, against the bytes asked for.

The kernel reads ahead: of a file that is mapped it fetches a window about the page that is
touched, whose size is the disk's setting. Linux only, and only where a file system lets go of
its pages when it is asked to.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio.rawio import MockSessionRawIO

from .inputs import Inputs, opened

RATE = 1000  # samples of LFP in a second


@dataclass(frozen=True)
class ColdRead:
    """What one request fetched.

    Attributes
    ----------
    what : str
    asked, fetched, stored : int
        Bytes: of the result, from the disk, and of all the files.
    seconds : float
    """

    what: str
    asked: int
    fetched: int
    stored: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def drop(folder: Path) -> int:
    """Ask the kernel to let go of a folder's files, and return their size in bytes."""
    size = 0
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())  # only what is on the disk can be let go of
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                size += path.stat().st_size
    return size


def from_disk() -> int:
    """Return how many bytes this process has had read from disks."""
    with open("/proc/self/io") as counters:
        return next(int(line.split()[1]) for line in counters if line.startswith("read_bytes"))


def read_ahead(path: Path) -> int | None:
    """Return how many bytes the disk of a path reads ahead at most, if that can be found out."""
    device = path.stat().st_dev
    place = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    for queue in (place / "queue", place.parent / "queue", place.resolve().parent / "queue"):
        if (queue / "read_ahead_kb").exists():
            return int((queue / "read_ahead_kb").read_text()) * 1024
    return None


def can_drop(place: Path) -> bool:
    """Tell whether this system, and the file system of a folder, let a file's pages go."""
    if sys.platform != "linux":
        return False
    probe = place / "probe"
    probe.mkdir(exist_ok=True)
    (probe / "bytes").write_bytes(bytes(1 << 20))
    drop(probe)
    before = from_disk()
    (probe / "bytes").read_bytes()
    return from_disk() - before >= 1 << 20


Request = Callable[[MockSessionRawIO], np.ndarray[Any, Any] | None]


def measure(what: str, folder: Path, request: Request, before: Request | None = None) -> ColdRead:
    """Open a session, let go of its files, and count what a request fetches.

    Parameters
    ----------
    what : str
    folder : Path
    request : callable
        Is given the reader.
    before : callable, optional
        What the reader has done by then.
    """
    with opened(folder) as reader:
        if before is not None:
            before(reader)
        reader._open.release()  # pages that are mapped are not let go of
        stored = drop(folder)
        count, began = from_disk(), time.perf_counter()
        result = request(reader)
        asked = 0 if result is None else np.array(result).nbytes  # a copy touches all of a view
        return ColdRead(what, asked, from_disk() - count, stored, time.perf_counter() - began)


def cold_reads(inputs: Inputs) -> Iterator[ColdRead]:
    """Yield what each kind of request fetches; the place must be one where `can_drop` is true."""
    wide, stream, busy = inputs.wide, inputs.stream, inputs.busy
    first, start = inputs.pick((1000, 10_000), (30_000, 100_000), (30_000, 100_000))
    with opened(busy) as reader:
        times = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, 0, 0), "float64")
    limits = float(times[times.size // 2]), float(times[times.size // 2 + 9])

    def lfp(reader: MockSessionRawIO) -> np.ndarray[Any, Any]:
        return reader.get_analogsignal_chunk(i_start=first, i_stop=first + RATE)

    def second(reader: MockSessionRawIO) -> np.ndarray[Any, Any]:
        return reader.get_analogsignal_chunk(i_start=start, i_stop=start + 32 * RATE)

    def four(reader: MockSessionRawIO) -> np.ndarray[Any, Any]:
        return reader.get_analogsignal_chunk(i_start=start, i_stop=start + 1024, channel_indexes=[3, 17, 40, 63])

    def spikes(reader: MockSessionRawIO) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = reader.get_spike_timestamps(0, 0, 0, *limits)
        return found

    def waveforms(reader: MockSessionRawIO) -> np.ndarray[Any, Any] | None:
        return reader.get_spike_raw_waveforms(0, 0, 0, *limits)

    yield measure("parse_header(), 80 LFP channels, 400 units", wide, lambda reader: reader.parse_header())
    yield measure("a second of 80 channels in 80 files", wide, lfp)
    yield measure("a second of the 64-channel stream", stream, second)
    yield measure("1024 samples of four of its channels", stream, four)
    yield measure("10 spikes, including the check of all stamps", busy, spikes)
    yield measure("their waveforms, stamps already checked", busy, waveforms, before=spikes)
