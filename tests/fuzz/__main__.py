"""``python -m tests.fuzz --cases 1000000 --seed 1``: run cases, print what came of them."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import starmap
from multiprocessing import get_context

from .corpus import FILES
from .drive import OUTCOMES
from .pool import begin, run

BATCH = 100


def table(counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines that show the counts, a file kind each and their sum."""
    yield f"{'file':10}" + "".join(f"{name:>10}" for name in ("cases", *OUTCOMES))
    for kind in (*FILES, "all"):
        row = [sum(n for (k, o), n in counts.items() if kind in (k, "all") and o == outcome) for outcome in OUTCOMES]
        yield f"{kind:10}" + "".join(f"{n:10}" for n in (sum(row), *row))


def batches(options: argparse.Namespace, root: str) -> Iterator[tuple[Counter[tuple[str, str]], list[str]]]:
    """Yield what came of each batch: in this process if it is the only one."""
    indexes = range(options.first, options.first + options.cases, options.step)
    each = [(options.seed, indexes[k : k + BATCH], options.whole) for k in range(0, len(indexes), BATCH)]
    if options.jobs == 1:
        begin(root)
        yield from starmap(run, each)
        return
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), begin, (root,)) as pool:
        for batch in as_completed([pool.submit(run, *one) for one in each]):
            yield batch.result()


def main() -> int:
    """Run the cases that are asked for; return 1 if there were finds."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--whole", type=int, default=6, help="one case in so many is read as a whole session")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--step", type=int, default=1, help="one case in so many is run")
    options = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as root:
        for some, finds in batches(options, root):
            counts += some
            print("".join(f"{find}\n" for find in finds), end="", flush=True)
    print("\n".join(table(counts)))
    return int(any(outcome == "finds" for _, outcome in counts))


if __name__ == "__main__":
    sys.exit(main())
