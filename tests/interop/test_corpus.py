"""Corpora, here and on a cluster of two processes: the same bytes, whatever dies, stops or is in the way."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import dask
import numpy as np
import pytest
from click.testing import CliRunner
from distributed import Client, LocalCluster
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from mockrawio import MockSessionError, MockSessionRawIO, SessionExistsError, SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.generate import Templates, Units
from mockrawio.ground import durable
from mockrawio.ground.extras import install_command
from mockrawio.interop import cluster as cluster_module
from mockrawio.interop import corpus as corpus_module
from mockrawio.interop.corpus import generate_corpus, session_seed
from mockrawio.interop.corpus_report import FAILURES, CorpusReport, Failure
from mockrawio.interop.dask import to_dask_array
from mockrawio.session.manifest import compare
from tests.benchmarks import scale
from tests.length import rounds
from tests.processes import fresh

PARTIAL = re.compile(r"\.session_(\d+)\.partial-(\d+)-.*")


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of one thread each, on loopback; a killed one is started again."""
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    workers = {"multiprocessing-method": fresh(), "profile.enabled": False}
    with (
        dask.config.set({f"distributed.worker.{name}": value for name, value in workers.items()}),
        LocalCluster(**how) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def client(cluster):
    """A client of the cluster."""
    with Client(cluster) as connected:
        yield connected


def tiny(count, **fields):
    """Return a list of specs of the smallest sessions, by session number from 1."""
    fields = {"duration_s": 1.0, "n_channels": 8, "n_units": 1, "seed": 7, **fields}
    return [SessionSpec(session_nr=k, **fields) for k in range(1, count + 1)]


def run(specs, root, client=None, **options):
    """Make a corpus without a bar."""
    return generate_corpus(specs, root, client, progress=False, **options)


def counts(report):
    """Return made, found, failed."""
    return report.made, report.found, len(report.failed)


def sessions(root, patient=1):
    """Return the session folders of a patient, by number."""
    return {int(path.name[8:]): path for path in (Path(root) / "patient_data" / str(patient)).glob("session_*")}


def content(root):
    """Return every byte of every session, by path below the root."""
    files = (path for path in (Path(root) / "patient_data").rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def assert_whole(root):
    """Check that every session is what its manifest says, and that nothing unfinished is left."""
    assert not list(Path(root).rglob(".*"))
    for folder in sessions(root).values():
        assert not any(compare(folder))


# -- on a cluster -------------------------------------------------------------------------------


def kill_midway(root):
    """Kill a worker that has begun a session and not ended it; return what had landed before, and the process.

    It is stopped first, so that it cannot land between the look and the blow.
    """
    while True:
        for path in (root / "patient_data" / "1").glob(".session_*.partial-*"):
            process = int(PARTIAL.fullmatch(path.name)[2])
            os.kill(process, signal.SIGSTOP)
            if path.exists():
                landed = {number: folder.stat().st_ino for number, folder in sessions(root).items()}
                os.kill(process, signal.SIGKILL)
                return landed, process
            os.kill(process, signal.SIGCONT)


@pytest.mark.at_length
@pytest.mark.slow
def test_killed_worker(client, tmp_path):
    """A worker killed in the middle of a session costs that session's retry: the corpus is complete, byte for byte."""
    n = rounds(5, 8)
    specs = tiny(n, duration_s=rounds(20.0, 40.0), n_lfp_channels=8)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run, specs, tmp_path / "cluster", client)
        landed, process = kill_midway(tmp_path / "cluster")
        report = running.result()
    assert counts(report) == (n, 0, 0)
    assert process not in client.run(os.getpid).values()
    assert {number: sessions(tmp_path / "cluster")[number].stat().st_ino for number in landed} == landed
    assert_whole(tmp_path / "cluster")
    assert counts(run(specs, tmp_path / "here")) == (n, 0, 0)
    assert content(tmp_path / "cluster") == content(tmp_path / "here")


def test_interrupt_amid_a_lock(tmp_path, monkeypatch):
    """Ctrl-C that a lock's own work turns into another error is no failure of a session: it stops the run."""

    def interrupted(*_, **__):
        try:
            raise KeyboardInterrupt
        finally:
            threading.Lock().release()

    monkeypatch.setattr(corpus_module, "generate_session", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tiny(2), tmp_path)


@pytest.mark.slow
def test_stop_and_go_on(client, tmp_path):
    """Stopped by an error in its specs, a run leaves whole sessions, and the next makes the rest."""
    specs = tiny(24)

    def stopped():
        yield from specs[:20]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stopped(), tmp_path, client)
    report = run(iter(specs), tmp_path, client)
    assert report.ok
    assert report.found >= 20 - cluster_module.LEAST_IN_FLIGHT
    assert report.made >= 4
    assert report.made + report.found == 24
    assert_whole(tmp_path)


