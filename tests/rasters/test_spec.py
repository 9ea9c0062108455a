"""Specs: validated, told as plain values, and drawn the same however they are taken."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.ground.errors import BadFileError
from mockrawio.rasters import (
    FunctionalGroup,
    RasterSpec,
    generate,
    generate_raster,
    group_profile,
    group_rates,
    iter_raster,
    read_sonata,
    write_sonata,
)

SDS = 4.5
EXC = FunctionalGroup("exc", 80, 10.0, log_rate_sd=0.5, profile="noise")
INH = FunctionalGroup("inh", 20, 30.0, follows="exc", refractory_ms=2.0)
SYNC = FunctionalGroup("sync", 10, 5.0, synchrony=0.3, max_one_per_bin=True)
SPEC = RasterSpec((EXC, INH, SYNC), duration_s=4.0, seed=1, start_id=5)


def assert_same(found, expected):
    """Assert that two rasters have the same spikes in the same order."""
    np.testing.assert_array_equal(found.times_ms, expected.times_ms)
    np.testing.assert_array_equal(found.node_ids, expected.node_ids)


def test_groups_and_order():
    """Groups have consecutive ids, spikes come by time, and each group has about its rate."""
    raster = generate_raster(SPEC)
    assert raster.groups == {"exc": range(5, 85), "inh": range(85, 105), "sync": range(105, 115)}
    assert raster.n_units == 110 and raster.duration_ms == 4000
    assert raster.sorted_by("time") is raster
    inh = raster.group("inh")
    assert abs(len(inh) - 20 * 30 * 4) < SDS * np.sqrt(20 * 30 * 4)
    assert np.isin(inh.node_ids, np.arange(85, 105)).all()
    with pytest.raises(MockSessionError, match="one of exc, inh, sync; found 'all'"):
        raster.group("all")


def test_the_same_seed_the_same_bytes(tmp_path):
    """A spec makes the same file again; another seed makes another."""
    paths = [write_sonata(tmp_path / f"{n}.h5", generate_raster(spec)) for n, spec in enumerate((SPEC, SPEC))]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    other = generate_raster(RasterSpec.from_dict({**SPEC.to_dict(), "seed": 2}))
    assert other.times_ms[0] != generate_raster(SPEC).times_ms[0]


def test_a_group_does_not_depend_on_later_ones():
    """Adding a group leaves the spikes of those before it as they were."""
    alone = generate_raster(RasterSpec((EXC,), duration_s=4.0, seed=1, start_id=5))
    assert_same(generate_raster(SPEC).group("exc"), alone)


def test_stretches(monkeypatch, tmp_path):
    """Many stretches follow each other, keep refractory periods across their bounds, and make one file."""
    monkeypatch.setattr(generate, "STRETCH", 300)
    blocks = list(iter_raster(SPEC))
    assert len(blocks) > 10
    assert [block.start_ms for block in blocks[1:]] == pytest.approx([block.stop_ms for block in blocks[:-1]])
    for block in blocks:
        assert ((block.times_ms >= block.start_ms) & (block.times_ms <= block.stop_ms)).all()
    raster = generate_raster(SPEC)
    inh = raster.group("inh").sorted_by("id")
    same = np.diff(inh.node_ids.astype(int)) == 0
    assert np.diff(inh.times_ms)[same].min() >= 2.0 - 1e-9
    assert_same(read_sonata(write_sonata(tmp_path / "spikes.h5", iter_raster(SPEC))), raster)


def test_rates_are_log_normal():
    """Rates have the mean that was asked for, and their logarithms the standard deviation."""
    group = FunctionalGroup("many", 20_000, 8.0, log_rate_sd=0.6)
    logs = np.log(group_rates(RasterSpec((group,), 1.0), group))
    assert abs(logs.mean() - (np.log(8) - 0.18)) < SDS * 0.6 / np.sqrt(20_000)
    assert abs(logs.std() / 0.6 - 1) < SDS / np.sqrt(2 * 20_000)


def test_followers():
    """A follower's profile is its leader's rate, late by `shift_ms` and of mean 1."""
    spec = RasterSpec((EXC, FunctionalGroup("inh", 5, 10.0, follows="exc", shift_ms=6.0)), 4.0, seed=3, dt_ms=2.0)
    counts = np.histogram(generate_raster(spec).group("exc").times_ms, bins=np.arange(2001) * 2.0)[0]
    late = np.roll(counts, 3)
    expected = (late - late.min()) / (late.max() - late.min()) + 0.5
    np.testing.assert_allclose(group_profile(spec, spec.groups[1]), expected / expected.mean())


def test_followers_of_silence():
    """Who follows a silent group fires evenly."""
    spec = RasterSpec((FunctionalGroup("a", 0, 0.0), FunctionalGroup("b", 1, 9.0, follows="a")), 1.0)
    np.testing.assert_array_equal(group_profile(spec, spec.groups[1]), 1)


def test_profiles_given_and_noise():
    """A profile given is used as it is; noise has mean 1."""
    steps = FunctionalGroup("steps", 100, 100.0, profile=np.repeat([0.0, 2.0], 500))
    spec = RasterSpec([steps, EXC], 1.0)
    assert generate_raster(spec).group("steps").times_ms.min() >= 500
    assert group_profile(spec, EXC).mean() == pytest.approx(1)


def test_plain_values():
    """A spec goes through JSON and comes back; it can be hashed."""
    spec = RasterSpec((FunctionalGroup("a", 1, 2.0, profile=[1, 2, 3]), SYNC), duration_s=0.003)
    assert RasterSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert hash(spec) == hash(RasterSpec.from_dict(spec.to_dict()))


def test_toml(tmp_path):
    """A TOML file has the fields at the top and a table for each group."""
    path = tmp_path / "groups.toml"
    path.write_text(
        'duration_s = 2\nseed = 4\n[[groups]]\nname = "exc"\nn_units = 3\nrate_hz = 5\nprofile = "noise"\n'
        '[[groups]]\nname = "inh"\nn_units = 2\nrate_hz = 9.5\nfollows = "exc"\n'
    )
    exc, inh = FunctionalGroup("exc", 3, 5.0, profile="noise"), FunctionalGroup("inh", 2, 9.5, follows="exc")
    assert RasterSpec.from_toml(path) == RasterSpec((exc, inh), 2.0, seed=4)
    path.write_text("duration_s = ")
    with pytest.raises(BadFileError, match="expected a TOML file"):
        RasterSpec.from_toml(path)


GROUP = {"name": "a", "n_units": 2, "rate_hz": 1.0}


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"name": ""}, "name"),
        ({"n_units": 1.5}, "group 'a': n_units: expected a whole number"),
        ({"rate_hz": -1}, "rate_hz"),
        ({"rate_hz": float("nan")}, "rate_hz"),
        ({"profile": "loud"}, "profile"),
        ({"profile": [1.0, 2.0]}, "profile: expected 1000 numbers, one for each bin; found 2"),
        ({"profile": [[1.0]]}, "profile"),
        ({"follows": "b"}, "follows: expected the name of a group before it .none.; found 'b'"),
        ({"profile": "noise", "follows": "b"}, "follows: expected None beside a profile"),
        ({"rate": 1}, "group 'a': expected fields among .*; found rate"),
        ({"synchrony": 2}, "synchrony"),
        ({"gamma_shape": 0}, "gamma_shape"),
        ({"max_one_per_bin": 1}, "max_one_per_bin"),
    ],
)
def test_bad_groups(fields, match):
    """A group's field that is not right is refused, with the group's name."""
    with pytest.raises(MockSessionError, match=match):
        RasterSpec.from_dict({"groups": [{**GROUP, **fields}], "duration_s": 1})


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"groups": []}, "groups: expected one group or more"),
        ({"groups": [1]}, "groups: expected functional groups"),
        ({"groups": [GROUP, GROUP]}, "names that differ; found 'a' twice"),
        ({"groups": [{"name": "a"}]}, "a field n_units, rate_hz"),
        ({"duration_s": 0}, "duration_s"),
        ({"duration_s": "1"}, "duration_s"),
        ({"seed": -1}, "seed"),
        ({"dt_ms": 0}, "dt_ms"),
        ({"units": 1}, "spec: expected fields among .*; found units"),
    ],
)
def test_bad_specs(fields, match):
    """A spec's field that is not right is refused by its name."""
    with pytest.raises(MockSessionError, match=match):
        RasterSpec.from_dict({"groups": [GROUP], "duration_s": 1, **fields})


def test_rates_too_high_for_the_dead_time():
    """A refractory period that a drawn rate cannot have is refused when the rates are drawn."""
    group = FunctionalGroup("a", 2, 600.0, refractory_ms=2.0)
    with pytest.raises(MockSessionError, match="refractory_ms: expected less than"):
        generate_raster(RasterSpec((group,), 1.0))
