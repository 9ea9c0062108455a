"""The open session, and its streams, units and segments by a checked index."""

from __future__ import annotations

from typing import Any

from ..ground.errors import MockSessionError
from .arguments import checked_index
from .counts_api import CountsApi
from .open_session import OpenSession
from .signals import SignalStream
from .spikes import Unit
from .views import Description, StreamView, UnitView


def _described(session: OpenSession, name: str | None) -> Description | None:
    """Return the files of a stream of ``raw_data``, None for LFP."""
    samples = session.files.streams.get(name) if name is not None else None
    if samples is None:
        return None
    json = samples.with_ending(".json")
    return Description(samples, json, session.moment.part(samples, json))


class Lookups(CountsApi):
    """The session that a reader has open, and views of it.

    A method that is given a session uses that one: another thread may open another meanwhile.
    """

    _session: OpenSession | None = None
    _streams: list[SignalStream]

    @property
    def _open(self) -> OpenSession:
        session = self._session
        if session is None:
            self._check_parsed()
            raise MockSessionError(self.dirname, "an open reader", "that it is closed", "Call parse_header().")
        return session

    def _stream(self, stream_index: int | None) -> SignalStream:
        streams = self._streams
        if stream_index is None and len(streams) == 1:
            return streams[0]
        if type(stream_index) is int and 0 <= stream_index < len(streams):
            return streams[stream_index]
        streams = self._open.streams
        return streams[self._stream_number(stream_index, streams)]

    def _stream_number(self, stream_index: int | None, streams: list[SignalStream]) -> int:
        if stream_index is None and len(streams) == 1:
            return 0
        if stream_index is None and streams:
            names = ", ".join(stream.id for stream in streams)
            expected, remedy = f"stream_index=, there are {names}", f"Give 0 to {len(streams) - 1}."
            raise MockSessionError(self.dirname, expected, None, remedy)
        return checked_index(self.dirname, "stream_index", stream_index, len(streams), "signal streams")

    def _get_stream_index_from_arg(self, stream_index_arg: int | None) -> int:
        return self._stream_number(stream_index_arg, self._open.streams)

    def _segment(self, block_index: int, seg_index: int, session: OpenSession | None = None) -> int:
        count = (session or self._open).n_segments
        checked_index(self.dirname, "block_index", block_index, 1, "blocks")
        return checked_index(self.dirname, "seg_index", seg_index, count, "segments")

    def _unit(self, spike_channel_index: int, session: OpenSession | None = None) -> Unit:
        units = (session or self._open).units
        return units[checked_index(self.dirname, "spike_channel_index", spike_channel_index, len(units), "units")]

    def _event_channel(self, event_channel_index: int, count: int) -> int:
        return checked_index(self.dirname, "event_channel_index", event_channel_index, count, "event channels")

    # -- views --------------------------------------------------------------------------------

    def stream(self, stream_index: int | None = None) -> StreamView:
        """Return one signal stream: what it is, and its samples; the index may be left out if there is one.

        Raises
        ------
        MockSessionError
            If there is no such stream, or the reader is not open.
        """
        session = self._open
        index = self._stream_number(stream_index, session.streams)
        signals = session.streams[index]
        return StreamView(index, signals, _described(session, signals.id), _described(session, session.places.probed))

    def unit(self, spike_channel_index: int = 0) -> UnitView:
        """Return one unit: whose spikes they are, and when.

        Raises
        ------
        MockSessionError
            If there is no such unit, or the reader is not open.
        """
        units = self._open.units
        index = checked_index(self.dirname, "spike_channel_index", spike_channel_index, len(units), "units")
        return UnitView(index, units)

    def manifest(self) -> dict[str, Any] | None:
        """Return the content of ``session_manifest.json``, None if there is none.

        Raises
        ------
        BadFileError
            If it is no manifest, or has changed since the header was parsed.
        """
        return self._open.manifest()