@pytest.mark.slow
def test_few_are_held(client, tmp_path):
    """Specs are asked for as sessions land, not before."""
    ahead = []

    def watched():
        for number, spec in enumerate(tiny(20), 1):
            ahead.append(number - len(sessions(tmp_path)))
            yield spec

    assert counts(run(watched(), tmp_path, client)) == (20, 0, 0)
    assert 1 < max(ahead) <= cluster_module.LEAST_IN_FLIGHT


def test_failures_on_a_cluster(cluster, tmp_path):
    """By the scheduler's address: what is in the way of a session is named, and the others are made."""
    specs = tiny(4)
    generate_session(SessionSpec.tiny(session_nr=2, seed=8), tmp_path)
    before = sessions(tmp_path)[2].stat()
    report = run(specs, tmp_path, cluster.scheduler_address)
    assert counts(report) == (3, 0, 1)
    (failure,) = report.failed
    assert failure[:3] == (1, 2, 1)
    assert "found one that differs in duration_s, seed, n_channels, units" in failure.error
    assert sessions(tmp_path)[2].stat() == before


@pytest.mark.slow
def test_arrays_on_a_cluster(client, tmp_path):
    """Dask arrays computed by the workers are the reader's, of one array or a file a channel, gains of floats known."""
    specs = [
        SessionSpec.broadband(session_nr=1, duration_s=1.0, n_units=2, n_lfp_channels=3, seed=0),
        SessionSpec.tiny(session_nr=2, duration_s=1.0, n_lfp_channels=3, encoding="float64", seed=0),
    ]
    for spec in specs:
        with MockSessionRawIO(generate_session(spec, tmp_path)) as reader:
            for stream in range(reader.signal_streams_count()):
                raw = reader.get_analogsignal_chunk(stream_index=stream)
                scaled = reader.rescale_signal_raw_to_float(raw, stream_index=stream)
                lazy = [to_dask_array(reader, stream, s, chunks=(9000, -1)) for s in (False, True)]
                for found, expected in zip(client.gather(client.compute(lazy)), (raw, scaled), strict=True):
                    np.testing.assert_array_equal(found, expected)
                    assert found.dtype == expected.dtype


def test_command_on_a_cluster(cluster, tmp_path):
    """`generate --sessions --scheduler` makes what it makes without a cluster."""
    options = ["--sessions", "1-5", "--duration", "1", "--channels", "8", "--units", "1", "--seed", "3"]
    for root, more in ((tmp_path / "a", []), (tmp_path / "b", ["--scheduler", cluster.scheduler_address])):
        result = CliRunner().invoke(main, ["generate", str(root), *options, *more])
        assert (result.exit_code, result.stderr) == (0, "")
        assert "5 made (" in result.stdout
    assert content(tmp_path / "a") == content(tmp_path / "b")


@pytest.mark.at_length
@pytest.mark.slow
def test_scale(client, tmp_path, capsys, monkeypatch):
    """The measurement that the documentation tells of runs, and prints a table; at length on a cluster of its own."""
    if rounds(1, 0):
        monkeypatch.setattr(scale, "cluster_of", lambda n_workers: nullcontext(client))
    scale.measure(tmp_path, n_sessions=1, seconds=1.0, n_tasks=40, workers=(1,), turns=1)
    table = capsys.readouterr().out
    assert ".. list-table::" in table
    assert "scheduler" in table


# -- in this process ----------------------------------------------------------------------------


def test_occupied(tmp_path):
    """A failure is in the report, in its text, in the file, and no longer once it has gone."""
    generate_session(SessionSpec.tiny(session_nr=2, seed=8), tmp_path)
    report = run(tiny(3), tmp_path)
    assert counts(report) == (2, 0, 1)
    assert not report.ok
    lines = str(report).splitlines()
    assert lines[0].endswith("0 there already, 1 failed")
    assert re.fullmatch(r" +1 +2 +1  SessionExistsError: .*session_2: expected nothing there.*", lines[2])
    with open(tmp_path / FAILURES, newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"patient_id": "1", "session_nr": "2", "attempts": "1", "error": report.failed[0].error}]
    shutil.rmtree(sessions(tmp_path)[2])
    assert counts(run(tiny(3), tmp_path)) == (1, 2, 0)
    assert not (tmp_path / FAILURES).exists()


