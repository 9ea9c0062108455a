"""What the commands have in common: how they fail, the options that mean the same everywhere, how results are shown."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..ground.durable import clean_up
from ..ground.errors import MockSessionError, unreadable
from ..ground.extras import by_extra
from ..ground.shown import visible
from ..session.own import refuse_own

__all__ = [
    "FILE",
    "FOLDER",
    "Commands",
    "check_figure",
    "check_output",
    "epilog",
    "exclude_option",
    "follow_symlinks_option",
    "gap_tolerance_option",
    "given_folder",
    "in_options",
    "json_option",
    "one_line",
    "overwrite_option",
    "progress_option",
    "show",
    "usage_error",
    "workers_option",
    "wrote",
]

EXIT_CODES = "Exit codes: 0 all is well, 1 a problem with the data, 2 wrong usage."

# What messages call things that the command calls otherwise.
_IN_OPTIONS = {
    "overwrite=True": "--overwrite",
    "follow_symlinks=True": "--follow-symlinks",
    "exclude=": "--exclude ",
    "gap_tolerance_ms=": "--gap-tolerance-ms ",
    "labels_dir=": "--labels",
    "give phy_base": "give --phy-base",
    "Give phy_base=0": "Give --phy-base 0",
    ", or read with raw_dtype='source'": "",
    "with session_name": "with --session",
    "Take SessionSpec.broadband(...)": "Add --broadband",
    ", and refractory_ms=0 expects them": "",
    "t_start, t_stop:": "--start, --stop:",
    "t_start:": "--start:",
    "t_stop:": "--stop:",
    "client: expected a distributed.Client, a scheduler's address, 'local' or None":
        "--scheduler: expected a scheduler's address or 'local'",
}  # fmt: skip


class Commands(click.Group):
    """Turns what a command raises into one line on stderr and an exit code."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse; ``--help`` is printed here."""
        _print_any_text()
        with _told():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _told(), _one_line_warnings():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _drop_output()
        raise click.exceptions.Exit(141) from None
    except click.ClickException as error:
        error.message = visible(error.message)  # type: ignore[misc]  # final, for who does not know of strangers
        raise
    except (MockSessionError, OSError, ImportError, MemoryError) as error:
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        raise click.ClickException(in_options(one_line(_message(error)))) from error
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(130) from None


def _message(error: Exception) -> object:
    if isinstance(error, MemoryError):
        return f"memory: expected enough of it; found {str(error) or 'none left'}. Ask for less, or for fewer workers."
    if isinstance(error, MockSessionError) or not isinstance(error, OSError):
        return error
    if error.filename is not None:
        return unreadable(error.filename, error)
    return f"output: expected to go on; found {error.strerror or error}. Look after the disk, or write elsewhere."


def _drop_output() -> None:
    """Let what is still to be flushed go nowhere: Python would complain of it at its end."""
    with suppress(OSError):  # of a stdout that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_any_text() -> None:
    """Let text that a terminal's encoding lacks, such as a strange path, come out escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Log(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _show_warning(record.getMessage())


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show warnings, and what is logged as one, in a line each."""
    logger, handler = logging.getLogger("mockrawio"), _Log(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # restored on leaving
            yield
    finally:
        logger.removeHandler(handler)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Warning: {in_options(one_line(message))}", err=True)


def one_line(message: object) -> str:
    """Return a message without its line breaks, and visible."""
    return visible(" ".join(str(message).split()))


def in_options(text: str) -> str:
    """Return a message with the names of options in place of Python's."""
    for name, option in _IN_OPTIONS.items():
        text = text.replace(name, option)
    return text


def usage_error(error: ValueError) -> click.UsageError:
    """Return the error for fields of a spec that are wrong, by the names of the options that they come from."""
    text = in_options(one_line(error))
    for param in click.get_current_context().command.params:
        text = text.replace(f"SessionSpec.{param.name}:", f"{param.opts[-1]}:")
    return click.UsageError(text)


class _Place(click.Path):
    """A path, which a shell completes with folders, or with files; a variable that is not set gives none."""

    def __init__(self, kind: str) -> None:
        super().__init__(path_type=Path)
        self.name = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the Path."""
        if not os.fspath(value):
            self.fail("expected a path; found no characters. Is a variable not set?", param, ctx)
        return super().convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Leave it to the shell."""
        return [CompletionItem(incomplete, type="dir" if self.name == "folder" else "file")]


FOLDER, FILE = _Place("folder"), _Place("file")


def given_folder(ctx: click.Context) -> Path | None:
    """Return the FOLDER of a command line that is being completed, whose last option has no value yet."""
    folder = ctx.params.get("folder") or next(iter(ctx.args), None)
    return None if folder is None else Path(folder)


def _on_terminal(ctx: click.Context, param: click.Parameter, value: bool | None) -> bool:
    """Return True if a bar is shown; a stderr that is closed shows none."""
    return sys.stderr is not None and (sys.stderr.isatty() if value is None else value)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what is there already.")
follow_symlinks_option = click.option(
    "--follow-symlinks", is_flag=True, help="Follow links that lead out of the session."
)
exclude_option = click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out files of the session, such as 'lfp_data/CSC7_*'; may be given several times.",
)
gap_tolerance_option = click.option(
    "--gap-tolerance-ms", type=click.FloatRange(min=0), metavar="MS", help="Bridge gaps in which no more is missing."
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="Threads to use."
)
progress_option = click.option(
    "--progress/--no-progress", default=None, callback=_on_terminal, help="Show a bar; by default on a terminal."
)


def epilog(*examples: str, codes: str = EXIT_CODES) -> str:
    """Return the end of a command's help.

    Parameters
    ----------
    *examples : str
        Command lines, without ``mockrawio``.
    codes : str
        What its exit codes mean.
    """
    lines = "".join(f"  mockrawio {example}\n" for example in examples)
    return f"\b\nExample{'s' * (len(examples) > 1)}:\n{lines}\n{codes}"


def show(as_json: bool, content: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Print a result on stdout: as JSON, paths as strings, or as lines.

    Parameters
    ----------
    as_json : bool
    content : mapping
    lines : iterable of str
    """
    click.echo(json.dumps(content, indent=2, default=os.fspath) if as_json else "\n".join(map(visible, lines)))


def wrote(files: Iterable[Path]) -> list[str]:
    """Return a line for each file that was written."""
    return [f"wrote {path}" for path in files]


def check_output(output: Path, overwrite: bool, session: Path | None = None) -> None:
    """Find out before the work whether its result can be written there.

    Parameters
    ----------
    output : Path
        The file.
    overwrite : bool
    session : Path, optional
        A session, below which nothing but what belongs to it may lie.

    Raises
    ------
    MockSessionError
        If it can not.
    """
    if output.is_dir():
        raise MockSessionError(output, "a file", "a folder", "Name a file in it.")
    if output.exists() and not overwrite:
        clean_up(output.absolute())  # whoever is refused writes nothing there that would do it
        raise MockSessionError(output, "nothing there", "a file", "Add --overwrite to replace it.")
    refuse_own(output, session)


def check_figure(path: Path, option: str) -> None:
    """Find out before the work whether a figure can be drawn into a file of that name.

    Parameters
    ----------
    path : Path
    option : str
        What asks for the figure.

    Raises
    ------
    MockSessionError
        If matplotlib is not installed, or writes no such files.
    """
    with by_extra(option, "plot"):
        from ..rasters.figure import figure_target
    figure_target(path)
