"""Apple's GPU through torch.

It shares the CPU's memory, and torch has one stream for it, which only one thread should use: there is no page-locked
memory to ask for, and nothing to be gained by a copy in another thread. So the slots are ordinary memory, read ahead as
ever, and what is in one is copied when it is scaled, in the consumer's thread. It has no float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Array
from .engine import DeviceScale, Slot


class MpsEngine:
    """Apple's GPU, by torch."""

    library = "torch"
    device = "mps"
    copies = False
    widest = "float32"

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def slot(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        """Return new memory for raw values."""
        host = np.empty(shape, dtype)
        source = self._torch.from_numpy(host)
        return Slot(host, source, source)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Return a new array on the device."""
        return self._torch.empty(shape, dtype=getattr(self._torch, dtype), device=self.device)

    def put(self, values: Array) -> Any:
        """Return a copy of a small array on the device."""
        return self._there(self._torch.from_numpy(np.ascontiguousarray(values)))

    def _there(self, values: Any) -> Any:
        """Return a tensor on the device, once it is there: the memory it comes from may be written over."""
        return values.to(self.device)

    def current(self, *_: Any) -> None:
        """Do nothing: all is queued in the one stream, and a slot is free when it has been copied."""

    stream = event = record = wait = follow = synchronize = upload = current

    def scale(self, raw: Any, scale: DeviceScale, out: Any) -> None:
        """Copy the values that are wanted, and queue their scaling."""
        self._torch.mul(self._there(raw), scale.gain, out=out)
        if scale.offset is not None:
            out += scale.offset

    def extremes(self, raw: Any, size: int) -> tuple[Array, Array]:
        """Return the least and the greatest of every `size` rows."""
        bins = self._there(raw).reshape(-1, size, *raw.shape[1:])
        return bins.amin(1).cpu().numpy(), bins.amax(1).cpu().numpy()

    def hand_over(self, out: Any) -> Any:
        """Return the result as it is."""
        return out
