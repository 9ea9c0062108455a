"""Noise that neighbouring contacts share: that of the tissue between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ....ground.arrays import Array
from ...band import white_share
from ...layers import DrawnLayer, Setting
from ..form import real
from .mixing import Mixing, weights_by_distance
from .normal import Normals, largest
from .part import NoisePart


@dataclass(frozen=True)
class Spatial(NoisePart):
    """Noise that is white in time, and correlated between contacts as a Gaussian of their distance.

    Parameters
    ----------
    uV : float, default 7.5
        Standard deviation on each contact.
    length_um : float, default 80.0
        The distance at which the correlation is 1/e.
    """

    name: ClassVar[str] = "spatial"
    floor: ClassVar[bool] = True
    of_tissue: ClassVar[bool] = True

    uV: float = real(7.5, 0.0, 1000.0)
    _: KW_ONLY
    length_um: float = real(80.0, 0.1, 1e6)

    def layer(self, name: str, setting: Setting) -> SpatialLayer:
        """Return the layer that it is in a session."""
        return SpatialLayer(name, setting, self.uV, self.length_um)


class SpatialLayer(DrawnLayer):
    """Spatial noise of a session."""

    def __init__(self, name: str, setting: Setting, uV: float, length_um: float) -> None:
        super().__init__(name, setting)
        weights, order = weights_by_distance(setting.places, length_um)
        self._mixing = Mixing(weights, np.full(setting.n_contacts, uV / setting.gain_uV), order)
        self._sources = _sources(self._mixing.room)
        self._mixing.scale(self._sources.sd, self._sources.most)
        self.most = self._mixing.most
        sd_uV = self._mixing.rounded * setting.gain_uV
        self.sd_uV = np.round(sd_uV, 6)
        self.band_uV = np.round(sd_uV * np.sqrt(white_share(setting.sampling_rate)), 6)

    def rows(self, seg_index: int, chunk: int, n: int) -> Iterator[Array]:
        """Yield the first `n` samples of a chunk."""
        drawing = self._sources.drawing(self.setting, self.name, seg_index, chunk)
        width = self._mixing.n_sources
        for k in self.blocks(n):
            yield self._mixing.counts(drawing(k * width).reshape(k, width))


def _sources(room: int) -> Normals:
    """Return the finest sources that there is room for."""
    sd = 1 << 13
    while largest(sd) > room:
        sd >>= 1
    return Normals(sd, np.float32)
