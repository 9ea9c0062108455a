"""What a recording is summed from: settings, layers drawn in chunks, sums, what is cut off, and rows on their way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mockrawio import BoundsError, MockSessionError, SessionSpec, truth
from mockrawio.generate import (
    Acquisition,
    DeadChannel,
    FarUnits,
    Hum,
    Jump,
    NoisyChannel,
    OutOfBrain,
    Sine,
    Spatial,
    Sync,
    Templates,
    Units,
    White,
    Zigzag,
)
from mockrawio.generate.amplitudes import Amplitudes
from mockrawio.generate.band import band_gain, in_band, white_share
from mockrawio.generate.casting import floor_uV, noise_layers
from mockrawio.generate.chunks import made_ahead
from mockrawio.generate.clocks import SyncLine
from mockrawio.generate.draws import normal_table
from mockrawio.generate.fault_table import FaultTable
from mockrawio.generate.given import GivenTrains
from mockrawio.generate.incidents import FaultRow, Incidents, Standing
from mockrawio.generate.layers import CHUNK, DrawnLayer, Layer, NoiseLayer, Setting
from mockrawio.generate.made_arrays import ChunkRows, LfpOfRows, RowsLfp, SegmentRows, SineRows, SyncRows
from mockrawio.generate.masked import Confined, Silenced
from mockrawio.generate.mix import Mix
from mockrawio.generate.moving import _add
from mockrawio.generate.plan import plan_session
from mockrawio.generate.planted import Bank, Fired, PlantedLayer, SpikeTrains, most_planted
from mockrawio.generate.renewal import BLOCK
from mockrawio.generate.sine import SineLfp
from mockrawio.generate.source import SpikeSource
from mockrawio.generate.spool import Spool
from mockrawio.generate.taps import lfp_lowpass
from mockrawio.generate.virtual import SpecMaker
from tests.generate.pins import held


def setting(n=3, rate=30_000, lengths=(100, 50), **more):
    """Return a setting of contacts in a row."""
    places = np.stack([np.zeros(n), 25.0 * np.arange(n), np.zeros(n)], axis=1)
    return Setting(1, Fraction(rate), 0.5, places, lengths, **more)


# -- settings ------------------------------------------------------------------------------------


def test_which_samples_there_are():
    """Any from the first to the last of a segment, or none; else the error says what there is."""
    here = setting()
    assert here.samples(0, 0, None) == (0, 100)
    assert here.samples(1, 50, None) == (50, 50)
    assert here.samples(1, 3, 3) == (3, 3)
    assert here.samples(0, 99, 100) == (99, 100)
    for segment in (-1, 2):
        with pytest.raises(BoundsError, match=f"seg_index: expected 0 to 1; found {segment}"):
            here.samples(segment, 0, None)
    for start, stop in ((-1, 5), (4, 3), (0, 51), (51, None)):
        with pytest.raises(BoundsError, match="segment 1: expected 0 <= i_start <= i_stop <= 50; found i_start="):
            here.samples(1, start, stop)


def test_when_contacts_are_sampled():
    """Shifts are parts of a sample; turns are the different ones, and which of them each contact has."""
    here = setting(4, 20_000, shifts=np.array([0.5, 0.0, 0.5, 0.25]))
    turns, which = here.turns
    assert (turns.tolist(), which.tolist()) == ([0.0, 0.25, 0.5], [2, 0, 2, 1])
    assert here.late_ms == pytest.approx([0.025, 0, 0.025, 0.0125])
    assert here.at_once.shifts is None
    assert here.n_contacts == 4
    still = setting()
    assert still.at_once is still
    assert (still.turns[0].tolist(), still.turns[1].tolist(), still.late_ms.tolist()) == ([0.0], [0] * 3, [0.0] * 3)


def test_bits_by_name():
    """Another name or number has other bits; these are those of a seed."""
    here = setting()
    words = [here.bits(*key).random_raw(2) for key in (("a",), ("b",), ("a", 0), ("a", 1, 2), ("spikes.multi", 7))]
    assert len({tuple(some.tolist()) for some in words}) == 5
    held("bits", words)


# -- layers --------------------------------------------------------------------------------------


class Numbered(DrawnLayer):
    """A layer whose samples tell where they are, drawn in blocks of so many rows."""

    most, rows_a_block = 32_767, 1000

    def rows(self, seg_index, chunk, n):
        asked.append((seg_index, chunk, n))
        for begin in range(0, n, self.rows_a_block):
            end = min(n, begin + self.rows_a_block)
            yield np.arange(begin, end)[:, None] % 97 + 100 * chunk + np.arange(self.setting.n_contacts)


asked: list = []


def numbered(start, stop, n=3):
    """Return what such samples are."""
    i = np.arange(start, stop)[:, None]
    return i % CHUNK % 97 + 100 * (i // CHUNK) + np.arange(n)


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 5), (0, CHUNK), (CHUNK - 1, CHUNK + 1), (CHUNK, CHUNK), (999, 1001), (CHUNK - 3, 3 * CHUNK + 2), (1500, 1501)],
)
def test_chunks_of_a_layer(start, stop):
    """Samples are added to what is there, chunk by chunk, each drawn as far as it is asked for."""
    asked.clear()
    out = np.full((stop - start, 3), 7, np.int32)
    Numbered("some", setting()).add(out, 1, start)
    assert np.array_equal(out, numbered(start, stop) + 7)
    chunks = range(start // CHUNK, -(-stop // CHUNK))
    assert asked == [(1, chunk, min(CHUNK, stop - chunk * CHUNK)) for chunk in chunks]


def test_blocks_are_fours_of_rows(monkeypatch):
    """A block has as many rows as it has room for, in fours, four at least; the last one what is left."""
    monkeypatch.setattr("mockrawio.generate.layers.BLOCK", 50)
    assert list(Numbered("a", setting(3)).blocks(40)) == [16, 16, 8]
    assert list(Numbered("a", setting(7)).blocks(10)) == [4, 4, 2]
    assert list(Numbered("a", setting(60)).blocks(8)) == [4, 4]
    assert list(Numbered("a", setting(6)).blocks(9)) == [8, 1]
    assert list(Numbered("a", setting(3)).blocks(0)) == []


class Fixed(NoiseLayer):
    """A layer of given counts."""

    def __init__(self, name, counts, most=None):
        self.name, self._counts = name, np.asarray(counts)
        self.most = int(np.abs(self._counts).max()) if most is None else most
        self.sd_uV, self.band_uV = np.arange(1.0, 1 + self._counts.shape[1]), np.arange(3.0, 3 + self._counts.shape[1])

    def add(self, out, seg_index, i_start):
        out += (self._counts[i_start : i_start + len(out)] * (1 + seg_index)).astype(out.dtype)


def test_layers_that_not_all_contacts_have():
    """Some contacts have nothing of a layer, or it is made for some alone; levels are 0 where it is not."""
    counts = np.arange(1, 13).reshape(4, 3)
    silenced = Silenced(Fixed("a", counts), (1,))
    out = np.full((2, 3), 5)
    silenced.add(out, 0, 1)
    assert out.tolist() == [[9, 5, 11], [12, 5, 14]]
    assert (silenced.name, silenced.most) == ("a", 12)
    assert (silenced.sd_uV.tolist(), silenced.band_uV.tolist()) == ([1, 0, 3], [3, 0, 5])
    confined = Confined(Fixed("b", counts), np.array([0, 2, 4]), 5)
    out = np.full((2, 5), 5)
    confined.add(out, 0, 2)
    assert out.tolist() == [[12, 5, 13, 5, 14], [15, 5, 16, 5, 17]]
    assert (confined.name, confined.most) == ("b", 12)
    assert (confined.sd_uV.tolist(), confined.band_uV.tolist()) == ([1, 0, 2, 0, 3], [3, 0, 4, 0, 5])


# -- sums ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
@pytest.mark.parametrize("size", [10, 126, 127, 128, 2047, 2048, 16_383, 16_384, 32_767, 40_000])
def test_sums_of_layers(bits, order, size, monkeypatch):
    """A recording is the sum of its layers, wired to columns, cut off at the ends of its bits, and says how often."""
    monkeypatch.setattr("mockrawio.generate.mix.CHUNK", 4)
    rng = np.random.default_rng(1)
    first = rng.choice([-size - 1, -size, 0, size], (11, 3))
    second = rng.choice([-1, 0, 1], (11, 3))
    layers = [Fixed("a", first, size + 1), Fixed("b", second)]
    mix = Mix(layers, np.array(order), bits)
    total = (first + second)[:, np.argsort(order)]
    top = 2 ** (bits - 1)
    expected = np.clip(total, -top, top - 1)
    beyond = np.argwhere(total != expected)
    for start, stop in ((0, 11), (3, 8), (4, 4)):
        out = np.full((stop - start, 3), 99, np.int16)
        inside = (beyond[:, 0] >= start) & (beyond[:, 0] < stop)
        assert mix.fill(out, 0, start) == inside.sum()
        assert np.array_equal(out, expected[start:stop])
        assert np.array_equal(mix.clipped(0, start, stop), beyond[inside])
        assert np.array_equal(mix.summed(["a", "b"], 0, start, stop), total[start:stop])
    assert np.array_equal(mix.summed(["b"], 0, 2, 5), second[2:5][:, np.argsort(order)])
    assert mix.summed([], 0, 2, 5).tolist() == [[0] * 3] * 3
    assert mix.clipped(0, 0, 11).dtype == np.int64
    assert list(mix.layers) == ["a", "b"]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_sums_with_faults(order, monkeypatch):
    """What stands in the place of sums is on the columns of its fault; held is what the recording has, cut off."""
    monkeypatch.setattr("mockrawio.generate.mix.CHUNK", 4)
    counts = np.array([[200, -200, 3 * k] for k in range(10)])
    rows = (FaultRow("dropped", 0, (0, 1, 2), 5, 8, fill="held"), FaultRow("dead", 0, (1,), 0, 10, fill="zeros"))

    class Some(Incidents):
        def rows(self, seg_index, start, stop):
            return sorted((row for row in rows if row.i_start < stop and row.i_stop > start), key=lambda r: r.i_start)

    mix = Mix([Fixed("a", counts)], np.array(order), 8, Some())
    expected = np.clip(counts[:, np.argsort(order)], -128, 127)
    expected[:, 1] = 0
    expected[5:8] = expected[4]
    out = np.empty((10, 3), np.int16)
    mix.fill(out, 0, 0)
    assert np.array_equal(out, expected)
    lost = mix.clipped(0, 0, 10)
    assert not np.isin(lost[:, 0], [5, 6, 7]).any()
    assert 1 not in lost[:, 1]


def test_what_stands_all_the_time():
    """A standing fault is listed for the whole of a segment, once, in any piece that is not empty."""

    class Rigged:
        setting = setting()

    row = FaultRow("dead", 1, (2,), 0, 50, fill="zeros")
    fault = Standing(Rigged, "dead", [2], fill="zeros")
    assert list(fault.rows(1, 7, 8)) == [row]
    assert list(fault.rows(1, 7, 7)) == []
    layer = Fixed("fault.a", np.zeros((2, 2)))
    assert next(Standing(Rigged, "noisy", [0], layer).rows(0, 0, 1)) == FaultRow("noisy", 0, (0,), 0, 100, "fault.a")


def test_faults_of_a_first_sample():
    """All of a segment is asked for by default, its first sample and its last."""
    counts = np.zeros((100, 3), int)
    counts[[0, 99], [2, 1]] = 200, -200
    rows = FaultRow("dropped", 0, (0, 1, 2), 0, 1, fill="held"), FaultRow("dropped", 0, (0, 1, 2), 99, 100, fill="held")

    class Some(Incidents):
        def rows(self, seg_index, start, stop):
            return [row for row in rows if row.seg_index == seg_index and row.i_start < stop and row.i_stop > start]

    table = FaultTable(setting(), Some(), Mix([Fixed("a", counts)], np.arange(3), 8))
    assert table.within(0) == rows == tuple(table)
    assert (table.within(0, 1), table.within(0, 0, 99), table.within(1)) == (rows[1:], rows[:1], ())
    assert table.clipped(0).tolist() == [[0, 2], [99, 1]]
    assert (table.clipped(0, 1).tolist(), table.clipped(0, 0, 99).tolist()) == ([[99, 1]], [[0, 2]])


def test_labels_of_bad_channels():
    """Of several faults of a channel the last kind holds, as in SpikeInterface; the json lists the spans of each."""
    faults = (DeadChannel((0, 1)), NoisyChannel((1, 2)), OutOfBrain(channels=(2, 3)))
    spec = SessionSpec.broadband(
        seed=1, n_channels=5, n_units=1, noise=(White(),), segments=(0.5, 0.5), acquisition=Acquisition(faults=faults)
    )
    known = truth(spec)
    assert known.faults.labels.tolist() == ["dead", "noise", "out", "out", "good"]
    entry = {"kind": "dead", "channel_ids": ["CSC1", "CSC2"], "fill": "zeros"}
    assert known.faults.description()[0] == {**entry, "samples": [[0, 0, 16_000], [1, 0, 16_000]]}
    assert [row.kind for row in known.faults] == ["dead", "noisy", "out"] * 2
    assert [len(known.faults.within(0, i, i + 1)) for i in (0, 15_999)] == [3, 3]


# -- spikes --------------------------------------------------------------------------------------


class Trains(SpikeTrains):
    """Trains with a bound."""

    def __init__(self, most_factor, fewest_frames):
        self.most_factor, self.fewest_frames = most_factor, fewest_frames

    def fired(self, index, seg_index, start, stop):
        return Fired(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.float32))


@pytest.mark.parametrize(("fewest", "overlap"), [(0, 32_768), (1, 10), (3, 4), (5, 2), (9, 2), (10, 1), (99, 1)])
def test_the_most_that_spikes_add(fewest, overlap):
    """On each contact it is the sum over cells of what as many spikes as overlap add, each a count more by rounding."""
    peaks = [(np.array([0, 2]), np.array([4.0, 10.0])), (np.array([1, 2]), np.array([30.0, 1.0]))]
    firing = Trains(1.5, fewest)
    assert most_planted(peaks, 10, firing, 4) == int(overlap * max(7, 46, 16 + 2.5))
    assert most_planted([], 10, firing, 4) == 0
    banks = [Bank(at, -np.broadcast_to(np.float32(counts), (2, 10, 2))) for at, counts in peaks]
    assert PlantedLayer("spikes", setting(4), banks, 3, firing).most == int(overlap * 46)
    with pytest.raises(MockSessionError, match="intensity: expected spikes that are drawn; found .?spikes of a file"):
        firing.intensity(0, 0, 0, 5)


def test_columns_that_are_added():
    """Columns go to contacts, each from a row on that may be before the first, as far as they are inside."""
    counts = np.arange(1, 13).reshape(4, 3)
    for rows in ([0, 2, 1], [-1, 3, 0], [-3, 5, 2], [2, 2, 2], [-4, 6, -2]):
        out = np.full((6, 4), 100)
        expected = out.copy()
        for column, (row, contact) in enumerate(zip(rows, (3, 0, 3), strict=True)):
            for k in range(4):
                if 0 <= row + k < 6:
                    expected[row + k, contact] += counts[k, column]
        _add(out, counts, np.array(rows), np.array([3, 0, 3]))
        assert np.array_equal(out, expected)


def test_trains_of_a_file():
    """Spikes are at the nearest sample, halves at the later one, and in one of its eighths; the last has the rest."""
    a_ms = 1 / 30
    places = [0, 0.4374, 0.4376, 0.499, 0.5, 0.62, 0.63, 1.5 - 1e-6, 89.6, 99.49, 99.9]
    times = np.array([*(place * a_ms for place in places), 10.0, 10.5])
    source = SpikeSource("", times, np.array([4], np.uint64), np.array([0, len(times)]))
    firing = GivenTrains(source, np.array([0.0, 10.0]), Amplitudes(setting(), 0.1), True)
    fired = firing.fired(0, 0, 0, 200)
    assert fired.frames.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 90, 99, 99]
    assert fired.phases.tolist() == [4, 7, 7, 7, 0, 0, 1, 7, 0, 7, 7]
    assert firing.fired(0, 1, 0, 200).frames.tolist() == [0, 15]
    assert firing.fired(0, 0, 1, 90).frames.tolist() == [1] * 4
    assert firing.fired(0, 0, 90, 91).factors.tolist() == fired.factors[8:9].tolist()
    drawn = Amplitudes(setting(), 0.1).drawn(13, 0).astype(np.float32)
    assert fired.factors.tolist() == drawn[:11].tolist()
    assert (firing.most_factor, firing.fewest_frames) == (1 + 0.1 * normal_table()[-1], 0)
    still = GivenTrains(source, np.array([0.0, 10.0]), Amplitudes(setting(), 0.1), False)
    assert set(still.fired(0, 0, 0, 200).phases.tolist()) == {0}


RAMP = np.array([0.0, 1, 4, -30, -12, 6, 3, 1, 0, 0], np.float32)


@pytest.mark.parametrize("before", [0, 3, 9])
@pytest.mark.parametrize("multi", [0.0, 1.0])
def test_waveforms_without_a_stream(before, multi):
    """A file's waveforms are the cell's mean spike, its own sample at 19, times a factor, in white noise."""
    source = np.stack([RAMP[:, None] * np.array([9.0, 4], np.float32), RAMP[:, None] * np.array([2.0, 8], np.float32)])
    part = Templates(source, sampling_rate=32_000, positions_um=[[0, 0], [0, 25]], before=before, gain_uV=0.5)
    units = Units(2, templates=part, multi=multi, cells_per_multi=(2, 2), amplitude_uV=(40, 60), rate_hz=20.0)
    spec = SessionSpec(seed=2, duration_s=2.0, probe="linear", n_channels=4, units=units, noise=(White(1.0),))
    plan = plan_session(spec)
    for unit in plan.units:
        content, exact = unit.content("int16"), unit.content("float64")
        ints, floats = (np.concatenate(list(one.waveforms.blocks)) for one in (content, exact))
        assert np.abs(ints * content.scale.gain - floats).max() <= content.scale.gain / 2 + 1e-9
        assert exact.scale is None
        assert (content.sampling_rate, ints.shape) == (32_000.0, (len(unit.times_ms()), 64))
        spikes = unit.spikes()
        for row, cell, factor in zip(floats[:5], spikes.cells, spikes.factors, strict=False):
            bank = plan.cast.banks[unit.members[cell]]
            mean = np.zeros(64)
            column = bank.contacts == unit.cells[0].peak_contact
            mean[19 - before : 29 - before] = bank.counts[0][:, column][:, 0] * 0.195
            assert np.abs(row - mean * factor).max() < 5.0  # five deviations of the noise
        held(f"waveforms.{before}.{multi}.{unit.name.id}", ints, unit.n_expected)


# -- rows on their way ---------------------------------------------------------------------------


@pytest.mark.parametrize("room", [1, 40, 64, 1 << 21])
def test_rows_that_are_turned(tmp_path, monkeypatch, room):
    """Columns are what was put as rows, in pieces of any size, whatever is held in memory."""
    monkeypatch.setattr("mockrawio.generate.spool._IN_MEMORY", room)
    rows = np.arange(66).reshape(22, 3).astype(np.int16)
    with Spool(tmp_path, 3) as spool:
        for low, high in ((0, 1), (1, 1), (1, 15), (15, 22)):
            spool.put(rows[low:high])
        for column in (2, 0, 1):
            assert np.concatenate(list(spool.column(column))).tolist() == rows[:, column].tolist()
    with Spool(tmp_path, 0) as none:
        none.put(rows[:, :0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n_workers", [1, 3])
def test_chunks_in_their_order(n_workers, monkeypatch):
    """Each chunk of each segment comes once, in order, with how many of its values were cut off."""
    monkeypatch.setattr("mockrawio.generate.chunks.CHUNK", 10)

    def fill(out, seg_index, i_start):
        out[:] = 100 * seg_index + i_start + np.arange(len(out))[:, None]
        return len(out)

    made = [
        (c.seg_index, c.i_start, c.clipped, c.samples.tolist()) for c in made_ahead(fill, (25, 0, 10), 2, n_workers)
    ]
    places = [(0, 0, 10), (0, 10, 10), (0, 20, 5), (2, 0, 10)]
    assert made == [(s, i, n, [[100 * s + i + k] * 2 for k in range(n)]) for s, i, n in places]
    assert list(made_ahead(fill, (), 2, n_workers)) == []


class Counted(SegmentRows):
    """Rows that tell where they are."""

    def make(self, out, seg_index, i_start):
        out[:] = 1000 * seg_index + (i_start + np.arange(len(out)))[:, None] + [[0, 7]]


def test_rows_of_segments():
    """Rows are counted through all segments, and read from any to any."""
    rows = Counted([5, 0, 3], 2)
    whole = [[i, i + 7] for i in (0, 1, 2, 3, 4, 2000, 2001, 2002)]
    for start in range(9):
        for stop in range(start, 9):
            assert rows.read(start, stop).tolist() == whole[start:stop]


def test_rows_of_chunks(monkeypatch):
    """Chunks of which a part is asked for are kept; what is asked for whole is made in its place."""
    monkeypatch.setattr("mockrawio.generate.made_arrays.CHUNK", 4)
    made = []

    def fill(out, seg_index, i_start):
        made.append((seg_index, i_start, len(out)))
        out[:] = (100 * seg_index + i_start + np.arange(len(out)))[:, None]
        return 0

    rows = ChunkRows(fill, [10, 6], 1)
    whole = [*range(10), *range(100, 106)]
    for start in range(17):
        for stop in range(start, 17):
            assert rows.read(start, stop)[:, 0].tolist() == whole[start:stop]
    made.clear()
    rows.read(1, 3)
    rows.read(2, 9)
    assert made == [(0, 4, 4)]
    with rows.opened() as read:
        assert read(3, 5)[:, 0].tolist() == [3, 4]


@pytest.mark.parametrize("room", [1, 20, 1 << 22])
def test_files_of_rows(room, monkeypatch):
    """A channel's samples are a column of the rows, in pieces of any size."""
    monkeypatch.setattr("mockrawio.generate.made_arrays._FILE_BYTES", room)
    lfp = RowsLfp(lambda: Counted([5, 3], 2), 0.25)
    assert lfp.gain_uV == 0.25
    for channel, late in ((1, 0), (2, 7)):
        found = np.concatenate(list(lfp.samples(channel, "int16")))
        assert found.tolist() == [i + late for i in (0, 1, 2, 3, 4, 1000, 1001, 1002)]


