"""Sessions that the report's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from tests.generate.folders import FEW_FAR
from tests.handmade import Handmade

FIELDS = {"probe": "bundles", "n_channels": 16, "n_units": 3, "rate_hz": (4.0, 12.0), "seed": 3}
SPECS = {
    "gaps": SessionSpec(segments=(4.0, 3.0), n_lfp_channels=3, encoding="float64", **FIELDS),
    "broadband": SessionSpec.broadband(segments=(1.5, 1.0), snr=(8.0, 20.0), noise=FEW_FAR, **FIELDS),
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A float session of three LFP channels and a broadband one, each of two segments."""
    return {name: generate_session(spec, tmp_path_factory.mktemp(name)) for name, spec in SPECS.items()}


@pytest.fixture(scope="session")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> MockSessionRawIO:
    """A channel that rises by 1 a sample, 500 of them at 1 kHz."""
    made = Handmade(tmp_path_factory.mktemp("ramp") / "session_1")
    made.lfp()
    opened = MockSessionRawIO(made.folder)
    opened.parse_header()
    return opened


@pytest.fixture(params=list(SPECS))
def reader(request: pytest.FixtureRequest, folders: dict[str, Path]) -> MockSessionRawIO:
    """Each of the two, opened."""
    opened = MockSessionRawIO(folders[request.param])
    opened.parse_header()
    request.addfinalizer(opened.close)
    return opened


@pytest.fixture
def gaps(folders: dict[str, Path]) -> Iterator[MockSessionRawIO]:
    """The float session of two segments."""
    with MockSessionRawIO(folders["gaps"]) as reader:
        yield reader


@pytest.fixture
def broadband(folders: dict[str, Path]) -> Iterator[MockSessionRawIO]:
    """The broadband session."""
    with MockSessionRawIO(folders["broadband"]) as reader:
        yield reader
