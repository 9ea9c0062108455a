"""What the commands have in common: how they fail, the options that mean the same everywhere, how results are shown."""

from __future__ import annotations

import _thread
import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..ground.durable import clean_up
from ..ground.errors import BadFileError, MockSessionError, told, unreadable
from ..ground.extras import by_extra
from ..ground.remote.address import is_address, local_path
from ..ground.shown import Argument, Clause, Text, one_line, visible
from ..session.own import refuse_own

Decorator = Callable[[Any], Any]
EXIT_CODES = "Exit codes: 0 success, 1 a problem with the data, 2 wrong usage."


class Command(click.Command):
    """A command whose errors name its own options."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MockSessionError as error:
            if _is_of_an_option(error):
                raise click.UsageError(in_one_line(error), ctx) from error
            raise click.ClickException(in_one_line(error)) from error


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class Commands(Group):
    """Turns what a command raises into one line on stderr and an exit code."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse; ``--help`` is printed here."""
        _print_any_text()
        with _told():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _told(), _one_line_warnings(), _every_interrupt():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _drop_output()
        raise click.exceptions.Exit(141) from None
    except click.exceptions.NoArgsIsHelpError:  # its message is the help
        raise
    except click.ClickException as error:
        error.message = visible(error.message)  # type: ignore[misc]  # final, for who does not know of strangers
        raise
    except (MockSessionError, OSError, ImportError, MemoryError) as error:
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        raise click.ClickException(in_one_line(_explained(error))) from error
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(130) from None


def _explained(error: Exception) -> Exception | str:
    if isinstance(error, MemoryError):
        return f"memory: expected enough; found {str(error) or 'none left'}. Request less, or use fewer workers."
    if not isinstance(error, OSError):
        return error
    if error.filename is not None:
        return unreadable(error.filename, error)
    return f"output: expected to be written; found {error.strerror or error}. Check the disk, or write elsewhere."


