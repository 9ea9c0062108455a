"""What the report's page says, section by section; a part that cannot be read says why in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from os import PathLike
from typing import Any

import numpy as np

from ..describe import describe_session
from ..ground.errors import MockSessionError
from ..ground.folder import File, Folder
from ..rawio.reader import MockSessionRawIO
from ..session.index import INDEX
from ..session.layout import MANIFEST
from ..session.manifest import read_manifest
from .choosing import channel_indexes
from .measures import FiringRate, daq_jitter, event_timing, firing_rates, isi, movie_clock
from .overview_parts import there
from .page import Block, Figure, Section, TableCell, table
from .page_figures import (
    MOST_UNITS,
    UNIT_LAYOUTS,
    daq_figure,
    movie_figure,
    probe_figure,
    raster_figure,
    rate_figure,
    timing_figure,
    unit_content,
)
from .page_spectra import MOST_LINES, spectrogram_figure, spectrum_figure
from .page_traces import MOST_STREAMS, pause_shades, stream_figures
from .page_units import drift_figure, pair_figure, table_rows, unit_points
from .probe_view import probe_view
from .unit_table import unit_table
from .words import counted

MOST_FILES = 3000  # rows of the table of files
MOST_ROWS = 1000  # of any other table
_LACKS = "The session has no "


class PageContent:
    """The sections of the page, and what its script draws.

    `root` is the session folder, absolute; `how` are further arguments of the reader: what to leave out, which
    gaps to bridge. `figures` are ``plots`` and ``traces`` by the id of their element, ``units`` and ``unit_layouts``.
    """

    def __init__(self, root: Folder, labels_dir: str | PathLike[str] | None, how: dict[str, Any]) -> None:
        self.root, self._how = root, how
        self.title = root.path.name
        self.figures: dict[str, Any] = {"plots": {}, "traces": {}, "units": [], "unit_layouts": {}}
        self.sections: list[Section] = []
        self._add("session", "Session", lambda: self._session(labels_dir))
        with suppress(MockSessionError):  # the section above says what is wrong then
            self._read(labels_dir)
        self._add("provenance", "Provenance", self._provenance)

    def _read(self, labels_dir: str | PathLike[str] | None) -> None:
        with MockSessionRawIO(dirname=self.root, labels_dir=labels_dir, raw_dtype="source", **self._how) as reader:
            self._add("signals", "Signals", lambda: self._signals(reader))
            self._add("units", "Units", lambda: self._units(reader))
            self._add("events", "Events", lambda: self._events(reader))
            self._add("movie", "Movie", lambda: self._movie(reader))

    def below(self, text: str) -> str:
        """Remove the folder's own path from a text, so that a report does not depend on where the session is."""
        return text.replace(f"{self.root}/", "").replace(str(self.root), self.root.path.name)

    def _add(self, id: str, title: str, make: Callable[[], list[Block]]) -> None:
        """Add a section; of what the session has not, only what is said of it, to the first one."""
        blocks = self._made(make)
        if self.sections and len(blocks) == 1 and str(blocks[0].content).startswith(_LACKS):
            self.sections[0].blocks.extend(blocks)
        else:
            self.sections.append(Section(id, title, blocks))

    def _made(self, make: Callable[[], list[Block]]) -> list[Block]:
        try:
            return make()
        except MockSessionError as error:
            return [Block("note", f"This cannot be shown. {self.below(str(error))}")]

    def _figure(self, one: Figure) -> Block:
        return Block("figure", self._drawn(one))

    def _drawn(self, one: Figure) -> Figure:
        """Have the page's script draw a figure."""
        self.figures["plots"][one.id] = {"data": one.data, "layout": one.layout}
        return one

    # -- what is there ---------------------------------------------------------------------------

    def _session(self, labels_dir: str | PathLike[str] | None) -> list[Block]:
        session = describe_session(self.root, labels_dir, **self._how)
        noted = session["annotations"]
        if {"patient_id", "session_nr"} <= noted.keys():
            self.title = f"Session {noted['session_nr']} of patient {noted['patient_id']}"
        return [Block("facts", _facts(session)), Block("pairs", _notes(session)), *_tables(session)]

    def _signals(self, reader: MockSessionRawIO) -> list[Block]:
        count = len(reader.header["signal_streams"])
        if not count:
            return [Block("note", f"{_LACKS}signals.")]
        parts = []
        for one, stream in stream_figures(reader):
            self.figures["traces"][one.id] = stream
            parts.append(Block("traces", one))
        if count > MOST_STREAMS:
            parts.append(Block("note", f"The first {MOST_STREAMS} of {count} streams are shown."))
        makers = self._spectra, self._contacts
        return [*parts, *(block for make in makers for block in self._made(partial(make, reader)))]

    def _spectra(self, reader: MockSessionRawIO) -> list[Block]:
        streams = range(min(len(reader.header["signal_streams"]), MOST_STREAMS))
        spectra = [spectrum_figure(reader, k, channel_indexes(reader, k, most=MOST_LINES)) for k in streams]
        drawn = [self._drawn(one) for one in [*spectra, spectrogram_figure(reader, 0)] if one]
        return [Block("heading", "Spectra"), Block("figures", drawn)] if drawn else []

    def _contacts(self, reader: MockSessionRawIO) -> list[Block]:
        view = probe_view(reader)
        if view is None:
            return []
        return [Block("heading", "Contacts"), self._figure(probe_figure(view, unit_points(reader, view)))]

    def _units(self, reader: MockSessionRawIO) -> list[Block]:
        rates = firing_rates(reader)
        if not rates:
            return [Block("note", f"{_LACKS}units.")]
        makers = (
            lambda: [Block("heading", "Raster"), self._figure(raster_figure(reader))],
            lambda: [Block("heading", "Firing rates"), self._figure(rate_figure(rates))],
            lambda: self._one_unit(reader, rates),
            lambda: self._several("Drift", drift_figure(reader)),
            lambda: self._several("Pairs of units", pair_figure(reader)),
            lambda: _unit_table(reader, rates),
        )
        return [block for make in makers for block in self._made(make)]

    def _several(self, heading: str, one: Figure | None) -> list[Block]:
        return [] if one is None else [Block("heading", heading), self._figure(one)]

    def _one_unit(self, reader: MockSessionRawIO, rates: list[FiringRate]) -> list[Block]:
        """Return what there is of one unit, and the list to choose it from."""
        shown, has = rates[:MOST_UNITS], there(reader)
        layouts = {name: one for name, one in UNIT_LAYOUTS.items() if one.needs in has}
        self.figures["units"] = [unit_content(reader, rate.unit, layouts) for rate in shown]
        self.figures["unit_layouts"] = {name: one.layout for name, one in layouts.items()}
        names = [f"{rate.unit} {rate.region}".strip() for rate in shown]
        cut = f"The first {MOST_UNITS} of {len(rates):,} units are shown."
        more = [Block("note", cut)] if len(rates) > MOST_UNITS else []
        plots = [Figure(f"plot-{name}", one.label, "", [], one.layout) for name, one in layouts.items()]
        return [Block("heading", "One unit"), Block("chooser", names), *more, Block("figures", plots)]

    def _events(self, reader: MockSessionRawIO) -> list[Block]:
        timing, jitter = event_timing(reader), daq_jitter(reader)
        parts = []
        if timing.times_s.size:
            one = Block("note", "There is one event.")
            drawn = self._figure(timing_figure(timing)) if timing.intervals_s.size else one
            codes = table("Events by code", ("code", "events"), list(timing.codes.items())[:MOST_ROWS])
            parts += [Block("heading", "Event timing"), drawn, Block("folded", ("Events by code", codes))]
        if jitter.durations_ms.size:
            parts += [Block("heading", "DAQ"), self._figure(daq_figure(jitter))]
        return parts or [Block("note", f"{_LACKS}events and no DAQ log.")]

    def _movie(self, reader: MockSessionRawIO) -> list[Block]:
        movie = movie_clock(reader)
        if not movie.pts_s.size:
            return [Block("note", f"{_LACKS}watchlog.")]
        pauses = list(zip(movie.pause_starts_s.tolist(), movie.pauses_s.tolist(), strict=True))[:MOST_ROWS]
        rows = [(k + 1, _to_ms(start), _to_ms(length)) for k, (start, length) in enumerate(pauses)]
        more = [table("Pauses of the movie", ("pause", "begins (s)", "lasts (s)"), rows)] if rows else []
        return [self._figure(movie_figure(movie, pause_shades(reader))), *more]

    # -- where it comes from ----------------------------------------------------------------------

    def _provenance(self) -> list[Block]:
        manifest = self.root.find(MANIFEST)
        if manifest is None:
            return [Block("note", "There is no manifest, which would say what made the session."), self._sizes()]
        made_by = read_manifest(manifest)
        spec = made_by.get("spec")
        parts = [Block("pairs", {k: _shown(v) for k, v in made_by.items() if k not in ("spec", "files", INDEX)})]
        if isinstance(spec, Mapping):
            given = {k: _shown(v) for k, v in spec.items() if v is not None}
            parts += [Block("heading", "Spec"), Block("pairs", given)]
        return [*parts, _files({k: (v.size, v.sha256) for k, v in made_by["files"].items()})]

    def _sizes(self) -> Block:
        """Return the files with their sizes, where no manifest tells their content."""
        files = sorted((name, file) for name, file in self.root.walk() if isinstance(file, File))
        return _files({name: (file.identity().size, "") for name, file in files})


