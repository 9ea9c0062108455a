"""The waveforms of many units as one scaled array."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import BoundsError, MockSessionError
from ..rawio import MockSessionRawIO
from .choose import check_dtype, choose_engine
from .engine import DeviceScale, make_scale
from .pipeline import Chunk, Pipeline
from .samples import check_number


class DeviceWaveforms(NamedTuple):
    """Waveforms of several units, unit by unit, each in order of time.

    Attributes
    ----------
    waveforms : array, (spikes, channels, samples)
        µV, on the device.
    unit_index : array of int32, (spikes,)
        Index into ``header["spike_channels"]``, on the device.
    times : ndarray of float64, (spikes,)
        Seconds, of the reader's time; in memory, for not every device has float64.
    """

    waveforms: Any
    unit_index: Any
    times: Array


class _Spikes:
    """The raw waveforms of the wanted units, seen as one long array that is never built."""

    def __init__(self, reader: MockSessionRawIO, units: list[int], where: dict[str, Any]) -> None:
        self._reader, self._where, self.units = reader, where, units
        self.times = [self._of(unit, "timestamps") for unit in units]
        self.edges = np.concatenate([[0], np.cumsum([times.size for times in self.times])]).astype(np.int64)
        self._last: tuple[int, Any] = (-1, None)

    def _of(self, unit: int, what: str) -> Any:
        return getattr(self._reader, f"get_spike_{what}")(spike_channel_index=unit, **self._where)

    def raw(self, place: int) -> Array:
        """Return the waveforms of the unit at a place of the list; a float source is not quantised for each batch."""
        if self._last[0] != place:
            self._last = place, self._of(self.units[place], "raw_waveforms")
        found = self._last[1]
        if found is None:
            raise MockSessionError(self._name(place), "waveforms", "none", "Leave it out of spike_channel_indexes.")
        return found  # type: ignore[no-any-return]  # checked to be one

    def _name(self, place: int) -> str:
        return f"{self._reader.dirname}, unit {self._reader.header['spike_channels']['id'][self.units[place]]}"

    def layout(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Return the shape of one waveform, and the dtype, that all units with spikes share."""
        first = None
        for place in np.flatnonzero(np.diff(self.edges)).tolist():
            raw = self.raw(place)
            found = raw.shape[1:], raw.dtype
            first = found if first is None else first
            if found != first:
                expected = f"waveforms like those before it, {first[0]} {first[1]}"
                remedy = "Request units of one kind at a time."
                raise MockSessionError(self._name(place), expected, f"{found[0]} {found[1]}", remedy)
        return self._of_none() if first is None else first

    def _of_none(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Return the layout where no unit has a spike: what the first one with waveforms has at other times."""
        for unit in self.units:
            raw = self._of(unit, "raw_waveforms")
            if raw is not None:
                return raw.shape[1:], raw.dtype
        return (1, 0), np.dtype(np.int16)

    def read(self, chunk: Chunk, place: Array) -> None:
        """Copy spikes from `chunk[0]` to `chunk[1]`, whichever units they are of."""
        start, stop = chunk
        unit = int(np.searchsorted(self.edges, start, side="right")) - 1
        while start < stop:
            end = min(stop, int(self.edges[unit + 1]))
            if start < end:
                first = int(self.edges[unit])
                place[start - chunk[0] : end - chunk[0]] = self.raw(unit)[start - first : end - first]
            start, unit = end, unit + 1

    def each(self, values: Array) -> Array:
        """Return one value per unit as one value per spike."""
        return np.repeat(values, np.diff(self.edges))


def waveforms_to_device(
    reader: MockSessionRawIO,
    *,
    spike_channel_indexes: Any = None,
    device: str = "cuda",
    dtype: str = "float32",
    out: str = "torch",
    batch_size: int = 65536,
    depth: int = 3,
    block_index: int = 0,
    seg_index: int = 0,
    t_start: float | None = None,
    t_stop: float | None = None,
) -> DeviceWaveforms:
    """Return the waveforms of units, scaled on the device.

    Their int16 is transferred in batches of `batch_size` spikes, which may span several units; each unit's gain is
    applied on the device, in one kernel per batch.

    Parameters
    ----------
    reader : MockSessionRawIO
    spike_channel_indexes : sequence of int, optional
        The units, in this order; all by default.
    device, dtype, out
        As for :func:`stream_scaled`.
    batch_size : int
        Spikes copied at a time; 65536 of 64 samples are 8 MiB.
    depth : int
        Batches in flight at the same time.
    block_index, seg_index : int
    t_start, t_stop : float, optional
        Seconds; spikes with ``t_start <= t <= t_stop``, as ``get_spike_timestamps()`` has it.

    Returns
    -------
    DeviceWaveforms
        (waveforms, unit_index, times). All arrays belong to the caller.

    Raises
    ------
    MockSessionError
        If a unit has no waveforms, or waveforms of another length; or as :func:`stream_scaled`.
    ImportError
        If the library is not installed.

    Examples
    --------
    >>> from mockrawio.device import waveforms_to_device
    >>> with MockSessionRawIO(folder) as reader:
    ...     waveforms, unit_index, times = waveforms_to_device(reader, device="cpu", out="numpy")
    >>> waveforms.shape[1:], waveforms.dtype, len(unit_index) == len(times) == len(waveforms)
    ((1, 64), dtype('float32'), True)
    """
    engine = choose_engine(device, out)
    dtype = check_dtype(dtype, engine)
    check_number("batch_size", batch_size, "spike")
    units = _units(reader, spike_channel_indexes)
    where = {"block_index": block_index, "seg_index": seg_index, "t_start": t_start, "t_stop": t_stop}
    spikes = _Spikes(reader, units, where)
    shape, raw_dtype = spikes.layout()
    count = int(spikes.edges[-1])
    result = engine.empty((count, *shape), dtype)
    header = reader.header["spike_channels"][units]
    gain, offset = (spikes.each(header[key].astype(np.float64))[:, None, None] for key in ("wf_gain", "wf_offset"))
    scale = make_scale(engine, gain, offset, dtype)

    def use(_: int, raw: Any, chunk: Chunk) -> None:
        gain, offset = (None if values is None else values[chunk[0] : chunk[1], ...] for values in scale)
        engine.scale(raw, DeviceScale(gain, offset), result[chunk[0] : chunk[1], ...])

    chunks = ((start, min(start + batch_size, count)) for start in range(0, count, batch_size))
    Pipeline(engine, spikes.read, chunks, (max(1, min(batch_size, count)), *shape), raw_dtype, depth).run(use)
    unit_index = engine.put(spikes.each(np.array(units, np.int32)))
    stamps = np.concatenate([np.empty(0), *spikes.times])
    times = reader.rescale_spike_timestamp(stamps, dtype="float64")
    return DeviceWaveforms(engine.hand_over(result), engine.hand_over(unit_index), times)


def _units(reader: MockSessionRawIO, spike_channel_indexes: Any) -> list[int]:
    count = len(reader.header["spike_channels"])
    if spike_channel_indexes is None:
        return list(range(count))
    given = np.asarray(spike_channel_indexes)
    units: list[int] = given.tolist()
    if given.ndim != 1 or (units and (given.dtype.kind not in "iu" or not 0 <= min(units) <= max(units) < count)):
        expected = f"spike_channel_indexes in 0 to {count - 1}, whole numbers"
        raise BoundsError(reader.dirname, expected, units, "The header lists the units.")
    return units
