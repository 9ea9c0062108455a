"""What strangers wrote, such as names of files, made fit to be shown: in an error, a warning, a log, a page, a figure.

All that is shown passes :func:`visible`, so that no name can move a terminal's cursor, set its clipboard, add a line of
its own or turn the direction of the text round.
"""

from __future__ import annotations

import warnings

__all__ = ["Lines", "letters", "visible", "warn"]


class Lines(str):
    """Text in lines of our own, in which what strangers wrote has been made visible already."""


def visible(text: object) -> str:
    """Return text in which each character that is not printable is escaped, as ``repr`` has it; once is enough.

    Among them are control characters, line breaks, what turns the direction of text round, spaces but for the plain
    one, and the halves of pairs that stand for bytes which are no UTF-8.
    """
    if isinstance(text, Lines):
        return text
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def letters(text: object) -> str:
    """Return visible text as matplotlib draws it letter by letter: dollars are no marks of a formula."""
    return visible(text).replace("$", r"\$")


def warn(text: str, stacklevel: int = 1) -> None:
    """Warn as ``warnings.warn`` does, in visible text."""
    warnings.warn(visible(text), stacklevel=stacklevel + 1)
