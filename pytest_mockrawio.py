"""pytest's fixtures of mockrawio; see docs/test_your_pipeline.rst.

A module of its own, since pytest imports it in every run: what costs time is imported when a fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockrawio.testing import SessionMaker


@pytest.fixture(scope="session")
def mock_session(tmp_path_factory: pytest.TempPathFactory) -> SessionMaker:
    """Make sessions: ``mock_session(duration_s=5, n_units=3)`` is a folder, made once a run for its spec and seed."""
    from mockrawio.testing import SessionMaker

    return SessionMaker(tmp_path_factory.mktemp("mock_sessions"))


@pytest.fixture
def mock_reader(mock_session: SessionMaker) -> Iterator[Callable[..., Any]]:
    """Open sessions: ``mock_reader(...)`` is a MockSessionRawIO, its header parsed, closed when the test ends."""
    yield mock_session.reader
    mock_session.close()


@pytest.fixture(scope="session")
def mock_recording(mock_session: SessionMaker) -> Callable[..., Any]:
    """Give SpikeInterface recordings: ``mock_recording(...)`` is the stream that a session's spikes are in."""
    return mock_session.recording


@pytest.fixture(scope="session")
def mock_sorting(mock_session: SessionMaker) -> Callable[..., Any]:
    """Give SpikeInterface sortings: ``mock_sorting(...)`` has the true units of a session."""
    return mock_session.sorting


@pytest.fixture(scope="session")
def mock_block(mock_session: SessionMaker) -> Callable[..., Any]:
    """Give Neo's objects: ``mock_block(...)`` is a session as a Block."""
    return mock_session.block


@pytest.fixture(scope="session")
def mock_rig_files(mock_session: SessionMaker) -> Callable[..., Any]:
    """Write rigs' files: ``mock_rig_files("neuralynx")`` is a session as mockrawio.export wrote it."""
    return mock_session.rig_files
