"""Every code block of the README and the documentation is run."""

from __future__ import annotations

import ast
import doctest
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockrawio.cli import main

pytestmark = pytest.mark.slow

OF_THE_PAGES = pytest.mark.at_length(only=True)

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.rst"))
COMMANDS = [DOCS / f"{name}.rst" for name in ("index", "install", "cli")]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE  # as docs/conf.py has them


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to be in, with all that is temporary."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def fenced(text, language):
    """Return the fenced code blocks of a language in Markdown."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def readme_section(heading):
    """Return the README's text between a heading and the next."""
    return README.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


@OF_THE_PAGES
@pytest.mark.filterwarnings("ignore:The extractor is not serializable")  # SpikeInterface's sorters say it of their own
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
@pytest.mark.usefixtures("here", "quick_figures")
def test_page(page):
    """The examples of a page print what the page says."""
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=FLAGS, encoding="utf-8")
    assert failed == 0


def test_some_page_has_examples():
    """The run above has something to run."""
    assert any(">>> " in page.read_text("utf-8") for page in PAGES)


@pytest.mark.usefixtures("here", "quick_figures")
def test_readme_python():
    """The README's Python blocks run, one after another."""
    blocks = fenced(README.read_text("utf-8"), "python")
    assert blocks
    namespace = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)


@pytest.mark.parametrize("heading", ["Try it", "Run the tests"])
def test_readme_commands(heading):
    """Each of the two commands is the only line of the first sh block below its heading."""
    blocks = fenced(readme_section(heading), "sh")
    assert len(blocks[0].splitlines()) == 1
    assert blocks[0].startswith("python3 -m venv .venv && ")


def test_readme_shows_the_demo():
    """What the README shows is what `mockrawio demo` prints, where it is not left out with three dots."""
    (shown,) = fenced(README.read_text("utf-8"), "text")
    printed = CliRunner().invoke(main, ["demo"]).output.splitlines()
    for line in shown.splitlines():
        if line != "..." and "/tmp/" not in line and not line.startswith("$ "):
            assert line in printed


def commands_of(text):
    """Return the arguments of each `$ mockrawio` line, and of those that go on after a backslash."""
    whole = re.sub(r" \\\n +", " ", text)
    return [shlex.split(line) for line in re.findall(r"^ *\$ mockrawio (.*)$", whole, re.MULTILINE)]


@pytest.mark.usefixtures("here", "quick_figures")
@pytest.mark.parametrize(
    "path", [pytest.param(page, marks=OF_THE_PAGES) for page in (README, *COMMANDS)], ids=lambda path: path.name
)
def test_documented_commands(path):
    """The `$ mockrawio` lines run one after another, beside copies of the hybrid sample and of the example's groups."""
    shutil.copytree(ROOT / "tests" / "data" / "hybrid", "bench", ignore=shutil.ignore_patterns("original*"))
    shutil.copy(ROOT / "example" / "groups.toml", "groups.toml")
    commands = commands_of(path.read_text("utf-8"))
    assert commands
    for arguments in commands:
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, (arguments, result.output)


def included(folder, name, options):
    """Return the lines of a file that a ``literalinclude`` with these options shows."""
    said = dict(re.findall(r":([a-z-]+): (.*)", options))
    text = (folder / name).read_text("utf-8")
    if "pyobject" in said:
        (node,) = (node for node in ast.parse(text).body if getattr(node, "name", None) == said["pyobject"])
        return text.splitlines()[node.lineno - 1 : node.end_lineno]
    begin = text.index(said.get("start-at", ""))
    end = text.find(said["end-before"]) if "end-before" in said else len(text)
    return text[begin:end].splitlines()


