"""The parts of firing as values: their forms in JSON and TOML, and what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mockrawio.generate.parts.firing import (
    Bursts,
    EventLocked,
    Firing,
    Gamma,
    PhaseLocked,
    Profile,
    Synchrony,
)
from mockrawio.generate.parts.form import from_fields
from mockrawio.ground.errors import MockSessionError

from .test_trains import ALL


def test_json():
    """All parts are the same after they went through JSON."""
    values = json.loads(json.dumps(ALL.to_dict()))
    assert values.pop("part") == "Firing"
    assert from_fields(Firing, values) == ALL


def test_short_forms():
    """One lock need not be in a tuple, a mapping is a part, and an array is points."""
    assert Firing(locked=Profile()).locked == (Profile(),)
    assert Firing({"part": "Gamma", "shape": 3.0}).process == Gamma(3.0)
    assert Firing(bursts={"share": 0.1}).bursts == Bursts(0.1)
    assert Profile(np.array([[0, 1], [5, 2]])).points == ((0.0, 1.0), (5.0, 2.0))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Firing("poisson"), "Firing.process"),
        (lambda: Firing(locked=Gamma()), "Firing.locked"),
        (lambda: Gamma(0.0), "Gamma.shape"),
        (lambda: Bursts(2.0), "Bursts.share"),
        (lambda: Bursts(n=(1, 2)), "Bursts.n"),
        (lambda: Synchrony(-1.0), "Synchrony.rate_hz"),
        (lambda: Synchrony(group=1), "Synchrony.group"),
        (lambda: EventLocked(7), "EventLocked.events"),
        (lambda: EventLocked(code=0.5), "EventLocked.code"),
        (lambda: PhaseLocked(kappa=np.nan), "PhaseLocked.kappa"),
        (lambda: Profile(()), "Profile.points"),
        (lambda: Profile(((0.0, 1.0), (0.0, 2.0))), "Profile.points"),
        (lambda: Profile(((0.0, -1.0),)), "Profile.points"),
        (lambda: Profile((1.0, 2.0)), "Profile.points"),
    ],
)
def test_refused(make, field):
    """What a field cannot be is an error that names it."""
    with pytest.raises(MockSessionError) as caught:
        make()
    assert caught.value.args[0] == field
