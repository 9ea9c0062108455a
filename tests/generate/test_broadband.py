"""The broadband stream: every count of it accounted for, and its noise what it claims to be."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from mockrawio.generate import BroadbandTruth, GenerateData, SessionSpec, broadband_truth, generate_session
from mockrawio.generate.parts.part import BOUND, CHUNK
from mockrawio.generate.plan import plan_session
from mockrawio.ground.errors import BoundsError, MockSessionError
from mockrawio.session.manifest import read_manifest
from mockrawio.session.probe import contact_positions
from mockrawio.session.streams import open_stream
from mockrawio.verify import verify_session
from tests.rawio.compliance import comply

SPEC = SessionSpec.broadband(patient_id=1, session_nr=1, segments=(6.0, 4.0), n_channels=12, n_units=6, seed=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate_session(SPEC, tmp_path_factory.mktemp("broadband"))


@pytest.fixture(scope="module")
def truth(folder):
    return broadband_truth(folder)


def segments_of(folder):
    """Return the counts of each segment, as NumPy reads them."""
    stream = open_stream(str(folder / "raw_data" / "broadband.npy"))
    counts = np.load(folder / "raw_data" / "broadband.npy")
    return [counts[run.start : run.stop] for run in stream.runs]


def loaded(path):
    return np.load(path, allow_pickle=True).item()


# -- the files ------------------------------------------------------------------------------


def test_the_stream_is_described(folder, truth):
    """The array is C-order int16, and the json says rate, scale, channels, segments and what was planted."""
    counts = np.load(folder / "raw_data" / "broadband.npy", mmap_mode="r")
    assert (counts.dtype, counts.shape, counts.flags.c_contiguous) == (np.int16, (320_000, 12), True)
    stream = open_stream(str(folder / "raw_data" / "broadband.npy"))
    assert stream.sampling_rate == 32_000.0
    assert stream.ids == tuple(f"CSC{k}" for k in range(1, 13))
    assert stream.names == SPEC.names
    assert {scale.gain for scale in stream.scales} == {truth.gain}
    starts = [segment.start_ms for segment in truth.plan.segments]
    assert [(run.t_start_ms, run.stop - run.start) for run in stream.runs] == list(
        zip(starts, (192_000, 128_000), strict=True)
    )
    planted = stream.ground_truth
    assert planted["clipped"] == 0
    assert planted["seed"] == 2
    assert planted["units"].keys() == truth.units.keys()
    for name, unit in truth.units.items():
        said = planted["units"][name]
        assert said["channel_ids"] == [f"CSC{column + 1}" for column in unit.columns]
        assert (tuple(said["location"]), tuple(said["scale"])) == (unit.location, unit.scale)
        assert (said["snr"], said["peak_uV"]) == (unit.snr, unit.peak_uV)
    assert planted["noise"]["total_uV"] == pytest.approx(truth.noise_uV.tolist(), abs=1e-6)


def test_the_manifest_says_what_was_clipped(folder):
    """The manifest of a broadband session has the count and the stream's fields, another's neither."""
    manifest = read_manifest(folder / "session_manifest.json")
    assert manifest["clipped"] == 0
    assert SessionSpec.from_dict(manifest["spec"]) == SPEC
    assert not {"snr", "broadband_hz", "jitter"} & SessionSpec.tiny().to_dict().keys()


def test_the_whole_folder_is_in_order(folder):
    """It verifies, and its reader keeps Neo's rules with two streams of two segments."""
    assert verify_session(folder).ok
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        assert reader.header["signal_streams"]["id"].tolist() == ["lfp", "broadband"]
        assert [reader.get_signal_size(0, k, 1) for k in (0, 1)] == [192_000, 128_000]
        assert [reader.get_signal_size(0, k, 0) for k in (0, 1)] == [6000, 4000]
        comply(reader)


# -- the truth -----------------------------------------------------------------------------


