"""The truth about a stream: layers of whole counts whose sum it is, each one's bytes its own; and its units."""

from __future__ import annotations

import copy
import shutil
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, SessionSpec, Truth, generate_session, truth
from mockrawio.generate import Acquisition, FarUnits, Hum, Spatial, TrueUnit, Units, White
from mockrawio.generate.layers import CHUNK
from mockrawio.ground.errors import BoundsError
from mockrawio.session.manifest import read_manifest
from mockrawio.session.probe import ContactMap
from tests.generate.folders import FEW_FAR, contents, recorded, unit_file
from tests.length import rounds
from tests.manifests import rewrite, unsealed

NOISE = (White(), Spatial(), White(1.0), FarUnits(20), Hum(60.0))
NAMES = ("noise.white", "noise.spatial", "noise.white.2", "noise.far", "noise.hum", "spikes")
# Amplitudes in µV, so that they are the same whatever noise there is.
LOUD = Units(6, amplitude_uV=(40.0, 200.0), rate_hz=(5.0, 40.0), multi=0.3)
SPEC = SessionSpec.broadband(
    segments=(0.9, 0.7), n_channels=6, units=LOUD, noise=NOISE, field=(), sampling_rate=30_000, n_events=0, seed=3
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A session of two segments with each kind of layer."""
    return generate_session(SPEC, tmp_path_factory.mktemp("truth"))


@pytest.fixture(scope="module")
def known(folder):
    """The truth about it."""
    return truth(folder)


@lru_cache
def whole(name: str, seg_index: int) -> np.ndarray:
    """Return all of a layer, or of the recording, of a segment of SPEC; the caller changes none."""
    made = truth(SPEC)
    return made.recording(seg_index) if name == "recording" else made.layer(name).read(seg_index)


def added(unit: TrueUnit, n_channels: int, seg_index: int, n_samples: int) -> np.ndarray:
    """Return what a unit's spikes add to a segment, one after another: the slow way."""
    templates, first = unit.templates(), unit.frames() - unit.before
    total = np.zeros((n_samples + 2 * templates.shape[1], n_channels), np.int64)
    for i in np.flatnonzero(unit.segments() == seg_index):
        begin = first[i] + templates.shape[1]
        total[begin : begin + templates.shape[1], unit.channels] += templates[i]
    return total[templates.shape[1] : -templates.shape[1]]


# -- layers ----------------------------------------------------------------------------------


def test_the_recording_is_the_sum_of_its_layers(folder, known):
    """In both segments the stream's file is, count for count, the sum of six layers of which none is silent."""
    assert known.layers == NAMES
    for seg_index, counts in enumerate(recorded(folder)):
        layers = [known.layer(name).read(seg_index) for name in known.layers]
        assert all(layer.dtype == np.int32 and layer.shape == counts.shape and layer.any() for layer in layers)
        assert np.array_equal(sum(layers), counts)
        assert np.array_equal(known.recording(seg_index), counts)
        assert np.array_equal(known.background(seg_index), sum(layers[:-1]))
        assert np.array_equal(known.summed(["noise.hum", "spikes"], seg_index), layers[-2] + layers[-1])
        assert not known.summed([], seg_index).any()


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.sampled_from([*NAMES, "recording"]), st.integers(0, 1), st.data())
def test_any_piece_is_a_cut_of_the_whole(name, seg_index, data):
    """A piece of a layer, or of the recording, is the same samples wherever it begins and ends."""
    made, all_of_it = truth_of_spec(), whole(name, seg_index)
    borders = st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
    i_start = data.draw(st.integers(0, len(all_of_it)) | borders)
    i_stop = data.draw(st.integers(i_start, min(len(all_of_it), i_start + 300)) | st.just(len(all_of_it)))
    piece = made.recording if name == "recording" else made.layer(name).read
    assert np.array_equal(piece(seg_index, i_start, i_stop), all_of_it[i_start:i_stop])


@lru_cache
def truth_of_spec() -> Truth:
    """Return the truth about SPEC, which keeps a few blocks of events."""
    return truth(SPEC)


