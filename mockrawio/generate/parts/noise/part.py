"""What a part of the noise is: a value that a spec holds, which makes a layer of a session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ...layers import NoiseLayer, Setting
from ..form import Part


@dataclass(frozen=True)
class NoisePart(Part, ABC):
    """A part of the noise.

    `name` is what its layer is called after ``noise.``; `floor` is True if a unit's SNR is asked against it, and
    `of_tissue` if contacts outside the tissue do not hear it.
    """

    name: ClassVar[str]
    floor: ClassVar[bool]
    of_tissue: ClassVar[bool] = False

    @abstractmethod
    def layer(self, name: str, setting: Setting) -> NoiseLayer:
        """Return the layer that the part is in a session, by its whole name, such as ``noise.white.2``.

        All its bits come from `setting`, by that name.
        """
