"""Recordings that Hypothesis draws: small, of any rate, width and number of segments, and odd in their names."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mockrawio.formats.recorded import (
    Recorded,
    RecordedChannel,
    RecordedEvents,
    RecordedSignals,
    RecordedSpan,
    RecordedUnit,
)
from tests.length import rounds

RATES = (1000.0, 24414.0625, 30000.0, 100_000 / 3, 32000.0)
WIDTHS = (1, 2, 5, 32, 385)
START = datetime(2021, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
LABELS = ("1", "on", "a, b", "Straße", "x=1;2")


def tried(n: int) -> int:
    """Return how many recordings a test draws: half of `n`, at length `n`, or `n` as often as ``EXPORT_TRIES`` says."""
    times = os.environ.get("EXPORT_TRIES")
    return n * int(times) if times else rounds((n + 1) // 2, n)


def signals(
    seed: int, name: str, rate: float, n_channels: int, t_starts: tuple[float, ...], sizes: tuple[int, ...], **more: Any
) -> RecordedSignals:
    """Return a stream of noise that reaches both ends of int16; `more` may have a `gain`."""
    rng = np.random.default_rng(seed)
    pieces = [rng.integers(-32768, 32768, (n, n_channels), dtype=np.int16) for n in sizes]
    gain = more.get("gain", 0.195)
    channels = tuple(RecordedChannel(f"CSC{k + 1}", f"{name[:2]}{k + 1}", "uV", gain, 0.0) for k in range(n_channels))
    return RecordedSignals(name, name, rate, channels, t_starts, sizes, lambda k, a, b: pieces[k][a:b])


def unit(seed: int, name: str, channel: str, spans: tuple[RecordedSpan, ...], rate: float, n: int) -> RecordedUnit:
    """Return a unit of `n` spikes a segment at most, on samples, with waveforms of 32 samples."""
    rng = np.random.default_rng(seed)
    trains, shapes = [], []
    step = int(np.ceil(0.0021 * rate))  # Neo's rules ask for the second spike, 1 ms before and after it
    for span in spans:
        room = max((int((span.t_stop - span.t_start) * rate) - 1) // step, 1)
        frames = step * np.sort(rng.choice(room, min(n, room), replace=False))
        trains.append(span.t_start + frames / rate)
        shapes.append(rng.integers(-32768, 32768, (len(frames), 1, 32), dtype=np.int16))

    def window(k: int, low: float | None, high: float | None) -> slice:
        first = 0 if low is None else int(np.searchsorted(trains[k], low, "left"))
        return slice(first, None if high is None else int(np.searchsorted(trains[k], high, "right")))

    return RecordedUnit(
        name,
        name,
        channel,
        lambda k: len(trains[k]),
        lambda k, low, high: trains[k][window(k, low, high)],
        lambda k, low, high: shapes[k][window(k, low, high)],
        gain=0.195,
        left_sweep=8 / rate,
        rate=rate,
        n_samples=32,
    )


def events(
    seed: int, name: str, spans: tuple[RecordedSpan, ...], rate: float, n: int, is_epoch: bool
) -> RecordedEvents:
    """Return an event channel of `n` events a segment, each on a sample of its own."""
    rng = np.random.default_rng(seed)
    times, labels = [], []
    for span in spans:
        room = max(int((span.t_stop - span.t_start) * rate) - 2, 1)
        times.append(span.t_start + np.sort(rng.choice(room, min(n, room), replace=False)) / rate)
        labels.append(rng.choice(np.array(LABELS), len(times[-1])))

    def read(k: int, low: float | None, high: float | None) -> Any:
        kept = (times[k] >= (-np.inf if low is None else low)) & (times[k] <= (np.inf if high is None else high))
        durations = np.full(int(kept.sum()), 2 / rate) if is_epoch else None
        return times[k][kept], durations, labels[k][kept]

    return RecordedEvents(name, name, is_epoch, lambda k: len(times[k]), read)


@st.composite
def recordings(
    draw: st.DrawFn,
    *,
    rates: tuple[float, ...] = RATES,
    widths: tuple[int, ...] = WIDTHS,
    most_segments: int = 3,
    most_units: int = 3,
    streams: int = 1,
) -> Recorded:
    """Draw a recording; `streams` are "broadband", and "lfp" at a thirtieth of its rate."""
    seed, rate = draw(st.integers(0, 1 << 30)), draw(st.sampled_from(rates))
    width, n_segments = draw(st.sampled_from(widths)), draw(st.integers(1, most_segments))
    sizes = tuple(draw(st.integers(1, 400 if width > 32 else 3000)) for _ in range(n_segments))
    t_starts, begin = [], draw(st.sampled_from((0.0, 0.0, 1.5)))
    for size in sizes:
        t_starts.append(begin)
        begin += (size + draw(st.integers(1, 5000))) / rate
    spans = tuple(RecordedSpan(t, t + size / rate) for t, size in zip(t_starts, sizes, strict=True))
    all_signals = [signals(seed, "broadband", rate, width, tuple(t_starts), sizes)]
    if streams > 1:
        slow = tuple(-(-size // 30) for size in sizes)
        all_signals.append(signals(seed + 1, "lfp", rate / 30, width, tuple(t_starts), slow, gain=0.5))
    units = [
        unit(seed + k, f"CSC{k % width + 1}_SU{k + 1}", f"CSC{k % width + 1}", spans, rate, draw(st.integers(0, 40)))
        for k in range(draw(st.integers(0, most_units)))
    ]
    marks = [
        events(seed + k, name, spans, rate, draw(st.integers(0, 10)), is_epoch)
        for k, (name, is_epoch) in enumerate([("Events", False), ("DAQ", True)][: draw(st.integers(0, 2))])
    ]
    start = START + timedelta(seconds=draw(st.integers(0, 86_400)))
    return Recorded(start, spans, tuple(all_signals), tuple(units), tuple(marks), "recording", "drawn")
