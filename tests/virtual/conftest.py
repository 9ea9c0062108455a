"""Sessions twice: written, and virtual."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.generate import (
    Acquisition,
    Bursts,
    ClockSkew,
    DeadChannel,
    DroppedPackets,
    EventLocked,
    Firing,
    Sine,
    StimulationArtifact,
    Sync,
    Units,
    Zigzag,
)

UNITS = Units(6, snr=(8, 25), rate_hz=(8, 20), multi=0.3, cells_per_multi=(2, 3))
STREAM = {"segments": (2.0, 1.5), "probe": "bundles", "n_channels": 12, "n_lfp_channels": 3, "units": UNITS}
FAULTS = DeadChannel(3), DroppedPackets(2.0), StimulationArtifact(code=4), ClockSkew(40.0)
RIG = Acquisition(2.34375, bits=10, sample_shift=True, sync=Sync(period_ms=70.0), faults=FAULTS)
SPECS = {
    # chunks of the stream are 8192 samples, so that a segment has some, and a rest
    "broadband": SessionSpec.broadband(**STREAM, seed=4),
    "rig": SessionSpec.neuropixels(
        segments=(1.3, 1.0),
        n_channels=24,
        n_units=5,
        acquisition=RIG,
        sampling_rate="100000/3",
        motion=(Zigzag(um=15, period_s=1.0),),
        firing=Firing(bursts=Bursts(), locked=(EventLocked(),)),
        seed=1,
    ),
    "tiny": SessionSpec.tiny(seed=5),
    "three segments": SessionSpec(segments=(9.0, 1.0, 2.5), n_channels=8, n_units=5, n_lfp_channels=2, seed=6),
    "epiphyte": SessionSpec.epiphyte(
        segments=(20.0, 75.0), field=(Sine(noise_uV=3.0),), n_lfp_channels=2, seed=7, encoding="int16"
    ),
}


class Pair(NamedTuple):
    """The same session as files, and as a virtual one."""

    written: Path
    virtual: Path

    def readers(self, **how: object) -> tuple[MockSessionRawIO, MockSessionRawIO]:
        """Return an open reader of each."""
        opened = [MockSessionRawIO(folder, **how) for folder in self]
        for reader in opened:
            reader.parse_header()
        return opened[0], opened[1]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """Every kind of session that may be virtual; tests only read them."""
    root = tmp_path_factory.mktemp("pairs")
    made = {}
    for name, spec in SPECS.items():
        written = generate_session(spec, root / name / "written")
        made[name] = Pair(written, generate_session(spec, root / name / "virtual", virtual=True))
    return made


@pytest.fixture(params=SPECS)
def pair(request: pytest.FixtureRequest, pairs: dict[str, Pair]) -> Pair:
    """Each of them in turn."""
    found: Pair = pairs[request.param]
    return found


@pytest.fixture
def broadband(pairs: dict[str, Pair]) -> Pair:
    """The one with a stream of two segments."""
    return pairs["broadband"]
