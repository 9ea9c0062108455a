"""The field in the truth about a session: its layers are in the sum, and what they did is listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec, truth
from mockrawio.generate import Evoked, Nested, Pink, Rhythm, Ripples, Sine
from mockrawio.generate.parts.acquisition import Acquisition
from mockrawio.generate.tissue import waves
from tests.generate.field.made import analytic
from tests.generate.folders import FEW_FAR

THETA = Rhythm("theta", 8.0, rate_hz=0.25, burst_s=(1.5, 3.0))
FIELD = (Pink(), THETA, Nested("gamma", 60.0), Ripples(1.0), Evoked("Events", code=4, uV=150.0))
SPEC = SessionSpec.broadband(
    segments=(8.0, 3.0), n_channels=12, n_units=4, field=FIELD, n_events=400, noise=FEW_FAR, seed=5
)


@pytest.fixture(scope="module")
def known():
    """The truth of a session with every part of the field."""
    return truth(SPEC)


@pytest.mark.parametrize("acquisition", [Acquisition(), Acquisition(2.34375, bits=8), Acquisition(0.02)], ids=str)
def test_the_recording_is_the_sum_of_its_layers(acquisition):
    """The sum of all layers, cut off, is the recording: in 16 bits, in 8, and where sums leave int16."""
    known = truth(replace(SPEC, acquisition=acquisition))
    assert {f"field.{part.label}" for part in FIELD} < set(known.layers)
    total = sum(known.layer(name).read(0, 60000, 90000) for name in known.layers)
    top = 2 ** (acquisition.bits - 1)
    assert np.array_equal(known.recording(0, 60000, 90000), np.clip(total, -top, top - 1))
    assert (np.abs(total).max() > top) == (acquisition.bits == 8)


@pytest.mark.parametrize("part", [part for part in FIELD if part.label != "theta"], ids=lambda part: part.label)
def test_a_part_off_leaves_the_others(known, part):
    """Without a part the recording is what it was less that part's layer, and the other layers are as they were."""
    without = truth(replace(SPEC, field=tuple(other for other in FIELD if other != part)))
    name = f"field.{part.label}"
    assert set(known.layers) - set(without.layers) == {name}
    for seg_index in range(2):
        rest = known.recording(seg_index).astype(np.int32) - known.layer(name).read(seg_index)
        assert np.array_equal(rest, without.recording(seg_index))


def test_a_field_of_none_is_silent():
    """A session without a field has no layer of it."""
    assert not [name for name in truth(replace(SPEC, field=())).layers if name.startswith("field")]


def test_a_longer_session_begins_with_the_shorter_ones_field():
    """The default field does not depend on how long a session is."""
    short, long = (
        truth(SessionSpec.broadband(duration_s=s, n_channels=4, n_units=1, noise=FEW_FAR, seed=3)) for s in (2.0, 9.0)
    )
    for name in short.layers:
        assert np.array_equal(short.layer(name).read(0), long.layer(name).read(0, 0, short.n_samples[0]))


def test_events_are_listed(known):
    """Every layer that has events lists them, by segment and by column, and responses follow the session's events."""
    events = known.events
    assert set(events) == {"field.theta", "field.gamma", "field.ripples", "field.evoked"}
    for table in events.values():
        assert set(table["channel"]) <= set(range(12))
        assert set(table["seg_index"]) <= {0, 1}
    assert len(events["field.evoked"]) > 40  # one of eight of 400


def test_listed_ripples_stand_in_the_recording():
    """At a listed ripple the recording's band of 100 to 200 Hz is above 5 standard deviations of the rest."""
    spec = replace(SPEC, segments=(30.0,), field=(Pink(), THETA, Ripples(0.8)))
    known = truth(spec)
    table = known.events["field.ripples"]
    inside = table[(table["peak"] > 8000) & (table["peak"] < known.n_samples[0] - 8000)]
    assert len(inside) > 8
    channel = int(np.bincount(inside["channel"]).argmax())
    band = np.abs(analytic(known.recording(0)[:, channel].astype(float), 32000, 100.0, 200.0)) * known.gain_uV
    quiet = np.ones(len(band), bool)
    for event in table:
        quiet[max(0, event["start"]) : event["stop"]] = False
    assert (band[inside["peak"]] > 5 * band[quiet].std()).all()


