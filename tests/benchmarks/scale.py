"""What making and reading many sessions costs with one worker process and with more.

``python -m tests.benchmarks.scale FOLDER > docs/scale_table.inc`` makes a table of ``docs/scale.rst``. Every row is one
quantity on 1, 2, ... worker processes of one thread, the best of some turns, page cache warm.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from distributed import Client, LocalCluster, wait

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.interop.dask import generate_corpus, to_dask_array
from tests.rst import list_table

TURNS = 2
Rows = dict[str, list[str]]


@contextmanager
def cluster_of(n_workers: int) -> Iterator[Client]:
    """Yield a client of so many processes of one thread, all of them there."""
    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(n_workers)
        client.run(__import__, "mockrawio.interop.dask")
        yield client


def best(function: Callable[[], object], turns: int = TURNS, before: Callable[[], object] = lambda: None) -> float:
    """Return the least seconds that a function takes."""
    times = []
    for _ in range(turns):
        before()
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def make(client: Client, root: Path, specs: list[SessionSpec], turns: int) -> tuple[float, int]:
    """Return the seconds to make a corpus, and its bytes."""
    reports = []
    seconds = best(
        lambda: reports.append(generate_corpus(specs, root, client, progress=False)),
        turns,
        before=lambda: shutil.rmtree(root, ignore_errors=True),
    )
    assert reports[-1].made == len(specs)
    return seconds, reports[-1].n_bytes


def measure(
    root: Path,
    n_sessions: int = 8,
    seconds: float = 60.0,
    n_tasks: int = 4000,
    workers: Sequence[int] = (1, 2),
    turns: int = TURNS,
) -> None:
    """Measure on clusters of each number of workers, and print the table.

    Parameters
    ----------
    root : Path
        For the sessions; the disk that is measured.
    n_sessions, seconds : int, float
        How many broadband sessions of 16 channels, of how many seconds each.
    n_tasks : int
        Empty tasks; there is a tiny session for every 40 of them.
    workers : sequence of int
    turns : int
    """
    broadband = [SessionSpec.broadband(session_nr=k, duration_s=seconds, seed=k) for k in range(1, n_sessions + 1)]
    tiny = [SessionSpec.tiny(session_nr=k, seed=k) for k in range(1, n_tasks // 40 + 1)]
    long = generate_session(SessionSpec.broadband(duration_s=seconds * 4, n_channels=64, seed=0), root / "long")
    rows: Rows = {}
    for n_workers in workers:
        with cluster_of(n_workers) as client:
            tell(rows, client, root, broadband, tiny, long, n_tasks, turns)
    heading = ("What", *(f"{n} worker{'s'[: n > 1]}" for n in workers))
    print(list_table((heading, *((name, *values) for name, values in rows.items()))), end="")


def tell(
    rows: Rows,
    client: Client,
    root: Path,
    broadband: list[SessionSpec],
    tiny: list[SessionSpec],
    long: Path,
    n_tasks: int,
    turns: int,
) -> None:
    """Add a column to the rows: what one cluster does."""

    def row(name: str, value: str) -> None:
        rows.setdefault(name, []).append(value)
        print(f"{len(client.nthreads())}: {name}: {value}", file=sys.stderr, flush=True)

    took, size = make(client, root / "broadband", broadband, turns)
    row(
        f"broadband sessions of {size / len(broadband) / 1e6:.0f} MB, generated, hashed and synced",
        f"{size / took / 1e6:.0f} MB/s",
    )
    took, size = make(client, root / "tiny", tiny, turns)
    row(f"sessions of {size / len(tiny) / 1e3:.0f} kB, generated", f"{len(tiny) / took:.0f} per second")
    took = best(lambda: generate_corpus(tiny, root / "tiny", client, progress=False), turns)
    row("existing sessions recognised", f"{len(tiny) / took:.0f} per second")
    with MockSessionRawIO(long) as reader:
        stream = reader.signal_streams_count() - 1
        for name, lazy in (
            ("int16 summed", to_dask_array(reader, stream, chunks=(1 << 18, -1)).sum(dtype="int64")),
            ("maximum of float32 µV", to_dask_array(reader, stream, True, chunks=(1 << 18, -1)).max()),
        ):
            n_bytes = 2 * reader.get_signal_size(0, 0, stream) * 64
            took = best(lambda lazy=lazy: wait(client.compute(lazy)), turns)
            row(f"{name}, {n_bytes / 1e6:.0f} MB in chunks of 32 MiB", f"{n_bytes / took / 1e9:.2f} GB/s")
    took = best(lambda: client.gather(client.map(abs, range(n_tasks), pure=False)), turns)
    row("empty tasks through the scheduler", f"{n_tasks / took:.0f} per second")


def main() -> None:
    """Measure below a folder, by default a temporary one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.root) as folder:
        measure(Path(folder), workers=options.workers)


if __name__ == "__main__":
    main()