@pytest.mark.parametrize("n_workers", [2, 8])
def test_any_number_of_workers_makes_the_same_bytes(tmp_path, folder, n_workers):
    """Two and eight workers make what one makes, the manifest included."""
    assert contents(generate_session(SPEC, tmp_path, n_workers=n_workers)) == contents(folder)


ONE_MORE, NO_HUM = (*NOISE, White(3.0)), NOISE[:-1]
OTHER = (NOISE[0], Spatial(2.0, length_um=10), *NOISE[2:])


@pytest.mark.parametrize(
    ("noise", "changed"),
    [
        (ONE_MORE, {"noise.white.3"}),
        (NO_HUM, {"noise.hum"}),
        (OTHER, {"noise.spatial"}),
        (NOISE[::-1], {"noise.white", "noise.white.2"}),  # the second one of a kind is the second in the spec
        ((), set(NAMES[:-1])),
    ],
    ids=["one more", "one less", "another", "another order", "none"],
)
def test_a_layer_changes_no_other(noise, changed):
    """All other layers have the bytes they had when one is added, taken away or changed; the spikes have, too."""
    made = truth(replace(SPEC, noise=noise))
    assert set(NAMES) ^ set(made.layers) <= changed
    for name in set(made.layers) - changed:
        assert np.array_equal(made.layer(name).read(1), whole(name, 1)), name


def test_hum_leaves_units_as_they_are():
    """Units are asked against the floor alone: hum and far units add layers, and change no spike of a given SNR."""
    fields = {"duration_s": 1.0, "n_channels": 4, "n_units": 4, "seed": 5}
    plain = truth(SessionSpec.broadband(**fields, noise=(White(), Spatial())))
    more = truth(SessionSpec.broadband(**fields, noise=(White(), FarUnits(30), Spatial(), Hum(uV=30.0))))
    assert set(more.layers) - set(plain.layers) == {"noise.far", "noise.hum"}
    for name in plain.layers:
        assert np.array_equal(more.layer(name).read(0), plain.layer(name).read(0))
    assert [unit.cell for unit in more.units.values()] == [unit.cell for unit in plain.units.values()]
    for unit_id, unit in more.units.items():
        assert unit.snr < plain.units[unit_id].snr == pytest.approx(unit.cell.snr, rel=2e-6)


def test_one_more_unit_leaves_noise_and_spikes():
    """The noise keeps its bytes, and the spikes of the first units are those they had: one layer is the sum of both."""
    fields = {"duration_s": 1.0, "n_channels": 6, "seed": 3, "noise": (White(),)}
    few, more = (truth(SessionSpec.broadband(**fields, units=replace(LOUD, n=n, multi=0.0))) for n in (3, 4))
    assert np.array_equal(few.background(0), more.background(0))
    assert set(few.units) < set(more.units)
    (new,) = (unit for unit_id, unit in more.units.items() if unit_id not in few.units)
    extra = more.layer("spikes").read(0) - few.layer("spikes").read(0)
    assert np.array_equal(extra, added(new, 6, 0, 32_000))


@pytest.mark.parametrize(("short", "long"), [(1.0, 1.6), (1.001, 3.0)])
def test_a_longer_session_begins_with_the_shorter_one(short, long):
    """The first samples are the same, noise and spikes, to the last one of the shorter session; so is a segment."""
    fields = {"n_channels": 5, "units": LOUD, "noise": NOISE, "sampling_rate": 24414.0625, "seed": 8}
    one, other = (truth(SessionSpec.broadband(duration_s=s, **fields)) for s in (short, long))
    n = one.n_samples[0]
    for name in one.layers:
        assert np.array_equal(one.layer(name).read(0), other.layer(name).read(0, 0, n)), name
    assert np.array_equal(one.recording(0), other.recording(0, 0, n))
    cut = truth(SessionSpec.broadband(segments=(long, 1.0, short), **fields))
    assert np.array_equal(cut.recording(0), other.recording(0))
    for unit_id, unit in one.units.items():
        assert np.array_equal(unit.frames(), other.units[unit_id].frames()[: unit.n_spikes])


