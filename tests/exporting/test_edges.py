"""Where a format has no more room: what just fits is written, what is one more is refused or noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import RigFormat, rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, signals
from tests.exporting.odd import marks, unit


def one(rate: float = 1000.0, size: int = 30, n_channels: int = 2, begin: float = 0.0, **more: Any) -> Recorded:
    """Return a segment of noise, with events and units if they are given."""
    stream = signals(1, "broadband", rate, n_channels, (begin,), (size,), gain=more.pop("gain", 0.195))
    channel = more.pop("channel", {})
    stream = replace(stream, channels=tuple(one._replace(**channel) for one in stream.channels))
    span = more.pop("span", (begin, begin + size / rate))
    return Recorded(
        START, (RecordedSpan(*span),), (stream,), more.pop("units", ()), more.pop("events", ()), "x", **more
    )


def apart(first: float, pause: float, rate: float = 1000.0, size: int = 30) -> Recorded:
    """Return two segments of so many samples with a pause of so many between them."""
    stream = signals(1, "broadband", rate, 2, (first, first + (size + pause) / rate), (size, size))
    spans = tuple(RecordedSpan(t, t + size / rate) for t in stream.t_starts)
    return Recorded(START, spans, (stream,), (), (), "x")


def fires(time: float, rate: float, size: int, **more: Any) -> Recorded:
    """Return a unit with a spike at a time of a long and slow stream, whose samples are 0."""
    source = one(rate, size, 1, units=(unit(1, "a", "CSC1", [[time]], 0, **more),))
    nothing = replace(source.signals[0], read=lambda k, start, stop: np.zeros((stop - start, 1), "<i2"))
    return source.only([nothing])


def unread(size: int) -> Recorded:
    """Return a stream of so many samples that nobody may read."""
    source = one(n_channels=1)
    return source.only([replace(source.signals[0], sizes=(size,), read=never)])


def never(*asked: object) -> Any:
    raise AssertionError(asked)


@pytest.fixture
def limited(name: str, limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> RigFormat:
    """A format whose limits are other ones meanwhile."""
    rig = rig_formats()[name]
    for constant, value in limits.items():
        monkeypatch.setattr(import_module(rig.write.__module__), constant, value)
    return rig


# The format; what its limits are meanwhile; what fits; what does not; what is said of that.
REFUSED: list[tuple[str, dict[str, Any], Callable[[], Recorded], Callable[[], Recorded], str]] = [
    ("axon", {"MOST_VALUES": 60}, one, lambda: one(size=31), r"60 samples at most, for Axon ABF2; found 62"),
    ("axon", {"MOST_VALUES": 60}, lambda: one(begin=0.06), lambda: one(begin=0.061), "segments that begin within"),
    ("axon", {}, lambda: one(begin=0.0), lambda: one(begin=-0.001), "segments that begin within"),
    ("alphaomega", {}, lambda: apart(0.0, 2), lambda: apart(0.0, 1), "segments with 2 samples between"),
    ("alphaomega", {}, lambda: apart(0.0, 2), lambda: apart(-0.001, 2), "times from 0 s up"),
    ("alphaomega", {"_MOST_SAMPLE": 62}, lambda: apart(0.0, 2), lambda: apart(0.0, 3), "times from 0 s up"),
    ("alphaomega", {}, lambda: one(gain=0.0153), lambda: one(gain=5 / 327), r"gains above 0\.015 .* found 0\.0152905 "),
    (
        "axona",
        {},
        lambda: fires((2**31 - 1) / 96_000, 1.0, 22_372),
        lambda: fires(2**31 / 96_000, 1.0, 22_372),
        r"within 2\*\*31 ticks",
    ),
    ("axona", {}, lambda: one(96_000.0), lambda: one(96_001.0), "whole Hz up to 96000, for Axona"),
    ("bci2000", {}, lambda: one(1e6), lambda: one(1e6 + 1), "whole Hz up to 1000000, for BCI2000"),
    ("micromed", {}, lambda: one(65_535.0), lambda: one(65_536.0), "whole Hz up to 65535, for Micromed"),
    ("micromed", {}, lambda: one(gain=65_535.0), lambda: one(gain=65_537.0), "a gain that a range of whole nV or µV"),
    ("neuroexplorer", {}, lambda: one(span=(0, (2**31 - 1) / 1000)), lambda: one(span=(0, 2**31 / 1000)), r"2147484 s"),
    (
        "neuroexplorer",
        {},
        lambda: one(span=(-(2**31 - 1) / 1000, 0)),
        lambda: one(span=(-(2**31) / 1000, 0)),
        r"2\*\*31",
    ),
    ("neuroexplorer", {"MOST_BYTES": 1088}, lambda: one(size=28), lambda: one(size=29), "below 4 GiB, .* 1092 bytes"),
    (
        "neuralynx",
        {},
        lambda: apart(0.0, 0.6),
        lambda: apart(0.0, 0.4),
        r"a pause after each; found one that ends at 0\.03 s",
    ),
    (
        "neuralynx",
        {},
        lambda: apart(0.0, 0.625, rate=1024.0, size=32),
        lambda: apart(0.0, 0.5, rate=1024.0, size=32),
        r"a pause after each; found one that ends at 0\.03125 s",
    ),
    ("neuroscope", {}, lambda: one(gain=1.6e-8), lambda: one(gain=1.5e-8), "1.6e-8 to 1.5e10 µV; found 1.5e-08"),
    ("neuroscope", {}, lambda: one(gain=1.5e10), lambda: one(gain=1.6e10), "1.6e-8 to 1.5e10 µV; found 1.6e"),
    ("plexon", {}, lambda: one(1000.0009), lambda: one(1000.0015), r"a whole number of Hz; found 1000\.0015 Hz"),
    (
        "intan",
        {},
        lambda: one(n_channels=1024),
        lambda: one(n_channels=1025),
        "1024 channels at most, of 8 ports; found 1025",
    ),
    ("spikeglx", {}, lambda: one(n_channels=1536), lambda: one(n_channels=1537), "at most 384 channels, or 1536 if"),
    ("edf", {}, lambda: one(gain=1e-4), lambda: one(gain=1e-12), "a gain for 8 characters; found 1e-12"),
    ("edf", {}, lambda: one(n_channels=639), lambda: one(n_channels=640), "639 channels at most.*found 640 at 1000 Hz"),
    ("axon", {}, lambda: one(begin=(2**31 - 1) / 1000), lambda: one(begin=2**31 / 1000), "segments that begin within"),
    (
        "alphaomega",
        {},
        lambda: one(begin=(2**32 - 31) / 1000),
        lambda: one(begin=(2**32 - 30) / 1000),
        r"times from 0 s up to 2\*\*32 samples",
    ),
    ("neuroexplorer", {}, one, lambda: unread(2_147_483_268), "a segment below 4 GiB, .*; found 4294967296 bytes"),
    ("plexon", {}, lambda: one(1.0), lambda: one(0.3), r"a whole number of Hz; found 0\.3 Hz"),
]


@pytest.mark.parametrize(
    ("name", "limits", "fits", "more", "said"), REFUSED, ids=[f"{k}-{row[0]}" for k, row in enumerate(REFUSED)]
)
def test_what_is_refused(
    limited: RigFormat, fits: Callable[[], Recorded], more: Callable[[], Recorded], said: str, tmp_path: Path
) -> None:
    """What just fits is written, one more is refused, with what there is room for and what there was."""
    assert write_rig(fits(), tmp_path / "fits", limited).files
    with pytest.raises(MockSessionError, match=said):
        write_rig(more(), tmp_path / "more", limited)


def named(name: str) -> Callable[[], Recorded]:
    return lambda: one(channel={"name": name})


def measured(units: str) -> Callable[[], Recorded]:
    return lambda: one(channel={"units": units})


def said_as(*labels: str, times: tuple[float, ...] = ()) -> Callable[[], Recorded]:
    at = [list(times) or [0.001 * (1 + 2 * k) for k in range(len(labels))]]
    return lambda: one(events=(marks("E", at, labels),))


def shaped(width: int, **more: Any) -> Callable[[], Recorded]:
    return lambda: one(units=(unit(1, "CSC1_SU1", "CSC1", [[0.01]], width, **more),))


def several(n: int) -> Callable[[], Recorded]:
    return lambda: one(30_000.0, 900, units=tuple(unit(k, f"u{k}", "CSC1", [[0.001]], 4) for k in range(n)), events=())


def events_called(name: str) -> Callable[[], Recorded]:
    return lambda: one(events=(marks(name, [[0.01]], ("1",)),))


def fires_on(channel: str) -> Callable[[], Recorded]:
    return lambda: one(units=(unit(1, "a", channel, [[0.01]], 4),))


def lines(n: int) -> Callable[[], Recorded]:
    return lambda: one(events=tuple(marks(f"e{k}", [[0.01]], ("1",)) for k in range(n)))


# The format; what its limits are meanwhile; what fits; what does not; what is noted of that alone.
NOTED: list[tuple[str, dict[str, Any], Callable[[], Recorded], Callable[[], Recorded], str]] = [
    ("axon", {}, named("n" * 32), named("n" * 33), "channel names: at most 32 characters of ASCII"),
    ("axon", {}, measured("u" * 8), measured("u" * 9), "units: at most 8 characters of ASCII"),
    ("axon", {}, said_as("l" * 56), said_as("l" * 57), "labels of events: at most 56 characters of CP1252"),
    ("axon", {}, said_as("a", times=(0.0,)), said_as("a", times=(-0.001,)), "times of events: those before 0 s"),
    ("elan", {}, named("n" * 60), named("n" * 61), "channel names: at most 60 characters of ASCII"),
    (
        "micromed",
        {"MOST_TRIGGERS": 2},
        said_as("1", "2"),
        said_as("1", "2", "3"),
        "events at the end: there is room for 2 t",
    ),
    (
        "micromed",
        {"MOST_NOTES": 2},
        said_as("a", "b", "1"),
        said_as("a", "b", "c"),
        "events at the end: there is room for 8",
    ),
    ("micromed", {}, said_as("l" * 40), said_as("l" * 41), "texts of labels: at most 40 characters of CP1252"),
    (
        "micromed",
        {},
        said_as("a", times=(0.001,)),
        said_as("a", times=(0.0,)),
        "an event at the first sample: sample 0",
    ),
    ("micromed", {}, named("n" * 6), named("n" * 7), "channel names: at most 6 characters of ASCII"),
    ("neuroexplorer", {}, named("n" * 63), named("n" * 64), "names: at most 63 characters of ASCII"),
    ("neuroexplorer", {}, said_as("l" * 255), said_as("l" * 256), "labels of E: at most 255 characters of ASCII"),
    ("winedr", {}, named("n" * 16), named("n" * 17), "channel names: at most 16 characters of ASCII"),
    ("winwcp", {}, named("n" * 16), named("n" * 17), "channel names: at most 16 characters of ASCII"),
    ("winwcp", {}, lambda: one(size=256), lambda: one(size=255), "the end: a record has multiples of 256 samples"),
    ("rawmcs", {}, named("n" * 64), named("n" * 65), "channel names: at most 64 characters of CP1252"),
    ("axona", {}, lambda: one(n_channels=4), lambda: one(n_channels=5), "the last tetrode: it has four channels"),
    ("axona", {}, lambda: one(size=30), lambda: one(size=31), "the end: packets have 3 samples: the last ones are 0"),
    ("bci2000", {}, lambda: one(gain=2.0), lambda: one(gain=1.5), "decimals of gains: they are in the file, but"),
    ("brainvision", {}, said_as("a-b"), said_as("a=b"), "labels of E: an equals sign is written as -"),
    ("intan", {}, lines(16), lines(17), "events of e16: there are 16 digital inputs"),
    ("spikegadgets", {}, lines(32), lines(33), "events of e32: there are 32 digital inputs"),
    ("spikeglx", {}, lines(15), lines(16), "events of e15: a digital word has 15 lines beside the sync wave's"),
    ("openephys_legacy", {}, lines(256), lines(257), "events of e256: there are 256 lines"),
    (
        "openephys_legacy",
        {},
        lambda: one(size=1024),
        lambda: one(size=1023),
        "ends of segments: the last record of 1024",
    ),
    ("blackrock", {}, several(16), several(17), "unit u16: 2048 electrodes of 16 units at most"),
    ("plexon", {}, several(26), several(27), "unit u26: an electrode has 26 units at most"),
    ("tdt", {}, several(30), several(31), "unit u30: a channel has 30 sort codes"),
    ("neuralynx", {}, shaped(32), shaped(33), "long waveforms: a record has 32 samples: these about the spike"),
    ("neuralynx", {}, named("n" * 60), named("n" * 61), "names of channels: at most 60 characters of LATIN-1"),
    ("neuralynx", {}, said_as("l" * 127), said_as("l" * 128), "labels: at most 127 characters of ASCII"),
    ("edf", {}, named("n" * 16), named("n" * 17), "name 'nnnnnnnnnnnnnnnnn': at most 16 characters of ASCII"),
    (
        "edf",
        {},
        lambda: one(gain=0.25, channel={"offset": 0.0002}),
        lambda: one(gain=0.25, channel={"offset": 0.0003}),
        "offsets: 8 characters of a range: values are up to a fifth of a count off",
    ),
    ("blackrock", {}, measured("p" * 15), measured("p" * 16), "units of channels: at most 15 characters of ASCII"),
    ("edf", {}, said_as("l" * 200), said_as("l" * 201), "labels of E: cut at 200 bytes"),
    (
        "phy",
        {},
        shaped(4),
        lambda: replace(shaped(4)(), units=(replace(shaped(4)().units[0], name="n" * 61),)),
        "name of 'nn",
    ),
    ("plexon", {}, named("n" * 127), named("n" * 128), "names of channels: at most 127 characters of ASCII"),
    (
        "plexon",
        {},
        said_as("l" * 125),
        said_as("l" * 126),
        "comments of event channels: at most 127 characters of ASCII",
    ),
    ("alphaomega", {}, events_called("e" * 30), events_called("e" * 31), f"name of {'e' * 31}: at most 30 characters"),
    (
        "alphaomega",
        {},
        shaped(4, rate=1000 * (1 + 9e-7)),
        shaped(4, rate=1000 * (1 + 1.2e-6)),
        "waveforms of CSC1_SU1: their samples are taken for those of the fastest stream",
    ),
    ("plexon", {}, fires_on("c" * 31), fires_on("c" * 32), "ids of spikes' channels: at most 31 characters of ASCII"),
]


@pytest.mark.parametrize(
    ("name", "limits", "fits", "more", "said"), NOTED, ids=[f"{k}-{row[0]}" for k, row in enumerate(NOTED)]
)
def test_what_is_noted(
    limited: RigFormat, fits: Callable[[], Recorded], more: Callable[[], Recorded], said: str, tmp_path: Path
) -> None:
    """Of what just fits nothing is noted, of one more that it is cut or left out."""
    assert not [line for line in write_rig(fits(), tmp_path / "fits", limited).left_out if line.startswith(said)]
    assert [line for line in write_rig(more(), tmp_path / "more", limited).left_out if line.startswith(said)]


def test_electrodes_that_blackrock_has_no_number_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each unit of an electrode beyond the last is left out and named."""
    monkeypatch.setattr("mockrawio.formats.blackrock.events._MOST_ELECTRODES", 1)
    units = [unit(k, f"u{k}", channel, [[0.01]], 4) for k, channel in enumerate(("CSC1", "CSC2", "CSC2"), 1)]
    written = write_rig(one(units=tuple(units)), tmp_path / "x", rig_formats()["blackrock"])
    left = [line.split(":")[0] for line in written.left_out if "electrodes of" in line]
    assert left == ["unit u2", "unit u3"]
