"""The report's page: sections of blocks, which are data, become HTML only in Jinja's templates.

Every value that a template writes is made visible, cut where it is long, and escaped.
The page holds all it shows. Its Content-Security-Policy forbids anything from elsewhere, and runs the
page's own two scripts alone, which it knows by their SHA-256; so even text that slipped through could not run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..ground.shown import visible

MOST_TEXT = 2000  # characters of one value; a manifest may list thousands of numbers


class Block(NamedTuple):
    """A piece of a section."""

    kind: str  # the macro of pieces.html that writes it
    content: Any  # what that is given


class Section(NamedTuple):
    """A part of the page: what its heading and its link say, and what is in it."""

    id: str
    title: str
    blocks: list[Block]


class Figure(NamedTuple):
    """A figure for plotly."""

    id: str  # of the element that it is drawn in
    label: str  # what it shows, as text in place of the figure
    caption: str
    data: list[dict[str, Any]]  # plotly's traces; meta["ink"] is the number of a trace's colour
    layout: dict[str, Any]  # plotly's, colours left out


class TableCell(NamedTuple):
    """A table's cell: what it says, and what it is sorted by."""

    text: str
    value: float


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Block:
    """Return a table whose first cell of each row is its heading; a column of numbers is set to the right."""
    cells = [[str(first), *map(_cell, others)] for first, *others in rows]
    numeric = [k > 0 and all(isinstance(row[k], TableCell) for row in cells) for k in range(len(heads))]
    return Block("table", {"caption": caption, "heads": heads, "numeric": numeric, "rows": cells})


def _cell(value: object) -> TableCell | str:
    if isinstance(value, (int, float)):
        return TableCell(f"{value:,}", value)
    return value if isinstance(value, TableCell) else str(value)


def plot_text(content: object, most: int = 40) -> str:
    """Return text for plotly, which takes some tags and entities in it to be marks: here they are text."""
    text = str(content)
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return html.escape(visible(text), quote=False).replace("$", "&#36;")


def finite(values: npt.ArrayLike, digits: int = 6) -> list[float | None]:
    """Return numbers as JSON has them, with a limited number of digits; None for what is not finite."""
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

    `values` are ``title``, ``verdict``, ``verdict_class``, ``verdict_more`` and ``footer``, as text; `figures`
    what the page's script draws, of values that JSON can hold.
    """
    script = _packaged("page.js")
    scripts = {"figures": _json(figures), "plotly": library.script, "script": script}
    policy, style = _policy(library.script, script), _packaged("page.css")
    template = _templates().get_template("page.html")
    return str(template.render(values, **scripts, policy=policy, sections=sections, style=style))


def _templates() -> Any:
    """Return Jinja's environment, in which every value that is written is text but for what is marked safe."""
    with by_extra("the report", "report"):
        import jinja2
    loader, strict = jinja2.FunctionLoader(_packaged), jinja2.StrictUndefined
    how: Any = {"finalize": _text, "autoescape": True, "undefined": strict, "trim_blocks": True, "lstrip_blocks": True}
    return jinja2.Environment(loader=loader, **how)


def _text(value: Any) -> Any:
    """Return a value as visible text, at most so long, escaped; HTML of a template's own as it is."""
    if hasattr(value, "__html__"):
        return value
    text = str(value)
    if len(text) > MOST_TEXT:
        text = f"{text[:MOST_TEXT]}… ({len(text):,} characters in all)"
    from markupsafe import Markup

    return Markup(html.escape(visible(text)))


def _policy(*scripts: str) -> str:
    """Return a policy that lets the page's own scripts run, and nothing be fetched.

    Inline styles are allowed since plotly makes its own; with nothing to load from they can do no harm.
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
    """Return plotly, as its Python package has it; refuse a script that cannot stand in a page."""
    _templates()  # what they lack is reported before the long work too
    with by_extra("the report", "report"):
        from plotly import __version__
        from plotly.offline import get_plotlyjs
    return Plotly(_checked(str(get_plotlyjs())), str(__version__))


@lru_cache(maxsize=1)  # of 5 MB, which takes longer than a small page
def _checked(script: str) -> str:
    """Return a script with the line ends of a page, if it can stand in one."""
    if "</script" in script.lower() or "<!--" in script:
        found, remedy = "one with marks of HTML in it", "Install another version."
        raise MockSessionError("plotly", "a script that can stand in a page", found, remedy)
    return script.replace("\r\n", "\n").replace("\r", "\n")
