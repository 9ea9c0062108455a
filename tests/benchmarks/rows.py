"""The rows of the table: each has a name, what it is, how it is made ready, and its goal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from . import rows_make, rows_open, rows_points, rows_signals, rows_whole
from .inputs import Inputs, opened
from .race import Contest, Goal

MEMMAP, NUMPY, PEER_IMPORT, CAST = "numpy.memmap", "numpy.load", "import neo", "a plain cast"
# Where a goal in seconds was set with a peer's seconds beside it, it is counted in that peer's time: 3 ms beside 25,
# 0.25 and 0.35 ms beside 0.10.


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    name : str
        Short, without blanks.
    title : str
        What is done.
    make : callable
        Makes what is needed, and returns the contest.
    goal : Goal or None
    full : bool
        Left out of a quick run: it takes long.
    """

    name: str
    title: str
    make: Callable[[], Contest]
    goal: Goal | None = None
    full: bool = False


def built_in(inputs: Inputs) -> list[Row]:
    """Return the rows on sessions that are made for them.

    Parameters
    ----------
    inputs : Inputs
        Where they are made, and their size. The builtin rows that take long are among them.
    """
    return [*_opening(inputs), *_signals(inputs), *_points(inputs), *_blocks(inputs), *_making(inputs), *_whole(inputs)]


def _opening(inputs: Inputs) -> list[Row]:
    header, an_eighth = rows_open.header, Goal(1 / 8, NUMPY)
    return [
        Row(
            "import",
            "import mockrawio, after Neo",
            rows_open.importing,
            Goal(0.2, PEER_IMPORT),
        ),
        Row("header-int16", "parse_header(), int16, 5.8 M LFP samples", lambda: header(inputs.long_int16), an_eighth),
        Row(
            "header-float64",
            "parse_header(), float64: one pass for the gains",
            lambda: header(inputs.long_float64),
            Goal(30e-3),
            full=True,
        ),
        Row(
            "header-cached",
            "parse_header(), float64, use_cache, second time",
            lambda: header(inputs.long_float64, cache=inputs.folder("cache")),
            Goal(4e-3),
            full=True,
        ),
        Row("header-wide", "parse_header(), 80 LFP channels, 400 units", lambda: header(inputs.wide), Goal(1.0, NUMPY)),
    ]


def _signals(inputs: Inputs) -> list[Row]:
    four, one_of_64 = rows_signals.four_channels, "64 channels of int16"
    scale = rows_signals.rescale
    return [
        Row("view", f"view of 1024 samples, {one_of_64}", lambda: rows_signals.view(inputs.stream), Goal(2e-6)),
        Row(
            "four-by-index",
            "four of 64 channels, 1024 samples, by index",
            lambda: four(inputs.stream, "channel_indexes"),
            Goal(1.2, MEMMAP),
        ),
        Row(
            "four-by-id",
            "four of 64 channels, 1024 samples, by id",
            lambda: four(inputs.stream, "channel_ids"),
            Goal(1.2, MEMMAP),
        ),
        Row(
            "sequential",
            "64 channels, a second at a time, copied out",
            lambda: rows_signals.seconds_in_turn(inputs.stream),
            Goal(1 / 0.95, MEMMAP),
        ),
        Row(
            "files",
            "a second of 80 channels in 80 files",
            lambda: rows_signals.files_of_channels(inputs.wide),
            Goal(1 / 0.9, MEMMAP),
        ),
        Row("rescale", "int16 to float32, 30000 x 64, one gain", lambda: scale(inputs.stream), Goal(2.5, CAST)),
        Row(
            "rescale-gains",
            "int16 to float32, 30000 x 64, a gain a channel",
            lambda: scale(inputs.stream_of_gains),
            Goal(3.5, CAST),
        ),
        Row(
            "rescale-offsets",
            "int16 to float32, 30000 x 64, gains and offsets",
            lambda: scale(inputs.stream_of_offsets),
            Goal(1.0, "Neo"),
        ),
    ]


