"""The harness itself: it runs its cases, says the same twice, and would see what it looks for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.corpus import write_session
from tests.fuzz.mutate import random_case
from tests.length import rounds

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CASES = 20_000
STEP = 23  # of these, one in so many unless it is at length: as often one kind of change as another, and read as whole


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    # Not measured: what counts lines is a trace function, which the harness refuses.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.at_length
def test_hostile_files() -> None:
    """Of 20,000 hostile files each is refused with our error, or read as what it says; nothing else happens."""
    step = rounds(STEP, 1)
    done = run("-m", "tests.fuzz", "--cases", str(CASES), "--step", str(step), "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    *_, total = done.stdout.splitlines()
    _, cases, same, changed, refused, finds = total.split()
    assert int(cases) == -(-CASES // step) and finds == "0"
    assert min(int(same), int(changed)) > 300 / step and int(refused) > CASES / 2 / step


@pytest.mark.at_length(only=True)
def test_counts_come_from_the_seed(planted: dict[str, str]) -> None:
    """The same cases come out the same, however many processes share them."""
    two = run("-m", "tests.fuzz", "--cases", "150", "--first", "100000", "--seed", "3", "--jobs", "2").stdout
    assert len(two.splitlines()) > 10  # of two batches, one a process
    assert two.splitlines() == json.loads(planted["counts"])


def test_another_seed_has_other_cases(tmp_path: Path) -> None:
    """A seed draws the same cases each time, and another one hardly any of them."""
    files = write_session(tmp_path)
    once, again, other = (
        [random_case(np.random.default_rng([seed, index]), files) for index in range(200)] for seed in (3, 3, 4)
    )
    assert once == again
    assert sum(one == another for one, another in zip(once, other, strict=True)) < 20


PLANT = """
import json, pickle, sys, tempfile, warnings
from pathlib import Path
from tests.fuzz import drive, watch
from tests.fuzz.__main__ import table
from tests.fuzz.mutate import Case
from mockrawio.ground.errors import BadFileError

class Call:
    def __reduce__(self):
        return print, ("obeyed",)

def swallow(path):
    try:
        pickle.loads(hostile)
    except BaseException:
        raise BadFileError(path, "", "", "") from None

def forever(path):
    while True:
        pass

hostile = pickle.dumps(Call())
faults = {
    "obeys": lambda path: pickle.loads(hostile),
    "hides": swallow,
    "evaluates": lambda path: eval("1+1"),
    "imports": lambda path: __import__("this"),
    "writes": lambda path: open(path, "ab").close(),
    "strays": lambda path: open(sys.executable, "rb").close(),
    "fills": lambda path: bytes(1 << 28),
    "hangs": forever,
    "breaks": lambda path: {}[path],
    "warns": lambda path: warnings.warn("x", RuntimeWarning),
    "rambles": lambda path: (_ for _ in ()).throw(BadFileError(path, "x" * 3000, "", "")),
    "guesses": lambda path: ["LA1"],
    "refuses": lambda path: (_ for _ in ()).throw(BadFileError(path, "", "", "")),
}
watch.SECONDS = 0.5
with tempfile.TemporaryDirectory() as root:
    driver = drive.Driver(Path(root))
    print("counts", json.dumps(list(table(driver.run(3, range(100000, 100150), 6)[0]))))
    case = Case("names", "usual", driver.files.whole["names"], "same")
    print("none", driver.outcome(case, False), driver.outcome(case, True))
    for name, fault in faults.items():
        drive.PARSERS["names"] = fault
        print(name, driver.outcome(case, False).replace(chr(10), " "))
"""

SEEN = {
    "none": "same same",
    "obeys": "Tripped: pickle.find_class",
    "hides": "Tripped: pickle.find_class",
    "evaluates": "Tripped: compile",
    "imports": "Tripped: import",
    "writes": "Tripped: open",
    "strays": "Tripped: open",
    "fills": "MemoryError",
    "hangs": "Tripped: more than 0.5 s",
    "breaks": "KeyError",
    "warns": "AssertionError: RuntimeWarning",
    "rambles": "AssertionError: a message",
    "guesses": "AssertionError: ['LA1']",
    "refuses": "was refused, must be same",
}


@pytest.fixture(scope="module")
def planted() -> dict[str, str]:
    """What the harness says of parsers with a fault each, and before that of some cases."""
    done = run("-c", PLANT)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines()) or {"none": done.stderr}


@pytest.mark.at_length(only=True)
@pytest.mark.parametrize("fault", SEEN)
def test_faults_are_seen(fault: str, planted: dict[str, str]) -> None:
    """A parser that does what it may not is found out, even if it turns that into our own error."""
    assert planted[fault].startswith(SEEN[fault])