def test_recording_less_background_is_what_was_planted(folder, truth):
    """Over both segments, count for count: recording - background == planted, and it is not nothing."""
    for seg_index, recorded in enumerate(segments_of(folder)):
        background, planted = truth.background(seg_index), truth.planted(seg_index)
        assert (background.dtype, planted.dtype) == (np.int16, np.int32)
        assert np.array_equal(recorded.astype(np.int32) - background, planted)
        assert np.array_equal(truth.recording(seg_index), recorded)
        assert abs(planted).max() > 300
        assert abs(background).max() <= BOUND


def test_what_was_planted_is_the_sum_of_the_templates(truth):
    """Adding every unit's templates one by one, sample 19 at the spike's frame, gives the same sums."""
    for seg_index, n_samples in enumerate(truth.n_samples):
        slow = np.zeros((n_samples, truth.n_channels), np.int64)
        for unit in truth.units.values():
            templates = unit.templates()
            assert (templates.dtype, templates.shape) == (np.int16, (unit.n_spikes, 64, len(unit.columns)))
            for i in np.flatnonzero(unit.segments() == seg_index):
                first = unit.frames()[i] - 19
                slow[first : first + 64, unit.columns.start : unit.columns.stop] += templates[i]
        assert np.array_equal(slow, truth.planted(seg_index))


def test_a_template_is_the_curve_times_factor_and_scale(truth):
    """A template is its phase's curve in counts, times the spike's factor, to the nearest count."""
    for unit in truth.units.values():
        means = unit.bank[((unit.jitter() * 16 + 7) / 2).astype(int)]
        exact = means.astype(float) * unit.factors()[:, None, None].astype(float)
        assert abs(unit.templates() - exact).max() < 0.501
        assert np.array_equal(unit.templates([2]), unit.templates()[2:3])


@pytest.mark.parametrize(
    ("i_start", "i_stop"), [(0, 0), (0, 1), (5, 16_383), (16_383, 16_385), (16_384, 32_768), (100, 191_999)]
)
def test_any_piece_is_a_piece_of_the_whole(truth, i_start, i_stop):
    """Background, planted and recording of a range are those of the whole segment, cut out."""
    for made in (truth.background, truth.planted, truth.recording):
        assert np.array_equal(made(0, i_start, i_stop), made(0)[i_start:i_stop])


def test_pieces_across_every_spike(truth):
    """A template cut in two anywhere is whole again when the two pieces are laid together."""
    whole = truth.planted(1)
    for edge in range(1, 64):
        unit = next(iter(truth.units.values()))
        i = np.flatnonzero(unit.segments() == 1)[0]
        cut = int(unit.frames()[i]) - 19 + edge
        assert np.array_equal(np.concatenate([truth.planted(1, 0, cut), truth.planted(1, cut)]), whole)


@pytest.mark.parametrize(
    ("seg_index", "i_start", "i_stop"), [(2, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 2, 1), (1, 0, 10**6)]
)
def test_what_is_not_there_is_refused(truth, seg_index, i_start, i_stop):
    """A segment or a sample that there is not is an error in our words."""
    for made in (truth.background, truth.planted, truth.recording):
        with pytest.raises(BoundsError, match="expected 0"):
            made(seg_index, i_start, i_stop)


def test_truth_needs_a_broadband_manifest(tmp_path):
    """A folder without a manifest, or made without a stream, is refused with what to do."""
    with pytest.raises(MockSessionError, match="a readable file"):
        broadband_truth(tmp_path)
    with pytest.raises(MockSessionError, match=r"Make the session from SessionSpec\.broadband"):
        broadband_truth(generate_session(SessionSpec.tiny(seed=0), tmp_path))


# -- the spikes ------------------------------------------------------------------------------


def test_spikes_stand_where_spiking_data_says(folder, truth):
    """The frame of each spike is rint((t - t_start) * 32) of its stamp, and the rest of it is its jitter."""
    starts = np.array([segment.start_ms for segment in truth.plan.segments])
    for name, unit in truth.units.items():
        times = loaded(folder / "spiking_data" / f"{name}.npy")["spike_times"]
        assert np.array_equal(times, unit.times_ms())
        ticks = (times - starts[unit.segments()]) * 32
        assert np.array_equal(np.rint(ticks), unit.frames())
        assert np.array_equal(ticks - unit.frames(), unit.jitter())
        room = np.array(truth.n_samples)[unit.segments()]
        assert ((unit.frames() >= 19) & (unit.frames() + 45 <= room)).all()
        assert np.diff(times).min() >= SPEC.refractory_ms


