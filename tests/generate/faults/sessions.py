"""A session with every fault, and how its recording is made of layers and faults by hand."""

from __future__ import annotations

import numpy as np

from mockrawio import SessionSpec
from mockrawio.generate import (
    Acquisition,
    DeadChannel,
    DroppedPackets,
    MovementArtifact,
    NoisyChannel,
    OutOfBrain,
    StimulationArtifact,
)
from tests.generate.folders import FEW_FAR

RATE = 30_000
EVERY = (
    DeadChannel((3, 20)),
    NoisyChannel(5, uV=60.0),
    NoisyChannel(6, uV=20.0),
    OutOfBrain(channels=(22, 23)),
    StimulationArtifact((0.5, 3.25), code=4, pulses=3, channel=10, length_um=100.0),
    MovementArtifact(0.5, length_ms=(100.0, 400.0)),
    DroppedPackets(4.0, length_ms=(0.5, 40.0), fill="held"),
    DroppedPackets(2.0, length_ms=(0.5, 40.0)),
)


def spec(*faults, bits=16, **more):
    """Return five seconds in two segments of a part of a Neuropixels probe, of a rig with these faults."""
    rig = Acquisition(0.195 * 2 ** (16 - bits), bits=bits, sample_shift=True, faults=faults)
    parts = {
        "segments": (3.0, 2.0),
        "n_channels": 24,
        "n_units": 6,
        "n_events": 40,
        "seed": 8,
        "noise": FEW_FAR,
        "acquisition": rig,
    }
    return SessionSpec.neuropixels(**{**parts, **more})


def by_hand(truth, seg_index, i_start=0, i_stop=None):
    """Return a piece of the recording from what the truth says of layers and faults, int16."""
    i_stop = truth.n_samples[seg_index] if i_stop is None else i_stop
    rows = [row for row in truth.faults.within(seg_index, i_start, i_stop) if row.fill]
    first = min([i_start, *(row.i_start - 1 for row in rows if row.fill == "held")])
    total = sum(truth.layer(name).read(seg_index, first, i_stop).astype(np.int64) for name in truth.layers)
    rows = [row for row in truth.faults.within(seg_index, first, i_stop) if row.fill]
    top = 2 ** (truth.spec.acquisition.bits - 1) - 1
    made = np.clip(total, -top - 1, top)
    for row in rows:
        begin, end = max(0, row.i_start - first), row.i_stop - first
        for channel in row.channels:
            held = row.fill == "held" and row.i_start > first
            made[begin:end, channel] = made[begin - 1, channel] if held else 0
    return made[i_start - first :].astype(np.int16)
