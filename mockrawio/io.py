"""MockSessionIO: a mock session as Neo objects, and its registration with Neo.

Reading is Neo's ``BaseFromRaw`` on top of :class:`~mockrawio.rawio.MockSessionRawIO`. Lazy
objects are subclasses of Neo's proxies, which differ in what they take for a time slice: it may
be open at one end, or lie wholly outside with ``strict_slicing=False``, and its ends are numbers
of any kind. What is loaded at once is loaded through them, so the two agree.
"""

from __future__ import annotations

from contextlib import suppress
from os import PathLike
from typing import Any

import neo.io
import neo.rawio
import numpy as np
import quantities as pq
from neo.core import Block, Segment, SpikeTrain
from neo.io.basefromrawio import BaseFromRaw
from neo.io.baseio import BaseIO
from neo.io.proxyobjects import AnalogSignalProxy, EpochProxy, EventProxy, SpikeTrainProxy

from .ground.errors import MockSessionError
from .rawio import MockSessionRawIO
from .rawio.arguments import time_limit

Slice = tuple[Any, Any]
Ends = tuple[float | None, float | None]
NOISE_S = 1e-9  # a summed time may miss the end by that and still mean the same sample


class _Sliced:
    """What every proxy does with a time slice."""

    t_start: Any
    t_stop: Any

    def _ends(self, time_slice: Slice, strict: bool) -> tuple[float, float, Ends]:
        """Return where the data begins and ends, and a slice's two ends, seconds; they lie in order."""
        low, high = (float(limit.rescale("s").magnitude) for limit in (self.t_start, self.t_stop))
        try:
            start, stop = time_slice
        except (TypeError, ValueError):
            found = f"{time_slice!r}"
            raise MockSessionError("time_slice", "a start and a stop", found, "Give both, or None.") from None
        ends = time_limit("t_start", start), time_limit("t_stop", stop)
        for name, end in zip(("t_start", "t_stop"), ends, strict=True):
            if strict and end is not None and not low - NOISE_S <= end <= high + NOISE_S:
                remedy = "Move it, or pass strict_slicing=False to have the slice cut."
                raise MockSessionError("time_slice", f"{name} from {low} s to {high} s", f"{end} s", remedy)
        if None not in ends and ends[0] > ends[1]:  # type: ignore[operator]  # neither is None
            raise MockSessionError("time_slice", "t_start before t_stop", f"{ends[0]} s, {ends[1]} s", "Swap them.")
        return low, high, ends


class _SignalProxy(_Sliced, AnalogSignalProxy):  # type: ignore[misc]  # neo is not typed
    """Neo's lazy signal; a slice's start and length are rounded, as Neo does, so one duration has one size."""

    def _time_slice_indices(self, time_slice: Slice | None, strict_slicing: bool = True) -> tuple[Any, Any, Any]:
        if time_slice is None:
            return None, None, self.t_start
        low, high, (start, stop) = self._ends(time_slice, strict_slicing)
        size, rate = self.shape[0], float(self.sampling_rate.rescale("Hz").magnitude)
        begin = low if start is None else min(max(start, low), high)
        first = min(round((begin - low) * rate), size)
        length = size if stop is None else round((min(max(stop, low), high) - begin) * rate)
        # Both may have been rounded up, to one sample past the end.
        return first, min(first + length, size), self.t_start + first / self.sampling_rate


class _SpikeTrainProxy(_Sliced, SpikeTrainProxy):  # type: ignore[misc]  # neo is not typed
    """Neo's lazy spike train; a slice that is cut to nothing is an empty train, where Neo's is an error."""

    def load(
        self,
        time_slice: Slice | None = None,
        strict_slicing: bool = True,
        magnitude_mode: str = "rescaled",
        load_waveforms: bool = False,
    ) -> SpikeTrain:
        """Load it, as Neo's ``SpikeTrainProxy.load`` does."""
        if time_slice is None:
            return super().load(None, strict_slicing, magnitude_mode, load_waveforms)
        low, high, ends = self._ends(time_slice, strict_slicing)
        start, stop = (limit if end is None else end for end, limit in zip(ends, (low, high), strict=True))
        if start <= high and stop >= low:
            return super().load(_quantities(ends), False, magnitude_mode, load_waveforms)
        edge = (min(max(start, low), high) * pq.s,) * 2
        return super().load(edge, False, magnitude_mode, load_waveforms)[:0]


