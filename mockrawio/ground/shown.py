"""Text from outside, such as file names, made safe to show: in an error, a warning, a log, a page, a figure.

All that is shown passes :func:`visible`, so that no name can move a terminal's cursor, set its clipboard, add a line of
its own or turn the direction of the text round.

A message is a str, as a user of Python reads it. One that names a parameter is a :class:`Text`, which keeps the
parameter as data, so that the command can write its own option in its place.
"""

from __future__ import annotations

import re
import warnings


class Argument(str):
    """A parameter that a text names, as Python writes it: ``name``, ``name=value`` or ``of.name``.

    The value is what to give, "" for what the reader has to find; `of` is the class whose field it is.
    """

    name: str
    value: object
    of: str

    def __new__(cls, name: str, value: object = None, of: str = "") -> Argument:
        """Write it."""
        made = super().__new__(cls, visible(f"{of}{'.' if of else ''}{name}{'' if value is None else f'={value}'}"))
        made.name, made.value, made.of = name, value, of
        return made

    def __getnewargs__(self) -> tuple[str, object, str]:  # type: ignore[override]  # for pickling and copies
        return self.name, self.value, self.of


class Text(str):
    """Text in parts, of which some are arguments or clauses; the parts of another text are taken one by one."""

    parts: tuple[str, ...]

    def __new__(cls, *parts: object) -> Text:
        """Join the parts."""
        flat: list[str] = []
        for part in parts:
            if isinstance(part, Text) and not isinstance(part, Clause):
                flat += part.parts
            else:
                flat.append(part if isinstance(part, (Argument, Clause)) else str(part))
        made = super().__new__(cls, "".join(flat))
        made.parts = tuple(flat)
        return made

    def __getnewargs__(self) -> tuple[str, ...]:  # type: ignore[override]  # for pickling and copies
        return self.parts

    @property
    def arguments(self) -> list[Argument]:
        """Those that it names, its clauses' included."""
        found: list[Argument] = []
        for part in self.parts:
            found += [part] if isinstance(part, Argument) else part.arguments if isinstance(part, Text) else []
        return found


class Clause(Text):
    """A part of a text that is left out where its argument has no counterpart."""


class Lines(Text):
    """Text in lines of our own, in which text from outside has been made visible already."""


def visible(text: object) -> str:
    """Return text in which each character that is not printable is escaped, as ``repr`` has it; once is enough.

    Among them are control characters, line breaks, what turns the direction of text round, spaces but for the plain
    one, and the halves of pairs that stand for bytes which are no UTF-8.
    """
    if isinstance(text, (Argument, Lines)):
        return text
    if isinstance(text, Text):
        return type(text)(*map(visible, text.parts))
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def one_line(text: object) -> str:
    """Return visible text in which each stretch of blanks and line breaks is one space."""
    if isinstance(text, Argument):
        return text
    if isinstance(text, Text) and not isinstance(text, Lines):
        return type(text)(*map(one_line, text.parts))
    return visible(re.sub(r"\s+", " ", str(text)))


def letters(text: object) -> str:
    """Return visible text as matplotlib draws it letter by letter: a dollar does not begin a formula."""
    return visible(text).replace("$", r"\$")


def warn(text: str, stacklevel: int = 1) -> None:
    """Warn as ``warnings.warn`` does, in visible text."""
    warnings.warn(visible(text), stacklevel=stacklevel + 1)
