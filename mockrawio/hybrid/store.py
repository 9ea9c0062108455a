"""The events of a run in a file: ``events-<session>.npz``, from which all that was added can be made again.

Plain arrays, one name per array: ``unit_<new unit>_<field>``, and ``units``, (k, 4) int64, with the
true unit, the new unit, the samples before and the centre's raw row of each. A unit's events are either
``basis`` (r, n, m) and ``weights`` (K, r), whose product, rounded half to even, they are, or
``samples`` (K, n, m) as they stand.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import BadFileError, unreadable
from ..ground.places import AnyPath
from ..ground.regular import only_regular
from ..planting import FixedEvents, LowRankEvents
from .units import HybridUnit

_REMEDY = "Run the generation again."


def events_bytes(units: Sequence[HybridUnit]) -> bytes:
    """Return the events of a run as the bytes of their file, the same for the same events."""
    rows = [(unit.true_unit, unit.new_unit, unit.before, unit.center) for unit in units]
    arrays: dict[str, Array] = {"units": np.array(rows, np.int64).reshape(-1, 4)}
    for unit in units:
        fields = {"channels": unit.channels, "times": unit.times, **unit.events.arrays()}
        arrays.update({f"unit_{unit.new_unit}_{name}": array for name, array in fields.items()})
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type,unused-ignore]  # NumPy 2.2 to 2.4 differ in it
    return buffer.getvalue()


def load_events(path: AnyPath) -> list[HybridUnit]:
    """Read the events of a run from its ``events-<session>.npz``; nothing is unpickled."""
    try:
        with open(path, "rb", opener=only_regular) as file, np.load(file, allow_pickle=False) as members:
            return [_unit(members, row) for row in _numbers(members, "units").reshape(-1, 4).tolist()]
    except OSError as error:
        raise unreadable(path, error) from None
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise BadFileError(path, "the events of a hybrid run", str(error) or type(error).__name__, _REMEDY) from None


def _numbers(members: Mapping[str, Array], name: str) -> Array:
    array = members[name]
    if array.dtype.kind not in "biuf":  # a text that is none would be a SystemError
        raise ValueError(f"{name} of {array.dtype}")
    return array


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