def _facts(session: Mapping[str, Any]) -> dict[str, object]:
    spans = [segment["t_stop"] - segment["t_start"] for segment in session["segments"]]
    recorded = [sum(stream["samples"]) / stream["sampling_rate"] for stream in session["streams"]]
    return {
        "signals" if recorded else "length": f"{max(recorded, default=sum(spans)):,.1f} s",
        "segments": len(spans),
        "streams": len(session["streams"]),
        "channels": sum(len(stream["channels"]) for stream in session["streams"]),
        "units": len(session["units"]),
        "spikes": f"{sum(unit['spikes'] for unit in session['units']):,}",
        "events": f"{sum(c['count'] for c in session['event_channels'] if c['name'] == 'Events'):,}",
    }


def _notes(session: Mapping[str, Any]) -> dict[str, object]:
    noted = {key.replace("_", " "): value for key, value in session["annotations"].items()}
    coded = {"encoding": session["encoding"]} if session["encoding"] else {}
    return {**noted, **coded, "time 0 (ms since 1970)": f"{session['time_origin_ms']:.3f}"}


def _tables(session: Mapping[str, Any]) -> Iterator[Block]:
    """Yield the tables of streams, event channels and segments."""
    streams = []
    for one in session["streams"]:
        rate, names = one["sampling_rate"], ", ".join(channel["name"] for channel in one["channels"][:100])
        cells = (len(one["channels"]), TableCell(f"{rate:g}", rate), one["dtype"], sum(one["samples"]))
        streams.append((one["name"], *cells, names))
    if streams:
        heads = ("stream", "channels", "rate (Hz)", "dtype", "samples", "names")
        yield table("Signal streams", heads, streams[:MOST_ROWS])
    channels = [(one["name"], one["type"], one["count"]) for one in session["event_channels"]]
    if channels:
        yield table("Event channels", ("channel", "type", "count"), channels[:MOST_ROWS])
    bounds = [(one["t_start"], one["t_stop"]) for one in session["segments"]]
    if len(bounds) > 1:
        rows = [(k, _to_ms(start), _to_ms(stop)) for k, (start, stop) in enumerate(bounds[:MOST_ROWS])]
        yield table("Segments", ("segment", "begins (s)", "ends (s)"), rows)


