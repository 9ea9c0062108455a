"""The outcome of a corpus: counts, and a table of failures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..ground.durable import clean_up
from ..ground.folder import Folder
from ..ground.remote.folder import RemoteFolder
from ..ground.remote.writing import put
from ..ground.shown import Text, one_line, visible, warn
from ..ground.writing import write_file

__all__ = ["FAILURES", "CorpusReport", "Failure", "write_failures"]

FAILURES = "corpus_failures.csv"
MOST_LINES = 20  # of failures that are printed; the file has all


class Failure(NamedTuple):
    """A session that could not be generated.

    Attributes
    ----------
    patient_id, session_nr : int
    attempts : int
        How often it was tried.
    error : str
        The kind of error and its message, of the last attempt.
    """

    patient_id: int
    session_nr: int
    attempts: int
    error: str


@dataclass(frozen=True)
class CorpusReport:
    """The result of :func:`generate_corpus`.

    Attributes
    ----------
    root : Path or str
        A folder, or an address.
    made : int
        Sessions made by this run.
    found : int
        Sessions that were there already.
    n_bytes : int
        Size of the sessions made.
    failed : tuple of Failure
        The rest, by patient and session.
    """

    root: Path | str
    made: int
    found: int
    n_bytes: int
    failed: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Whether every session is there."""
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        """Return the report as a dict that JSON takes."""
        failed = [failure._asdict() for failure in self.failed]
        return {
            "root": str(self.root),
            "made": self.made,
            "found": self.found,
            "n_bytes": self.n_bytes,
            "failed": failed,
        }

    def summary(self) -> str:
        """Return the counts in one line."""
        size = f"{self.n_bytes / 1e6:.1f} MB"
        return f"{visible(self.root)}: {self.made} made ({size}), {self.found} there already, {len(self.failed)} failed"

    def table(self) -> list[str]:
        """Return a heading and one line per failure; nothing if nothing failed."""
        if self.ok:
            return []
        lines = ["patient  session  attempts  error"]
        for failure in self.failed[:MOST_LINES]:
            counts = f"{failure.patient_id:>7}  {failure.session_nr:>7}  {failure.attempts:>8}"
            lines.append(Text(counts, "  ", one_line(failure.error)))
        more = len(self.failed) - MOST_LINES
        listed = self.root / FAILURES if isinstance(self.root, Path) else f"{self.root}/{FAILURES}"
        lines += [f"... and {more} more"] if more > 0 else []
        there = not isinstance(listed, Path) or listed.exists()
        return [*lines, *([f"all of them: {visible(listed)}"] if there else [])]

    def __str__(self) -> str:
        return "\n".join([self.summary(), *self.table()])


def write_failures(root: Folder, failed: Iterable[Failure]) -> None:
    """Write ``corpus_failures.csv``, one row per failure; if there are none, remove the file.

    If that cannot be, a warning says so: a disk that fails is no reason to lose what is known of the rest.
    """
    path, rows = root.path / FAILURES, list(failed)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([Failure._fields, *rows])
    try:
        if isinstance(root, RemoteFolder):
            put(root, FAILURES, text.getvalue().encode() if rows else None)
        elif rows:
            write_file(path, [text.getvalue().encode()])
        else:
            clean_up(path)
            path.unlink(missing_ok=True)
    except OSError as error:
        warn(f"{root.prefix}{FAILURES}: could not be written: {error}", stacklevel=2)