def test_something_else_there(tmp_path):
    """Files without a manifest, and a manifest that cannot be read, are failures too."""
    for number, name in ((1, "notes.txt"), (2, "session_manifest.json")):
        folder = tmp_path / "patient_data" / "1" / f"session_{number}"
        folder.mkdir(parents=True)
        (folder / name).write_text("mine")
    report = run(tiny(3), tmp_path)
    assert counts(report) == (1, 0, 2)
    assert "expected nothing there; found a folder" in report.failed[0].error
    assert "expected a session manifest" in report.failed[1].error
    assert counts(run(tiny(3), tmp_path, overwrite=True)) == (2, 1, 0)


def test_sessions_with_templates_are_found_again(tmp_path):
    """Made from the same file, or the same array, they are there already; from another file they are other sessions."""
    array, about = np.random.default_rng(1).normal(0, 50, (2, 60, 4)), {"sampling_rate": 30_000, "before": 20}
    np.save(tmp_path / "a.npy", array)
    for source in (tmp_path / "a.npy", array):
        units = Units(1, multi=0, templates=Templates(source, positions_um=np.arange(8).reshape(4, 2) * 20, **about))
        root, specs = tmp_path / type(source).__name__, tiny(2, units=units, n_units=None)
        assert [generate_corpus(specs, root, progress=False).made for _ in range(2)] == [2, 0]
        if source is not array:
            np.save(source, 2 * array)
            assert "units" in str(generate_corpus(specs, root, progress=False).failed[0])


def test_overwrite(tmp_path):
    """With overwrite others are replaced, the same stay; without resume all are made again, or are failures."""
    run(tiny(2), tmp_path)
    inode = sessions(tmp_path)[1].stat().st_ino
    other = [tiny(2)[0], tiny(2, seed=8)[1]]
    assert counts(run(other, tmp_path, overwrite=True)) == (1, 1, 0)
    assert sessions(tmp_path)[1].stat().st_ino == inode
    assert counts(run(other, tmp_path, resume=False)) == (0, 0, 2)
    assert counts(run(other, tmp_path, resume=False, overwrite=True)) == (2, 0, 0)


def test_root_that_cannot_be(tmp_path):
    """Where nothing can be written every session fails, and the report is given all the same."""
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match=FAILURES):
        report = run(tiny(2), tmp_path / "file", retries=0)
    assert counts(report) == (0, 0, 2)
    assert FAILURES not in str(report)  # a file that is not there


def test_passing_errors_are_retried(tmp_path, monkeypatch):
    """An error of the disk is tried again as often as asked for, one of the spec is not."""
    calls = []

    def flaky(spec, root, **options):
        calls.append(spec.session_nr)
        if spec.session_nr == 2 and calls.count(2) < 3:
            raise OSError(28, "No space left on device")
        if spec.session_nr == 3:
            raise MockSessionError("today", "a session", "none", "Try again.")
        return generate_session(spec, root, **options)

    monkeypatch.setattr(corpus_module, "generate_session", flaky)
    report = run(tiny(3), tmp_path)
    assert counts(report) == (2, 0, 1)
    assert report.failed == (Failure(1, 3, 1, "MockSessionError: today: expected a session; found none. Try again."),)
    assert calls == [1, 2, 2, 2, 3]
    calls.clear()
    report = run(tiny(2, patient_id=2), tmp_path, retries=1)
    assert report.failed == (Failure(2, 2, 2, "OSError: [Errno 28] No space left on device"),)


def test_deadly_session(tmp_path, monkeypatch):
    """A session of which workers die is not tried again beyond what the cluster has tried."""

    def submit(self, function, spec, order):
        future = Future()
        future.set_exception(KilledWorker("key", SimpleNamespace(address="tcp://10.0.0.2:1"), 3))
        return future

    monkeypatch.setattr(cluster_module.Here, "submit", submit)
    report = run(tiny(1), tmp_path)
    assert report.failed[0][:3] == (1, 1, 4)
    assert report.failed[0].error.startswith("KilledWorker")


