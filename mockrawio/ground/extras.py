"""Packages that an extra of mockrawio installs; a missing one is an error that says how to install it."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import MockSessionError

_NAME = "mockrawio"


class MissingExtraError(MockSessionError, ImportError):
    """A package that is needed is not installed.

    Parameters
    ----------
    name : str
        The package.
    purpose : str
        What it is needed for.
    remedy : str
        What installs it.
    """

    def __init__(self, name: str, purpose: str, remedy: str) -> None:
        super().__init__(name, f"it to be installed, for {purpose}", "that it is not", remedy)
        self.name = name
        self._given = name, purpose, remedy

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        return type(self), self._given


def install_command(extra: str) -> str:
    """Return what installs an extra where this package came from, with this interpreter's own pip.

    A source tree, a wheel or an address is what the package was installed from last (``direct_url.json``); if that is
    gone, the extra's own packages are named. A tree that is only on the path is that tree.
    """
    from importlib.metadata import PackageNotFoundError, distribution  # which take long to import

    try:
        ours = distribution(_NAME)
    except PackageNotFoundError:
        tree = Path(__file__).parents[2]
        what = [f"{tree}[{extra}]" if (tree / "setup.cfg").is_file() else f"{_NAME}[{extra}]"]
    else:
        what = _origin(ours.read_text("direct_url.json") or "", extra) or _needed(ours.requires or [], extra)
    return shlex.join([sys.executable or "python", "-m", "pip", "install", *what])


def _origin(direct_url: str, extra: str) -> list[str]:
    """Return pip's arguments by which the package is installed from where it came; none if that is gone."""
    from urllib.request import url2pathname  # which takes longer to import than all else here

    if not direct_url:
        return [f"{_NAME}[{extra}]"]  # it came from an index
    try:
        said = json.loads(direct_url)
        address = urlsplit(said["url"])
        if "vcs_info" in said:
            commit = said["vcs_info"]["commit_id"]
            return [f"{_NAME}[{extra}] @ {said['vcs_info']['vcs']}+{said['url']}@{commit}"]
        editable = bool(said.get("dir_info", {}).get("editable"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
    if address.scheme != "file":
        return [f"{_NAME}[{extra}] @ {said['url']}"]
    place = Path(url2pathname(address.path))
    return [*["-e"] * editable, f"{place}[{extra}]"] if place.exists() else []


def _needed(requires: list[str], extra: str) -> list[str]:
    """Return the packages of an extra itself; those of the extras that it names are left to pip."""
    marked = (line.split(";") for line in requires if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", line))
    return [line[0].strip() for line in marked] or [f"{_NAME}[{extra}]"]


@contextmanager
def by_extra(purpose: str, extra: str) -> Iterator[None]:
    """Context in which a package of an extra is imported: a MissingExtraError if it is not installed.

    A package that is installed and does not work raises its own ImportError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or extra).partition(".")[0]
        raise MissingExtraError(name, purpose, f"Run {install_command(extra)}") from error


def extra_module(name: str, purpose: str, extra: str) -> Any:
    """Return a module that an extra brings; see :func:`by_extra`."""
    with by_extra(purpose, extra):
        return import_module(name)


def h5py_module() -> Any:
    """Return h5py, for SONATA files."""
    return extra_module("h5py", "SONATA files", "sonata")