# -- the band ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "low", "high"), [(10_000, 300, 4750), (1000, 237.5, 475), (2000, 300, 950)])
def test_the_band_of_a_slow_rate(rate, low, high):
    """It reaches .95 of half the rate, and begins at half of its upper end at most; at both half is left."""
    edges = np.tan(np.pi * np.array([low, high]) / rate)
    at = np.array([0.2, 0.45, 0.7, 0.9]) * rate / 2
    w = np.tan(np.pi * at / rate)
    expected = 1 / (1 + ((w * w - edges[0] * edges[1]) / (w * (edges[1] - edges[0]))) ** 10)
    assert band_gain(at, Fraction(rate)) == pytest.approx(expected, rel=1e-9)
    assert band_gain(np.array([low, high], float), Fraction(rate)) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("n", "size"), [(90, 1024), (424, 1024), (425, 2048), (1448, 2048)])
def test_silence_around_a_spike(n, size):
    """There is as much as the filter rings, 20 ms, up to the next power of two."""
    assert in_band(np.ones((2, n)), Fraction(30_000)).shape == (2, size)
    assert BLOCK == 1 << 20
    assert isinstance(Fixed("a", np.zeros((1, 1))), Layer)
    assert replace(setting(), seed=2).seed == 2


def test_the_share_of_white_noise():
    """What the band lets pass of white noise is this, of nine digits, at rates that are slow and fast."""
    held("white_share", [white_share(Fraction(rate)) for rate in ("1000", "24414.0625", "30000", "100000")])


