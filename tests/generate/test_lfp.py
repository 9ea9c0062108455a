"""The LFP of a session: its broadband stream through whole taps, or the field alone at 1 kHz."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionError, SessionSpec, generate_session, lfp_of_stream, truth
from mockrawio.generate import Pink, Rhythm, Sine
from mockrawio.generate.casting import setting_of
from mockrawio.generate.chunks import Chunk
from mockrawio.generate.field_lfp import LfpOfStream, lfp_of_plan
from mockrawio.generate.files import lfp_jobs
from mockrawio.generate.parts.field.part import Tissue
from mockrawio.generate.plan import plan_session
from mockrawio.generate.spool import Spool
from mockrawio.generate.taps import lfp_lowpass
from mockrawio.session.lowpass import Lowpass
from tests.generate.field.made import analytic, slope, welch
from tests.generate.folders import FEW_FAR
from tests.length import rounds

SPEC = SessionSpec.broadband(segments=(2.5, 0.7), n_channels=10, n_units=4, noise=FEW_FAR, seed=6)
RATES = ["32000", "30000", "24414.0625", "100000/3", "1000", "1500"]


def stored(folder: Path) -> np.ndarray:
    """Return what the LFP's files hold, (n, channels)."""
    files = sorted((folder / "lfp_data").iterdir(), key=lambda path: int(path.name[3:].split("_")[0]))
    return np.stack([np.load(path, allow_pickle=True).item()["samples"] for path in files], axis=1)


