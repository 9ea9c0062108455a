"""``python -m tests.benchmarks``: the table of races, its curves, and the same on a session of one's own."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import click

from mockrawio.cli.common import FOLDER, check_figure, json_option, progress_option, show, wrote
from mockrawio.ground.durable import naming
from mockrawio.ground.progress import Tick, progress_bar
from tests.benchmarks import Result, Row, built_in, environment, of_session, table
from tests.benchmarks.cold import ColdRead, can_drop, cold_reads
from tests.benchmarks.inputs import Inputs

_QUICK, _FULL = (15, 0.4), (60, 8.0)  # turns at most, and seconds for each row
_BAR, _COUNT = "{l_bar}{bar}| {n:.0f}/{total:.0f} rows [{elapsed}]", "{desc}: {n:.0f} points [{elapsed}]"


@click.command()
@click.argument("folder", type=FOLDER, required=False)
@click.option("--full", is_flag=True, help="All rows at their full size, and cold reads: minutes, and 3 GB of room.")
@click.option(
    "--row",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this row; may be given again.",
)
@click.option("--curves", "curves_dir", type=FOLDER, help="Instead: write curves.csv and curves.png there.")
@click.option("--work", type=FOLDER, help="Where to work; by default the system's temporary folder.")
@click.option("--rst", "as_rst", is_flag=True, help="Print reStructuredText.")
@json_option
@progress_option
def bench_command(
    folder: Path | None,
    full: bool,
    names: tuple[str, ...],
    curves_dir: Path | None,
    work: Path | None,
    as_rst: bool,
    as_json: bool,
    progress: bool,
) -> None:
    """Race mockrawio against other ways to do the same, on this machine; with FOLDER, on that session.

    Each row has what is done, our best time, a peer, its best time, and how many times ours that is.
    Results are compared before anything is timed. Without FOLDER the sessions are made, and removed
    again. FOLDER is only read. The bar is for what says nothing else until it is done: --json, --rst
    and --curves.
    """
    if as_json and as_rst:
        raise click.UsageError("--json and --rst: give only one of them")
    if curves_dir is not None and (folder or full or names or as_json or as_rst):
        raise click.UsageError("--curves: goes alone, or with --work")
    if work is not None and not work.is_dir():
        raise click.UsageError("--work: expected a folder to work in; found none")
    with tempfile.TemporaryDirectory(prefix="mockrawio-", dir=work) as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers warn of their own affairs
        place = Path(name)
        if curves_dir is not None:
            _write_curves(place, curves_dir, progress)
            return
        quiet = as_json or as_rst
        rows = _chosen(place, folder, full, names)
        with progress_bar(progress and quiet, "bench", len(rows), bar_format=_BAR, leave=False) as tick:
            results = list(_measured(rows, full, quiet, tick))
        cold = list(_cold(place)) if full and folder is None and not names else []
    if as_rst:
        click.echo(table.rst(results) + (table.cold_rst(cold) if cold else ""), nl=False)
        return
    about = {"environment": environment(), "rows": [result.as_dict() for result in results]} if as_json else {}
    lines = table.cold_lines(cold)
    if as_json or lines:
        show(as_json, {**about, "cold": [read.as_dict() for read in cold]}, lines)


def _measured(rows: list[Row], full: bool, quiet: bool, tick: Tick) -> Iterator[Result]:
    """Run the rows, and say each as soon as it is done unless `quiet`."""
    say = (lambda text: None) if quiet else click.echo
    for line in [f"{table.environment_line()}", "", *table.heading()]:
        say(line)
    rounds, budget_s = _FULL if full else _QUICK
    for row in rows:
        result = table.run(row, rounds=rounds, budget_s=budget_s)
        for line in table.lines(result):
            say(line)
        yield result
        tick(1)


def _rows(place: Path, folder: Path | None, full: bool) -> list[Row]:
    return built_in(Inputs(place, "full" if full else "quick")) if folder is None else of_session(folder, place)


def _chosen(place: Path, folder: Path | None, full: bool, names: tuple[str, ...]) -> list[Row]:
    rows = _rows(place, folder, full)
    known = [row.name for row in rows]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"--row: expected one of {', '.join(known)}; found {unknown[0]!r}")
    if names:
        return [row for row in rows if row.name in names]
    return [row for row in rows if full or not row.full]


def _cold(place: Path) -> Iterator[ColdRead]:
    if not can_drop(place):
        click.echo("Cold reads: left out, the system or the file system keeps files in memory.", err=True)
        return
    yield from cold_reads(Inputs(place / "cold", "full"))


def _write_curves(place: Path, target: Path, progress: bool) -> None:
    from tests.benchmarks.curves import curves, draw, write_csv  # with matplotlib

    check_figure(target / "curves.png", "--curves")  # before the minutes that it takes
    with naming(target):
        target.mkdir(parents=True, exist_ok=True)
    points = []
    with progress_bar(progress, "curves", None, bar_format=_COUNT, leave=False) as tick:
        for point in curves(place):
            points.append(point)
            tick(1)
    click.echo("\n".join(wrote([write_csv(points, target / "curves.csv"), draw(points, target / "curves.png")])))


if __name__ == "__main__":
    bench_command(prog_name="python -m tests.benchmarks")
