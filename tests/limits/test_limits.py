"""The table of limits against the code, against the pages, and against what is read."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.rawio import open_session
from mockrawio.session import probe_form
from mockrawio.session.own import MAX_DEPTH, refuse_own
from mockrawio.session.probe_form import checked_form, make_probe
from tests.handmade import T0, Handmade

from .numbers import NUMBERS, Number
from .table import LIMITS, Limit
from .uses import PROBE, Use

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mockrawio"
# Whose limits are all in the table: what reads files that may come from anyone.
READS = ("ground", "session", "rawio", "hybrid/original", "formats/spikes", "formats/sorters", "formats/templates")
READS += ("formats/npy.py", "formats/reductions.py", "formats/symbolic.py", "hybrid/raw_probe.py")
NOT_READ = {"formats.spikes.csv.MOST_NAMES": "words in a message", "formats.spikes.sonata_out.MOST_TEXT": "written"}


def found(constant: str) -> Any:
    """Return what the code has at a dotted name, or as a function's default."""
    dotted, _, parameter = constant.rstrip(")").partition("(")
    if parameter:
        return inspect.signature(found(dotted)).parameters[parameter].default
    package, parts = "" if dotted.startswith("tests.") else "mockrawio.", dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(package + ".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[count:], module)
    raise LookupError(constant)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.constant)
def test_pages_say_what_the_code_has(limit: Limit) -> None:
    """A limit is what the table says it is, and so is what a page says of it."""
    assert found(limit.constant) == limit.value
    for page, sentence in limit.pages:
        assert sentence.format(limit.said(limit.value)) in words(page)


def words(page: str) -> str:
    """Return the text of a page on one line."""
    return " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number.constant}-{number.page}")
def test_pages_have_the_numbers_of_the_code(number: Number) -> None:
    """A default, size or threshold on a page is the code's."""
    assert number.sentence.format(number.said(found(number.constant))) in words(number.page)


def test_what_is_extrapolated_follows_from_the_table() -> None:
    """What a thousand workers would do is, to a tenth, a thousand times what one of the table's two does."""
    cells = re.findall(r"^   [* ] - (.*)$", (ROOT / "docs" / "scale_table.inc").read_text(encoding="utf-8"), re.M)
    measured = {what: (one, two) for what, one, two in zip(*[iter(cells)] * 3, strict=True)}
    (made,) = (float(two.split()[0]) for what, (_, two) in measured.items() if what.startswith("broadband"))
    tasks = float(measured["empty tasks through the scheduler"][1].split()[0])
    page = words("scale.rst")

    def told(pattern: str) -> float:
        (number,) = re.findall(pattern, page)
        return float(number)

    both, each, all_of_them = (
        told(r"about (\d+) MB/s of"),
        told(r"sessions, (\d+) each"),
        told(r"would generate (\d+) GB/s"),
    )
    assert both == pytest.approx(made, rel=0.1)
    assert each == all_of_them == both / 2
    assert told(r"handled about (\d+) per second") == pytest.approx(tasks, rel=0.1)


CASES = [(limit, use) for limit in LIMITS for use in limit.uses]


@pytest.mark.parametrize(("limit", "use"), CASES, ids=lambda one: getattr(one, "constant", None) or one.__name__)
def test_what_is_beyond_a_limit_is_refused(limit: Limit, use: Use, handmade: Handmade) -> None:
    """What is of a limit's size is read; one more, or the next number, is refused, or warned of."""
    use(handmade, limit.most(limit.value))
    with pytest.raises((MockSessionError, UserWarning)):
        use(handmade, limit.beyond(limit.value))


def test_no_limit_is_without_a_test() -> None:
    """A limit is used beyond its value, or names the test that does it; and none is missing in the table."""
    for limit in LIMITS:
        path, _, name = limit.held.partition("::")
        assert limit.uses or re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.M), limit
    known = {limit.constant for limit in LIMITS} | NOT_READ.keys()
    assert {name for place in READS for name in _named(PACKAGE / place)} - known == set()


def _named(place: Path) -> list[str]:
    """Return the dotted names of the constants below a folder, or in a file, that are called MAX or MOST."""
    names = []
    for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        stored = (node.id for node in ast.walk(ast.parse(path.read_bytes())) if _is_stored(node))
        names += [f"{module}.{name}" for name in stored if re.match("(MAX|MOST)_", name)]
    return names


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def test_pieces_of_streams(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams times segments, for each of which there is an object, are limited."""
    for name in ("one", "other"):
        segments = [{"t_start_ms": T0 + 1000.0 * k, "n_samples": 10} for k in range(3)]
        handmade.stream(name, np.zeros((30, 3), np.int16), segments)
    monkeypatch.setattr(open_session, "MAX_PIECES", 6)
    MockSessionRawIO(dirname=handmade.folder).parse_header()
    monkeypatch.setattr(open_session, "MAX_PIECES", 5)
    with pytest.raises(MockSessionError, match="at most 5 pieces of streams; found 3 of 2 streams"):
        MockSessionRawIO(dirname=handmade.folder).parse_header()


def test_contacts_of_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contacts are limited, those of one probe and those of all together."""
    monkeypatch.setattr(probe_form, "MAX_CONTACTS", 2)
    checked_form({"probes": [PROBE, PROBE]})
    with pytest.raises(MockSessionError, match="at most 2 contacts; found 3"):
        checked_form({"probes": [PROBE, PROBE, PROBE]})
    places = [[0.0, 0.0], [0.0, 20.0], [0.0, 40.0]]
    form = make_probe(places, ("circle", {"radius": 6.0}), ids="abc", name="x")
    with pytest.raises(MockSessionError, match="contact_positions"):
        checked_form({"probes": [form]})
    monkeypatch.setattr(probe_form, "MAX_CONTACTS", 3)
    checked_form({"probes": [form]})


def test_paths_within_objects(tmp_path: Path) -> None:
    """A path is found in as many lists in each other as the limit says, and no more are looked into."""
    source: Any = tmp_path / "source"
    source.mkdir()
    for _ in range(MAX_DEPTH - 1):  # the arguments are one
        source = [source]
    with pytest.raises(MockSessionError):
        refuse_own(tmp_path / "source", source)
    refuse_own(tmp_path / "source", [source])
