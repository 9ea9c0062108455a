"""``mockrawio info`` and ``mockrawio verify``: what a session holds, or each below a root, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ..ground.errors import MockSessionError
from ..ground.places import folder_at, given_place
from ..session.layout import sessions_at
from .common import (
    SESSION,
    Command,
    epilog,
    in_one_line,
    in_options,
    json_option,
    progress_option,
    reading_options,
    show,
)

_EXAMPLE = "/tmp/mock/patient_data/1/session_1"
Found = TypeVar("Found")


@click.command(
    "info",
    cls=Command,
    short_help="Print the contents of a session.",
    epilog=epilog(f"info {_EXAMPLE}", f"info {_EXAMPLE} --json", "info /tmp/mock"),
)
@click.argument("folder", type=SESSION)
@click.option("--labels", "labels_dir", type=SESSION, help="Folder of the movie annotations.")
@reading_options
@json_option
@click.pass_context
def info_command(
    ctx: click.Context, /, folder: Path | str, labels_dir: Path | str | None, as_json: bool, **how: Any
) -> None:
    """Print the contents of the session in FOLDER, or one line for each session below it."""
    from ..describe import describe_session, description_lines, summary_line

    places = sessions_at(folder)
    if [str(place) for place in places] == [given_place(folder)]:
        session = describe_session(folder, labels_dir, **how)
        show(as_json, session, description_lines(session))
        return
    found, failed = _each(places, lambda place: describe_session(place, labels_dir, **how))
    lines = [*map(summary_line, found), f"sessions: {len(places)}"]
    show(as_json, {"folder": str(folder_at(folder)), "sessions": found}, lines)
    ctx.exit(1 if failed else 0)


@click.command(
    "verify",
    cls=Command,
    short_help="Verify a session's files and read all of it.",
    epilog=epilog(f"verify {_EXAMPLE}", "verify /tmp/mock"),
)
@click.argument("folder", type=SESSION)
@reading_options
@json_option
@progress_option
@click.pass_context
def verify_command(ctx: click.Context, /, folder: Path | str, as_json: bool, progress: bool, **how: Any) -> None:
    """Verify the session in FOLDER, or each session below it: compare every file with the manifest, and read it.

    Without a manifest the files are only read. Missing, extra, changed (different size), corrupt
    (same size, different bytes) and unreadable files are listed separately; if there are any, or if
    anything cannot be read, the exit code is 1.
    """
    from ..verify import verify_session

    places = sessions_at(folder)
    if [str(place) for place in places] == [given_place(folder)]:
        one = verify_session(folder, progress, **how)
        show(as_json, one.as_dict(), map(in_options, one.lines()))
        ctx.exit(0 if one.ok else 1)
    found, failed = _each(places, lambda place: verify_session(place, progress, **how))
    good = sum(one.ok for one in found)
    lines = [in_options(line) for one in found for line in one.lines()]
    content = {
        "ok": good == len(places),
        "folder": str(folder_at(folder)),
        "sessions": [one.as_dict() for one in found],
    }
    show(as_json, content, [*lines, f"sessions: {len(places)}, of which {good} ok"])
    ctx.exit(0 if good == len(places) and not failed else 1)


def _each(places: Sequence[Path | str], look: Callable[[Path | str], Found]) -> tuple[list[Found], int]:
    """Look at one session after another; one that cannot be read is an error on stderr, and the rest goes on."""
    found, failed = [], 0
    for place in places:
        try:
            found.append(look(place))
        except MockSessionError as error:
            failed += 1
            click.echo(f"Error: {in_one_line(error)}", err=True)
    return found, failed
