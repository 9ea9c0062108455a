"""What reading from a server costs: requests and bytes, and a full scan beside curl's download of the same bytes.

``python -m tests.benchmarks.remote FOLDER [--seconds S]`` makes a session below FOLDER and prints the table of
docs/scale.rst for this machine. The server is nginx, or where there is none the tests' own, in a process of its own, on
loopback.
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

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.session.layout import session_folder
from tests.remote.nginx import nginx, nginx_of

STEP_S = 4  # of a chunk of the scan
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


def counted(taken: Taken, what: str, work: Callable[[], object], asked: int | None = None) -> None:
    """Print how many requests some work makes, and how many bytes come."""
    taken()
    work()
    sent = taken()
    more = "" if asked is None else f", {sum(sent) / asked:.3f} of those asked for"
    print(f"{what}: {len(sent)} requests, {sum(sent):,} bytes{more}")


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


def main() -> None:
    """Make a session, serve it, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--segments", type=int, default=1, help="of as much in all; of several the header alone")
    given = parser.parse_args()
    lengths = (given.seconds / given.segments,) * given.segments
    spec = SessionSpec.broadband(segments=lengths, probe="bundles", n_channels=16, n_lfp_channels=16, seed=1)
    folder = session_folder(given.folder, spec.patient_id, spec.session_nr)
    if not folder.exists():
        generate_session(spec, given.folder)
    with served(given.folder) as (url, taken):
        measure(taken, f"{url}/{folder.relative_to(given.folder).as_posix()}", str(given.folder / "downloaded"))


def measure(taken: Taken, place: str, target: str) -> None:
    """Print the table."""
    reader = MockSessionRawIO(place)
    reader.parse_header()
    print(f"header: {(sent := taken()) and len(sent)} requests, {sum(sent):,} bytes")
    if reader.segment_count(0) > 1:
        return
    raw = reader.header["signal_streams"]["id"].tolist().index("broadband")
    lfp = reader.header["signal_streams"]["id"].tolist().index("lfp")
    rate = int(reader.get_signal_sampling_rate(raw))
    width = len(reader.stream(raw).channels) * 2
    counted(taken, "1 s of broadband", lambda: reader.get_analogsignal_chunk(0, 0, rate, 2 * rate, raw), rate * width)
    some = {"channel_indexes": [3]}
    counted(
        taken, "10 s of one LFP channel", lambda: reader.get_analogsignal_chunk(0, 0, 9000, 19000, lfp, **some), 20000
    )
    counted(taken, "10 s of all LFP channels", lambda: reader.get_analogsignal_chunk(0, 0, 0, 10000, lfp), 20000 * 16)
    counted(taken, "spike times of a unit", lambda: reader.get_spike_timestamps(0, 0, 0))
    counted(taken, "waveforms of 60 s of it", lambda: reader.get_spike_raw_waveforms(0, 0, 0, 60.0, 120.0))
    nbytes = reader.get_signal_size(0, 0, raw) * width
    counted(taken, f"full scan in chunks of {STEP_S} s", lambda: scan(reader, raw), nbytes)
    for where in (target, "/dev/null"):
        beside_curl(reader, raw, f"{place}/raw_data/broadband.npy", where)


if __name__ == "__main__":
    main()
