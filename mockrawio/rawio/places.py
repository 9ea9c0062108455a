"""Where a session's channels are, as far as the descriptions of its streams say, for Neo's annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Array, Floats
from ..session.layout import BUNDLE
from ..session.probe import microwire_numbers
from ..session.streams import StreamFile


class _Known(NamedTuple):
    """What is known of the channels of a stream, by their ids."""

    rows: dict[str, int]
    locations: Floats
    facts: dict[str, Array]  # of each channel
    shanks: Array | None  # None on microwires, whose bundles are counted whether recorded or not


class Places:
    """Where channels are: those of one stream after another, of which only small arrays are kept."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self.probed: str | None = None  # the first stream that has a probe: other streams may be of its contacts too

    def add(self, name: str, file: StreamFile) -> None:
        """Note where the channels of a stream are."""
        if file.locations is None:
            return
        facts, shanks, probe = {}, None, file.probe
        if probe is not None:
            self.probed = self.probed or name
            facts = {"contact_ids": np.array(probe.contact_ids), "shank_ids": np.array(probe.shank_ids)}
            shanks = None if microwire_numbers(probe) else probe.shanks
        self._known[name] = _Known({one: k for k, one in enumerate(file.ids)}, file.locations, facts, shanks)

    def _of(self, name: str, ids: Sequence[str]) -> _Known | None:
        """Return what is known of a stream's channels: what it says, else what the one with a probe says of all."""
        known = self._known.get(name) or self._known.get(self.probed or "")
        return known if known is not None and known.rows.keys() >= set(ids) else None

    def annotations(self, name: str, ids: Sequence[str]) -> dict[str, Array]:
        """Return what is said of a stream's channels: `channel_location_0`, ... in µm, `contact_ids`, `shank_ids`."""
        known = self._of(name, ids)
        if known is None:
            return {}
        rows = [known.rows[one] for one in ids]
        axes = {f"channel_location_{axis}": known.locations[rows, axis] for axis in range(known.locations.shape[1])}
        return {**axes, **{key: values[rows] for key, values in known.facts.items()}}

    def bundle(self, number: int, name: str | None = None) -> int:
        """Return the shank of channel CSC{number}, in a stream or in the one with a probe; else 0 for CSC1 to CSC8."""
        known = self._of(name or "", [f"CSC{number}"])
        if known is None or known.shanks is None:
            return (number - 1) // BUNDLE
        return int(known.shanks[known.rows[f"CSC{number}"]])