def _points(inputs: Inputs) -> list[Row]:
    masked = Goal(0.1, "numpy.load and a mask")
    return [
        Row("spikes", "1000 spikes of a million, by a window of time", lambda: rows_points.spikes(inputs.busy), masked),
        Row(
            "spikes-first",
            "1000 spikes of a million, opening included",
            lambda: rows_points.first_window(inputs.busy),
            Goal(1.0, "numpy.load and a mask"),
        ),
        Row(
            "waveforms",
            "waveforms of 1000 spikes of a million, in µV",
            lambda: rows_points.waveforms(inputs.busy),
            masked,
        ),
        Row(
            "frames",
            "125,000 movie frames out of the watchlog",
            lambda: rows_points.movie_frames(inputs.movie),
            Goal(1.0, "line by line"),
        ),
    ]


def _blocks(inputs: Inputs) -> list[Row]:
    signals = rows_open.signal_block
    return [
        Row(
            "block",
            "read_block(load_waveforms=True), 8 LFP, 40 units",
            lambda: rows_open.block(inputs.block, inputs.folder("blocks"), nix=inputs.size != "quick"),
        ),
        Row(
            "block-lazy",
            "read_block(lazy=True), 8 LFP, 40 units",
            lambda: rows_open.lazy_block(inputs.block, inputs.folder("blocks")),
        ),
        Row("block-signals", "read_block() of 10 s of 64 channels", lambda: signals(inputs.stream, lazy=False)),
        Row(
            "block-signals-lazy",
            "read_block(lazy=True) of 10 s of 64 channels",
            lambda: signals(inputs.stream, lazy=True),
        ),
    ]


def _making(inputs: Inputs) -> list[Row]:
    short = inputs.pick({"duration_s": 20.0}, {}, {})
    raster = inputs.pick((20, 500), (2000, 10_000), (2000, 10_000))
    of_disk = Goal(1 / 0.7, "a write to the disk")
    rows = [
        Row(
            f"generate-{encoding}" + "-2" * (n_workers > 1),
            f"Epiphyte-size session, {encoding}, made and written" + ", 2 workers" * (n_workers > 1),
            partial(_made, inputs, encoding, {**short, "n_workers": n_workers}),
            goal,
            full=(encoding, n_workers) != ("int16", 1),
        )
        for encoding, n_workers, goal in (("int16", 1, None), ("int16", 2, of_disk), ("float64", 1, Goal(0.4)))
    ]
    return [
        *rows,
        *_streams(inputs),
        Row(
            "export",
            "a GB of a session, 64 channels, written as a SpikeGLX run",
            lambda: rows_make.exported(inputs.long_stream, inputs.folder("export"), "spikeglx"),
            Goal(1 / 0.6, "a write to the disk"),
            full=True,
        ),
        Row(
            "raster",
            "2000 units x 10 s, drawn and written as SONATA",
            lambda: rows_make.raster(inputs.folder("raster"), *raster),
            Goal(0.02),
            full=True,
        ),
    ]


def _streams(inputs: Inputs) -> list[Row]:
    """Return the rows of streams that are made, by one worker and by two: ours and SpikeInterface's have as many."""
    seconds, width = inputs.pick((1.0, 4), (1.0, 80), (30.0, 80))
    n_drifting, place = inputs.pick(4, 128, 128), inputs.folder
    white = {"noise": rows_make.White(), "field": ()}
    still, drift = f"{seconds:g} s of {width} channels at 32 kHz", f"{seconds:g} s of {n_drifting} channels at 30 kHz"
    drift += f" that see {n_drifting // 2} cells drift"
    made, drifting = partial(rows_make.broadband, seconds=seconds, n_channels=width), rows_make.drifting
    rows = [
        ("broadband-white", f"{still}, white noise and spikes", 12, lambda: made(place("white"), **white)),
        ("broadband", f"{still}, all layers", 8, lambda: made(place("layers"))),
        ("broadband-2", f"{still}, all layers, 2 workers", 8, lambda: made(place("layers-2"), n_workers=2)),
        ("drift", drift, 15, lambda: drifting(place("drift"), seconds, n_drifting)),
        ("drift-2", f"{drift}, 2 workers", 15, lambda: drifting(place("drift-2"), seconds, n_drifting, n_workers=2)),
    ]
    return [Row(name, what, make, Goal(1 / times, "SpikeInterface"), full=True) for name, what, times, make in rows]


