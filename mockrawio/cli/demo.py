"""The demonstration: one small session, made and then read as Neo's low-level layer reads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from ..generate import SessionSpec, generate_session
from ..ground.shown import visible
from ..rawio.reader import MockSessionRawIO

SPEC = SessionSpec.tiny(patient_id=1, session_nr=1, seed=0)

Echo = Callable[[str], object]


def demo(root: str | PathLike[str], echo: Echo = print, overwrite: bool = False) -> Path:
    """Make a small session below `root`, read it, show what is in it line by line, and return its folder."""
    begin = time.perf_counter()
    folder = generate_session(SPEC, root, overwrite=overwrite)
    took = time.perf_counter() - begin
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    echo(
        f"Made {visible(folder)}: {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB in {took:.2f} s, from seed {SPEC.seed}."
    )
    with MockSessionRawIO(dirname=folder) as reader:
        for show in (_header, _signals, _spikes, _events):
            show(reader, echo)
    return folder


def _title(echo: Echo, text: str) -> None:
    echo("")
    echo(f"-- {text}")


def _header(reader: MockSessionRawIO, echo: Echo) -> None:
    _title(echo, "print(reader)")
    echo(str(reader).rstrip())
    _title(echo, "reader.header")
    for key, value in reader.header.items():
        echo(f"{key}: {value}")


def _signals(reader: MockSessionRawIO, echo: Echo) -> None:
    for index, stream in enumerate(reader.header["signal_streams"]):
        raw = reader.get_analogsignal_chunk(block_index=0, seg_index=0, i_start=1024, i_stop=2048, stream_index=index)
        scaled = reader.rescale_signal_raw_to_float(raw, dtype="float32", stream_index=index)
        rate = reader.get_signal_sampling_rate(stream_index=index)
        start = reader.get_signal_t_start(block_index=0, seg_index=0, stream_index=index)
        _title(echo, f"samples 1024 to 2048 of stream {stream['name']}, {rate:g} Hz from {start:g} s")
        echo(f"raw    {raw.shape} {raw.dtype}: {raw[:5, 0]} ...")
        echo(f"scaled {scaled.shape} {scaled.dtype}: {scaled[:5, 0]} ... µV")


def _spikes(reader: MockSessionRawIO, echo: Echo) -> None:
    _title(echo, "spikes")
    for index in range(reader.spike_channels_count()):
        count = reader.spike_count(block_index=0, seg_index=0, spike_channel_index=index)
        echo(f"{reader.header['spike_channels'][index]['id']}: {count} in the first segment")
    if not reader.spike_channels_count():
        return
    stamps = reader.get_spike_timestamps(block_index=0, seg_index=0, spike_channel_index=0)
    times = reader.rescale_spike_timestamp(stamps, dtype="float64")
    raw = reader.get_spike_raw_waveforms(block_index=0, seg_index=0, spike_channel_index=0)
    _title(echo, f"the first unit, {reader.header['spike_channels'][0]['id']}")
    echo(f"times     {times.shape} {times.dtype}: {times[:4].round(4)} ... s")
    if raw is None:
        return
    scaled = reader.rescale_waveforms_to_float(raw, dtype="float32", spike_channel_index=0)
    echo(f"waveforms {raw.shape} {raw.dtype}: {raw[0, 0, 17:22]} ... around the first one's peak")
    echo(f"scaled    {scaled.shape} {scaled.dtype}: {scaled[0, 0, 17:22]} ... µV")


def _events(reader: MockSessionRawIO, echo: Echo) -> None:
    _title(echo, "events and epochs")
    for index in range(reader.event_channels_count()):
        stamps, durations, labels = reader.get_event_timestamps(block_index=0, seg_index=0, event_channel_index=index)
        times = reader.rescale_event_timestamp(stamps, dtype="float64", event_channel_index=index)
        name = reader.header["event_channels"][index]["name"]
        kind = "events" if durations is None else "epochs"
        echo(f"{name}: {len(times)} {kind}; at {times[:4].round(3)} ... s, labels {labels[:4]} ...")