def test_a_segment_has_samples_of_its_own(known):
    """No layer but the hum's lines says the same in two segments, and the hum begins at another phase."""
    n = min(known.n_samples)
    for name in known.layers:
        first, second = (known.layer(name).read(seg_index, 0, n) for seg_index in (0, 1))
        assert not np.array_equal(first, second), name


@pytest.mark.parametrize("bits", range(8, 17))
def test_what_the_converter_cannot_hold_is_cut_off_and_counted(tmp_path, bits):
    """At each number of bits counts end at the rails, 20 µV either way, and manifest and json say how many do."""
    gain_uV = 20 / 2 ** (bits - 1)
    spec = SessionSpec.broadband(
        duration_s=1.0, n_channels=3, n_units=2, acquisition=Acquisition(gain_uV, bits=bits), n_lfp_channels=0, seed=1,
        noise=FEW_FAR,
    )  # fmt: skip
    folder = generate_session(spec, tmp_path, n_workers=2)
    made, (counts,) = truth(folder), recorded(folder)
    sums = sum(made.layer(name).read(0) for name in made.layers)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    over = int(np.count_nonzero((sums < low) | (sums > high)))
    assert over > 100  # of 96000, at three standard deviations
    assert np.array_equal(counts, np.clip(sums, low, high))
    assert (counts.min(), counts.max()) == (low, high)
    assert read_manifest(folder / "session_manifest.json")["clipped"] == over
    assert made.gain_uV == gain_uV


def test_other_wiring_permutes_columns():
    """Contacts that are wired to other channels have the same counts there, bit for bit, and so have their units."""
    wiring = np.random.default_rng(0).permutation(6)
    form = copy.deepcopy(SPEC.contacts.to_dict())
    form["probes"][0]["device_channel_indices"] = wiring.tolist()
    probe = ContactMap.from_dict(form)
    straight, crossed = truth(SPEC), truth(replace(SPEC, probe=probe))
    assert np.array_equal(crossed.probe.positions[wiring], straight.probe.positions)
    for seg_index in (0, 1):
        for name in straight.layers:
            columns = crossed.layer(name).read(seg_index)[:, wiring]
            assert np.array_equal(columns, straight.layer(name).read(seg_index)), name
        assert np.array_equal(crossed.recording(seg_index)[:, wiring], straight.recording(seg_index))
    assert np.array_equal(crossed.noise_uV[wiring], straight.noise_uV)
    places = {unit.location: unit for unit in crossed.units.values()}
    for unit in straight.units.values():
        other = places[unit.location]
        assert other.peak_channel == wiring[unit.peak_channel]
        assert np.array_equal(np.sort(wiring[unit.channels]), other.channels)
        assert np.array_equal(other.frames(), unit.frames())
        order = np.argsort(wiring[unit.channels])
        assert np.array_equal(other.templates(), unit.templates()[:, :, order])


def test_levels_are_those_of_the_noise():
    """Its standard deviation is as told, on the whole and in the band, where layers are independent: within 3 %."""
    made = truth(replace(SPEC, segments=None, duration_s=3.0, units=replace(LOUD, n=0)))
    background = made.background(0) * made.gain_uV
    assert background.std(axis=0) == pytest.approx(made.noise_uV, rel=0.03)
    assert (made.band_uV < made.noise_uV).all()
    assert made.noise_uV.shape == (6,)


@pytest.mark.parametrize(
    ("seg_index", "i_start", "i_stop"), [(2, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 2, 1), (1, 0, 10**6)]
)
def test_what_is_not_there_is_refused(known, seg_index, i_start, i_stop):
    """A segment or a sample that there is not is an error in our words, whatever of it is asked."""
    for read in (known.background, known.recording, known.layer("spikes").read):
        with pytest.raises(BoundsError, match="expected 0"):
            read(seg_index, i_start, i_stop)


