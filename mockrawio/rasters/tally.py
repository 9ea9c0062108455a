"""How many spikes each group of a raster has, counted as they pass on their way into a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .raster import Raster


class Tally:
    """Counts of spikes, by group, of all the stretches together."""

    def __init__(self, groups: Mapping[str, range], duration_ms: float) -> None:
        self.groups, self.duration_s = groups, duration_ms / 1000
        self.counts = dict.fromkeys(groups, 0)

    def counted(self, stretches: Iterable[Raster]) -> Iterator[Raster]:
        """Yield the stretches, each counted."""
        bounds = np.array([(ids.start, ids.stop) for ids in self.groups.values()], np.uint64).reshape(-1, 2)
        for stretch in stretches:
            first, stop = np.searchsorted(np.sort(stretch.node_ids), bounds).T
            for name, count in zip(self.counts, (stop - first).tolist(), strict=True):
                self.counts[name] += count
            yield stretch

    def as_dict(self) -> dict[str, Any]:
        """Return what there was, as JSON has it."""
        groups = {name: self._rated(len(ids), self.counts[name]) for name, ids in self.groups.items()}
        total = self._rated(sum(map(len, self.groups.values())), sum(self.counts.values()))
        return {"duration_s": self.duration_s, "groups": groups, "total": total}

    def _rated(self, n_units: int, n_spikes: int) -> dict[str, float]:
        unit_seconds = n_units * self.duration_s
        return {"n_units": n_units, "n_spikes": n_spikes, "rate_hz": n_spikes / unit_seconds if unit_seconds else 0.0}

    def lines(self) -> Iterator[str]:
        """Yield what there was, group by group."""
        found = self.as_dict()
        for name, counts in found["groups"].items():
            yield f"{name}: {_line(**counts)}"
        yield f"in all: {_line(**found['total'])}, {found['duration_s']:g} s"


def _line(n_units: int, n_spikes: int, rate_hz: float) -> str:
    return f"{n_units} unit{'' if n_units == 1 else 's'}, {n_spikes} spikes, {rate_hz:.2f} Hz per unit"
