"""``mockrawio export`` and ``formats``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..ground.errors import MockSessionError
from .common import FOLDER, SESSION, Command, epilog, json_option, overwrite_option, progress_option, show, usage_error

_SESSION = "mock/patient_data/1/session_1"
_EXPORTS = (
    f"export {_SESSION} rig --to brainvision",
    f"export {_SESSION} rig --to edf --stream lfp",
)


@click.command("export", cls=Command, short_help="Export a session to another format.", epilog=epilog(*_EXPORTS))
@click.argument("folder", type=SESSION)
@click.argument("out", type=FOLDER)
@click.option(
    "--to", "format", metavar="FORMAT", required=True, help="One of the formats that mockrawio formats lists."
)
@click.option("--stream", "streams", multiple=True, metavar="ID", help="Stream to write; by default all; repeatable.")
@click.option("--option", "given", multiple=True, metavar="NAME=VALUE", help="An option of the format; repeatable.")
@click.option("--fault", metavar="NAME", help="Damage the files; formats --faults lists how.")
@overwrite_option
@json_option
@progress_option
def export_command(
    folder: Path | str,
    out: Path,
    format: str,
    streams: tuple[str, ...],
    given: tuple[str, ...],
    as_json: bool,
    **how: Any,
) -> None:
    """Export the session in FOLDER, virtual or not, to the folder OUT in another format.

    OUT is written completely or not at all. Samples keep their counts; data that the format cannot store are listed.
    """
    from ..exporting import export
    from ..exporting.options import parsed_options, requested_format

    try:
        requested_format(format, how["fault"], options := parsed_options(format, given))
    except MockSessionError as error:
        raise usage_error(error) from error
    made = export(folder, out, format, streams=streams or None, **how, **options)
    lines = [str(made.folder), *(f"left out: {line}" for line in made.left_out)]
    show(as_json, made.as_dict(), lines)


@click.command(
    "formats",
    cls=Command,
    short_help="List the formats that export writes.",
    epilog=epilog("formats", "formats --faults"),
)
@click.option("--faults", is_flag=True, help="List the faults that export can plant.")
@json_option
def formats_command(faults: bool, as_json: bool) -> None:
    """List the formats that export writes, with the data that each can store.

    With --faults: the faults that export can plant in each format, and what a reader should do.
    """
    from ..exporting.listing import faults_listing, formats_listing

    content, lines = faults_listing() if faults else formats_listing()
    show(as_json, content, lines)