def reference(lowpass: Lowpass, rows: np.ndarray, n: int) -> np.ndarray:
    """Return the LFP of a segment's samples, one by one, as the module's page says."""
    taps, (num, den) = np.array(lowpass.taps, np.int64), lowpass.frames
    made = []
    for k in range(n):
        middle = round(Fraction(k * num, den))  # halves to the even one
        at = np.clip(middle - len(taps) // 2 + np.arange(len(taps)), 0, len(rows) - 1)
        total = (rows[at].astype(np.int64) * taps[:, None]).sum(axis=0)
        made.append(np.clip((total + (1 << (lowpass.shift - 1))) >> lowpass.shift, -32768, 32767))
    return np.array(made, np.int16).reshape(n, rows.shape[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A broadband session of two segments."""
    return generate_session(SPEC, tmp_path_factory.mktemp("lfp"))


@pytest.mark.parametrize("rate", RATES)
def test_the_lfp_is_the_stream_through_the_taps(tmp_path, rate):
    """At any rate what the files hold is, byte for byte, what a reader makes of the stream by the json's taps."""
    made = generate_session(replace(SPEC, sampling_rate=Fraction(rate)), tmp_path)
    description = json.loads((made / "raw_data" / "broadband.json").read_text())
    lowpass = Lowpass.of_json(description["ground_truth"]["lfp"])
    assert sum(lowpass.taps) == 1 << lowpass.shift
    stream, counts, begin = np.load(made / "raw_data" / "broadband.npy"), stored(made), 0
    assert counts.shape == (3200, 10)
    for seg_index, (segment, n) in enumerate(zip(description["segments"], (2500, 700), strict=True)):
        rows = stream[begin : begin + segment["n_samples"]]
        expected = reference(lowpass, rows, n)
        assert np.array_equal(counts[2500 * seg_index :][:n], expected)
        assert np.array_equal(lfp_of_stream(made, seg_index), expected)
        begin += len(rows)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(data=st.data())
def test_a_reader_may_make_any_piece(folder, data):
    """Any samples of the LFP can be made of the stream alone."""
    seg_index, n, begin = data.draw(st.sampled_from([(0, 2500, 0), (1, 700, 2500)]))
    i_start = data.draw(st.integers(0, n))
    i_stop = data.draw(st.integers(i_start, min(n, i_start + 300)))
    piece = lfp_of_stream(folder, seg_index, i_start, i_stop)
    assert piece.dtype == np.dtype("<i2")
    assert np.array_equal(piece, stored(folder)[begin + i_start : begin + i_stop])


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(sizes=st.lists(st.integers(1, 3000), max_size=6), seed=st.integers(0, 9))
def test_chunks_of_any_size_make_the_same(sizes, seed):
    """The LFP that is made while a stream is written does not depend on how it is cut."""
    lowpass, rng = lfp_lowpass(Fraction(24000)), np.random.default_rng(seed)
    rows = rng.integers(-32768, 32768, (5000, 3)).astype(np.int16)
    cuts = np.unique(np.clip(np.cumsum([0, *(size + lowpass.half for size in sizes), 5000]), 0, 5000))
    made: list[np.ndarray] = []
    maker = LfpOfStream(lowpass, [5000, 60], [209, 3], 2, made.append)
    for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        maker.take(Chunk(rows[low:high], 0, low, 0))
    maker.take(Chunk(rows[:60], 1, 0, 0))
    expected = np.concatenate([reference(lowpass, rows[:, :2], 209), reference(lowpass, rows[:60, :2], 3)])
    assert np.array_equal(np.concatenate(made), expected)


@pytest.mark.parametrize("most", [10, 5000, 7000, 32767])
def test_sums_are_exact_however_large(most):
    """Sums of counts as large as int16 has are as exact as those of small ones, and cut off at its ends."""
    lowpass = lfp_lowpass(Fraction(30000))
    rows = np.where(np.random.default_rng(2).random((900, 7)) < 0.5, -most - 1, most).astype(np.int16)
    rows[300:500, 0] = np.where(np.array(lowpass.taps) > 0, most, -most - 1)[:200].tolist() + [most] * 19
    assert np.array_equal(lowpass.samples(rows, 0, 4, 27), reference(lowpass, rows, 27)[4:])


def test_taps_let_pass_what_an_lfp_has():
    """At any rate all below 200 Hz passes within 1.2 %, half at 450 Hz, and below 2 % of all from 750 to 5000 Hz."""
    for rate in (20000, 24414.0625, 32000, 100000):
        taps = np.array(lfp_lowpass(Fraction(rate)).taps)
        at = np.arange(len(taps)) - len(taps) // 2
        hz = np.arange(0, 5000, 5)
        gain = np.cos(2 * np.pi * np.outer(hz, at) / rate) @ taps / taps.sum()
        assert np.abs(gain[hz <= 200] - 1).max() < 0.012
        assert gain[hz == 450] == pytest.approx(0.5, abs=0.02)
        assert np.abs(gain[hz >= 750]).max() < 0.02
        assert np.array_equal(taps, taps[::-1])


@pytest.mark.parametrize("n_workers", [2, 5])
def test_workers_change_nothing(folder, tmp_path, n_workers):
    """Any number of workers write the same files."""
    other = generate_session(SPEC, tmp_path, n_workers=n_workers)
    for path in (folder / "lfp_data").iterdir():
        assert (other / "lfp_data" / path.name).read_bytes() == path.read_bytes()


def test_all_channels_have_an_lfp_unless_asked_otherwise(folder, tmp_path):
    """Beside a stream all channels have one, else the first; with a number the first ones; with 0 none does."""
    assert SessionSpec(duration_s=1.0).lfp_width == 1
    assert len(list((folder / "lfp_data").iterdir())) == 10
    some = generate_session(replace(SPEC, n_lfp_channels=3), tmp_path / "some")
    assert np.array_equal(stored(some), stored(folder)[:, :3])
    none = generate_session(replace(SPEC, n_lfp_channels=0), tmp_path / "none")
    assert not (none / "lfp_data").exists()


def test_physical_values_are_counts_times_gain(folder, tmp_path):
    """In the encoding that Epiphyte writes an LFP has the counts times the gain of the stream."""
    floats = stored(generate_session(replace(SPEC, encoding="float64"), tmp_path))
    assert floats.dtype == np.float64
    assert np.array_equal(floats, stored(folder) * 0.195)


def test_lfp_and_broadband_are_coherent(tmp_path):
    """Below 100 Hz the coherence of the LFP with the stream, averaged over each ms in place of the taps, is > .99."""
    made = generate_session(
        SessionSpec.broadband(duration_s=40.0, n_channels=2, n_units=2, noise=FEW_FAR, seed=8), tmp_path
    )
    slow = stored(made).astype(float)[:, 0]
    fast = np.load(made / "raw_data" / "broadband.npy")[:, 0].astype(float)
    rolled = np.pad(fast, (16, 16), mode="edge")[: len(fast)].reshape(-1, 32).mean(axis=1)  # around each ms
    window = np.hanning(1000)
    cut = [[x[k : k + 1000] * window for k in range(0, 39_000, 500)] for x in (slow, rolled)]
    a, b = (np.fft.rfft(one, axis=1) for one in cut)
    coherence = np.abs((a * b.conj()).sum(0)) ** 2 / ((np.abs(a) ** 2).sum(0) * (np.abs(b) ** 2).sum(0))
    assert coherence[1:100].min() > 0.99


@pytest.fixture(scope="module")
def rhythmic(tmp_path_factory) -> Path:
    """A minute and a half without a stream, of 81 contacts over 2 mm, with a rhythm of 8 Hz."""
    spec = SessionSpec(
        duration_s=90.0,
        probe="linear",
        n_channels=81,
        n_lfp_channels=81,
        n_units=1,
        seed=12,
        field=(Pink(), Rhythm("theta", 8.0)),
    )
    return generate_session(spec, tmp_path_factory.mktemp("rhythmic"))


def test_neighbours_agree_in_phase_and_distant_contacts_need_not(rhythmic):
    """At 8 Hz neighbours agree within .1 rad where it is loud; contacts 2 mm apart differ by more, as the wave lags."""
    signal = analytic(stored(rhythmic).astype(float), 1000, 6.0, 10.0)
    loud = np.abs(signal).min(axis=1) > np.median(np.abs(signal)) * 1.5
    steps = np.angle(signal[:, 1:] * signal[:, :-1].conj())[loud]
    assert np.abs(steps).max() < 0.1
    far = np.angle(np.mean(signal[loud, -1] * signal[loud, 0].conj()))
    plan = plan_session(SessionSpec.from_file(rhythmic / "session_manifest.json"))
    setting = setting_of(plan.spec, plan.seed, plan.segments)
    layer = Rhythm("theta", 8.0).layer("field.theta", setting, Tissue({}, lambda code: ()))
    lag = 2 * np.pi * (layer.lags[0] - layer.lags[-1])
    assert far == pytest.approx(lag, abs=0.15)
    assert abs(far) > 0.1


def test_the_spectrum_falls_as_that_of_tissue(tmp_path):
    """The default LFP's spectrum falls from 2 to 100 Hz with an exponent of -1 to -2; it has 60 to 250 µV."""
    made = generate_session(SessionSpec(duration_s=60.0, n_channels=16, n_lfp_channels=16, n_units=1, seed=4), tmp_path)
    uV = stored(made) * 0.195
    frequencies, power = welch(uV, 1000)
    for channel in range(16):
        assert -2 < slope(frequencies, power[:, channel], 2.0, 100.0) < -1
    assert 60 < uV.std(axis=0).min() <= uV.std(axis=0).max() < 250


def test_without_a_stream_it_is_the_field_at_1_khz(tmp_path):
    """The samples are the sum of the field's layers, wired; a longer session begins with them, and so do its files."""
    spec = SessionSpec(segments=(3.0, 1.5), n_channels=9, n_lfp_channels=9, n_units=1, seed=4)
    made = stored(generate_session(spec, tmp_path / "a"))
    same = truth(SessionSpec.broadband(segments=(3.0, 1.5), probe="bundles", n_channels=9, sampling_rate=1000, seed=4))
    names = [name for name in same.layers if name.startswith("field.")]
    assert np.array_equal(made, np.concatenate([same.summed(names, k) for k in range(2)]))
    longer = stored(generate_session(replace(spec, segments=(4.0, 1.5)), tmp_path / "b", n_workers=3))
    assert np.array_equal(longer[:3000], made[:3000])
    assert np.array_equal(longer[4000:], made[3000:])


@pytest.mark.parametrize(("block", "n"), [(1, 5), (7, 21), (7, 40), (100, 5), (64, 0)])
def test_a_spool_gives_the_columns_of_its_rows(tmp_path, monkeypatch, block, n):
    """Columns are those of all rows that were put, in whatever blocks, and the folder is empty in the end."""
    monkeypatch.setattr("mockrawio.generate.spool._IN_MEMORY", 2 * 3 * block)
    rows = np.random.default_rng(3).integers(-99, 99, (n, 3)).astype(np.int16)
    with Spool(tmp_path, 3) as spool:
        for piece in np.array_split(rows, 4):
            spool.put(piece)
        for _ in range(2):
            columns = [np.concatenate(list(spool.column(k))) for k in range(3)]
            assert np.array_equal(np.stack(columns, axis=1), rows)
    assert not list(tmp_path.iterdir())


def peak(make) -> int:
    """Return how much memory is taken at most while something is made, in bytes."""
    tracemalloc.start()
    make()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.at_length(only=True)
def test_memory_does_not_grow_with_the_recording(tmp_path, monkeypatch):
    """The LFP of twice as many samples takes as much memory, within 300 kB: of the field, and of a stream."""
    monkeypatch.setattr("mockrawio.generate.spool._IN_MEMORY", 1 << 16)
    chunk = np.zeros((8192, 2), np.int16)

    def of_field(seconds: float) -> None:
        channels = {"n_channels": 2, "n_lfp_channels": 2}
        plan = plan_session(SessionSpec(duration_s=seconds, n_units=0, n_events=1, seed=1, **channels))
        with lfp_of_plan(plan, tmp_path) as lfp:
            assert sum(len(part) for job in lfp_jobs(plan, lfp) for part in job.chunks()) > 20_000 * seconds

    def of_stream(seconds: float) -> None:
        n = int(seconds * 32000) // len(chunk)
        with Spool(tmp_path, 2) as spool:
            maker = LfpOfStream(lfp_lowpass(Fraction(32000)), [n * 8192], [n * 256], 2, spool.put)
            for k in range(n):
                maker.take(Chunk(chunk, 0, k * 8192, 0))
            assert sum(len(part) for part in spool.column(1)) == n * 256

    for make in (of_field, of_stream):
        make(10.0)  # tables and the like
        assert peak(lambda make=make: make(280.0)) < peak(lambda make=make: make(140.0)) + 300_000


def test_a_sine_is_as_it_was(tmp_path):
    """A session of Epiphyte's has a sine on one channel; all channels may have one."""
    plan = plan_session(SessionSpec.epiphyte(duration_s=5.0, n_channels=4, seed=1))
    assert plan.spec.field == (Sine(),)
    with lfp_of_plan(plan) as lfp:
        assert len(lfp_jobs(plan, lfp)) == 1
        samples = np.concatenate(list(lfp.samples(1, "float64")))
    assert np.abs(samples - 100 * np.sin(2 * np.pi * 8 * (np.arange(5000) % 125) / 1000)).max() < 1e-8


def test_what_cannot_be_read_is_refused(folder, tmp_path):
    """A segment, samples or a stream that are not there, and taps that are none, are errors that say so."""
    with pytest.raises(BoundsError, match="seg_index"):
        lfp_of_stream(folder, 2)
    with pytest.raises(BoundsError, match="i_stop <= 2500"):
        lfp_of_stream(folder, 0, 5, 2501)
    with pytest.raises(MockSessionError, match="the stream 'other' in raw_data"):
        lfp_of_stream(folder, stream="other")
    copy = shutil.copytree(folder, tmp_path / "session_1")
    path = copy / "raw_data" / "broadband.json"
    description = json.loads(path.read_text())
    known = description["ground_truth"]["lfp"]
    wrong = [None, [], {**known, "taps": [1, 2]}, {**known, "taps": [1.5]}, {**known, "shift": 0}, {"taps": [1]}]
    wrong += [{**known, "frames": [32]}, {**known, "frames": [10**9, 1]}, {**known, "frames": [32, True]}]
    for lfp in wrong:
        description["ground_truth"]["lfp"] = lfp
        path.write_text(json.dumps(description))
        with pytest.raises(MockSessionError, match="'lfp' in the ground truth"):
            lfp_of_stream(copy)


@pytest.mark.parametrize("width", [0, 3])
def test_what_is_made_is_counted(width):
    """While the LFP of a session without a stream is made, its bytes are counted, chunk by chunk."""
    counted: list[int] = []
    plan = plan_session(SessionSpec(segments=(8.5, 1.0), n_channels=3, n_lfp_channels=width, n_units=0, seed=1))
    with lfp_of_plan(plan, tick=counted.append):
        assert counted == ([8192 * 6, 308 * 6, 6000] if width else [])
