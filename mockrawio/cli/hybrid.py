"""``mockrawio hybrid``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from .common import (
    FILE,
    FOLDER,
    Group,
    epilog,
    json_option,
    overwrite_option,
    progress_option,
    show,
    workers_option,
    wrote,
)
from .sorted import phy_base_option, sorting_options

if TYPE_CHECKING:
    from ..hybrid import HybridParams, HybridResult

_GENERATE_CODES = (
    "Exit codes: 0 all units that were asked for were made (or may be missing, --allow-skips), 1 a problem with "
    "the data, or a unit was skipped, 2 wrong usage."
)


_GENERATE = "hybrid generate params.py --phy-base 1 -o hybrid"
_VALIDATE = "hybrid validate hybrid sorted -o validation"
_UNDO = "hybrid undo hybrid -o before"


@click.group(
    "hybrid",
    cls=Group,
    short_help="Hybrid ground truth: add known events, see if they are found.",
    epilog=epilog(_GENERATE, _VALIDATE, _UNDO),
)
def hybrid_commands() -> None:
    """Add known events to a copy of a recording, and see whether a sorter finds them."""


@hybrid_commands.command(
    "generate",
    short_help="Add events of a sorter's units to a copy.",
    epilog=epilog(f"{_GENERATE} --dry-run", _GENERATE, codes=_GENERATE_CODES),
)
@click.argument("params_file", metavar="PARAMS", type=FILE)
@click.option("-o", "--output", type=FOLDER, help="Folder for the results, in place of the file's output_directory.")
@click.option("--compat", is_flag=True, default=None, help="Compute as the original program did, its faults included.")
@click.option("--allow-skips", is_flag=True, default=None, help="Exit with 0 although a unit could not be made.")
@phy_base_option
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be made.")
@click.option("--rig", type=FOLDER, help="Write there the rig's folder too, with the result in the source's place.")
@workers_option
@json_option
@progress_option
@click.pass_context
def hybrid_generate_command(
    ctx: click.Context,
    /,
    params_file: Path,
    output: Path | None,
    dry_run: bool,
    rig: Path | None,
    workers: int,
    as_json: bool,
    progress: bool,
    **fields: Any,
) -> None:
    """Make hybrid data as PARAMS says: a .toml file, or a params.py, which is read and never run.

    Paths in PARAMS are relative to its own folder. Each unit that was asked for has a line that says
    what was made of it or why nothing. The events are those that hybrid validate looks for.
    A run of the same session in the same folder is replaced; files that its manifest does not list never are.
    With --rig a SpikeGLX run or an Open Ephys record node is written again, all its files, with the events in it.
    """
    from ..ground.durable import refuse_taken
    from ..hybrid import HybridParams, generate_hybrid, hybrid_in_rig
    from ..hybrid.text_tables import generation_lines

    # A flag that is not given is None, and leaves what the file says.
    given = {name: value for name, value in {"output_directory": output, **fields}.items() if value is not None}
    params = replace(HybridParams.load(params_file), **given)
    if rig is not None and not dry_run:
        refuse_taken(rig)  # before the work is done
    result = generate_hybrid(params, progress=progress, dry_run=dry_run, n_workers=workers)
    placed = hybrid_in_rig(result, rig, progress=progress) if rig and not dry_run else None
    lines = [*generation_lines(result, dry_run=dry_run), *wrote([placed] if placed else [])]
    show(as_json, {**_made(result), **({"rig": placed} if placed else {})}, lines)
    ctx.exit(0 if result.ok else 1)


def _made(result: HybridResult) -> dict[str, Any]:
    """Return what a run made, as JSON has it."""
    return {
        "folder": result.folder,
        "random_seed": result.params.random_seed,
        "phy_base": cast("HybridParams", result.params).phy_base,
        "ok": result.ok,
        "units": [unit.as_dict() for unit in result.units],
        "n_events": result.n_events,
        "n_clipped": result.n_clipped,
        "files": list(result.files),
    }


@hybrid_commands.command(
    "validate", short_help="Compare a sorter's output with what was added.", epilog=epilog(_VALIDATE)
)
@click.argument("hybrid_dir", type=FOLDER)
@click.argument("sorter_dir", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, help="Folder for tables (CSV) and figures; without it none are written.")
@sorting_options("SORTER_DIR", 1.0)
@click.option("--session", "session_name", metavar="NAME", help="Which run, if HYBRID_DIR holds several.")
@click.option("--source", "source_directory", type=FOLDER, help="The source's sorting, if it is elsewhere now.")
@click.option("--figures/--no-figures", default=True, help="Draw figures too (matplotlib); by default.")
@json_option
def validate_command(
    hybrid_dir: Path, sorter_dir: Path, output: Path | None, figures: bool, as_json: bool, **how: Any
) -> None:
    """Compare what a sorter found, in SORTER_DIR, with the events that a run added, in HYBRID_DIR.

    For each true unit: how many of its events were found, by which cluster, and the cluster's
    accuracy, recall and precision, as SpikeInterface counts them; then which clusters the events
    are in, and how like the templates are. Files of an earlier validation in the same folder are replaced.
    """
    from ..hybrid.text_tables import validation_lines
    from ..hybrid.validate import check_matplotlib, validate

    if output and figures:
        check_matplotlib()
    validation = validate(hybrid_dir, sorter_dir, **how)
    files = validation.save(output, figures=figures) if output else ()
    show(as_json, {**validation.as_dict(), "files": list(files)}, [*validation_lines(validation), *wrote(files)])


@hybrid_commands.command("undo", short_help="Take the events of a run out again, exactly.", epilog=epilog(_UNDO))
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, help="Folder for what was there before; of a session it must be given.")
@click.option("--session", "session_name", metavar="NAME", help="Which run, if FOLDER holds several.")
@overwrite_option
@json_option
@progress_option
def undo_command(folder: Path, as_json: bool, **how: Any) -> None:
    """Make again what a run was made of, out of what it made, in FOLDER.

    FOLDER is the output folder of a run, of which the recording's files are written again, or a session that a
    run made, of which the source is. The source need not be there any more. What comes out has the SHA-256 that
    the run has noted of its source; nothing is written otherwise. FOLDER is only read; files go there too, unless
    -o says where.
    """
    from ..hybrid import undo_hybrid

    made = undo_hybrid(folder, **how)
    files = [{"path": path, **record._asdict()} for path, record in zip(made.files, made.records, strict=True)]
    lines = [*wrote(made.files), f"took {made.n_events} events out; the bytes are those of the source"]
    show(as_json, {"folder": made.folder, "n_events": made.n_events, "files": files}, lines)
