"""GenerateData and run_data_generation: the names of Epiphyte's generator, and the same bytes as generate_session."""

import hashlib
import inspect
import json
from datetime import datetime, timezone

import numpy as np
import pytest

from mockrawio.generate import (
    EpiphyteUnits,
    GenerateData,
    SessionSpec,
    Sine,
    generate_annotations,
    generate_session,
    run_data_generation,
)
from mockrawio.ground.errors import MockSessionError, SessionExistsError
from mockrawio.session.layout import find_labels
from mockrawio.session.logs import parse_daq_log, parse_watchlog
from mockrawio.session.manifest import compare, read_manifest
from tests.generate.folders import contents
from tests.generate.pins import held

SMALL = {"stimulus_len": None, "duration_s": 90.0, "n_units": 12, "seed": 5}
SAVES = (
    "save_session_info",
    "save_spike_trains",
    "save_lfp_data",
    "save_channel_names",
    "save_events",
    "save_daq_log",
    "save_watchlog_with_artifacts",
)
# The methods of Epiphyte's generator, format_save_dir aside, which has an argument.
METHODS = (
    *SAVES,
    "save_perfect_watchlog",
    "summarize",
    "generate_spike_trains",
    "generate_channelwise_unit_distribution",
    "generate_lfp_channel",
    "generate_channel_list",
    "generate_pings",
    "generate_events",
    "generate_stimulus_onsets",
    "seed_and_interval",
    "generate_daq_log",
    "generate_perfect_watchlog",
    "make_pauses_and_skips",
)
# The attributes that Epiphyte's documentation lists.
ATTRIBUTES = {
    "patient_id": int,
    "session_nr": int,
    "stimulus_len": float,
    "nr_channels": int,
    "nr_units": int,
    "nr_channels_per_region": int,
    "unit_types": list,
    "brain_regions": list,
    "rec_length": int,
    "rectime_on": int,
    "rectime_off": int,
    "spike_times": list,
    "spike_amps": list,
    "channel_dict": dict,
    "sampling_rate": int,
    "len_context_files": int,
    "datetime": str,
    "signal_tile": np.ndarray,
    "stim_on_time": int,
    "stim_off_time": int,
}


def saved(gen):
    for name in SAVES:
        getattr(gen, name)()
    return gen.format_save_dir()


@pytest.fixture(scope="module")
def gen(tmp_path_factory):
    return GenerateData(4, 2, root=tmp_path_factory.mktemp("gen"), **SMALL)


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_it_saves_what_generate_session_makes(tmp_path, encoding):
    """All save methods together leave the folder that generate_session makes from the same seed, byte for byte."""
    folder = saved(GenerateData(1, 1, root=tmp_path / "a", encoding=encoding, **SMALL))
    spec = SessionSpec.epiphyte(patient_id=1, session_nr=1, encoding=encoding, **SMALL)
    assert contents(folder) == contents(generate_session(spec, tmp_path / "b"))


def test_its_defaults_are_epiphytes():
    """Without fields of one's own, spec and encoding are SessionSpec.epiphyte's; the third argument is minutes."""
    gen = GenerateData(7, 3, 80.0, seed=2)
    assert gen.spec.encoding == "float64"
    assert gen.spec == SessionSpec.epiphyte(patient_id=7, session_nr=3, stimulus_len=80.0, seed=2)
    assert GenerateData(7, 3, seed=2).stimulus_len == 83.33
    assert GenerateData(7, 3, seed=2).spec == SessionSpec.epiphyte(patient_id=7, session_nr=3, seed=2)


def test_attributes_have_the_documented_types(gen):
    """Every attribute of Epiphyte's generator is there with its type."""
    assert {name: type(getattr(gen, name)) for name in ATTRIBUTES} == ATTRIBUTES


