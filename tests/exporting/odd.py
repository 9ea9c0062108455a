"""Recordings that are odd in every way a rig's files can be: ``python -m tests.exporting.odd`` pins them anew.

What comes of each in each format is in ``odd.json``: what is left out, how Neo opens it and a digest of its bytes, or
the message of the error.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio import MockSessionError
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import (
    Recorded,
    RecordedChannel,
    RecordedEvents,
    RecordedSignals,
    RecordedSpan,
    RecordedUnit,
)
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import signals
from tests.exporting.tiny import digest, said

PINS = Path(__file__).with_name("odd.json")
RATE = 30_000.0
LABELS = ("7", "007", "", "Straße", "a\nb,c", "-1", "65536", "255", "256", "x" * 90, "12", "\u03bcV;=1")
# The last second of a year, by a clock that is two hours ahead.
START = datetime(2023, 12, 31, 22, 59, 59, 987_654, tzinfo=timezone(timedelta(hours=2)))


def _window(trains: Sequence[np.ndarray], values: Sequence[np.ndarray]) -> Callable[..., np.ndarray]:
    """Return what gives the values of a segment from a time to another."""

    def window(k: int, low: float | None, high: float | None) -> np.ndarray:
        kept = (trains[k] >= (-np.inf if low is None else low)) & (trains[k] <= (np.inf if high is None else high))
        return values[k][kept]

    return window


def unit(seed: int, name: str, channel: str | None, trains: Sequence[Sequence[float]], width: int, **more: Any) -> Any:
    """Return a unit that fires at these times (s), with waveforms of `width` samples, none if that is 0."""
    rng, times = np.random.default_rng(seed), [np.array(train, np.float64) for train in trains]
    shapes = [rng.integers(-32768, 32768, (len(train), 1, width), dtype=np.int16) for train in times]
    given = {"rate": RATE, "n_samples": width, "left_sweep": 9 / RATE, "gain": 0.195, **more} if width else more
    waveforms = _window(times, shapes) if width else None
    return RecordedUnit(name, name, channel, lambda k: len(times[k]), _window(times, times), waveforms, **given)


def marks(
    name: str, times: Sequence[Sequence[float]], labels: Sequence[str], lasting: Sequence[float] = ()
) -> RecordedEvents:
    """Return events at these times (s) of each segment with labels in turn; epochs if they last (s)."""
    known = [np.array(some, np.float64) for some in times]
    texts = [np.array([labels[k % len(labels)] for k in range(len(some))], np.str_) for some in known]
    ends = [np.resize(np.array(lasting or [0.0]), len(some)) for some in known]

    def read(k: int, low: Any, high: Any) -> Any:
        window = (_window(known, one)(k, low, high) for one in (known, ends, texts))
        found, durations, names = window
        return found, durations if lasting else None, names

    return RecordedEvents(name, name, bool(lasting), lambda k: len(known[k]), read)


def _named(stream: RecordedSignals, *rows: tuple[str, str, float, float]) -> RecordedSignals:
    """Return a stream whose channels have names, units, gains and offsets in turn."""
    channels = [RecordedChannel(one.id, *rows[k % len(rows)]) for k, one in enumerate(stream.channels)]
    return replace(stream, channels=tuple(channels))


def _spread(t_start: float, n: int, first: int, step: int) -> list[float]:
    return [t_start + (first + step * k) / RATE for k in range(n)]


def late() -> Recorded:
    """Two segments an hour after the start, another day; units of all kinds; events that touch all edges."""
    t_starts, sizes = (3661.5, 3661.75), (1000, 451)
    spans = tuple(RecordedSpan(t, t + n / RATE) for t, n in zip(t_starts, sizes, strict=True))
    streams = (
        signals(1, "broadband", RATE, 5, t_starts, sizes, gain=0.195),
        signals(2, "lfp", 1000.0, 2, t_starts, (34, 16), gain=0.5),
    )
    a, b = t_starts
    units = (
        unit(1, "CSC1_SU1", "CSC1", [_spread(a, 9, 20, 90), _spread(b, 3, 30, 100)], 32),
        unit(2, "CSC1_MU2", "CSC1", [_spread(a, 4, 20, 180), []], 32, multi=True),
        unit(3, "CSC4_SU1", "CSC4", [[], _spread(b, 2, 40, 77)], 48, rate=48_000.0, gain=0.5, units="mV", offset=0.7),
        unit(4, "CSC5_SU1", "CSC5", [_spread(a, 5, 1, 66.6), _spread(b, 3, 10, 50.5)], 0),
        unit(5, "no channel", None, [_spread(a, 2, 500, 30), []], 20, left_sweep=0.0),
        unit(6, "silent", "CSC2", [[], []], 32),
        unit(7, "early and late", "CSC3", [[a - 0.01, a, a + 1000 / RATE], [b + 0.2]], 32),
    )
    edges = [0, 1, 2, 2, 3, 500, 640, 641, 998, 999, 1000, 1002]
    outside = [-3, -1, *edges]
    events = (
        marks("Events", [[a + k / RATE for k in outside], [b + k / RATE for k in (5, 450, 451, 600)]], LABELS),
        marks("DAQ", [_spread(a, 6, 10, 150), _spread(b, 3, 0, 200)], ("3", "5"), (0.0, 0.001, 0.02, 0.0051)),
        marks("no events", [[], []], ("9",)),
        marks("codes", [_spread(a, 10, 30, 60), [b]], ("0", "1", "32767", "32768", "65535", "99999", "9" * 20)),
    )
    return Recorded(START, spans, streams, units, events, "recording", "two days")


def early() -> Recorded:
    """A segment that begins before 0 s, with no event beyond its samples, one epoch channel and one unit."""
    t_starts, sizes = (-1.25,), (600,)
    stream = signals(3, "broadband", RATE, 3, t_starts, sizes, gain=0.195)
    units = (unit(1, "CSC1_SU1", "CSC1", [_spread(-1.25, 5, 20, 100)], 32),)
    events = (marks("DAQ", [_spread(-1.25, 4, 100, 120)], ("2", "4"), (0.001,)),)
    return Recorded(START, (RecordedSpan(-1.25, -1.23),), (stream,), units, events, "recording", "early")


def uneven() -> Recorded:
    """Channels whose gains, offsets, units and names are all different, from 0 s on."""
    stream = signals(4, "broadband", RATE, 6, (0.0,), (300,))
    names = ("", " x ", "a\0b", "µ" * 40, "CSC5", "CSC6")
    units, gains = ("uV", "mV", "nV", "pA", "V", "uV"), (0.25, 0.0005, 300.0, 1.5, 1e-6, 2.0)
    rows = zip(names, units, gains, (0.0, 0.5, -100.0, 1.0, 0.0, -3.25), strict=True)
    return Recorded(START, (RecordedSpan(0.0, 0.01),), (_named(stream, *rows),), (), (), "recording", "uneven")


def one_gain() -> Recorded:
    """The same in channels of one gain, in mV, some of them turned round, and with offsets."""
    stream = signals(5, "broadband", RATE, 4, (0.0,), (301,))
    rows = [(f"LFP {k}", "mV", sign * 0.000195, offset) for k, sign, offset in ((1, 1, 0), (2, -1, 0.001), (3, 1, -1))]
    units = tuple(
        unit(k, f"CSC{k}_SU1", f"CSC{k}", [_spread(0.0, 5, 20, 50)], 32, gain=gain, units="mV")
        for k, gain in ((1, 0.000195), (2, -0.000195))
    )
    return Recorded(START, (RecordedSpan(0.0, 301 / RATE),), (_named(stream, *rows),), units, (), "recording", "mV")


def least() -> Recorded:
    """One sample of one channel, and nothing else."""
    stream = signals(6, "broadband", RATE, 1, (0.0,), (1,), gain=0.195)
    return Recorded(START.replace(microsecond=0), (RecordedSpan(0.0, 1 / RATE),), (stream,), (), (), "recording")


def spikes() -> Recorded:
    """Spikes and events without signals, in two segments."""
    return replace(late(), signals=())


def slow() -> Recorded:
    """Two streams of rates that are no whole Hz; the second one is the faster."""
    rates, t_starts = (508.626, 2034.505), (0.0,)
    streams = tuple(signals(7, f"slow {k}", rate, 2, t_starts, (int(rate / 4),)) for k, rate in enumerate(rates))
    events = (marks("Events", [[0.0, 0.1, 0.2]], ("1", "2")),)
    return Recorded(START, (RecordedSpan(0.0, 0.2501),), streams, (), events, "recording", "slow")


def wide() -> Recorded:
    """Seventy channels at one instant, at places of a probe."""
    stream = signals(8, "broadband", RATE, 70, (0.0,), (40,), gain=0.195)
    places = np.stack([np.arange(70) % 2 * 32.0, np.arange(70) // 2 * 20.0], axis=1)
    stream = replace(stream, positions=places, at_once=True)
    return Recorded(START, (RecordedSpan(0.0, 40 / RATE),), (stream,), (), (), "recording", "wide")


def many() -> Recorded:
    """Thirty-four event channels, as many units of one channel, and an LFP of the same channels and gain."""
    t_starts, sizes = (0.0,), (900,)
    streams = (
        signals(9, "broadband", RATE, 2, t_starts, sizes, gain=0.195),
        signals(10, "lfp", 1500.0, 2, t_starts, (45,), gain=0.195),
    )
    units = tuple(unit(k, f"CSC1_SU{k + 1}", "CSC1", [[(20 + 25 * k) / RATE]], 12) for k in range(34))
    events = tuple(marks(f"line {k}", [[(3 + 20 * k) / RATE]], ("on",)) for k in range(34))
    return Recorded(START, (RecordedSpan(0.0, 0.03),), streams, units, events, "recording", "many")


def deep() -> Recorded:
    """Contacts with places in three axes, of a stream that begins later than the recording; a longer waveform."""
    stream = signals(11, "broadband", RATE, 4, (0.5,), (400,), gain=0.195)
    places = np.array([[0.0, 20.0, 1.0], [16.0, 20.0, 2.0], [0.0, 40.0, 3.0], [16.0, 40.0, -4.25]])
    stream = replace(stream, positions=places, id="imec1.ap", name="imec1.ap")
    other = replace(signals(12, "nidq", 15_000.0, 1, (0.5 + 1 / 15_000,), (200,), gain=0.195), id="nidq", name="nidq")
    units = (unit(1, "CSC2_SU1", "CSC2", [_spread(0.5, 3, 50, 100)], 130, left_sweep=40 / RATE),)
    return Recorded(START, (RecordedSpan(0.5, 0.52),), (stream, other), units, (), "recording", "deep")


def _on(stream: RecordedSignals, number: str, *contacts: str, **more: Any) -> RecordedSignals:
    """Return a stream of these contacts of one of IMEC's probes."""
    columns = list(range(len(contacts)))
    probe = {"annotations": {"model_name": number}, "contact_ids": list(contacts), "device_channel_indices": columns}
    return replace(stream, probe={"probes": [{**probe, **more}]})


