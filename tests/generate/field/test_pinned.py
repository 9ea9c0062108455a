"""The numbers that the field is made of: cosines, splines, places, bounds and what is listed, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate.cosine import TURN, bump, cosine, cosine_table
from mockrawio.generate.draws import normal_table
from mockrawio.generate.parts.field import Evoked, Nested, Pink, Rhythm, Ripples
from mockrawio.generate.parts.field.bursts import Begun, Onsets, most_factor
from mockrawio.generate.parts.field.layer import FieldLayer
from mockrawio.generate.parts.field.place import Spot, fall
from mockrawio.generate.parts.field.smooth import Smooth
from tests.generate.pins import held

from .made import MARKS, PARTS, layers, linear, piece, setting


def test_cosines():
    """A turn has 65536 steps, of nine digits; turns between two steps are those of the nearest."""
    table = cosine_table()
    assert (len(table), table.flags.writeable, TURN) == (65536, False, 65536)
    held("cosine", table)
    assert cosine(np.array([0, 0.25, 0.5, 0.75, 1, -0.5, 7.25, 1 / 3, 1 / 6])).tolist() == [
        *(1, 0, -1, 0, 1, -1, 0, table[21845], table[10923])
    ]
    assert cosine(np.array([0.4 / TURN, 0.6 / TURN, 1.4 / TURN])).tolist() == table[[0, 1, 1]].tolist()
    assert bump(np.array([0, 1, -1, 2, -7.5, 0.5, -0.5])).tolist() == [1, 0, 0, 0, 0, 0.5, 0.5]
    assert bump(np.array([1 / 3, -2 / 3])) == pytest.approx([0.75, 0.25], abs=1e-4)


def test_where_something_is_strongest():
    """It is a contact in the tissue, with a direction of length 1; shares and lags are functions of place alone."""
    here = setting(7, outside=(0, 1, 2, 3, 4, 6))
    spot = Spot.drawn(here, "field.some")
    assert spot.contact == 5
    assert np.linalg.norm(spot.direction) == pytest.approx(1, abs=1e-15)
    held("spots", [Spot.drawn(setting(7, seed=seed), "field.some") for seed in range(4)])
    places = np.array([[0.0, 0, 0], [30, 40, 0], [0, 0, 100], [10, 20, 20]])
    spot = Spot(0, (0.6, 0.0, 0.8))
    assert spot.share(places, 50.0) == pytest.approx([1, 0.5, 0.2, 1 / (1 + 900 / 2500)])
    assert spot.lags(places, 100.0) == pytest.approx([0, 0.18, 0.8, 0.22])
    assert fall(places, places[1], 50.0)[:2] == pytest.approx([0.5, 1])


@pytest.mark.parametrize("step_s", [0.25, 2.0])
def test_smooth_noise(step_s):
    """It is the same whatever was asked before, over the border of two blocks of time; its size and bound are these."""
    noise = Smooth(setting(2), "some", 2, step_s, [1.0, 0.5, 0.25][: 3 if step_s < 1 else 1])
    times = np.arange(0, 52, 0.37)
    whole = noise.at(1, times)
    for cut in (1, 43, 44, 87, 100):
        again = Smooth(setting(2), "some", 2, step_s, [1.0, 0.5, 0.25][: 3 if step_s < 1 else 1])
        assert np.array_equal(again.at(1, times[cut:]), whole[cut:])
        assert np.array_equal(again.at(1, times[: cut + 1]), whole[: cut + 1])
    assert np.array_equal(noise.at(1, times[-1:]), whole[-1:])
    assert not np.array_equal(noise.at(0, times), whole)
    held(f"smooth.{step_s}", whole, noise.sd, noise.most)
    assert noise.most == pytest.approx(float(normal_table()[-1]) * (1.75 if step_s < 1 else 1))
    assert np.abs(whole).max() < noise.most


def test_what_is_drawn_for_events():
    """Even numbers are between two of them, by 65536ths; normal ones around 1, and a tenth at least."""
    begun = Begun(np.zeros(3), np.array([[0, 1, 2, 3], [32768, 0, 0, 32768], [65535, 0, 0, 65535]], np.uint16))
    assert begun.real(0, (1.0, 3.0)).tolist() == [1.0, 2.0, 1 + 2 * 65535 / 65536]
    table = normal_table()
    assert begun.factor(3, 0.2).tolist() == [1 + 0.2 * table[3], 1 + 0.2 * table[32768], 1 + 0.2 * table[65535]]
    assert begun.factor(0, 0.2)[0] == 1 + 0.2 * table[0] > 0.1
    assert begun.factor(0, 0.3)[0] == 0.1
    assert most_factor(0.2) == 1 + 0.2 * table[65535]


def test_events_that_come_at_random():
    """Those that begin before an instant and may last until after another one; the same ones in any piece."""
    onsets = Onsets(setting(2), "field.some", 0.05, 3.0)
    every = onsets.within(0, 0.0, 2200.0).onsets
    assert every[0] < 2200
    assert (np.diff(every) >= 3.0).all()
    held("onsets", every, onsets.within(0, 0.0, 2200.0).words, Onsets(setting(2), "a", 0.05, 3.0).within(1, 5, 99))
    assert len(every[every > 960]) > 30  # blocks are of 1024 s, of which 64 s come before the first sample
    for start, stop in ((0.0, 30.0), (955.0, 965.0), (1500.0, 2100.0), (float(every[9]) + 3, float(every[12]))):
        expected = every[(every >= start - 3) & (every < stop)]
        assert np.array_equal(onsets.within(0, start, stop).onsets, expected)
    assert onsets.within(0, 0.0, 0.0).onsets.tolist() == every[every < 0].tolist()
    assert (Onsets(setting(2), "field.some", 1.0, 0.5).within(0, 0.0, 3.0).onsets >= -0.5).all()


VARIANTS = {
    "default": {},
    "slow": {"rate": 1000, "places": linear(9, 300.0)},
    "outside": {"rate": 5000, "outside": (0, 4), "seed": 12},
    "shifted": {"rate": "24414.0625", "shifts": [0.0, 0.25, 0.5, 0.75, 12 / 13]},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_samples_bounds_and_events(name):
    """What layers have in two segments, what none is beyond, and what is listed of them are these."""
    made = layers(**VARIANTS[name])
    for label, layer in made.items():
        events = [np.array(layer.events(k, 0, 60 * int(layer.setting.sampling_rate)).tolist()) for k in (0, 1)]
        at = max(0, int(events[1][0, 1]) - 60 if len(events[1]) else 500)
        held(f"field.{name}.{label}", piece(layer, at, at + 120, 1), layer.most, layer.step, *events)
        if label == "pink":
            held(f"field.{name}.pink.sd", layer.sd_uV)


def test_phases_and_crests():
    """A rhythm has its phase at each contact, and the crests next to some instants are where its turns are whole."""
    layer = layers()["theta"]
    times = np.array([0.3, 1.7, 20.05])
    crests = layer.crest(0, times)
    turns = layer.turns(0, crests)
    assert turns == pytest.approx(np.rint(turns), abs=1e-3)
    assert np.abs(crests - times).max() < 0.6 / 7
    frames = np.array([0, 1000, 90_000])
    whole = layer.turns(0, frames / 30_000)
    assert layer.phase(0, frames) == pytest.approx(whole % 1 * 2 * np.pi, abs=1e-9)
    assert layer.phase(0, frames, 3) == pytest.approx((whole - layer.lags[3]) % 1 * 2 * np.pi, abs=1e-9)
    assert (layer.phase(0, frames, layer.spot.contact) == layer.phase(0, frames)).all()
    assert layer.crest(0, np.empty(0)).tolist() == []
    held("theta.turns", whole, crests, layer.lags)


def test_envelopes():
    """A rhythm is 1 at the height of a mean burst; what rides on it is largest at a phase of its carrier."""
    parts = (PARTS[1], Nested("gamma", 60.0, depth=1.0, at_turn=0.25))
    made = layers(parts)
    theta, gamma = made["theta"], made["gamma"]
    times = np.arange(0, 40, 0.01)
    envelope, nested = theta.envelope(0, times), gamma.envelope(0, times)
    raised = 0.5 + 0.5 * np.cos(2 * np.pi * (theta.turns(0, times) - 0.25))
    assert nested == pytest.approx(envelope * raised, abs=1e-3)
    assert envelope.min() == 0
    assert 0.5 < envelope.max() <= theta.most_envelope
    assert theta.envelope(0, np.empty(0)) is None
    silent = layers((replace(PARTS[1], rate_hz=1e-4), parts[1]))
    assert silent["theta"].envelope(0, times) is None
    assert silent["gamma"].envelope(0, times) is None
    assert not piece(silent["gamma"], 0, 100).any()
    assert len(silent["gamma"].events(0, 0, 30_000)) == 0
    held("envelopes", envelope, nested)


def test_bursts_have_room():
    """Bursts of the longest kind take nine tenths of the time at most."""
    assert Rhythm(rate_hz=0.18).rate_hz == 0.18
    assert Rhythm(rate_hz=0.3, burst_s=(1.0, 3.0)).rate_hz == 0.3
    for rate_hz, longest, most in ((0.180001, 5.0, "0.18"), (0.300001, 3.0, "0.3"), (0.1285712, 7.0, "0.128571")):
        with pytest.raises(
            MockSessionError, match=f"at most {most}, with bursts of up to {longest:g} s; found {rate_hz}"
        ):
            Rhythm(rate_hz=rate_hz, burst_s=(1.0, longest))


@pytest.mark.parametrize("sharp", [0.0, 1.5])
def test_a_ripple_is_a_cosine_in_a_bump(sharp):
    """Its course is its factor times a cosine from its middle on, and a bump 1.5 times as long, downwards."""
    layer = layers((Ripples(1.0, sharp=sharp, uV=400.0),), places=1, rate=12_000)["ripples"]
    one = layer._drawn(0, 0.0, 20.0)[3]
    times = one.peak_s + np.linspace(-1.6, 1.6, 65) * one.half_s

    def raised(x):
        return 0.5 + 0.5 * np.cos(np.pi * np.minimum(abs(x), 1))

    since = times - one.peak_s
    expected = raised(since / one.half_s) * np.cos(2 * np.pi * one.hz * since) + sharp * raised(
        since / one.half_s / 1.5
    )
    assert one.course(times, sharp) == pytest.approx(-one.factor * expected, abs=1e-3)
    assert one.reach() == 1.5 * one.half_s
    samples = np.arange(int((one.peak_s - one.reach()) * 12_000), int((one.peak_s + one.reach()) * 12_000))
    found = piece(layer, samples[0], samples[-1] + 1)[:, 0] * 0.195
    assert found == pytest.approx(400 * one.course(samples / 12_000, sharp), abs=12)  # between knots


def test_a_response_is_two_waves():
    """It is a wave downwards at its latency and one upwards 2.2 latencies on."""
    layer = layers((Evoked(latency_ms=100.0, uV=500.0),), places=1, rate=4000)["evoked"]
    factor = layer.events(0, 0, 4000)["uV"][0] / 500
    times = np.arange(4000) / 4000

    def raised(x):
        return 0.5 + 0.5 * np.cos(np.pi * np.minimum(abs(x), 1))

    late = (times - MARKS[0][0]) / 0.1
    expected = -raised((late - 1) / 0.5) + 0.5 * raised((late - 2.2) / 1.0)
    found = piece(layer, 0, 4000)[:, 0] * 0.195
    assert found == pytest.approx(500 * factor * expected, abs=2)
    assert layer._most_at_once() == 2
    alone = layers((Evoked(latency_ms=50.0),), marks=(np.array([0.1]), np.empty(0), np.empty(0)))["evoked"]
    assert alone._most_at_once() == 1
    none = layers((Evoked(),), marks=(np.empty(0),) * 3)["evoked"]
    assert none._most_at_once() == 1
    assert not piece(none, 0, 900).any()
    assert alone.courses(0, np.array([0.2601, 0.3])) is None
    assert alone.courses(0, np.array([0.2599, 0.3])) is not None
    assert alone.courses(0, np.array([0.0, 0.1249])) is None
    assert alone.courses(0, np.array([0.0, 0.1251])) is not None


class Steps(FieldLayer):
    """A layer whose knots are given."""

    def __init__(self, here, values):
        super().__init__("field.steps", here)
        self.values = np.array(values)

    def counts(self, seg_index, times):
        knots = np.rint(times * float(self.setting.sampling_rate)).astype(int) // self.step
        found = np.zeros((len(times), self.setting.n_contacts), np.int32)
        there = knots < len(self.values)
        found[there] = self.values[knots[there], None]
        return found


@pytest.mark.parametrize("rise", [1, 126, 127, 128, 129, 2046, 2047, 2048, 4095, 32_767, 65_534])
@pytest.mark.parametrize("shifts", [None, (0.0, 0.9)])
def test_steep_lines_do_not_wrap(rise, shifts):
    """Between two knots sixteen samples apart counts are those of whole numbers, however steep the line is."""
    layer = Steps(setting(2, rate=30_000, shifts=shifts), [0, rise // 2, -(rise - rise // 2), 0, 5])
    assert layer.step == 16
    late = np.rint(np.array(shifts or (0, 0)) * 16).astype(int)
    places = np.arange(16)[:, None] * 16 + late
    knots = np.append(layer.values, 0)
    expected = [low + ((high - low) * places + 128) // 256 for low, high in pairwise(knots)]
    assert np.array_equal(piece(layer, 0, 80), np.concatenate(expected))


@pytest.mark.parametrize(
    ("rate", "step"), [(1000, 1), (2999, 1), (3000, 2), (5999, 2), (6000, 4), (30_000, 16), (100_000, 64)]
)
def test_knots_are_as_near_as_they_have_to_be(rate, step):
    """At least 1500 come in a second, or all samples there are, a power of two of samples apart."""
    assert Steps(setting(1, rate=rate), [0]).step == step
    assert layers((Ripples(),), rate=rate)["ripples"].step == max(1, step // 2)


def test_what_is_in_a_piece():
    """Of events those are in a piece that have a sample in it; they are listed by the nearest samples."""
    layer = Steps(setting(2, rate=1000), [0])
    spans_s = np.array([[0.0104, 0.0206, 0.0300], [-0.5, 0.0, 0.0109]])
    events = layer.listed(2, spans_s, np.array([5.0, 7.0]), np.array([1, 0]))
    assert events.tolist() == [(2, 10, 21, 30, 5.0, 1), (2, -500, 0, 11, 7.0, 0)]
    for start, stop, n in ((0, 10, 1), (0, 11, 2), (10, 11, 2), (11, 29, 1), (29, 40, 1), (30, 40, 0)):
        assert len(layer.between(events, start, stop)) == n
    assert len(layer.events(0, 0, 100)) == 0


def test_pink_has_ten_octaves():
    """From 1/512 s on, each weighs as much as the exponent says; each source has them."""
    layer = Pink(exponent=2.0).layer("field.pink", setting(3), None)
    smooth = layer._smooth
    assert smooth._weights == tuple(round(2 ** (k / 2), 9) for k in range(10))
    assert (smooth._step_s, smooth._n) == (1 / 512, layer._mixing.n_sources)
