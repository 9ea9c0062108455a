"""A session's Block written by Neo's NixIO comes back whole."""

from __future__ import annotations

import neo
import numpy as np
import pytest

from mockrawio import MockSessionIO


@pytest.mark.slow
@pytest.mark.parametrize("name", ["session", "gaps"])
def test_round_trip(name, request, tmp_path):
    """Signals, trains, waveforms, events and epochs of every segment are the same after writing and reading."""
    block = MockSessionIO(request.getfixturevalue(name)).read_block(load_waveforms=True)
    with neo.io.NixIO(str(tmp_path / "session.nix"), "ow") as file:
        file.write_block(block)
    with neo.io.NixIO(str(tmp_path / "session.nix"), "ro") as file:
        again = file.read_block()
    assert again.annotations["patient_id"] == block.annotations["patient_id"]
    assert len(again.segments) == len(block.segments)
    for new, old in zip(again.segments, block.segments, strict=True):
        for kind in ("analogsignals", "spiketrains", "events", "epochs"):
            ours, theirs = getattr(old, kind), getattr(new, kind)
            assert len(ours) == len(theirs) > 0
            for a, b in zip(ours, theirs, strict=True):
                assert a.name == b.name
                np.testing.assert_allclose(b.rescale(a.units).magnitude, a.magnitude, atol=1e-9)
        for a, b in zip(old.spiketrains, new.spiketrains, strict=True):
            np.testing.assert_allclose(b.waveforms.magnitude, a.waveforms.magnitude)