def test_attributes_agree_with_each_other(gen):
    """Times, counts and names are of one session, in the documented units."""
    assert gen.rectime_off - gen.rectime_on == gen.rec_length == 90_000
    assert gen.nr_channels == len(gen.brain_regions) * gen.nr_channels_per_region == len(gen.generate_channel_list())
    assert gen.nr_units == len(gen.spike_times) == len(gen.spike_amps) == sum(map(len, gen.channel_dict.values()))
    assert {t for types in gen.channel_dict.values() for t in types} <= set(gen.unit_types) == {"MU", "SU"}
    assert all(1 <= channel <= 80 for channel in gen.channel_dict)
    codes = [1, 2, 4, 8, 16, 32, 64, 128]
    assert gen.signal_tile.tolist() == [codes[k % 8] for k in range(gen.len_context_files)]
    assert gen.rectime_on < gen.stim_on_time < gen.stim_off_time < gen.rectime_off
    assert gen.stimulus_len == pytest.approx((gen.stim_off_time - gen.stim_on_time) / 60e3)
    assert gen.sampling_rate == 1000
    start = datetime.fromtimestamp(gen.rectime_on // 1000, timezone.utc)
    assert gen.datetime == start.strftime("%Y-%m-%d_%H-%M-%S")


def test_generate_methods_return_what_is_documented(gen):
    """Each generate method returns the shapes and types that Epiphyte's documentation gives."""
    times, amps = gen.generate_spike_trains()
    assert [a.shape for a in amps] == [(t.size, 64) for t in times]
    assert all((np.diff(t) > 0).all() for t in times)
    ts, samples = gen.generate_lfp_channel()
    assert ts.dtype == np.int64
    assert samples.dtype == np.float64
    assert ts.size == samples.size == gen.rec_length
    stamps, rows = gen.generate_events()
    assert rows.shape == (gen.len_context_files, 2)
    assert np.array_equal(rows[:, 0], stamps)
    assert np.array_equal(rows[:, 1], gen.generate_pings())
    assert gen.generate_channel_list()[::79] == ["LA1", "RPHC8"]
    assert gen.generate_stimulus_onsets() == (gen.stim_on_time, gen.stim_off_time)
    assert gen.generate_channelwise_unit_distribution() == gen.channel_dict


def test_units_are_saved_in_the_order_of_the_attributes(tmp_path):
    """The k-th of spike_times is the k-th unit that channel_dict lists, in the file of its number."""
    gen = GenerateData(1, 1, root=tmp_path, encoding="float64", **{**SMALL, "n_units": 300})
    gen.save_spike_trains()
    k = 0
    for channel, types in gen.channel_dict.items():
        for i, kind in enumerate(types):
            number = types[: i + 1].count(kind)
            unit = np.load(gen.format_save_dir("spiking_data") / f"CSC{channel}_{kind}{number}.npy", allow_pickle=True)
            assert np.array_equal(unit.item()["spike_times"], gen.spike_times[k])
            assert np.array_equal(unit.item()["spike_amps"], gen.spike_amps[k])
            k += 1
    assert k == 300


def test_a_drawn_length_is_ninety_minutes_and_some():
    """rec_length is 5,400,000 ms, to which 5 to 15 minutes are added; a movie that needs more has more."""
    for seed in range(5):
        gen = GenerateData(1, 1, seed=seed)
        assert gen.rec_length == 5_400_000
        assert 300_000 <= gen.rectime_off - gen.rectime_on - gen.rec_length <= 900_000
        assert gen.generate_lfp_channel()[0].size == gen.rectime_off - gen.rectime_on
    long = GenerateData(1, 1, 120.0, seed=0)
    assert long.rec_length > 7_200_000
    assert 300_000 <= long.rectime_off - long.rectime_on - long.rec_length <= 900_000


def test_the_daq_log_is_in_ms_as_its_file(gen):
    """Rows have ms, the very pulses of the file, one interval apart from the seed on."""
    gen.save_daq_log()
    rows = gen.generate_daq_log()
    log = parse_daq_log(str(gen.format_save_dir("daq_files") / f"timedDAQ-log-{gen.datetime}.log"))
    columns = (log.codes, log.index, log.pre, log.post)
    assert rows == list(zip(*(column.tolist() for column in columns), strict=True))
    interval, seed = gen.seed_and_interval()
    assert interval == int((gen.stim_off_time - gen.stim_on_time) / gen.len_context_files)
    assert seed == gen.stim_on_time
    assert (rows[0][2] + rows[0][3]) / 2 == seed
    assert (rows[5][2] + rows[5][3]) / 2 == seed + 5 * interval
    assert type(rows[0]) is tuple
    assert all(type(value) is int for value in rows[0])


@pytest.mark.parametrize("movie_pauses", [False, True])
def test_watchlogs_are_saved_as_generated(tmp_path, movie_pauses):
    """The log in the file is the one that the generate method returns, and the manifest says which it is."""
    gen = GenerateData(1, 1, root=tmp_path, **SMALL)
    (gen.save_watchlog_with_artifacts if movie_pauses else gen.save_perfect_watchlog)()
    path = gen.format_save_dir("watchlogs") / f"ffplay-watchlog-{gen.datetime}.log"
    log = parse_watchlog(str(path))
    made = gen.make_pauses_and_skips() if movie_pauses else (*gen.generate_perfect_watchlog(), [])
    assert made == (log.pts.size, log.pts.tolist(), log.clock.tolist(), log.pauses.tolist())
    assert read_manifest(gen.format_save_dir() / "session_manifest.json")["spec"]["movie_pauses"] is movie_pauses


def test_saving_twice_changes_nothing(tmp_path):
    """A second save writes the same file, by the same object or by one with the same seed."""
    folder = saved(GenerateData(1, 1, root=tmp_path, **SMALL))
    before = contents(folder)
    again = GenerateData(1, 1, root=tmp_path, **SMALL)
    for _ in range(2):
        again.save_daq_log()
        again.save_watchlog_with_artifacts()
    assert contents(folder) == before
    assert not any(compare(folder))


def test_the_manifest_is_right_after_every_save(tmp_path):
    """At any point the manifest lists what has been saved, and no other file."""
    gen = GenerateData(1, 1, root=tmp_path, **SMALL)
    for name in SAVES:
        getattr(gen, name)()
        assert not any(compare(gen.format_save_dir()))


def test_another_sessions_folder_is_refused(tmp_path):
    """Another seed, or a folder of unknown origin, is refused at the first save and left as it is."""
    folder = saved(GenerateData(1, 1, root=tmp_path, **SMALL))
    before = contents(folder)
    other = GenerateData(1, 1, root=tmp_path, **{**SMALL, "seed": 6})
    with pytest.raises(SessionExistsError, match="overwrite=True"):
        other.save_channel_names()
    assert contents(folder) == before
    (folder / "session_manifest.json").unlink()
    with pytest.raises(SessionExistsError):
        GenerateData(1, 1, root=tmp_path, **SMALL).save_events()


def test_a_session_that_a_database_has_taken_in_is_its_own(tmp_path):
    """What Epiphyte's database added changes nothing for the same seed, and goes when another is written over it."""
    folder = saved(GenerateData(1, 1, root=tmp_path, **SMALL))
    (folder / "movie_info").mkdir()
    for name in ("pts", "dts", "neural_rec_time"):
        np.save(folder / "movie_info" / f"{name}.npy", np.zeros(3))
    before = contents(folder)
    assert saved(GenerateData(1, 1, root=tmp_path, **SMALL)) == folder
    assert contents(folder) == before
    other = {**SMALL, "seed": 6, "root": tmp_path}
    with pytest.raises(SessionExistsError, match="movie_info of another one"):
        GenerateData(1, 1, **other).save_events()
    saved(GenerateData(1, 1, overwrite=True, **other))
    assert not (folder / "movie_info").exists()
    (folder / "movie_info").mkdir()
    np.save(folder / "movie_info" / "mine.npy", np.zeros(3))
    with pytest.raises(SessionExistsError):
        GenerateData(1, 1, **other).save_events()


def test_overwriting_leaves_nothing_of_the_other_session(tmp_path):
    """With overwrite=True the other session's logs and units go, and files that are no session's stay."""
    folder = saved(GenerateData(1, 1, root=tmp_path, **SMALL))
    (folder / "notes.txt").write_text("mine")
    fields = {**SMALL, "seed": 6, "root": tmp_path}
    saved(GenerateData(1, 1, overwrite=True, **fields))
    (folder / "notes.txt").unlink()
    assert contents(folder) == contents(
        generate_session(SessionSpec.epiphyte(**{**SMALL, "seed": 6}), tmp_path / "new")
    )
    assert len(list((folder / "daq_files").iterdir())) == 1


def test_folders_are_made_where_documented(tmp_path, monkeypatch):
    """format_save_dir returns an absolute folder below the root, which is `data` if none is given."""
    monkeypatch.chdir(tmp_path)
    gen = GenerateData(9, 4, seed=0)
    assert gen.format_save_dir() == tmp_path / "data/patient_data/9/session_4"
    assert gen.format_save_dir("lfp_data").is_dir()
    gen.save_channel_names()  # empty folders are no other session


def test_the_summary_has_the_seed_and_the_counts(gen, capsys):
    """What is printed is what one needs to see and to make it again."""
    gen.summarize()
    assert capsys.readouterr().out.splitlines() == [
        "Patient 4, session 2 (seed 5)",
        f"  recording:  {gen.datetime} UTC, 1.50 min, 80 channels",
        f"  units:      12 on {len(gen.channel_dict)} channels",
        f"  stimulus:   {gen.stimulus_len:.2f} min, {gen.generate_perfect_watchlog()[0]} frames",
        f"  events:     {gen.len_context_files}",
    ]


def test_a_movie_that_does_not_fit_says_what_to_do():
    """83.33 minutes in a recording of ten seconds is an error that names stimulus_len=None."""
    with pytest.raises(MockSessionError, match="stimulus_len=None"):
        GenerateData(1, 1, duration_s=10.0)


def test_signatures_are_epiphytes():
    """Every method of Epiphyte's generator is there and can be called as it is there."""
    for name in METHODS:
        assert list(inspect.signature(getattr(GenerateData, name)).parameters) == ["self"]
    assert list(inspect.signature(GenerateData).parameters)[:3] == ["patient_id", "session_nr", "stimulus_len"]
    assert inspect.signature(GenerateData.format_save_dir).parameters["subdir"].default is None


DEMO = {"seed": 3, "stimulus_len": None, "duration_s": 20.0, "n_units": 3}


def test_the_demo_makes_four_sessions_and_three_annotations(tmp_path, capsys):
    """Patients, sessions, summaries and labels are Epiphyte's, and no two sessions are alike."""
    assert run_data_generation(tmp_path, **DEMO) is None
    sessions = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.glob("patient_data/*/*"))
    assert sessions == [f"patient_data/{name}" for name in ("1/session_1", "2/session_1", "2/session_2", "3/session_1")]
    printed = capsys.readouterr()
    assert (printed.out.count("Patient"), printed.err) == (4, "")
    manifests = [read_manifest(tmp_path / s / "session_manifest.json") for s in sessions]
    assert len({manifest["seed"] for manifest in manifests}) == 4
    held("demo", [manifest["seed"] for manifest in manifests])
    assert {manifest["spec"]["encoding"] for manifest in manifests} == {"float64"}
    labels = find_labels(tmp_path / "movie_annotations")
    assert [(label.number, label.name) for label in labels] == [(1, "character1"), (2, "character2"), (3, "location1")]
    assert {label.annotator for label in labels} <= {"p1", "p2"}