def test_lost_cluster(tmp_path, monkeypatch):
    """If the scheduler goes, futures are cancelled: the run ends, and says that it can go on."""

    class Gone:
        status = "closed"
        loop = SimpleNamespace(add_callback=lambda function, *arguments: asyncio.run(function(*arguments)))
        nthreads = dict

        def submit(self, *arguments, pure):
            return object()

        async def gather(self, future, asynchronous):
            raise FutureCancelledError("key", "scheduler-connection-lost")

    @contextmanager
    def gone(client):
        with cluster_module.OnCluster(Gone()) as executor:
            yield executor, executor.width

    monkeypatch.setattr(corpus_module, "executor_of", gone)
    with pytest.raises(MockSessionError, match=r"found that it is lost. Run it again to continue."):
        run(tiny(1), tmp_path)


def test_late_lander(tmp_path, monkeypatch):
    """If a worker that was taken for dead lands the same session first, it is there; another one is a failure."""

    def late(spec, root, **options):
        seed = spec.seed if spec.session_nr == 1 else 99
        generate_session(SessionSpec.from_dict({**spec.to_dict(), "seed": seed}), root)
        raise SessionExistsError("taken")

    monkeypatch.setattr(corpus_module, "generate_session", late)
    report = run(tiny(2), tmp_path)
    assert counts(report) == (0, 1, 1)
    assert "differs in seed" in report.failed[0].error


def test_leftovers_of_other_machines_are_removed(tmp_path):
    """What a dead worker elsewhere left of a session goes when the session stands; that of another session stays."""
    patient = tmp_path / "patient_data" / "1"
    for number in (1, 3):
        (patient / f".session_{number}.partial-1-0123456789abcdef").mkdir(parents=True)
    run(tiny(2), tmp_path)
    assert [path.name for path in patient.glob(".*")] == [".session_3.partial-1-0123456789abcdef"]


def beside(root, number, pid, host, age_s=0.0, purpose="partial"):
    """Make what a writer of a session has beside it, with a file; return its path."""
    path = root / "patient_data" / "1" / f".session_{number}.{purpose}-{pid}-{host}00000000"
    path.mkdir(parents=True)
    (path / "ChannelNames.txt").touch()
    for place in (path / "ChannelNames.txt", path):
        os.utime(place, (time.time() - age_s,) * 2)
    return path


def dead_process():
    """Return the number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


@pytest.mark.slow
@pytest.mark.parametrize("resumed", [False, True])
def test_only_leftovers_go(tmp_path, resumed):
    """Made or found, a session loses what dead writers have beside it; what live ones have stays, and the user's."""
    if resumed:
        run(tiny(1), tmp_path)
    dead, elsewhere = dead_process(), f"{int(durable._HOST, 16) ^ 1:08x}"
    gone = [beside(tmp_path, 1, dead, durable._HOST), beside(tmp_path, 1, 5, elsewhere, 90_000.0)]
    if resumed:
        gone.append(beside(tmp_path, 1, dead, durable._HOST, purpose="replaced"))
        gone.append(tmp_path / f".corpus_failures.csv.partial-{dead}-{durable._HOST}00")
        gone[-1].touch()
    stay = [
        beside(tmp_path, 1, os.getpid(), durable._HOST, 90_000.0),
        beside(tmp_path, 1, 7, elsewhere, 90_000.0, purpose="replaced"),
        beside(tmp_path, 2, dead, durable._HOST),
        *([beside(tmp_path, 1, 6, elsewhere)] if resumed else []),  # which may be at work
    ]
    for name in (".session_1.partial-mine", "session_1.partial-1-0", ".session_1.bak", "session_1 (copy)"):
        stay.append(tmp_path / "patient_data" / "1" / name)
        stay[-1].mkdir()
    assert counts(run(tiny(1), tmp_path)) == ((0, 1, 0) if resumed else (1, 0, 0))
    assert [path.name for path in gone if path.exists()] == []
    assert [path.name for path in stay if not path.exists()] == []


