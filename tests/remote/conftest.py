"""Sessions and servers that the tests of what lies elsewhere share."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from mockrawio.ground.remote import store
from tests.remote.served import FileServer, serving

if not (find_spec("fsspec") and find_spec("aiohttp")):
    collect_ignore_glob = ["test_*.py"]
elif not all(map(find_spec, ("s3fs", "moto", "flask_cors"))):
    collect_ignore = ["test_s3.py"]  # moto takes 100 MB: .ci/run has a stage of its own for it


@pytest.fixture(scope="session")
def broadband(mock_session) -> Path:
    """A session with a stream of four channels, their LFP, units and events."""
    return mock_session("broadband")


@pytest.fixture
def server(broadband) -> Iterator[FileServer]:
    """A server of the folder that the session is in."""
    with serving(broadband.parent) as server:
        yield server


@pytest.fixture
def soon(monkeypatch):
    """Have the next try come soon."""
    monkeypatch.setattr(store, "DELAYS_S", (0.001,) * 4)