def _whole(inputs: Inputs) -> list[Row]:
    seconds, n_channels, n_units = inputs.pick((3.0, 4, 3), (60.0, 80, 40), (600.0, 80, 40))
    return [
        Row(
            "command",
            "mockrawio info, a process from start to end",
            lambda: rows_whole.command(inputs.block),
            Goal(1.0, PEER_IMPORT),
        ),
        Row(
            "score",
            f"score of a sorting, {n_units} units x {seconds:g} s",
            lambda: rows_whole.scored(seconds, n_units, causes=False),
            Goal(2.0, "SpikeInterface"),
        ),
        Row(
            "score-causes",
            f"score of a sorting, {n_units} units x {seconds:g} s, the cause of each miss",
            lambda: rows_whole.scored(seconds, n_units, causes=True),
        ),
        Row(
            "virtual",
            f"a second of {n_channels} channels of a virtual session",
            lambda: rows_whole.made_on_reading(inputs.folder("virtual"), seconds, n_channels),
            Goal(1.0, "SpikeInterface"),
        ),
    ]


def _made(inputs: Inputs, encoding: str, fields: dict[str, Any]) -> Contest:
    return rows_make.session(inputs.folder(f"made-{encoding}"), encoding, **fields)


def of_session(folder: Path, place: Path) -> list[Row]:
    """Return the rows that a session of the user's own can run, by what it holds.

    Parameters
    ----------
    folder : Path
        The session folder; nothing is written there.
    place : Path
        Where copies of its dict files go, for peers that would run what is in them.
    """
    reader = opened(folder)
    streams = [reader.stream(k) for k in range(reader.signal_streams_count())]
    buffers = reader.header["signal_streams"]["buffer_id"].tolist()
    flat = [stream.sizes[0] for stream in streams if stream.kind == "raw" and buffers[stream.index]]
    apart = any(stream.kind == "lfp" for stream in streams)
    units = [reader.unit(k) for k in range(reader.spike_channels_count())]
    firing = [unit for unit in units if unit.counts[0]]
    channels = reader.header["event_channels"]["name"].tolist()
    rows = []
    if rows_open.dict_files(folder):
        rows.append(Row("header", "parse_header()", lambda: rows_open.header(folder, copies=place)))
    if flat and flat[0] > 2 * rows_signals.CHUNK:
        rows += [
            Row("view", "view of 1024 samples", lambda: rows_signals.view(folder)),
            Row("four-by-id", "four channels of it, by id", lambda: rows_signals.four_channels(folder, "channel_ids")),
        ]
    if apart:
        rows.append(Row("files", "a second of its LFP channels", lambda: rows_signals.files_of_channels(folder)))
    if streams:
        rows.append(Row("rescale", "scaled to float32, at most 30000 samples", lambda: rows_signals.rescale(folder)))
    if firing:
        rows.append(Row("spikes", "1000 spikes at most, amid a unit", lambda: rows_points.spikes(folder, place)))
    if any(unit.sampling_rate is not None for unit in firing):
        rows.append(Row("waveforms", "their waveforms in physical units", lambda: rows_points.waveforms(folder, place)))
    if "movie_frames" in channels and reader.event_count(0, 0, channels.index("movie_frames")):
        rows.append(Row("frames", "its movie frames", lambda: rows_points.movie_frames(folder)))
    return rows
