"""int16 chunks of a session as scaled arrays on an accelerator, or in memory where there is none.

- :func:`stream_scaled`: the samples of a segment or a window, chunk by chunk, in µV
- :func:`zoom` and :class:`Envelope`: the least and the greatest value under each pixel of a view
- :func:`waveforms_to_device`: the waveforms of all units, scaled in batches

What crosses the bus is int16, a quarter of float64's bytes and half of float32's; gain and offset
are applied where the result is wanted. Importing this needs NumPy alone: the libraries of the
extra `gpu` are imported when one is asked for.
"""

from __future__ import annotations

from .envelope import Envelope, Zoom, zoom
from .stream import ScaledStream, stream_scaled
from .unit_waveforms import DeviceWaveforms, waveforms_to_device

__all__ = ["DeviceWaveforms", "Envelope", "ScaledStream", "Zoom", "stream_scaled", "waveforms_to_device", "zoom"]
