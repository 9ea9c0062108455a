"""The pieces of the report's page: every text from a session becomes HTML here, and nowhere else.

The page holds all it shows. Its Content-Security-Policy forbids whatever comes from elsewhere, and runs the
page's own two scripts alone, which it knows by their SHA-256; so even text that slipped through could not run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..ground.shown import visible

__all__ = [
    "Cell",
    "Figure",
    "Plotly",
    "Section",
    "base64_floats",
    "element",
    "figure",
    "finite",
    "note",
    "page",
    "pairs",
    "plot_text",
    "plotly",
    "table",
]

_LONG = 30  # characters of a cell, which should then not be narrow
MOST_TEXT = 2000  # characters of one value; a manifest may list thousands of numbers


class Section(NamedTuple):
    """A part of the page: what its heading and its link say, and its HTML."""

    id: str
    title: str
    html: str


class Figure(NamedTuple):
    """A figure for plotly.

    Attributes
    ----------
    id : str
        Of the element that it is drawn in.
    label : str
        What it shows, for those who do not see it.
    caption : str
    data : list of dict
        plotly's traces; ``meta["ink"]`` is the number of a trace's colour.
    layout : dict
        plotly's layout, colours left out.
    """

    id: str
    label: str
    caption: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]


def element(name: str, content: object, **attributes: object) -> str:
    """Return an element with text in it, escaped; ``class_`` is the attribute class, ``_`` in a name a ``-``."""
    return f"<{name}{_attributes(attributes)}>{_text(content)}</{name}>"


def _attributes(attributes: Mapping[str, object]) -> str:
    return "".join(f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"' for key, value in attributes.items())


def _text(content: object) -> str:
    """Return visible text as HTML, at most so long."""
    text = str(content)
    if len(text) > MOST_TEXT:
        text = f"{text[:MOST_TEXT]}… ({len(text):,} characters in all)"
    return html.escape(visible(text))


def note(text: object) -> str:
    """Return a paragraph that says why there is nothing to see, or how something was read."""
    return element("p", text, class_="note")


def pairs(values: Mapping[str, object], kind: str = "pairs") -> str:
    """Return a description list; `kind` "facts" sets it in boxes."""
    rows = [f"{element('dt', key)}{element('dd', value)}" for key, value in values.items()]
    if kind == "facts":
        rows = [f"<div>{row}</div>" for row in rows]
    return f'<dl class="{kind}">{"".join(rows)}</dl>'


class Cell(NamedTuple):
    """A table's cell: what it says, and what it is sorted by."""

    text: str
    value: float


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], classes: str = "sortable") -> str:
    """Return a table whose first cell of each row is its heading, in a box of its own that scrolls."""
    body = [list(row) for row in rows]
    numeric = [k > 0 and all(isinstance(row[k], (Cell, int, float)) for row in body) for k in range(len(heads))]
    top = "".join(
        element("th", head, scope="col", **({"class_": "number"} if right else {}))
        for head, right in zip(heads, numeric, strict=True)
    )
    lines = "".join(f"<tr>{''.join(_cell(k, value) for k, value in enumerate(row))}</tr>\n" for row in body)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{_text(caption)}"><table class="{classes}">'
        f"{element('caption', caption)}<thead><tr>{top}</tr></thead><tbody>\n{lines}</tbody></table></div>"
    )


def _cell(column: int, value: object) -> str:
    if column == 0:
        return element("th", value, scope="row")
    if isinstance(value, Cell):
        return element("td", value.text, class_="number", data_value=value.value)
    if isinstance(value, (int, float)):
        return element("td", f"{value:,}", class_="number", data_value=value)
    wide = {"class_": "names"} if len(str(value)) > _LONG else {}
    return element("td", value, **wide)


def figure(one: Figure, tools: str = "") -> str:
    """Return the element that a figure is drawn in, which the keyboard reaches."""
    label = f"{one.label} Arrow keys move, plus and minus zoom, Home shows all."
    height = int(one.layout.get("height", 360))
    return (
        f'<figure>{tools}<div class="plot" id="{one.id}" style="height:{height}px" tabindex="0" role="group" '
        f'aria-label="{_text(label)}"></div>{element("figcaption", one.caption, id=f"{one.id}-caption")}</figure>'
    )


def plot_text(content: object, most: int = 40) -> str:
    """Return text for plotly, which takes some tags and entities in it to be marks: here they are text."""
    text = str(content)
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return visible(text).translate(_MARKS)


_MARKS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"})


def finite(values: npt.ArrayLike, digits: int = 6) -> list[float | None]:
    """Return numbers as JSON has them, with so many digits; None for what is not finite."""
    array = np.asarray(values, np.float64).ravel()
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in array.tolist()]


def base64_floats(values: npt.ArrayLike) -> str:
    """Return numbers as base64 of little-endian float32, C order."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")


class Plotly(NamedTuple):
    """The library that draws: its script, and its version."""

    script: str
    version: str


def page(values: Mapping[str, str], sections: Sequence[Section], figures: Mapping[str, Any], library: Plotly) -> str:
    """Put a page together.

    Parameters
    ----------
    values : mapping
        ``title``, ``verdict``, ``verdict_class``, ``verdict_more`` and ``footer``, as text.
    sections : sequence of Section
    figures : mapping
        What the page's script draws, of values that JSON can hold.
    library : Plotly
    """
    script, style = _packaged("page.js"), _packaged("page.css")
    filled = {
        **{name: _text(text) for name, text in values.items()},
        "heading": _text(values["title"]),
        "links": "".join(f'<li><a href="#{one.id}">{_text(one.title)}</a></li>' for one in sections),
        "sections": "\n".join(_section(one) for one in sections),
        "policy": _policy(library.script, script),
        "figures": _json(figures),
        "plotly": library.script,
        "script": script,
        "style": style,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: filled[match[1]], _packaged("page.html"))


def _section(one: Section) -> str:
    heading = f'<h2 id="{one.id}-title">{_text(one.title)}</h2>'
    return f'<section id="{one.id}" aria-labelledby="{one.id}-title">\n{heading}\n{one.html}\n</section>'


def _policy(*scripts: str) -> str:
    """Return a policy that lets the page's own scripts run, and nothing be fetched.

    Styles are let in as plotly makes its own as it goes; without a source to load from they can do no harm.
    """
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _json(content: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a script element: nothing in it ends one or begins a comment."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _packaged(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8").replace("\r\n", "\n")


def plotly() -> Plotly:
    """Return plotly, as its Python package has it.

    Raises
    ------
    MockSessionError
        If it is not installed.
    """
    with by_extra("the report", "report"):
        from plotly import __version__
        from plotly.offline import get_plotlyjs
    script = str(get_plotlyjs()).replace("\r\n", "\n").replace("\r", "\n")
    if "</script" in script.lower() or "<!--" in script:
        raise MockSessionError(
            "plotly", "a script that can stand in a page", "one with marks of HTML in it", "Install another version."
        )
    return Plotly(script, str(__version__))