def test_listed_bursts_stand_in_the_recording():
    """At a listed burst the recording's band around 8 Hz is as large as listed, within what the background has there.

    The background of 100 µV has some 10 µV from 6 to 10 Hz; four of these are allowed.
    """
    spec = replace(SPEC, segments=(30.0,), field=(Pink(), THETA))
    known = truth(spec)
    table = known.events["field.theta"]
    inside = table[(table["peak"] > 16000) & (table["peak"] < known.n_samples[0] - 16000)]
    assert len(inside) > 4
    recording = known.recording(0)[::32].astype(float) * known.gain_uV
    for event in inside:
        band = np.abs(analytic(recording[:, event["channel"]], 1000, 6.0, 10.0))
        assert band[event["peak"] // 32] == pytest.approx(event["uV"], abs=40)


def test_responses_stand_in_the_mean_around_events():
    """The mean of the recording after the session's events of a code is deepest at the latency, within 15 ms."""
    answer = Evoked("Events", code=4, uV=150.0, latency_ms=80.0)
    spec = replace(SPEC, segments=(40.0,), n_events=400, field=(Pink(30.0), answer))
    known = truth(spec)
    table = known.events["field.evoked"]
    table = table[(table["start"] > 0) & (table["stop"] < known.n_samples[0])]
    starts, channel = table["peak"] - round(0.08 * 32000), int(table["channel"][0])
    recording = known.recording(0)[:, channel] * known.gain_uV
    mean = np.mean([recording[at : at + 9600] for at in starts], axis=0)
    assert len(starts) > 40
    assert mean.argmin() / 32 == pytest.approx(80, abs=15)
    assert mean.min() < -100


def test_waves_are_known_before_the_session(known):
    """Rhythms have the phase that their layers have, from the spec alone, for what is locked to it."""
    made = waves(SPEC, known.plan.cast.setting)
    assert list(made) == ["theta", "gamma"]
    event = known.events["field.theta"][0]
    frames = np.array([max(0, event["peak"])])
    contact = int(np.argsort(SPEC.contacts.order)[event["channel"]])
    phase = made["theta"].phase(0, frames, contact)
    assert min(phase[0], 2 * np.pi - phase[0]) < 0.05  # a crest, where it is strongest


def test_the_same_part_twice():
    """A part that is there twice has two layers with samples of their own, and two rhythms need two names."""
    known = truth(replace(SPEC, field=(Pink(), Pink(50.0), THETA, Rhythm("alpha", 10.0))))
    assert [name for name in known.layers if name.startswith("field")] == [
        "field.pink",
        "field.pink.2",
        "field.theta",
        "field.alpha",
    ]
    first, second = (known.layer(name).read(0, 0, 60000)[:, 0] for name in ("field.pink", "field.pink.2"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.9


def test_what_rides_may_come_before_its_carrier(known):
    """The order of parts is the order of layers, and changes none of them."""
    turned = truth(replace(SPEC, field=FIELD[::-1]))
    assert next(name for name in turned.layers if name.startswith("field")) == "field.evoked"
    assert np.array_equal(turned.recording(1), known.recording(1))


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ((Nested("gamma", 60.0),), "SessionSpec.field: expected a Rhythm by the name of each carrier"),
        ((Rhythm(), Rhythm()), "SessionSpec.field: expected rhythms with names that differ"),
        ((Sine(),), r"SessionSpec.field: expected Sine\(\) alone, in a session without a stream"),
        ("theta", "SessionSpec.field: expected a tuple of parts: Pink, Rhythm, Nested, Ripples, Evoked, Sine"),
    ],
)
def test_a_field_that_cannot_be(field, says):
    """What a field cannot be is an error that says what it may be."""
    with pytest.raises(MockSessionError, match=says):
        SessionSpec.broadband(field=field)


def test_a_spec_of_json_has_the_same_field():
    """A spec from its mapping has the field of the first one."""
    assert SessionSpec.from_dict(SPEC.to_dict()) == SPEC
