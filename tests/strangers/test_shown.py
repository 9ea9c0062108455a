"""What strangers wrote, wherever it is shown: nothing in it moves a cursor, adds a line or turns text round."""

from __future__ import annotations

import ast
import html
import json
import logging
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import mockrawio
from mockrawio import MockSessionError, MockSessionIO, MockSessionRawIO
from mockrawio.cli import main
from mockrawio.convert.leftovers import Leftovers
from mockrawio.describe import describe_session, description_lines
from mockrawio.formats.sorters import load_sorting
from mockrawio.ground.shown import Lines, letters, visible, warn
from mockrawio.interop.corpus_report import CorpusReport, Failure
from mockrawio.rasters import Raster
from mockrawio.report.html import report_html
from mockrawio.verify import verify_session
from tests.handmade import Handmade
from tests.trees import PACKAGE, nodes, trees

NAMES = {
    "clears the screen": b"a\x1b[2J\x1b[Hb",
    "sets the title": b"t\x1b]0;title\x07",
    "sets the clipboard": b"c\x1b]52;c;Y2FsYw==\x07",
    "CSI of one byte": "c\x9b2J".encode(),
    "writes over the line": b"x\rfolder: ok            ",
    "adds a line": b"y\nfake line: ok",
    "ends a line otherwise": "l\u2028fake: ok\u2029\x85".encode(),
    "turns text round": "z\u202etxt.exe".encode(),
    "isolates": "i\u2066a\u2069\u200f\u061c".encode(),
    "is no UTF-8": b"n\xff\xfe",
    "is a formula": b"$\\frac{$",
}
POSIX = pytest.mark.skipif(os.name != "posix", reason="such names are POSIX")


def is_shown_safely(text: str) -> bool:
    """Return True if a text can be encoded, and has nothing but printable characters and, between lines, line ends."""
    text.encode("utf-8")
    return all(line.isprintable() for line in text.split("\n"))


@pytest.fixture(params=NAMES)
def hostile(request: pytest.FixtureRequest, handmade: Handmade) -> tuple[Handmade, str]:
    """A session with a file of a hostile name that nobody expects, and a manifest of nothing."""
    handmade.all()
    name = os.fsdecode(NAMES[request.param])
    try:
        (handmade.folder / name).write_bytes(b"")
    except OSError as error:  # as macOS, of names that are no UTF-8
        pytest.skip(f"no such names here: {error.strerror}")
    (handmade.folder / "session_manifest.json").write_text(
        json.dumps({"format": "mockrawio session", "format_version": 1, "files": {}})
    )
    return handmade, name


CONTROLS, DIRECTIONS = (*range(0x20), *range(0x7F, 0xA0)), (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F))
OTHERS = (*range(0x2066, 0x206A), 0x200B, 0xD800, 0xDFFF, 0xFEFF, 0xFFFE, 0xE0001, 0x10FFFF)


@pytest.mark.parametrize("code", [*CONTROLS, *DIRECTIONS, *OTHERS])
def test_characters(code: int) -> None:
    """Controls, directions, invisible ones, halves of pairs: escaped as repr escapes them, once."""
    text = f"a{chr(code)}b"
    assert visible(text) == repr(text)[1:-1] != text
    assert visible(visible(text)) == visible(text)


def test_what_is_printable_stays() -> None:
    """Letters of any script, marks and backslashes are as they were."""
    for text in ("", "a b", "µV → ±1", "C:\\data\\x", "日本語", "עברית", "e\u0301", "😀"):
        assert visible(text) == text


def test_errors(tmp_path: Path) -> None:
    """Shown, an error's four parts are one printable line; asked for, they are as they were given."""
    odd = "x\n\x1b[2J\u202e\udcff"
    for error in (MockSessionError(odd, odd, odd, odd), MockSessionError(tmp_path / odd, "a", "b", "c").within(odd)):
        assert is_shown_safely(str(error))
        assert "\n" not in str(error)
        print(error)  # which raised, of what is no UTF-8
    error = pickle.loads(pickle.dumps(MockSessionError(odd, odd, odd, odd)))
    assert (error.subject, error.expected, error.found, error.remedy) == (odd,) * 4