def test_a_layer_that_is_not_there_is_refused(known):
    """The error lists the layers that there are."""
    with pytest.raises(MockSessionError, match="name: expected one of noise.white, .*, spikes; found 'noise.pink'"):
        known.layer("noise.pink")


def test_truth_needs_a_stream_a_seed_and_our_version(tmp_path, folder):
    """A folder without a manifest or a stream, a spec without either, and bytes of another version are refused."""
    with pytest.raises(MockSessionError, match="a readable file"):
        truth(tmp_path)
    stream_needed = r"Make the session from SessionSpec\.broadband"
    with pytest.raises(MockSessionError, match=stream_needed):
        truth(generate_session(SessionSpec.tiny(seed=0), tmp_path))
    with pytest.raises(MockSessionError, match=stream_needed):
        truth(SessionSpec.tiny(seed=0))
    with pytest.raises(MockSessionError, match=r"SessionSpec.seed: .*spec.seeded\(\)"):
        truth(SessionSpec.broadband())
    shutil.copy(folder / "session_manifest.json", tmp_path)
    rewrite(tmp_path, spec_version=1)
    with pytest.raises(MockSessionError, match="expected spec_version 2; found 1"):
        truth(tmp_path)


def test_a_spec_and_its_folder_say_the_same(folder, known):
    """The truth of a spec is that of the folder made from it, without looking at any file of it."""
    made = truth(SPEC)
    assert made.units.keys() == known.units.keys()
    assert made.spec == known.spec
    assert np.array_equal(made.recording(1, 100, 200), recorded(folder)[1][100:200])


# -- units -----------------------------------------------------------------------------------


def test_recording_less_background_is_the_templates_at_the_spikes(folder, known):
    """What is left of the file are the units' templates, added one by one, cut off at a segment's ends."""
    for seg_index, counts in enumerate(recorded(folder)):
        left = counts.astype(np.int64) - known.background(seg_index)
        parts = [added(unit, 6, seg_index, len(counts)) for unit in known.units.values()]
        at_the_end = left - sum(parts)
        # Of a spike that peaks after the last sample only the rise is recorded; it is none of the segment's.
        assert not at_the_end[: -known.units[next(iter(known.units))].before].any()
        assert abs(left).max() > 400


def test_spikes_may_be_anywhere_in_a_segment():
    """Over many units there are spikes in the first and in the last ms, and each has its frame within the segment."""
    units = Units(30, rate_hz=100.0, multi=0.0, refractory_ms=0.1)
    made = truth(SessionSpec.broadband(segments=(0.5, 0.5), n_channels=8, units=units, seed=1))
    frames = np.concatenate([unit.frames() for unit in made.units.values()])
    assert frames.min() < 32
    assert 16_000 - 32 <= frames.max() < 16_000
    left = made.recording(0).astype(np.int64) - made.background(0)
    parts = sum(added(unit, 8, 0, 16_000) for unit in made.units.values())
    before = next(iter(made.units.values())).before
    assert np.array_equal(left[:-before], parts[:-before])


def test_spikes_stand_where_spiking_data_says(folder, known):
    """The frame of each spike is the sample nearest to its stamp, and the rest of it its jitter."""
    starts = np.array([segment.start_ms for segment in known.plan.segments])
    for unit_id, unit in known.units.items():
        times = unit_file(folder, unit_id)["spike_times"]
        assert np.array_equal(times, unit.times_ms())
        places = (times - starts[unit.segments()]) * 30
        assert np.array_equal(np.rint(places), unit.frames())
        assert abs(places - unit.frames() - unit.jitter()).max() < 0.01
        assert (unit.frames() >= 0).all()
        assert (unit.frames() < np.array(known.n_samples)[unit.segments()]).all()


