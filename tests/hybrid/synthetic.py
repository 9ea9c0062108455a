"""A recording with known units in it, and what a sorter would have found: quick to make, any size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio.hybrid import planted_events
from mockrawio.hybrid.params import HybridParams
from mockrawio.hybrid.raw_probe import Probe, neuropixels3a
from mockrawio.planting import Planter

RATE = 30_000
NOISE_SD = 10.0


@dataclass(frozen=True)
class Made:
    """What was made: the parameters to run on it, and the truth."""

    params: HybridParams
    times: dict[int, np.ndarray]  # by label, as ground_truth_units has it
    peaks: dict[int, int]  # raw row on which each unit is largest


def staggered_probe(n_channels: int) -> Probe:
    """Two columns, 20 µm apart both ways; 384 channels make a Neuropixels probe without its sync row."""
    if n_channels == 384:
        return neuropixels3a(sync_channel=False)
    rows = np.arange(n_channels)
    positions = 20.0 * np.column_stack([rows % 2, rows // 2])
    return Probe(rows, np.ones(n_channels, bool), positions, "staggered")


def template(probe: Probe, site: int, amplitude: float, width: float) -> np.ndarray:
    """A trough, a hump after it, and an exponential fall-off over space: (61, C) counts."""
    t = np.arange(-20, 41)
    shape = -np.exp(-0.5 * (t / 4.0) ** 2) + 0.35 * np.exp(-0.5 * ((t - 12) / 7.0) ** 2)
    positions = probe.channel_positions[probe.inverse_map]
    away = np.linalg.norm(positions - positions[site], axis=1)
    return amplitude * shape[:, None] * np.exp(-np.nan_to_num(away, nan=1e9) / width)


def make(
    folder: Path,
    *,
    n_channels: int = 32,
    seconds: float = 4.0,
    counts: tuple[int, ...] = (60, 60, 60),
    amplitudes: tuple[float, ...] = (400.0, 300.0, 200.0),
    width: float = 25.0,
    seed: int = 1,
    **params: Any,
) -> Made:
    """Write ``raw.bin`` and phy's files into `folder`: units 1, 2, 3, ..., whose spikes are 4 ms or more apart."""
    random, probe = np.random.default_rng(seed), staggered_probe(n_channels)
    n_frames = round(seconds * RATE)
    sites = [round((k + 1) * n_channels / (len(counts) + 1)) for k in range(len(counts))]
    shapes = [template(probe, s, a, width) for s, a in zip(sites, amplitudes, strict=True)]
    times = {label: spaced(random, count, n_frames) for label, count in enumerate(counts, 1)}
    _write_raw(folder / "raw.bin", n_frames, n_channels, shapes, list(times.values()), random)
    every = np.concatenate(list(times.values()))
    labels = np.repeat(np.arange(len(counts)), counts)
    order = np.argsort(every, kind="stable")
    np.save(folder / "spike_times.npy", every[order].astype(np.uint64)[:, None])
    np.save(folder / "spike_templates.npy", labels[order].astype(np.uint32)[:, None])
    np.save(folder / "spike_clusters.npy", labels[order].astype(np.int32))
    given = {"ground_truth_units": list(times), "session_name": "s", "random_seed": 5, "phy_base": 0, **params}
    whole = HybridParams(
        data_directory=folder,
        raw_source_file=folder / "raw.bin",
        data_type="int16",
        sample_rate=RATE,
        probe=probe,
        output_directory=given.pop("output_directory", folder / "out"),
        **given,
    )
    return Made(whole, times, dict(zip(times, sites, strict=True)))


def spaced(random: np.random.Generator, count: int, n_frames: int) -> np.ndarray:
    """`count` ascending times, 120 samples or more apart, 100 or more from both ends."""
    slack = n_frames - 200 - 120 * count
    return 100 + np.sort(random.integers(0, slack, count)) + 120 * np.arange(count)


def _write_raw(path: Path, n_frames: int, n_channels: int, shapes: list, trains: list, random: Any) -> None:
    """Write noise, the same few seconds over and over, and spikes, block by block."""
    step = min(n_frames, 2 * RATE)
    noise = random.normal(0, NOISE_SD, (step + 64, n_channels)).astype(np.float32)
    with open(path, "wb") as file:
        for start in range(0, n_frames, step):
            block = noise[: min(step, n_frames - start)].copy()
            for shape, train in zip(shapes, trains, strict=True):
                for t in train[(train >= start + 20) & (train < start + len(block) - 40)] - start:
                    block[t - 20 : t + 41] += shape * random.uniform(0.9, 1.1)
            file.write(np.rint(block).astype("<i2").tobytes())


def traces(path, n_channels):
    return np.fromfile(path, "<i2").reshape(-1, n_channels).astype(np.int64)


def tree(folder):
    """Every file below a folder, and its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_traces(result, source, n_channels):
    """The proof: the result is the source plus the saved events, count for count, and clipped where it must be."""
    raw, hybrid = traces(source, n_channels), traces(result.targets[0], n_channels)
    slow = np.zeros_like(raw)
    for unit in planted_events(result.folder):
        before = unit.before
        for time, event in zip(unit.times.tolist(), unit.events.counts(0, len(unit.times)), strict=True):
            slow[time - before : time - before + len(event), unit.channels] += event
    np.testing.assert_array_equal(Planter(result.planted, n_channels).counts(0, len(raw)), slow)
    np.testing.assert_array_equal(hybrid, np.clip(raw + slow, -32_768, 32_767))
    assert result.n_clipped == np.count_nonzero(np.abs(raw + slow + 0.5) > 32_768)
    return slow