def probed() -> Recorded:
    """Both bands of a Neuropixels 1.0 whose channels have gains of their own, a sync wave and an analog channel."""
    t_starts, contacts = (0.0, 0.05), ("e0", "e1", "e386", "e3")
    ap, lf = (
        _on(signals(k, name, rate, 4, t_starts, sizes), "NP1000", *contacts)
        for k, name, rate, sizes in ((13, "broadband", RATE, (600, 301)), (14, "lfp", 2500.0, (50, 26)))
    )
    ap, lf = (
        _named(one, *((f"{kind}{k}", "uV", 0.6 / 512 / gain * 1e6, 0.0) for k, gain in enumerate(gains)))
        for one, kind, gains in ((ap, "AP", (500, 250, 1000, 3000)), (lf, "LF", (250, 50, 125, 250)))
    )
    wave = replace(signals(15, "sync", RATE / 2, 1, t_starts, (300, 151)), id="sync", name="sync")
    levels = np.arange(451, dtype="<i2")[:, None] // 70 % 2
    wave = replace(wave, read=lambda k, start, stop: levels[300 * k + start : 300 * k + stop])
    analog = signals(16, "analog", 10_000.0, 2, t_starts, (200, 101), gain=152.587890625)
    events = (marks("Events", [[0.001, 0.015], [0.051]], ("1", "2")),)
    spans = tuple(RecordedSpan(t, t + n / RATE) for t, n in zip(t_starts, (600, 301), strict=True))
    return Recorded(START, spans, (lf, wave, ap, analog), (), events, "recording", "a=probe")


