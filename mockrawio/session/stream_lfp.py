"""The LFP of a session made again of its broadband stream, by the taps that the stream's description has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..ground.errors import BadFileError, BoundsError, MockSessionError
from ..ground.places import FolderLike
from . import keys
from .layout import BROADBAND, find_files
from .lowpass import Int16s, Lowpass
from .made import rows_of
from .streams import StreamFile, open_stream


class StreamLfp(NamedTuple):
    """The LFP that a stream stands for."""

    stream: StreamFile
    lowpass: Lowpass

    def length(self, seg_index: int) -> int:
        """Return how many samples a segment has."""
        run = self.stream.runs[seg_index]
        return self.lowpass.length(run.stop - run.start)

    def read(self, seg_index: int, i_start: int, i_stop: int) -> Int16s:
        """Return samples of a segment, int16 (i_stop - i_start, n_channels), in counts of the stream."""
        if i_start == i_stop:
            return np.empty((0, self.stream.samples.shape[1]), "<i2")
        run, lowpass = self.stream.runs[seg_index], self.lowpass
        first, last = lowpass.middles(i_start, i_stop)[[0, -1]] + [-lowpass.half, lowpass.half]
        inside = np.clip(np.arange(first, last + 1), 0, run.stop - run.start - 1)
        low, high = run.start + int(inside[0]), run.start + int(inside[-1]) + 1
        rows = rows_of(self.stream.samples, low, high)[inside - inside[0]]
        return lowpass.samples(rows, int(first), i_start, i_stop)


def stream_lfp(dirname: FolderLike, stream: str = BROADBAND) -> StreamLfp:
    """Open a stream of a session, and find the taps that its LFP is made with.

    MockSessionError if the session has no such stream; BadFileError if its description has no taps, or no good ones.
    """
    files = find_files(dirname)
    if stream not in files.streams:
        found = ", ".join(map(repr, files.streams)) or "none"
        raise MockSessionError(files.root, f"the stream {stream!r} in raw_data", found, "Give an existing one.")
    opened = open_stream(files.streams[stream])
    lowpass = Lowpass.of_json(opened.ground_truth.get(keys.LFP_TAPS))
    if lowpass is None:
        expected = f"{keys.LFP_TAPS!r} in the ground truth, with taps, shift and frames as whole numbers"
        found = repr(opened.ground_truth.get(keys.LFP_TAPS))[:80]
        raise BadFileError(opened.file.with_ending(".json"), expected, found, "Make the session again.")
    return StreamLfp(opened, lowpass)


def lfp_of_stream(
    dirname: FolderLike, seg_index: int = 0, i_start: int = 0, i_stop: int | None = None, *, stream: str = BROADBAND
) -> Int16s:
    """Compute the LFP of a broadband session from its stream, as in its files in ``lfp_data``.

    Parameters
    ----------
    dirname : str, PathLike or Folder
        The session folder, of one that :func:`generate_session` made.
    seg_index : int
        Which segment.
    i_start, i_stop : int
        Samples of the LFP, at 1 kHz; all of the segment by default.
    stream : str
        Which stream of ``raw_data``.

    Returns
    -------
    ndarray of int16, shape (i_stop - i_start, n_channels)
        Counts, of the stream's gain and offset.

    Raises
    ------
    MockSessionError
        If the session has no such stream.
    BadFileError
        If what describes the stream has no taps.
    BoundsError
        If the segment has no such samples, or there is no such segment.
    """
    lfp = stream_lfp(dirname, stream)
    last = len(lfp.stream.runs) - 1
    if not 0 <= seg_index <= last:
        raise BoundsError("seg_index", f"0 to {last}", seg_index, "Request an existing segment.")
    length = lfp.length(seg_index)
    stop = length if i_stop is None else i_stop
    if not 0 <= i_start <= stop <= length:
        expected, found = f"0 <= i_start <= i_stop <= {length}", f"i_start={i_start}, i_stop={i_stop}"
        raise BoundsError(f"segment {seg_index}", expected, found, "Request samples of the segment.")
    return lfp.read(seg_index, i_start, stop)