def test_seeds(tmp_path):
    """Seeds are spawned by patient and session alone, and are in the manifests; without any it is refused."""
    specs = tiny(3, seed=None)
    with pytest.raises(MockSessionError, match="found none for patient 1, session 1. Pass seed="):
        run(specs, tmp_path)
    run(reversed(specs), tmp_path / "a", seed=5)
    run(specs[1:], tmp_path / "b", seed=5)
    a, b = content(tmp_path / "a"), content(tmp_path / "b")
    assert b.items() <= a.items()
    seeds = {
        k: json.loads((p / "session_manifest.json").read_text())["seed"] for k, p in sessions(tmp_path / "a").items()
    }
    assert seeds == {k: session_seed(5, 1, k) for k in (1, 2, 3)}
    assert len(set(seeds.values())) == 3
    assert counts(run(specs, tmp_path / "a", seed=5)) == (0, 3, 0)
    assert counts(run(specs, tmp_path / "a", seed=6)) == (0, 0, 3)


def test_spikes_from_a_file(tmp_path):
    """A session made of a file of spikes is the same while the file is."""
    from mockrawio.rasters import poisson_raster, write_sonata

    path = tmp_path / "spikes.h5"
    write_sonata(path, poisson_raster([5.0, 5.0], duration_s=1.0, seed=1))
    specs = tiny(2, spikes=path, n_units=None, units=Units(refractory_ms=0.0))
    assert counts(run(specs, tmp_path)) == (2, 0, 0)
    assert counts(run(specs, tmp_path)) == (0, 2, 0)
    write_sonata(path, poisson_raster([5.0, 5.0], duration_s=1.0, seed=2), overwrite=True)
    report = run(specs, tmp_path)
    assert counts(report) == (0, 0, 2)
    assert "differs in spikes_sha256" in report.failed[0].error


@pytest.mark.parametrize("kind", [list, iter])
def test_twice_the_same_session(kind, tmp_path):
    """Two specs of one session are refused: before anything is made if that can be known."""
    with pytest.raises(MockSessionError, match="expected every session once; found patient 1, session 2 twice"):
        run(kind([*tiny(3), tiny(2, seed=9)[1]]), tmp_path)
    assert len(sessions(tmp_path)) == (0 if kind is list else 3)


@pytest.mark.parametrize(
    ("specs", "options", "words"),
    [
        ([{"patient_id": 1}], {}, "specs: expected SessionSpec; found dict"),
        ([], {"retries": -1}, "retries: expected a whole number from 0 up; found -1"),
        ([], {"client": 5}, "client: expected a distributed.Client.* found 5"),
        ([], {"client": "localhost"}, "found 'localhost'. Give an address such as 'tcp://"),
    ],
)
def test_wrong_arguments(specs, options, words, tmp_path):
    """Arguments that are of no use are refused with what to give."""
    with pytest.raises(MockSessionError, match=words):
        generate_corpus(specs, tmp_path, progress=False, **options)


def test_nothing_to_do(tmp_path):
    """A corpus of no sessions is complete."""
    assert str(run([], tmp_path)) == f"{tmp_path}: 0 made (0.0 MB), 0 there already, 0 failed"


def test_relative_root(tmp_path, monkeypatch):
    """A relative root is where the caller is, wherever workers are."""
    monkeypatch.chdir(tmp_path)
    assert run(tiny(1), "corpus").root == tmp_path / "corpus"


def test_long_table(tmp_path):
    """Of many failures the first are printed, and the rest counted."""
    (tmp_path / FAILURES).touch()
    report = CorpusReport(tmp_path, 0, 0, 0, tuple(Failure(1, k, 1, "E: a\nb") for k in range(25)))
    assert report.table()[1].endswith("E: a b")
    assert report.table()[-2:] == ["... and 5 more", f"all of them: {tmp_path / FAILURES}"]
    assert json.loads(json.dumps(report.as_dict()))["failed"][24]["session_nr"] == 24


def test_progress(tmp_path, capsys):
    """The bar counts sessions and failures, with or without a known end."""
    generate_session(SessionSpec.tiny(session_nr=2, seed=8), tmp_path)
    generate_corpus(tiny(2), tmp_path)
    assert re.search(r"2/2 .*failed=1", capsys.readouterr().err)
    generate_corpus(iter(tiny(1)), tmp_path)
    assert "1session" in capsys.readouterr().err


# -- the command --------------------------------------------------------------------------------

SMALL = ["--duration", "1", "--channels", "8", "--units", "1"]


def command(root, *options):
    """Run `mockrawio generate` in this process."""
    return CliRunner().invoke(main, ["generate", str(root), *SMALL, *options])


