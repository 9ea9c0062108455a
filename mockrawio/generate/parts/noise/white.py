"""White noise, drawn for every sample of every contact: that of the amplifiers and of the electrodes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from ....ground.arrays import Array
from ...band import white_share
from ...layers import DrawnLayer, Setting
from ..form import real
from .normal import Normals, before_rounding
from .part import NoisePart


@dataclass(frozen=True)
class White(NoisePart):
    """White noise, independent for every sample and contact.

    Parameters
    ----------
    uV : float, default 6.0
        Its standard deviation.
    """

    name: ClassVar[str] = "white"
    floor: ClassVar[bool] = True

    uV: float = real(6.0, 0.0, 1000.0)

    def layer(self, name: str, setting: Setting) -> WhiteLayer:
        """Return the layer that it is in a session."""
        return WhiteLayer(name, setting, self.uV)


class WhiteLayer(DrawnLayer):
    """White noise of a session."""

    def __init__(self, name: str, setting: Setting, uV: float) -> None:
        super().__init__(name, setting)
        self._normals = Normals(before_rounding(uV / setting.gain_uV))
        self.most = self._normals.most
        sd_uV = self._normals.sd * setting.gain_uV
        self.sd_uV = np.full(setting.n_contacts, round(sd_uV, 6))
        self.band_uV = np.full(setting.n_contacts, round(sd_uV * sqrt(white_share(setting.sampling_rate)), 6))

    def rows(self, seg_index: int, chunk: int, n: int) -> Iterator[Array]:
        """Yield the first `n` samples of a chunk."""
        drawing = self._normals.drawing(self.setting, self.name, seg_index, chunk)
        width = self.setting.n_contacts
        for k in self.blocks(n):
            yield drawing(k * width).reshape(k, width)
