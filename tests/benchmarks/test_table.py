"""``python -m tests.benchmarks``: a table of races whose results were compared, here and on a session of one's own."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from mockrawio import MockSessionError, NotASessionError
from tests.benchmarks import OURS, Contest, Goal, Row, of_session, race, rows_make, rows_open, rows_points, run
from tests.benchmarks.__main__ import bench_command
from tests.benchmarks.cold import ColdRead, can_drop, cold_reads, from_disk, read_ahead
from tests.benchmarks.curves import AXES, BASE, curves, draw, write_csv
from tests.benchmarks.inputs import Inputs, unpickled
from tests.benchmarks.race import same
from tests.benchmarks.rows_make import session
from tests.benchmarks.rows_open import importing
from tests.benchmarks.table import cold_rst, duration, lines, rst, size
from tests.handmade import T0, Handmade, save_dict


def bench(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(bench_command, [*map(str, arguments)])


def row(seconds: float, peers: dict[str, float], goal: Goal | None = None) -> Row:
    """Return a row whose contestants tell times of their own."""

    def make() -> Contest:
        acts = {name: lambda value=value: value for name, value in peers.items()}
        return Contest(lambda: seconds, acts, check=lambda: None, missing={"Absent": "not installed"}, own_clock=True)

    return Row("a-row", "what is done", make, goal)


@pytest.fixture
def own(handmade: Handmade) -> Path:
    """A session with one thing of each kind, a stream long enough to be raced among them."""
    handmade.all()
    samples = np.arange(64_000 * 3, dtype=np.int16).reshape(-1, 3)
    handmade.stream(samples=samples)
    return handmade.folder


def test_wrong_results_are_not_timed() -> None:
    """Who gives something else is found out before the race."""
    called = []
    contest = Contest(lambda: called.append(1), {"peer": lambda: called.append(2)}, lambda: same([1], [2], "numbers"))
    with pytest.raises(MockSessionError, match="numbers: expected our result to be the peer's"):
        race(contest)
    assert not called


def test_turns_are_interleaved_and_the_budget_holds() -> None:
    """Everyone gets the same number of turns, one after the other, and one even without time."""
    called = []
    contest = Contest(lambda: called.append("ours"), {"peer": lambda: called.append("peer")}, lambda: None, inner=2)
    assert race(contest, rounds=3).keys() == {OURS, "peer"}
    assert called == ["ours", "ours", "peer", "peer"] * 3
    called.clear()
    race(contest, rounds=3, budget_s=0.0)
    assert called == ["ours", "ours", "peer", "peer"]


@pytest.mark.parametrize(
    ("goal", "met"),
    [(None, None), (Goal(2.0), True), (Goal(0.5), False), (Goal(0.5, "peer"), True), (Goal(1.0, "other"), None)],
)
def test_goals(goal: Goal | None, met: bool | None) -> None:
    """A goal is seconds, or so many times a peer; without the peer nobody knows."""
    result = run(row(1.0, {"peer": 2.0}, goal), rounds=1, budget_s=1.0)
    assert result.met is met and result.as_dict()["met"] is met


def test_lines_and_cells() -> None:
    """A line for each peer, the one that is missing with the reason; the same as reStructuredText."""
    result = run(row(1e-3, {"peer": 2e-3, "other": 4e-3}, Goal(0.5e-3)), rounds=1, budget_s=1.0)
    first, second, third = lines(result)
    assert " ".join(first.split()) == "what is done 1 ms peer 2 ms 2.00 ≤ 500 µs: NOT MET"
    assert " ".join(second.split()) == "other 4 ms 4.00"
    assert " ".join(third.split()) == "Absent missing not installed"
    read = ColdRead("a second", 4096, 5 << 20, 0, 0.5)
    cells = "what is done", "1 ms", "peer", "2 ms", "2.00", "≤ 500 µs: NOT MET"
    assert "   * - " + "\n     - ".join(cells) + "\n" in rst([result])
    assert "   * - " + "\n     - ".join(("a second", "4 KiB", "5 MiB", "nothing", "500 ms")) + "\n" in cold_rst([read])


def test_units() -> None:
    """Three digits, and the unit that suits."""
    assert [duration(s) for s in (2.0, 0.0123, 4.567e-6)] == ["2 s", "12.3 ms", "4.57 µs"]
    assert [size(n) for n in (0, 10, 2048, 3 << 20)] == ["nothing", "10 B", "2 KiB", "3 MiB"]


def test_command_on_a_session_of_ones_own(own: Path) -> None:
    """The rows that suit the session, each with its peers; the session is as it was."""
    before = sorted(own.rglob("*"))
    done = bench(own)
    assert done.exit_code == 0, done.output
    for title in ("parse_header()", "view of 1024", "of its LFP", "scaled to float32", "waveforms", "movie frames"):
        assert title in done.output
    assert sorted(own.rglob("*")) == before


def test_peers_unpickle_nothing_of_others(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a peer of a session of others unpickles are copies that we wrote, with the same in them."""
    loaded = []

    def noting(path: Path) -> dict[str, Any]:
        loaded.append(path)
        return unpickled(path)

    for module in (rows_open, rows_points):
        monkeypatch.setattr(module, "unpickled", noting)
    for row in of_session(own, tmp_path):
        race(row.make(), rounds=1)
    assert loaded
    assert all(path.is_relative_to(tmp_path) for path in loaded)