def shanks() -> Recorded:
    """Contacts on four shanks of a Neuropixels 2.0, its own sync channel, and an LF band that no such probe has."""
    notes = {"adc_group": [0, 1, 0, 3], "adc_sample_order": [0, 0, 1, 15]}
    ap = _on(
        signals(17, "imec0.ap", RATE, 4, (0.0,), (700,)),
        "NP2010",
        "s0e0",
        "s1e5",
        "s3e7",
        "s2e1279",
        contact_annotations=notes,
    )
    own = signals(18, "imec0.ap-SYNC", RATE, 1, (0.0,), (700,))
    lf = signals(19, "imec0.lf", 2500.0, 4, (0.0,), (58,), gain=0.5)
    return Recorded(START, (RecordedSpan(0.0, 0.024),), (own, lf, ap), (), (), "recording", "shanks")


ODD: dict[str, Callable[[], Recorded]] = {
    one.__name__: one for one in (late, early, uneven, one_gain, least, spikes, slow, wide, many, deep, probed, shanks)
}
LIBRARY_OWN = ("nix", "nwb")  # what is in their files depends on a library's version
FEW = ("late", "one_gain", "spikes", "deep")
REQUANTISED = [
    (name, kind)
    for name, entry in rig_formats().items()
    if "requantise" in entry.options
    for kind in ("uneven", "one_gain")
]


