"""What holds of every part of the noise: its layer is the same samples however it is asked, and is what it says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError
from mockrawio.generate.band import band_gain
from mockrawio.generate.layers import CHUNK, DrawnLayer
from mockrawio.generate.parts.form import from_fields
from mockrawio.generate.parts.noise import NOISES, Hum, Measured, NoiseFrom, Spatial, White
from mockrawio.ground.shown import Argument
from tests.generate.noise.made import ALL, GAIN_UV, bundle, linear, piece, setting
from tests.length import rounds

MEASURED = Measured(
    uV=(5.0, 6.0, 7.0, 4.0, 5.0),
    correlation=((), (800,), (500, 700), (0, 100, 200), (-300, 0, 0, 0)),
    taps=(3000, 1500, -700, *(0,) * 124, 40, 20),
)

# (samples, contacts) from 40 samples before the second chunk to 40 samples after: "<i2" bytes, and no others since
PINNED = {
    White(4.0): "79023765d180ff49ebbddbfff93ae59b70a61e1196319ca90be104858806f283",
    Spatial(5.0): "84d9bac3fca99f151558ae973b64e4f2c46ea840045c02279aeb8fa8e77ba9fa",
    Hum(): "13a17bea04ae19e139c0dab2bf2f517af5e69bf3b4882d56045863fb97badb65",
    NoiseFrom(MEASURED): "ca8d0fb079eefdb99d8f1ead4d40c931946b5483da7b134a15803b5295009f0e",
}
PARTS = list(PINNED)
each = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
drawn = pytest.mark.parametrize("part", [part for part in PARTS if part.name != "hum"], ids=lambda part: part.name)


@lru_cache
def layer_of(part, **kwargs):
    """Return a part's layer in a setting."""
    return part.layer(f"noise.{part.name}", setting(**kwargs))


def at_level(part, uV):
    """Return a part with another standard deviation."""
    if isinstance(part, NoiseFrom):
        return NoiseFrom(replace(part.measured, uV=(uV,) * 5))
    return replace(part, uV=uV)


@lru_cache
def whole(part) -> np.ndarray:
    """Return the first three chunks of the second segment."""
    return piece(layer_of(part), 0, 3 * CHUNK, seg_index=1)


@each
def test_the_bytes_are_pinned(part):
    """The counts of a seed are these, on any machine and from now on."""
    counts = piece(layer_of(part), CHUNK - 40, CHUNK + 40, dtype=np.int16)
    assert hashlib.sha256(counts.astype("<i2").tobytes()).hexdigest() == PINNED[part]


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@each
@given(data=st.data())
def test_any_piece_is_a_cut_of_the_whole(part, data):
    """Samples asked for alone are those of a longer piece, wherever chunks begin and end."""
    i_start = data.draw(st.integers(0, 3 * CHUNK - 1) | st.sampled_from([CHUNK - 1, CHUNK, 2 * CHUNK]))
    i_stop = min(3 * CHUNK, i_start + data.draw(st.integers(0, 300) | st.just(CHUNK + 1)))
    assert np.array_equal(piece(layer_of(part), i_start, i_stop, seg_index=1), whole(part)[i_start:i_stop])


@each
def test_a_layer_is_added(part):
    """Counts are added to those that are there, in int16 as in int32."""
    there = np.arange(50 * 5).reshape(50, 5)
    for dtype in (np.int16, np.int32):
        out = there.astype(dtype)
        layer_of(part).add(out, 1, 0)
        assert np.array_equal(out, there + whole(part)[:50])


@drawn
@pytest.mark.parametrize("n", [1, 2, 3, 5, 250, 8191])
def test_a_row_does_not_depend_on_how_many_there_are(part, n):
    """The first rows of a chunk are the same ones when more are asked for."""
    layer = layer_of(part)
    assert isinstance(layer, DrawnLayer)
    rows = np.concatenate(list(layer.rows(1, 0, n)))
    assert np.array_equal(rows, whole(part)[:n])


@each
def test_segments_names_and_seeds_have_samples_of_their_own(part):
    """Another segment, another layer of the same part and another seed have other samples."""
    here = setting()
    first = piece(part.layer("noise.one", here), 0, 64)
    assert np.array_equal(piece(part.layer("noise.one", here), 0, 64), first)
    others = (part.layer("noise.two", here), part.layer("noise.one", setting(seed=8)))
    for other in (*(piece(layer, 0, 64) for layer in others), piece(part.layer("noise.one", here), 0, 64, 1)):
        assert not np.array_equal(other, first)