def test_the_waveforms_are_the_streams_own_samples(folder, known):
    """A unit's file has the 64 samples of its channel around each spike, 19 before its frame, zeros beyond the ends."""
    padded = [np.pad(counts, ((19, 45), (0, 0))) for counts in recorded(folder)]
    for unit_id, unit in known.units.items():
        found = unit_file(folder, unit_id)
        places = zip(unit.segments(), unit.frames(), strict=True)
        snippets = [padded[seg_index][frame : frame + 64, unit.peak_channel] for seg_index, frame in places]
        assert np.array_equal(found["spike_amps"], snippets)
        assert (found["left_sweep"], found["gain"], found["sampling_rate"]) == (19, known.gain_uV, 30_000.0)


def test_a_template_is_its_cells_mean_times_its_factor(known):
    """A template is the bank's row of its cell and phase, times the spike's factor, to the nearest count."""
    for unit in known.units.values():
        phases = ((unit.jitter() * 16 + 7) / 2).astype(int)
        means = unit.bank[unit.cell_indexes(), phases].astype(np.float64)
        exact = means * unit.factors()[:, None, None].astype(np.float64)
        templates = unit.templates()
        assert templates.dtype == np.int16
        assert abs(templates - exact).max() <= 0.501
        assert np.array_equal(unit.templates([2]), templates[2:3])


def test_every_spike_peaks_at_its_frame():
    """Whatever a cell's shape and a spike's phase, the largest sample on its peak channel is the one at its frame."""
    units = Units(60, snr=(40.0, 90.0), multi=0.0)
    made = truth(SessionSpec.broadband(duration_s=5.0, n_channels=32, units=units, seed=1))
    for unit in made.units.values():
        own = unit.bank[0, :, :, list(unit.channels).index(unit.peak_channel)]
        assert (abs(own).argmax(axis=1) == unit.before).all()
        assert abs(unit.peak_uV - own.flat[abs(own).argmax()] * made.gain_uV) < 1e-4
        assert (unit.peak_uV > 0) == (unit.kind == "positive")


@lru_cache
def busy() -> Truth:
    """Return the truth about four single units and four multi-units of three cells, 200 s, each cell at 20 Hz."""
    units = Units(8, rate_hz=20.0, multi=0.5, cells_per_multi=(3, 3), amplitude_sd=0.15)
    return truth(SessionSpec.broadband(duration_s=200.0, n_channels=8, units=units, noise=(White(),), seed=6))


def test_single_units_keep_their_refractory_period():
    """No interval of 4000 of a single unit is below 3 ms, exactly, and some are not far above."""
    single = [unit for unit_id, unit in busy().units.items() if "SU" in unit_id]
    assert single
    for unit in single:
        assert len(unit.cells) == 1
        apart = np.diff(unit.frames() + unit.jitter())  # multiples of an eighth of a sample: exact
        assert 3 * 32 <= apart.min() < 3.5 * 32
        assert np.diff(unit.times_ms()).min() >= 3 - 2**-11


def test_multi_units_are_several_cells():
    """Two other cells at 20 Hz put 1 - exp(-.08) of a multi-unit's intervals below 2 ms: within 5 standard errors."""
    multi = [unit for unit_id, unit in busy().units.items() if "MU" in unit_id]
    assert multi
    for unit in multi:
        assert len(unit.cells) == 3
        assert abs(unit.rate_hz - 60) < 1e-9
        short = np.diff(unit.frames() + unit.jitter()) < 2 * 32
        expected = 1 - np.exp(-2 * 20 * 0.002)
        assert abs(short.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / len(short))
        for cell in range(3):
            own = (unit.frames() + unit.jitter())[unit.cell_indexes() == cell]
            assert np.diff(own).min() >= 3 * 32
        contacts = {cell.peak_contact for cell in unit.cells}
        assert len(contacts) == 1


def test_units_fire_as_fast_as_they_say():
    """Each has as many spikes as its rate says, within 5 standard deviations of a Poisson process, which has more."""
    for unit in busy().units.values():
        expected = unit.rate_hz * 200
        assert abs(unit.n_spikes - expected) < 5 * np.sqrt(expected)


