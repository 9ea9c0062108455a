"""Layers that not all contacts have."""

from __future__ import annotations

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.once import once
from .layers import Counts, NoiseLayer


class Silenced(NoiseLayer):
    """A layer of noise that some contacts do not have; the others have it as it is."""

    def __init__(self, layer: NoiseLayer, contacts: tuple[int, ...]) -> None:
        self.name, self.most = layer.name, layer.most
        self._layer, self._contacts = layer, list(contacts)

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        own = np.zeros_like(out)
        self._layer.add(own, seg_index, i_start)
        own[:, self._contacts] = 0
        out += own

    @once
    def sd_uV(self) -> Floats:  # type: ignore[override]  # found when asked for
        """That of the layer, 0 on these contacts."""
        return self._without(self._layer.sd_uV)

    @once
    def band_uV(self) -> Floats:  # type: ignore[override]  # found when asked for
        """That of the layer, 0 on these contacts."""
        return self._without(self._layer.band_uV)

    def _without(self, level: Floats) -> Floats:
        level = level.copy()
        level[self._contacts] = 0
        return level


class Confined(NoiseLayer):
    """A layer of noise that only some contacts have; it is made for them alone."""

    def __init__(self, layer: NoiseLayer, contacts: Ints, n_contacts: int) -> None:
        self.name, self.most = layer.name, layer.most
        self._layer, self._contacts = layer, contacts
        self.sd_uV, self.band_uV = np.zeros(n_contacts), np.zeros(n_contacts)
        self.sd_uV[contacts], self.band_uV[contacts] = layer.sd_uV, layer.band_uV

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        own = np.zeros((len(out), len(self._contacts)), out.dtype)
        self._layer.add(own, seg_index, i_start)
        out[:, self._contacts] += own