def test_lines_of_our_own(tmp_path: Path) -> None:
    """The list of what a session cannot hold stays a list, a line a thing, whatever the things are called."""
    leftovers = Leftovers()
    leftovers.add("segment 0, 'a\x1b[2J\n  - forged'", "why\n  - forged")
    leftovers.add("b", "so")
    with pytest.raises(MockSessionError) as caught:
        leftovers.settle(skip=False)
    lines = [line for line in str(caught.value).split("\n") if line.startswith("  - ")]
    assert lines == ["  - segment 0, 'a\\x1b[2J\\n  - forged': why\\n  - forged", "  - b: so"]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.warns(UserWarning, match="2 things") as warned:
        leftovers.settle(skip=True)
    assert [line for line in str(warned[0].message).split("\n") if line.startswith("  - ")] == lines
    assert visible(Lines("a\nb")) == "a\nb"


def test_warnings() -> None:
    """A warning is printable, and points at the line it is raised for."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("a\nb\x1b[2J")
    assert str(caught[0].message) == "a\\nb\\x1b[2J"
    assert caught[0].filename == __file__


def test_one_door_for_warnings() -> None:
    """No module warns by itself: what it says would be as a stranger wrote it."""
    package = Path(mockrawio.__file__).parent
    found = [
        path.name for path in package.rglob("*.py") if "warnings.warn(" in path.read_text("utf-8").split('"""', 2)[-1]
    ]
    assert found == ["shown.py"]


@POSIX
def test_what_looks_at_a_session(hostile: tuple[Handmade, str]) -> None:
    """The lines of info and verify, the report and the reader's own show a hostile name, and none of it is obeyed."""
    handmade, name = hostile
    found = verify_session(handmade.folder)
    assert name in found.extra
    assert f"extra: {visible(name)}" in list(found.lines())
    shown, page = ["\n".join(found.lines())], report_html(handmade.folder, verification=found)
    page.encode("utf-8")
    assert name == visible(name) or name not in page
    assert html.escape(visible(name)) in page
    moved = handmade.folder.rename(handmade.folder.with_name(name))
    with MockSessionRawIO(moved) as reader, MockSessionIO(moved) as io:
        shown += [str(reader), str(io), reader._repr_html_(), *description_lines(describe_session(moved))]
        assert reader.dirname == str(moved)
        assert visible(name) in str(reader).split("\n")[0]
    with pytest.raises(MockSessionError) as caught:
        MockSessionRawIO(moved / name).parse_header()
    assert all(map(is_shown_safely, [*shown, str(caught.value)]))
    assert visible(name) in str(caught.value)


@POSIX
def test_commands(hostile: tuple[Handmade, str]) -> None:
    """info and verify print one line a finding, and JSON in ASCII that has the name itself."""
    handmade, name = hostile
    run = CliRunner().invoke(main, ["verify", str(handmade.folder)])
    assert run.exit_code == 1
    assert f"extra: {visible(name)}" in run.stdout.split("\n")
    assert is_shown_safely(run.stdout)
    printed = CliRunner().invoke(main, ["verify", "--json", str(handmade.folder)]).stdout
    assert printed.isascii()
    assert name in json.loads(printed)["extra"]
    (handmade.folder / "lfp_data" / f"{name}.npy").write_bytes(b"")
    for command in ("info", "verify"):
        run = CliRunner().invoke(main, [command, str(handmade.folder)])
        assert " ".join(visible(name).split()) in " ".join(run.output.split())
        assert is_shown_safely(run.output)
    assert CliRunner().invoke(main, ["info", str(handmade.folder)]).stderr.count("\n") == 1


@POSIX
def test_what_the_shell_gives(tmp_path: Path) -> None:
    """A name that a shell's * puts on the command line is shown safely by what refuses it."""
    for arguments in (
        ["info", "a\x1b[2J", "b\x1b]0;c\x07\n"],
        ["plot", "x", "-o", "a\x1b[2J\n"],
        ["\x1b[2J"],
        ["info", "x\n\x1b"],
    ):
        run = CliRunner().invoke(main, arguments)
        assert run.exit_code in (1, 2)
        assert is_shown_safely(run.output)
        assert "\\x1b" in run.output


