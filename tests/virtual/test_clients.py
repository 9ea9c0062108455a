"""What reads sessions reads virtual ones: SpikeInterface, Dask, devices, figures, checks, hybrids, corpora."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

import dask
import numpy as np
import pytest
from click.testing import CliRunner
from spikeinterface.core import create_sorting_analyzer

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, lfp_of_stream, score, truth
from mockrawio.cli import main
from mockrawio.describe import describe_session
from mockrawio.device import stream_scaled, waveforms_to_device
from mockrawio.generate import Truth
from mockrawio.generate import virtual as making
from mockrawio.hybrid import hybrid_from_session
from mockrawio.interop.corpus import generate_corpus
from mockrawio.interop.dask import to_dask_array, to_xarray
from mockrawio.interop.spikeinterface import MockSessionSortingExtractor, read_mocksession
from mockrawio.rasters import session_raster
from mockrawio.session.manifest import is_virtual, read_manifest
from mockrawio.verify import verify_session
from tests.generate.folders import contents
from tests.manifests import rewrite, unsealed
from tests.processes import fresh, python

JOB = {"n_jobs": 2, "chunk_size": 7001, "progress_bar": False}
FORKS = "fork" in multiprocessing.get_all_start_methods()


@pytest.fixture(scope="module")
def chunks(pairs):
    """The samples of both segments of the written stream."""
    written, _ = pairs["broadband"].readers()
    return [written.get_analogsignal_chunk(0, k, stream_index=1).copy() for k in (0, 1)]


def test_spikeinterface(broadband):
    """Recordings and sortings are the same: traces, frames of any window, channels, probes, places, times."""
    (one, mine), (other, theirs) = (read_mocksession(f, stream_id="broadband", load_sorting=True) for f in broadband)
    assert str(one.get_probegroup().to_dict()) == str(other.get_probegroup().to_dict())
    assert mine.unit_ids.tolist() == theirs.unit_ids.tolist()
    assert np.array_equal(mine.get_property("gt_unit_location"), theirs.get_property("gt_unit_location"))
    for k in (0, 1):
        assert np.array_equal(one.get_traces(k, 5000, 9000), other.get_traces(k, 5000, 9000))
        assert np.array_equal(one.get_times(k)[:5], other.get_times(k)[:5])
        for unit in mine.unit_ids:
            for window in ({}, {"start_frame": 1000, "end_frame": 30000}, {"start_frame": 4000}):
                frames = [s.get_unit_spike_train(unit, k, **window) for s in (mine, theirs)]
                assert frames[0].dtype == frames[1].dtype
                assert frames[0].tolist() == frames[1].tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_spikeinterface_in_two_processes(broadband, chunks, tmp_path):
    """Two new processes save the very samples; two more, forked where that can be, find the same waveforms."""
    recording, sorting = read_mocksession(broadband.virtual, stream_id="broadband", load_sorting=True)
    saved = recording.save(folder=tmp_path / "saved", mp_context=fresh(), **JOB)
    for k, chunk in enumerate(chunks):
        assert np.array_equal(saved.get_traces(k), chunk)
    templates = []
    here, there = {**JOB, "n_jobs": 1}, {**JOB, "mp_context": "fork" if FORKS else "spawn"}
    for folder, job in zip(broadband, (here, there), strict=True):  # the written one's in this process
        recording, sorting = read_mocksession(folder, stream_id="broadband", load_sorting=True)
        analyzer = create_sorting_analyzer(sorting, recording, sparse=False, job_kwargs=job)
        analyzer.compute(["random_spikes", "waveforms", "templates"], **job)
        templates.append(analyzer.get_extension("templates").get_data())
    assert np.array_equal(*templates)


@pytest.mark.filterwarnings("ignore:.*has no sample for")
@pytest.mark.parametrize("stream", ["broadband", "lfp"])
def test_spikes_without_a_sample(stream, pairs):
    """Spikes for which a stream has no sample are counted, from the ends of a segment alone."""
    for folder in pairs["rig"]:
        sorting = MockSessionSortingExtractor(folder, stream_id=stream)
        for segment in sorting.segments:
            for index, unit in enumerate(sorting.unit_ids):
                stamps = sorting.neo_reader.get_spike_timestamps(0, segment.segment_index, index)
                frames = segment.clock.frames(stamps)
                outside = np.count_nonzero((frames < 0) | (frames >= segment.clock.size))
                assert segment.count_outside(unit) == outside


def test_lfp_of_its_stream(broadband):
    """The LFP is made again of the stream, from what the description says."""
    _, virtual = broadband.readers()
    expected = virtual.get_analogsignal_chunk(0, 1, 100, 900, stream_index=0)
    assert np.array_equal(lfp_of_stream(broadband.virtual, 1, 100, 900)[:, :3], expected)


@pytest.mark.slow
def test_score(broadband):
    """A perfect sorting of it is found perfect."""
    found = score(broadband.virtual, MockSessionSortingExtractor(broadband.written, stream_id="broadband"))
    assert all(unit.accuracy == 1 for unit in found.units)


@pytest.mark.parametrize("scheduler", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_dask(scheduler, broadband, chunks):
    """Lazy arrays are computed by threads and by new processes; a graph holds no samples."""
    reader = broadband.readers()[1]
    with dask.config.set({"multiprocessing.context": fresh()}):
        lazy = [to_dask_array(reader, 1, chunks=(20_001, 7), seg_index=k) for k in range(len(chunks))]
        found = dask.compute(*(one[3:60000:7] for one in lazy), scheduler=scheduler, num_workers=2)
    for one, chunk in zip(found, chunks, strict=True):
        assert np.array_equal(one, chunk[3:60000:7])
    assert len(pickle.dumps(lazy[-1].dask)) < 40_000
    assert to_dask_array(reader, 1, seg_index=0).name == to_dask_array(broadband.readers()[1], 1, seg_index=0).name
    assert to_dask_array(reader, 1, seg_index=0).name != to_dask_array(reader, 0, seg_index=0).name


def test_xarray(broadband):
    """Coordinates and values are those of the written session."""
    one, other = (to_xarray(reader, 1, True, seg_index=1) for reader in broadband.readers())
    assert one.isel(time=slice(100, 200)).equals(other.isel(time=slice(100, 200)))


def test_device(broadband, chunks):
    """Streams of scaled samples, read by several threads, and waveforms are those of the written session."""
    written, virtual = broadband.readers()
    how = {"stream_index": 1, "chunk_size": 9000, "device": "cpu", "out": "numpy", "seg_index": 1}
    one, other = (np.concatenate(list(stream_scaled(reader, **how))) for reader in (written, virtual))
    assert np.array_equal(one, other)
    one, other = (waveforms_to_device(reader, device="cpu", out="numpy") for reader in (written, virtual))
    assert np.array_equal(one.waveforms, other.waveforms)
    assert np.array_equal(one.times, other.times)


def test_many_threads(broadband, chunks):
    """Readers in sixteen threads, of one reader and of copies of it, get the very samples."""
    reader = broadband.readers()[1]
    copies = [reader, pickle.loads(pickle.dumps(reader))]

    def right(place: int) -> bool:
        k, start = place % 2, place * 977 % 40_000
        found = copies[place % 3 % 2].get_analogsignal_chunk(0, k, start, start + 3000, stream_index=1)
        return np.array_equal(found, chunks[k][start : start + 3000])

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(right, range(200)))


def test_planned_once(broadband, tmp_path, monkeypatch):
    """A session that many threads open and read at once is planned once, and its layers are made once."""
    folder = shutil.copytree(broadband.virtual, tmp_path / "session_1")
    planned, layered = [], []
    plan_session, init = making.plan_session, Truth.__init__
    monkeypatch.setattr(making, "plan_session", lambda spec: planned.append(spec) or plan_session(spec))
    monkeypatch.setattr(Truth, "__init__", lambda self, plan: layered.append(plan) or init(self, plan))

    def first(k: int) -> bytes:
        with MockSessionRawIO(folder) as reader:
            return reader.get_analogsignal_chunk(0, 0, 0, 50, stream_index=1).tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first, range(8)))) == 1
    assert (len(planned), len(layered)) == (1, 1)


def test_events_need_no_layers(broadband, tmp_path, monkeypatch):
    """Events, logs, spikes and the header are read without that any layer of the stream is made."""
    folder = shutil.copytree(broadband.virtual, tmp_path / "session_1")
    monkeypatch.setattr(Truth, "__init__", lambda self, plan: pytest.fail("layers"))
    with MockSessionRawIO(folder) as reader:
        for channel in range(reader.event_channels_count()):
            assert reader.event_count(0, 0, channel) == len(reader.get_event_timestamps(0, 0, channel)[0])
        assert reader.spike_count(0, 0, 0) == len(reader.get_spike_timestamps(0, 0, 0))
        assert reader.segment_t_stop(0, 1) > 3


def test_pickled_to_another_process(broadband, chunks, tmp_path):
    """A reader, a view of a stream and one of a unit go to a process that has never seen the session."""
    reader = broadband.readers()[1]
    sent = reader, reader.stream(1), reader.unit(2)
    (tmp_path / "sent").write_bytes(pickle.dumps(sent))
    code = (
        "import pickle, sys, numpy as np; reader, stream, unit = pickle.load(open(sys.argv[1], 'rb'));"
        "a, b = stream.read(1, 500, 900), reader.get_analogsignal_chunk(0, 1, 500, 900, stream_index=1);"
        "assert np.array_equal(a, b); np.savez(sys.argv[2], a, unit.times_ms(), unit.waveforms(1))"
    )
    done = python(code, tmp_path / "sent", tmp_path / "back.npz")
    assert done.returncode == 0, done.stderr
    samples, times, waveforms = np.load(tmp_path / "back.npz").values()
    unit = broadband.readers()[0].unit(2)
    assert np.array_equal(samples, chunks[1][500:900])
    assert times.tolist() == unit.times_ms().tolist()
    assert np.array_equal(waveforms, unit.waveforms(1))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_after_a_fork(broadband, chunks):
    """A child that is forked while a reader is open reads on, as the parent does."""
    reader = broadband.readers()[1]
    reader.get_analogsignal_chunk(0, 0, 0, 100, stream_index=1)
    child = os.fork()
    if not child:
        found = reader.get_analogsignal_chunk(0, 0, 9000, 9100, stream_index=1)
        os._exit(0 if np.array_equal(found, chunks[0][9000:9100]) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_truth(broadband, chunks):
    """The truth about it is that about the written session."""
    found = truth(broadband.virtual)
    assert np.array_equal(found.recording(1, 100, 200), chunks[1][100:200])
    assert found.units.keys() == truth(broadband.written).units.keys()


def test_described(pair):
    """It is described as the written session is."""
    written, virtual = (describe_session(folder) for folder in pair)
    assert {**written, "folder": ""} == {**virtual, "folder": ""}


def test_verified(pair):
    """What is stored and what is made at once is compared, both ends are read, and that is said."""
    found = verify_session(pair.virtual)
    assert (found.ok, found.is_virtual, found.warnings) == (True, True, ())
    assert "virtual: of computed data, both ends of each segment were read" in list(found.lines())[-1]
    assert not verify_session(pair.written).is_virtual


@pytest.mark.parametrize("change", ["names", "added", "manifest"])
def test_verify_finds(change, broadband, tmp_path):
    """A stored file that has changed, one that was added, and a manifest that was, are each found."""
    folder = shutil.copytree(broadband.virtual, tmp_path / "session_1")
    manifest = folder / "session_manifest.json"
    if change == "names":
        (folder / "ChannelNames.txt").write_text((folder / "ChannelNames.txt").read_text().replace("LA1", "LA9"))
    elif change == "added":
        (folder / "notes.txt").write_text("mine")
    else:
        manifest.write_text(manifest.read_text().replace('"seed": 4', '"seed": 3'))
    found = verify_session(folder)
    assert not found.ok
    kinds = {"names": found.corrupt, "added": found.extra, "manifest": found.problems}
    assert [kind for kind, told in kinds.items() if told] == [change]


@pytest.mark.slow
def test_a_log_of_another_version_is_found(broadband, tmp_path):
    """Logs that this version makes otherwise than the one that made the session are told by their SHA-256."""
    folder = shutil.copytree(broadband.virtual, tmp_path / "session_1")
    files = unsealed(folder)["files"]
    rewrite(folder, files={**files, "event_file/Events.npy": {**files["event_file/Events.npy"], "sha256": "0" * 64}})
    assert verify_session(folder).corrupt == ("event_file/Events.npy",)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("command", ["info", "verify", "plot", "report"])
def test_commands(command, broadband, tmp_path):
    """The commands that read a session read it; a figure and a page are drawn."""
    output = ["-o", str(tmp_path / "made.png")] if command == "plot" else []
    output = ["-o", str(tmp_path / "made.html")] if command == "report" else output
    drawn = ["--what", "traces", "--stream", "broadband"] if command == "plot" else []
    result = CliRunner().invoke(main, [command, str(broadband.virtual), *output, *drawn])
    assert result.exit_code == 0, result.output
    assert not output or os.path.getsize(output[1]) > 20_000


def test_raster(pair):
    """The spikes as a raster are the same."""
    one, other = map(session_raster, pair)
    assert np.array_equal(one.times_ms, other.times_ms)
    assert np.array_equal(one.node_ids, other.node_ids)


@pytest.mark.slow
def test_hybrid(broadband, tmp_path):
    """A hybrid session of it is that of the written one, but for what its description does not know."""
    units = [broadband.readers()[0].unit(0).id]
    made = []
    for name, folder in zip(broadband._fields, broadband, strict=True):
        made.append(hybrid_from_session(folder, units, output=tmp_path / name, seed=5).folder)
    one, other = map(contents, made)
    assert one.keys() == other.keys()
    differ = {name for name in one if one[name] != other[name]}
    assert differ == {"raw_data/broadband.json", "session_manifest.json"}
    for folder in made:
        assert verify_session(folder).ok
        assert not is_virtual(read_manifest(folder / "session_manifest.json"))


def test_corpus(tmp_path):
    """A corpus can be virtual; it goes on where it stopped, and takes written sessions for virtual ones alone."""
    specs = [SessionSpec.tiny(session_nr=k, seed=k) for k in range(1, 4)]
    generate_session(specs[1], tmp_path)
    report = generate_corpus(specs, tmp_path, progress=False, virtual=True)
    assert (report.made, report.found, report.failed) == (2, 1, ())
    assert report.n_bytes < 10_000
    for k in (1, 3):
        assert verify_session(tmp_path / "patient_data" / "1" / f"session_{k}").is_virtual
    assert generate_corpus(specs, tmp_path, progress=False, virtual=True).found == 3
    report = generate_corpus(specs, tmp_path, progress=False)
    assert (report.made, report.found, len(report.failed)) == (0, 1, 2)
    assert "differs in virtual" in report.failed[0].error
    assert generate_corpus(specs, tmp_path, progress=False, overwrite=True).made == 2


def test_command_line(tmp_path):
    """`generate --virtual` makes one, `materialise` writes it out."""
    root = str(tmp_path)
    result = CliRunner().invoke(main, ["generate", root, "--duration", "2", "--units", "2", "--seed", "1", "--virtual"])
    folder = result.output.strip()
    assert verify_session(folder).is_virtual
    result = CliRunner().invoke(main, ["materialise", folder, "--output", f"{root}/out"])
    assert result.output.strip() == f"{root}/out"
    spec = SessionSpec(duration_s=2, n_units=2, seed=1)
    assert contents(generate_session(spec, tmp_path / "again")) == contents(tmp_path / "out")
    assert CliRunner().invoke(main, ["materialise", folder]).output.strip() == folder
    result = CliRunner().invoke(main, ["materialise", folder])
    assert result.exit_code == 1
    assert "expected a virtual session" in result.output


def test_closed_and_opened_again(broadband):
    """A reader that is closed says so, and reads the same once it is opened again."""
    with MockSessionRawIO(broadband.virtual) as reader:
        before = reader.get_analogsignal_chunk(0, 1, 5, 50, stream_index=1)
    reader.parse_header()
    assert np.array_equal(reader.get_analogsignal_chunk(0, 1, 5, 50, stream_index=1), before)
