"""Ripples and responses: each stands in the signal where it is listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mockrawio.generate.parts.field import Evoked, Ripples
from tests.generate.field.made import GAIN_UV, MARKS, analytic, layers, linear, piece

RATE = 4000
N = 60 * RATE


@pytest.fixture(scope="module")
def layer():
    """Ripples on 40 contacts 25 µm apart."""
    return layers((Ripples(1.0),), places=40, rate=RATE)["ripples"]


@pytest.fixture(scope="module")
def ripples(layer) -> np.ndarray:
    """A minute of ripples, µV."""
    return piece(layer, 0, N) * GAIN_UV


def whole_events(layer) -> np.ndarray:
    """Return the events that lie in the minute from beginning to end."""
    events = layer.events(0, 0, N)
    return events[(events["start"] >= 0) & (events["stop"] <= N)]


def test_a_ripple_stands_where_it_is_listed(layer, ripples):
    """Its deepest trough is at its sample, twice its amplitude deep with its sharp wave, and nothing is elsewhere."""
    events, quiet = whole_events(layer), np.ones(N, bool)
    assert len(events) > 30
    for event in layer.events(0, 0, N):
        quiet[max(0, event["start"]) : event["stop"] + 1] = False
    assert not ripples[quiet].any()
    for event in events:
        signal = ripples[event["start"] : event["stop"]]
        assert signal[:, event["channel"]].argmin() == pytest.approx(event["peak"] - event["start"], abs=1)
        assert ripples[event["peak"], event["channel"]] == pytest.approx(-2 * event["uV"], rel=0.02)
        assert signal.min(axis=0).argmin() == event["channel"]


def test_ripples_are_fast_short_and_near_to_each_other(layer, ripples):
    """Each has its power between 120 and 180 Hz, lasts .05 to .12 s of 1.5 times that, and is within .2 mm."""
    events = whole_events(layer)
    lengths = (events["stop"] - events["start"]) / RATE
    assert lengths.min() >= 0.075 - 0.001
    assert lengths.max() <= 0.18 + 0.001
    assert np.ptp(events["channel"]) * 25.0 <= 2 * 300 * np.sqrt(1 / 0.7 - 1)
    assert len(np.unique(events["channel"])) > 5
    for event in events:
        signal = ripples[event["start"] : event["stop"], event["channel"]]
        power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), 1 << 13)) ** 2
        frequencies = np.fft.rfftfreq(1 << 13, 1 / RATE)
        fast = frequencies > 80
        assert 110 < frequencies[fast][power[fast].argmax()] < 190


def test_a_ripple_falls_with_distance(layer, ripples):
    """From where it is strongest it is a half at .3 mm, within a count and a half."""
    for event in whole_events(layer)[:10]:
        distance = (np.arange(40) - event["channel"]) * 25.0 / 300
        expected = ripples[event["peak"], event["channel"]] / (1 + distance**2)
        assert np.abs(ripples[event["peak"]] - expected).max() < 1.5 * GAIN_UV


def test_ripples_are_as_many_as_asked(layer):
    """In 2000 s there are 2000, within 5 deviations of a sum of gaps of .5 s in the mean."""
    n = len(layer.events(0, 0, 2000 * RATE))
    assert n == pytest.approx(2000, abs=5 * 0.5 * np.sqrt(2000) + 2)


def test_without_a_sharp_wave_a_ripple_has_no_slow_part():
    """Where no sharp wave is asked for, what is below 40 Hz is small."""
    some = [layers((replace(Ripples(1.0), sharp=sharp),), places=1, rate=RATE)["ripples"] for sharp in (0.0, 1.0)]
    bare, full = (np.abs(analytic(piece(one, 0, N).astype(float), RATE, 0.5, 40.0)).max() for one in some)
    assert bare < 0.1 * full


@pytest.fixture(scope="module")
def evoked():
    """Responses on 8 contacts 500 µm apart."""
    return layers((Evoked(latency_ms=100.0),), places=linear(8, 500.0), rate=RATE)["evoked"]


def test_a_response_stands_where_it_is_listed(evoked):
    """An event is answered: the signal is deepest 100 ms after it, as deep as listed, and silent before it."""
    signal = piece(evoked, 0, 12 * RATE) * GAIN_UV
    events = evoked.events(0, 0, 12 * RATE)
    assert events["peak"].tolist() == np.rint((MARKS[0] + 0.1) * RATE).astype(int).tolist()
    for event, mark in zip(events[[0, 3, 4]], MARKS[0][[0, 3, 4]], strict=True):  # those that stand alone
        at = signal[event["peak"], event["channel"]]
        assert at == pytest.approx(-event["uV"], rel=0.02)
        here = signal[event["start"] : event["stop"], event["channel"]]
        assert here.min() >= at - GAIN_UV  # a count
        assert not signal[event["start"] - RATE // 10 : event["start"]].any()
        assert event["start"] == round((mark + 0.05) * RATE)
    assert len(set(events["uV"])) == len(events)


def test_responses_that_overlap_are_added(evoked):
    """Where one response has not ended when the next begins, the signal is the sum of both, within two counts."""
    both = piece(evoked, RATE, 2 * RATE)
    first, second = MARKS[0].copy(), MARKS[0].copy()
    first[2], second[1] = 1.9, 0.21  # one of them elsewhere, the order as it is
    alone = [
        layers((Evoked(latency_ms=100.0),), (marks, *MARKS[1:]), places=linear(8, 500.0), rate=RATE)["evoked"]
        for marks in (first, second)
    ]
    parts = [piece(layer, RATE, 2 * RATE)[: int(0.9 * RATE)] for layer in alone]
    assert all(part.any() for part in parts)
    assert np.abs(both[: int(0.9 * RATE)] - sum(parts)).max() <= 2


def test_segments_answer_their_own_events(evoked):
    """A segment has the responses to its own events, and one without events has none."""
    assert [len(evoked.events(k, 0, 12 * RATE)) for k in range(3)] == [5, 1, 0]
    assert not piece(evoked, 0, 12 * RATE, seg_index=2).any()
    assert not piece(evoked, 0, 3 * RATE, seg_index=1).any()
    assert piece(evoked, 3 * RATE, 4 * RATE, seg_index=1).any()