def _contents(path: Path) -> list[Any]:
    """Return what an HDF5 file holds, whatever its library makes of that."""
    import h5py

    found: list[Any] = []

    def note(name: str, item: Any) -> None:
        own = sorted((key, np.asarray(value)) for key, value in item.attrs.items())
        values = item[()] if isinstance(item, h5py.Dataset) else None
        found.append([name, [[key, _said(value)] for key, value in own], None if values is None else _said(values)])

    with h5py.File(path, "r") as file:
        file.visititems(note)
    return found


def _said(value: Any) -> list[Any]:
    array = np.asarray(value)
    data = array.tobytes() if array.dtype.kind in "biufc" else repr(array.tolist()).encode()
    return [str(array.dtype), list(array.shape), hashlib.sha256(data).hexdigest()[:12]]


def digest_of(folder: Path, library: bool) -> str:
    """Return a digest of all files, of those that a library writes as HDF5 of what they hold."""
    if not library:
        return digest(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    import h5py

    whole = [_contents(path) if h5py.is_hdf5(path) else path.read_bytes().hex() for path in files]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def outcome(name: str, source: Recorded, folder: Path, **options: Any) -> dict[str, Any]:
    """Write a recording in a format and return what came of it."""
    entry = rig_formats()[name]
    told: list[int] = []
    try:
        made = write_rig(source, folder, entry, tick=told.append, **options)
    except MockSessionError as error:
        return {"error": str(error).replace(str(folder), "")}
    parts = [{key: repr(value) for key, value in part.items()} for part in made.parts]
    left_out = [re.sub(r"at 0x\w+", "", line) for line in made.left_out]
    found = {"left_out": left_out, "parts": parts, "ticks": sum(told)}
    return found if name in LIBRARY_OWN else {**found, "bytes": digest_of(folder, bool(entry.extras))}


def outcomes(name: str, root: Path) -> dict[str, Any]:
    """Return what comes of all odd recordings in a format."""
    kinds = FEW if name in LIBRARY_OWN else tuple(ODD)  # for libraries take long for each file
    found = {kind: outcome(name, ODD[kind](), root / kind) for kind in kinds}
    for kind in (kind for one, kind in REQUANTISED if one == name):
        how = {"requantise": True}
        found[said(kind, how)] = outcome(name, ODD[kind](), root / said(kind, how), **how)
    return found


def pin() -> None:
    """Write what comes of them to the file that the tests read."""
    with tempfile.TemporaryDirectory() as root:
        found = {name: outcomes(name, Path(root) / name) for name in sorted(rig_formats())}
    PINS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    pin()
