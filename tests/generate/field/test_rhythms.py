"""Rhythms and what rides on them: bursts stand where they are listed, and phases are what a layer says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mockrawio.generate.parts.field import Nested, Rhythm
from tests.generate.field.made import GAIN_UV, THETA, analytic, layers, linear, piece

RATE = 1000
N = 200 * RATE
PLACES = linear(12, 400.0)
GAMMA = Nested("gamma", 60.0, wander_hz=2.0)


@pytest.fixture(scope="module")
def both() -> dict:
    """Theta and gamma at 1 kHz on 12 contacts 400 µm apart."""
    return layers((THETA, GAMMA), places=PLACES, rate=RATE)


@pytest.fixture(scope="module")
def theta(both) -> np.ndarray:
    """200 s of theta, µV."""
    return piece(both["theta"], 0, N) * GAIN_UV


@pytest.fixture(scope="module")
def gamma(both) -> np.ndarray:
    """200 s of gamma, µV."""
    return piece(both["gamma"], 0, N) * GAIN_UV


def whole_events(layer, n: int = N) -> np.ndarray:
    """Return the events that lie in the first `n` samples from beginning to end."""
    events = layer.events(0, 0, n)
    return events[(events["start"] >= 0) & (events["stop"] <= n)]


def test_bursts_come_as_asked(both):
    """Bursts are as many and as long as asked, and never overlap: in 10,000 s 2000, within 5 of their deviations."""
    events = both["theta"].events(0, 0, 10_000 * RATE)
    gaps = (1 / 0.2 - 3.0) * np.sqrt(len(events))  # the deviation of their sum, in s; of each it is its mean
    assert len(events) == pytest.approx(2000, abs=5 * gaps * 0.2)
    lengths = (events["stop"] - events["start"]) / RATE
    assert lengths.min() >= 1.0 - 0.002
    assert lengths.max() <= 3.0 + 0.002
    assert lengths.mean() == pytest.approx(2.0, abs=5 * 2 / np.sqrt(12 * len(events)))
    assert (events["start"][1:] >= events["stop"][:-1] - 1).all()


def test_a_burst_stands_where_it_is_listed(both, theta):
    """At its peak a burst is as large as listed, within a count, the largest of it, and outside bursts is silence."""
    events = whole_events(both["theta"])
    assert len(events) > 30
    quiet = np.ones(N, bool)
    for event in both["theta"].events(0, 0, N):
        quiet[max(0, event["start"]) : event["stop"] + 1] = False
    assert not theta[quiet].any()
    for event in events:
        signal = theta[event["start"] : event["stop"], event["channel"]]
        at = theta[event["peak"], event["channel"]]
        assert at == pytest.approx(event["uV"], abs=0.02 * event["uV"])  # a sample is up to .5 ms from the crest
        assert signal.max() <= 1.03 * at
        assert np.abs(theta[event["start"] : event["stop"]]).max(axis=0).argmax() == event["channel"]


def test_phase_is_what_the_layer_says(both, theta):
    """In bursts the phase of the signal is what the layer says, at every contact within .1 rad in the median."""
    layer, signal = both["theta"], analytic(theta, RATE, 3.0, 12.0)
    middles = np.sort(whole_events(layer)["peak"])
    frames = np.sort(np.concatenate([middles - 100, middles, middles + 100]))
    for contact in range(len(PLACES)):
        said = layer.phase(0, frames, contact)
        assert ((said >= 0) & (said < 2 * np.pi)).all()
        difference = np.angle(signal[frames, contact] * np.exp(-1j * said))
        assert np.median(np.abs(difference)) < 0.1
    assert np.array_equal(layer.phase(0, frames, layer.spot.contact), layer.phase(0, frames))


def test_a_wave_travels(both):
    """Contacts lag by their distance along a direction, a turn in 12 mm; neighbours 25 µm apart within .1 rad."""
    lags = both["theta"].lags * 2 * np.pi
    steps = np.diff(lags)
    assert np.ptp(steps) < 1e-9
    assert 0 < np.abs(steps[0]) <= 400 / 12000 * 2 * np.pi
    near = np.diff(layers((THETA,), places=linear(12, 25.0))["theta"].lags) * 2 * np.pi
    assert np.abs(near).max() <= 25 / 12000 * 2 * np.pi < 0.1


def test_it_falls_from_its_place(theta):
    """It is a half at its spread from where it is strongest, 1 / (1 + square of the distance)."""
    layer = layers((replace(THETA, spread_um=1000.0),), places=PLACES, rate=RATE)["theta"]
    sizes = np.abs(piece(layer, 0, N) * GAIN_UV).max(axis=0)
    distances = np.linalg.norm(PLACES - PLACES[layer.spot.contact], axis=1) / 1000
    assert sizes == pytest.approx(sizes[layer.spot.contact] / (1 + distances**2), abs=2.0)


def test_its_frequency_wanders_around_its_mean(both):
    """The layer's phase goes on at 7 Hz in the mean, and its frequency varies by .5 Hz, within 15 %."""
    layer = both["theta"]
    turns = layer.turns(0, np.arange(0, 2000, 0.01))
    frequency = np.diff(turns) / 0.01
    assert frequency.mean() == pytest.approx(7.0, abs=0.01)  # a wander of a turn or two in 2000 s
    assert frequency.std() == pytest.approx(0.5, rel=0.15)
    assert np.abs(np.diff(turns, 2)).max() < 0.01  # no step anywhere, at borders of blocks neither


