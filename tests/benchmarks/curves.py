"""How the cost of each thing grows as recordings get longer, with more channels and more units.

Each axis is grown alone, 1, 10 and 100 times, from a session of 10 s, one channel and four units. Two times for what is
made, and `turns` for what is read; the best counts.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import mockrawio
from mockrawio.exporting import export
from mockrawio.generate import SessionSpec, Units, Zigzag, generate_session
from mockrawio.ground.errors import MockSessionError
from mockrawio.io import MockSessionIO
from mockrawio.rawio import MockSessionRawIO
from mockrawio.rawio.events import Movie, MovieFrames
from mockrawio.session.layout import MANIFEST, find_files

from .inputs import opened, write_stream

__all__ = ["AXES", "Point", "curves", "draw", "write_csv"]

AXES = {"length": "recording, s", "channels": "channels", "units": "units"}
BASE = {"length": 10, "channels": 1, "units": 4}
FACTORS = (1, 10, 100)
MARK_SIZE = 5
_MADE_TURNS = 2
_BROADBAND, _DRIFTING, _VIRTUAL = "generate broadband", "the same of cells that drift", "make it virtual"
_FIRST, _NEXT = "open it and read a second", "its next second"
_EXPORT, _SCORE = "export to SpikeGLX", "score a sorting"
_MAKING = "generate float64", "generate int16", _BROADBAND, _DRIFTING, _VIRTUAL, _FIRST, _NEXT, _EXPORT, _SCORE


class Point(NamedTuple):
    """One measurement.

    Attributes
    ----------
    axis : str
        What was grown.
    factor : int
        How many times.
    size : int
        Seconds, channels or units, by axis.
    what : str
    seconds : float
    """

    axis: str
    factor: int
    size: int
    what: str
    seconds: float


def curves(place: Path, *, turns: int = 5, factors: Iterable[int] = FACTORS) -> Iterator[Point]:
    """Yield the points of all curves; each session is removed when it has been measured.

    Parameters
    ----------
    place : Path
        Where the sessions are made, one at a time: up to 600 MB at factor 100.
    turns : int
        Times that everything is done; the best counts.
    factors : iterable of int
    """
    for axis in AXES:
        for factor in factors:
            sizes = {**BASE, axis: BASE[axis] * factor}
            folder = place / f"{axis}-{factor}"
            try:
                for costs in (_costs, _broadband_costs):
                    for what, seconds in costs(folder, sizes, turns):
                        yield Point(axis, factor, sizes[axis], what, seconds)
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def _costs(folder: Path, sizes: dict[str, int], turns: int) -> Iterator[tuple[str, float]]:
    length, channels, units = sizes["length"], sizes["channels"], sizes["units"]
    for encoding in ("float64", "int16"):
        spec = SessionSpec(
            duration_s=float(length),
            n_channels=max(80, channels),
            n_lfp_channels=channels,
            n_units=units,
            seed=0,
            encoding=encoding,
        )
        make = partial(generate_session, spec, folder / "made", overwrite=True)
        yield f"generate {encoding}", _best(make, min(turns, _MADE_TURNS))
        session = make()
        reader = MockSessionRawIO(session)
        yield f"parse_header() {encoding}", _best(reader.parse_header, turns)
    for what, act in _reads(session, length).items():
        yield what, _best(act, turns)
    stream = opened(write_stream(folder / "stream", 32_000 * length, [0.25] * channels, sparse=True))
    middle = 32_000 * length // 2
    view = partial(stream.get_analogsignal_chunk, 0, 0, middle, middle + 32_000)
    yield "a second at 32 kHz (view)", _best(view, turns)
    yield "the same scaled to float32", _best(lambda: stream.rescale_signal_raw_to_float(view()), turns)


def _broadband_costs(folder: Path, sizes: dict[str, int], turns: int) -> Iterator[tuple[str, float]]:
    """Yield what a stream with all layers costs: written, virtual, exported and scored."""
    fields = {"duration_s": float(sizes["length"]), "n_channels": sizes["channels"], "seed": 0}
    units = Units(sizes["units"], min_distance_um=0.0)
    spec, few = SessionSpec.broadband(units=units, **fields), min(turns, _MADE_TURNS)
    drifting = SessionSpec.broadband(units=units, motion=Zigzag(40.0), **fields)
    made, again = folder / "broadband", {"overwrite": True}
    yield _DRIFTING, _best(lambda: generate_session(drifting, made, **again), few)
    yield _BROADBAND, _best(lambda: generate_session(spec, made, **again), few)
    session = next(made.rglob(MANIFEST)).parent
    yield _EXPORT, _best(lambda: export(session, folder / "exported", "spikeglx", **again), few)
    found = {name: unit.frames()[::2] for name, unit in mockrawio.truth(spec).units.items()}
    yield _SCORE, _best(lambda: mockrawio.score(session, found), turns)
    yield from _virtual_costs(spec, folder / "virtual", turns)


def _virtual_costs(spec: SessionSpec, folder: Path, turns: int) -> Iterator[tuple[str, float]]:
    """Yield what it costs to make a virtual session, and to read a second of it, cold and then."""
    few = min(turns, _MADE_TURNS)
    yield _VIRTUAL, _best(lambda: generate_session(spec, folder / "made", virtual=True, overwrite=True), few)
    cold = iter([generate_session(replace(spec, seed=k), folder / str(k), virtual=True) for k in range(few)])
    yield _FIRST, _best(lambda: _second(opened(next(cold)), 0), few)
    reader, starts = opened(next((folder / "made").rglob(MANIFEST)).parent), count(32_000, 32_000)
    _second(reader, 0)
    yield _NEXT, _best(lambda: _second(reader, next(starts)), min(turns, 8))


def _second(reader: MockSessionRawIO, start: int) -> np.ndarray:
    return reader.get_analogsignal_chunk(0, 0, start, start + 32_000, reader.signal_streams_count() - 1)


def _reads(session: Path, length: int) -> dict[str, Callable[[], Any]]:
    reader = opened(session)
    middle = length // 2
    window = (middle - 0.5, middle + 0.5)
    io = MockSessionIO(session)
    files = find_files(session)
    assert files.watchlog is not None
    return {
        "a second of LFP": lambda: reader.get_analogsignal_chunk(0, 0, 1000 * middle, 1000 * middle + 1000),
        "spikes of a second of a unit": lambda: reader.get_spike_timestamps(0, 0, 0, *window),
        "waveforms of them": lambda: reader.get_spike_raw_waveforms(0, 0, 0, *window),
        "movie frames": lambda: MovieFrames("movie_frames", Movie(files.watchlog, files.moment())).parse(),
        "read_block()": io.read_block,
        "read_block(lazy=True)": lambda: io.read_block(lazy=True),
    }


def _best(act: Callable[[], Any], turns: int) -> float:
    best = float("inf")
    for _ in range(turns):
        began = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - began)
    return best


def write_csv(points: Iterable[Point], path: Path) -> Path:
    """Write points as a CSV file with a line of names, and return its path."""
    lines = [",".join(Point._fields)]
    lines += [f"{p.axis},{p.factor},{p.size},{p.what},{p.seconds:.3g}" for p in points]
    path.write_text("\n".join(lines) + "\n")
    return path


def draw(points: list[Point], path: Path) -> Path:
    """Draw the curves, a panel an axis, what is made above what is read, and return the figure's path.

    Raises
    ------
    MockSessionError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MockSessionError(
            "matplotlib",
            "it to be installed, for the figure of the curves",
            "that it is not",
            "Run pip install 'mockrawio[plot]'.",
        ) from None
    figure = Figure(figsize=(13, 10), layout="constrained")
    parts = figure.subfigures(2, 1)
    for part, made in zip(parts, (True, False), strict=True):
        _draw_some(part, [p for p in points if (p.what in _MAKING) == made])
    figure.savefig(path, dpi=110)
    return path


def _draw_some(figure: Any, points: list[Point]) -> None:
    panels = figure.subplots(1, len(AXES), sharey=True)
    names = list(dict.fromkeys(p.what for p in points))
    for panel, (axis, label) in zip(panels, AXES.items(), strict=True):
        for k, name in enumerate(names):
            own = [(p.size, p.seconds) for p in points if (p.axis, p.what) == (axis, name)]
            marks = {"marker": "os^v"[k // 4 % 4], "color": f"C{k % 10}", "markersize": MARK_SIZE}
            panel.loglog(*zip(*own, strict=True), **marks, linewidth=1.2, label=name)
        panel.set(xlabel=label)
        panel.grid(True, which="major", alpha=0.3)
    panels[0].set(ylabel="seconds, best of several")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize="small")