def test_the_waveforms_are_the_streams_own_samples(folder):
    """What the reader gives as a spike's waveform are the 64 samples of its channel around the spike."""
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        for index, unit in enumerate(reader.header["spike_channels"]):
            column = int(unit["id"].split("_")[0][3:]) - 1
            assert (unit["wf_left_sweep"], unit["wf_sampling_rate"]) == (19, 32_000.0)
            for seg_index in (0, 1):
                stream = reader.get_analogsignal_chunk(seg_index=seg_index, stream_index=1)
                start = reader.get_signal_t_start(0, seg_index, 1)
                stamps = reader.get_spike_timestamps(seg_index=seg_index, spike_channel_index=index)
                frames = np.rint((reader.rescale_spike_timestamp(stamps) - start) * 32_000).astype(int)
                waveforms = reader.get_spike_raw_waveforms(seg_index=seg_index, spike_channel_index=index)
                snippets = [stream[frame - 19 : frame + 45, column] for frame in frames]
                assert np.array_equal(waveforms[:, 0], np.array(snippets))


def test_float64_units_have_epiphytes_two_keys(folder, truth, tmp_path):
    """In float64 a unit's file has no keys but Epiphyte's, and its waveforms are the counts times gain."""
    other = generate_session(SessionSpec.from_dict({**SPEC.to_dict(), "encoding": "float64"}), tmp_path)
    for name in truth.units:
        small, large = (loaded(place / "spiking_data" / f"{name}.npy") for place in (folder, other))
        assert list(large) == ["spike_times", "spike_amps"]
        assert list(small)[2:] == ["gain", "offset", "units", "sampling_rate", "left_sweep"]
        assert np.array_equal(large["spike_amps"], small["spike_amps"] * small["gain"])
        assert small["gain"] == truth.gain
    stream = "raw_data/broadband.npy"
    assert (folder / stream).read_bytes() == (other / stream).read_bytes()


def test_the_mean_around_the_spikes_peaks_at_frame_and_channel(tmp_path):
    """The spike-triggered average of the recording is largest at sample 19 of the unit's own channel.

    Peaks are broad: sample 20 has 1 % less, which 1000 spikes of SNR 20 or more show at 4 SD.
    """
    spec = SessionSpec.broadband(
        seed=3, segments=(12.0, 8.0), n_channels=12, n_units=4, snr=(20.0, 30.0), spikes_per_unit=(1000, 1000)
    )
    folder = generate_session(spec, tmp_path)
    recorded = segments_of(folder)
    for unit in broadband_truth(folder).units.values():
        places = zip(unit.segments(), unit.frames(), strict=True)
        mean = np.mean([recorded[seg_index][frame - 19 : frame + 45] for seg_index, frame in places], axis=0)
        assert np.unravel_index(mean.argmax(), mean.shape) == (19, unit.own_column)


def test_every_spike_peaks_at_its_frame():
    """Whatever a unit's curve and a spike's phase, sample 19 of its template is the largest there."""
    spec = SessionSpec.broadband(seed=1, n_units=150, duration_s=2.0, snr=(40.0, 90.0))
    for unit in BroadbandTruth(plan_session(spec)).units.values():
        own = unit.templates()[:, :, unit.own_column - unit.columns.start]
        assert (own.argmax(axis=1) == 19).all()


