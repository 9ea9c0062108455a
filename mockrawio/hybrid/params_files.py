"""Parameter files: TOML read and written, ``params.py`` read, names checked, paths resolved."""

from __future__ import annotations

import difflib
import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.shown import Argument
from ..ground.tomltext import read_toml, toml_value
from .original import read_py
from .raw_probe import Probe, custom_probe, eMouse, neuropixels3a

_BUILTIN = {"neuropixels3a": neuropixels3a, "eMouse": eMouse}
_PROBE_KEYS = ("name", "channel_map", "connected", "channel_positions")
# Names in the original's documentation of parameters that its code calls otherwise.
_DOCUMENTED_AS = {"time_jitter": "jitter_factor", "probe_type": "probe"}
_param = partial(Argument, of="HybridParams")


def absolute_source(source: str, base: str) -> str:
    """Return `raw_source_file` made absolute, so that only its own characters make it a glob."""
    path = os.path.abspath(os.path.join(base, source))
    if os.path.lexists(path) or not glob.has_magic(source) or os.path.isabs(source):
        return path
    return os.path.abspath(os.path.join(glob.escape(os.path.abspath(base)), source))


def _suggestion(name: str, known: Iterable[str]) -> str:
    if name in _DOCUMENTED_AS:
        return f"The parameter is called {_DOCUMENTED_AS[name]}."
    close = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {close[0]}?" if close else "Remove it."


def check_names(values: Iterable[str], known: Sequence[str], cls: Any) -> None:
    """Refuse names that are no parameters of `cls`, with what was probably meant, and parameters left out."""
    given, required = set(values), {field.name for field in fields(cls) if field.default is MISSING}
    for name in sorted(given - set(known), key=str):
        remedy = _suggestion(str(name), known)
        raise MockSessionError(_param(name), "the name of a parameter", f"{name!r}", remedy)
    missing = [name for name in known if name in required - given]
    require(not missing, _param(", ".join(missing)), "a value", "none", "Give it.")


def located(path: str, error: MockSessionError, lines: dict[str, int]) -> MockSessionError:
    """Return an error that begins with the file, and the line if the parameter at fault has one."""
    line = lines.get(error.argument.name) if error.argument else None
    return error.within(path if line is None else f"{path}, line {line}")


def read_python(path: str, known: Sequence[str]) -> tuple[dict[str, Any], dict[str, int]]:
    """Read a ``params.py``: the value and line of every parameter in `known`, and of every name that nothing uses."""
    parsed = read_py(path)
    helpers = {name for name in parsed.values if name not in known and (name in parsed.used or name.startswith("_"))}
    return {name: value for name, value in parsed.values.items() if name not in helpers}, parsed.lines


def read_toml_params(path: str) -> dict[str, Any]:
    """Read a TOML file; its ``probe`` becomes a :class:`~mockrawio.hybrid.Probe`."""
    values: dict[str, Any] = read_toml(path, "Keep the probe in an .npz.")
    if "probe" in values:
        try:
            values["probe"] = _probe(values["probe"], os.path.dirname(os.path.abspath(path)))
        except MockSessionError as error:
            raise located(path, error, {}) from None
    return values


def _probe(value: Any, base: str) -> Probe:
    if isinstance(value, str) and value.endswith(".npz"):
        return Probe.load(os.path.join(base, value))
    table = {"builtin": value} if isinstance(value, str) else value
    expected = "a table, 'neuropixels3a', 'eMouse', or the path of an .npz"
    require(isinstance(table, dict), _param("probe"), expected, value)
    keys = {"builtin", "sync_channel"} if "builtin" in table else set(_PROBE_KEYS)
    for key in sorted(table.keys() - keys):
        require(False, _param(f"probe.{key}"), f"one of {', '.join(sorted(keys))}", key, _suggestion(key, keys))
    if "builtin" in table:
        return _builtin(table)
    missing = [key for key in _PROBE_KEYS[1:] if key not in table]
    require(not missing, _param("probe"), f"the arrays {', '.join(_PROBE_KEYS[1:])}", f"no {', '.join(missing)}")
    return custom_probe(**table)


def _builtin(table: dict[str, Any]) -> Probe:
    name, sync = table["builtin"], table.get("sync_channel", True)
    known = isinstance(name, str) and name in _BUILTIN
    require(known, _param("probe.builtin"), "'neuropixels3a' or 'eMouse'", name)
    plain = "sync_channel" not in table or (name == "neuropixels3a" and isinstance(sync, bool))
    require(plain, _param("probe.sync_channel"), "true or false, for neuropixels3a only", sync)
    return neuropixels3a(sync) if name == "neuropixels3a" else eMouse()


def toml_text(values: dict[str, Any]) -> str:
    """Return parameters as TOML, the probe last.

    They are numbers, texts, bools, tuples of numbers, paths; and ``probe``, a Probe.
    """
    probe: Probe = values["probe"]
    lines = [f"{name} = {toml_value(value)}" for name, value in values.items() if name != "probe"]
    rows = "".join(f"    {toml_value(row)},\n" for row in probe.channel_positions.tolist())
    lines += ["", "[probe]", f"name = {toml_value(probe.name)}"]
    lines += [f"{name} = {toml_value(getattr(probe, name).tolist())}" for name in ("channel_map", "connected")]
    return "\n".join([*lines, f"channel_positions = [\n{rows}]", ""])
