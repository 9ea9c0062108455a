"""``mockrawio generate --sessions``: many sessions, as :mod:`mockrawio.cli` has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from .common import in_options, options, show, usage_error

if TYPE_CHECKING:
    from ..generate import SessionSpec

Make = Callable[..., "SessionSpec"]


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[range, ...] | None:
    """Return numbers and spans of them, such as 1-1000 or 1,5,7-9, in ascending order."""
    if value is None:
        return None
    spans = []
    for part in value.split(","):
        low, _, high = part.strip().partition("-")
        if not (low.isdecimal() and (high or low).isdecimal() and int(low) <= int(high or low)):
            raise click.BadParameter(f"{value!r} is not a list of numbers or ranges, such as 1-1000 or 1,5,7-9")
        spans.append(range(int(low), int(high or low) + 1))
    spans.sort(key=lambda span: span.start)
    if any(span.stop > after.start for span, after in pairwise(spans)):
        raise click.BadParameter(f"{value!r} has a number more than once")
    return tuple(spans)


corpus_options = options(
    click.option(
        "--sessions",
        metavar="NUMBERS",
        callback=_numbers,
        help="Generate many, such as 1-1000; seeds derive from --seed.",
    ),
    click.option(
        "--scheduler",
        "client",
        metavar="ADDRESS",
        help="Use the Dask cluster at HOST:PORT; 'local' starts one.",
    ),
    click.option(
        "--retries", type=click.IntRange(min=0), metavar="N", help="Further attempts after a disk error; by default 2."
    ),
)


class Corpus(NamedTuple):
    """The options of :func:`corpus_options`, as they were given."""

    sessions: tuple[range, ...] | None
    client: str | None
    retries: int | None


@dataclass(frozen=True)
class _Specs:
    """The specs of a corpus, made when they are asked for; of a length that a progress bar can show."""

    make: Make
    spans: tuple[range, ...]
    fields: dict[str, Any]

    def __len__(self) -> int:
        return sum(map(len, self.spans))

    def __iter__(self) -> Iterator[SessionSpec]:
        from ..interop.corpus import session_seed

        patient_id = self.make(**self.fields).patient_id
        for span in self.spans:
            for number in span:
                seed = session_seed(self.fields["seed"], patient_id, number)
                yield self.make(**{**self.fields, "session_nr": number, "seed": seed})


def take_corpus(fields: dict[str, Any]) -> Corpus | None:
    """Take the options of a corpus out of all that were given, by name; None if no corpus is asked for."""
    corpus = Corpus(*(fields.pop(name, None) for name in Corpus._fields))
    if corpus.sessions is None:
        for flag, value in (("scheduler", corpus.client), ("retries", corpus.retries)):
            if value is not None:
                raise click.UsageError(f"--{flag}: requires --sessions")
        return None
    source = click.get_current_context().get_parameter_source("session_nr")
    if source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--session-nr and --sessions: give only one of them")
    if "seed" not in fields:
        raise click.UsageError("--sessions: requires --seed, so that an interrupted run can be continued")
    return corpus


def generate_sessions(
    corpus: Corpus, make: Make, fields: dict[str, Any], root: Path | str, *, as_json: bool, **how: Any
) -> None:
    """Make the sessions of a corpus, tell what became of them, and leave with an exit code.

    `make` returns a spec of its fields; `how` is as :func:`~mockrawio.interop.corpus.generate_corpus` has it.
    """
    from ..interop.corpus import generate_corpus

    specs = _Specs(make, corpus.sessions or (), fields)
    try:
        next(iter(specs))
    except ValueError as error:
        raise usage_error(error) from error
    if corpus.retries is not None:
        how["retries"] = corpus.retries
    report = generate_corpus(specs, root, corpus.client, **how)
    show(as_json, report.as_dict(), [report.summary()])
    if not report.ok:
        click.echo("\n".join(map(in_options, report.table())), err=True)
        raise click.exceptions.Exit(1)
