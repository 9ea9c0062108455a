"""The ``mockrawio`` command: options in, text and exit codes out, no logic of its own.

It is built with click, for commands of commands whose every option is checked and explained
in one place, and which tests can call without starting a process.

Exit codes: 0 all is well; 1 a problem with the data (or the disk); 2 wrong usage; 130
interrupted; 141 the reader of our output went away.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from . import __version__
from .cli_hybrid import hybrid_commands
from .cli_raster import raster_command
from .session.errors import MockSessionError

if TYPE_CHECKING:
    from .generate import SessionSpec

_EXIT_CODES = "Exit codes: 0 all is well, 1 a problem with the data, 2 wrong usage."
_FOLDER = click.Path(path_type=Path)


class _Commands(click.Group):
    """Turns what a command raises into one line on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        _print_any_text()
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # restored on leaving
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                _leave_quietly()
            except (MockSessionError, OSError) as error:
                raise click.ClickException(_one_line(error).replace("overwrite=True", "--overwrite")) from error
            except KeyboardInterrupt:
                click.echo("Interrupted.", err=True)
                raise click.exceptions.Exit(130) from None


def _print_any_text() -> None:
    """Let text that a terminal's encoding lacks, such as a strange path, come out escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Warning: {_one_line(message)}", err=True)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


def _leave_quietly() -> NoReturn:
    """Leave without a word: what is still to be flushed goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise click.exceptions.Exit(141)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
@click.version_option(__version__, package_name="mockrawio")
def main() -> None:
    """Read, make and check mock electrophysiology sessions.

    Begin with: mockrawio demo
    """


@main.command("demo", short_help="Make a small session, read it, and show it.", epilog=_EXIT_CODES)
@click.argument("root", type=_FOLDER, required=False)
@click.option("--overwrite", is_flag=True, help="Replace the session that a demo left in ROOT.")
def demo_command(root: Path | None, overwrite: bool) -> None:
    """Make a small session, read it through Neo's low-level layer, and show it.

    The session is made in a temporary folder that is removed afterwards; with ROOT it is
    made there and kept.

    Example: mockrawio demo /tmp/mock
    """
    from .demo import demo

    with nullcontext(root) if root else tempfile.TemporaryDirectory(prefix="mockrawio-") as place:
        folder = demo(place, click.echo, overwrite)
    click.echo("")
    click.echo(f"Kept in {folder}" if root else "Removed it again; give a ROOT to keep it: mockrawio demo ROOT")


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not seconds with commas between, such as 6,4") from None


