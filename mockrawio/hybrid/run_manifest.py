"""The manifest of a run, written and read.

A manifest may come from anyone, so every number in it that is used is checked.
"""

from __future__ import annotations

import json
import os
import re
import reprlib
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from ..formats.sorters import formats
from ..ground.errors import BadFileError
from ..ground.jsontext import read_json
from ..ground.places import AnyPath
from ..ground.writing import FileRecord
from ..session.keys import RATES, Limits
from .params import PARAMETERS
from .planned import HybridResult
from .recipe import checked_rate
from .recording import RawFile
from .source import HybridSource

FORMAT, FORMAT_VERSION = "mockrawio hybrid", 1

_WHAT, _AGAIN = "the manifest of a hybrid run", "Run the generation again."
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COUNT, _LABEL = Limits(0, 2**63 - 1), Limits(-(2**63), 2**63 - 1)
_COUNTS = ("n_source", "n_source_edge", "n_events", "n_edge", "n_refractory", "n_over_cap")


def run_manifest_bytes(
    source: HybridSource,
    result: HybridResult,
    small: Mapping[str, FileRecord],
    origin: Mapping[str, Any] | None = None,
    files: Sequence[RawFile] | None = None,
) -> bytes:
    """Return ``manifest-<session>.json`` as the bytes of its file.

    `small` are the files beside the results, by name; `origin` is what is to be said of a source that is not raw
    files and a sorter's folder; `files`, the recording's for None, are those that the result's `sources` are of.
    """
    recording, params = source.recording, result.params
    sources = zip(recording.files if files is None else files, result.sources, strict=True)
    results = zip(result.targets, result.results, strict=True)
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "session_name": params.session_name,
        "random_seed": params.random_seed,
        "compat": params.compat,
        "sample_rate": recording.sample_rate,
        "data_type": recording.dtype.name,
        "n_channels": recording.n_channels,
        **({} if origin is None else {"origin": origin}),
        "parameters": _parameters(source, result),
        "sources": [
            {"path": file.path, "start": file.start, "n_frames": file.n_frames, **record._asdict()}
            for file, record in sources
        ],
        "results": [{"path": path.name, **record._asdict()} for path, record in results],
        "n_clipped": result.n_clipped,
        "n_events": result.n_events,
        "units": [unit.as_dict() for unit in result.units],
        "files": {name: small[name]._asdict() for name in sorted(small)},
    }
    return (json.dumps(content, indent=1) + "\n").encode("ascii")


def _parameters(source: HybridSource, result: HybridResult) -> dict[str, Any]:
    """Return all parameters, None where the source has none such; of the probe its name, as it has a file."""
    own = {
        "data_type": source.recording.dtype.name,
        "sample_rate": checked_rate("sample_rate", source.recording.sample_rate),
    }
    values = {name: getattr(result.params, name, None) for name in PARAMETERS} | own | {"probe": source.probe.name}
    return {name: os.fspath(value) if isinstance(value, PathLike) else value for name, value in values.items()}


def read_run_manifest(path: AnyPath) -> dict[str, Any]:
    """Return what ``manifest-<session>.json`` says.

    Raises a BadFileError if it is no manifest of a run of a version this package knows, or a number in it is not of
    its kind, or out of bounds.
    """
    said = _Said(path, read_json(path, _WHAT, _AGAIN))
    content = said.content
    said.check(content.get("format") == FORMAT, "format", FORMAT)
    version = content.get("format_version")
    said.check(type(version) is int and version == FORMAT_VERSION, "format_version", str(FORMAT_VERSION))
    said.check(RATES.hold(content.get("sample_rate")), "sample_rate", f"Hz{RATES}")
    said.check(_is_whole(content.get("n_channels"), Limits(1, 2**31 - 1)), "n_channels", "a whole number from 1 up")
    for key in ("n_clipped", "n_events"):
        said.check(_is_whole(content.get(key)), key, "a whole number from 0 up")
    for key in ("sources", "results"):
        said.check(all(_is_file(record, "path") for record in said.dicts(key)), key, "files with size and sha256")
    files = content.get("files")
    said.check(type(files) is dict and all(map(_is_file, files.values())), "files", "files with size and sha256")
    for unit in said.dicts("units"):
        _check_unit(said, unit)
    _check_parameters(said, content.get("parameters"))
    return content


class _Said:
    """What a manifest says, and the error if it cannot be right."""

    def __init__(self, path: AnyPath, content: dict[str, Any]) -> None:
        self.path, self.content = path, content

    def check(self, fits: bool, key: str, expected: str, found: object = None) -> None:
        if not fits:
            shown = reprlib.repr(self.content.get(key) if found is None else found)
            raise BadFileError(self.path, f"{_WHAT}, {key!r} as {expected}", shown, _AGAIN)

    def dicts(self, key: str) -> list[dict[str, Any]]:
        """Return a list of objects."""
        value = self.content.get(key)
        self.check(type(value) is list and all(type(item) is dict for item in value), key, "a list of objects")
        return value  # type: ignore[return-value]  # just checked


def _is_whole(value: object, limits: Limits = _COUNT) -> bool:
    return type(value) is int and limits.hold(value)


def _is_file(record: Any, name: str | None = None) -> bool:
    """Return True if a record has a size and a SHA-256, and a text under `name`."""
    if type(record) is not dict or not (name is None or type(record.get(name)) is str):
        return False
    sha256 = record.get("sha256")
    return _is_whole(record.get("size")) and type(sha256) is str and _SHA256.fullmatch(sha256) is not None


def _check_unit(said: _Said, unit: Mapping[str, Any]) -> None:
    rows = [unit.get(key) for key in ("source_channels", "channels")]
    limits, made = Limits(0, said.content["n_channels"] - 1), unit.get("new_unit") is not None
    fits = all(type(each) is list and all(_is_whole(row, limits) for row in each) for each in rows)
    fits = fits and (not rows[0] or len(rows[0]) == len(rows[1]) or not made)  # type: ignore[arg-type]  # lists by now
    said.check(fits, "units", f"rows of {said.content['n_channels']} channels, as many from as to", rows)
    labels = [unit.get("true_unit"), *([unit["new_unit"]] if made else [])]
    said.check(all(_is_whole(label, _LABEL) for label in labels), "units", "labels that are whole numbers", labels)
    counts = [unit.get(key) for key in _COUNTS]
    said.check(all(map(_is_whole, counts)), "units", "counts from 0 up", counts)


def _check_parameters(said: _Said, given: Any) -> None:
    said.check(type(given) is dict and "data_directory" in given, "parameters", "those of a run")
    folder, kind, base = (given.get(key) for key in ("data_directory", "output_type", "phy_base"))
    said.check(folder is None or type(folder) is str, "parameters", "a folder or null in 'data_directory'", folder)
    said.check(kind is None or kind in [*formats()], "parameters", "a kind of sorter's output", kind)
    said.check(base is None or (type(base) is int and base in (0, 1)), "parameters", "0, 1 or null in 'phy_base'", base)


def listed_files(path: AnyPath) -> dict[str, FileRecord]:
    """Return the files in the folder of a manifest that it lists, the results too; none if it is no such manifest."""
    try:
        content = read_run_manifest(path)
    except BadFileError:
        return {}
    files = {**content["files"], **{record["path"]: record for record in content["results"]}}
    return {name: FileRecord(record["size"], record["sha256"]) for name, record in files.items()}
