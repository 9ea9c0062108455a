"""Far units: small spikes of many cells, each at the times of its own, and what they add up to."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio.generate.band import band_gain
from mockrawio.generate.layers import Setting
from mockrawio.generate.parts.noise import NOISES, FarUnits
from mockrawio.generate.parts.noise.shots import ShotLayer
from mockrawio.generate.parts.units import Exponential, LogNormal, Uniform, Window
from mockrawio.generate.planted import Bank
from mockrawio.generate.renewal import BLOCK
from mockrawio.ground.shown import Argument

from .made import GAIN_UV, piece, setting, staggered

RATE = 30_000
PITCH_UM = 25.0
DEFAULT = FarUnits()


def probe(n=32, seed=2, gain_uV=GAIN_UV, rate=RATE):
    """Return the setting of a linear probe."""
    places = np.column_stack([np.zeros(n), PITCH_UM * np.arange(n), np.zeros(n)])
    return setting(places, gain_uV, rate, seed)


@lru_cache
def layer_of(part=DEFAULT, **kwargs):
    """Return the layer of far units on a linear probe."""
    return part.layer("noise.far", probe(**kwargs))


@lru_cache
def seconds(n):
    """Return the first seconds of the default layer, int16 (n, 32)."""
    return piece(layer_of(), 0, n * RATE, dtype=np.int16)


def slow(part, where, start, stop):
    """Return samples of the first segment, made spike by spike of whole templates."""
    layer = part.layer("noise.far", where)
    cells = list(part.cells("noise.far", where))
    window = Window.at(where.sampling_rate)
    out = np.zeros((stop - start + 2 * window.n, where.n_contacts), np.int64)
    shots = layer.shots(0, start - window.n, stop + window.n)
    for frame, source in zip(shots.frames.tolist(), shots.sources.tolist(), strict=True):
        contacts = cells[source].contacts(where, smallest=0.1)
        spike = np.rint(np.float32(cells[source].waveforms(where)[:, contacts] / where.gain_uV))
        row = frame - window.before - start + window.n
        if 0 <= row <= len(out) - window.n:
            out[row : row + window.n, contacts] += spike.astype(np.int64)
    return out[window.n : -window.n]


@pytest.mark.parametrize("where", [probe(), probe(8, rate=Fraction(48828125, 2000)), setting(staggered())])
def test_a_layer_is_its_cells_spikes(where):
    """Counts are the sum of every cell's own spike at every one of its times, also at the border of two blocks."""
    part = FarUnits(60)
    for start in (0, BLOCK - 1000):
        counts = piece(part.layer("noise.far", where), start, start + 4000)
        assert counts.any()
        assert np.array_equal(counts, slow(part, where, start, start + 4000))


@given(st.data())
def test_any_piece_is_a_cut_of_the_whole(data):
    """Samples asked for alone are those of a longer piece, in int16 as in int32."""
    start = data.draw(st.integers(0, 5 * RATE - 1))
    stop = min(5 * RATE, start + data.draw(st.integers(0, 300)))
    dtype = data.draw(st.sampled_from([np.int16, np.int32]))
    assert np.array_equal(piece(layer_of(), start, stop, dtype=dtype), seconds(5)[start:stop])


def test_a_layer_is_added():
    """Counts are added to those that are there."""
    there = np.arange(600 * 32, dtype=np.int16).reshape(600, 32)
    out = there.copy()
    layer_of().add(out, 0, 0)
    assert np.array_equal(out - there, seconds(5)[:600])


def test_a_day_costs_what_is_asked_for():
    """A piece at the end of a day is made without what lies before it, and no later sample changes the first."""
    where = probe()
    day = Setting(where.seed, where.sampling_rate, where.gain_uV, where.places, (86_400 * RATE,))
    layer = FarUnits().layer("noise.far", day)
    assert piece(layer, 86_399 * RATE, 86_400 * RATE).any()
    assert layer._block.cache_info().misses == 1
    assert np.array_equal(piece(layer, 0, RATE), seconds(5)[:RATE])


def test_names_seeds_and_segments_have_samples_of_their_own():
    """Another layer of the same part, another seed and another segment have other samples, of cells elsewhere."""
    others = FarUnits().layer("noise.far.2", probe()), layer_of(seed=3)
    here = seconds(5)[:RATE]
    assert all(not np.array_equal(piece(layer, 0, RATE), here) for layer in others)
    assert not np.array_equal(piece(layer_of(), 0, RATE, seg_index=1), here)


