"""``python -m tests.mutants --count 100 --seed 1 mockrawio/rawio``: try faults, print those that no test notices.

Which tests run a line is measured first, and kept in ``.coverage.mutants`` until ``--measure`` asks for it again.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .apart import Trial, try_all
from .equivalent import EQUIVALENT, SIZES, by_rule
from .faults import Fault, faults
from .reached import ROOT, Reached

PACKAGES = ("rawio", "session", "planting", "generate", "hybrid", "convert", "formats", "ground")
MARKS = {"fast": "not slow", "slow": "slow"}


def name_of(path: Path, fault: Fault) -> tuple[str, str, str, str]:
    """Return what names a fault, wherever in its file it stands: the file, the line's text, before and after."""
    return path.relative_to(ROOT / "mockrawio").as_posix(), *fault[1:]


def is_equivalent(path: Path, fault: Fault) -> bool:
    """Return True if a fault is known to change nothing that anybody could see."""
    name = name_of(path, fault)
    of_size = (name[0], fault.text.partition(" = ")[0]) in SIZES
    return name in EQUIVALENT or by_rule(*name) or (of_size and fault.after != "0" and ">>" not in fault.after)


def text_of(path: Path, fault: Fault) -> str:
    """Return a line that shows a fault."""
    return f"{path.relative_to(ROOT)}:{fault.line}: {fault.before} -> {fault.after}"


def every_fault(place: str) -> list[tuple[Path, int, Fault]]:
    """Return the faults of a folder, a file or FILE:LINE."""
    name, _, line = place.partition(":")
    path = ROOT / name
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    every = [(path, number, fault) for path in files for number, fault in enumerate(faults(path))]
    return [one for one in every if not line or one[2].line == int(line)]


def drawn(options: argparse.Namespace) -> list[tuple[Path, int, Fault]]:
    """Return some faults of what is asked for; none that is known to change nothing."""
    places = options.places or [f"mockrawio/{name}" for name in PACKAGES]
    every = [one for place in places for one in every_fault(place)]
    known = [one for one in every if not is_equivalent(one[0], one[2])]
    return random.Random(options.seed).sample(known, min(options.count, len(known)))


def table(tried: Counter[str], lived: Counter[str]) -> Iterator[str]:
    """Yield the lines that show how many were noticed, a package each and their sum."""
    yield f"{'package':10}{'faults':>8}{'noticed':>8}{'':>8}"
    for name in (*tried, "all"):
        n, left = (counts.total() if name == "all" else counts[name] for counts in (tried, lived))
        yield f"{name:10}{n:8}{n - left:8}{(n - left) / max(n, 1):8.1%}"


def reached(folder: Path, measure: bool) -> Reached:
    """Return which tests run which lines, from a folder, where it is measured if it is not there."""
    folder.mkdir(exist_ok=True)
    for name, mark in MARKS.items() if measure or not any(folder.glob("*.json")) else ():
        command = [sys.executable, "-m", "tests.mutants.reached", str(folder / name), mark, "tests"]
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr)
    return Reached(file.with_suffix("") for file in sorted(folder.glob("*.json")))


def trial_of(known: Reached, path: Path, number: int, fault: Fault, most: float) -> Trial:
    """Return the tests of a fault: as many as take so long, the short first."""
    at_import, tests = known.tests(path, fault.line)
    left, some = most, []
    for test in tests:
        if known.seconds[test] <= left:
            left -= known.seconds[test]
            some.append(test)
    return Trial(path, number, some, 20 + 3 * (most - left), at_import)


def main() -> int:
    """Try the faults that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("places", nargs="*", metavar="FILE", help="files or folders of the package, or FILE:LINE")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--most", type=float, default=600, metavar="SECONDS", help="of tests for a fault")
    parser.add_argument("--tests", nargs="+", help="what to run, in place of the tests that run a line")
    parser.add_argument("--measure", action="store_true", help="anew, which tests run which lines")
    parser.add_argument("--all", action="store_true", help="print those that are noticed, too, and by what")
    options = parser.parse_args()
    todo = drawn(options)
    known = reached(ROOT / ".coverage.mutants", options.measure)
    texts = {(path, number): text_of(path, fault) for path, number, fault in todo}
    trials = [trial_of(known, *one, options.most) for one in todo]
    if options.tests:
        trials = [trial._replace(tests=options.tests, seconds=600) for trial in trials]
    failed = try_all(trials, options.jobs, lambda trial: print(texts[trial.path, trial.number], flush=True))
    if options.all:
        print("\n".join(f"{text} -- {test}" for text, test in zip(texts.values(), failed, strict=True) if test))
    names = [path.relative_to(ROOT / "mockrawio").parts[0] for path, _, _ in todo]
    lived = Counter(name for name, test in zip(names, failed, strict=True) if not test)
    print("\n".join(table(Counter(names), lived)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
