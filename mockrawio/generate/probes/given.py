"""The probe of a session, by whatever it is given: a name, an object, a file, or the form that files have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...ground.checks import require
from ...ground.errors import MockSessionError
from ...ground.jsontext import read_json
from ...ground.shown import Argument
from ...session.probe import ContactMap
from .known import PROBES

_PROBE, _NUMBER = Argument("probe", of="SessionSpec"), Argument("n_channels", of="SessionSpec")


def probe_of(value: Any, n_channels: int | None = None, name: Argument = _PROBE) -> ContactMap:
    """Return the contacts of a probe.

    Parameters
    ----------
    value : str, PathLike, object or dict
        A name of :data:`PROBES`; the path of a file that ProbeInterface has written, ending in ``.json``; a ``Probe``
        or ``ProbeGroup``; its JSON form; or a ContactMap.
    n_channels : int, optional
        Number of channels. None: the probe's default.
    name : Argument
        Name of the value in errors.

    Raises
    ------
    MockSessionError
        If it is not a probe, or cannot have this number of channels.
    """
    kept = probe_value(name, value)
    if isinstance(kept, str):
        return PROBES[kept].contacts(n_channels)
    expected = f"{kept.n}, the channels of the probe"
    require(n_channels in (None, kept.n), _NUMBER, expected, n_channels, "Leave it out.")
    return kept


def probe_value(name: Argument, value: Any) -> str | ContactMap:
    """Return what a spec holds of a probe: its name, or else its contacts, which need no file; this checks a field."""
    if isinstance(value, ContactMap) or (isinstance(value, str) and value in PROBES):
        return value
    if isinstance(value, (str, os.PathLike)):
        return _of_file(name, value)
    if callable(getattr(value, "to_dict", None)):
        value = value.to_dict()
    names = ", ".join(map(repr, PROBES))
    expected = f"one of {names}, the path of a .json file, or a Probe or ProbeGroup of ProbeInterface"
    require(isinstance(value, Mapping), name, expected, value)
    try:
        return ContactMap.from_dict(_group(dict(value)))
    except MockSessionError as error:
        raise error.within(name) from None


def _of_file(name: Argument, path: str | os.PathLike[str]) -> ContactMap:
    """Return the contacts of the probes in a file."""
    names = ", ".join(map(repr, PROBES))
    expected = f"one of {names}, or the path of a .json file"
    found = Path(path).suffix.lower() == ".json" or os.path.exists(path)
    require(found, name, expected, os.fspath(path))
    remedy = "Write it with probeinterface.write_probeinterface()."
    content = read_json(os.fspath(path), "a file of ProbeInterface, a JSON object", remedy)
    try:
        return ContactMap.of_json(_group(content))
    except MockSessionError as error:
        raise error.within(os.fspath(path)) from None


def _group(content: dict[str, Any]) -> dict[str, Any]:
    """Return the form of a group: that of a probe alone is one of it."""
    return {"probes": [content]} if "contact_positions" in content else content
