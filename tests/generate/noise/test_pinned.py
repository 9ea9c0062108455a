"""The numbers that noise is made of: tables, weights, bounds and levels, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import erfc, sqrt

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate.band import band_gain, white_share
from mockrawio.generate.draws import normal_table
from mockrawio.generate.layers import CHUNK
from mockrawio.generate.parts.noise import FarUnits, Hum, Measured, NoiseFrom, Spatial, White
from mockrawio.generate.parts.noise.filters import Filter
from mockrawio.generate.parts.noise.mixing import EXACT, Mixing, weights_by_distance, weights_of
from mockrawio.generate.parts.noise.normal import Normals, after_rounding, before_rounding, whole_type
from mockrawio.generate.parts.noise.shots import ShotLayer
from mockrawio.generate.planted import Bank
from mockrawio.generate.renewal import BLOCK
from tests.generate.pins import held

from .made import bundle, linear, piece, setting


@pytest.mark.parametrize("tail", [0, 1, 2])
def test_tables_of_the_normal_distribution(tail):
    """Quantiles are those at (i + 1/2) / 65536 of what a tail has, to nine digits, and read-only."""
    table = normal_table(tail)
    assert not table.flags.writeable
    held(f"normal.{tail}", table)


@pytest.mark.parametrize("sd", [0.3, 1.0, 20.0, 5100.0, 5250.0])
def test_whole_numbers_that_are_normal(sd):
    """The tables, their largest number and their standard deviation are these; int16 is left where it is too small."""
    normals = Normals(sd)
    assert normals.tables[0].dtype == (np.int16 if normals.most < 32768 else np.int32)
    held(f"normals.{sd}", normals.most, round(normals.sd, 9), normals.tables)
    drawing = normals.drawing(setting(1), "some", 3)
    drawn = np.concatenate([drawing(2000), drawing(5), drawing(1)])
    held(f"normals.drawn.{sd}", drawn)


def test_the_variance_of_what_is_drawn():
    """It is that of all steps: those within, and in place of the outer 256 of each table those of the next one."""
    normals = Normals(40.0)
    first, second, third = (table.astype(float) for table in normals.tables)
    expected = (first[256:] ** 2).sum() / 65536
    expected += (256 / 65536) * ((second[256:] ** 2).sum() / 65536 + (256 / 65536) * (third**2).mean())
    assert normals.sd == pytest.approx(sqrt(expected), rel=1e-14)
    assert normals.most == third.max()


def test_the_smallest_whole_type():
    """int16 holds whole numbers up to 32767."""
    assert (whole_type(32767), whole_type(32768)) == (np.int16, np.int32)


def test_what_rounding_adds():
    """From a count on it is a twelfth of the variance; below it, the probabilities of 1, 2, ... 8 counts and more."""
    assert after_rounding(1.0) == sqrt(13 / 12)
    assert after_rounding(3.0) == sqrt(9 + 1 / 12)
    assert after_rounding(0.0) == 0.0
    for sd in (0.1, 0.3, 0.7, 0.999):
        tails = [erfc((k - 0.5) / (sd * sqrt(2))) for k in range(1, 9)]
        assert after_rounding(sd) ** 2 == pytest.approx(sum((2 * k - 1) * tail for k, tail in enumerate(tails, 1)))
    assert before_rounding(sqrt(13 / 12)) == 1.0
    assert before_rounding(5.0) == round(sqrt(25 - 1 / 12), 9)
    held("before_rounding", [before_rounding(sd) for sd in (0.0, 0.01, 0.2, 0.5, 0.9, 1.0, 1.04, 1.05)])


def correlated(n):
    """Return the correlation of one of n things with all, which falls by half from each to the next."""
    return lambda at: 0.5 ** np.abs(np.arange(n) - at)


def test_weights_of_what_is_correlated():
    """Whole weights, a row a contact, as large as 256 each, whose products are the correlations to a hundredth."""
    weights = weights_of(4, correlated(4))
    products = weights @ weights.T / 256**2
    assert np.abs(products - [correlated(4)(k) for k in range(4)]).max() < 0.01
    assert weights.dtype == np.int64
    held("weights", weights, weights_of(3, lambda at: np.ones(3)), weights_of(1, lambda at: np.ones(1)))
    # where as much as a fiftieth of a contact is left, there is no source for it
    for weight, n in ((254, 1), (253, 2)):  # of 256: .016 and .023 are left
        other = np.array([[1, weight / 256], [weight / 256, 1]])
        assert weights_of(2, lambda at, other=other: other[at]).shape == (2, n)


def test_weights_by_distance():
    """Contacts are in order along where they reach furthest, and sources, too."""
    places = linear(5, 30.0)[[3, 1, 4, 0, 2]]
    weights, order = weights_by_distance(places, 60.0)
    assert order.tolist() == [3, 1, 4, 0, 2]
    largest = places[np.argmax(weights, axis=0), 2]
    assert (np.diff(largest) >= 0).all()
    held("weights.distance", weights, *weights_by_distance(bundle(), 25.0), *weights_by_distance(places[:, ::-1], 60.0))


@pytest.mark.parametrize("rounded", [True, False])
@pytest.mark.parametrize("order", [None, [2, 0, 1]])
def test_mixing(rounded, order):
    """Counts are sums of sources times a factor of each contact's own, rounded; they have a bound and a deviation."""
    weights = np.array([[256, 0], [128, -222], [0, 300]])
    mixing = Mixing(weights, np.array([2.0, 0.5, 40.0]), None if order is None else np.array(order), rounded=rounded)
    assert mixing.n_sources == 2
    assert mixing.room == (EXACT - 1) // 350
    mixing.scale(100.0, 400)
    asked = np.array([before_rounding(sd) for sd in (2.0, 0.5, 40.0)]) if rounded else np.array([2.0, 0.5, 40.0])
    factors = np.float32(asked / (np.sqrt((weights**2).sum(axis=1)) * 100.0))
    sources = np.random.default_rng(1).integers(-400, 401, (50, 2))
    expected = np.rint((sources @ weights.T).astype(np.float32) * factors)
    assert np.array_equal(mixing.counts(sources.astype(np.float32)), expected)
    assert mixing.most == int(np.ceil((factors.astype(float) * np.abs(weights).sum(axis=1)).max() * 400))
    assert mixing.sd == pytest.approx(asked, rel=1e-6)
    assert mixing.rounded == pytest.approx([after_rounding(sd) for sd in mixing.sd.tolist()])
    assert mixing.counts(sources.astype(np.float32)).dtype == np.int16
    mixing.scale(1e-3, 400)
    assert mixing.counts(sources.astype(np.float32)[:1]).dtype == np.int32