def test_the_demo_is_the_same_for_the_same_seed_and_is_not_written_over(tmp_path):
    """A seed makes the same demo, two workers too; a second run is refused before it writes anything."""
    run_data_generation(tmp_path / "a", **DEMO)
    run_data_generation(tmp_path / "b", n_workers=2, **DEMO)
    first = contents(tmp_path / "a")
    assert first == contents(tmp_path / "b")
    with pytest.raises(SessionExistsError):
        run_data_generation(tmp_path / "a", **{**DEMO, "seed": 4})
    assert contents(tmp_path / "a") == first
    run_data_generation(tmp_path / "a", overwrite=True, **DEMO)
    assert contents(tmp_path / "a") == first


def test_the_demo_refuses_annotations_that_are_there(tmp_path):
    """Labels of an earlier run stop a new one before its first session."""
    generate_annotations(tmp_path / "movie_annotations", stimulus_len=1.0, date="20200101")
    with pytest.raises(SessionExistsError):
        run_data_generation(tmp_path, **DEMO)
    assert not (tmp_path / "patient_data").exists()


@pytest.mark.parametrize(("minutes", "end"), [(83.33, 4999.8), (1.0, 60.0), (0.001, 0.04)])
def test_annotations_cover_the_movie(tmp_path, minutes, end):
    """Each is float64 (3, k): 0 and 1 in turn, from 0 to the movie's end without a hole."""
    for path in generate_annotations(tmp_path, stimulus_len=minutes, seed=1):
        value, start, stop = np.load(path)
        assert value.dtype == np.float64
        assert set(value) <= {0.0, 1.0}
        assert (np.diff(value) != 0).all()
        assert start[0] == 0
        assert stop[-1] == pytest.approx(end, abs=1e-9)
        assert (start[1:] == stop[:-1]).all()
        assert (stop > start).all()


