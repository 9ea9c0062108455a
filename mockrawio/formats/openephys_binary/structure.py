"""``structure.oebin``, ``settings.xml`` and the names of folders, after the GUI's *Binary format* page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..recorded import MICROVOLTS, RecordedSignals, RecordedUnit

GUI = "0.6.7"
NODE = "Record Node 101"
NODE_ID = 101
SOURCE, SOURCE_ID = "Acquisition Board", 100
SPIKES, SPIKES_ID = "Spike Detector", 102
PXI, PXI_ID = "Neuropix-PXI", 103
_FIRST_EVENTS_ID = 104
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
IN_UV = {units: scale for units, scale in MICROVOLTS.items() if units != "V"}  # volts stay volts, as an ADC's


class NodeFolder(NamedTuple):
    """A stream, or what has events or spikes."""

    name: str  # as it was given
    folder: str  # of it, below "continuous", "events" or "spikes"
    stream: str  # what the GUI calls the stream
    processor: tuple[str, int] = (SOURCE, SOURCE_ID)  # where a stream is from


class Electrode(NamedTuple):
    """Units of one channel that have waveforms of one kind."""

    source: NodeFolder
    units: tuple[RecordedUnit, ...]


def folder_name(name: str, taken: set[str]) -> str:
    """Return a name as a folder can have it, and none of the others has; it is added to them."""
    base = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:100] or "_"
    found, k = base, 1
    while found.lower() in taken:
        k += 1
        found = f"{base}_{k}"
    taken.add(found.lower())
    return found


def dated(when: datetime, form: str) -> str:
    """Return a date by strftime's form, with "{}" for the English month."""
    return f"{when:{form}}".format(_MONTHS[when.month - 1])


def stream_source(name: str, taken: set[str], band: str | None) -> NodeFolder:
    """Return where a stream of samples is; those of a Neuropixels probe have its AP or LFP `band`."""
    stream = folder_name(name if band is None else f"ProbeA-{band}", taken)
    processor = (SOURCE, SOURCE_ID) if band is None else (PXI, PXI_ID)
    return NodeFolder(name, f"{_underscored(processor[0])}-{processor[1]}.{stream}", stream, processor)


def event_source(k: int, name: str, stream: str) -> NodeFolder:
    """Return where an event channel is: each is the one line of a processor of its own."""
    return NodeFolder(name, f"Events-{_FIRST_EVENTS_ID + k}.{stream}/TTL", stream)


def electrode_source(name: str, stream: str, taken: set[str]) -> NodeFolder:
    """Return where an electrode's spikes are."""
    return NodeFolder(name, f"{_underscored(SPIKES)}-{SPIKES_ID}.{stream}.{folder_name(name, taken)}", stream)


def _underscored(name: str) -> str:
    return name.replace(" ", "_")


def channel_names(names: Sequence[str]) -> list[str]:
    """Return names of channels as readers can have them: no two alike, "ADC" and "SYNC" for nothing else than those."""
    made: list[str] = []
    for name in names:
        base = name.replace("ADC", "Adc")
        base = base if len(names) == 1 else base.replace("SYNC", "Sync")
        made.append(
            next(one for k in range(1, len(names) + 1) if (one := f"{base}_{k}" if k > 1 else base) not in made)
        )
    return made


def continuous(source: NodeFolder, signals: RecordedSignals) -> dict[str, Any]:
    """Return what the structure says of a stream."""
    channels = [
        {
            "channel_name": name,
            "description": "Headstage data channel",
            "identifier": "genericdata.continuous",
            "history": f"{source.processor[0]} -> Record Node",
            "bit_volts": one.gain * IN_UV.get(one.units, 1.0),
            "units": "uV" if one.units in IN_UV else one.units,
        }
        for one, name in zip(signals.channels, channel_names([one.name for one in signals.channels]), strict=True)
    ]
    return {
        "folder_name": f"{source.folder}/",
        "sample_rate": signals.rate,
        "source_processor_name": source.processor[0],
        "source_processor_id": source.processor[1],
        "stream_name": source.stream,
        "recorded_processor": "Record Node",
        "recorded_processor_id": NODE_ID,
        "num_channels": len(channels),
        "channels": channels,
    }


def ttl(source: NodeFolder, rate: float, width: int) -> dict[str, Any]:
    """Return what the structure says of an event channel whose labels take up to `width` bytes."""
    said = _events(source, rate, "int16", "Events", "A line that is high while an event lasts")
    label = {"name": "label", "description": "What the event is called", "identifier": "label", "type": "char"}
    return said | {"initial_state": 0, "event_metadata": [label | {"length": width}]}


def messages(rate: float, stream: str) -> dict[str, Any]:
    """Return what the structure says of messages."""
    return _events(NodeFolder("Messages", "MessageCenter", stream), rate, "string", "Message Center", "Text messages")


def _events(source: NodeFolder, rate: float, kind: str, processor: str, what: str) -> dict[str, Any]:
    return {
        "folder_name": f"{source.folder}/",
        "channel_name": source.name,
        "description": what,
        "identifier": "sourceevent",
        "sample_rate": rate,
        "type": kind,
        "source_processor": processor,
        "stream_name": source.stream,
    }


def spikes(electrode: Electrode, rate: float, bit_volts: float) -> dict[str, Any]:
    """Return what the structure says of an electrode."""
    source, first = electrode.source, electrode.units[0]
    before = round(first.left_sweep * first.rate)
    return {
        "name": source.name,
        "folder": source.folder,
        "description": "Units: " + ", ".join(unit.name for unit in electrode.units),
        "identifier": "spikechannel",
        "source_processor_id": SPIKES_ID,
        "stream_name": source.stream,
        "sample_rate": first.rate or rate,
        "num_channels": 1,
        "pre_peak_samples": before,
        "post_peak_samples": first.n_samples - before,
        "source_channels": [{"name": source.name, "local_index": 0, "bit_volts": bit_volts}],
    }


def oebin(continuous: Sequence[Any], events: Sequence[Any], spikes: Sequence[Any]) -> bytes:
    """Return the structure of a recording."""
    whole = {"GUI version": GUI, "continuous": continuous, "events": events, "spikes": spikes}
    return (json.dumps(whole, indent=4) + "\n").encode()