def test_jitter_and_amplitudes_are_drawn_as_they_say():
    """Eight phases come up evenly, factors are normal around 1 with the SD asked for, and neither knows the other."""
    units = busy().units.values()
    jitter, factors = (np.concatenate([getattr(unit, name)() for unit in units]) for name in ("jitter", "factors"))
    n = len(jitter)
    phases, counts = np.unique(jitter, return_counts=True)
    assert phases.tolist() == [k / 16 for k in range(-7, 8, 2)]
    assert abs(counts - n / 8).max() < 5 * np.sqrt(n / 8)
    factors = factors.astype(float)
    assert abs(factors.mean() - 1) < 5 * 0.15 / np.sqrt(n)
    assert abs(factors.std() / 0.15 - 1) < 5 / np.sqrt(2 * n)
    assert factors.min() > 0.15
    assert abs(np.corrcoef(factors, jitter)[0, 1]) < 5 / np.sqrt(n)


def test_without_jitter_and_variation_all_spikes_are_alike():
    """Spikes then stand on samples, and every template of a cell is the same."""
    units = Units(3, jitter=False, amplitude_sd=0.0, rate_hz=20.0, multi=0.0)
    made = truth(SessionSpec.broadband(duration_s=2.0, n_channels=4, units=units, seed=3))
    for unit in made.units.values():
        assert (unit.jitter() == 0).all()
        assert (unit.times_ms() * 32 % 1 == 0).all()
        templates = unit.templates()
        assert (templates == templates[0]).all()
        assert unit.bank.shape[:2] == (1, 1)


def test_the_json_says_what_the_truth_does(folder, known):
    """The stream's json lists the layers, each one's level on each channel, and every unit."""
    said = known.description(0)["ground_truth"]
    assert said["layers"] == list(NAMES)
    levels = np.array([said["noise"][name] for name in NAMES[:-1]])
    assert np.sqrt((levels**2).sum(axis=0)) == pytest.approx(known.noise_uV, abs=1e-5)
    assert said["units"].keys() == known.units.keys()
    for unit_id, unit in known.units.items():
        entry = said["units"][unit_id]
        assert entry["channel_ids"] == [f"CSC{channel + 1}" for channel in unit.channels]
        assert (entry["snr"], entry["peak_uV"], entry["kind"]) == (unit.snr, unit.peak_uV, unit.kind)
        assert entry["location"] == list(unit.location)
        assert len(entry["cells"]) == len(unit.cells)


def test_a_session_may_have_no_units(tmp_path):
    """Without units the stream is its background, one channel of it too, and the spikes' layer is there and silent."""
    spec = SessionSpec.broadband(n_units=0, n_channels=1, duration_s=1.0, seed=1)
    folder = generate_session(spec, tmp_path)
    made = truth(folder)
    assert made.units == {}
    assert not made.layer("spikes").read(0).any()
    assert np.array_equal(made.background(0), recorded(folder)[0])
    assert not (folder / "spiking_data").exists()


def test_a_session_may_have_no_noise():
    """Units of an amplitude in µV need none: the recording is then the spikes alone, and the SNR has no end."""
    made = truth(replace(SPEC, noise=()))
    assert made.layers == ("spikes",)
    assert np.array_equal(made.recording(1), whole("spikes", 1))
    assert not made.noise_uV.any()
    assert {unit.snr for unit in made.units.values()} == {float("inf")}
    said = made.description(0)["ground_truth"]["units"].values()
    assert {entry["snr"] for entry in said} == {None}


def test_no_file_is_opened_because_a_manifest_names_one(tmp_path):
    """A probe that is a path is what a spec of one's own may have; in a manifest it is an error, and stays unread."""
    folder = generate_session(SessionSpec.broadband(duration_s=1.0, n_channels=2, n_units=1, seed=0), tmp_path)
    place, probe = folder / "session_manifest.json", tmp_path / "probe.json"
    probe.write_text("{}")
    rewrite(folder, spec={**unsealed(folder)["spec"], "probe": str(probe)})
    for read in (truth, SessionSpec.from_file):
        with pytest.raises(MockSessionError, match="the name of a probe, or its contacts"):
            read(folder if read is truth else place)