@each
@pytest.mark.parametrize("gain_uV", [GAIN_UV, 2.34, 0.02])
def test_a_layer_says_how_much_it_is(part, gain_uV):
    """Standard deviations are those of the counts within 1 %, no count is beyond the bound, and the band's are less.

    The standard deviation of one found in 65536 samples is .28 %, and of the mean of five contacts less.
    """
    layer = layer_of(part, gain_uV=gain_uV)
    counts = piece(layer, 0, ALL)
    found_uV = counts.std(axis=0) * gain_uV
    assert found_uV == pytest.approx(layer.sd_uV, rel=0.012)
    assert np.mean(found_uV) == pytest.approx(np.mean(layer.sd_uV), rel=0.005)
    assert np.abs(counts).max() <= layer.most
    assert np.array_equal(np.round(layer.sd_uV, 6), layer.sd_uV)
    assert layer.sd_uV.dtype == layer.band_uV.dtype == np.float64
    assert (layer.band_uV < layer.sd_uV).all()


@each
@pytest.mark.parametrize("rate", [30000, "24414.0625", 10000])
def test_a_layer_says_what_the_band_has_of_it(part, rate):
    """What the band lets pass of the counts is what the layer says, within 1 % on the mean of all contacts."""
    if isinstance(part, NoiseFrom):
        part = NoiseFrom(replace(part.measured, sampling_rate=float(layer_rate(rate))))
    layer = layer_of(part, rate=rate)
    counts = piece(layer, 0, ALL) * GAIN_UV
    frequencies = np.arange(ALL // 2 + 1) * (float(layer_rate(rate)) / ALL)
    filtered = np.fft.irfft(np.fft.rfft(counts, axis=0) * band_gain(frequencies, layer_rate(rate))[:, None], axis=0)
    inner = filtered[1000:-1000]  # a hum does not end as it begins
    assert np.mean(inner.std(axis=0)) == pytest.approx(np.mean(layer.band_uV), rel=0.01, abs=0.001)


def layer_rate(rate):
    """Return a rate as settings have it."""
    return setting(rate=rate).sampling_rate


@each
def test_a_part_goes_to_json_and_back(part):
    """A part is the same one when it has been its mapping, in its family too."""
    fields = part.to_dict()
    assert NOISES.one(Argument("noise"), fields) == part
    assert from_fields(type(part), {key: value for key, value in fields.items() if key != "part"}) == part


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        (White, {"uV": -1}, "White.uV: expected a number from 0 to 1000; found -1"),
        (Spatial, {"length_um": 0}, "Spatial.length_um"),
        (Hum, {"harmonics": 0}, "Hum.harmonics: expected a whole number from 1 to 64"),
        (Hum, {"frequency_hz": "mains"}, "Hum.frequency_hz"),
    ],
)
def test_a_field_is_checked(kind, fields, says):
    """What a field cannot be is an error with the field's name."""
    with pytest.raises(MockSessionError, match=says):
        kind(**fields)


@each
def test_silence_is_silent(part):
    """A part of 0 µV has no counts and says so."""
    layer = layer_of(at_level(part, 0))
    assert layer.most == 0
    assert not layer.sd_uV.any()
    assert not piece(layer, 0, 100).any()


@drawn
def test_loud_noise_on_a_fine_scale_leaves_int16(part):
    """A part of more counts than int16 holds is made in int32, with the same standard deviation."""
    layer = layer_of(at_level(part, 900), gain_uV=0.01)
    counts = piece(layer, 0, CHUNK)
    assert layer.most >= np.abs(counts).max() > 1 << 15
    assert counts.std() * 0.01 == pytest.approx(900, rel=0.02)


@pytest.mark.parametrize("part", [White(), Spatial()], ids=lambda part: part.name)
@pytest.mark.parametrize("places", [linear(1), linear(3), bundle()], ids=["one", "three", "bundles"])
def test_other_widths_are_prefixes_too(part, places):
    """Where a row is no whole number of words, pieces are cuts of the whole as well."""
    layer = part.layer("noise.one", setting(places))
    first = piece(layer, 0, CHUNK + 9)
    assert np.array_equal(piece(layer, 0, 5), first[:5])
    assert np.array_equal(piece(layer, CHUNK - 3, CHUNK + 7), first[CHUNK - 3 : CHUNK + 7])
