"""Faults are put in, and noticed or not, as the tests of a small module deserve."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .__main__ import ROOT, name_of
from .equivalent import EQUIVALENT, RULES, SIZES, by_rule
from .faults import faults, faulty
from .reached import Reached, place

SOURCE = '''"""Halves."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import nothing

def half(n: int, most: int = 8) -> int:
    """Return half of a number."""
    if n < 0 or n > most:
        raise ValueError(f"{n + 1}")
    print(n, *zip("a", "b", strict=True))
    return n // 2
'''


def test_the_faults_of_a_module(tmp_path: Path) -> None:
    """Operators, numbers, conditions and calls have their faults, in the text's order; words and types have none."""
    path = tmp_path / "halves.py"
    path.write_text(SOURCE)
    found = faults(path)
    assert [(fault.before, fault.after) for fault in found] == [
        ("8", "9"),
        ("8", "7"),
        ("if n < 0 or n > most:", "if True:"),
        ("if n < 0 or n > most:", "if False:"),
        ("n < 0 or n > most", "n < 0 and n > most"),
        ("n < 0", "n <= 0"),
        ("n < 0", "n >= 0"),
        ("0", "1"),
        ("0", "-1"),
        ("n > most", "n >= most"),
        ("n > most", "n <= most"),
        ("print(n, *zip('a', 'b', strict=True))", "None"),
        ("n // 2", "n * 2"),
        ("2", "3"),
        ("2", "1"),
    ]
    trees = [ast.parse(SOURCE), *(faulty(path, number) for number in range(len(found)))]
    assert len(set(map(ast.dump, trees))) == len(found) + 1


TESTS = """import halves
def test_looks(): assert halves.half(4) == 2
def test_runs(): halves.half(4)
def test_fails(): assert halves.half(4) == 5
def test_ends():
    while halves.half(4) != 2: pass
"""
# After what fault, which tests are run, in this process or in one that imports the file with it; what notices.
TRIED = [
    ("n * 2", ["runs", "looks"], False, "looks"),
    ("3", ["runs"], False, None),
    ("1", ["ends"], False, "ended with -9"),
    ("n <= most", ["fails", "runs"], False, "runs"),  # the first fails without a fault, too
    ("n >= 0", ["looks"], True, "looks"),
]
TRY = """import json, sys
from pathlib import Path
from tests.mutants.apart import Trial, try_all
trials = [Trial(Path(sys.argv[1]), *values) for values in json.loads(sys.argv[2])]
print(json.dumps(try_all(trials, 2, lambda trial: print(trial.number))))
"""


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_a_fault_is_noticed_by_a_test_that_looks(tmp_path: Path) -> None:
    """A test that looks fails, one that does not passes, one without end is ended, one that always fails is none."""
    path = tmp_path / "halves.py"
    path.write_text(SOURCE)
    (tmp_path / "test_halves.py").write_text(TESTS)
    last = {fault.after: number for number, fault in enumerate(faults(path))}
    trials = [
        (last[after], [f"test_halves.py::test_{name}" for name in names], 0 if names == ["ends"] else 1, new)
        for after, names, new, _ in TRIED
    ]
    command = [sys.executable, "-c", TRY, str(path), json.dumps(trials)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    found = [test and test.partition(": ")[0].removeprefix("test_halves.py::test_") for test in json.loads(lines[-1])]
    assert found == [noticed for *_, noticed in TRIED]
    assert lines.count(str(last["3"])) == 1


STATEMENTS = """MOST = [
    1,
    2,
]
def longest(items, least=3):
    if (items
            and least):
        return max(
            items,
            key=len,
        )
    return None
"""


@pytest.mark.parametrize(
    ("line", "lines", "in_call"),
    [(2, range(1, 5), False), (5, range(5, 6), False), (7, range(6, 8), True), (9, range(8, 12), True)],
)
def test_the_lines_of_a_statement(line: int, lines: range, in_call: bool, tmp_path: Path) -> None:
    """A line belongs to its statement's, without the body's; defaults are made when the file is imported."""
    path = tmp_path / "statements.py"
    path.write_text(STATEMENTS)
    assert place(path, line) == (lines, in_call)


SHARED = """import numpy as np, pytest
from mockrawio.planting.events import FixedEvents, few_digits
@pytest.fixture(scope="module")
def made(): return few_digits(np.ones(3), 4)
def test_first(made): pass
def test_second(made): pass
def test_other(): len(FixedEvents(np.ones(3)))
"""


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_which_tests_run_a_line(tmp_path: Path) -> None:
    """They are those that run it, and those that share the fixture that does; the others of their file come last."""
    (tmp_path / "test_shared.py").write_text(SHARED)
    command = [sys.executable, "-m", "tests.mutants.reached", "data", "not slow", "test_shared.py"]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    path, known = ROOT / "mockrawio" / "planting" / "events.py", Reached([tmp_path / "data"])
    known.seconds = dict.fromkeys(known.seconds, 0.0)  # on a busy machine any may be long, and come later
    lines = path.read_text().split("\n")
    for text, at_import, names in (
        ("    rounded: Floats", False, ("first", "second", "other")),
        ("        return len(self.samples)", False, ("other", "first", "second")),
        ("class FixedEvents", True, ("first", "second", "other")),
        ("        return len(self.weights)", False, ()),
    ):
        line = next(k for k, one in enumerate(lines, 1) if one.startswith(text))
        assert known.tests(path, line) == (at_import, [f"test_shared.py::test_{name}" for name in names])


@pytest.mark.at_length(only=True)
def test_what_is_listed_is_there() -> None:
    """The faults that change nothing, and the sizes, are there."""
    paths = {ROOT / "mockrawio" / name[0] for name in EQUIVALENT}
    assert EQUIVALENT.keys() <= {name_of(path, fault) for path in paths for fault in faults(path)}
    for file, name in SIZES:
        assert f"\n{name} = " in (ROOT / "mockrawio" / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "line", "fault", "known"),
    [
        ("formats/elan.py", "stream = recorded.signals[0]", ("0", "-1"), True),
        ("formats/elan.py", "stream = recorded.signals[0]", ("0", "1"), False),
        ("formats/elan.py", "n = recorded.signals[0].sizes[0]  # 0 is one", ("0", "-1"), True),
        ("formats/elan.py", "n = max(recorded.signals[0].sizes[0], 0)", ("0", "-1"), False),
        ("formats/edf/records.py", "n = streams[0].sizes[0]", ("0", "-1"), False),
        ("formats/edf/records.py", "for first, counts in fast.blocks(0, n):", ("0", "-1"), True),
        ("formats/axon.py", "n = stream.sizes[0]", ("0", "-1"), False),
        ("hybrid/truth.py", "return values.reshape(-1, 3)", ("1", "2"), True),
        ("hybrid/truth.py", "return values.reshape(-1, 1)", ("1", "2"), False),
        ("formats/tdt/files.py", "rate = some[0].rate", ("0", "-1"), True),
        ("formats/tdt/files.py", "name = some[0].name", ("0", "-1"), False),
        ("formats/plexon/faults.py", "head = np.frombuffer(data, HEAD, 1)[0]", ("0", "-1"), True),
    ],
)
def test_rules(file: str, line: str, fault: tuple[str, str], known: bool) -> None:
    """A rule is of its files and its fault, where all such numbers of the line are of its kind."""
    assert by_rule(file, line, *fault) is known


def test_each_rule_has_faults() -> None:
    """The files that a rule names are there, and have lines that it is of."""
    for files, around, *_ in RULES:
        for name in files:
            place = ROOT / "mockrawio" / name
            texts = [path.read_text("utf-8") for path in (place.rglob("*.py") if place.is_dir() else [place])]
            assert any(re.search(around, text) for text in texts), (name, around)