def _to_ms(seconds: float) -> TableCell:
    return TableCell(f"{seconds:,.3f}", round(seconds, 6))


def _unit_table(reader: MockSessionRawIO, rates: list[FiringRate]) -> list[Block]:
    shown = [rate.unit for rate in rates[:MOST_ROWS]]
    heads, rows = table_rows(unit_table(reader, shown))
    for unit, row in zip(shown, rows, strict=True):
        found = isi(reader, unit)
        numbers = (found.mean_ms, found.cv, 100 * found.violations)
        row += [TableCell(f"{value:,.2f}" if np.isfinite(value) else "n/a", round(value, 6)) for value in numbers]
    heads += ["mean ISI (ms)", "CV of ISI", f"ISI < {found.refractory_ms:g} ms (%)"]
    return [Block("heading", "All units"), table("Units; a column's heading sorts by it", heads, rows)]


def _files(files: Mapping[str, tuple[int, str]]) -> Block:
    """Return the table of files, folded up."""
    total = sum(size for size, _ in files.values())
    hashed = any(digest for _, digest in files.values())
    heads = ("file", "bytes", "SHA-256")[: 3 if hashed else 2]
    rows = [(name, size, digest)[: len(heads)] for name, (size, digest) in list(files.items())[:MOST_FILES]]
    more = [Block("note", f"The first {MOST_FILES:,} are listed.")] if len(files) > MOST_FILES else []
    summary = f"{counted(len(files), 'file')}, {total:,} bytes"
    return Block("folded", (summary, table("Files", heads, rows), *more))


def _shown(value: object) -> str:
    """Return a value of the manifest as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