def reference(lowpass, rows, n):
    """Return the LFP of a segment's samples, one by one."""
    taps, found = np.array(lowpass.taps), []
    for k in range(n):
        at = round(Fraction(k * lowpass.frames[0], lowpass.frames[1])) - len(taps) // 2 + np.arange(len(taps))
        total = (rows[np.clip(at, 0, len(rows) - 1)].astype(int) * taps[:, None]).sum(axis=0)
        found.append(np.clip((total + (1 << lowpass.shift - 1)) >> lowpass.shift, -32_768, 32_767))
    return np.array(found)


@pytest.mark.parametrize("at_once", [1, 3, 256])
def test_the_lfp_of_rows(at_once, monkeypatch):
    """Any samples of it are made of the stream's around them, of the first channels, with its ends beyond its ends."""
    monkeypatch.setattr("mockrawio.generate.made_arrays._LFP_AT_ONCE", at_once)
    lowpass, stream = lfp_lowpass(Fraction(4500)), Counted([50, 9], 2)
    lfp = LfpOfRows(stream, lowpass, [11, 2], 1)
    whole = [reference(lowpass, stream.read(low, high)[:, :1], n) for low, high, n in ((0, 50, 11), (50, 59, 2))]
    expected = np.concatenate(whole)
    for start in range(14):
        for stop in range(start, 14):
            assert np.array_equal(lfp.read(start, stop), expected[start:stop])