def test_mixing_of_many_contacts(monkeypatch):
    """Bands of contacts, and sums a few rows at a time, give what one product of matrices does."""
    weights = np.random.default_rng(2).integers(-50, 51, (9, 4)) * (np.arange(9)[:, None] // 3 >= np.arange(4) - 1)
    weights[:, 0] += 300
    sources = np.random.default_rng(3).integers(-100, 101, (23, 4)).astype(np.float32)
    found = []
    for columns, products in ((64, 1 << 18), (4, 30), (1, 1), (3, 8)):
        monkeypatch.setattr("mockrawio.generate.parts.noise.mixing._COLUMNS", columns)
        monkeypatch.setattr("mockrawio.generate.parts.noise.mixing._ONE_THREAD", products)
        mixing = Mixing(weights, np.full(9, 3.0))
        mixing.scale(60.0, 100)
        found.append(mixing.counts(sources))
    assert all(np.array_equal(found[0], other) for other in found[1:])


LAYERS = {
    "white": White(6.0),
    "white.fine": White(0.05),
    "spatial": Spatial(),
    "spatial.loud": Spatial(900.0, length_um=20.0),
    "hum": Hum(uV=40.0),
    "hum.loud": Hum(60.0, harmonics=5, uV=9000.0),
    "far": FarUnits(5),
}


@pytest.mark.parametrize("name", LAYERS)
def test_bounds_and_levels_of_layers(name):
    """What no count is beyond, and how loud a layer is in all and in the band, are these."""
    layer = LAYERS[name].layer("noise.some", setting(bundle(), rate=32_000))
    held(f"layer.{name}", layer.most, layer.sd_uV, layer.band_uV)


def test_white_levels_follow_from_the_deviation():
    """White noise is as loud as it is asked for, and in the band by the root of its share of the variance."""
    layer = White(6.0).layer("noise.white", setting(2))
    assert layer.sd_uV == pytest.approx([6.0, 6.0], abs=1e-3)
    assert layer.band_uV == pytest.approx(layer.sd_uV * sqrt(white_share(Fraction(30_000))), abs=2e-6)


@pytest.mark.parametrize(
    ("frequency_hz", "harmonics", "rate", "n_lines"),
    [(250.0, 3, 1000, 1), (249.0, 3, 1000, 2), (166.0, 3, 1000, 3), (166.0, 2, 1000, 2), (500.0, 3, 1000, 0)],
)
def test_lines_below_half_the_rate(frequency_hz, harmonics, rate, n_lines):
    """There are as many lines as asked for, of those below half of the sampling rate."""
    layer = Hum(frequency_hz, harmonics=harmonics, uV=500.0).layer("noise.hum", setting(1, rate=rate))
    sizes = np.abs(np.fft.rfft(layer._values.astype(float)))[1:9] / 65536 * 2
    assert (sizes > 100).sum() == n_lines
    if n_lines:
        assert sizes[:n_lines] * np.arange(1, n_lines + 1) == pytest.approx([sizes[0]] * n_lines, rel=1e-3)
        assert layer.sd_uV == pytest.approx([500.0], rel=1e-4)
        assert layer.most == np.abs(layer._values).max()


def test_hum_of_contacts_that_are_sampled_later():
    """A contact that is sampled half a sample later has what lies between two samples, as at twice the rate."""
    late = replace(setting(4), shifts=np.array([0.5, 0.0, 0.75, 0.5]))
    found, still = (piece(Hum(uV=90.0).layer("noise.hum", one), 500, 900, 1) for one in (late, setting(1)))
    finer = piece(Hum(uV=90.0).layer("noise.hum", setting(1, rate=120_000)), 2000, 3600, 1)[:, 0]
    assert np.array_equal(found[:, 1], still[:, 0])
    for contact, quarters in enumerate((2, 0, 3, 2)):
        assert np.array_equal(found[:, contact], finer[quarters::4])


def test_the_hum_that_the_band_lets_pass():
    """It is the root of the sum of squares of its lines' deviations times the filter's gains there."""
    layer = Hum(3700.0, harmonics=4, uV=200.0).layer("noise.hum", setting(1, rate=32_000))
    lines = 3700.0 * np.arange(1, 5)
    sizes = 1 / np.arange(1, 5)
    sizes *= 200 / np.sqrt((sizes**2).sum())
    expected = np.sqrt(((sizes * band_gain(lines, Fraction(32_000))) ** 2).sum())
    assert layer.band_uV == pytest.approx([expected], rel=1e-3)


# -- spikes from afar --------------------------------------------------------------------------


SPIKE = np.array([[2, 0, 0], [3, -7.4, 1], [20, 2.6, -5], [0.4, 0, 0], [0, 0, 0]])
SEEN = ([0, 1, 2], [1, 9, 17], [15, 16, 17])  # where each source is seen


def shots(rates_hz=(40.0, 120.0, 0.0), n=3):
    """Return shot noise of sources on eighteen contacts, one of them on both ends."""
    banks = [Bank(np.array(at), np.float32((k + 1) * SPIKE)[None]) for k, at in enumerate(SEEN)]
    return ShotLayer("shots", setting(18), banks[:n], np.array(rates_hz), 1)


def test_levels_of_shot_noise():
    """By Campbell's theorem the variance is the sum of rates times energies; rates are parts of 65536 of their sum."""
    layer = shots()
    assert layer.rates_hz.tolist() == [16384 * 160 / 65536, 49152 * 160 / 65536, 0.0]
    energies = np.zeros((3, 18))
    for k, at in enumerate(SEEN):
        energies[k, at] = (np.rint(SPIKE * (k + 1)) ** 2).sum(axis=0)
    expected = np.sqrt(layer.rates_hz @ energies / 30_000) * 0.195
    assert layer.sd_uV == pytest.approx(expected, abs=1e-6)
    held("shots", layer.most, layer.rates_hz, layer.sd_uV, layer.band_uV, shots((3e4, 1e4, 7.0)).most)
    assert shots((160.0,), 1).most == layer.most // 3


@pytest.mark.parametrize(("apart", "pieces"), [(8, 1), (9, 2)])
def test_how_far_apart_contacts_are_added_together(apart, pieces):
    """A spike is added in one piece where eight contacts at most lie between two that see it."""
    bank = Bank(np.array([0, apart]), np.float32(10 * SPIKE[:, :2])[None])
    layer = ShotLayer("shots", setting(40), [bank], np.array([5.0]), 1)
    assert [len(found) for found in layer._pieces] == [pieces]


def test_sources_at_the_last_contacts():
    """What a source on the last three of eighteen contacts adds is its spike, in whole counts."""
    layer = shots((0.0, 0.0, 5.0))
    row = int(layer.shots(0, 0, 90_000).frames[0]) - 1
    expected = np.zeros((5, 18), int)
    expected[:, 15:] = np.rint(3 * SPIKE)
    assert np.array_equal(piece(layer, row, row + 5), expected)
    for begin in range(-9, 9):
        found = piece(layer, row + begin, row + begin + 3)
        inside = [expected[k] if 0 <= k < 5 else np.zeros(18, int) for k in range(begin, begin + 3)]
        assert np.array_equal(found, inside)


def test_the_largest_number_of_shots_at_once():
    """A spike's length has n spikes at most, six deviations and four beyond the mean; a border of blocks twice that."""
    mean = 160 * 5 / 30_000
    assert shots().most == 2 * int(np.ceil(mean + 6 * sqrt(mean) + 4)) * 60
    assert shots((0.0, 0.0, 0.0)).most == 2 * 4 * 60


def test_shots_are_those_of_a_seed():
    """When they come, over the border of two blocks too, and what they add, whole and cut, are these."""
    layer, edge = shots(), BLOCK
    some = layer.shots(1, edge - 30_000, edge + 30_000)
    held("shots.times", some.frames, some.sources)
    row = int(some.frames[np.searchsorted(some.frames, edge)]) - 1  # where its first sample lies
    whole = piece(layer, row - 5, row + 9, 1)
    assert whole[[5, 6, 7]].any()
    for begin in range(12):
        for end in range(begin, 15):
            assert np.array_equal(piece(layer, row - 5 + begin, row - 5 + end, 1), whole[begin:end])
    assert [len(part) for part in layer.shots(0, -50, 0)] == [0, 0]
    early = layer.shots(0, -BLOCK, 3000)
    assert np.array_equal(early.frames, layer.shots(0, 0, 3000).frames)
    assert (early.frames.dtype, early.sources.dtype) == (np.int64, np.uint16)


def test_far_cells_of_a_seed():
    """Where far cells lie, how large they are and how often they fire are these."""
    cells = list(FarUnits(24).cells("noise.far", setting(bundle())))
    assert {cell.kind for cell in cells} == {"broad", "narrow", "triphasic", "axonal", "positive"}
    held("far.cells", [(c.kind, c.location, c.peak_contact, c.amplitude_uV, c.snr, c.rate_hz, c.multi) for c in cells])


# -- what is measured --------------------------------------------------------------------------


class Recording:
    """A recording as SpikeInterface's, of traces in µV."""

    def __init__(self, segments, rate, places=None):
        self._segments, self._rate, self._places = segments, rate, places

    def get_num_channels(self):
        return self._segments[0].shape[1]

    def get_num_segments(self):
        return len(self._segments)

    def get_num_samples(self, segment_index):
        return len(self._segments[segment_index])

    def get_sampling_frequency(self):
        return self._rate

    def has_scaleable_traces(self):
        return True

    def has_channel_location(self):
        return self._places is not None

    def get_channel_locations(self):
        return self._places

    def get_traces(self, segment_index, start_frame, end_frame, return_in_uV):
        assert return_in_uV
        return self._segments[segment_index][start_frame:end_frame].astype(np.float32)


def traces(n, seed=0):
    """Return noise of three channels: two of which share half, and one that is silent, with spikes in the first."""
    rng = np.random.default_rng(seed)
    some = rng.integers(-20, 21, (n + 2, 3))
    noise = some[2:] + some[1:-1]  # coloured
    noise[:, 1] += some[2:, 0]
    noise[:, 2] = 0
    noise[700::900, 0] = 400
    return noise


RECORDINGS = {
    "long": Recording([traces(23_456)], 1000.0),
    "segments": Recording([traces(2_600, 1), traces(999, 2), traces(1_000, 3)], 1000.0),
    "short": Recording([traces(600, 4)[:, ::-1]], 1000.0, np.array([[0.0, 50], [20, 0], [0, 0]])),
    "exact": Recording([traces(2_000, 8)], 1000.0),
    "rest": Recording([traces(767, 9)], 1000.0),
    "fast": Recording([traces(30_000, 5)], 12_000.0, np.array([[0.0, 50], [0, 20], [0, 70]])),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_is_measured_of_a_recording(name):
    """Levels, correlations and taps of a recording without its spikes are these, in the order of its places."""
    found = NoiseFrom(RECORDINGS[name]).measured
    held(f"measured.{name}", found.sampling_rate, [round(uV, 5) for uV in found.uV], found.correlation, found.taps)


def test_spikes_are_left_out_with_half_a_ms():
    """What is beyond five deviations is left out, with half a millisecond to each side; what is at them stays."""
    rng = np.random.default_rng(6)
    noise = rng.integers(-3, 4, (4000, 1)).astype(float)
    noise -= np.median(noise)
    sd = float(np.median(np.abs(noise))) * 1.4826
    loud = noise.copy()
    loud[2000] = 5.001 * sd
    loud[1998:2000] = loud[2001:2003] = 4.9 * sd
    quiet = np.delete(noise, range(1998, 2003), axis=0)
    found = NoiseFrom(Recording([loud], 4000.0)).measured.uV[0]
    assert found == pytest.approx(sqrt(np.mean(quiet**2)), abs=1e-6)
    loud[2000] = 4.999 * sd
    assert NoiseFrom(Recording([loud], 4000.0)).measured.uV[0] == pytest.approx(sqrt(np.mean(loud**2)), abs=1e-6)


def test_a_recording_without_a_spectrum():
    """It takes 512 samples in a row without a spike."""
    still = traces(512, 7)
    still[:, 0] = still[:, 1]
    NoiseFrom(Recording([still], 1000.0))
    NoiseFrom(Recording([still[:, :1]], 1000.0))
    with pytest.raises(MockSessionError, match="512 samples in a row without a spike; found 'none'"):
        NoiseFrom(Recording([still[:511]], 1000.0))


def test_a_channel_that_is_never_quiet():
    """Where a channel is a spike or next to one at any time, it has no noise."""
    loud = traces(4000, 7)
    loud[:, 2] = np.arange(4000) % 3 == 0
    found = NoiseFrom(Recording([loud], 4000.0)).measured
    assert (found.uV[2], found.correlation[2]) == (0.0, (0, 0))


def test_filters():
    """How large the taps are together, their norm, and what share of their variance the band lets pass."""
    filtering = Filter([3, -4, 12])
    assert (filtering.size, filtering.norm) == (19, 13.0)
    assert Filter([1]).band_share(Fraction(30_000)) == pytest.approx(white_share(Fraction(30_000)), abs=1e-3)
    held("filter", [round(Filter(taps).band_share(Fraction(30_000)), 9) for taps in ([3, -4, 12], [1] * 129, [0])])


MEASURED = Measured(uV=[5.0, 9.0, 2.0], correlation=[[], [600], [300, -200]], taps=[900, 400, -120, 30])


def test_measured_noise_in_small_blocks(monkeypatch):
    """A layer of measured noise is the same in blocks of any size, over the edge of a chunk; its levels are these."""
    layer = NoiseFrom(MEASURED).layer("noise.measured", setting(3))
    whole = piece(layer, CHUNK - 700, CHUNK + 300)
    for size in (500, 100):
        monkeypatch.setattr("mockrawio.generate.parts.noise.measured.BLOCK", size)
        assert np.array_equal(piece(layer, CHUNK - 700, CHUNK + 300), whole)
    held("measured.layer", whole, layer.most, layer.sd_uV, layer.band_uV)
    assert MEASURED.matrix().tolist() == [[1, 0.6, 0.3], [0.6, 1, -0.2], [0.3, -0.2, 1]]


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"uV": [0.0, 1e4], "correlation": [[], [0]]}, True),
        ({"uV": [0.0, 10_000.1], "correlation": [[], [0]]}, False),
        ({"uV": [-0.1, 1.0], "correlation": [[], [0]]}, False),
        ({"correlation": [[], [1000], [-1000, 0]]}, True),
        ({"correlation": [[], [1001], [0, 0]]}, False),
        ({"correlation": [[], [-1001], [0, 0]]}, False),
        ({"correlation": [[], [0], [0, 0], [0, 0, 0]]}, False),
        ({"taps": [1] * 129}, True),
        ({"taps": [1] * 130}, False),
        ({"taps": [1 << 17]}, True),
        ({"taps": [1 << 16, -(1 << 16), 1]}, False),
        ({"taps": [1, -1]}, True),
    ],
)
def test_the_limits_of_what_is_measured(fields, fits):
    """Levels are up to 10 mV, correlations up to 1000 thousandths, and 129 taps at most, of 2**17 together."""
    given = {**{name: getattr(MEASURED, name) for name in ("uV", "correlation", "taps")}, **fields}
    if fits:
        assert Measured(**given).taps == tuple(given["taps"])
        return
    with pytest.raises(MockSessionError, match=f"Measured.{next(iter(fields))}|Measured.correlation"):
        Measured(**given)


def test_rates_that_agree():
    """A session's rate may be a thousandth off that of the recording."""
    for rate, fits in ((30_030.0, True), (29_970.0, True), (30_030.1, False), (29_969.9, False)):
        part = NoiseFrom(Measured(sampling_rate=rate, uV=[5.0], correlation=[[]], taps=[4]))
        if fits:
            part.layer("noise.measured", setting(1))
            continue
        with pytest.raises(MockSessionError, match="at 30000 Hz"):
            part.layer("noise.measured", setting(1))
