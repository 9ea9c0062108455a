"""Sessions that several formats are tried on, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.exporting.readers import of_reader
from mockrawio.formats.recorded import Recorded
from tests.generate.folders import FEW_FAR

KINDS = {
    "broadband": lambda: SessionSpec.broadband(duration_s=1, n_channels=8, n_units=3, noise=FEW_FAR, seed=1),
    "gaps": lambda: SessionSpec.broadband(segments=(1.0, 1.0), n_channels=3, n_units=2, noise=FEW_FAR, seed=2),
    "epiphyte": lambda: SessionSpec.tiny(seed=3),
}


@pytest.fixture(scope="session")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Session folders by kind."""
    root = tmp_path_factory.mktemp("sources")
    return {kind: generate_session(make(), root / kind) for kind, make in KINDS.items()}


@pytest.fixture(scope="session")
def sources(sessions: dict[str, Path]) -> dict[str, Recorded]:
    """The sessions as what writers take."""
    return {kind: of_reader(MockSessionRawIO(folder), None, lambda size: None) for kind, folder in sessions.items()}
