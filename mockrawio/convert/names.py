"""Names in a session: channels CSC1, CSC2, …, units `CSC{ch}_{SU|MU}{n}`, streams, the folder's numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.errors import MockSessionError
from ..session.content import channel_names_bytes, csc_number, unit_name
from ..session.files import MAX_NAME
from ..session.layout import UnitName

_FOLDER = re.compile(r"session_(\d+)")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
# Properties or annotations that give a unit's channel, by the channel's id; ours come first.
CHANNEL_KEYS = ("channel_id", "main_channel_id", "max_channel_id", "max_channel")
# Those that say whether it is multi-unit activity: ours, SpikeInterface's, Kilosort's, Phy's.
TYPE_KEYS = ("unit_type", "quality", "KSLabel", "group")
MULTI = {"mu", "mua", "multi", "multiunit", "multi-unit", "multi_unit"}


class ChannelNames:
    """Gives channels their CSC numbers, and collects the lines of ``ChannelNames.txt``.

    `known` has names of CSC1, CSC2, … for those that no signal has, None for none; it is not used if one is no name.
    """

    def __init__(self, known: Any = None) -> None:
        self._known = [str(name) for name in known] if isinstance(known, (list, tuple, np.ndarray)) else []
        self._known = self._known if all(map(_is_name, self._known)) else []
        self.names: dict[int, str] = {}
        self.origins: dict[str, Any] = {}

    def add(self, label: str, ids: Sequence[str], names: Sequence[str] | None = None) -> tuple[str, ...]:
        """Name the channels of a stream: return `CSC{k}`, one per channel.

        All `CSC{k}` among their ids are kept; others become the next free CSCs. Their names are the ids if left out.
        MockSessionError if ids are not unique, or a name does not fit on a line of text.
        """
        if len(set(ids)) != len(ids):
            twice = next(i for i in ids if list(ids).count(i) > 1)
            raise MockSessionError(label, "unique channel ids", f"{twice!r} twice", "Rename the channels.")
        known = [number for i in ids if (number := csc_number(i)) is not None]
        free = max(self.names, default=0) + 1
        numbers = known if len(known) == len(ids) else list(range(free, free + len(ids)))
        for number, name, origin in zip(numbers, names or ids, ids, strict=True):
            check_name(label, name)
            self.names.setdefault(number, name)
            self.origins.setdefault(f"CSC{number}", origin)
        return tuple(f"CSC{number}" for number in numbers)

    def lines(self) -> bytes | None:
        """Return ``ChannelNames.txt``, None if there is no channel; numbers without a name have their ids as names."""
        names = {**dict(enumerate(self._known, 1)), **self.names}
        return channel_names_bytes(names.get(k, f"CSC{k}") for k in range(1, max(names) + 1)) if names else None


def check_name(label: str, name: str) -> None:
    """Refuse a channel name that ``ChannelNames.txt`` or Neo's header would not give back."""
    fits = 0 < len(name) <= MAX_NAME and name.splitlines() == [name.strip().strip("\ufeff")]
    if not fits or not name.isprintable():
        expected = f"channel names of 1 to {MAX_NAME} printable characters, without blanks around them"
        raise MockSessionError(label, expected, f"{name[:80]!r}", "Rename the channel.")


def usable(names: Iterable[str]) -> bool:
    """Return True if all names can be channel names and differ."""
    given = list(names)
    return all(map(_is_name, given)) and len(set(given)) == len(given)


def _is_name(name: str) -> bool:
    try:
        check_name("", name)
    except MockSessionError:
        return False
    return True


class UnitNames:
    """Gives units their names; `keep` has the present ones, of which those in a session's form are kept."""

    def __init__(self, keep: Iterable[str] = ()) -> None:
        self._kept = {text: name for text in keep if (name := unit_name(text)) is not None}
        self._taken = set(self._kept.values())

    def name(self, channel: int, unit_type: str, own: str = "") -> UnitName:
        """Return the next name on a channel, or the unit's own if it is kept."""
        kept = self._kept.pop(own, None)
        if kept is not None:
            return kept
        number = 1
        while (name := UnitName(channel, unit_type, number)) in self._taken:
            number += 1
        self._taken.add(name)
        return name


def unit_type_of(quality: object) -> str:
    """Return SU or MU for what a sorter or a person says of a unit: "good" or "mua", for example."""
    return "MU" if str(quality).strip().lower() in MULTI else "SU"


def stream_file_name(name: str | None, taken: Iterable[str]) -> str:
    """Return a stream's name as a file name: letters, digits, `_`, `.` and `-`, and none of `taken`."""
    safe = _UNFIT.sub("_", name or "").strip("._")[: MAX_NAME - 6] or "signal"
    used = {other.lower() for other in taken}
    number, unique = 1, safe
    while unique.lower() in used:
        number += 1
        unique = f"{safe}_{number}"
    return unique


def patient_and_session(
    folder: Path, patient_id: int | None, session_nr: int | None, known: dict[str, Any] | None = None
) -> tuple[int, int]:
    """Return both numbers: as given, else from the folder's name, else as known (if an int), else 1."""
    match = _FOLDER.fullmatch(folder.name)
    patient = folder.parent.name if match and folder.parent.parent.name == "patient_data" else ""
    said = {"patient_id": int(patient) if patient.isdecimal() else None, "session_nr": int(match[1]) if match else None}
    numbers = []
    for key, given in (("patient_id", patient_id), ("session_nr", session_nr)):
        annotated = (known or {}).get(key)
        choices = (given, said[key], annotated if type(annotated) is int else None, 1)
        number = next(choice for choice in choices if choice is not None)
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise MockSessionError(key, "a whole number from 0 up", f"{number!r}", "Give one.")
        numbers.append(number)
    return numbers[0], numbers[1]
