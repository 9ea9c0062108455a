"""Files of spikes, one format a module, in bounded memory: blocks of plain arrays in, blocks out.

A further format is a further module here, whose last line is ``register(SpikeFormat(...))``: a session can
take its spikes from such a file from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from .blocks import SpikeBlock
from .registry import CHOOSE, SpikeFormat, formats

__all__ = ["SpikeBlock", "SpikeFormat", "formats", "read_spikes"]


def read_spikes(
    path: str | PathLike[str], population: str | None = None, choose: str = CHOOSE, *, own: bool = False
) -> Iterator[SpikeBlock]:
    """Read a file of spikes of any format, which its name tells; see :class:`~.registry.Reader`."""
    entry = next(entry for entry in formats().values() if entry.recognises(Path(path)))
    return entry.read(path, population, choose, own=own)