@POSIX
def test_on_a_terminal(handmade: Handmade) -> None:
    """On a real terminal, with its bar and its warnings, nothing of a name gets through raw."""
    handmade.all()
    names = [name for how, name in NAMES.items() if how != "is a formula"]
    (handmade.folder / "session_manifest.json").write_text("{}")
    for name in names:
        Path(os.fsdecode(os.fsencode(handmade.folder) + b"/" + name)).write_bytes(b"")
        Path(os.fsdecode(os.fsencode(handmade.folder) + b"/lfp_data/" + name + b".npy")).write_bytes(b"")
    for command in ("verify", "info"):
        out = on_terminal(command, str(handmade.folder))
        assert b"CSC{channel}_lfp.npy" in out
        assert not [name for name in names if name.replace(b"\n", b"\r\n") in out]
        assert is_shown_safely(out.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8").replace("\x1b[A", ""))


def on_terminal(*command: str) -> bytes:
    """Run the command on a terminal of its own; return what it shows there."""
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "mockrawio", *command])
    out = b""
    try:
        while part := os.read(terminal, 1 << 16):
            out += part
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    return out


@POSIX
def test_a_corpus_and_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What failed of a corpus is a line each, and a sorter's folder is logged safely."""
    odd = tmp_path / "r\n\x1b[2J"
    report = CorpusReport(odd, 1, 0, 10, (Failure(1, 2, 3, "OSError: a\x1b[2J\nok"),))
    assert len(str(report).split("\n")) == 3
    assert is_shown_safely(str(report))
    odd.mkdir()
    for name in ("spike_times", "spike_templates", "spike_clusters"):
        np.save(odd / f"{name}.npy", np.arange(1, 4))
    with caplog.at_level(logging.WARNING):
        load_sorting(odd)
    assert is_shown_safely(caplog.text.rstrip("\n"))
    assert "r\\n\\x1b[2J" in caplog.text


def test_names_are_no_html(handmade: Handmade) -> None:
    """A notebook shows a channel's name as text; Neo's own tables would run it."""
    handmade.all()
    handmade.names(["<img src=x onerror=alert(1)>", "LA2"])
    with MockSessionRawIO(handmade.folder) as reader:
        assert "<img" in str(reader)
        assert "<img" not in reader._repr_html_()
        assert "&lt;img src=x onerror=alert(1)&gt;" in reader._repr_html_()


@pytest.mark.parametrize("name", ["$\\frac{$", "$x$", "\\$", "a$b\n\x1b[2J", "_hidden", "\udcff$$"])
def test_names_in_figures(name: str) -> None:
    """A group is named letter by letter below a raster: no formula, which might be none, and no second line."""
    from mockrawio.rasters import plot_raster

    raster = Raster(np.array([1.0, 2.0]), np.array([0, 1], np.uint64), 10.0, {name: range(2)})
    axes = plot_raster(raster).axes[0]
    (label,) = axes.get_yticklabels()
    axes.figure.canvas.draw()
    drawn, is_math = label._preprocess_math(label.get_text())
    assert not is_math
    assert drawn.split("\n")[0].split(",")[0] == visible(name)
    assert letters(name).replace("\\$", "$") == visible(name)


def test_openers() -> None:
    """Whatever is opened for reading is opened by what refuses pipes and devices, in all of the package.

    Writers of rigs' files open only what they have just written themselves, to break it.
    """
    found = []
    for module in sorted(trees()):
        if module.startswith("formats/") and "FileFault" in (PACKAGE / module).read_text("utf-8"):
            continue
        found += [f"{module}: {ast.unparse(call)}" for call in nodes(module, ast.Call) if not _opens_safely(call)]
    assert found == [
        "ground/extras.py: ours.read_text('direct_url.json')",  # pip's own, of what is installed
        "report/page.py: resources.files(__package__).joinpath(name).read_text('utf-8')",
    ]


def _opens_safely(call: ast.Call) -> bool:
    name, first = ast.unparse(call.func), ast.unparse(call.args[0]) if call.args else ""
    if name == "open":
        writes = (
            len(call.args) > 1 and isinstance(call.args[1], ast.Constant) and set(str(call.args[1].value)) & {*"wax"}
        )
        return bool(writes) or any(keyword.arg == "opener" for keyword in call.keywords)
    if name in ("np.load", "np.memmap", "np.fromfile", "np.loadtxt", "np.genfromtxt", "zipfile.ZipFile"):
        return first in ("file", "opened")
    return not name.endswith((".read_text", ".read_bytes", ".open_text"))