def test_annotations_are_the_same_for_ever(tmp_path):
    """A seed has the bytes that it has had, of each of three files: who annotates, what is on first, how long."""
    found = []
    for seed in range(3):
        paths = generate_annotations(tmp_path, stimulus_len=3.0, seed=seed, date="20200101", overwrite=True)
        found += [path.name.encode() + path.read_bytes() for path in paths]
    assert hashlib.sha256(b"".join(found)).hexdigest()[:16] == "eb7ec7281555ffc0"


def test_annotations_of_a_spec_are_as_long_as_its_movie(tmp_path):
    """With spec= the annotations end where the session's movie does, and follow from its seed."""
    spec = SessionSpec.tiny(seed=8)
    log = GenerateData(1, 1, **{**SMALL, "duration_s": 10.0}).generate_perfect_watchlog()
    paths = generate_annotations(tmp_path, spec=spec, date="20240229")
    assert [np.load(path)[2, -1] for path in paths] == [log[1][-1]] * 3
    again = generate_annotations(tmp_path / "again", spec=spec, date="20240229")
    assert [(p.name, p.read_bytes()) for p in again] == [(p.name, p.read_bytes()) for p in paths]
    with pytest.raises(MockSessionError, match=r"spec\.seeded\(\)"):
        generate_annotations(tmp_path / "no", spec=SessionSpec.tiny())


