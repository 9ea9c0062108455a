"""What holds of the package as a whole: what it ships, and which part imports which."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import mockrawio
from tests.trees import PACKAGE, nodes

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

# What each part of the package may import of the others. Parts not named may import all but the command.
ALLOWED = {
    "ground": {"ground"},
    "formats": {"formats", "ground"},
    "session": {"session", "formats", "ground"},
    "rawio": {"rawio", "session", "formats", "ground"},
    "io": {"io", "rawio", "session", "formats", "ground"},
    "planting": {"planting", "ground"},
    "generate": {"generate", "planting", "session", "formats", "ground"},
    "convert": {"convert", "session", "formats", "ground"},
    "scoring": {"scoring", "formats", "ground"},
    "hybrid": {"hybrid", "scoring", "planting", "convert", "session", "formats", "ground"},
    "rasters": {"rasters", "session", "formats", "ground"},
    "interop": {"interop", "scoring", "generate", "io", "rawio", "session", "formats", "ground"},
    "exporting": {"exporting", "interop", "convert", "rawio", "session", "formats", "ground"},
    "testing": {"testing", "exporting", "interop", "generate", "io", "rawio", "session", "formats", "ground"},
    "device": {"device", "rawio", "session", "formats", "ground"},
    "reading": {"reading", "rawio", "session", "formats", "ground"},
    "verify": {"verify", "rawio", "session", "formats", "ground"},
    "describe": {"describe", "rawio", "session", "formats", "ground"},
    "report": {"report", "describe", "rasters", "rawio", "session", "verify", "formats", "ground"},
}


def imported_modules(relative: Path) -> set[str]:
    """Return the absolute names of all a module imports, at its top or inside a function."""
    package = ("mockrawio", *relative.parent.parts)
    names = set()
    for node in nodes(relative.as_posix(), ast.Import):
        names |= {alias.name for alias in node.names}
    for node in nodes(relative.as_posix(), ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = ".".join((*base, *filter(None, [node.module])))
        names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def imported_parts(relative: Path) -> set[str]:
    """Return which parts of mockrawio a module imports."""
    ours = {name.split(".")[1] for name in imported_modules(relative) if name.startswith("mockrawio.")}
    return {part for part in ours if (PACKAGE / part).is_dir() or (PACKAGE / f"{part}.py").is_file()}


def beyond(module: Path) -> set[str]:
    """Return which parts of mockrawio a module imports that its own part may not."""
    part, imports = module.parts[0].removesuffix(".py"), imported_parts(module)
    command = {"cli"} if part not in {"cli", "__main__"} else set()  # nothing imports it
    return imports - ALLOWED.get(part, imports) | imports & command


def unpickling(module: Path) -> list[str]:
    """Return what a module has that may unpickle."""
    names = imported_modules(module) & {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
    allowed = [node.value for node in nodes(module.as_posix(), ast.keyword) if node.arg == "allow_pickle"]
    said = [ast.unparse(value) for value in allowed]
    return sorted(names) + [f"allow_pickle={text}" for text in said if text != "False"]


def test_layers():
    """Data flows one way: a module imports only the parts below its own, and none the command."""
    assert {str(module): beyond(module) for module in MODULES if beyond(module)} == {}


def test_nothing_unpickles():
    """No module imports pickle or its kin, or lets NumPy unpickle."""
    assert {str(module): unpickling(module) for module in MODULES if unpickling(module)} == {}


def test_layering_check_sees_relative_imports():
    """The check above sees an import that is written relative, and one inside a function."""
    assert "session" in imported_parts(Path("verify.py"))
    assert "verify" in imported_parts(Path("cli/look.py"))


def test_import_is_light():
    """Importing mockrawio brings in nothing that only the command or an extra needs."""
    heavy = ["click", "spikeinterface", "dask", "torch", "matplotlib", "h5py", "pytest", "mockrawio.convert"]
    code = f"import sys, mockrawio; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_light():
    """The command's help and version need neither Neo nor NumPy's readers and generators."""
    code = (
        "import sys; from click.testing import CliRunner; from mockrawio.cli import main; "
        "assert CliRunner().invoke(main, ['generate', '--help']).exit_code == 0; "
        "print([m for m in ('mockrawio.generate', 'mockrawio.verify') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names():
    """Every name in `mockrawio.__all__` is there, in `dir()` too, and an unknown one is an AttributeError."""
    expected = {
        "GenerateData",
        "MockSessionError",
        "MockSessionIO",
        "MockSessionRawIO",
        "NotASessionError",
        "SessionSpec",
        "__version__",
        "corrupt_sorting",
        "generate_session",
        "run_data_generation",
        "score",
        "truth",
        "write_session",
        "write_session_from_block",
    }
    assert expected <= set(mockrawio.__all__)
    for name in mockrawio.__all__:
        assert getattr(mockrawio, name) is not None
        assert name in dir(mockrawio)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = mockrawio.no_such_name


def test_metadata():
    """The installed distribution has the package's version, its command, and what it needs."""
    distribution = metadata.distribution("mockrawio")
    assert distribution.version == mockrawio.__version__
    (command,) = (e for e in distribution.entry_points if e.name == "mockrawio")
    assert (command.group, command.value) == ("console_scripts", "mockrawio.cli:main")
    always = [line for line in distribution.requires or () if "extra ==" not in line]
    needed = {re.split(r"[>;\s]", line)[0] for line in always}
    assert needed == {"numpy", "neo", "quantities", "click", "tqdm", "tomli"}  # the last one before Python 3.11


def test_extras_of_all():
    """The README says which extras ``[all]`` brings, and which it does not."""
    readme = Path(__file__).parents[1] / "README.md"
    said = re.search(r"\[all\]'` brings the extras ([^;]+); ([^.]+?) come", readme.read_text("utf-8"))
    brought, left = (set(re.findall(r"`(\w+)`", part)) for part in said.groups())
    every = {name.lower() for name in metadata.metadata("mockrawio").get_all("Provides-Extra")}
    assert left | brought == every - {"all", "browser", "dev", "docs", "s3", "sorters", "test"}
    needed = [line for line in metadata.requires("mockrawio") if re.search(r"extra == .all.", line)]
    (found,) = (re.match(r"mockrawio\[([^]]*)\]", line) for line in needed)
    assert set(found[1].split(",")) == brought


def test_the_python_that_pages_ask_for():
    """The README and the first pages name the oldest Python that the package admits."""
    oldest = metadata.metadata("mockrawio")["Requires-Python"].removeprefix(">=")
    root = Path(__file__).parents[1]
    pages = [root / "README.md", root / "docs" / "index.rst", root / "docs" / "install.rst"]
    for page in pages:
        assert f"{oldest} or later" in " ".join(page.read_text("utf-8").split())


def test_typed():
    """The marker that tells type checkers to use our annotations lies beside the code."""
    assert (PACKAGE / "py.typed").is_file()