def test_rows_of_a_line_and_of_a_sine():
    """A sync line has one column, a sine one for each channel, each as its file."""
    line = Acquisition(sync=Sync(20.0))
    spec = SessionSpec.broadband(seed=1, segments=(0.9, 0.2), gap_s=0.005, n_channels=1, n_units=0, acquisition=line)
    sync = SyncLine(plan_session(spec))
    whole = np.concatenate([sync.levels(k, 0, n) for k, n in enumerate(sync.lengths)])
    rows = SyncRows(sync)
    assert (rows.lengths, rows.width) == ((28_800, 6400), 1)
    for start, stop in ((0, 35_200), (28_790, 28_811), (500, 501)):
        assert np.array_equal(rows.read(start, stop), whole[start:stop])
    plan = plan_session(SessionSpec(seed=1, segments=(1.0, 0.3), n_units=0, field=(Sine(),), n_lfp_channels=2))
    sine = SineLfp(plan, plan.spec.field[0])
    columns = [np.concatenate(list(sine.samples(channel, "int16"))) for channel in (1, 2)]
    out = np.empty((60, 2), np.int16)
    SineRows(sine).fill(out, 970)
    assert np.array_equal(out.T, [column[970:1030] for column in columns])


CASTS = {
    "plain": SessionSpec.broadband(seed=2, duration_s=1.0, n_channels=5, n_units=2, noise=(White(), Spatial(), Hum())),
    "slow": SessionSpec(seed=2, segments=(1.0, 0.7), probe="tetrodes", n_channels=8, n_units=2, noise=(White(4.0),)),
    "rig": SessionSpec.neuropixels(
        seed=2,
        segments=(0.75, 0.25),
        n_channels=12,
        n_units=2,
        sampling_rate="100000/3",
        noise=(White(), Spatial(), White(2.0), FarUnits(2)),
        acquisition=Acquisition(2.0, sample_shift=True, faults=OutOfBrain(channels=(3, 11))),
    ),
}


