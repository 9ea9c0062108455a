"""The files of a session with a stream: what they say, that they hold the samples, that they are whole or absent."""

from __future__ import annotations

import hashlib
import json
import tracemalloc

import numpy as np
import pytest

from mockrawio import MockSessionRawIO, Truth, truth
from mockrawio.generate import GenerateData, SessionSpec, Units, White, generate_session
from mockrawio.generate.broadband_files import BroadbandFiles
from mockrawio.generate.layers import CHUNK
from mockrawio.ground.errors import MockSessionError
from mockrawio.session.manifest import read_manifest
from mockrawio.session.streams import open_stream
from mockrawio.testing import assert_rawio_compliant
from mockrawio.verify import verify_session
from tests.generate.folders import FEW_FAR, contents, recorded, unit_file

# Of multi-units two spikes may lie within 1 ms, where Neo's rules for a RawIO expect one.
UNITS = Units(6, rate_hz=(2.0, 20.0), multi=0.0)
SPEC = SessionSpec.broadband(
    patient_id=1, session_nr=1, segments=(3.0, 2.0), n_channels=12, units=UNITS, noise=FEW_FAR, seed=2
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate_session(SPEC, tmp_path_factory.mktemp("broadband"))


@pytest.fixture(scope="module")
def known(folder):
    return truth(folder)


def test_the_stream_is_described(folder, known):
    """The array is C-order int16, and the json says rate, scale, channels, segments, probe and what is in it."""
    counts = np.load(folder / "raw_data" / "broadband.npy", mmap_mode="r")
    assert (counts.dtype, counts.shape, counts.flags.c_contiguous) == (np.int16, (160_000, 12), True)
    stream = open_stream(str(folder / "raw_data" / "broadband.npy"))
    assert stream.sampling_rate == 32_000.0
    assert stream.ids == tuple(f"CSC{k}" for k in range(1, 13))
    assert stream.names == SPEC.names == tuple(f"CH{k}" for k in range(1, 13))
    assert {scale.gain for scale in stream.scales} == {known.gain_uV} == {0.195}
    assert stream.contacts() == SPEC.contacts == known.probe
    starts = [segment.start_ms for segment in known.plan.segments]
    assert [(run.t_start_ms, run.stop - run.start) for run in stream.runs] == list(
        zip(starts, (96_000, 64_000), strict=True)
    )
    assert stream.ground_truth == known.description(0)["ground_truth"]
    assert (stream.ground_truth["clipped"], stream.ground_truth["seed"]) == (0, 2)


def test_the_manifest_says_what_was_clipped(folder):
    """The manifest of a session with a stream has the count and the spec, by whose fields it is made again."""
    manifest = read_manifest(folder / "session_manifest.json")
    assert (manifest["clipped"], manifest["spec_version"]) == (0, 2)
    assert SessionSpec.from_dict(manifest["spec"]) == SPEC


def test_the_whole_folder_is_in_order(folder):
    """It verifies, and its reader keeps Neo's rules with two streams of two segments."""
    assert verify_session(folder).ok
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        assert reader.header["signal_streams"]["id"].tolist() == ["lfp", "broadband"]
        assert [reader.get_signal_size(0, k, 1) for k in (0, 1)] == [96_000, 64_000]
        assert [reader.get_signal_size(0, k, 0) for k in (0, 1)] == [3000, 2000]
        assert_rawio_compliant(reader)


def test_a_reader_has_the_waveforms_of_the_stream(folder):
    """What the reader gives as a spike's waveform are the 64 samples of its channel around the spike."""
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        for index, unit in enumerate(reader.header["spike_channels"]):
            column = int(unit["id"].split("_")[0][3:]) - 1
            assert (unit["wf_left_sweep"], unit["wf_sampling_rate"]) == (19, 32_000.0)
            for seg_index in (0, 1):
                stream = reader.get_analogsignal_chunk(seg_index=seg_index, stream_index=1)[:, column]
                padded = np.pad(stream, (19, 45))
                start = reader.get_signal_t_start(0, seg_index, 1)
                stamps = reader.get_spike_timestamps(seg_index=seg_index, spike_channel_index=index)
                frames = np.rint((reader.rescale_spike_timestamp(stamps) - start) * 32_000).astype(int)
                waveforms = reader.get_spike_raw_waveforms(seg_index=seg_index, spike_channel_index=index)
                assert np.array_equal(waveforms[:, 0], [padded[frame : frame + 64] for frame in frames])


def test_float64_units_have_epiphytes_two_keys(folder, known, tmp_path):
    """In float64 a unit's file has no keys but Epiphyte's, and its waveforms are the counts times gain."""
    other = generate_session(SessionSpec.from_dict({**SPEC.to_dict(), "encoding": "float64"}), tmp_path)
    for unit_id in known.units:
        small, large = (unit_file(place, unit_id) for place in (folder, other))
        assert list(large) == ["spike_times", "spike_amps"]
        assert list(small)[2:] == ["gain", "offset", "units", "sampling_rate", "left_sweep"]
        assert np.array_equal(large["spike_amps"], small["spike_amps"] * small["gain"])
        assert small["gain"] == known.gain_uV
    stream = "raw_data/broadband.npy"
    assert (folder / stream).read_bytes() == (other / stream).read_bytes()


@pytest.mark.parametrize("rate_hz", [0.01, 5.0])
def test_short_segments_and_silent_units(tmp_path, rate_hz):
    """Segments shorter than a waveform are made, spikes and all; a unit without spikes has empty arrays."""
    units = Units(3, rate_hz=rate_hz, multi=0.0)
    spec = SessionSpec.broadband(seed=1, segments=(0.001, 0.6, 0.002, 0.5), units=units, n_channels=3, noise=FEW_FAR)
    folder = generate_session(spec, tmp_path)
    known = truth(folder)
    assert known.n_samples == (32, 19_200, 64, 16_000)
    for unit_id, unit in known.units.items():
        assert unit_file(folder, unit_id)["spike_amps"].shape == (unit.n_spikes, 64)
        assert (unit.n_spikes == 0) == (rate_hz < 1)
    for seg_index, counts in enumerate(recorded(folder)):
        assert np.array_equal(counts, known.recording(seg_index))
    assert verify_session(folder).ok


def test_sums_that_leave_int16_are_clipped_and_counted(tmp_path):
    """Sixteen units of 2 mV on one channel leave int16: the nearest count stands there; both files say how often."""
    units = Units(16, rate_hz=100.0, amplitude_uV=(2000.0, 2500.0), min_distance_um=1.0)
    spec = SessionSpec.broadband(seed=1, n_channels=1, units=units, duration_s=2.0, noise=FEW_FAR)
    folder = generate_session(spec, tmp_path)
    known = truth(folder)
    sums = known.summed(known.layers, 0)
    over = int(((sums > 32_767) | (sums < -32_768)).sum())
    assert over > 10
    assert np.array_equal(recorded(folder)[0], np.clip(sums, -32_768, 32_767))
    assert read_manifest(folder / "session_manifest.json")["clipped"] == over
    assert json.loads((folder / "raw_data/broadband.json").read_text())["ground_truth"]["clipped"] == over
    assert verify_session(folder).ok


def test_nothing_is_cut_off_before_there_is_anything(known):
    """The files of a stream have cut off nothing until they are written, and know how large the array is."""
    files = BroadbandFiles(known, 1, lambda chunk: None)
    assert (files.clipped, files.shape, files.nbytes) == (0, (160_000, 12), 3_840_000)


def test_looking_for_clipping_changes_nothing(known, monkeypatch):
    """Where nothing can clip, the fast way and the one that looks give the same counts."""
    fast, slow = (np.empty((CHUNK, 12), "<i2") for _ in range(2))
    assert known.fill(fast, 0, 3 * CHUNK) == 0
    monkeypatch.setattr(known._mix, "_most", 1e9)
    assert known.fill(slow, 0, 3 * CHUNK) == 0
    assert np.array_equal(fast, slow)


# -- the same bytes, or none -----------------------------------------------------------------

PINNED = {
    "raw_data/broadband.json": "9afe95bacd0522d0",
    "raw_data/broadband.npy": "96cbb93291a851fc",
    "session_manifest.json": "a031db184b27b147",
    "spiking_data/CSC6_SU1.npy": "9681dec42a307e27",
    "spiking_data/CSC7_SU1.npy": "44e62b041fea7117",
}


def test_the_bytes_of_a_tiny_broadband_session_are_pinned(tmp_path):
    """The files of seed 0 have these SHA-256, on every machine and in every release."""
    spec = SessionSpec.broadband(seed=0, segments=(0.7, 0.5), n_channels=9, n_units=2)
    made = contents(generate_session(spec, tmp_path))
    kept = [name for name in made if name.startswith(("raw_data", "session_manifest", "spiking_data"))]
    assert {name: hashlib.sha256(made[name]).hexdigest()[:16] for name in kept} == PINNED


@pytest.mark.parametrize("n_workers", [2, 8])
def test_any_number_of_workers_makes_the_same_bytes(tmp_path, folder, n_workers):
    """Two and eight workers make what one makes, the manifest included."""
    assert contents(generate_session(SPEC, tmp_path, n_workers=n_workers)) == contents(folder)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("n_workers", [1, 3])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, n_workers, error):
    """An error in the middle of the stream comes out, and neither a session nor a staging folder stays."""
    fill = Truth.fill

    def failing(self, out, seg_index, i_start):
        if i_start == 5 * CHUNK:
            raise error("in the middle")
        return fill(self, out, seg_index, i_start)

    monkeypatch.setattr(Truth, "fill", failing)
    with pytest.raises(error, match="in the middle"):
        generate_session(SPEC, tmp_path, n_workers=n_workers)
    assert [p.name for p in (tmp_path / "patient_data" / "1").iterdir()] == []


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_memory_does_not_grow_with_the_recording(tmp_path, folder):
    """100 seconds take no more memory to make than 50, when both have more blocks than are kept; nor 3.5 MB."""
    units = Units(2, rate_hz=1.0, multi=0.0)
    peaks = []
    for seconds in (50.0, 100.0):
        fields = {"sampling_rate": 100_000, "n_channels": 1, "n_lfp_channels": 0, "units": units, "noise": FEW_FAR}
        spec = SessionSpec.broadband(seed=0, duration_s=seconds, **fields)
        tracemalloc.start()
        generate_session(spec, tmp_path / str(seconds))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
    assert peaks[1] < 3.5e6  # the file has 20 MB


