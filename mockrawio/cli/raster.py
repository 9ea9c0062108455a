"""``mockrawio raster``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING

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

_Spikes = tuple["Mapping[str, range]", float, "Iterable[Raster]"]  # ids of each group, length in all, stretches of it
_BAR = "{l_bar}{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}]"
_SORTING = click.Choice(["by_time", "by_id", "none"])
_EXAMPLES = (
    "raster --spec groups.toml -o spikes.h5 --plot spikes.png --seed 1",
    "raster --from /tmp/mock/patient_data/1/session_1 -o units.h5",
)


@click.command(
    "raster",
    cls=Command,
    short_help="Write spike rasters of functional groups as SONATA.",
    epilog=epilog(*_EXAMPLES),
)
@click.option("--spec", "spec_file", type=FILE, help="TOML file of groups with their rates and profiles.")
@click.option("--from", "session_folder", type=FOLDER, help="Take the units of a session instead of --spec.")
@click.option("-o", "--output", type=FILE, required=True, help="SONATA file to write.")
@click.option("--plot", type=FILE, help="Draw the raster to a .png, .pdf or .svg file (matplotlib).")
@click.option(
    "--sorting",
    type=_SORTING,
    metavar="ORDER",
    default="by_time",
    show_default=True,
    help="Order of the spikes: by_time, by_id or none.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Override the seed of the spec.")
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
    """Generate the spikes of functional groups, or take those of a session, and write them as SONATA.

    Prints the number of units and spikes of each group, then the files.
    """
    if (spec_file is None) == (session_folder is None):
        raise click.UsageError("--spec and --from: give only one of them")
    if session_folder is not None and seed is not None:
        raise click.UsageError("--seed: requires --spec; the spikes of a session are fixed")
    _check_targets(output, plot, overwrite)
    from ..rasters import write_sonata
    from ..rasters.tally import Tally

    groups, duration_ms, stretches = _of_spec(spec_file, seed) if spec_file else _of_session(session_folder)
    tally = Tally(groups, duration_ms)
    stretches, kept = tee(stretches) if plot else (stretches, ())
    with progress_bar(progress, "raster", duration_ms / 1000, "s", bar_format=_BAR) as tick:
        blocks = _ticking(tally.counted(stretches), tick)
        write_sonata(output, blocks, sorting=sorting, overwrite=overwrite)
    files = [output.absolute()] + ([_drawn(kept, plot)] if plot else [])
    show(as_json, {**tally.as_dict(), "files": files}, [*tally.lines(), *wrote(files)])


def _check_targets(output: Path, plot: Path | None, overwrite: bool) -> None:
    """Check, before the work, that its results can be written."""
    check_output(output, overwrite)
    if plot is not None:
        check_output(plot, overwrite)
        if plot.absolute() == output.absolute():
            raise click.UsageError("--plot: must differ from --output")
        check_figure(plot, "--plot")


def _of_spec(spec_file: Path, seed: int | None) -> _Spikes:
    from ..rasters import RasterSpec, iter_raster

    try:
        spec = RasterSpec.from_toml(spec_file)
    except BadFileError:
        raise
    except MockSessionError as error:
        raise error.within(spec_file) from None
    spec = spec if seed is None else replace(spec, seed=seed)
    return spec.ids, spec.duration_s * 1000, iter_raster(spec)


def _of_session(folder: Path | None) -> _Spikes:
    from ..rasters.bridges import session_raster

    assert folder is not None
    raster = session_raster(folder)
    return raster.groups, raster.duration_ms, [raster]


def _ticking(stretches: Iterable[Raster], tick: Tick) -> Iterator[Raster]:
    for stretch in stretches:
        yield stretch
        tick(stretch.duration_ms / 1000)


def _drawn(stretches: Iterable[Raster], plot: Path) -> Path:
    from ..rasters.figure import save_raster_figure
    from ..rasters.raster import join

    return save_raster_figure(join(stretches), plot)