@pytest.mark.slow
def test_a_layer_says_how_much_it_is():
    """Standard deviations are those of a minute, all of it and in the band, as Campbell's theorem has them.

    The fourth moment is 14 times the variance squared, and a minute has 1.2e5 independent half milliseconds: the
    variance is found to within 1 %, the deviation to half of that; the bound is four times as wide, and again for
    what one contact hears of a few near cells.
    """
    layer, n = layer_of(n=8), 60 * RATE
    counts = piece(layer, 0, n, dtype=np.int16) * GAIN_UV
    gain = band_gain(np.arange(n // 2 + 1) * (RATE / n), Fraction(RATE))
    heard = np.stack([np.fft.irfft(np.fft.rfft(one) * gain, n).std() for one in counts.T])
    for found, said in ((counts.std(axis=0), layer.sd_uV), (heard, layer.band_uV)):
        assert np.mean(found) == pytest.approx(np.mean(said), rel=0.02)
        assert found == pytest.approx(said, rel=0.04)
        assert np.array_equal(np.round(said, 6), said)


def test_the_hash_is_as_loud_as_asked():
    """Around a linear probe, 32 contacts, the band has 1.4 to 2.2 µV of it; neighbours share it, and 500 µm do not."""
    levels = [np.mean(layer_of(seed=seed).band_uV) for seed in range(4)]
    assert 1.4 <= min(levels) <= max(levels) <= 2.2
    shared = np.corrcoef(seconds(5).T)
    away = np.abs(np.subtract.outer(np.arange(32), np.arange(32))) * PITCH_UM
    assert shared[(away > 0) & (away < 35)].mean() > 0.8
    assert abs(shared[away > 500].mean()) < 0.1


def test_nobody_could_find_a_cell():
    """No far cell is as large as a unit that is sorted, and most are a few µV."""
    sizes = np.array([abs(cell.amplitude_uV) for cell in FarUnits().cells("noise.far", probe())])
    assert sizes.max() <= 25
    assert 1 <= np.median(sizes) <= 6


def test_cells_fire_at_rates_of_their_own():
    """In two minutes each cell has as many spikes as its rate says: 5 SD of Poisson's, for 200 cells once in 1e4."""
    layer = layer_of()
    cells = list(FarUnits().cells("noise.far", probe()))
    rates = np.array([cell.rate_hz for cell in cells])
    assert layer.rates_hz == pytest.approx(rates, abs=rates.sum() / 65536)
    shots = layer.shots(0, 0, 120 * RATE)
    found = np.bincount(shots.sources, minlength=200)
    assert np.all(np.abs(found - 120 * rates) <= 5 * np.sqrt(120 * rates) + 5)
    assert abs(found.sum() - 120 * rates.sum()) <= 4 * np.sqrt(120 * rates.sum())
    assert np.all(np.diff(shots.frames) >= 0)


def test_cells_lie_where_they_are_asked_for():
    """Cells are as far from their nearest contact as asked; the first are the same however many there are."""
    where = probe()
    cells = list(FarUnits(100, distance_um=(120, 180)).cells("noise.far", where))
    locations = np.array([cell.location for cell in cells])
    away = np.linalg.norm(locations[:, None] - where.places, axis=2).min(axis=1)
    assert away.min() >= 120
    assert away.max() <= 180.001
    assert list(FarUnits(7, distance_um=(120, 180)).cells("noise.far", where)) == cells[:7]


def test_no_count_is_beyond_the_bound():
    """However many spikes fall together, their sum is within what the layer says; the crowd's remainder is left out."""
    where = probe(4)
    tall = Bank(np.arange(4), np.full((1, 90, 4), 100, np.float32))
    layer = ShotLayer("crowd", where, [tall], np.array([20_000.0]), 20)
    crowd = piece(layer, 0, 10 * RATE)
    assert layer.most // 4 < crowd.max() <= layer.most
    assert np.abs(seconds(5)).max() <= layer_of().most


@pytest.mark.parametrize("part", [FarUnits(0), FarUnits(50, amplitude_uV=0.01)], ids=["none", "tiny"])
def test_silence_is_silent(part):
    """Where there are no far units, or none that reach a count, nothing is added."""
    layer = part.layer("noise.far", probe())
    assert not piece(layer, 0, RATE).any()
    assert layer.most == 0
    assert not layer.sd_uV.any()
    assert not layer.band_uV.any()


@pytest.mark.parametrize(
    "part",
    [FarUnits(), FarUnits(20, rate_hz=5, footprint=Exponential((100, 120))), FarUnits(3, rate_hz=LogNormal(1, sd=0.2))],
)
def test_the_part_goes_to_json_and_back(part):
    """The part is the same one when it has been its mapping."""
    assert NOISES.one(Argument("noise"), part.to_dict()) == part
    assert isinstance(part.rate_hz, (LogNormal, Uniform))


def test_the_bytes_are_pinned():
    """The counts of a seed are these, on any machine and from now on."""
    counts = piece(layer_of(FarUnits(20, amplitude_uV=60.0), n=6), BLOCK - 3000, BLOCK + 3000, dtype=np.int16)
    digest = hashlib.sha256(counts.astype("<i2").tobytes()).hexdigest()
    assert digest == "f9e624026ae0f835be1ce59bcddaf82cbef98a241a57297f7473f470d8062b86"
