"""Sessions that have every part: their bytes are those that they have had, in blocks of any size."""

from __future__ import annotations

import hashlib

import pytest

from mockrawio.generate import SessionSpec, generate_session
from mockrawio.generate import parts as p
from tests.generate.folders import contents

SHORT = {"segments": (1.3, 0.7), "gap_s": 0.3, "n_channels": 6, "n_lfp_channels": 3, "sampling_rate": 8000.0}
SPECS = {
    "field": SessionSpec.broadband(
        **SHORT,
        seed=11,
        units=p.Units(0),
        noise=(p.White(3.0), p.Spatial(), p.Hum(), p.FarUnits(12, footprint=p.Exponential())),
        field=(
            p.Pink(),
            p.Rhythm(rate_hz=1.0, burst_s=(0.3, 0.6)),
            p.Nested(),
            p.Ripples(rate_hz=1.5),
            p.Evoked(latency_ms=30.0),
        ),
    ),
    "firing": SessionSpec.broadband(
        **SHORT,
        seed=12,
        units=p.Units(2, rate_hz=(10.0, 60.0), multi=0.5, footprint=p.Power()),
        firing=p.Firing(
            p.Gamma(3.0),
            bursts=p.Bursts(0.5),
            locked=(
                p.EventLocked(latency_ms=20.0, duration_ms=50.0),
                p.PhaseLocked(spread=0.5, of_units=0.6),
                p.MovieLocked(((0.0, 1.0), (0.5, 3.0))),
                p.Profile(((0.0, 1.0), (0.4, 0.1)), period_s=0.7),
                p.Common(tau_s=0.1),
            ),
            synchrony=p.Synchrony(2.0, group=2),
        ),
        noise=(p.White(3.0),),
        field=(p.Rhythm(rate_hz=1.0, burst_s=(0.3, 0.6)),),
    ),
    "faults": SessionSpec.broadband(
        **SHORT,
        seed=13,
        probe="neuropixels-1.0",
        acquisition=p.Acquisition(
            bits=12,
            sample_shift=True,
            faults=(
                p.DeadChannel(1),
                p.NoisyChannel(2),
                p.OutOfBrain(channels=0),
                p.StimulationArtifact((0.3, 0.9), pulses=3),
                p.MovementArtifact(rate_hz=2.0, length_ms=(50.0, 200.0)),
                p.DroppedPackets(rate_hz=3.0),
                p.DroppedPackets(rate_hz=2.0, fill="held"),
                p.ClockSkew(300.0, offset_ms=3.0),
            ),
            sync=p.Sync(100.0),
        ),
        units=p.Units(3, rate_hz=p.Uniform(5.0, 20.0)),
        noise=(p.White(3.0),),
        field=(p.Pink(),),
    ),
    "motion": SessionSpec.broadband(
        **SHORT,
        seed=14,
        units=p.Units(8, rate_hz=(10.0, 40.0)),
        noise=(p.White(3.0),),
        motion=(
            p.Zigzag(30.0, period_s=1.0),
            p.Jump(0.6, 12.0),
            p.RandomWalk(10.0, slowest_s=1.0, fastest_s=0.1),
            p.ByDepth(p.Jump(0.4, -9.0), depths_um=(0.0, 60.0)),
            p.Fading(0.5, to=0.3, end_s=1.0),
            p.Vanishing(0.3, between_s=(0.2, 0.8), over_s=0.2),
            p.Appearing(0.3, between_s=(0.2, 0.8), over_s=0.2),
        ),
    ),
}


PINNED = {
    "field": "cdd0a9fc2a0796db",
    "firing": "0964cc17d5746877",
    "faults": "56a39c39223ff845",
    "motion": "49815b319be8adbe",
}
SMALL = {
    "cast.SPIKES_A_BLOCK": 3,
    "layers.BLOCK": 50,
    "lfp._BLOCK": 100,
    "moving._TOGETHER": 64,
    "parts.faults.movement._ROWS": 64,
    "parts.field.layer.KNOTS": 40,
    "parts.field.layer._FEWEST_KNOTS": 16,
    "parts.field.layer._BLOCK": 200,
    "parts.field.layer._VALUES": 300,
    "parts.noise.mixing._ONE_THREAD": 256,
    "spool._IN_MEMORY": 64,
}


@pytest.mark.parametrize(
    ("name", "small"), [*((name, False) for name in SPECS), ("field", True), ("faults", True), ("motion", True)]
)
def test_the_bytes_of_a_session_of_every_part_are_pinned(name, small, tmp_path, monkeypatch):
    """Its data have this SHA-256, on every machine and in every release, however much is worked on at once."""
    if small:
        monkeypatch.setattr("mockrawio.planting.planter.BATCH_ITEMS", 30)
        monkeypatch.setattr("mockrawio.formats.npy_out.BLOCK", 999)
        for size, value in SMALL.items():
            monkeypatch.setattr(f"mockrawio.generate.{size}", value)
    made = contents(generate_session(SPECS[name], tmp_path))
    del made["session_manifest.json"]
    assert hashlib.sha256(b"".join(made.values())).hexdigest()[:16] == PINNED[name]