@pytest.mark.parametrize("odd", ["no waveforms", "µs", "floats", "no frames", "gaps"])
def test_rows_of_odd_sessions(handmade: Handmade, tmp_path: Path, odd: str) -> None:
    """Whatever a session lacks, or has in another way, the rows that are left run and agree with their peers."""
    handmade.lfp(samples=np.linspace(-1.0, 1.0, 500) if odd == "floats" else None)
    times = T0 + np.array([10.0, 20.25, 300.5])
    if odd == "no waveforms":
        save_dict(handmade.folder / "spiking_data" / "CSC1_SU1.npy", {"spike_times": times})
    elif odd == "µs":
        handmade.unit(times=times * 1000)
    elif odd == "no frames":
        handmade.watchlog([])
    elif odd == "gaps":
        handmade.lfp(ts=T0 + np.arange(500) + np.repeat([0, 60_000], 250))
        handmade.unit(times=times + np.array([0.0, 0.0, 60_000.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = {row.name: row for row in of_session(handmade.folder, tmp_path)}
        for row in rows.values():
            race(row.make(), rounds=1)
    units = {"spikes"} if odd == "no waveforms" else {"spikes", "waveforms"} if odd in ("µs", "gaps") else set()
    assert rows.keys() == {"header", "files", "rescale"} | units


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_import_of_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the same name that a new process finds first is not what is timed."""
    (tmp_path / "mockrawio.py").write_text("class MockSessionRawIO: pass")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(MockSessionError, match="Do not trust the times"):
        race(importing(), rounds=1)


def test_made_sessions_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that writes other bytes, or other arrays, than what was generated is found out."""
    contest, save = session(tmp_path, "int16", duration_s=5.0), np.save
    contest.check()
    with monkeypatch.context() as patched:
        patched.setattr(rows_make, "_write_all_through", lambda contents: [path.write_bytes(b"") for path in contents])
        with pytest.raises(MockSessionError, match="of a write to the disk: expected our result"):
            contest.check()
    monkeypatch.setattr(np, "save", lambda path, values: save(path, {**values, "spike_times": np.zeros(3)}))
    with pytest.raises(MockSessionError, match=r"of numpy\.save: expected our result"):
        contest.check()


def test_command_as_json(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times in seconds, versions, and a peer that is not installed said to be missing."""
    monkeypatch.setitem(sys.modules, "spikeinterface.core", None)
    done = bench(own, "--row", "view", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    (view,) = told["rows"]
    assert view["name"] == "view" and view["peers_s"].keys() == {"numpy.memmap", "Neo RawBinarySignal"}
    assert "pip install 'mockrawio[spikeinterface]'" in view["missing"]["SpikeInterface"]
    assert told["environment"]["packages"]["numpy"] == np.__version__ and told["cold"] == []


def test_command_on_sessions_that_it_makes(tmp_path: Path) -> None:
    """A row of the built-in ones, as reStructuredText; nothing is left where it worked."""
    done = bench("--row", "four-by-id", "--rst", "--work", tmp_path)
    assert done.exit_code == 0, done.output
    assert ".. list-table::" in done.output and "   * - four of 64 channels" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["--json", "--rst"], ["--row", "no-such"], ["--curves", "x", "--full"]], ids=lambda a: a[-1]
)
def test_wrong_usage(arguments: list[str]) -> None:
    """Options that do not go together, and rows that there are not, are usage errors."""
    assert bench(*arguments).exit_code == 2


def test_folder_that_is_no_session(tmp_path: Path) -> None:
    """A folder without a session is a problem with the data."""
    done = bench(tmp_path)
    assert done.exit_code == 1 and isinstance(done.exception, NotASessionError)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.usefixtures("quick_figures")
def test_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each axis has its points, written as CSV and drawn; the sessions are gone."""
    monkeypatch.setitem(BASE, "length", 3)
    monkeypatch.delitem(AXES, "units")  # one more of the same
    points = list(curves(tmp_path / "work", turns=1, factors=(1,)))
    assert {point.axis for point in points} == AXES.keys() and all(point.seconds > 0 for point in points)
    table = write_csv(points, tmp_path / "curves.csv").read_text().splitlines()
    assert table[0] == "axis,factor,size,what,seconds" and len(table) == len(points) + 1
    assert all(line.count(",") == 4 for line in table)
    assert draw(points, tmp_path / "curves.png").read_bytes()[1:4] == b"PNG"
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="what comes from the disk is counted in /proc")
def test_cold_reads(tmp_path: Path) -> None:
    """Every request has what it asked for; nothing fetches more than there is, page by page."""
    before = from_disk()
    reads = list(cold_reads(Inputs(tmp_path, "tiny")))
    assert [read.asked > 0 for read in reads] == [False] + [True] * 5
    for read in reads:
        assert read.fetched <= read.stored + 4096 * 50 and read.asked < read.stored
    assert sum(read.fetched for read in reads) <= from_disk() - before
    assert (read_ahead(tmp_path) or 4096) >= 4096
    if can_drop(tmp_path):
        assert sum(read.fetched for read in reads) > 0
