"""CUDA through CuPy, without torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Array
from .engine import CudaEvents, DeviceScale, Slot


class CupyEngine(CudaEvents):
    """One CUDA device, by CuPy; the current one if no index is given."""

    library = "cupy"

    def __init__(self, cupy: Any, cupyx: Any, index: int | None = None) -> None:
        self._cupy, self._cupyx = cupy, cupyx
        self._place = cupy.cuda.Device() if index is None else cupy.cuda.Device(index)
        self.device = f"cuda:{self._place.id}"
        arguments = "R raw, A gain, A offset", "T out"
        self._kernel = cupy.ElementwiseKernel(*arguments, "out = (T)((A)raw * gain + offset)", "mockrawio_scale")

    def slot(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        """Return new memory for raw values: pinned, and on the device."""
        host = self._cupyx.empty_pinned(shape, dtype)
        return Slot(host, host, self.empty(shape, dtype.name))

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Return a new array on the device."""
        with self._place:
            return self._cupy.empty(shape, dtype=dtype)

    def put(self, values: Array) -> Any:
        """Return a copy of a small array on the device."""
        with self._place:
            return self._cupy.asarray(values)

    def current(self) -> Any:
        """Return the calling thread's current stream on the device."""
        with self._place:
            return self._cupy.cuda.get_current_stream()

    def stream(self) -> Any:
        """Return a new stream."""
        with self._place:
            return self._cupy.cuda.Stream(non_blocking=True)

    def event(self) -> Any:
        """Return a new event."""
        with self._place:
            return self._cupy.cuda.Event(block=True, disable_timing=True)

    def follow(self, stream: Any, other: Any) -> None:
        """Hold the stream back until the other has done what it was given so far."""
        if stream.ptr != other.ptr:
            event = self.event()
            event.record(other)
            stream.wait_event(event)

    def upload(self, slot: Slot, rows: int, stream: Any) -> None:
        """Queue the copy of the first rows in the stream."""
        with self._place:
            slot.raw[:rows].set(slot.source[:rows], stream=stream)

    def scale(self, raw: Any, scale: DeviceScale, out: Any) -> None:
        """Queue the one kernel in the current stream."""
        with self._place:
            self._kernel(raw, scale.gain, scale.gain.dtype.type(0) if scale.offset is None else scale.offset, out)

    def extremes(self, raw: Any, size: int) -> tuple[Array, Array]:
        """Return the least and the greatest of every `size` rows."""
        with self._place:
            bins = raw.reshape(-1, size, *raw.shape[1:])
            return bins.min(axis=1).get(), bins.max(axis=1).get()

    def hand_over(self, out: Any) -> Any:
        """Return the result as it is."""
        return out
