"""The units as a part of a spec: what they take, their JSON form, and how shares and rates are spread."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate.parts.form import from_fields
from mockrawio.generate.parts.units import Classes, Exponential, LogNormal, Power, Uniform, Units

from . import floor, linear


@pytest.mark.parametrize(
    "units",
    [
        Units(),
        Units(None),
        Units(60, rate_hz=LogNormal(1.5, sd=0.5), snr=(3, 20), min_distance_um=20),
        Units(5, rate_hz=(2, 8), amplitude_uV=(40, 90), footprint=Power((20, 30), power=(2, 2)), jitter=False),
        Units(5, rate_hz=7, classes=Classes(broad=0, axonal=3), footprint=Exponential((20, 20)), multi=0),
    ],
    ids=repr,
)
def test_units_come_back_from_json(units):
    """Units are the same again after a trip through JSON."""
    assert (
        from_fields(Units, {k: v for k, v in json.loads(json.dumps(units.to_dict())).items() if k != "part"}) == units
    )


def test_rates_may_be_numbers():
    """A number is the rate of all units, two are the lowest and the highest."""
    assert Units(rate_hz=5).rate_hz == Uniform(5, 5)
    assert Units(rate_hz=[1, 4]).rate_hz == Uniform(1, 4)
    probe = linear(1)
    assert {cell.rate_hz for cell in Units(10, rate_hz=5).cells(probe, floor(probe))} == {5.0}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("n", -1, "None, or a whole number from 0"),
        ("snr", (5, 3), "the lowest and the highest"),
        ("snr", (0, 3), "two numbers from 0.01"),
        ("rate_hz", "fast", "LogNormal, Uniform"),
        ("rate_hz", (8, 2), "at least low, 8"),
        ("rate_hz", 200, "half of the time free with 3 ms"),
        ("cells_per_multi", (1, 2), "two whole numbers from 2"),
        ("classes", 3, "the classes of cells: Classes"),
        ("footprint", "far", "Exponential, Power"),
        ("multi", 1.5, "a number from 0 to 1"),
    ],
)
def test_what_units_refuse(field, value, message):
    """What a field cannot be is refused by its name, with what it may be."""
    with pytest.raises(MockSessionError, match=message):
        Units(**{field: value})


def test_some_class_is_needed():
    """Units need one class of cells at least."""
    with pytest.raises(MockSessionError, match="one weight above 0"):
        Classes(broad=0, narrow=0, triphasic=0, axonal=0, positive=0)


@pytest.mark.parametrize("n", [20, 60, 200])
def test_classes_have_their_shares(n):
    """So many units are of each class as its weight says, give or take two in twenty or a share of it."""
    probe = linear(2, 256)
    cells = Units(n, multi=0).cells(probe, floor(probe))
    found = Counter(cell.kind for cell in cells)
    for kind, weight in Classes().to_dict().items():
        if kind != "part":
            assert abs(found[kind] - n * weight) <= 2 + n / 100


@pytest.mark.parametrize("seed", range(5))
def test_snr_is_spread_by_ratios(seed):
    """A third of the single units lies in each third of the span, on the scale of ratios, at any seed."""
    probe = linear(seed, 64)
    snr = np.array([cell.snr for cell in Units(30, multi=0, snr=(2, 16)).cells(probe, floor(probe))])
    assert np.all(np.abs(np.histogram(snr, (2, 4, 8, 16))[0] - 10) <= 2)


def test_no_cell_fires_faster_than_it_can():
    """Rates out of a wide distribution stay where refractory periods take half of the time at most."""
    probe = linear(1, 128)
    cells = Units(100, rate_hz=LogNormal(20, sd=2), refractory_ms=5).cells(probe, floor(probe))
    assert max(cell.rate_hz for cell in cells) == 100
    assert min(cell.rate_hz for cell in cells) >= 0.01


def test_units_take_no_bits_of_others():
    """The draws of units are their own: other sampling rates and noise leave places, classes and rates as they are."""
    one, other = linear(5), linear(5, sampling_rate=24_000, gain_uV=1.0)
    here, there = Units(20).cells(one, floor(one)), Units(20).cells(other, floor(other, 9))
    for a, b in zip(here, there, strict=True):
        assert (a.location, a.kind, a.shape, a.rate_hz) == (b.location, b.kind, b.shape, b.rate_hz)