def test_a_steady_rhythm_is_one_line():
    """A rhythm that does not wander is a cosine of its frequency, exact to the table, for an hour."""
    layer = layers((Rhythm("alpha", 10.0, wander_hz=0.0),), rate=RATE)["alpha"]
    turns = layer.turns(0, np.arange(3600 * RATE) / RATE)
    assert np.abs(turns - np.arange(3600 * RATE) / 100).max() < 1e-9


def test_gamma_follows_the_carriers_phase(both, gamma):
    """Gamma comes with theta, a tenth as large at its trough as at its crest, within 2 % of the largest."""
    layer, carrier = both["gamma"], both["theta"]
    size = np.abs(analytic(gamma, RATE, 30.0, 90.0))[:, layer.spot.contact]
    events = whole_events(carrier)
    assert whole_events(layer)["start"].tolist() == events["start"].tolist()
    quiet = np.ones(N, bool)
    for event in carrier.events(0, 0, N):
        quiet[max(0, event["start"]) : event["stop"] + 1] = False
    assert not gamma[quiet].any()
    crests = events["peak"]
    troughs = crests + round(RATE / 7 / 2)
    expected = events["uV"] / THETA.uV * GAMMA.uV
    assert np.abs(size[crests] - expected).max() < 0.1 * GAMMA.uV
    assert np.median(size[troughs] / size[crests]) == pytest.approx(0.1, abs=0.06)


def test_gamma_stands_where_it_is_listed(both, gamma):
    """At its peak gamma is as large as listed, but for what half a sample takes of a crest, .5 %, and rounding."""
    events = whole_events(both["gamma"])
    at = gamma[events["peak"], events["channel"]]
    assert at == pytest.approx(events["uV"], rel=0.03)
    assert (events["channel"] == both["gamma"].spot.contact).all()


def test_gamma_at_another_phase():
    """Gamma that is asked for a quarter turn after the crest is largest there."""
    made = layers((THETA, replace(GAMMA, at_turn=0.25)), places=2, rate=RATE)
    times = np.arange(0, 200, 0.001)
    envelope, turns = made["gamma"].envelope(0, times), made["theta"].turns(0, times)
    share = envelope / np.maximum(made["theta"].envelope(0, times), 1e-9)
    sums = np.sum(share * np.exp(2j * np.pi * turns))
    assert np.angle(sums) / (2 * np.pi) == pytest.approx(0.25, abs=0.01)
