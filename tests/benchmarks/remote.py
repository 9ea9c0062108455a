"""What reading from a server costs: requests and bytes, and a full scan beside curl's download of the same bytes.

``python -m tests.benchmarks.remote FOLDER [--seconds S]`` makes a session below FOLDER and prints the table of
docs/scale.rst for this machine. The server is the tests' own, in a process of its own, on loopback.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.session.layout import session_folder

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


def counted(url: str, what: str, work: Callable[[], object], asked: int | None = None) -> None:
    """Print how many requests some work makes, and how many bytes come."""
    taken(url)
    work()
    sent = taken(url)
    more = "" if asked is None else f", {sum(sent) / asked:.3f} of those asked for"
    print(f"{what}: {len(sent)} requests, {sum(sent):,} bytes{more}")


def taken(url: str) -> list[int]:
    """Return what the server has sent since the last time."""
    with urllib.request.urlopen(f"{url}/taken") as answer:
        sent: list[int] = json.load(answer)
    return sent


def scan(reader: MockSessionRawIO, stream: int) -> int:
    """Read a stream through, and return its bytes."""
    size, step, nbytes = reader.get_signal_size(0, 0, stream), int(STEP_S * reader.get_signal_sampling_rate(stream)), 0
    for start in range(0, size, step):
        nbytes += reader.get_analogsignal_chunk(0, 0, start, min(start + step, size), stream).nbytes
    return nbytes


def beside_curl(reader: MockSessionRawIO, stream: int, url: str, target: str) -> None:
    """Print how fast a full scan is, and curl, by turns; curl's bytes go to a file, or nowhere."""
    ratios, rates = [], []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(["curl", "-s", "-r", "0-999999999999", "-o", target, url], check=True)
        curled = time.perf_counter() - began
        began = time.perf_counter()
        nbytes = scan(reader, stream)
        scanned = time.perf_counter() - began
        ratios.append(curled / scanned)
        rates.append(nbytes / scanned / 1e6)
    print(f"full scan: {statistics.median(rates):.0f} MB/s, {statistics.median(ratios):.2f} of curl -o {target}")


def main() -> None:
    """Make a session, serve it, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0)
    given = parser.parse_args()
    spec = SessionSpec.broadband(duration_s=given.seconds, probe="bundles", n_channels=16, seed=1)
    folder = session_folder(given.folder, spec.patient_id, spec.session_nr)
    if not folder.exists():
        generate_session(spec, given.folder)
    with subprocess.Popen([sys.executable, "-c", SERVER, given.folder], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        place = f"{url}/{folder.relative_to(given.folder).as_posix()}"
        try:
            measure(url, place, str(given.folder / "downloaded"))
        finally:
            server.kill()


def measure(url: str, place: str, target: str) -> None:
    """Print the table."""
    taken(url)
    reader = MockSessionRawIO(place)
    reader.parse_header()
    print(f"header: {(sent := taken(url)) and len(sent)} requests, {sum(sent):,} bytes")
    raw = reader.header["signal_streams"]["id"].tolist().index("broadband")
    lfp = reader.header["signal_streams"]["id"].tolist().index("lfp")
    rate = int(reader.get_signal_sampling_rate(raw))
    width = len(reader.stream(raw).channels) * 2
    counted(url, "1 s of broadband", lambda: reader.get_analogsignal_chunk(0, 0, rate, 2 * rate, raw), rate * width)
    some = {"channel_indexes": [3]}
    counted(
        url, "10 s of one LFP channel", lambda: reader.get_analogsignal_chunk(0, 0, 9000, 19000, lfp, **some), 20000
    )
    counted(url, "10 s of all LFP channels", lambda: reader.get_analogsignal_chunk(0, 0, 0, 10000, lfp), 20000 * 16)
    counted(url, "spike times of a unit", lambda: reader.get_spike_timestamps(0, 0, 0))
    counted(url, "waveforms of 60 s of it", lambda: reader.get_spike_raw_waveforms(0, 0, 0, 60.0, 120.0))
    nbytes = reader.get_signal_size(0, 0, raw) * width
    counted(url, f"full scan in chunks of {STEP_S} s", lambda: scan(reader, raw), nbytes)
    for where in (target, "/dev/null"):
        beside_curl(reader, raw, f"{place}/raw_data/broadband.npy", where)


if __name__ == "__main__":
    main()