@pytest.mark.parametrize("name", CASTS)
def test_what_a_session_gives_to_its_layers(name):
    """Rates, places, lengths, shifts and contacts outside are these, and so is the noise around units."""
    plan = plan_session(CASTS[name])
    here, cast = plan.cast.setting, plan.cast
    held(f"setting.{name}", here.seed, str(here.sampling_rate), here.gain_uV, here.places, here.lengths, here.outside)
    held(f"shifts.{name}", here.shifts, cast.before, cast.jitter, cast.noise_uV, floor_uV(plan.spec, here))
    floor = [layer.name.removeprefix("noise.") for layer in noise_layers(plan.spec, here, floor=True)]
    assert floor == {"plain": ["white", "spatial"], "slow": ["white"], "rig": ["white", "spatial", "white.2"]}[name]
    silent = [type(layer) is Silenced for layer in noise_layers(plan.spec, here)]
    assert silent == {"plain": [False] * 3, "slow": [False], "rig": [False, True, False, False]}[name]


def test_units_as_the_truth_has_them():
    """Banks, templates and displacements of a unit are of all its cells, on all contacts that see it anywhere."""
    spec = SessionSpec.broadband(
        seed=3,
        segments=(1.0, 0.5),
        n_channels=8,
        units=Units(2, rate_hz=20.0, multi=1.0, cells_per_multi=(2, 2)),
        noise=(White(),),
        motion=(Jump(0.3, 12.0), Zigzag(6.0, period_s=1.0)),
    )
    known = truth(spec)
    for unit in known.units.values():
        spikes, kept = unit.templates(), unit.spikes()
        assert unit.bank.shape == (2, 8, 98, len(unit.channels))
        for k in (0, 5, unit.n_spikes - 1):
            cell, moved = int(kept.cell_indexes[k]), float(kept.displacements[k])
            phase = int(np.rint((unit.jitter()[k] + 7 / 16) * 8))
            mean = unit.bank_at(moved)[cell, phase]
            assert np.array_equal(spikes[k], np.rint(mean * kept.factors[k]))
            assert np.array_equal(unit.templates(np.array([k]))[0], spikes[k])
            assert np.array_equal(unit.templates(slice(k, k + 1))[0], spikes[k])
        assert np.array_equal(unit.bank_at(0.2), unit.bank)
        assert not np.array_equal(unit.bank_at(0.3), unit.bank)
        everywhere = unit.bank_at(0.0, np.arange(8))
        assert np.array_equal(everywhere[..., unit.channels], unit.bank)
        assert not np.delete(everywhere, unit.channels, axis=3).any()
        assert unit.rate_hz == sum(cell.rate_hz for cell in unit.cells) == 40.0
        assert not kept.frames.flags.writeable
        assert unit.intensity(1, 3, 9).tolist() == [40.0] * 6
        assert unit.intensity(1).shape == (16_000,)
        held(f"unit.{unit.id}", unit.description(), spikes, kept)
    assert known.motion.span_um == (-3.0, 15.0)
    held("truth", known.description(None), known.noise_uV, known.band_uV)


