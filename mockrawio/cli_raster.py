"""``mockrawio raster``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from .session.errors import MockSessionError

if TYPE_CHECKING:
    from .rasters import Raster
    from .rasters.raster import Sorting

__all__ = ["raster_command"]

_PATH = click.Path(path_type=Path)
_SORTING = click.Choice(["by_time", "by_id", "none"])
_EXIT_CODES = "Exit codes: 0 all is well, 1 a problem with the data, 2 wrong usage."


@click.command("raster", short_help="Make spike rasters of functional groups, in SONATA files.", epilog=_EXIT_CODES)
@click.option("--spec", "spec_file", type=_PATH, help="A TOML file of groups with their rates and profiles.")
@click.option("--from", "session_folder", type=_PATH, help="A session's folder, in place of --spec: its units.")
@click.option("-o", "--output", type=_PATH, required=True, help="The SONATA file to write.")
@click.option("--plot", type=_PATH, help="Draw the raster too: .png, .pdf or .svg (matplotlib).")
@click.option("--seed", type=click.IntRange(min=0), help="In place of the file's seed.")
@click.option("--sorting", type=_SORTING, default="by_time", show_default=True, help="The order of the spikes.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.option("--progress/--no-progress", default=None, help="Show a bar; by default on a terminal.")
def raster_command(
    spec_file: Path | None,
    session_folder: Path | None,
    output: Path,
    plot: Path | None,
    seed: int | None,
    sorting: Sorting,
    overwrite: bool,
    progress: bool | None,
) -> None:
    """Make the spikes of functional groups, or take those of a session, and write them as SONATA.

    One line for each group says how many units and spikes it has; the files that were written
    follow. The same seed makes the same spikes.

    Example: mockrawio raster --spec groups.toml -o spikes.h5 --plot spikes.png --seed 1

    Example: mockrawio raster --from /tmp/mock/patient_data/1/session_1 -o units.h5
    """
    if (spec_file is None) == (session_folder is None):
        raise click.UsageError("--spec and --from: give one of the two")
    if session_folder is not None and seed is not None:
        raise click.UsageError("--seed: goes with --spec; the spikes of a session are what they are")
    _check_targets(output, plot, overwrite)
    from .rasters import write_sonata

    source = _of_spec(spec_file, seed) if spec_file else _of_session(session_folder)
    with _bar(sys.stderr.isatty() if progress is None else progress, source.duration_ms) as tick:
        tally = _Tally(source, tick, keep=plot is not None)
        write_sonata(output, tally.blocks(), sorting=sorting, overwrite=overwrite)
    files = [output.absolute()] + ([_drawn(tally.kept, plot)] if plot else [])
    click.echo("\n".join([*tally.lines(), *(f"wrote {path}" for path in files)]))


def _check_targets(output: Path, plot: Path | None, overwrite: bool) -> None:
    """Find out before the work whether its results can be written."""
    for path in filter(None, (output, plot)):
        if path.exists() and not overwrite:
            raise MockSessionError(f"{path}: expected nothing there; found a file. Add --overwrite to replace it.")
    if plot is None:
        return
    if plot.absolute() == output.absolute():
        raise click.UsageError("--plot: must be another file than --output")
    try:
        from .rasters.figure import check_kind
    except ImportError:
        raise MockSessionError(
            "matplotlib: expected it to be installed, for --plot; found that it is not. "
            "Run pip install 'mockrawio[plot]'."
        ) from None
    check_kind(plot)


class _Source(NamedTuple):
    """Spikes to be written: the ids of each group, how long it is in all, and stretches of it."""

    groups: Mapping[str, range]
    duration_ms: float
    blocks: Iterable[Raster]


def _of_spec(spec_file: Path, seed: int | None) -> _Source:
    from .rasters import RasterSpec, iter_raster

    spec = RasterSpec.from_toml(spec_file)
    spec = spec if seed is None else replace(spec, seed=seed)
    return _Source(spec.ids, spec.duration_s * 1000, iter_raster(spec))


def _of_session(folder: Path | None) -> _Source:
    from .rasters.bridges import session_raster

    assert folder is not None
    raster = session_raster(folder)
    return _Source(raster.groups, raster.duration_ms, [raster])


class _Tally:
    """Counts the spikes that pass on their way into the file, and keeps them if they are to be drawn."""

    def __init__(self, source: _Source, tick: Callable[[float], None], *, keep: bool) -> None:
        self._source, self._tick, self._keep = source, tick, keep
        self._counts = dict.fromkeys(source.groups, 0)
        self.kept: list[Raster] = []

    def blocks(self) -> Iterator[Raster]:
        """Yield the stretches."""
        for block in self._source.blocks:
            self._count(block)
            if self._keep:
                self.kept.append(block)
            yield block
            self._tick(block.duration_ms)

    def _count(self, block: Raster) -> None:
        import numpy as np

        nodes, ids = np.sort(block.node_ids), self._source.groups.values()
        bounds = np.array([(some.start, some.stop) for some in ids], np.uint64).reshape(-1, 2)
        counts = np.searchsorted(nodes, bounds[:, 1]) - np.searchsorted(nodes, bounds[:, 0])
        for name, count in zip(self._counts, counts.tolist(), strict=True):
            self._counts[name] += count

    def lines(self) -> Iterator[str]:
        """Yield what there was, group by group."""
        seconds, sizes = self._source.duration_ms / 1000, {k: len(ids) for k, ids in self._source.groups.items()}
        for name, size in sizes.items():
            yield f"{name}: {_counted(size, self._counts[name], seconds)}"
        yield f"in all: {_counted(sum(sizes.values()), sum(self._counts.values()), seconds)}, {seconds:g} s"


def _counted(n_units: int, n_spikes: int, seconds: float) -> str:
    rate = n_spikes / seconds / n_units if n_units and seconds else 0.0
    return f"{n_units} unit{'' if n_units == 1 else 's'}, {n_spikes} spikes, {rate:.2f} Hz per unit"


def _drawn(blocks: list[Raster], plot: Path) -> Path:
    from .rasters.figure import save_raster_figure
    from .rasters.raster import join

    return save_raster_figure(join(blocks), plot)


@contextmanager
def _bar(shown: bool, duration_ms: float) -> Iterator[Callable[[float], None]]:
    """Give what is to be called with the ms that have been written, and show them if asked to."""
    if not shown:
        yield lambda ms: None
        return
    from tqdm import tqdm  # costs 20 ms, which only those who look at it should pay

    form = "{l_bar}{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}]"
    with tqdm(total=duration_ms / 1000, desc="raster", bar_format=form) as bar:
        yield lambda ms: bar.update(ms / 1000)  # type: ignore[func-returns-value]  # None is what is wanted