class _TimesProxy(_Sliced):
    """What lazy events and epochs have in common."""

    def load(self, time_slice: Slice | None = None, strict_slicing: bool = True) -> Any:
        """Load them, as Neo's ``EventProxy.load`` and ``EpochProxy.load`` do."""
        if time_slice is not None:
            time_slice = _quantities(self._ends(time_slice, strict_slicing)[2])
        return super().load(time_slice, False)  # type: ignore[misc]  # Neo's, which comes next


class _EventProxy(_TimesProxy, EventProxy):  # type: ignore[misc]  # neo is not typed
    """Neo's lazy events."""


class _EpochProxy(_TimesProxy, EpochProxy):  # type: ignore[misc]  # neo is not typed
    """Neo's lazy epochs."""


def _quantities(ends: Ends) -> Slice:
    start, stop = (None if end is None else end * pq.s for end in ends)
    return start, stop


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
        If the folder holds none of a session's files. ``read_block()`` and ``parse_header()`` report damaged sessions;
        an error here would make ``neo.io.get_io`` choose another class.

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

    def read_block(
        self,
        block_index: int = 0,
        lazy: bool = False,
        create_group_across_segment: bool | dict[str, bool] | None = None,
        signal_group_mode: str | None = None,
        load_waveforms: bool = False,
    ) -> Block:
        """Read the session; the arguments are those of Neo's ``read_block``."""
        if not self.is_header_parsed:
            self.parse_header()
        self.segment_count(block_index)  # says so if there is none
        return super().read_block(block_index, lazy, create_group_across_segment, signal_group_mode, load_waveforms)

    def has_buffer_description_api(self) -> bool:
        """Return False: programs that use Neo objects and map a buffer would ignore its offset and gain."""
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
            Return proxies, which have ``load(time_slice=, strict_slicing=)``.
        signal_group_mode : {"group-by-same-units", "split-all"}, optional
        load_waveforms : bool
            Whether spike trains get their waveforms; not with `lazy`.
        time_slice : tuple of Quantity or float (s) or None, optional
            Start and stop, either None for the segment's own; not with `lazy`.
        strict_slicing : bool
            Whether a slice beyond the data is an error; otherwise it is cut.

        Returns
        -------
        neo.core.Segment

        Raises
        ------
        MockSessionError
            If there is no such segment, the slice's start is not before its stop, or it extends beyond the data.
        """
        if not self.is_header_parsed:
            self.parse_header()
        self._segment(block_index, seg_index)
        unsuitable = {"time_slice": time_slice, "load_waveforms": load_waveforms} if lazy else {}
        segment = super().read_segment(block_index, seg_index, True, signal_group_mode, **unsuitable)
        _adopt(segment)
        if lazy:
            return segment
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


def _adopt(segment: Segment) -> None:
    """Turn Neo's proxies into ours; making new ones would take as long again."""
    for proxy in segment.analogsignals:
        proxy.__class__ = _SignalProxy
        if isinstance(proxy._inner_stream_channels, list):  # which Neo cannot select channels from
            proxy._inner_stream_channels = np.array(proxy._inner_stream_channels)
    kinds = (segment.spiketrains, _SpikeTrainProxy), (segment.events, _EventProxy), (segment.epochs, _EpochProxy)
    for proxies, kind in kinds:
        for proxy in proxies:
            proxy.__class__ = kind


def register() -> None:
    """Register both classes with Neo; calling it again changes nothing.

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