def test_annotations_replace_only_each_other(tmp_path):
    """Earlier ones of the same numbers stop it, or go with overwrite=True; others stay."""
    generate_annotations(tmp_path, stimulus_len=1.0, seed=0, date="20200101")
    (tmp_path / "4_dog_p1_20200101_character.npy").write_bytes(b"mine")
    with pytest.raises(SessionExistsError, match="1_character1"):
        generate_annotations(tmp_path, stimulus_len=1.0, seed=0)
    paths = generate_annotations(tmp_path, stimulus_len=1.0, seed=0, overwrite=True)
    assert sorted(tmp_path.iterdir()) == sorted([*paths, tmp_path / "4_dog_p1_20200101_character.npy"])
    today = datetime.now(timezone.utc).strftime("%Y%m%d")
    assert all(today in path.name for path in paths)


@pytest.mark.parametrize(
    "bad",
    [
        {"stimulus_len": 0.0},
        {"stimulus_len": float("nan")},
        {"date": "today"},
        {"annotators": ("a_b",)},
        {"annotators": ("a/b",)},
    ],
)
def test_annotations_check_their_arguments(tmp_path, bad):
    """A movie without a frame, or a name that would not be read back, is refused before anything is written."""
    with pytest.raises(MockSessionError, match="expected"):
        generate_annotations(tmp_path, **{"stimulus_len": 1.0, "seed": 0, **bad})
    assert list(tmp_path.iterdir()) == []


# -- the same bytes as ever -------------------------------------------------------------------