def test_command(tmp_path):
    """Sessions by number, each remade by its own seed alone; what differs makes the exit code 1, and JSON tells."""
    first = command(tmp_path, "--sessions", "3, 1-2", "--seed", "5", "--patient-id", "2")
    assert first.exit_code == 0
    assert sorted(sessions(tmp_path, 2)) == [1, 2, 3]
    alone = command(tmp_path / "b", "--session-nr", "3", "--patient-id", "2", "--seed", str(session_seed(5, 2, 3)))
    assert alone.exit_code == 0
    assert content(tmp_path / "b").items() <= content(tmp_path).items()
    again = command(tmp_path, "--sessions", "1-4", "--seed", "6", "--patient-id", "2", "--json")
    assert again.exit_code == 1
    told = json.loads(again.stdout)
    assert (told["made"], told["found"], len(told["failed"])) == (1, 0, 3)
    assert again.stderr.startswith("patient  session  attempts  error\n")
    assert "or pass --overwrite to replace it." in again.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sessions", "1-2"], "requires --seed"),
        (["--sessions", "2-1", "--seed", "1"], "'2-1' is not a list of numbers"),
        (["--sessions", "a", "--seed", "1"], "'a' is not a list of numbers"),
        (["--sessions", "1-5,3", "--seed", "1"], "more than once"),
        (["--sessions", "1-2", "--seed", "1", "--session-nr", "1"], "--session-nr and --sessions"),
        (["--sessions", "1-2", "--seed", "1", "--annotations"], "--annotations and --sessions"),
        (["--sessions", "1-2", "--seed", "1", "--gap", "2"], "No such option"),
        (["--sessions", "1-2", "--seed", "1", "--snr", "6,5"], "Error: --snr: expected"),
        (["--scheduler", "tcp://10.0.0.1:8786"], "--scheduler: requires --sessions"),
        (["--retries", "1"], "--retries: requires --sessions"),
    ],
)
def test_wrong_usage(options, words, tmp_path):
    """Options that do not go together are wrong usage, and nothing is made."""
    result = command(tmp_path, *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not list(tmp_path.iterdir())


def test_wrong_scheduler(tmp_path):
    """An address that is none is told in a line."""
    result = command(tmp_path, "--sessions", "1", "--seed", "1", "--scheduler", "here", "--retries", "0")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("Error: --scheduler: expected")


SCRIPT = """import os, sys
hasattr(os, "sched_setaffinity") and os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})  # one worker is enough
from mockrawio.interop.corpus import generate_corpus
{}generate_corpus([], sys.argv[1], client="local", progress=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "guard", ["", pytest.param("if __name__ == '__main__': ", marks=pytest.mark.at_length(only=True))]
)
def test_a_script_that_workers_would_run_again(guard, tmp_path):
    """A script asks for workers below a main guard; one that does not is told its line, and starts none."""
    pytest.importorskip("distributed")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(guard))
    made = subprocess.run([sys.executable, script, tmp_path / "root"], capture_output=True, text=True, timeout=60)
    if guard:
        assert not made.returncode, made.stderr
        return
    assert f"found one without, {script}, line 4" in made.stderr.splitlines()[-1]
    assert made.stderr.count("Traceback") == 1


def test_without_dask(tmp_path, monkeypatch):
    """Without Dask sessions are made here; a scheduler needs it, and the error says how to install it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert command(tmp_path, "--sessions", "1", "--seed", "1").exit_code == 0
    result = command(tmp_path, "--sessions", "1", "--seed", "1", "--scheduler", "local")
    assert result.exit_code == 1
    assert install_command("dask") in result.stderr


@pytest.mark.slow
def test_interrupt(tmp_path):
    """Ctrl-C leaves whole sessions and exit code 130, and the same command goes on."""
    arguments = [sys.executable, "-m", "mockrawio", "generate", str(tmp_path), *SMALL, "--seed", "1", "--sessions"]
    with subprocess.Popen([*arguments, "1-100000"], stderr=subprocess.PIPE, text=True) as process:
        try:
            while len(sessions(tmp_path)) < 2:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=30)[1] == "Interrupted.\n"
        finally:
            process.kill()
    assert process.returncode == 130
    assert_whole(tmp_path)
    made = len(sessions(tmp_path))
    done = command(tmp_path, "--seed", "1", "--sessions", f"1-{made + 1}")
    assert f"1 made (0.0 MB), {made} there already, 0 failed" in done.stdout
