"""Neo's counts, which raise an error before the header is parsed; and a reader's representation."""

from __future__ import annotations

from html import escape

from neo.rawio.baserawio import BaseRawIO

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from ..ground.shown import visible
from .arguments import checked_index


class CountsApi(BaseRawIO):  # type: ignore[misc]  # neo is not typed
    """What Neo's base class counts in the header; before ``parse_header()`` a :class:`MockSessionError`."""

    dirname: str

    def _check_parsed(self) -> None:
        if self.header is None:
            expected = "an open reader"
            raise MockSessionError(self.dirname, expected, "that it has not been opened", "Call parse_header().")

    def __repr__(self) -> str:
        return str(super().__repr__()).replace(self.dirname, visible(self.dirname))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: Neo's own tables do not escape names from the files."""
        return f"<pre>{escape(repr(self))}</pre>"

    def block_count(self) -> int:
        """Return the number of blocks, 1."""
        self._check_parsed()
        return int(super().block_count())

    def segment_count(self, block_index: int = 0) -> int:
        """Return the number of segments, one more than there are gaps."""
        self._check_parsed()
        return int(super().segment_count(checked_index(self.dirname, "block_index", block_index, 1, "blocks")))

    def signal_streams_count(self) -> int:
        """Return the number of signal streams."""
        self._check_parsed()
        return int(super().signal_streams_count())

    def signal_channels_count(self, stream_index: int) -> int:
        """Return the number of channels of a stream."""
        return int(super().signal_channels_count(self._checked_stream(stream_index)))

    def channel_name_to_index(self, stream_index: int, channel_names: list[str]) -> Array:
        """Return which of a stream's channels have these names, int (n,)."""
        found: Array = super().channel_name_to_index(self._checked_stream(stream_index), channel_names)
        return found

    def channel_id_to_index(self, stream_index: int, channel_ids: list[str]) -> Array:
        """Return which of a stream's channels have these ids, int (n,)."""
        found: Array = super().channel_id_to_index(self._checked_stream(stream_index), channel_ids)
        return found

    def _checked_stream(self, stream_index: int) -> int:
        count = self.signal_streams_count()
        return checked_index(self.dirname, "stream_index", stream_index, count, "signal streams")

    def spike_channels_count(self) -> int:
        """Return the number of units, the same in all segments."""
        self._check_parsed()
        return int(super().spike_channels_count())

    def event_channels_count(self) -> int:
        """Return the number of event and epoch channels."""
        self._check_parsed()
        return int(super().event_channels_count())
