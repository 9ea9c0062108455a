"""Sessions for other programs to read: one recording with its logs, and a broadband one with a gap."""

from __future__ import annotations

import pytest

from mockrawio import SessionSpec, generate_session
from mockrawio.generate import Rhythm

WIRES = {"probe": "bundles", "n_channels": 16, "n_units": 5}


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """A session of one recording: LFP, five units, events, DAQ and movie."""
    theta = Rhythm("theta", 8.0, rate_hz=0.4, burst_s=(1.0, 2.0), wander_hz=0.1)
    fields = {"duration_s": 20, "n_channels": 16, "n_lfp_channels": 2, "n_units": 5, "field": theta, "seed": 1}
    spec = SessionSpec(patient_id=2, session_nr=1, **fields)
    return generate_session(spec, tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def broadband(tmp_path_factory):
    """A broadband session of one recording."""
    spec = SessionSpec.broadband(patient_id=1, session_nr=1, duration_s=3, **WIRES, seed=2)
    return generate_session(spec, tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def gaps(tmp_path_factory):
    """A broadband session of two recordings with a pause between."""
    spec = SessionSpec.broadband(patient_id=1, session_nr=2, segments=(3.0, 2.0), **WIRES, seed=2)
    return generate_session(spec, tmp_path_factory.mktemp("clients"))
