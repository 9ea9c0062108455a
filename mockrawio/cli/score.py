"""``mockrawio score``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import (
    FILE,
    FOLDER,
    Command,
    check_figure,
    check_output,
    epilog,
    json_option,
    overwrite_option,
    show,
    wrote,
)
from .sorted import sorting_options

if TYPE_CHECKING:
    from ..scoring.score import Score

_SESSION = "/tmp/mock/patient_data/1/session_1"
_EXAMPLES = (f"score {_SESSION} sorted", f"score {_SESSION} sorted --figure score.png")


@click.command(
    "score", cls=Command, short_help="Compare a sorting with a session's ground truth.", epilog=epilog(*_EXAMPLES)
)
@click.argument("session", type=FOLDER)
@click.argument("sorting", type=FOLDER)
@sorting_options("SORTING", 0.4)
@click.option("--csv", "csv_file", type=FILE, help="Write a CSV table of the units.")
@click.option("--figure", "figure_file", type=FILE, help="Draw the score to a .png, .pdf or .svg file (matplotlib).")
@overwrite_option
@json_option
def score_command(
    session: Path,
    sorting: Path,
    csv_file: Path | None,
    figure_file: Path | None,
    overwrite: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Compare the sorting in SORTING with the ground truth of the session in SESSION.

    For each true unit: the number of spikes found, the matched cluster, and its accuracy, recall and
    precision, as in SpikeInterface; then the causes of missed spikes.
    """
    for path in filter(None, (csv_file, figure_file)):
        check_output(path, overwrite, session)
    if figure_file:
        check_figure(figure_file, "--figure")
    from ..interop.session_score import score
    from ..scoring.text import score_lines

    made = score(session, sorting, **how)
    files = _written(made, csv_file, figure_file)
    show(as_json, {**made.as_dict(), "files": files}, [*score_lines(made), *wrote(files)])


def _written(made: Score, csv_file: Path | None, figure_file: Path | None) -> list[Path]:
    """Write what was asked for, and return the files."""
    files = []
    if csv_file:
        from ..ground.writing import write_file
        from ..scoring.text import score_csv

        write_file(csv_file, [score_csv(made)])
        files.append(csv_file.absolute())
    if figure_file:
        from ..rasters.figure import save_figure
        from ..scoring.figure import plot_score

        files.append(save_figure(plot_score(made), figure_file))
    return files
