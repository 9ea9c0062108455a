"""generate_session: the folder it makes, byte for byte, and what happens when it cannot."""

import hashlib
import json
import threading

import numpy as np
import pytest

from mockrawio.generate import Acquisition, EpiphyteUnits, SessionSpec, Sine, Sync, Units, files, generate_session
from mockrawio.generate.field_lfp import sine_lfp
from mockrawio.generate.plan import plan_session
from mockrawio.ground.errors import MockSessionError, SessionExistsError
from mockrawio.session.layout import find_files
from mockrawio.session.manifest import compare, read_manifest
from tests.generate.folders import contents, loaded

GAPPED = SessionSpec.tiny(patient_id=3, session_nr=2, segments=(70.0, 2.0), seed=1, n_lfp_channels=2)


@pytest.fixture(scope="module")
def gapped(tmp_path_factory):
    return generate_session(GAPPED, tmp_path_factory.mktemp("gapped"))


PINNED = {
    "int16": {
        "ChannelNames.txt": "4a54ea46b93b38f6",
        "daq_files/timedDAQ-log-2023-02-01_10-14-30.log": "26ce2f0e6e5e3ca8",
        "event_file/Events.npy": "de84ed710a75f88b",
        "lfp_data/CSC1_lfp.npy": "44ab0024d21d8dde",
        "session_info.npy": "4d1b7d29ec3740cc",
        "session_manifest.json": "518546d60b7cbb5a",
        "spiking_data/CSC15_SU1.npy": "263e683fddee5ff5",
        "spiking_data/CSC16_SU1.npy": "4ed3ff1ae787986a",
        "spiking_data/CSC1_SU1.npy": "24b47294d6c16ae6",
        "spiking_data/CSC8_SU1.npy": "ed005ea590c89f7b",
        "watchlogs/ffplay-watchlog-2023-02-01_10-14-30.log": "723695f7eda920fa",
    },
    "float64": {
        "ChannelNames.txt": "4a54ea46b93b38f6",
        "daq_files/timedDAQ-log-2023-02-01_10-14-30.log": "26ce2f0e6e5e3ca8",
        "event_file/Events.npy": "de84ed710a75f88b",
        "lfp_data/CSC1_lfp.npy": "ec6d63badfc7ced4",
        "session_info.npy": "4d1b7d29ec3740cc",
        "session_manifest.json": "1b5bdddc385cf52b",
        "spiking_data/CSC15_SU1.npy": "79535eb52f51f6bc",
        "spiking_data/CSC16_SU1.npy": "f3c715b30e5f0197",
        "spiking_data/CSC1_SU1.npy": "235e589b57e0994d",
        "spiking_data/CSC8_SU1.npy": "5e563790d3320013",
        "watchlogs/ffplay-watchlog-2023-02-01_10-14-30.log": "723695f7eda920fa",
    },
}


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_the_bytes_of_a_tiny_session_are_pinned(tmp_path, encoding):
    """The files of seed 0 have these SHA-256, on every machine and in every release."""
    folder = generate_session(SessionSpec.tiny(seed=0, encoding=encoding), tmp_path)
    found = {name: hashlib.sha256(data).hexdigest()[:16] for name, data in contents(folder).items()}
    assert found == PINNED[encoding]


@pytest.mark.parametrize("n_workers", [2, 4])
def test_any_number_of_workers_makes_the_same_bytes(tmp_path, gapped, n_workers):
    """Two and four workers make what one makes, the manifest included."""
    assert contents(generate_session(GAPPED, tmp_path, n_workers=n_workers)) == contents(gapped)


def test_every_byte_follows_from_the_manifest(tmp_path, gapped):
    """The spec in the manifest makes the folder again."""
    spec = SessionSpec.from_dict(json.loads((gapped / "session_manifest.json").read_text())["spec"])
    assert spec == GAPPED
    assert contents(generate_session(spec, tmp_path)) == contents(gapped)


def test_another_seed_makes_other_data(tmp_path):
    """Two seeds share no file but the channel names and the events."""
    fixed = {"start_ms": 1_656_643_278_812, "n_lfp_channels": 2, "n_units": 6}
    first, second = (
        contents(generate_session(SessionSpec.tiny(seed=seed, session_nr=1 + seed, **fixed), tmp_path))
        for seed in (0, 1)
    )
    same = {name for name in first if first[name] == second.get(name)}
    assert same <= {"ChannelNames.txt", "event_file/Events.npy"}