def test_a_unit_is_seen_on_its_bundle_by_distance():
    """The amplitude is 1 at the own contact, which is the nearest, falls with the distance, and ends at the bundle."""
    spec = SessionSpec.broadband(seed=1, n_units=60, n_channels=20, duration_s=2.0)
    for unit in BroadbandTruth(plan_session(spec)).units.values():
        contacts = contact_positions([column + 1 for column in unit.columns])
        distance = np.hypot(np.hypot(*(contacts - unit.location[:2]).T), unit.location[2])
        order = np.argsort(distance)
        scale = np.array(unit.scale)
        assert unit.columns[order[0]] == unit.own_column
        assert scale[order[0]] == 1
        assert (np.diff(scale[order]) < 0).all()
        assert scale.min() > 0.02
        assert unit.columns.start == unit.own_column // 8 * 8
        assert unit.columns.stop == min(unit.columns.start + 8, 20)


def test_peaks_are_drawn_from_the_snr_asked_for():
    """Peaks over noise lie between the two numbers, evenly, and are the mean template's to half a percent."""
    spec = SessionSpec.broadband(seed=1, n_units=400, duration_s=2.0, snr=(4.0, 12.0), rate_hz=(0.0, 0.0))
    truth = BroadbandTruth(plan_session(spec))
    snr = np.array([unit.snr for unit in truth.units.values()])
    assert 4 <= snr.min() < 4.2 < 11.8 < snr.max() <= 12
    assert abs(snr.mean() - 8) < 5 * 8 / np.sqrt(12 * 400)
    for unit in truth.units.values():
        assert unit.peak_uV == pytest.approx(unit.snr * truth.noise_uV[unit.own_column], abs=1e-6)
        assert unit.bank.max() * truth.gain == pytest.approx(unit.peak_uV, rel=5e-3)


def test_jitter_and_amplitudes_are_drawn_as_they_say():
    """Eight phases come up evenly, factors are normal around 1 with the SD asked for, and neither knows the other."""
    spec = SessionSpec.broadband(
        seed=3, n_units=1, duration_s=200.0, spikes_per_unit=(16_000, 16_000), amplitude_sd=0.15
    )
    (unit,) = BroadbandTruth(plan_session(spec)).units.values()
    phases, counts = np.unique(unit.jitter(), return_counts=True)
    assert phases.tolist() == [k / 16 for k in range(-7, 8, 2)]
    assert abs(counts - 2000).max() < 5 * np.sqrt(2000)
    factors = unit.factors().astype(float)
    assert abs(factors.mean() - 1) < 5 * 0.15 / np.sqrt(16_000)
    assert abs(factors.std() / 0.15 - 1) < 5 / np.sqrt(2 * 16_000)
    assert factors.min() > 0.15
    assert abs(np.corrcoef(factors, unit.jitter())[0, 1]) < 5 / np.sqrt(16_000)
    assert ((unit.times_ms() * 512) % 1 == 0).all()


def test_without_jitter_and_variation_all_spikes_are_alike():
    """Spikes then stand on samples, and every template of a unit is the same, its waveform's own shape."""
    spec = SessionSpec.broadband(seed=3, n_units=2, duration_s=5.0, jitter=False, amplitude_sd=0.0)
    for unit in BroadbandTruth(plan_session(spec)).units.values():
        assert (unit.jitter() == 0).all()
        assert (unit.times_ms() * 32 % 1 == 0).all()
        templates = unit.templates()
        assert (templates == templates[0]).all()
        assert templates.max() == round(unit.peak_uV / unit.gain)


@pytest.mark.parametrize("spikes", [0, 3])
def test_short_segments_and_silent_units(tmp_path, spikes):
    """Segments too short for a waveform have none; a unit without spikes has empty arrays."""
    spec = SessionSpec.broadband(
        seed=1, segments=(0.001, 0.6, 0.002, 0.5), n_units=3, n_channels=3, spikes_per_unit=(spikes, spikes)
    )
    folder = generate_session(spec, tmp_path)
    truth = broadband_truth(folder)
    assert truth.n_samples == (32, 19_200, 64, 16_000)
    for unit in truth.units.values():
        assert set(unit.segments()) <= {1, 2, 3}
        assert loaded(folder / "spiking_data" / f"{unit.id}.npy")["spike_amps"].shape == (spikes, 64)
    for seg_index, recorded in enumerate(segments_of(folder)):
        assert np.array_equal(recorded, truth.recording(seg_index))
    assert verify_session(folder).ok