def _low_high(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not two numbers with a comma between, such as 5,15") from None


@main.command("generate", short_help="Make a session.", epilog=_EXIT_CODES)
@click.argument("root", type=_FOLDER)
@click.option("--patient-id", type=int, default=1, show_default=True, help="Patient's number.")
@click.option("--session-nr", type=int, default=1, show_default=True, help="Session's number.")
@click.option("--epiphyte", is_flag=True, help="Draw the sizes as Epiphyte's own generator does.")
@click.option("--broadband", is_flag=True, help="With a 32 kHz stream that the spikes stand in; by default a minute.")
@click.option("--duration", "duration_s", type=float, help="Seconds to record; by default 95 to 105 minutes.")
@click.option("--segments", callback=_seconds, help="Seconds of each segment, as in 6,4; in place of --duration.")
@click.option("--channels", "n_channels", type=int, help="Number of channel names.")
@click.option("--units", "n_units", type=int, help="Number of units.")
@click.option("--lfp-channels", "n_lfp_channels", type=int, help="Number of channels with an LFP.")
@click.option("--snr", callback=_low_high, help="Peaks over the SD of the noise, lowest and highest, as in 5,15.")
@click.option("--noise", "noise_uV", type=float, help="SD of the stream's noise in µV.")
@click.option("--spikes", type=click.Path(), help="SONATA file to take the spikes from, a unit for each node.")
@click.option("--encoding", type=click.Choice(["int16", "float64"]), help="How samples are stored.")
@click.option("--seed", type=int, help="The same seed makes the same bytes; drawn and recorded if not given.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Threads to use.")
@click.option("--overwrite", is_flag=True, help="Replace the session if it is there already.")
@click.option("--annotations", is_flag=True, help="Make movie annotations in ROOT/movie_annotations too.")
@click.option("--progress/--no-progress", default=None, help="Show a bar; by default on a terminal.")
def generate_command(
    root: Path,
    epiphyte: bool,
    broadband: bool,
    workers: int,
    overwrite: bool,
    annotations: bool,
    progress: bool | None,
    **fields: Any,
) -> None:
    """Make a session below ROOT and print its folder.

    The session's folder is ROOT/patient_data/{patient-id}/session_{session-nr}. It appears
    there whole, or not at all.

    Example: mockrawio generate /tmp/mock --segments 6,4 --channels 16 --units 5 --seed 0

    Example: mockrawio generate /tmp/mock --broadband --duration 60 --snr 8,20 --seed 0
    """
    from .generate import SessionSpec, generate_session

    given = {name: value for name, value in fields.items() if value is not None}
    if epiphyte and broadband:
        raise click.UsageError("--epiphyte and --broadband: give one of the two")
    make = SessionSpec.epiphyte if epiphyte else SessionSpec.broadband if broadband else SessionSpec
    try:
        spec = make(**given).seeded()
    except ValueError as error:
        raise click.UsageError(_one_line(error)) from error
    shown = _on_terminal(progress)
    click.echo(str(generate_session(spec, root, n_workers=workers, overwrite=overwrite, progress=shown)))
    if annotations:
        _generate_annotations(spec, root, overwrite)


def _generate_annotations(spec: SessionSpec, root: Path, overwrite: bool) -> None:
    """Annotate the movie of a session, from the session's seed."""
    from .generate import generate_annotations
    from .generate.plan import plan_session
    from .session.layout import LABELS

    plan = plan_session(spec)
    minutes = (plan.stim_off_ms - plan.stim_on_ms) / 60_000
    generate_annotations(root / LABELS, stimulus_len=minutes, seed=plan.seed, overwrite=overwrite)


def _on_terminal(progress: bool | None) -> bool:
    return sys.stderr.isatty() if progress is None else progress


@main.command("info", short_help="Show what a session holds.", epilog=_EXIT_CODES)
@click.argument("folder", type=_FOLDER)
@click.option("--labels", type=_FOLDER, help="Folder of the session's movie annotations.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info_command(folder: Path, labels: Path | None, as_json: bool) -> None:
    """Show what the session in FOLDER holds.

    Example: mockrawio info /tmp/mock/patient_data/1/session_1 --json
    """
    from .describe import describe_session, description_lines

    session = describe_session(folder, labels)
    click.echo(json.dumps(session, indent=2) if as_json else "\n".join(description_lines(session)))


@main.command("verify", short_help="Check a session's files and read all of it.", epilog=_EXIT_CODES)
@click.argument("folder", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--progress/--no-progress", default=None, help="Show a bar; by default on a terminal.")
@click.pass_context
def verify_command(ctx: click.Context, folder: Path, as_json: bool, progress: bool | None) -> None:
    """Check the session in FOLDER: every file against its manifest, and all of it by reading it.

    Without a manifest only the second is done. Missing, extra and changed files are told
    apart; any of them, or anything that cannot be read, makes the exit code 1.

    Example: mockrawio verify /tmp/mock/patient_data/1/session_1
    """
    from .verify import verify_session

    found = verify_session(folder, _on_terminal(progress))
    click.echo(json.dumps(found.as_dict(), indent=2) if as_json else "\n".join(found.lines()))
    ctx.exit(0 if found.ok else 1)


main.add_command(hybrid_commands)
main.add_command(raster_command)
