"""Tables of the documentation's pages, which the commands that measure them write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def list_table(rows: Iterable[Sequence[str]], widths: Sequence[int] = (), title: str = "") -> str:
    """Return rows, the first of them the heading, as reStructuredText."""
    lines = [f".. list-table:: {title}".rstrip(), "   :header-rows: 1"]
    if widths:
        lines.append(f"   :widths: {' '.join(map(str, widths))}")
    lines.append("")
    for row in rows:
        lines += [f"   {'*' if k == 0 else ' '} - {cell}".rstrip() for k, cell in enumerate(row)]
    return "\n".join(lines) + "\n"
