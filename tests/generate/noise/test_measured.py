"""Noise measured in a recording: what is made has the recording's levels, correlations and spectrum."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate.layers import CHUNK
from mockrawio.generate.parts.form import from_fields
from mockrawio.generate.parts.noise import NOISES, Measured, NoiseFrom
from mockrawio.generate.parts.noise.filters import ROWS, Filter
from mockrawio.generate.parts.noise.mixing import Mixing, weights_of
from mockrawio.generate.parts.noise.normal import Normals, after_rounding
from mockrawio.ground.shown import Argument
from tests.generate.noise.made import GAIN_UV, linear, made, piece, setting, spectrum

signal = pytest.importorskip("scipy.signal")
si = pytest.importorskip("spikeinterface.generation")
core = pytest.importorskip("spikeinterface.core")

RATE, N = 30000, 8
PLACES = linear(N)
LEVELS_UV = np.array([5.0, 7.0, 9.0, 12.0, 6.0, 8.0, 10.0, 15.0])
CORRELATION = 0.6 * np.exp(-np.abs(PLACES[:, None, 2] - PLACES[:, 2]) / 60) + 0.4 * np.eye(N)
POLE = 0.8


def colour(frequencies: np.ndarray) -> np.ndarray:
    """Return the power of the recording's spectrum, of which the mean is 1."""
    return (1 - POLE**2) / np.abs(1 - POLE * np.exp(-2j * np.pi * frequencies / RATE)) ** 2


def recording_of(traces: np.ndarray, rate: float = RATE, places: np.ndarray | None = PLACES):
    """Return traces in µV as a recording whose counts are .5 µV."""
    recording = core.NumpyRecording([np.rint(traces * 2).astype(np.int16)], rate)
    recording.set_channel_gains(0.5)
    recording.set_channel_offsets(0.0)
    if places is not None:
        recording.set_dummy_probe_from_locations(places[:, [0, 2]])
    return recording


@pytest.fixture(scope="module")
def recording():
    """20 s of SpikeInterface's noise with correlations, coloured, and 30 spikes a second and channel of -300 µV."""
    noise = si.NoiseGeneratorRecording(N, RATE, [20.0], cov_matrix=CORRELATION, seed=3, strategy="on_the_fly")
    traces = signal.lfilter([np.sqrt(1 - POLE**2)], [1, -POLE], noise.get_traces(), axis=0) * LEVELS_UV
    rng = np.random.default_rng(4)
    for channel in range(N):
        for begin in rng.integers(0, len(traces) - 30, 600):
            traces[begin : begin + 30, channel] -= 300 * np.hanning(30)
    return recording_of(traces)


@pytest.fixture(scope="module")
def part(recording) -> NoiseFrom:
    """What was measured of it."""
    return NoiseFrom(recording)


def test_the_numbers_are_those_of_the_noise_without_the_spikes(part):
    """Levels are within 2 % and correlations within .03, although spikes are 30 times as large."""
    assert part.measured.uV == pytest.approx(LEVELS_UV, rel=0.02)
    assert np.abs(part.measured.matrix() - CORRELATION).max() < 0.03
    assert part.measured.sampling_rate == RATE


@pytest.mark.slow
def test_the_layer_is_like_the_recording(part):
    """Its spectrum is within 10 % from 100 Hz to .9 of half the rate, levels within 2 %, correlations within .03."""
    counts = made(part, 160 * CHUNK, PLACES)
    levels = counts.std(axis=0) * GAIN_UV
    assert levels == pytest.approx(LEVELS_UV, rel=0.02)
    assert np.abs(np.corrcoef(counts.T) - CORRELATION).max() < 0.03
    size = 600  # 50 Hz
    power = spectrum(counts * (GAIN_UV / levels), size)
    frequencies = np.arange(len(power)) * RATE / size
    band = (frequencies >= 100) & (frequencies <= 0.9 * RATE / 2)
    assert power[band] == pytest.approx(colour(frequencies[band]), rel=0.1)


def test_the_part_needs_the_recording_no_more(part):
    """From its JSON the part comes back, and makes the same bytes."""
    again = NOISES.one(Argument("noise"), json.loads(json.dumps(part.to_dict())))
    assert again == part
    assert np.array_equal(made(again, 300, PLACES), made(part, 300, PLACES))


def test_wiring_changes_nothing(recording):
    """Channels are taken by place: a recording with its channels in another order gives the same numbers."""
    order = np.random.default_rng(0).permutation(N)
    shuffled = recording.select_channels(recording.channel_ids[order])
    one, other = (NoiseFrom(each).measured for each in (recording, shuffled))
    assert other.uV == one.uV
    assert other.correlation == one.correlation
    assert other.taps == pytest.approx(one.taps, abs=1)  # sums in another order


def test_without_places_channels_keep_their_order():
    """A recording without places is taken as it comes; a dead channel is silent in the layer."""
    traces = np.random.default_rng(1).standard_normal((RATE, 3)) * [9.0, 0.0, 4.0]
    part = NoiseFrom(recording_of(traces, places=None))
    assert part.measured.uV == pytest.approx([9, 0, 4], rel=0.02)
    counts = made(part, 1000, 3)
    assert not counts[:, 1].any()
    assert counts[:, [0, 2]].any(axis=0).all()


