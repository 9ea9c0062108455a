"""The signals of a session for the report: as fine as a page can hold, however long the recording is.

Of each stream some channels are taken. A short stream is held sample by sample. Of a long one the page has the
lowest and the highest value in each of a number of bins, from which its script makes every coarser view, and all
samples of an excerpt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from ..ground.errors import MockSessionError
from ..ground.once import once
from ..rawio.reader import MockSessionRawIO
from .measures import envelope, events_of, stream_channels
from .page import Figure, base64_floats, finite, plot_text

MOST_STREAMS = 4
MOST_CHANNELS = 4  # of a stream
MOST_SEGMENTS = 500
BINS = 1 << 14  # of all segments together, for each channel
EXCERPT = 1 << 14  # samples of each channel
MOST_MARKS = 6000  # of an event channel
MOST_MARK_CHANNELS = 5
MOST_PAUSES = 200
_SEEN = 1000  # samples that are seen one by one when every sample is asked for
_ROW = 110  # pixels of a channel
_MARK_ROW = 24  # and of an event channel


def stream_figures(reader: MockSessionRawIO) -> Iterator[tuple[Figure, dict[str, Any]]]:
    """Yield, for each stream that is shown, its figure and what the page's script draws."""
    marks: dict[str, dict[str, Any]] = {}
    shades: list[dict[str, Any]] = []
    for name in _marked(reader):
        with suppress(MockSessionError):  # the sections of events and movie say what is wrong with theirs
            marks[name] = _mark(reader, name)
    with suppress(MockSessionError):
        shades = pause_shades(reader)
    for index in range(min(len(reader.header["signal_streams"]), MOST_STREAMS)):
        stream = _Stream(reader, index)
        one = stream.figure([plot_text(name, 14) for name in marks], shades)
        shown = stream.content(one)
        yield one, {**shown, "marks": list(marks.values())}


def _marked(reader: MockSessionRawIO) -> list[str]:
    """Return the names of the channels of event codes and annotations; movie frames are too many."""
    names = [str(name) for name in reader.header["event_channels"]["name"]]
    return [name for name in names if name not in ("DAQ", "movie_frames", "movie_pauses")][:MOST_MARK_CHANNELS]


