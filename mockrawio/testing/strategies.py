"""Hypothesis' strategies of specs and sessions."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..generate import SessionSpec
from ..ground.extras import by_extra
from .maker import SessionMaker

with by_extra("strategies of sessions", "test"):
    from hypothesis import strategies as st

_RATES = (16_000, 20_000, "24414.0625", 30_000, 32_000)


@st.composite
def specs(
    draw: Any,
    /,
    *,
    most_seconds: float = 2.0,
    most_channels: int = 8,
    most_units: int = 4,
    sampling_rates: Sequence[Any] = _RATES,
) -> SessionSpec:
    """Draw the spec of a session with a stream, with or without a gap.

    Parameters
    ----------
    most_seconds : float
        Of each segment, 1 at least.
    most_channels, most_units : int
    sampling_rates : sequence
        Hz, of the stream; as ``SessionSpec.sampling_rate`` takes them.

    Returns
    -------
    strategy of SessionSpec
        With a seed. It shrinks to one segment, channel and unit.
    """
    seconds = st.integers(1000, max(1000, int(most_seconds * 1000))).map(lambda ms: ms / 1000)
    return SessionSpec.broadband(
        segments=tuple(draw(st.lists(seconds, min_size=1, max_size=2))),
        n_channels=draw(st.integers(1, most_channels)),
        n_units=draw(st.integers(1, most_units)),
        sampling_rate=draw(st.sampled_from(list(sampling_rates))),
        seed=draw(st.integers(0, 1 << 31)),
    )


@st.composite
def sessions(draw: Any, /, root: Path | None = None, *, virtual: bool = True, **limits: Any) -> Path:
    """Draw a session's folder.

    Parameters
    ----------
    root : Path, optional
        Where to generate it; by default a folder that is removed when Python exits.
    virtual : bool
        Whether it is virtual, which takes milliseconds and no disk space.
    **limits
        Of :func:`specs`.

    Returns
    -------
    strategy of Path
        Possibly that of an earlier draw: copy it before changing it.
    """
    place = _place() if root is None else root
    return SessionMaker(place)(draw(specs(**limits)), virtual=virtual)


_KEPT: list[Any] = []


def _place() -> Path:
    if not _KEPT:
        _KEPT.append(tempfile.TemporaryDirectory(prefix="mockrawio-"))
    return Path(_KEPT[0].name)
