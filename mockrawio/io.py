"""MockSessionIO: a mock session as Neo objects, and its registration with Neo.

Reading is Neo's ``BaseFromRaw`` on top of :class:`~mockrawio.rawio.MockSessionRawIO`. Lazy
signals are a subclass of Neo's proxy that also takes time slices open at one end, and never
asks for samples past the end (Neo's own rounds a slice's start and length apart).
"""

from __future__ import annotations

from contextlib import suppress
from os import PathLike
from typing import Any

import neo.io
import neo.rawio
import numpy as np
from neo.core import Block, Segment
from neo.io.basefromrawio import BaseFromRaw
from neo.io.baseio import BaseIO
from neo.io.proxyobjects import AnalogSignalProxy, ensure_second

from .rawio import MockSessionRawIO
from .session.errors import MockSessionError

Slice = tuple[Any, Any]


class _SignalProxy(AnalogSignalProxy):  # type: ignore[misc]  # neo is not typed
    """Neo's lazy signal, with a slice's two ends each rounded to the nearest sample."""

    def _time_slice_indices(self, time_slice: Slice | None, strict_slicing: bool = True) -> tuple[Any, Any, Any]:
        if time_slice is None:
            return None, None, self.t_start
        limits = (self.t_start, self.t_stop)
        ends = [end if given is None else ensure_second(given) for given, end in zip(time_slice, limits, strict=True)]
        for name, end in zip(("t_start", "t_stop"), ends, strict=True):
            if strict_slicing and not limits[0] <= end <= limits[1]:
                expected = f"{name} from {limits[0]} to {limits[1]}"
                remedy = "Move it, or pass strict_slicing=False to have the slice cut."
                raise MockSessionError("time_slice", expected, end, remedy)
        start, stop = (self._nearest(end) for end in ends)
        return start, max(start, stop), self.t_start + start / self.sampling_rate

    def _nearest(self, time: Any) -> int:
        position = float(((time - self.t_start) * self.sampling_rate).simplified.magnitude)
        return int(np.clip(np.rint(position), 0, self.shape[0]))


class MockSessionIO(MockSessionRawIO, BaseFromRaw):  # type: ignore[misc]  # neo is not typed
    """Read a session folder into Neo objects.

    Parameters
    ----------
    dirname : str or PathLike
        The session folder.
    **kwargs
        As for :class:`~mockrawio.rawio.MockSessionRawIO`.

    Raises
    ------
    NotASessionError
        If the folder holds none of a session's files. What is wrong in a folder that is a
        session is said by ``read_block()``, or ``parse_header()``: ``neo.io.get_io`` would not
        let it through from here, and take another class.

    Examples
    --------
    >>> block = MockSessionIO(folder).read_block(load_waveforms=True)
    >>> segment = block.segments[0]
    >>> segment.analogsignals[0].units
    array(1.) * uV
    """

    name = "MockSession IO"
    mode = "dir"
    _prefered_signal_group_mode = "group-by-same-units"

    def __init__(self, dirname: str | PathLike[str] = "", **kwargs: Any) -> None:
        MockSessionRawIO.__init__(self, dirname, **kwargs)
        BaseIO.__init__(self, self.dirname)
        with suppress(MockSessionError):  # and said once something is read
            self.parse_header()

    def read_block(self, *args: Any, **kwargs: Any) -> Block:
        """Read the session; the arguments are those of Neo's ``read_block``."""
        if not self.is_header_parsed:
            self.parse_header()
        return super().read_block(*args, **kwargs)

    def has_buffer_description_api(self) -> bool:
        """Say no: a client of Neo objects that mapped a buffer itself would miss its offset and its gain."""
        return False

    def read_segment(
        self,
        block_index: int = 0,
        seg_index: int = 0,
        lazy: bool = False,
        signal_group_mode: str | None = None,
        load_waveforms: bool = False,
        time_slice: Slice | None = None,
        strict_slicing: bool = True,
    ) -> Segment:
        """Read one segment.

        Parameters
        ----------
        block_index, seg_index : int
        lazy : bool
            Give proxies; each has ``load(time_slice=)``.
        signal_group_mode : {"group-by-same-units", "split-all"}, optional
        load_waveforms : bool
            Whether spike trains get their waveforms; not with `lazy`.
        time_slice : tuple of Quantity or float (s) or None, optional
            Start and stop, either None for the segment's own; not with `lazy`.
        strict_slicing : bool
            Whether a slice that leaves the data is an error, or is cut.

        Returns
        -------
        neo.core.Segment
        """
        if not self.is_header_parsed:
            self.parse_header()
        unsuitable = {"time_slice": time_slice, "load_waveforms": load_waveforms} if lazy else {}
        segment = super().read_segment(block_index, seg_index, True, signal_group_mode, **unsuitable)
        for proxy in segment.analogsignals:
            proxy.__class__ = _SignalProxy  # to make them anew would take as long again
        if lazy:
            return segment
        if time_slice is not None:
            time_slice = tuple(None if end is None else ensure_second(end) for end in time_slice)  # type: ignore[assignment]  # two ends
        how = {"time_slice": time_slice, "strict_slicing": strict_slicing}
        segment.analogsignals = [proxy.load(**how) for proxy in segment.analogsignals]
        segment.events = [proxy.load(**how) for proxy in segment.events]
        segment.epochs = [proxy.load(**how) for proxy in segment.epochs]
        segment.spiketrains = [
            proxy.load(load_waveforms=load_waveforms and proxy.sampling_rate is not None, **how)  # if it has any
            for proxy in segment.spiketrains
        ]
        segment.check_relationships()
        return segment


def register() -> None:
    """Make Neo know both classes; calling it again changes nothing.

    Afterwards ``neo.rawio.MockSessionRawIO`` and ``neo.io.MockSessionIO`` exist, both are in
    Neo's lists, and ``neo.io.get_io(folder)`` finds a session folder: the class is asked
    first for its file types, and refuses a folder that is not a session.
    """
    neo.rawio.MockSessionRawIO = MockSessionRawIO
    neo.io.MockSessionIO = MockSessionIO
    if MockSessionRawIO not in neo.rawio.rawiolist:
        neo.rawio.rawiolist.append(MockSessionRawIO)
    if MockSessionIO not in neo.io.iolist:
        neo.io.iolist.append(MockSessionIO)
    for extension in MockSessionIO.extensions:
        known = neo.io.io_by_extension.setdefault(extension, [])
        if MockSessionIO not in known:
            known.insert(0, MockSessionIO)
