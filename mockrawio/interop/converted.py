"""What the manifest of a converted session says of its units: their own ids, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ground.arrays import Array, Floats
from ..ground.errors import MockSessionError
from ..rawio import MockSessionRawIO
from ..session import keys


class Converted:
    """The units of a session's manifest; there are none where it was not converted, or the manifest cannot be read."""

    def __init__(self, reader: MockSessionRawIO) -> None:
        try:
            manifest = reader.manifest() or {}
        except MockSessionError:  # verify says so
            manifest = {}
        self._origins = _table(manifest, keys.SOURCE_UNITS)
        self._places = _table(_table(manifest, keys.MADE_FROM), keys.UNIT_LOCATIONS)

    def source_ids(self, unit_ids: Sequence[str]) -> Array | None:
        """Return what units were called where they come from, whole numbers or texts; None if one is not known."""
        found = [self._origins.get(unit_id) for unit_id in unit_ids]
        if not found or not all(type(one) in (int, str) for one in found):
            return None
        numbers = all(type(one) is int and abs(one) < 2**63 for one in found)
        return np.array(found, np.int64 if numbers else np.str_)

    def places(self, unit_ids: Sequence[str]) -> Floats:
        """Return x, y, z of units in µm, (units, 3); NaN for those of which nothing is said."""
        places = [self._places.get(str(self._origins.get(unit_id))) for unit_id in unit_ids]
        return np.array([place if _is_place(place) else [np.nan] * 3 for place in places], np.float64).reshape(-1, 3)


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(type(one) in (int, float) for one in value)
