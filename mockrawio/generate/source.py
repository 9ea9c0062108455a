"""A SONATA spike file, or bmtk's csv, as the source of a session's spikes.

Every node that has a spike becomes a unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..formats.spikes import any_format, read_spikes
from ..ground.arrays import Floats, Ints
from ..ground.errors import BadFileError
from ..ground.writing import file_record

_STAMP_MS = 2.0**-11  # more than what float64 rounds a stamp of today by
_ROUNDING_MS = 1e-6  # by which a sum of float64 intervals may be off
_ONE = "Write the one you mean to a file of its own."


@dataclass(frozen=True, eq=False)
class SpikeSource:
    """The spikes of a SONATA file, those that a session has room for, node after node."""

    sha256: str  # of the file
    times_ms: Floats  # (n,), from the start of the recording; ascending within a node
    node_ids: npt.NDArray[np.uint64]  # (n_nodes,), ascending; those of all nodes with a spike in the file
    ends: Ints  # (n_nodes + 1,): node k has ``times_ms[ends[k]:ends[k + 1]]``
    n_dropped: int = 0  # how many spikes of the file the session has no room for

    def __len__(self) -> int:
        return len(self.node_ids)

    def train(self, index: int) -> Floats:
        """Return the spike times of a node, by its place among all nodes."""
        return self.times_ms[self.ends[index] : self.ends[index + 1]]

    def within(self, starts_ms: Floats, lengths_ms: Floats, margin_ms: float) -> SpikeSource:
        """Return the spikes that a session has room for.

        `starts_ms` and `lengths_ms`, float64 (n_segments,), are of its segments, from the start of the recording on; a
        spike that comes less than `margin_ms` before the end of one is not in it.
        """
        segments = np.searchsorted(starts_ms, self.times_ms, side="right") - 1
        late = self.times_ms - starts_ms[segments]
        fits = (segments >= 0) & (late < lengths_ms[segments] - max(margin_ms, _STAMP_MS))
        kept = np.concatenate([[0], np.cumsum(fits)])[self.ends]
        return replace(self, times_ms=self.times_ms[fits], ends=kept, n_dropped=int(np.count_nonzero(~fits)))

    def too_close(self, refractory_ms: float) -> int:
        """Return how many spikes come less than the refractory period after the one before of their node."""
        close = np.diff(self.times_ms) < refractory_ms - _ROUNDING_MS
        borders = self.ends[1:-1] - 1
        close[borders[(borders >= 0) & (borders < len(close))]] = False
        return int(np.count_nonzero(close))


def open_source(path: str | PathLike[str], sha256: str | None = None) -> SpikeSource:
    """Read a SONATA spike file, or a ``.csv`` of bmtk.

    BadFileError if it is no such file with one population of finite times, or has another SHA-256 than is given;
    MockSessionError if h5py is not installed.
    """
    try:
        found = file_record(Path(path)).sha256
    except OSError as error:
        remedy = f"Give the path of a {any_format()} file; a session made from one needs it to be made again."
        raise BadFileError(path, "a file of spikes", error.strerror or str(error), remedy) from None
    if sha256 is not None and sha256 != found:
        remedy = "Restore the file that the session was made from, or leave spikes_sha256 out."
        raise BadFileError(path, f"SHA-256 {sha256}", found, remedy)
    blocks = list(read_spikes(path, choose=_ONE, own=True))
    times, nodes = (np.concatenate([block[part] for block in blocks]) for part in (0, 1))
    order = np.lexsort((times, nodes))
    node_ids, counts = np.unique(nodes, return_counts=True)
    return SpikeSource(found, times[order], node_ids, np.concatenate([[0], np.cumsum(counts)]))
