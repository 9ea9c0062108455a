"""What reading from a server costs: requests and bytes, and a full scan beside curl's download of the same bytes.

``python -m tests.benchmarks.remote FOLDER > docs/scale_remote_table.inc`` makes two sessions below FOLDER, one of them
with gaps, and a table of docs/scale.rst. The server is nginx, or where there is none the tests' own, in a process of
its own, on loopback. ``--scan`` tells instead how fast a long session is read through.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.session.layout import session_folder
from tests.remote.nginx import nginx, nginx_of
from tests.rst import list_table

STEP_S = 4  # of a chunk of the scan
SEGMENTS = 10  # of the session with gaps
SERVER = """
import json, sys
from pathlib import Path
from tests.remote.served import FileServer, Handler

class Telling(Handler):
    def do_GET(self):
        if self.path != "/taken":
            return super().do_GET()
        self.reply(200, json.dumps([one.sent for one in self.server.taken()]).encode())

server = FileServer(Path(sys.argv[1]))
server.RequestHandlerClass = Telling
print(server.url, flush=True)
server.serve_forever()
"""


Taken = Callable[[], list[int]]  # what a server has sent since the last time, by request


def cells(taken: Taken, what: str, work: Callable[[], object], asked: int | None = None) -> tuple[str, ...]:
    """Return a row of the table: how many requests some work makes, and how many bytes come."""
    taken()
    work()
    sent = taken()
    return what, f"{len(sent)}", f"{sum(sent):,}", "" if asked is None else f"{sum(sent) / asked:.2f}"


@contextmanager
def served(root: Path) -> Iterator[tuple[str, Taken]]:
    """Serve a folder, and yield where it is and what tells what was sent."""
    if nginx():
        with TemporaryDirectory() as work, nginx_of(root.absolute(), Path(work)) as server:
            yield server.url, lambda: [sent for _, sent in server.taken()]
        return
    with subprocess.Popen([sys.executable, "-c", SERVER, root], stdout=subprocess.PIPE, text=True) as own:
        assert own.stdout is not None
        url = own.stdout.readline().strip()
        try:
            yield url, lambda: json.load(urllib.request.urlopen(f"{url}/taken"))
        finally:
            own.kill()


def scan(reader: MockSessionRawIO, stream: int) -> int:
    """Read a stream through, and return its bytes."""
    size, step, nbytes = reader.get_signal_size(0, 0, stream), int(STEP_S * reader.get_signal_sampling_rate(stream)), 0
    for start in range(0, size, step):
        nbytes += reader.get_analogsignal_chunk(0, 0, start, min(start + step, size), stream).nbytes
    return nbytes


def beside_curl(reader: MockSessionRawIO, stream: int, url: str, target: str) -> None:
    """Print how fast a full scan is, and curl, by turns; curl's bytes go to a file, or nowhere.

    A download keeps what it gets: curl that throws it away shows what the server and the system take.
    """
    ratios, rates, cpu = [], [], []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(["curl", "-s", "-r", "0-999999999999", "-o", target, url], check=True)
        curled = time.perf_counter() - began
        began, busy = time.perf_counter(), time.process_time()
        nbytes = scan(reader, stream)
        scanned = time.perf_counter() - began
        cpu.append(time.process_time() - busy)
        ratios.append(curled / scanned)
        rates.append(nbytes / scanned / 1e6)
    used = f"{statistics.median(cpu):.2f} s of CPU"
    print(
        f"full scan: {statistics.median(rates):.0f} MB/s, {used}, {statistics.median(ratios):.2f} of curl -o {target}"
    )


def spec_of(seconds: float, segments: int = 1) -> SessionSpec:
    """Return a session of 16 channels at 32 kHz; of several segments it is one with gaps."""
    lengths = (seconds / segments,) * segments
    return SessionSpec.broadband(
        session_nr=segments, segments=lengths, probe="bundles", n_channels=16, n_lfp_channels=16, seed=1
    )


def made(root: Path, spec: SessionSpec) -> str:
    """Return where a session lies below a folder, where it is generated if it is not there."""
    folder = session_folder(root, spec.patient_id, spec.session_nr)
    return (folder if folder.exists() else generate_session(spec, root)).relative_to(root).as_posix()


def rows(taken: Taken, place: str, with_gaps: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table, from the addresses of both sessions."""
    yield cells(taken, "header", lambda: MockSessionRawIO(place).parse_header())
    yield cells(taken, f"header, {SEGMENTS - 1} gaps", lambda: MockSessionRawIO(with_gaps).parse_header())
    reader = MockSessionRawIO(place)
    reader.parse_header()
    raw, lfp = (reader.header["signal_streams"]["id"].tolist().index(name) for name in ("broadband", "lfp"))
    rate = int(reader.get_signal_sampling_rate(raw))
    width = len(reader.stream(raw).channels) * 2

    def read(stream: int, start: int, stop: int, **which: list[int]) -> Callable[[], object]:
        return lambda: reader.get_analogsignal_chunk(0, 0, start, stop, stream, **which)

    yield cells(taken, "1 s of the broadband stream", read(raw, rate, 2 * rate), rate * width)
    yield cells(taken, "10 s of one LFP channel", read(lfp, 9000, 19000, channel_indexes=[3]), 20000)
    yield cells(taken, "10 s of all 16 LFP channels", read(lfp, 0, 10000), 20000 * 16)
    yield cells(taken, "spike times of a unit, all of them", lambda: reader.get_spike_timestamps(0, 0, 0))
    waveforms: list[Any] = []
    row = cells(
        taken, "waveforms of a minute of it", lambda: waveforms.append(reader.get_spike_raw_waveforms(0, 0, 0, 60, 120))
    )
    yield *row[:3], f"{int(row[2].replace(',', '')) / waveforms[0].nbytes:.2f}"
    nbytes = reader.get_signal_size(0, 0, raw) * width
    yield cells(taken, f"full scan, in chunks of {STEP_S} s", lambda: scan(reader, raw), nbytes)


def main() -> None:
    """Make sessions, serve them, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, help="how long the session is: 300, or with --scan 600")
    parser.add_argument("--scan", action="store_true", help="tell how fast a stream is read, beside curl")
    given = parser.parse_args()
    place = made(given.folder, spec_of(given.seconds or (600.0 if given.scan else 300.0)))
    with_gaps = "" if given.scan else made(given.folder, spec_of(300.0, SEGMENTS))
    with served(given.folder) as (url, taken):
        if not given.scan:
            heading = ("What", "Requests", "Bytes", "Relative to bytes needed")
            print(list_table([heading, *rows(taken, f"{url}/{place}", f"{url}/{with_gaps}")]), end="")
            return
        with MockSessionRawIO(f"{url}/{place}") as reader:
            raw = reader.header["signal_streams"]["id"].tolist().index("broadband")
            for target in (str(given.folder / "downloaded"), "/dev/null"):
                beside_curl(reader, raw, f"{url}/{place}/raw_data/broadband.npy", target)


if __name__ == "__main__":
    main()
