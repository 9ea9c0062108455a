"""BCI2000 files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedEvents, RecordedSignals, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["bci2000"]


def state(events: RecordedEvents, stream: RecordedSignals, k: int) -> np.ndarray:
    """Return which event a state is of at each sample, from 1, and 0 between events: one sample after another."""
    times, durations, _ = events.read(k, None, None)
    frames = np.rint((times - stream.t_starts[k]) * stream.rate).astype(int)
    widths = np.full(len(times), 0.005) if durations is None else durations
    made, last = np.zeros(stream.sizes[k], int), -2
    for place in np.argsort(frames, kind="stable"):
        frame = max(frames[place], 1) if frames[place] >= 0 else -9
        if last + 2 <= frame < len(made):
            made[frame - 1] = 0  # the one before ends here
            made[frame : frame + max(round(widths[place] * stream.rate), 1)] = place + 1
            last = frame
    return made


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: an event wherever a state changes."""
    stream = recorded.signals[0]

    def one(events: RecordedEvents) -> RecordedEvents:
        def read(k: int, low: Any, high: Any) -> Any:
            changes = np.flatnonzero(np.diff(state(events, stream, k))) + 1
            return stream.t_starts[k] + changes / stream.rate, None, np.zeros(len(changes), "U1")

        return replace(events, read=read)

    return replace(recorded, events=tuple(map(one, recorded.events)))


proof = Proof("bci2000", ours=as_neo)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, and each event channel as a state."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(rates=(1000.0, 30000.0, 32000.0)))
def test_drawn(recorded: Recorded) -> None:
    """Any width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_codes(tmp_path: Path) -> None:
    """A state has the event's code while it lasts: 5 ms of an event, all of an epoch."""
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    reader, (told,) = exported.open(), (line for line in exported.left_out if line.startswith("texts of labels:"))
    vector = np.array(reader._memmap["state_vector"])
    assert vector.shape == (1600, 9)
    assert set(vector[:, 4]) == {3}
    ms = vector[:, :2].copy().view("<u2")[:, 0]
    np.testing.assert_array_equal(ms, np.arange(1600) // 1280 * 40)
    for number, events in enumerate(source.events):
        expected, codes = state(events, source.signals[0], 0), vector[:, 5 + 2 * number :][:, :2].copy().view("<u2")
        labels = events.read(0, None, None)[2]
        for code, place in zip(codes[:, 0].tolist(), expected.tolist(), strict=True):
            label = str(labels[place - 1])
            assert code == 0 if not place else (label == str(code) or f"{label!r} is {code}" in told)


def of(names: list[str], rate: float = 1000.0, gain: float = 0.195, events: tuple[str, ...] = ()) -> Recorded:
    """Return a recording of 60 samples, with channels and event channels of these names."""
    stream = signals(1, "broadband", rate, len(names), (0.0,), (60,), gain=gain)
    channels = tuple(one._replace(name=name) for one, name in zip(stream.channels, names, strict=True))

    def empty(k: int, low: float | None, high: float | None) -> tuple[Any, Any, Any]:
        return np.zeros(0), None, np.zeros(0, "U1")

    marks = tuple(RecordedEvents(name, name, False, lambda k: 0, empty) for name in events)
    span = (RecordedSpan(0, 60 / rate),)
    return Recorded(START, span, (replace(stream, channels=channels),), (), marks, "recording")


def test_names(tmp_path: Path) -> None:
    """Channels keep any name but an empty one; states have words for names, each its own."""
    source = of(["Öl // 1", "a b\n", "0x1G", ""], events=("Reiz 1", "Reiz,1", "Running"))
    exported = write_rig(source, tmp_path / "out", FORMAT)
    header = exported.open().header
    assert header["signal_channels"]["name"].tolist() == ["Öl // 1", "a b\n", "0x1G", "%"]
    assert header["event_channels"]["name"].tolist()[4:] == ["Reiz_1", "Reiz_1_", "Running_"]


@pytest.mark.parametrize("gain", [1e-4, 0.195, -0.0625, 1.0, 250.0])
def test_gains(gain: float, tmp_path: Path) -> None:
    """Neo reads gains below 1, and whole ones."""
    rows = write_rig(of(["a"], gain=gain), tmp_path / "out", FORMAT).open().header["signal_channels"]
    np.testing.assert_allclose(rows["gain"], gain, rtol=1e-9)


def test_gains_that_neo_cuts(tmp_path: Path) -> None:
    """Of other gains the file has all digits, Neo has the whole number, and that is noted."""
    exported = write_rig(of(["a"], gain=1.5), tmp_path / "out", FORMAT)
    assert b"SourceChGain= 1 1.5 //" in (exported.folder / exported.files[0]).read_bytes()
    assert exported.open().header["signal_channels"]["gain"].tolist() == [1.0]
    assert any(line.startswith("decimals of gains") for line in exported.left_out)


def test_other_rates(tmp_path: Path) -> None:
    """A rate that is not whole is refused."""
    with pytest.raises(MockSessionError, match="whole Hz"):
        write_rig(of(["a"], rate=24414.0625), tmp_path / "out", FORMAT)
