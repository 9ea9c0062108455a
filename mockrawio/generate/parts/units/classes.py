"""The classes of cells: how many there are of each, and the ranges in which their spikes lie.

- ``broad``: pyramidal and other principal cells, half a millisecond and more from trough to peak.
- ``narrow``: interneurons that fire fast, a quarter of a millisecond from trough to peak, as high after as before.
- ``triphasic``: a positive bump leads, as on the dendrites' side of a cell, or near where its axon leaves.
- ``axonal``: axons, in three short phases, seen from less far.
- ``positive``: the main peak points upwards, where the current of a cell returns.

The ranges cover what is published of extracellular spikes in cortex and hippocampus; any two cells differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import NamedTuple

from ....ground.checks import require
from ....ground.shown import Argument
from ...draws import Draws
from ..form import Part, real
from .numbers import Span, between
from .shapes import Shape


class _Ranges(NamedTuple):
    """In what ranges the numbers of :class:`.Shape` lie in a class; widths of bumps are parts of their times."""

    fall: Span
    rise: Span
    hump: Span
    hump_at: Span
    hump_rise: Span
    hump_fall: Span
    bump: Span
    bump_at: Span
    bump_width: Span
    stretch: Span
    tilt: Span

    def shape(self, draws: Draws) -> Shape:
        """Draw the spike of a cell."""
        shares = draws.uniform(len(self)).tolist()
        drawn = Shape(*(between(low_high, share) for low_high, share in zip(self, shares, strict=True)))
        return drawn._replace(
            hump_rise=drawn.hump_rise * drawn.hump_at,
            hump_fall=drawn.hump_fall * drawn.hump_at,
            bump_width=drawn.bump_width * drawn.bump_at,
        )


POSITIVE = "positive"  # the class whose main peak points upwards, the last one

_STRETCH, _TILT = (0.25, 0.6), (0.5, 1.0)
_RANGES = {
    "broad": _Ranges(
        fall=(0.06, 0.10),
        rise=(0.08, 0.15),
        hump=(0.12, 0.42),
        hump_at=(0.45, 0.85),
        hump_rise=(0.33, 0.45),
        hump_fall=(0.45, 0.75),
        bump=(0.0, 0.10),
        bump_at=(0.22, 0.32),
        bump_width=(0.30, 0.42),
        stretch=_STRETCH,
        tilt=_TILT,
    ),
    "narrow": _Ranges(
        fall=(0.055, 0.085),
        rise=(0.06, 0.10),
        hump=(0.25, 0.60),
        hump_at=(0.22, 0.38),
        hump_rise=(0.30, 0.42),
        hump_fall=(0.55, 1.10),
        bump=(0.0, 0.12),
        bump_at=(0.18, 0.26),
        bump_width=(0.30, 0.42),
        stretch=_STRETCH,
        tilt=_TILT,
    ),
    "triphasic": _Ranges(
        fall=(0.06, 0.10),
        rise=(0.08, 0.14),
        hump=(0.20, 0.50),
        hump_at=(0.35, 0.70),
        hump_rise=(0.33, 0.45),
        hump_fall=(0.45, 0.80),
        bump=(0.15, 0.38),
        bump_at=(0.22, 0.36),
        bump_width=(0.30, 0.42),
        stretch=_STRETCH,
        tilt=_TILT,
    ),
    "axonal": _Ranges(
        fall=(0.045, 0.065),
        rise=(0.05, 0.07),
        hump=(0.30, 0.60),
        hump_at=(0.18, 0.28),
        hump_rise=(0.30, 0.42),
        hump_fall=(0.45, 0.90),
        bump=(0.22, 0.50),
        bump_at=(0.13, 0.20),
        bump_width=(0.32, 0.42),
        stretch=_STRETCH,
        tilt=_TILT,
    ),
    POSITIVE: _Ranges(
        fall=(0.07, 0.12),
        rise=(0.08, 0.16),
        hump=(0.20, 0.55),
        hump_at=(0.40, 0.80),
        hump_rise=(0.33, 0.45),
        hump_fall=(0.45, 0.75),
        bump=(0.0, 0.15),
        bump_at=(0.22, 0.36),
        bump_width=(0.30, 0.42),
        stretch=_STRETCH,
        tilt=_TILT,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Classes(Part):
    """Weights of the cell classes: shares, percentages or ratios.

    Attributes
    ----------
    broad, narrow, triphasic, axonal, positive : float
        As the module says; not all of them 0.
    """

    broad: float = real(0.5, 0.0, 1e6)
    narrow: float = real(0.25, 0.0, 1e6)
    triphasic: float = real(0.13, 0.0, 1e6)
    axonal: float = real(0.07, 0.0, 1e6)
    positive: float = real(0.05, 0.0, 1e6)

    def __post_init__(self) -> None:
        """Check that there are any."""
        super().__post_init__()
        require(sum(self._weights()) > 0, Argument("broad", of="Classes"), "one weight above 0 at least", 0.0)

    def name(self, share: float, positive: bool = True) -> str:
        """Return the class of a cell by its place in a line of all, or of all but the positive ones, from 0 to 1."""
        weights = list(self._weights())
        reached = list(accumulate(weights if positive else weights[:-1]))
        return next(one.name for one, sum_ in zip(fields(self), reached, strict=False) if share * reached[-1] < sum_)

    def _weights(self) -> Iterator[float]:
        return (getattr(self, one.name) for one in fields(self))


def drawn_shape(name: str, draws: Draws) -> Shape:
    """Return the spike of a cell of a class."""
    return _RANGES[name].shape(draws)