def _mark(reader: MockSessionRawIO, name: str) -> dict[str, Any]:
    """Return times and labels of a channel's events."""
    events = events_of(reader, name)
    order = np.argsort(events.times_s, kind="stable")
    kept = order[:: max(1, -(-len(order) // MOST_MARKS))]
    label = [plot_text(text) for text in events.labels[kept].tolist()]
    return {"start": finite(events.times_s[kept], 10), "label": label, "count": len(order)}


def pause_shades(reader: MockSessionRawIO) -> list[dict[str, Any]]:
    """Return bands over the time in which the movie stood still."""
    pauses = events_of(reader, "movie_pauses")
    starts, stops = pauses.times_s[:MOST_PAUSES], (pauses.times_s + pauses.durations_s)[:MOST_PAUSES]
    look = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "opacity": 0.3, "layer": "below", "line": {"width": 0}}
    return [{**look, "x0": x0, "x1": x1} for x0, x1 in zip(finite(starts, 10), finite(stops, 10), strict=True)]


class _Stream:
    """One stream as the page has it."""

    def __init__(self, reader: MockSessionRawIO, index: int) -> None:
        self.reader, self.index = reader, index
        self.name = str(reader.header["signal_streams"]["name"][index])
        rows = stream_channels(reader, index)
        count = min(len(rows), MOST_CHANNELS)
        self.n_channels = len(rows)
        self.channels = (np.arange(count) * len(rows) // count).tolist()  # spread over all
        self.names = [str(name) for name in rows["name"][self.channels]]
        self.units = str(rows["units"][0]).replace("uV", "µV")
        self.rate = float(reader.get_signal_sampling_rate(index))
        self.n_segments = int(reader.segment_count(0))
        self.segments = range(min(self.n_segments, MOST_SEGMENTS))
        self.sizes = [int(reader.get_signal_size(0, k, index)) for k in self.segments]
        self.starts = [float(reader.get_signal_t_start(0, k, index)) for k in self.segments]

    @property
    def is_whole(self) -> bool:
        """Whether the page has all samples, so that no envelope is needed."""
        return sum(self.sizes) <= 2 * EXCERPT

    def figure(self, marks: list[str], shades: list[dict[str, Any]]) -> Figure:
        """Return the figure without its points, the page's script adds them: a row per channel, one for events."""
        rows, under = len(self.names), _MARK_ROW * len(marks)
        height = _ROW * rows + under + 90
        bottom = under / (height - 70)
        axes: dict[str, Any] = {"xaxis": {"title": {"text": "time (s)"}, "range": self.extent, "anchor": "y"}}
        for k, name in enumerate(self.names):
            top = 1 - k * (1 - bottom) / rows
            title = {"text": f"{plot_text(name, 14)}<br>({plot_text(self.units, 8)})"}
            domain = [round(top - (1 - bottom) / rows * 0.92, 4), round(top, 4)]
            axes[f"yaxis{k + 1 if k else ''}"] = {"title": title, "domain": domain, "fixedrange": True, "nticks": 4}
        data: list[dict[str, Any]] = [self._line(k, name) for k, name in enumerate(self.names)]
        if marks:
            last = f"y{rows + 1}"
            ticks = {"tickvals": list(range(len(marks))), "ticktext": marks, "range": [len(marks) - 0.5, -0.5]}
            axes[f"yaxis{rows + 1}"] = {"domain": [0, round(bottom * 0.8, 4)], "fixedrange": True, **ticks}
            axes["xaxis"]["anchor"] = last
            data += [self._marks(k, last) for k in range(len(marks))]
        else:
            axes["xaxis"]["anchor"] = f"y{rows if rows > 1 else ''}"
        label = f"Signals of the stream {self.name} over time, a row for each channel."
        layout = {"height": height, "shapes": shades, **axes}
        below = " Below are the events." if marks else ""
        caption = f"{self.caption}{below}{' Shaded: the movie is paused.' if shades else ''}"
        return Figure(f"plot-traces-{self.index}", label, caption, data, layout)

    def _line(self, row: int, name: str) -> dict[str, Any]:
        look = {"mode": "lines", "line": {"width": 1}, "hovertemplate": "%{x:.6~f} s<br>%{y:.5~g}<extra></extra>"}
        return {"x": [], "y": [], "yaxis": f"y{row + 1 if row else ''}", "meta": {"ink": row}, **look}

    def _marks(self, row: int, axis: str) -> dict[str, Any]:
        look = {"symbol": "line-ns-open", "size": 12}
        hover = "%{x:.6~f} s<br>%{text}<extra></extra>"
        return {"mode": "markers", "x": [], "y": [], "yaxis": axis, "marker": look, "hovertemplate": hover} | {
            "meta": {"ink": 7 - row}
        }

    @property
    def caption(self) -> str:
        """What is shown, and what is not."""
        count = len(self.names)
        of = "channels" if count == self.n_channels else f"{count} of {self.n_channels:,} channels"
        of = "channel" if self.n_channels == 1 else of
        held = "the page has every sample"
        if not self.is_whole:
            start, stop = self.excerpt
            step = sum(self.sizes) / self.rate / BINS
            held = f"the page has the lowest and highest value of each {1000 * step:.3g} ms"
            held += f", and every sample from {start:.3f} to {stop:.3f} s"
        more = "" if self.n_segments == 1 else f" {self.n_segments} segments; nothing was recorded between them."
        more += "" if self.n_segments <= MOST_SEGMENTS else f" The first {MOST_SEGMENTS} are shown."
        return f"Stream {self.name}, {of} {', '.join(self.names)} at {self.rate:g} Hz: {held}.{more}"

    @once
    def extent(self) -> list[float]:
        """From the first sample to the end of the last."""
        stops = [start + size / self.rate for start, size in zip(self.starts, self.sizes, strict=True)]
        return [round(min(self.starts), 6), round(max(stops), 6)]

    @once
    def excerpt(self) -> tuple[float, float]:
        """Where every sample is held: in the middle of the longest segment."""
        segment, first, stop = self._middle()
        start = self.starts[segment]
        return start + first / self.rate, start + stop / self.rate

    def _middle(self) -> tuple[int, int, int]:
        segment = int(np.argmax(self.sizes))
        size = self.sizes[segment]
        count = min(size, EXCERPT)
        return segment, (size - count) // 2, (size - count) // 2 + count

    def content(self, one: Figure) -> dict[str, Any]:
        """Return all that the page's script needs."""
        there = [(k, 0, size) for k, size in enumerate(self.sizes) if size]
        middle, half = sum(self.excerpt) / 2, _SEEN / 2 / self.rate
        finest = [max(self.excerpt[0], middle - half), min(self.excerpt[1], middle + half)]
        return {
            "channels": len(self.names),
            "whole": self.extent,
            "finest": finite(finest, 10),
            "samples": [self._samples(*part) for part in (there if self.is_whole else [self._middle()])],
            "envelope": [] if self.is_whole else [self._envelope(k) for k, *_ in there],
            "data": one.data,
            "layout": one.layout,
        }

    def _samples(self, segment: int, first: int, stop: int) -> dict[str, Any]:
        chosen: dict[str, Any] = {"stream_index": self.index, "channel_indexes": self.channels}
        raw = self.reader.get_analogsignal_chunk(0, segment, first, stop, **chosen)
        values = self.reader.rescale_signal_raw_to_float(raw, "float32", **chosen)
        start = self.starts[segment] + first / self.rate
        return {"t0": start, "dt": 1 / self.rate, "n": len(values), "low": base64_floats(values.T)}

    def _envelope(self, segment: int) -> dict[str, Any]:
        size = self.sizes[segment]
        bins = max(1, BINS * size // sum(self.sizes))
        found = envelope(self.reader, self.index, segment, self.channels, n_bins=bins)
        count = len(found.times)
        lines = {"low": base64_floats(found.low.T), "high": base64_floats(found.high.T)}
        return {"t0": self.starts[segment], "dt": size / self.rate / count, "n": count, **lines}