def test_filtering_is_exact():
    """Rows are filtered as by whole-number arithmetic, at the largest sums that float32 has exactly."""
    rng = np.random.default_rng(2)
    taps = rng.integers(-4096, 4097, 129)
    filtering = Filter(taps.tolist())
    most = (2**24 - 1) // filtering.size
    rows = rng.integers(-most, most + 1, (4 * ROWS, 3))
    rows[ROWS : 2 * ROWS + 1, 0] = np.sign(taps[::-1]) * most
    expected = np.array([np.convolve(column, taps)[ROWS : len(rows)] for column in rows.T]).T
    assert np.abs(expected).max() > 2**23
    assert np.array_equal(filtering(rows.astype(np.float32)), expected)


def test_the_slow_way_gives_the_same(part):
    """A layer's samples, over the edge of a chunk too, are those of one long convolution of all sources."""
    here = setting(PLACES)
    layer = part.layer("noise.measured", here)
    matrix = part.measured.matrix()
    mixing = Mixing(weights_of(N, lambda at: matrix[at]), np.array(part.measured.uV) / GAIN_UV)
    normals, width = Normals(16), mixing.n_sources

    def drawn(name, chunk, n):
        return normals.drawing(here, name, 1, chunk)(n * width).reshape(n, width)

    edge, body = "noise.measured.edge", "noise.measured"
    rows = [drawn(edge, 0, ROWS), drawn(body, 0, CHUNK - ROWS), drawn(edge, 1, ROWS), drawn(body, 1, 200)]
    sources = np.concatenate(rows).astype(np.int64)
    taps = np.array(part.measured.taps)
    filtered = np.array([np.convolve(column, taps)[ROWS : len(sources)] for column in sources.T]).T
    shift = (int(np.abs(taps).sum()) * normals.most // mixing.room).bit_length()
    sd = after_rounding(np.sqrt(np.sum(taps**2)) * normals.sd / 2**shift)
    mixing.scale(sd, mixing.room)
    expected = mixing.counts(np.rint(filtered / 2**shift).astype(np.float32))
    assert np.array_equal(piece(layer, 0, CHUNK + 200, seg_index=1), expected)


def test_the_session_must_fit_the_recording(part):
    """Another number of channels or another rate is an error that says what to give; a clock's few ppm are none."""
    with pytest.raises(MockSessionError, match="a recording of 5 channels; found 8 channels. Give one of 5 channels"):
        part.layer("noise.measured", setting(5))
    with pytest.raises(MockSessionError, match="at 25000 Hz; found 30000 Hz.*sampling_rate=30000"):
        part.layer("noise.measured", setting(PLACES, rate=25000))
    part.layer("noise.measured", setting(PLACES, rate="30000.07"))


def test_the_remedies_work(recording):
    """What the errors say is done, and then there is none."""
    fewer = NoiseFrom(recording.select_channels(recording.channel_ids[:5]))
    fewer.layer("noise.measured", setting(5))
    bare = core.NumpyRecording([np.ones((RATE, 2), np.int16)], RATE)
    with pytest.raises(MockSessionError, match="gains, in µV"):
        NoiseFrom(bare)
    noisy = core.NumpyRecording([np.random.default_rng(1).integers(-9, 9, (RATE, 2)).astype(np.int16)], RATE)
    noisy.set_channel_gains(0.195)
    noisy.set_channel_offsets(0)
    NoiseFrom(noisy)


def test_a_recording_of_nothing_is_refused():
    """A recording too short for a spectrum, or with dead channels alone, is an error."""
    for traces in (np.random.default_rng(1).standard_normal((300, 2)) * 9, np.zeros((RATE, 2))):
        with pytest.raises(MockSessionError, match="512 samples in a row"):
            NoiseFrom(recording_of(traces, places=None))


@pytest.mark.parametrize("value", [5, "recording", None, [1, 2]])
def test_what_is_no_recording_is_refused(value):
    """Anything else is an error that says what it may be."""
    with pytest.raises(MockSessionError, match="NoiseFrom.measured: expected a recording of SpikeInterface's"):
        NoiseFrom(value)


GOOD = {"uV": [1.0, 2.0], "correlation": [[], [300]], "taps": [4096]}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"uV": [1.0, -2.0]}, "Measured.uV"),
        ({"uV": []}, "Measured.uV"),
        ({"correlation": [[], [1001]]}, "Measured.correlation: expected row 1"),
        ({"correlation": [[], [0.5]]}, "Measured.correlation: expected row 1"),
        ({"correlation": [[]]}, "Measured.correlation: expected 2 rows"),
        ({"correlation": 7}, "Measured.correlation"),
        ({"taps": []}, "Measured.taps"),
        ({"taps": [0]}, "Measured.taps"),
        ({"taps": [1 << 20]}, "Measured.taps"),
        ({"taps": [1] * 130}, "Measured.taps"),
        ({"sampling_rate": 5}, "Measured.sampling_rate"),
        ({"spectrum": 1}, "spectrum. Remove it"),
    ],
)
def test_numbers_from_a_file_are_checked(bad, says):
    """What a file has in place of the numbers that were measured is an error with the field's name."""
    assert NoiseFrom(GOOD) == NoiseFrom(Measured(**GOOD))
    with pytest.raises(MockSessionError, match=says):
        NoiseFrom({**GOOD, **bad})


@pytest.mark.parametrize("name", GOOD)
def test_a_number_that_is_missing_is_an_error(name):
    """A mapping without one of the fields that have no default is an error that names it."""
    with pytest.raises(MockSessionError, match=f"no {name}. Add it"):
        from_fields(Measured, {key: value for key, value in GOOD.items() if key != name})
