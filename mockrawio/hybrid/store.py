"""The events of a run in a file: ``events-<session>.npz``, from which all that was added can be made again.

Plain arrays, one name per array: ``unit_<new unit>_<field>``, and ``units``, (k, 4) int64, with the
true unit, the new unit, the samples before and the centre's raw row of each. A unit's events are either
``basis`` (r, n, m) and ``weights`` (K, r), whose product, rounded half to even, they are, or
``samples`` (K, n, m) as they stand. Where samples of the result were clipped, ``clipped_at`` has their places,
(k,) int64, and ``clipped_from`` what the source has there.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from ..ground.arrays import Array, Ints
from ..ground.errors import BadFileError, unreadable
from ..ground.places import AnyPath
from ..ground.regular import only_regular
from ..planting import FixedEvents, LowRankEvents
from .units import HybridUnit

T = TypeVar("T")
_REMEDY = "Run the generation again."


class Clipped(NamedTuple):
    """Samples of a result that were clipped, and what they were before."""

    at: Ints  # (k,), sample on the absolute axis times the rows of the recording, plus the row
    was: Array  # (k,), of the recording's dtype

    @classmethod
    def joined(cls, several: Sequence[Clipped]) -> Clipped:
        """Return all of several."""
        if not several:
            return cls(np.empty(0, np.int64), np.empty(0, np.int64))
        return cls(np.concatenate([some.at for some in several]), np.concatenate([some.was for some in several]))


def events_bytes(units: Sequence[HybridUnit], clipped: Clipped | None = None) -> bytes:
    """Return the events of a run as the bytes of their file, the same for the same events."""
    rows = [(unit.true_unit, unit.new_unit, unit.before, unit.center) for unit in units]
    arrays: dict[str, Array] = {"units": np.array(rows, np.int64).reshape(-1, 4)}
    for unit in units:
        fields = {"channels": unit.channels, "times": unit.times, **unit.events.arrays()}
        arrays.update({f"unit_{unit.new_unit}_{name}": array for name, array in fields.items()})
    if clipped is not None and len(clipped.at):
        arrays |= {"clipped_at": clipped.at, "clipped_from": clipped.was}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type,unused-ignore]  # NumPy 2.2 to 2.4 differ in it
    return buffer.getvalue()


def load_events(path: AnyPath) -> list[HybridUnit]:
    """Read the events of a run from its ``events-<session>.npz``; nothing is unpickled."""
    return _taken(
        path, lambda members: [_unit(members, row) for row in _numbers(members, "units").reshape(-1, 4).tolist()]
    )


def load_clipped(path: AnyPath) -> Clipped:
    """Read what the events of a run clipped from the same file."""
    return _taken(path, _clipped)


def _taken(path: AnyPath, take: Callable[[Mapping[str, Array]], T]) -> T:
    """Return what is taken of a file's arrays."""
    try:
        with open(path, "rb", opener=only_regular) as file, np.load(file, allow_pickle=False) as members:
            return take(members)
    except OSError as error:
        raise unreadable(path, error) from None
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise BadFileError(path, "the events of a hybrid run", str(error) or type(error).__name__, _REMEDY) from None


def _numbers(members: Mapping[str, Array], name: str) -> Array:
    array = members[name]
    if array.dtype.kind not in "biuf":  # a text that is none would be a SystemError
        raise ValueError(f"{name} of {array.dtype}")
    return array


def _clipped(members: Mapping[str, Array]) -> Clipped:
    if "clipped_at" not in members:
        return Clipped.joined([])
    at, was = _numbers(members, "clipped_at").astype(np.int64), _numbers(members, "clipped_from")
    if at.shape != was.shape or at.ndim != 1:
        raise ValueError("clipped samples and their places differ in length")
    return Clipped(at, was)


def _unit(members: Mapping[str, Array], row: list[int]) -> HybridUnit:
    true_unit, new_unit, before, center = row

    def field(name: str) -> Array:
        return _numbers(members, f"unit_{new_unit}_{name}")

    times, channels = field("times").astype(np.int64), field("channels").astype(np.int64)
    fixed = f"unit_{new_unit}_samples" in members
    events = FixedEvents(field("samples")) if fixed else LowRankEvents(field("basis"), field("weights"))
    if len(events) != len(times) or events.counts(0, 1).shape[2:] != channels.shape:
        raise ValueError(f"unit {new_unit} has times, channels and events of different lengths")
    labels = {"true_unit": true_unit, "new_unit": new_unit, "center": center}
    return HybridUnit(channels, times, before, events=events, **labels)