def _drop_output() -> None:
    """Discard what is still to be flushed: Python would otherwise report an error when it ends."""
    with suppress(OSError):  # of a stdout that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_any_text() -> None:
    """Escape text that a terminal's encoding lacks, such as an unusual path."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _every_interrupt() -> Iterator[None]:
    """Interrupt once more where an interrupt came as Python drops a thread, say, which ignores all exceptions."""
    before = sys.unraisablehook

    def again(ignored: sys.UnraisableHookArgs) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            threading.Timer(0.01, _thread.interrupt_main).start()  # when nothing is ignored any more
        else:
            before(ignored)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


class _Log(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _show_warning(record.msg if isinstance(record.msg, Text) else record.getMessage())


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show each warning, and each one that is logged, on one line."""
    logger, handler = logging.getLogger("mockrawio"), _Log(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # restored on leaving
            yield
    finally:
        logger.removeHandler(handler)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Warning: {in_one_line(message)}", err=True)


def in_one_line(said: object, of: str = "") -> str:
    """Return what an error, a warning or a text says in one line, as :func:`in_options` has it."""
    return in_options(one_line(told(said)), of).strip()


def in_options(text: str, of: str = "") -> str:
    """Return a text with the running command's options in place of the arguments, or fields `of` a class, it names."""
    if isinstance(text, Argument):
        return _option(text, of) or text
    if isinstance(text, Clause) and not all(_option(argument, of) for argument in text.arguments):
        return ""
    return "".join(in_options(part, of) for part in text.parts) if isinstance(text, Text) else text


def _is_of_an_option(error: MockSessionError) -> bool:
    """Return True if what is at fault is the value of an option, not a file."""
    if isinstance(error, BadFileError):
        return False
    subject = error.args[0]
    arguments = subject.arguments if isinstance(subject, Text) else [subject] if isinstance(subject, Argument) else []
    return error.subject.startswith("--") or any(map(_option, arguments))


def _option(argument: Argument, of: str = "") -> str:
    """Return the option that stands for an argument, with the value to give; nothing if the command has none."""
    for param in click.get_current_context().command.params:
        if isinstance(param, click.Option) and param.name == argument.name and argument.of in ("", of):
            value = "" if argument.value is None or param.is_flag else f" {argument.value}"
            return f"{param.opts[-1]}{value}".rstrip()
    return ""


def usage_error(error: ValueError) -> click.ClickException:
    """Return the error for fields of a spec that are wrong, by the options or the file that they come from."""
    if isinstance(error, BadFileError):
        return click.ClickException(in_one_line(error))
    return click.UsageError(in_one_line(error, "SessionSpec"))


class _Place(click.Path):
    """A path, which a shell completes with folders, or with files; a variable that is not set gives none."""

    def __init__(self, kind: str, elsewhere: bool = False) -> None:
        super().__init__(path_type=Path)
        self.name, self._elsewhere = kind, elsewhere

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the Path, or an address as it is where there may be one."""
        if not os.fspath(value):
            self.fail("expected a path; found an empty text. Is a variable unset?", param, ctx)
        if is_address(os.fspath(value)):
            if not self._elsewhere:
                self.fail("expected a local path; found an address", param, ctx)
            return value
        value = local_path(os.fspath(value)) or value
        return super().convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Leave it to the shell."""
        return [CompletionItem(incomplete, type="dir" if self.name == "folder" else "file")]


FOLDER, FILE = _Place("folder"), _Place("file")
SESSION = _Place("folder", elsewhere=True)  # which may be an address


def given_folder(ctx: click.Context) -> Path | None:
    """Return the FOLDER of a command line that is being completed, whose last option has no value yet."""
    folder = ctx.params.get("folder") or next(iter(ctx.args), None)
    return None if folder is None else Path(folder)


def _on_terminal(ctx: click.Context, param: click.Parameter, value: bool | None) -> bool:
    """Return True if a bar is shown; a stderr that is closed shows none."""
    return sys.stderr is not None and (sys.stderr.isatty() if value is None else value)


def options(*each: Decorator) -> Decorator:
    """Return what adds options to a command, in their order."""

    def add(command: Any) -> Any:
        for option in reversed(each):
            command = option(command)
        return command

    return add


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace existing files.")
# How a session is read; its files may be left out and its gaps bridged where it is taken as it is, too.
part_options = options(
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Ignore files of the session, such as 'lfp_data/CSC7_*'; repeatable.",
    ),
    click.option(
        "--gap-tolerance-ms",
        type=click.FloatRange(min=0),
        metavar="MS",
        help="Bridge gaps of at most this length.",
    ),
)
reading_options = options(
    click.option("--follow-symlinks", is_flag=True, help="Follow links that lead out of the session."), part_options
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="Number of threads."
)
progress_option = click.option(
    "--progress/--no-progress",
    default=None,
    callback=_on_terminal,
    help="Show a progress bar; by default on a terminal.",
)


def epilog(*examples: str, codes: str = EXIT_CODES) -> str:
    """Return the end of a command's help: examples, each without ``mockrawio``, and what its exit codes mean."""
    lines = "".join(f"  mockrawio {example}\n" for example in examples)
    return f"\b\nExample{'s' * (len(examples) > 1)}:\n{lines}\n{codes}"


def show(as_json: bool, content: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Print a result on stdout: as JSON, paths as strings, or as lines."""
    click.echo(json.dumps(content, indent=2, default=os.fspath) if as_json else "\n".join(map(visible, lines)))


def wrote(files: Iterable[Path]) -> list[str]:
    """Return a line for each file that was written."""
    return [f"wrote {path}" for path in files]


def check_output(output: Path, overwrite: bool, session: Path | str | None = None) -> None:
    """Refuse before the work a file that cannot be written, or lies below a session and does not belong to it."""
    if output.is_dir():
        raise MockSessionError(output, "a file", "a folder", "Name a file in it.")
    if output.exists() and not overwrite:
        clean_up(output.absolute())  # a writer that is refused writes nothing there, so nothing else would clean up
        raise MockSessionError(output, "nothing there", "a file", "Add --overwrite to replace it.")
    refuse_own(output, session)


def check_figure(path: Path, option: str) -> None:
    """Refuse before the work a figure that an option asks for, if matplotlib is lacking or writes no such files."""
    with by_extra(option, "plot"):
        from ..rasters.figure import figure_target
    try:
        figure_target(path)
    except MockSessionError as error:
        raise click.UsageError(in_one_line(error)) from error
