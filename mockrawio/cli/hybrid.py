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
    "Exit codes: 0 success, 1 a problem with the data, or a unit was skipped without --allow-skips, 2 wrong usage."
)


_GENERATE = "hybrid generate params.py --phy-base 1 -o hybrid"
_VALIDATE = "hybrid validate hybrid sorted -o validation"
_UNDO = "hybrid undo hybrid -o before"


@click.group(
    "hybrid",
    cls=Group,
    short_help="Hybrid ground truth: add known events, validate sortings.",
    epilog=epilog(_GENERATE, _VALIDATE, _UNDO),
)
def hybrid_commands() -> None:
    """Add known events to a copy of a recording, and validate whether a sorter finds them."""


@hybrid_commands.command(
    "generate",
    short_help="Add events of sorted units to a copy.",
    epilog=epilog(f"{_GENERATE} --dry-run", _GENERATE, codes=_GENERATE_CODES),
)
@click.argument("params_file", metavar="PARAMS", type=FILE)
@click.option("-o", "--output", type=FOLDER, help="Folder for the results; overrides output_directory.")
@click.option("--compat", is_flag=True, default=None, help="Compute as hybridfactory did, including its errors.")
@click.option("--allow-skips", is_flag=True, default=None, help="Exit with 0 even if a unit could not be made.")
@phy_base_option
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would be made.")
@click.option("--rig", type=FOLDER, help="Copy the source's SpikeGLX or Open Ephys folder here, with the result in it.")
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
    """Generate hybrid data from PARAMS: a .toml file, or a params.py, which is never executed.

    Paths in PARAMS are relative to its folder. For each unit a line gives the result, or the reason
    for skipping it. hybrid validate looks for these events in a sorting.
    A run of the same session in the same folder is replaced; files that its manifest does not list never are.
    With --rig a SpikeGLX run or an Open Ephys record node is copied with the events in it.
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


@hybrid_commands.command("validate", short_help="Compare a sorting with the added events.", epilog=epilog(_VALIDATE))
@click.argument("hybrid_dir", type=FOLDER)
@click.argument("sorter_dir", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, help="Folder for tables (CSV) and figures; by default none.")
@sorting_options("SORTER_DIR", 1.0)
@click.option("--session", "session_name", metavar="NAME", help="Which run, if HYBRID_DIR contains several.")
@click.option("--source", "source_directory", type=FOLDER, help="Folder of the source's sorting, if it was moved.")
@click.option("--figures/--no-figures", default=True, help="Draw figures (matplotlib), the default.")
@json_option
def validate_command(
    hybrid_dir: Path, sorter_dir: Path, output: Path | None, figures: bool, as_json: bool, **how: Any
) -> None:
    """Compare the sorting in SORTER_DIR with the events that a run added, in HYBRID_DIR.

    For each true unit: the number of events found, the matched cluster, and its
    accuracy, recall and precision, as in SpikeInterface; then the confusion matrix, and
    the similarity of templates. Files of an earlier validation in the same folder are replaced.
    """
    from ..hybrid.text_tables import validation_lines
    from ..hybrid.validate import check_matplotlib, validate

    if output and figures:
        check_matplotlib()
    validation = validate(hybrid_dir, sorter_dir, **how)
    files = validation.save(output, figures=figures) if output else ()
    show(as_json, {**validation.as_dict(), "files": list(files)}, [*validation_lines(validation), *wrote(files)])


@hybrid_commands.command("undo", short_help="Remove the events of a run.", epilog=epilog(_UNDO))
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, help="Folder for the restored files; required for a session.")
@click.option("--session", "session_name", metavar="NAME", help="Which run, if FOLDER contains several.")
@overwrite_option
@json_option
@progress_option
def undo_command(folder: Path, as_json: bool, **how: Any) -> None:
    """Restore the source of a run from its result in FOLDER.

    FOLDER is the output folder of a run, whose recording files are restored, or a session written by a
    run, whose source session is. The source itself is not needed. The restored files must have the SHA-256 that
    the run recorded, otherwise nothing is written. No file in FOLDER is changed; without -o the restored files are
    written to it.
    """
    from ..hybrid import undo_hybrid

    made = undo_hybrid(folder, **how)
    files = [{"path": path, **record._asdict()} for path, record in zip(made.files, made.records, strict=True)]
    lines = [*wrote(made.files), f"removed {made.n_events} events; the files are those of the source"]
    show(as_json, {"folder": made.folder, "n_events": made.n_events, "files": files}, lines)
