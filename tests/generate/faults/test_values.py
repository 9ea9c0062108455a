"""What the fields of faults may be, and what an error says."""

from __future__ import annotations

import json

import pytest

from mockrawio import MockSessionError, SessionSpec, truth
from mockrawio.generate import (
    Acquisition,
    DeadChannel,
    DroppedPackets,
    MovementArtifact,
    NoisyChannel,
    OutOfBrain,
    StimulationArtifact,
)
from mockrawio.generate.parts.faults import FAULTS
from tests.generate.faults.sessions import EVERY, spec

NAN, INF = float("nan"), float("inf")


def test_one_channel_may_be_given_alone():
    """A number is a tuple of one; channels are held in ascending order."""
    assert DeadChannel(17).channels == (17,)
    assert NoisyChannel([9, 2]).channels == (2, 9)
    assert StimulationArtifact(1).at_s == (1.0,)


@pytest.mark.parametrize("fault", [StimulationArtifact(0.5, uV=1e6), MovementArtifact(uV=(1e6, 1e6))], ids=str)
def test_more_counts_than_there_is_room_for_are_refused(fault):
    """An artifact of 1 V at the finest gain is an error that names its size, not a sum that wraps."""
    fine = spec(segments=(1.0,), acquisition=Acquisition(1e-4, faults=fault), n_units=1)
    with pytest.raises(MockSessionError, match="counts") as caught:
        truth(fine)
    assert caught.value.subject == f"{type(fault).__name__}.uV"


@pytest.mark.parametrize("fault", [*EVERY, OutOfBrain(50.0), StimulationArtifact(code=4)], ids=str)
def test_a_fault_comes_back_from_its_mapping(fault):
    """Its mapping makes an equal one, by itself and in an acquisition."""
    assert FAULTS.one("fault", json.loads(json.dumps(fault.to_dict()))) == fault
    assert Acquisition(faults=[fault.to_dict()]).faults == (fault,)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: DeadChannel(()), "DeadChannel.channels"),
        (lambda: DeadChannel(-1), "DeadChannel.channels"),
        (lambda: DeadChannel((1, 1)), "DeadChannel.channels"),
        (lambda: DeadChannel(1.0), "DeadChannel.channels"),
        (lambda: DeadChannel(True), "DeadChannel.channels"),
        (lambda: DeadChannel("3"), "DeadChannel.channels"),
        (lambda: DeadChannel(10**9), "DeadChannel.channels"),
        (lambda: NoisyChannel(1, uV=NAN), "NoisyChannel.uV"),
        (lambda: NoisyChannel(1, uV=-1.0), "NoisyChannel.uV"),
        (lambda: OutOfBrain(), "OutOfBrain.above_um"),
        (lambda: OutOfBrain(5.0, channels=(3,)), "OutOfBrain.above_um"),
        (lambda: OutOfBrain(NAN), "OutOfBrain.above_um"),
        (lambda: StimulationArtifact(), "StimulationArtifact.at_s"),
        (lambda: StimulationArtifact((0.5, -1.0)), "StimulationArtifact.at_s"),
        (lambda: StimulationArtifact(0.5, uV=INF), "StimulationArtifact.uV"),
        (lambda: StimulationArtifact(0.5, pulses=0), "StimulationArtifact.pulses"),
        (lambda: StimulationArtifact(0.5, pulse_hz=0.0), "StimulationArtifact.pulse_hz"),
        (lambda: StimulationArtifact(0.5, code=-1), "StimulationArtifact.code"),
        (lambda: MovementArtifact(1.0), "MovementArtifact.rate_hz"),
        (lambda: MovementArtifact(0.1, length_ms=(500.0, 100.0)), "MovementArtifact.length_ms"),
        (lambda: DroppedPackets(-0.5), "DroppedPackets.rate_hz"),
        (lambda: DroppedPackets(900.0), "DroppedPackets.rate_hz"),
        (lambda: DroppedPackets(fill="noise"), "DroppedPackets.fill"),
        (lambda: Acquisition(faults=(3,)), "Acquisition.faults"),
        (lambda: Acquisition(faults={"part": "Broken"}), "Acquisition.faults"),
        (lambda: Acquisition(faults="DeadChannel"), "Acquisition.faults"),
        (lambda: spec(DeadChannel(24)), "DeadChannel.channels"),
        (lambda: spec(NoisyChannel(24)), "NoisyChannel.channels"),
        (lambda: spec(OutOfBrain(channels=(24,))), "OutOfBrain.channels"),
        (lambda: spec(OutOfBrain(1e6)), "OutOfBrain.above_um"),
        (lambda: spec(OutOfBrain(-1.0)), "OutOfBrain.above_um"),
        (lambda: spec(OutOfBrain(100.0), OutOfBrain(channels=range_(0, 14))), "Acquisition.faults"),
        (lambda: spec(StimulationArtifact(0.5, channel=24)), "StimulationArtifact.channel"),
        (lambda: SessionSpec.tiny(acquisition=Acquisition(faults=DeadChannel(0))), "Acquisition.faults"),
    ],
)
def test_hostile_values_are_refused(make, field):
    """A value that a field cannot be is an error that names the field."""
    with pytest.raises(MockSessionError) as caught:
        make()
    assert caught.value.subject == field


def range_(first, last):
    """Return the channels from the first to the last."""
    return tuple(range(first, last))


def test_rates_of_nothing_are_no_faults():
    """Faults at a rate of 0 are listed nowhere; a pulse before and after the recording is none either."""
    made = truth(spec(DroppedPackets(0.0), MovementArtifact(0.0), StimulationArtifact((3.5, 1e6))))
    assert list(made.faults) == []
    assert not made.layer("fault.movement").read(0).any()