def test_generate_data_makes_no_stream(tmp_path):
    """Epiphyte's class, which saves file by file, refuses a stream and says what makes one."""
    fields = {"duration_s": 5.0, "units": Units(3), "sampling_rate": 32_000}
    with pytest.raises(MockSessionError, match=r"generate_session\(SessionSpec\.broadband"):
        GenerateData(1, 1, None, root=tmp_path, **fields)


# -- a signal worth sorting --------------------------------------------------------------------


def detected(signal, template, threshold):
    """Return where a filter matched to the template, whose peak is at `before`, is at most and above the threshold."""
    matched = np.correlate(signal, template - template.mean(), mode="valid") / ((template - template.mean()) ** 2).sum()
    inner = matched[1:-1]
    peaks = (inner > threshold) & (inner >= matched[:-2]) & (inner > matched[2:])
    return np.flatnonzero(peaks) + 1


def test_a_matched_filter_finds_the_spikes(tmp_path):
    """In a minute of signal the spikes of a unit of SNR 12 or more are found, 97 % of them and little else."""
    units = Units(1, snr=(12.0, 15.0), rate_hz=(8.0, 10.0), multi=0.0)
    folder = generate_session(
        SessionSpec.broadband(seed=6, n_channels=8, units=units, noise=(White(),), field=()), tmp_path
    )
    (unit,) = truth(folder).units.values()
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        signal = reader.get_analogsignal_chunk(stream_index=1, channel_ids=[f"CSC{unit.peak_channel + 1}"])[:, 0]
    template = unit.bank[0].mean(axis=0)[:, list(unit.channels).index(unit.peak_channel)]
    found = detected(signal.astype(float), template.astype(float), 0.5) + unit.before
    nearest = abs(found[:, None] - unit.frames()[None]).min(axis=0)
    hits = int((nearest <= 2).sum())
    assert hits / unit.n_spikes > 0.97
    assert hits / (unit.n_spikes + found.size - hits) > 0.95