def test_units_without_noise():
    """Where there is no noise a unit is infinitely larger than it, which JSON has as nothing."""
    units = Units(2, amplitude_uV=(50, 60), multi=0.0)
    known = truth(SessionSpec.broadband(seed=1, duration_s=1.0, n_channels=4, units=units, noise=(), field=()))
    assert {unit.snr for unit in known.units.values()} == {np.inf}
    assert {unit.description()["snr"] for unit in known.units.values()} == {None}
    assert known.noise_uV.tolist() == known.band_uV.tolist() == [0.0] * 4
    assert known.layers == ("spikes",)
    assert not known.background(0).any()


@pytest.mark.parametrize("stream", [True, False])
def test_files_that_are_made(stream):
    """Of a virtual session's files those that have arrays are made in pieces, and have no size; all others have one."""
    line = Acquisition(sync=Sync(20.0))
    with_stream = SessionSpec.broadband(seed=1, duration_s=1.0, n_channels=2, n_units=1, acquisition=line)
    files = SpecMaker(with_stream if stream else SessionSpec.tiny(seed=1, n_lfp_channels=2, n_events=0)).files
    arrays = {name for name, size in files.items() if size == 0}
    folders = "spiking_data/", "lfp_data/", "raw_data/"
    assert arrays == {name for name in files if name.startswith(folders) and name.endswith(".npy")}
    assert len([name for name in arrays if "lfp" in name]) == 2
    assert ({"raw_data/broadband.npy", "raw_data/sync.npy"} <= arrays) == stream
    assert min(files[name] for name in files.keys() - arrays) > 0
