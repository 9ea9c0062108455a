"""What holds of every part of the field: its layer is the same samples however it is asked, and is what it says."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError
from mockrawio.generate.parts.field import FIELDS, Evoked, Nested, Pink, Rhythm, Ripples, Sine
from mockrawio.generate.parts.field.layer import EVENT, KNOTS
from mockrawio.generate.parts.form import from_fields
from mockrawio.ground.shown import Argument
from tests.generate.field.made import GAIN_UV, PARTS, THETA, layers, piece
from tests.length import rounds

LABELS = [part.label for part in PARTS]
each = pytest.mark.parametrize("label", LABELS)
N = 6 * KNOTS * 16  # samples: six blocks of knots, or twelve where these are closer
SECONDS = 6.5

# "<i2" bytes of 120 samples around what follows, at 5 contacts; no others since
PINNED = {
    "pink": "73fbf4a4cde4aef271cfdd63d8a742f22a11c74e824c253f050794fac9ebc7eb",
    "theta": "605d5cd28ddc6c33c56f11dc87b3c3c6d111d90758c1e1be25c315ef54e5f752",
    "gamma": "326aa4026c982b4a107402da426935362460d3ef8760606dafa57940d3472a1b",
    "ripples": "2d4edcc2350530ba9c52763a49c12984325d2c1654866c25e24670246eb635b3",
    "evoked": "93c047f2f52e52b4f5dda9250109da75e4fbc680e86fe0c6ed0ed47151c8d404",
}


@lru_cache
def all_layers(**kwargs) -> dict:
    """Return a layer of each part in a setting."""
    return layers(**kwargs)


@lru_cache
def whole(label: str) -> np.ndarray:
    """Return the first samples of the first segment."""
    return piece(all_layers()[label], 0, N)


def loud(label: str) -> int:
    """Return the sample at which the layer is largest, of those in `whole`."""
    return int(np.abs(whole(label)).max(axis=1).argmax())


@each
def test_the_bytes_are_pinned(label):
    """The counts of a seed are these, on any machine and from now on."""
    at = max(0, loud(label) - 60)
    counts = piece(all_layers()[label], at, at + 120, dtype=np.int16)
    assert counts.any()
    assert hashlib.sha256(counts.astype("<i2").tobytes()).hexdigest() == PINNED[label]


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@each
@given(data=st.data())
def test_any_piece_is_a_cut_of_the_whole(label, data):
    """Samples asked for alone are those of a longer piece, wherever knots and blocks begin and end."""
    edges = st.sampled_from([KNOTS * 16 - 1, KNOTS * 16, KNOTS * 8 + 3, 2 * KNOTS * 16])
    i_start = data.draw(st.integers(0, N - 1) | edges)
    i_stop = min(N, i_start + data.draw(st.integers(0, 300) | st.just(KNOTS * 17)))
    assert np.array_equal(piece(all_layers()[label], i_start, i_stop), whole(label)[i_start:i_stop])


def lines(knots: np.ndarray, step: int, sixteenths: np.ndarray) -> np.ndarray:
    """Return what whole numbers give on the lines between knots, each contact so many sixteenths of a sample late."""
    places = np.arange(step)[:, None] * 16 + sixteenths
    rises = (knots[1:] - knots[:-1])[:, None]
    return ((knots[:-1, None] * (16 * step) + rises * places + 8 * step) // (16 * step)).reshape(-1, knots.shape[1])


@each
@pytest.mark.parametrize("shifts", [None, (0.0, 0.5, 1 / 13, 12 / 13, 0.99)], ids=["at once", "in turn"])
@pytest.mark.parametrize("rate", [1000, 2999, 30000, "24414.0625", 100000])
def test_samples_lie_on_lines_between_knots(label, rate, shifts):
    """A sample is what whole numbers give on the line from one knot to the next, at any rate, however late it is."""
    layer = all_layers(rate=rate, shifts=shifts)[label]
    step, n = layer.step, int(SECONDS * float(layer.setting.sampling_rate)) // layer.step
    assert step == 1 or layer.finest_hz <= layer.setting.sampling_rate / step < 2 * layer.finest_hz
    knots = layer.counts(0, layer.times(np.arange(n + 1) * step))
    knots = np.zeros((n + 1, 5), np.int64) if knots is None else knots.astype(np.int64)
    assert knots.any()
    sixteenths = np.rint(np.array(shifts or (0,) * 5) * 16).astype(int)
    assert np.array_equal(piece(layer, 0, n * step), lines(knots, step, sixteenths))


@each
def test_contacts_outside_the_tissue_have_none_of_it(label):
    """Contacts outside are silent, no event is largest there, and one that is there has its samples."""
    layer, full = all_layers(outside=(0, 3))[label], whole(label)
    counts = piece(layer, 0, N)
    assert not counts[:, [0, 3]].any()
    assert counts[:, [1, 2, 4]].any(axis=0).all()
    assert not set(layer.events(0, 0, 100 * 30000)["channel"]) & {0, 3}
    assert label != "pink" or np.array_equal(counts[:, [1, 2, 4]], full[:, [1, 2, 4]])


@each
def test_a_layer_is_the_same_whatever_was_asked_before(label):
    """Pieces in any order, by any number of threads, are those of one after another."""
    layer, size = layers()[label], 9000
    starts = np.random.default_rng(1).permutation(np.arange(0, N - size, size)).tolist()
    with ThreadPoolExecutor(8) as pool:
        pieces = list(pool.map(lambda at: piece(layer, at, at + size), starts))
    for at, counts in zip(starts, pieces, strict=True):
        assert np.array_equal(counts, whole(label)[at : at + size])


@each
def test_a_layer_is_added(label):
    """Counts are added to those that are there, in int16 as in int32."""
    at = max(0, loud(label) - 25)
    there = np.arange(50 * 5).reshape(50, 5)
    for dtype in (np.int16, np.int32):
        out = there.astype(dtype)
        all_layers()[label].add(out, 0, at)
        assert np.array_equal(out, there + whole(label)[at : at + 50])


@each
def test_no_count_is_beyond_the_bound(label):
    """No sample is beyond what a layer says, and the bound is not beyond 40 standard deviations or three peaks."""
    layer, counts = all_layers()[label], whole(label)
    assert np.abs(counts).max() <= layer.most
    assert layer.most < 40 * counts.std() or layer.most < 3 * np.abs(counts).max()


@each
def test_segments_and_seeds_have_samples_of_their_own(label):
    """Another segment and another seed have other samples."""
    layer, other = all_layers()[label], layers(seed=8)[label]
    assert not np.array_equal(piece(layer, 0, N, 1), whole(label))
    assert not np.array_equal(piece(other, 0, N), whole(label))


@each
def test_time_is_time_at_any_rate(label):
    """What the field does at an instant is the same at another sampling rate, within two counts."""
    fast, slow = all_layers()[label], all_layers(rate=10000)[label]
    n_ms = int(SECONDS * 1000)
    difference = piece(fast, 0, n_ms * 30)[::30] - piece(slow, 0, n_ms * 10)[::10]
    curved = 0.02 * np.abs(whole(label)).max()  # what lines leave out between knots of a fast rhythm
    assert np.abs(difference).max() <= 2 + curved


@each
def test_a_piece_of_a_day_needs_none_before_it(label):
    """A piece of the 24th hour is the same when pieces of the first were made before it, and when none was."""
    at = 24 * 3600 * 30000 - 9000
    first, again = layers()[label], layers()[label]
    piece(again, 0, 9000)
    assert np.array_equal(piece(first, at, at + 9000), piece(again, at, at + 9000))


@each
def test_a_part_goes_to_json_and_back(label):
    """A part is the same one when it has been its mapping, in its family too."""
    part = PARTS[LABELS.index(label)]
    fields = part.to_dict()
    assert FIELDS.one(Argument("field"), fields) == part
    assert from_fields(type(part), {key: value for key, value in fields.items() if key != "part"}) == part


@each
def test_silence_is_silent(label):
    """A part of 0 µV has no counts, and its bound says so."""
    parts = [replace(part, uV=0.0) if part.label == label else part for part in PARTS]
    layer = layers(parts)[label]
    assert layer.most <= 1
    assert not piece(layer, 0, 50000).any()


@each
def test_a_large_field_on_a_fine_scale_leaves_int16(label):
    """A part of more counts than int16 holds is made in int32, and is as large."""
    parts = [replace(part, uV=50 * part.uV) if part.label == label else part for part in PARTS]
    layer = layers(parts, gain_uV=0.01)[label]
    at = max(0, loud(label) - 4000)
    counts = piece(layer, at, at + 8000)
    assert np.abs(counts).max() > 1 << 15
    expected = whole(label)[at : at + 8000] * (50 * GAIN_UV / 0.01)
    assert np.abs(counts - expected).max() < 50 * GAIN_UV / 0.01 * 1.5  # a count and a half of the coarse scale


@pytest.mark.parametrize("n", [1, 2, 17, 40])
def test_any_number_of_contacts(n):
    """Pieces are cuts of the whole at one contact and at many."""
    for layer in layers(places=n).values():
        first = piece(layer, 0, 70000)
        assert np.array_equal(piece(layer, 65000, 66001), first[65000:66001])


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        (Pink, {"uV": -1}, "Pink.uV: expected a number from 0 to 10000; found -1"),
        (Pink, {"length_um": 0}, "Pink.length_um"),
        (Rhythm, {"name": "7 Hz"}, "Rhythm.name: expected a name of letters, digits and underscores"),
        (Rhythm, {"rate_hz": 0.3}, "Rhythm.rate_hz: expected at most 0.18, with bursts of up to 5 s"),
        (Nested, {"depth": 2}, "Nested.depth"),
        (Ripples, {"frequency_hz": (180, 120)}, "Ripples.frequency_hz"),
        (Evoked, {"source": "DAQ"}, "Evoked.source: expected 'Events'"),
        (Evoked, {"code": 1.5}, "Evoked.code"),
        (Sine, {"noise_uV": "loud"}, "Sine.noise_uV"),
    ],
)
def test_a_field_is_checked(kind, fields, says):
    """What a field cannot be is an error with the field's name."""
    with pytest.raises(MockSessionError, match=says):
        kind(**fields)


@each
def test_events_of_pieces_are_those_of_the_whole(label):
    """Events that are asked for in pieces are all events, each in every piece that it reaches into."""
    layer, size = all_layers()[label], 40 * 30000
    events = layer.events(0, 0, 5 * size)
    assert events.dtype == EVENT
    assert (np.diff(events["start"]) >= 0).all()
    assert (label == "pink") == (len(events) == 0)
    for k in range(5):
        some = layer.events(0, k * size, (k + 1) * size)
        inside = (events["stop"] > k * size) & (events["start"] < (k + 1) * size)
        assert np.array_equal(some, events[inside])


def test_a_part_depends_on_no_other():
    """A layer alone has the samples that it has among others; but gamma needs its carrier."""
    for part in PARTS:
        needed = (THETA, part) if isinstance(part, Nested) else (part,)
        alone = layers(needed)[part.label]
        assert np.array_equal(piece(alone, 0, N), whole(part.label))