def test_one_channel_and_no_units(tmp_path):
    """A stream of one channel without units is background and nothing else."""
    folder = generate_session(SessionSpec.broadband(seed=1, n_channels=1, n_units=0, duration_s=1.0), tmp_path)
    assert np.array_equal(segments_of(folder)[0], broadband_truth(folder).background(0))


def test_sums_that_do_not_fit_are_clipped_and_counted(tmp_path):
    """Sixteen loud units on one channel leave int16: the nearest count stands there, and both files say how often."""
    spec = SessionSpec.broadband(
        seed=1, n_channels=1, n_units=16, duration_s=5.0, rate_hz=(100.0, 100.0), snr=(100.0, 100.0), noise_uV=12.0
    )
    folder = generate_session(spec, tmp_path)
    truth = broadband_truth(folder)
    sums = truth.background(0).astype(np.int32) + truth.planted(0)
    over = int(((sums > 32_767) | (sums < -32_768)).sum())
    assert over > 10
    (recorded,) = segments_of(folder)
    assert np.array_equal(recorded, np.clip(sums, -32_768, 32_767))
    assert read_manifest(folder / "session_manifest.json")["clipped"] == over
    assert json.loads((folder / "raw_data/broadband.json").read_text())["ground_truth"]["clipped"] == over
    assert verify_session(folder).ok


def test_looking_for_clipping_changes_nothing(truth, monkeypatch):
    """Where nothing can clip, the fast way and the one that looks give the same counts."""
    fast, slow = (np.empty((CHUNK, 12), "<i2") for _ in range(2))
    assert truth.fill_chunk(fast, 0, 3) == 0
    monkeypatch.setattr(truth._planters[0], "_most", 1e9)
    assert truth.fill_chunk(slow, 0, 3) == 0
    assert np.array_equal(fast, slow)


# -- the same bytes, or none -----------------------------------------------------------------

PINNED = {
    "raw_data/broadband.json": "57fa4b12d8fc7905",
    "raw_data/broadband.npy": "34e12a28d1d5cb30",
    "session_manifest.json": "4551545091d952a2",
    "spiking_data/CSC1_SU1.npy": "561b3068adcc133d",
    "spiking_data/CSC9_SU1.npy": "a2ccd5775896ffc5",
}


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def test_the_bytes_of_a_tiny_broadband_session_are_pinned(tmp_path):
    """The files of seed 0 have these SHA-256, on every machine and in every release."""
    spec = SessionSpec.broadband(seed=0, segments=(0.7, 0.5), n_channels=9, n_units=2)
    made = contents(generate_session(spec, tmp_path))
    kept = [name for name in made if name.startswith(("raw_data", "session_manifest", "spiking_data"))]
    assert {name: hashlib.sha256(made[name]).hexdigest()[:16] for name in kept} == PINNED


@pytest.mark.parametrize("n_workers", [2, 4])
def test_any_number_of_workers_makes_the_same_bytes(tmp_path, folder, n_workers):
    """Two and four workers make what one makes, the manifest included."""
    assert contents(generate_session(SPEC, tmp_path, n_workers=n_workers)) == contents(folder)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("n_workers", [1, 3])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, n_workers, error):
    """An error in the middle of the stream comes out, and neither a session nor a staging folder stays."""
    fill_chunk = BroadbandTruth.fill_chunk

    def failing(self, out, seg_index, chunk):
        if chunk == 5:
            raise error("in the middle")
        return fill_chunk(self, out, seg_index, chunk)

    monkeypatch.setattr(BroadbandTruth, "fill_chunk", failing)
    with pytest.raises(error, match="in the middle"):
        generate_session(SPEC, tmp_path, n_workers=n_workers)
    assert [p.name for p in (tmp_path / "patient_data" / "1").iterdir()] == []


