"""What ``mockrawio formats`` shows: which formats there are, what each holds, and how its files can be broken."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import wrap
from typing import Any

from ..formats.rig import Holds, RigFormat, rig_formats

_WIDTH = 88
# What a format may hold besides samples, as a row of the table says it.
_THINGS = {
    "names": "names",
    "offsets": "offsets",
    "t_start": "start",
    "date": "date",
    "segments": "segments",
    "units": "spikes",
    "waveforms": "waveforms",
    "events": "events",
    "labels": "labels",
    "durations": "durations",
    "probe": "probe",
}


def held(holds: Holds) -> tuple[str, ...]:
    """Return what a format holds besides samples, in the words of the table."""
    return tuple(word for name, word in _THINGS.items() if getattr(holds, name))


def lacking(holds: Holds) -> tuple[str, ...]:
    """Return what a format does not hold, in the words of the table."""
    return tuple(word for name, word in _THINGS.items() if not getattr(holds, name))


def formats_listing() -> tuple[dict[str, Any], list[str]]:
    """Return all formats as JSON has them, and as lines of text."""
    formats = rig_formats()
    content = {name: _described(entry) for name, entry in formats.items()}
    wide = max(map(len, formats))
    lines = []
    for name, entry in formats.items():
        lines += [f"{name:{wide}}  {entry.title}: {entry.files}"]
        about = [entry.holds.streams, f"gains {entry.holds.gains}", *held(entry.holds)]
        lines += _wrapped("; ".join(["holds " + ", ".join(about), *_options(entry)]), wide + 2)
    return content, lines


def faults_listing() -> tuple[dict[str, Any], list[str]]:
    """Return the faults of all formats as JSON has them, and as lines of text."""
    content, lines = {}, []
    for name, entry in rig_formats().items():
        content[name] = {
            fault.name: {"what": fault.what, "should": fault.should, "seen": fault.seen} for fault in entry.faults
        }
        for fault in entry.faults:
            lines.append(f"{name} {fault.name}")
            lines += _wrapped(f"{fault.what}; a reader should {fault.should} ({fault.seen})", 4)
    return content, lines


def _described(entry: RigFormat) -> dict[str, Any]:
    return {
        "title": entry.title,
        "files": entry.files,
        "neo": entry.neo,
        "spikeinterface": entry.extractor,
        "source": entry.source,
        "holds": asdict(entry.holds),
        "options": entry.options,
        "faults": [fault.name for fault in entry.faults],
    }


def _options(entry: RigFormat) -> list[str]:
    shown = ", ".join(f"{name}={default}" for name, default in entry.options.items())
    return [f"options {shown}"] if shown else []


def _wrapped(text: str, indent: int) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)
