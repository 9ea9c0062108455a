"""The background of the field: 1/f, with neighbours alike."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import sqrt

import numpy as np

from ....ground.arrays import Floats
from ...layers import Setting
from ..form import real
from ..noise.mixing import Mixing, weights_by_distance
from .layer import CoursesLayer
from .part import FieldPart, Tissue
from .smooth import Smooth

_FINEST_S = 2.0**-9  # the shortest interval of its octaves: there is nothing left of it from 300 Hz on
_OCTAVES = 10  # the slowest one's interval is 1 s


@dataclass(frozen=True)
class Pink(FieldPart):
    """The background of the field, the power of which falls as a power of the frequency.

    It falls so from 0.5 to about 150 Hz; below it stays, and above it ends, so that a sorter's band has none of it.

    Parameters
    ----------
    uV : float, default 100.0
        Its standard deviation.
    exponent : float, default 1.5
        The power falls as frequency to the power of minus this.
    length_um : float, default 1500.0
        The distance at which the correlation is 1/e, and a Gaussian of it.
    """

    uV: float = real(100.0, 0.0, 10_000.0)
    _: KW_ONLY
    exponent: float = real(1.5, 0.0, 4.0)
    length_um: float = real(1500.0, 1.0, 1e6)

    @property
    def label(self) -> str:
        """What its layer is called."""
        return "pink"

    def layer(self, name: str, setting: Setting, tissue: Tissue) -> PinkLayer:
        """Return the layer that it is in a session."""
        return PinkLayer(name, setting, self)


class PinkLayer(CoursesLayer):
    """The background of a session: smooth noises, of which neighbouring contacts have about the same shares."""

    def __init__(self, name: str, setting: Setting, pink: Pink) -> None:
        super().__init__(name, setting)
        weights, order = weights_by_distance(setting.places, pink.length_um)
        # of an octave of intervals T the spectrum is T times the variance
        octaves = [round(2.0 ** (k * (pink.exponent - 1) / 2), 9) for k in range(_OCTAVES)]
        self._smooth = Smooth(setting, name, weights.shape[1], _FINEST_S, octaves)
        self._mixing = Mixing(weights, np.full(setting.n_contacts, pink.uV / setting.gain_uV), order)
        self._scale = (self._mixing.room - 1) / self._smooth.most
        sd = sqrt((self._smooth.sd * self._scale) ** 2 + 1 / 12)
        self._mixing.scale(sd, self._mixing.room)
        self.most = self._mixing.most
        self.sd_uV = np.round(self._mixing.rounded * setting.gain_uV, 6)

    def courses(self, seg_index: int, times: Floats) -> Floats:
        """Return the courses at times in s."""
        courses = self._smooth.at(seg_index, times)
        courses *= self._scale
        return courses
