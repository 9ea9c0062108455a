"""Faults are put in, and noticed or not, as the tests of a small module deserve."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .__main__ import ROOT, TESTS, name_of, run
from .equivalent import EQUIVALENT
from .faults import faults, faulty

SOURCE = '''"""Halves."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import nothing

def half(n: int, most: int = 8) -> int:
    """Return half of a number."""
    if n < 0 or n > most:
        raise ValueError(f"{n + 1}")
    print(n)
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
        ("print(n)", "None"),
        ("n // 2", "n * 2"),
        ("2", "3"),
        ("2", "1"),
    ]
    trees = [ast.parse(SOURCE), *(faulty(path, number) for number in range(len(found)))]
    assert len(set(map(ast.dump, trees))) == len(found) + 1


@pytest.mark.slow
def test_a_fault_is_noticed_by_a_test_that_looks(tmp_path: Path) -> None:
    """A test that looks at the result fails, one that does not passes, and one that never ends is ended."""
    path, test = tmp_path / "halves.py", tmp_path / "test_halves.py"
    path.write_text(SOURCE)
    test.write_text("import halves\ndef test_it(): assert halves.half(4) == 2\ndef test_no(): halves.half(4)\n")
    number = next(str(k) for k, fault in enumerate(faults(path)) if fault.after == "n * 2")
    options = ["-c", "/dev/null", "--rootdir", str(tmp_path), "-o", f"pythonpath={tmp_path}"]
    assert not run(path, number, [f"{test}::test_it", *options], 60)
    assert run(path, number, [f"{test}::test_no", *options], 60)
    assert not run(path, "none", [str(test), *options], 0.01)


def test_what_is_listed_is_there() -> None:
    """The tests that are listed, and the files of faults that change nothing, are there."""
    assert all((ROOT / place).exists() for places in TESTS.values() for place in places)
    for name in EQUIVALENT:
        path = ROOT / "mockrawio" / name[0]
        assert name in {name_of(path, fault) for fault in faults(path)}
