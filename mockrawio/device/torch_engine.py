"""CUDA through torch, and what torch has under the same names: ROCm, which it calls "cuda", and Intel's "xpu".

Facts of torch on which the order of work rests:

- a copy with ``non_blocking=True`` is asynchronous only if the host memory is pinned;
- ``with torch.cuda.stream(s)`` sets the current stream of the calling thread alone;
- memory of the caching allocator belongs to the stream in which it was allocated: freed, it is
  given out again as soon as *that* stream comes to it. Work in other streams must be known to it
  (``record_stream``) or be over;
- a TensorIterator kernel on CUDA converts its operands as it loads them and its result as it
  stores it, so int16 times float64 into float32 is one kernel and no temporary. The arithmetic has
  the dtype to which the operands are promoted: that of gain and offset.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ..ground.arrays import Array
from .engine import CudaEvents, DeviceScale, Slot

_LOG = logging.getLogger("mockrawio.device")


class TorchEngine(CudaEvents):
    """One device of a kind, "cuda" or "xpu", by torch; the current one if no index is given."""

    library = "torch"

    def __init__(self, torch: Any, index: int | None = None, kind: str = "cuda") -> None:
        self._torch, self._kind = torch, getattr(torch, kind)
        self._device = torch.device(kind, self._kind.current_device() if index is None else index)
        self.device = str(self._device)
        # a thread that waits leaves its core to others; "xpu" has no such choice
        self._blocking = {"blocking": True} if kind == "cuda" else {}
        if kind == "xpu" and not self._kind.get_device_properties(self._device).has_fp64:
            self.widest = "float32"

    def slot(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        """Return new memory for raw values: pinned, if there is such memory, and on the device."""
        kind = getattr(self._torch, dtype.name)
        try:
            source = self._torch.empty(shape, dtype=kind, pin_memory=True)
        except RuntimeError as error:
            _LOG.warning("%s: no page-locked memory, so copies are slower: %s", self.device, error)
            source = self._torch.empty(shape, dtype=kind)
        return Slot(source.numpy(), source, self._torch.empty(shape, dtype=kind, device=self._device))

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Return a new array on the device."""
        return self._torch.empty(shape, dtype=getattr(self._torch, dtype), device=self._device)

    def put(self, values: Array) -> Any:
        """Return a copy of a small array on the device."""
        return self._torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def current(self) -> Any:
        """Return the calling thread's current stream on the device."""
        return self._kind.current_stream(self._device)

    def stream(self) -> Any:
        """Return a new stream."""
        return self._kind.Stream(self._device)

    def event(self) -> Any:
        """Return a new event."""
        return self._kind.Event(**self._blocking)

    def follow(self, stream: Any, other: Any) -> None:
        """Hold the stream back until the other has done what it was given so far."""
        if stream != other:
            stream.wait_stream(other)

    def upload(self, slot: Slot, rows: int, stream: Any) -> None:
        """Queue the copy of the first rows in the stream."""
        with self._kind.stream(stream):
            slot.raw[:rows].copy_(slot.source[:rows], non_blocking=True)

    def scale(self, raw: Any, scale: DeviceScale, out: Any) -> None:
        """Queue the one kernel in the current stream."""
        fused(self._torch, raw, scale, out)

    def extremes(self, raw: Any, size: int) -> tuple[Array, Array]:
        """Return the least and the greatest of every `size` rows."""
        bins = raw.reshape(-1, size, *raw.shape[1:])
        return bins.amin(1).cpu().numpy(), bins.amax(1).cpu().numpy()

    def hand_over(self, out: Any) -> Any:
        """Return the result, known to the allocator as used in the current stream."""
        out.record_stream(self.current())  # the consumer may free it while this stream still works on it
        return out


def fused(torch: Any, raw: Any, scale: DeviceScale, out: Any) -> None:
    """Scale tensors: one kernel on CUDA, whatever their strides and dtypes."""
    if scale.offset is None:
        torch.mul(raw, scale.gain, out=out)
    else:
        torch.addcmul(scale.offset, raw, scale.gain, out=out)