def test_memory_does_not_grow_with_the_recording(tmp_path):
    """Forty seconds take no more memory to make than ten, but for 40 bytes or so a spike."""
    peaks = []
    for seconds in (10.0, 40.0):
        spec = SessionSpec.broadband(seed=0, duration_s=seconds, n_channels=8, n_units=2, spikes_per_unit=(20, 20))
        tracemalloc.start()
        generate_session(spec, tmp_path / str(seconds))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000
    assert peaks[1] < 6e6  # three chunks' worth; the file has 20 MB


# -- what is asked for ------------------------------------------------------------------------

BAD = [
    ({"broadband_hz": 30_000.0}, "broadband_hz: expected None or 32000"),
    ({"snr": 5.0}, "snr"),
    ({"snr": None}, "found None"),
    ({"snr": (5.0, 101.0)}, "two numbers from 0 to 100"),
    ({"snr": (8.0, 5.0)}, "snr: expected the lowest and the highest"),
    ({"noise_uV": 0.0}, "noise_uV: expected a number from 0.01"),
    ({"pink_share": 1.1}, "pink_share"),
    ({"common_share": 0.6}, "common_share"),
    ({"amplitude_sd": 0.3}, "amplitude_sd"),
    ({"jitter": 1}, "jitter: expected True or False"),
    ({"segments": (0.001,) * 1000, "n_units": 1}, "Give fewer spikes"),
]


@pytest.mark.parametrize(("fields", "message"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_field_is_refused_by_name(fields, message):
    """The error names the field and what is expected."""
    with pytest.raises(MockSessionError) as caught:
        SessionSpec.broadband(**fields)
    assert message in str(caught.value)


@pytest.mark.parametrize("field", [{"snr": (1.0, 2.0)}, {"noise_uV": 3.0}, {"jitter": False}], ids=str)
def test_a_streams_field_needs_a_stream(field):
    """A field of the stream in a session without one is a mistake, not something to be passed over."""
    with pytest.raises(MockSessionError, match=r"expected a session with a broadband stream.*SessionSpec\.broadband"):
        SessionSpec(**field)


def test_a_broadband_spec_comes_back_from_json():
    """Every field of the stream goes through JSON and back."""
    spec = SessionSpec.broadband(seed=1, snr=(1, 2), noise_uV=3, pink_share=0, jitter=False, amplitude_sd=0)
    assert SessionSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert spec.recorded_ms == 60_000


def test_generate_data_makes_no_stream(tmp_path):
    """Epiphyte's class, which saves file by file, refuses a stream and says what makes one."""
    with pytest.raises(MockSessionError, match=r"generate_session\(SessionSpec\.broadband"):
        GenerateData(1, 1, None, root=tmp_path, duration_s=5.0, broadband_hz=32_000.0)


# -- a signal worth sorting --------------------------------------------------------------------


def detected(signal, template, threshold):
    """Return where a filter matched to the template has a local maximum above the threshold."""
    matched = np.correlate(signal, template - template.mean(), mode="valid") / ((template - template.mean()) ** 2).sum()
    inner = matched[1:-1]
    peaks = (inner > threshold) & (inner >= matched[:-2]) & (inner > matched[2:])
    return np.flatnonzero(peaks) + 1 + 19


def test_a_matched_filter_finds_the_spikes(tmp_path):
    """In a minute of signal the spikes of a unit of SNR 12 or more are found, 97 % of them and little else."""
    spec = SessionSpec.broadband(
        seed=6, duration_s=60.0, n_channels=8, n_units=1, snr=(12.0, 15.0), rate_hz=(8.0, 10.0)
    )
    folder = generate_session(spec, tmp_path)
    truth = broadband_truth(folder)
    (unit,) = truth.units.values()
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        signal = reader.get_analogsignal_chunk(stream_index=1, channel_ids=[unit.train.name.channel])[:, 0]
        found = detected(signal.astype(float), unit.bank.mean(axis=0)[:, unit.own_column].astype(float), 0.5)
    nearest = abs(found[:, None] - unit.frames()[None]).min(axis=0)
    hits = int((nearest <= 2).sum())
    assert hits / unit.n_spikes > 0.97
    assert hits / (unit.n_spikes + found.size - hits) > 0.95