def shown_code(path):
    """Yield the lines of code of a page: after prompts, in blocks but those of plain text, and of files it includes."""
    text = path.read_text("utf-8")
    yield from re.findall(r"^ *(?:>>>|\.\.\.|\$) .*$", text, re.MULTILINE)
    for block in re.findall(r"^```(?!text)\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    for block in re.findall(r"(?:\.\. code-block:: (?!text)\w+|\w::)\n\n((?: +.*\n|\n)+)", text):
        yield from block.splitlines()
    for name, options in re.findall(r"literalinclude:: (\S+)\n((?: +:.*\n?)*)", text):
        yield from included(path.parent, name, options)


@pytest.mark.parametrize("page", [*PAGES, README], ids=lambda path: path.name)
def test_code_fits_the_page(page):
    """A line of code that a page shows has fewer than 88 characters; of whole files there ruff sees to it, too."""
    assert [line for line in shown_code(page) if len(line) > 87] == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("psd", "clients"),
        ("peak_sign", "spikeinterface"),
        ("export nwb", "clients"),
        ("export nwb", "rigs_files"),
        ("psd", "plots"),
        ("psth", "first_things"),
    ],
)
def test_words_are_found(words, name):
    """The search of the pages, which knows the words that stand on them, leads from these to that page."""
    assert set(words.split()) <= set(re.findall(r"\w+", (DOCS / f"{name}.rst").read_text("utf-8").lower()))


def test_extras_are_explained():
    """The page on installation has a row for each extra."""
    declared = ConfigParser()
    declared.read(ROOT / "setup.cfg", "utf-8")
    rows = re.findall(r"^``([a-z0-9]+)``  ", (DOCS / "install.rst").read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(declared["options.extras_require"])


def help_of(command):
    """Return what `--help` prints."""
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", sorted(main.commands))
def test_commands_are_documented(name):
    """Each command has a page section of its name, and help with an example that is a command line."""
    page = (ROOT / "docs" / "cli.rst").read_text("utf-8")
    assert f"\n{name}\n{'-' * len(name)}\n" in page
    assert re.search(rf"Examples?:\s+mockrawio {name}", help_of([name]))
    assert "Exit codes:" in help_of([name])


def test_broken_links_are_found(tmp_path):
    """The check of built pages names a missing file, a missing anchor and a site without https; nothing else."""
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="b.html#there">2</a><a href="c.html">3</a>'
    )
    (tmp_path / "b.html").write_text('<img src="a.html?1"><a href="http://a.org"></a><a href="https://a.org/b"></a>')
    command = [sys.executable, str(DOCS / "check_links.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    broken = ["a.html: b.html#there", "a.html: c.html", "b.html: http://a.org"]
    assert done.stdout.splitlines() == [f"{link} leads nowhere" for link in broken]


def texts_of_the_repository():
    """Return the pages, modules, tests and examples that a reader may meet, but this file."""
    folders = {"mockrawio": "*.py", "tests": "*.py", "example": "*.*", "docs": "*.rst", "changes": "*.md"}
    found = [path for folder, names in folders.items() for path in (ROOT / folder).rglob(names)]
    pages = [README, ROOT / "CONTRIBUTING.md", ROOT / "tests" / "data" / "README.md"]
    return {*found, *pages} - {Path(__file__)}


def test_numbers_of_documents_stand_on_one_page():
    """A docstring or page cites what a fact comes from by its name; only docs/documents.rst has the numbers."""
    number = re.compile(r"documents?[ _]\W*00\d|HYBRID\.md", re.IGNORECASE)
    citing = {path for path in texts_of_the_repository() if number.search(path.read_text("utf-8"))}
    assert citing <= {DOCS / "documents.rst"}
    assert not {path for path in texts_of_the_repository() if "document_00" in path.name}


def test_cited_pages_are_there():
    """Each ``docs/page.rst, *Section*`` in a docstring or comment is a page that has this section."""
    cited = re.compile(r"docs/([\w/]+\.rst)(?:, \*([^*]+)\*)?")
    for path in texts_of_the_repository():
        for page, section in cited.findall(" ".join(path.read_text("utf-8").split())):
            text = (DOCS / page).read_text("utf-8")
            assert not section or re.search(rf"^{re.escape(section)}\n[-~=]+$", text, re.MULTILINE), (path, section)
