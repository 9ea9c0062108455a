"""``mockrawio hybrid``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

__all__ = ["hybrid_commands"]

_PATH = click.Path(path_type=Path)
_SCORE = click.FloatRange(0, 1, min_open=True)
_KIND = click.Choice(["phy", "kilosort", "jrc"])
_EXIT_CODES = "Exit codes: 0 all is well, 1 a problem with the data, 2 wrong usage."
_GENERATE_CODES = (
    "Exit codes: 0 all units that were asked for were made (or may be missing, --allow-skips), 1 a problem with "
    "the data, or a unit was skipped, 2 wrong usage."
)


@click.group("hybrid", short_help="Hybrid ground truth: add known events, see if they are found.", epilog=_EXIT_CODES)
def hybrid_commands() -> None:
    """Add known events to a copy of a recording, and see whether a sorter finds them.

    Example: mockrawio hybrid generate params.toml
    """


@hybrid_commands.command("generate", short_help="Add events of a sorter's units to a copy.", epilog=_GENERATE_CODES)
@click.argument("params_file", metavar="PARAMS", type=_PATH)
@click.option("-o", "--output", type=_PATH, help="Folder for the results, in place of the file's output_directory.")
@click.option("--compat", is_flag=True, help="Compute as the original program did, its faults included.")
@click.option("--allow-skips", is_flag=True, help="Exit with 0 although a unit could not be made.")
@click.option("--phy-base", type=click.IntRange(0, 1), help="What phy's files call the first sample; else inferred.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be made.")
@click.option("--progress/--no-progress", default=None, help="Show a bar; by default on a terminal.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Threads to use.")
@click.pass_context
def generate_command(
    ctx: click.Context,
    params_file: Path,
    output: Path | None,
    compat: bool,
    allow_skips: bool,
    phy_base: int | None,
    dry_run: bool,
    progress: bool | None,
    workers: int,
) -> None:
    """Make hybrid data as PARAMS says: a .toml file, or a params.py, which is read and never run.

    Paths in PARAMS are relative to its own folder. Each unit that was asked for has a line that says
    what was made of it or why nothing. The events are those that hybrid validate looks for.

    Example: mockrawio hybrid generate params.py --phy-base 1 -o hybrid
    """
    from .hybrid.generate import generate_hybrid
    from .hybrid.params import HybridParams
    from .hybrid.report import generation_lines

    params = HybridParams.load(params_file)
    params = replace(
        params,
        output_directory=output or params.output_directory,
        compat=compat or params.compat,
        allow_skips=allow_skips or params.allow_skips,
        phy_base=params.phy_base if phy_base is None else phy_base,
    )
    shown = sys.stderr.isatty() if progress is None else progress
    result = generate_hybrid(params, progress=shown, dry_run=dry_run, n_workers=workers)
    click.echo("\n".join(generation_lines(result, dry_run=dry_run)))
    ctx.exit(0 if result.ok else 1)


@hybrid_commands.command("validate", short_help="Compare a sorter's output with what was added.", epilog=_EXIT_CODES)
@click.argument("hybrid_dir", type=_PATH)
@click.argument("sorter_dir", type=_PATH)
@click.option("-o", "--output", type=_PATH, help="Folder for tables (CSV) and figures; without it none are written.")
@click.option("--window-ms", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Before and after.")
@click.option("--match-score", type=_SCORE, default=0.5, show_default=True, help="Least accuracy of a unit's cluster.")
@click.option("--type", "output_type", type=_KIND, help="Of SORTER_DIR; else inferred.")
@click.option("--phy-base", type=click.IntRange(0, 1), help="What phy's files call the first sample; else inferred.")
@click.option("--offset", type=int, default=0, show_default=True, help="Samples to add to the sorter's times.")
@click.option("--session", "session_name", help="Which run, if HYBRID_DIR holds several.")
@click.option("--source", "source_directory", type=_PATH, help="The source's sorting, if it is elsewhere now.")
@click.option("--figures/--no-figures", default=True, help="Draw figures too (matplotlib); by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate_command(
    hybrid_dir: Path,
    sorter_dir: Path,
    output: Path | None,
    window_ms: float,
    match_score: float,
    output_type: str | None,
    phy_base: int | None,
    offset: int,
    session_name: str | None,
    source_directory: Path | None,
    figures: bool,
    as_json: bool,
) -> None:
    """Compare what a sorter found, in SORTER_DIR, with the events that a run added, in HYBRID_DIR.

    For each true unit: how many of its events were found, by which cluster, and the cluster's
    accuracy, recall and precision, as SpikeInterface counts them; then which clusters the events
    are in, and how like the templates are.

    Example: mockrawio hybrid validate hybrid sorted -o validation
    """
    from .hybrid.report import validation_lines
    from .hybrid.validate import check_matplotlib, validate

    if output and figures:
        check_matplotlib()
    validation = validate(
        hybrid_dir,
        sorter_dir,
        output_type=output_type,
        phy_base=phy_base,
        window_ms=window_ms,
        match_score=match_score,
        offset=offset,
        session_name=session_name,
        source_directory=source_directory,
    )
    files = validation.save(output, figures=figures) if output else ()
    if as_json:
        click.echo(json.dumps({**validation.as_dict(), "files": [str(path) for path in files]}, indent=2))
    else:
        click.echo("\n".join([*validation_lines(validation), *(f"wrote {path}" for path in files)]))
