"""What a part of the field is: a value that a spec holds, which makes a layer of a session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ....ground.arrays import Floats
from ...layers import Setting
from ..form import Part
from .layer import FieldLayer

Marked = tuple[Floats, ...]  # when something is, in s of each segment
Marks = Callable[[int | None], Marked]  # the session's events of a code, or all


class Tissue(NamedTuple):
    """What a part of the field may follow."""

    layers: Mapping[str, FieldLayer]  # those made so far, by the names of their parts
    marks: Marks


@dataclass(frozen=True)
class FieldPart(Part, ABC):
    """A part of the field."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What its layer is called after ``field.``."""

    @abstractmethod
    def layer(self, name: str, setting: Setting, tissue: Tissue) -> FieldLayer:
        """Return the layer that the part is in a session, by its whole name, such as ``field.theta``.

        All its bits come from `setting`, by that name.
        """