def test_a_seed_that_is_drawn_is_recorded(tmp_path):
    """Without a seed the manifest says which one was drawn, and it makes the same session again."""
    folder = generate_session(SessionSpec.tiny(), tmp_path / "a")
    manifest = read_manifest(folder / "session_manifest.json")
    assert manifest["seed"] == manifest["spec"]["seed"]
    again = generate_session(SessionSpec.tiny(seed=manifest["seed"]), tmp_path / "b")
    assert contents(again) == contents(folder)


def test_the_folder_has_the_documented_layout(gapped):
    """Every kind of file is where Epiphyte's generator has it, and nothing else is there."""
    assert gapped.parts[-3:] == ("patient_data", "3", "session_2")
    assert gapped.is_absolute()
    found = find_files(gapped)
    assert all((found.info, found.channel_names, found.events, found.daq, found.watchlog, found.manifest))
    assert list(found.lfp) == [1, 2]
    assert len(found.units) == 4
    assert len(contents(gapped)) == 6 + 2 + 4
    assert not any(compare(gapped))


def test_session_info_says_when_the_recording_starts(gapped):
    """session_info has Python ints and the start's date and time, which are those of the logs' names."""
    info = loaded(gapped / "session_info.npy")
    assert list(info) == ["patient_id", "session_nr", "date", "time"]
    assert (info["patient_id"], info["session_nr"]) == (3, 2)
    assert type(info["patient_id"]) is int
    start = loaded(gapped / "lfp_data/CSC1_lfp.npy")["ts"][0]
    stamp = np.datetime64(int(start) // 1000, "s").item().strftime("%Y-%m-%d_%H-%M-%S")
    assert f"{info['date']}_{info['time']}" == stamp
    assert (gapped / f"daq_files/timedDAQ-log-{stamp}.log").exists()
    assert (gapped / f"watchlogs/ffplay-watchlog-{stamp}.log").exists()


def test_channel_names_are_a_line_each(gapped):
    """ChannelNames.txt has a name with .ncs for every channel."""
    lines = (gapped / "ChannelNames.txt").read_text().splitlines()
    assert len(lines) == 16
    assert lines[:9:8] == ["LA1.ncs", "LAH1.ncs"]


def test_float64_files_have_epiphytes_keys_and_types(tmp_path):
    """np.load finds the two keys of Epiphyte's generator, int64 stamps and float64 for the rest."""
    folder = generate_session(SessionSpec.tiny(seed=0, encoding="float64"), tmp_path)
    lfp = loaded(folder / "lfp_data/CSC1_lfp.npy")
    assert {key: (array.dtype, array.shape) for key, array in lfp.items()} == {
        "ts": (np.int64, (10_000,)),
        "samples": (np.float64, (10_000,)),
    }
    for path in (folder / "spiking_data").iterdir():
        unit = loaded(path)
        n = unit["spike_times"].size
        assert {key: (array.dtype, array.shape) for key, array in unit.items()} == {
            "spike_times": (np.float64, (n,)),
            "spike_amps": (np.float64, (n, 64)),
        }
    events = np.load(folder / "event_file/Events.npy")
    assert events.dtype == np.float64
    assert events.shape[1] == 2


def test_int16_files_say_how_they_are_scaled(tmp_path):
    """int16 files have four keys more, and their counts are the float64 files' values within half a count."""
    specs = [SessionSpec.tiny(seed=0, n_lfp_channels=16, encoding=encoding) for encoding in ("int16", "float64")]
    pair = [generate_session(spec, tmp_path / spec.encoding) for spec in specs]
    names = [name for name in contents(pair[0]) if name.startswith(("lfp_data", "spiking_data"))]
    assert len(names) == 20
    for name in names:
        small, large = (loaded(folder / name) for folder in pair)
        key, rate = ("samples", 1000.0) if name.startswith("lfp") else ("spike_amps", 32_000.0)
        assert list(small)[2:] == ["gain", "offset", "units", "sampling_rate"]
        assert small["units"] == "uV"
        assert small["sampling_rate"] == rate
        assert small[key].dtype == np.int16
        assert abs(small[key] * small["gain"] + small["offset"] - large[key]).max() <= small["gain"] / 2
        stamps = "ts" if key == "samples" else "spike_times"
        assert np.array_equal(small[stamps], large[stamps])


def test_a_session_may_have_no_units_and_no_lfp(tmp_path):
    """What is asked for none of has no folder; a unit without spikes has empty arrays."""
    bare = generate_session(SessionSpec.tiny(seed=0, n_units=0, n_lfp_channels=0), tmp_path)
    assert not (bare / "lfp_data").exists()
    assert not (bare / "spiking_data").exists()
    silent = generate_session(SessionSpec.tiny(seed=0, units=Units(1, rate_hz=0.001)), tmp_path / "silent")
    (path,) = (silent / "spiking_data").iterdir()
    assert loaded(path)["spike_amps"].shape == (0, 64)


def test_a_session_that_is_there_is_not_touched(tmp_path):
    """Without overwrite the second one is refused and the first stays; with it, it is replaced whole."""
    folder = generate_session(SessionSpec.tiny(seed=0), tmp_path)
    before = contents(folder)
    with pytest.raises(SessionExistsError, match="overwrite=True"):
        generate_session(SessionSpec.tiny(seed=1), tmp_path)
    assert contents(folder) == before
    generate_session(SessionSpec.tiny(seed=1), tmp_path, overwrite=True)
    after = contents(folder)
    assert after != before
    assert len(list((folder / "watchlogs").iterdir())) == 1


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("n_workers", [1, 3])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, n_workers, error):
    """An error in the middle of a file comes out, and neither a session nor a staging folder stays."""

    def failing(plan, unit):
        yield b"begun"
        raise error("in the middle")

    monkeypatch.setattr(files, "_unit_file", failing)
    with pytest.raises(error, match="in the middle"):
        generate_session(GAPPED, tmp_path, n_workers=n_workers)
    assert [p.name for p in (tmp_path / "patient_data" / "3").iterdir()] == []