# What the same specs made before sessions were made of parts: these files are what they were, byte for byte.
PINNED = {
    "int16": {
        "ChannelNames.txt": "fc14d1705e07b763",
        "daq_files/timedDAQ-log-2023-02-01_10-14-30.log": "26ce2f0e6e5e3ca8",
        "event_file/Events.npy": "de84ed710a75f88b",
        "lfp_data/CSC1_lfp.npy": "2e56fba4cf6b64c1",
        "session_info.npy": "4d1b7d29ec3740cc",
        "spiking_data/CSC33_MU1.npy": "a54085347ff748f5",
        "spiking_data/CSC58_MU1.npy": "320ee61320cee827",
        "spiking_data/CSC76_SU1.npy": "b1644399203c7729",
        "spiking_data/CSC9_SU1.npy": "c6ccfcf9783af517",
        "watchlogs/ffplay-watchlog-2023-02-01_10-14-30.log": "723695f7eda920fa",
    },
    "float64": {
        "ChannelNames.txt": "fc14d1705e07b763",
        "daq_files/timedDAQ-log-2023-02-01_10-14-30.log": "26ce2f0e6e5e3ca8",
        "event_file/Events.npy": "de84ed710a75f88b",
        "lfp_data/CSC1_lfp.npy": "35fb6f10c66f88e8",
        "session_info.npy": "4d1b7d29ec3740cc",
        "spiking_data/CSC33_MU1.npy": "c2fed138085d0f0f",
        "spiking_data/CSC58_MU1.npy": "679525a27e2034be",
        "spiking_data/CSC76_SU1.npy": "32825e8350eb9ee4",
        "spiking_data/CSC9_SU1.npy": "7ba5eae7dc4c331d",
        "watchlogs/ffplay-watchlog-2023-02-01_10-14-30.log": "723695f7eda920fa",
    },
}
WHOLE = {
    "drawn": "fc74636a2758bf9e",
    "gapped": "f992b939b15b0ffb",
    "counts": "60c757a21a6bb633",
    "whole": "44085015456c5770",
}
FIELDS = {
    "drawn": {"seed": 1, "duration_s": 30.0},
    "gapped": {
        "patient_id": 3,
        "session_nr": 2,
        "segments": (70.0, 2.0),
        "gap_s": 0.037,
        "seed": 5,
        "n_channels": 20,
        "n_lfp_channels": 2,
        "field": Sine(noise_uV=3.0),
        "units": EpiphyteUnits(5, rate_hz=(1.0, 9.0), refractory_ms=10.0),
    },
    "counts": {
        "seed": 9,
        "duration_s": 20.0,
        "movie_pauses": False,
        "units": EpiphyteUnits(6, spikes_per_unit=(0, 7)),
    },
    "whole": {"seed": 7},
}


def digests(folder):
    """Return the SHA-256 of every file but the manifest, 16 digits of each."""
    files = {name: data for name, data in contents(folder).items() if name != "session_manifest.json"}
    return {name: hashlib.sha256(data).hexdigest()[:16] for name, data in files.items()}


def digest(folder):
    """Return the SHA-256 of all of them together."""
    return hashlib.sha256(json.dumps(digests(folder), sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_each_file_is_what_it_was(tmp_path, encoding):
    """Each file of a short session of Epiphyte's, but for the manifest, has the bytes that it had."""
    spec = SessionSpec.epiphyte(seed=0, duration_s=10.0, n_units=4, encoding=encoding)
    assert digests(generate_session(spec, tmp_path)) == PINNED[encoding]


@pytest.mark.parametrize("name", FIELDS)
def test_whole_sessions_are_what_they_were(tmp_path, name):
    """So have all files of sessions with gaps, noise, given rates and counts, and of one of 100 minutes."""
    assert digest(generate_session(SessionSpec.epiphyte(**FIELDS[name], encoding="int16"), tmp_path)) == WHOLE[name]


def test_what_generate_data_saves_is_what_it_was(tmp_path):
    """So has all that the class saves, one log after the other."""
    data = GenerateData(2, 3, None, seed=3, duration_s=20.0, root=tmp_path, encoding="int16")
    for name in sorted(name for name in dir(data) if name.startswith("save_")):
        getattr(data, name)()
    assert digest(tmp_path / "patient_data" / "2" / "session_3") == "44610c170c001a7f"
