"""What the pipeline asks of a device, and the CPU's answer to it.

The order of the work is the pipeline's affair (:mod:`mockrawio.device.pipeline`); an engine only
has memory, streams of work, and events that mark a place in a stream. On the CPU everything is
done when a method returns, so that streams and events do nothing there.

The CPU's engine is written against the array API standard: NumPy, CPU torch and
`array_api_strict` run the same code.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..ground.arrays import Array
from ..ground.extras import extra_module

BLOCK = 1 << 15  # values scaled at a time: they stay in cache, and torch does not start threads for so few


class Slot(NamedTuple):
    """A place for one chunk of raw values."""

    host: Array  # where the reader writes; page-locked if there is a device to copy to
    source: Any  # the same memory as the engine's library knows it
    raw: Any  # the device's copy; on the CPU the same memory once more


class DeviceScale(NamedTuple):
    """From raw values to physical units: arrays of the engine that broadcast against the raw values.

    Their dtype is that of the arithmetic. `offset` is None where there is none.
    """

    gain: Any
    offset: Any


class Engine(Protocol):
    """Memory, streams and kernels of one device, by one library."""

    library: str
    device: str
    copies: bool  # whether what is handed over is a copy of the result
    widest: str  # "float64", or "float32" where there is none

    def slot(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        """Return new memory for raw values."""

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Return a new array on the device."""

    def put(self, values: Array) -> Any:
        """Return a copy of a small array on the device."""

    def current(self) -> Any:
        """Return the stream that the caller's own work goes to."""

    def stream(self) -> Any:
        """Return a new stream."""

    def event(self) -> Any:
        """Return a new event; before it is recorded, waiting for it returns at once."""

    def record(self, event: Any, stream: Any) -> None:
        """Let the event stand for all that the stream has been given so far."""

    def wait(self, stream: Any, event: Any) -> None:
        """Hold back what the stream is given next until the event has come."""

    def follow(self, stream: Any, other: Any) -> None:
        """Hold back what the stream is given next until the other has done what it was given so far."""

    def synchronize(self, event: Any) -> None:
        """Wait until the event has come."""

    def upload(self, slot: Slot, rows: int, stream: Any) -> None:
        """Copy the first rows of a slot to the device."""

    def scale(self, raw: Any, scale: DeviceScale, out: Any) -> None:
        """Write ``raw * gain + offset``, computed in the dtype of these and rounded once, in the current stream."""

    def extremes(self, raw: Any, size: int) -> tuple[Array, Array]:
        """Return the least and the greatest of every `size` rows, as host arrays."""

    def hand_over(self, out: Any) -> Any:
        """Return a result as the consumer gets it, ordered after the current stream."""


class HostEngine:
    """The CPU, by a library that has the array API: "numpy", "torch" or "array_api_strict"."""

    device = "cpu"
    copies = False
    widest = "float64"

    def __init__(self, library: str = "numpy") -> None:
        self.library = library
        self._xp = namespace(library)

    def slot(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        """Return new memory for raw values."""
        host = np.empty(shape, dtype)
        shared = self._xp.asarray(host, copy=False) if self.library != "numpy" else host
        return Slot(host, shared, shared)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Return a new array of the library."""
        return self._xp.empty(shape, dtype=getattr(self._xp, dtype))

    def put(self, values: Array) -> Any:
        """Return a copy of a small array of the library."""
        return self._xp.asarray(values, copy=True) if self.library != "numpy" else values.copy()

    def current(self, *_: Any) -> None:
        """Do nothing: what is called is done, an event has come, and a slot is its own copy."""

    stream = event = record = wait = follow = synchronize = upload = current

    def scale(self, raw: Any, scale: DeviceScale, out: Any) -> None:
        """Scale block by block."""
        rows, xp = raw.shape[0], self._xp
        step = max(1, BLOCK * rows // max(1, math.prod(raw.shape)))
        for start in range(0, rows, step):
            here = slice(start, min(start + step, rows))
            block = xp.astype(raw[here, ...], scale.gain.dtype)
            block *= _rows(scale.gain, raw, here)
            if scale.offset is not None:
                block += _rows(scale.offset, raw, here)
            out[here, ...] = xp.astype(block, out.dtype, copy=False)

    def extremes(self, raw: Any, size: int) -> tuple[Array, Array]:
        """Return the least and the greatest of every `size` rows."""
        xp = self._xp
        bins = xp.reshape(raw, (-1, size, *raw.shape[1:]))
        return np.asarray(xp.min(bins, axis=1)), np.asarray(xp.max(bins, axis=1))

    def hand_over(self, out: Any) -> Any:
        """Return the result as it is."""
        return out


class CudaEvents:
    """Marks in streams, which torch and CuPy have under the same names."""

    copies = False
    widest = "float64"

    def record(self, event: Any, stream: Any) -> None:
        """Let the event stand for all that the stream has been given so far."""
        event.record(stream)

    def wait(self, stream: Any, event: Any) -> None:
        """Hold the stream back until the event has come."""
        stream.wait_event(event)

    def synchronize(self, event: Any) -> None:
        """Return when the event has come."""
        event.synchronize()


def _rows(values: Any, raw: Any, here: slice) -> Any:
    """Return what belongs to these rows of the raw values: all of it, if it is the same for each row."""
    return values[here, ...] if values.ndim == raw.ndim else values


def make_scale(engine: Engine, gain: Array, offset: Array, dtype: str) -> DeviceScale:
    """Return gains and offsets (float64) as the engine needs them for results of `dtype`.

    Without an offset the arithmetic is that of `dtype`, as the reader's own is, and gives the very
    same values. With one it is float64, if the device has it: a large offset would magnify the error of a float32
    product.
    """
    if not offset.any():
        return DeviceScale(engine.put(_one_or_all(gain).astype(dtype)), None)
    return DeviceScale(*(engine.put(_one_or_all(values).astype(engine.widest)) for values in (gain, offset)))


def _one_or_all(values: Array) -> Array:
    """Return one value where all are the same, which is faster than a row of them."""
    return values[:1] if values.ndim == 1 and values.size and (values == values[0]).all() else values


def namespace(library: str) -> Any:
    """Return a library's array API; of NumPy before 2.1, which lacks some of it, the compatible one."""
    if library == "numpy" and hasattr(np, "astype"):
        return np
    name = library if library == "array_api_strict" else f"array_api_compat.{library}"
    return extra_module(name, "chunks on a device", "gpu")
