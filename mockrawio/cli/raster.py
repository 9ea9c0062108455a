"""``mockrawio raster``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..ground.errors import BadFileError, MockSessionError
from ..ground.progress import Tick, progress_bar
from .common import (
    FILE,
    FOLDER,
    Command,
    check_figure,
    check_output,
    epilog,
    json_option,
    overwrite_option,
    progress_option,
    show,
    wrote,
)

if TYPE_CHECKING:
    from ..formats.spikes.blocks import Order
    from ..rasters import Raster

__all__ = ["raster_command"]

_BAR = "{l_bar}{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}]"
_SORTING = click.Choice(["by_time", "by_id", "none"])
_EXAMPLES = (
    "raster --spec groups.toml -o spikes.h5 --plot spikes.png --seed 1",
    "raster --from /tmp/mock/patient_data/1/session_1 -o units.h5",
)


@click.command(
    "raster",
    cls=Command,
    short_help="Make spike rasters of functional groups, in SONATA files.",
    epilog=epilog(*_EXAMPLES),
)
@click.option("--spec", "spec_file", type=FILE, help="TOML file of groups with their rates and profiles.")
@click.option("--from", "session_folder", type=FOLDER, help="A session, in place of --spec: its units.")
@click.option("-o", "--output", type=FILE, required=True, help="The SONATA file to write.")
@click.option("--plot", type=FILE, help="Draw the raster too: .png, .pdf or .svg (matplotlib).")
@click.option(
    "--sorting",
    type=_SORTING,
    metavar="ORDER",
    default="by_time",
    show_default=True,
    help="Of the spikes: by_time, by_id or none.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="The same makes the same spikes; for the file's.")
@overwrite_option
@json_option
@progress_option
def raster_command(
    spec_file: Path | None,
    session_folder: Path | None,
    output: Path,
    plot: Path | None,
    sorting: Order,
    seed: int | None,
    overwrite: bool,
    as_json: bool,
    progress: bool,
) -> None:
    """Make the spikes of functional groups, or take those of a session, and write them as SONATA.

    One line for each group says how many units and spikes it has; the files that were written
    follow.
    """
    if (spec_file is None) == (session_folder is None):
        raise click.UsageError("--spec and --from: give one of the two")
    if session_folder is not None and seed is not None:
        raise click.UsageError("--seed: goes with --spec; the spikes of a session are what they are")
    _check_targets(output, plot, overwrite)
    from ..rasters import write_sonata

    source = _of_spec(spec_file, seed) if spec_file else _of_session(session_folder)
    with progress_bar(progress, "raster", source.duration_ms / 1000, "s", bar_format=_BAR) as tick:
        tally = _Tally(source, tick, keep=plot is not None)
        write_sonata(output, tally.blocks(), sorting=sorting, overwrite=overwrite)
    files = [output.absolute()] + ([_drawn(tally.kept, plot)] if plot else [])
    show(as_json, {**tally.as_dict(), "files": files}, [*tally.lines(), *wrote(files)])


def _check_targets(output: Path, plot: Path | None, overwrite: bool) -> None:
    """Find out before the work whether its results can be written."""
    for path in filter(None, (output, plot)):
        check_output(path, overwrite)
    if plot is None:
        return
    if plot.absolute() == output.absolute():
        raise click.UsageError("--plot: must be another file than --output")
    check_figure(plot, "--plot")


class _Source(NamedTuple):
    """Spikes to be written: the ids of each group, how long it is in all, and stretches of it."""

    groups: Mapping[str, range]
    duration_ms: float
    blocks: Iterable[Raster]


def _of_spec(spec_file: Path, seed: int | None) -> _Source:
    from ..rasters import RasterSpec, iter_raster

    try:
        spec = RasterSpec.from_toml(spec_file)
    except BadFileError:
        raise
    except MockSessionError as error:
        raise error.within(spec_file) from None
    spec = spec if seed is None else replace(spec, seed=seed)
    return _Source(spec.ids, spec.duration_s * 1000, iter_raster(spec))


def _of_session(folder: Path | None) -> _Source:
    from ..rasters.bridges import session_raster

    assert folder is not None
    raster = session_raster(folder)
    return _Source(raster.groups, raster.duration_ms, [raster])


class _Tally:
    """Counts the spikes that pass on their way into the file, and keeps them if they are to be drawn."""

    def __init__(self, source: _Source, tick: Tick, *, keep: bool) -> None:
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
            self._tick(block.duration_ms / 1000)

    def _count(self, block: Raster) -> None:
        import numpy as np

        nodes, ids = np.sort(block.node_ids), self._source.groups.values()
        bounds = np.array([(some.start, some.stop) for some in ids], np.uint64).reshape(-1, 2)
        counts = np.searchsorted(nodes, bounds[:, 1]) - np.searchsorted(nodes, bounds[:, 0])
        for name, count in zip(self._counts, counts.tolist(), strict=True):
            self._counts[name] += count

    def as_dict(self) -> dict[str, Any]:
        """Return what there was, as JSON has it."""
        groups = {name: self._counted(len(ids), self._counts[name]) for name, ids in self._source.groups.items()}
        total = self._counted(sum(map(len, self._source.groups.values())), sum(self._counts.values()))
        return {"duration_s": self._source.duration_ms / 1000, "groups": groups, "total": total}

    def _counted(self, n_units: int, n_spikes: int) -> dict[str, float]:
        unit_seconds = n_units * self._source.duration_ms / 1000
        return {"n_units": n_units, "n_spikes": n_spikes, "rate_hz": n_spikes / unit_seconds if unit_seconds else 0.0}

    def lines(self) -> Iterator[str]:
        """Yield what there was, group by group."""
        found = self.as_dict()
        for name, counts in found["groups"].items():
            yield f"{name}: {_line(**counts)}"
        yield f"in all: {_line(**found['total'])}, {found['duration_s']:g} s"


def _line(n_units: int, n_spikes: int, rate_hz: float) -> str:
    return f"{n_units} unit{'' if n_units == 1 else 's'}, {n_spikes} spikes, {rate_hz:.2f} Hz per unit"


def _drawn(blocks: list[Raster], plot: Path) -> Path:
    from ..rasters.figure import save_raster_figure
    from ..rasters.raster import join

    return save_raster_figure(join(blocks), plot)