def test_when_one_file_fails_the_others_stop(tmp_path, monkeypatch):
    """A file of any length being written by another worker is given up at its next chunk."""
    begun = threading.Event()

    def endless(plan, lfp, channel):
        while True:
            yield b"chunk"
            begun.set()

    def failing(plan, unit):
        assert begun.wait(30)
        raise OSError("disk full")

    monkeypatch.setattr(files, "_lfp_file", endless)
    monkeypatch.setattr(files, "_unit_file", failing)
    with pytest.raises(OSError, match="disk full"):
        generate_session(SessionSpec.tiny(seed=0, n_lfp_channels=1), tmp_path, n_workers=2)
    assert list((tmp_path / "patient_data" / "1").iterdir()) == []


@pytest.mark.parametrize("n_workers", [0, -1, 1.5, True, "2"])
def test_the_number_of_workers_is_checked(tmp_path, n_workers):
    """Anything but a whole number from 1 up is refused before a folder is made."""
    with pytest.raises(MockSessionError, match="n_workers: expected a whole number"):
        generate_session(SessionSpec.tiny(), tmp_path, n_workers=n_workers)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_spec_is_refused(tmp_path):
    """A dict in place of a spec is named for what it is."""
    with pytest.raises(MockSessionError, match="expected a SessionSpec; found dict"):
        generate_session({"seed": 1}, tmp_path)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_progress_is_shown_only_when_asked_for(tmp_path, capsys, n_workers):
    """The bar goes to stderr and reaches its end; without it both streams stay empty."""
    generate_session(SessionSpec.tiny(seed=0), tmp_path / "quiet", n_workers=n_workers)
    assert capsys.readouterr() == ("", "")
    generate_session(SessionSpec.tiny(seed=0), tmp_path / "bar", n_workers=n_workers, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_files_are_about_as_large_as_planned(encoding):
    """A size that is known beforehand is that of the values, or of the lines to an eighth; large files come first."""
    units = EpiphyteUnits(2, spikes_per_unit=(1000, 2000))
    fields = {"duration_s": 60.0, "n_lfp_channels": 2, "n_events": 99, "encoding": encoding, "field": (Sine(),)}
    plan = plan_session(SessionSpec(seed=3, units=units, **fields))
    jobs = files.session_jobs(plan, sine_lfp(plan))
    assert [job.nbytes for job in jobs] == sorted((job.nbytes for job in jobs), reverse=True)
    line = Acquisition(sync=Sync(50.0))
    stream = plan_session(SessionSpec.broadband(seed=3, duration_s=1.0, n_channels=1, n_units=0, acquisition=line))
    for job in (*jobs, *files.sync_jobs(stream)):
        size = sum(len(bytes(chunk)) for chunk in job.chunks())
        if job.name.endswith(".npy") and "info" not in job.name:
            assert 0 < size - job.nbytes < 600
        elif not job.name.endswith(".json"):
            assert size == pytest.approx(job.nbytes, rel=1 / 8)
    assert [job.name for job in files.sync_jobs(plan)] == [job.name for job in files.sync_logs(plan)] == []
