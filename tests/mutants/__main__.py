"""``python -m tests.mutants --count 100 --seed 1 mockrawio/rawio``: try faults, print those that no test notices."""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .equivalent import EQUIVALENT
from .faults import Fault, faults

ROOT = Path(__file__).parents[2]
PACKAGES = ("rawio", "session", "planting", "generate", "hybrid", "convert", "formats", "ground")
# Where faults of a package show first, the nearest last.
TESTS = {
    "rawio": ["tests/rawio", "tests/session", "tests/reading", "tests/virtual", "tests/limits", "tests/test_io.py"],
    "session": ["tests/session", "tests/rawio", "tests/virtual", "tests/limits", "tests/generate", "tests/faults"],
    "planting": ["tests/planting", "tests/hybrid"],
    "generate": ["tests/generate", "tests/virtual"],
    "hybrid": ["tests/hybrid", "tests/limits"],
    "convert": ["tests/convert", "tests/hybrid"],
    "formats": ["tests/session", "tests/fuzz", "tests/limits", "tests/formats", "tests/rasters", "tests/exporting"],
    "ground": [
        "tests/session",
        "tests/limits",
        "tests/test_errors.py",
        "tests/rawio",
        "tests/faults",
        "tests/strangers",
    ],
}


def run(path: Path, number: str, arguments: list[str], limit: float) -> bool:
    """Return True if the tests pass with a fault, in so many seconds; a group of processes ends with them."""
    command = [sys.executable, "-m", "tests.mutants.one", str(path), number, *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **quiet) as process:
        try:
            return process.wait(limit) in (0, pytest.ExitCode.NO_TESTS_COLLECTED)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False


def name_of(path: Path, fault: Fault) -> tuple[str, str, str, str]:
    """Return what names a fault, wherever in its file it stands: the file, the line's text, before and after."""
    return path.relative_to(ROOT / "mockrawio").as_posix(), *fault[1:]


def drawn(options: argparse.Namespace) -> list[tuple[Path, int, Fault]]:
    """Return some faults of the files that are asked for; none that is known to change nothing."""
    given = [ROOT / place for place in options.places or [f"mockrawio/{name}" for name in PACKAGES]]
    files = [file for place in given for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    every = [(path, number, fault) for path in files for number, fault in enumerate(faults(path))]
    known = [one for one in every if name_of(one[0], one[2]) not in EQUIVALENT]
    return random.Random(options.seed).sample(known, min(options.count, len(known)))


def table(tried: Counter[str], lived: Counter[str]) -> Iterator[str]:
    """Yield the lines that show how many were noticed, a package each and their sum."""
    yield f"{'package':10}{'faults':>8}{'noticed':>8}{'':>8}"
    for name in (*tried, "all"):
        n, left = (counts.total() if name == "all" else counts[name] for counts in (tried, lived))
        yield f"{name:10}{n:8}{n - left:8}{(n - left) / max(n, 1):8.1%}"


def main() -> int:
    """Try the faults that are asked for; return 1 if the tests do not pass without any."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("places", nargs="*", metavar="FILE", help="files or folders of the package")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tests", nargs="+", help="what to run, in place of the tests of a fault's package")
    parser.add_argument("--quick", action="store_true", help="without the tests that are slow")
    options = parser.parse_args()
    todo = drawn(options)
    tests = {path: options.tests or TESTS[path.relative_to(ROOT / "mockrawio").parts[0]] for path, _, _ in todo}
    marks = ["not slow"] if options.quick else ["not slow", "slow"]  # the others first: most faults end there
    limits: dict[str, float] = {}

    def passes(path: Path, number: str, some: list[str]) -> bool:
        """Run the tests; the first time, without a fault, gives them their time."""
        for mark in marks:
            begin, key = time.monotonic(), f"{mark} {some}"
            if not run(path, number, [*some, "-m", mark], limits.get(key, 3600)):
                return False
            limits.setdefault(key, 30 + 5 * options.jobs * (time.monotonic() - begin))
        return True

    def lives(one: tuple[Path, int, Fault]) -> bool:
        path, number, fault = one
        passed = passes(path, str(number), tests[path])
        if passed:
            print(f"{path.relative_to(ROOT)}:{fault.line}: {fault.before} -> {fault.after}", flush=True)
        return passed

    for some in {str(some): some for some in tests.values()}.values():
        if not passes(ROOT / "mockrawio/__init__.py", "none", some):
            print(f"without a fault not all of these pass: {' '.join(some)}")
            return 1
    with ThreadPoolExecutor(options.jobs) as pool:
        left = list(pool.map(lives, todo))
    names = [path.relative_to(ROOT / "mockrawio").parts[0] for path, _, _ in todo]
    lived = Counter(name for name, lives_on in zip(names, left, strict=True) if lives_on)
    print("\n".join(table(Counter(names), lived)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
