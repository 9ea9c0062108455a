"""What says how to install an extra: from where the package came, with the interpreter's own pip."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mockrawio.ground import extras
from mockrawio.ground.extras import install_command

ROOT = Path(__file__).parents[2]
EXTRAS = "array_api_compat dask distributed h5py jinja2 matplotlib plotly probeinterface pynapple scipy spikeinterface"
# What is imported in a process in which no extra is installed: a module, or a script.
BLOCKED = """
import importlib, pkgutil, runpy, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


class Installed:
    """A distribution as pip leaves it."""

    def __init__(self, direct_url: object) -> None:
        self.requires = ["numpy", 'matplotlib>=3.6; extra == "plot"', 'jinja2>=3; extra == "report"']
        self._text = direct_url if isinstance(direct_url, str) else json.dumps(direct_url)

    def read_text(self, name: str) -> str | None:
        return self._text if name == "direct_url.json" and self._text != "null" else None


@pytest.mark.parametrize(
    ("direct_url", "what"),
    [
        (None, ["mockrawio[plot]"]),  # from an index
        ({"url": "file://{here}", "dir_info": {"editable": True}}, ["-e", "{here}[plot]"]),
        ({"url": "file://{here}", "dir_info": {}}, ["{here}[plot]"]),
        ({"url": "file://{here}/m%20r.whl", "archive_info": {}}, ["{here}/m r.whl[plot]"]),
        ({"url": "file:///nowhere/at/all", "dir_info": {}}, ["matplotlib>=3.6"]),
        ({"url": "https://a.b/m.whl", "archive_info": {}}, ["mockrawio[plot] @ https://a.b/m.whl"]),
        (
            {"url": "https://a.b/m.git", "vcs_info": {"vcs": "git", "commit_id": "1f"}},
            ["mockrawio[plot] @ git+https://a.b/m.git@1f"],
        ),
        ("not json", ["matplotlib>=3.6"]),
        ({"no": "url"}, ["matplotlib>=3.6"]),
    ],
    ids=str,
)
def test_where_the_package_came_from(direct_url, what, tmp_path, monkeypatch):
    """A tree, a wheel, an address and an index have the command that works there; what is gone has its packages."""
    (tmp_path / "m r.whl").touch()
    text = json.dumps(direct_url) if not isinstance(direct_url, str) else direct_url
    installed = Installed(text.replace("{here}", str(tmp_path)))
    monkeypatch.setattr(metadata, "distribution", lambda name: installed)
    words = [word.replace("{here}", str(tmp_path)) for word in what]
    assert shlex.split(install_command("plot")) == [sys.executable, "-m", "pip", "install", *words]


def test_a_tree_on_the_path(monkeypatch):
    """A source tree that was never installed is installed from itself; elsewhere there is none."""

    def none(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", none)
    tree = Path(extras.__file__).parents[2]
    what = f"{tree}[plot]" if (tree / "setup.cfg").is_file() else "mockrawio[plot]"
    assert shlex.split(install_command("plot"))[-1] == what


SCRIPTS = (
    "convert_session",
    "draw_probes",
    "make_broadband",
    "make_corpus",
    "plot_session",
    "spikeinterface_recording",
)


@pytest.mark.at_length(only=True)
@pytest.mark.slow
def test_everything_names_the_extra(tmp_path):
    """Where no extra is installed, modules and examples run, or their error says which extra, and how to install it."""
    code = f"""{BLOCKED}
import mockrawio
from mockrawio.ground.extras import MissingExtraError

def extra_that(run, name):
    try:
        run(name)
    except MissingExtraError as error:
        return error.remedy

names = [m.name for m in pkgutil.walk_packages(mockrawio.__path__, "mockrawio.", onerror=lambda name: None)]
found = [extra_that(importlib.import_module, name) for name in names if not name.endswith("__main__")]
print(sum(remedy is not None for remedy in found))
for name in {SCRIPTS!r}:
    with contextlib.redirect_stdout(sys.stderr):
        remedy = extra_that(lambda name: runpy.run_path(f"{ROOT}/example/{{name}}.py", run_name="__main__"), name)
    print(remedy)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", f"import contextlib{code}", EXTRAS]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    n_modules, *remedies = done.stdout.splitlines()
    assert int(n_modules) > 10
    assert len(remedies) == len(SCRIPTS)
    assert set(remedies) <= {f"Run {install_command(extra)}" for extra in ("dask", "hybrid", "plot", "spikeinterface")}
