"""What a window holds: signals, spikes and events on one clock; plain values, and arrays of NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats
from .window_exports import InPynapple, in_pynapple, in_xarray


@dataclass(frozen=True, eq=False, repr=False)
class WindowSignal:
    """One signal stream in a window.

    Attributes
    ----------
    name : str
        The stream's.
    values : ndarray of float32 or float64, shape (samples, channels)
        In the units of each channel, usually µV.
    t_start : float
        Time of the first sample, s.
    sampling_rate : float
        Hz.
    channel_ids, channel_names, channel_units : tuple of str
        One for each channel; voltages are in "uV".
    """

    name: str
    values: Array
    t_start: float
    sampling_rate: float
    channel_ids: tuple[str, ...]
    channel_names: tuple[str, ...]
    channel_units: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.name}: {self.values.shape} {self.values.dtype}, {self.units}, {self.sampling_rate:g} Hz"

    @property
    def units(self) -> str:
        """The units of the values, usually "uV"; a comma-separated list if channels differ."""
        return ", ".join(dict.fromkeys(self.channel_units))

    @property
    def times(self) -> Floats:
        """Time of each sample, s, float64 (samples,)."""
        return self.t_start + np.arange(len(self.values)) / self.sampling_rate


@dataclass(frozen=True, eq=False, repr=False)
class WindowEvents:
    """One event channel in a window, in order of time.

    Attributes
    ----------
    times : ndarray of float64, shape (n,)
        When each begins, s.
    durations : ndarray of float64, shape (n,), or None
        How long each epoch is, s; None for events.
    labels : ndarray of str, shape (n,)
    """

    times: Floats
    durations: Floats | None
    labels: npt.NDArray[np.str_]

    def __repr__(self) -> str:
        return f"{self.times.size} {'events' if self.durations is None else 'epochs'}"


@dataclass(frozen=True, eq=False, repr=False)
class TimeWindow:
    """All data of a reader between two times, in one segment.

    Attributes
    ----------
    t_start, t_stop : float
        Start and end, s.
    block_index, seg_index : int
        The segment.
    signals : dict of str to WindowSignal
        By the name of the stream.
    spikes : dict of str to ndarray of float64, shape (n,)
        Times in s by the id of the unit, or by its name where others have its id.
    events : dict of str to WindowEvents
        Events and epochs by the name of the channel.
    """

    t_start: float
    t_stop: float
    block_index: int
    seg_index: int
    signals: dict[str, WindowSignal] = field(default_factory=dict)
    spikes: dict[str, Floats] = field(default_factory=dict)
    events: dict[str, WindowEvents] = field(default_factory=dict)

    def __repr__(self) -> str:
        n = sum(times.size for times in self.spikes.values())
        lines = [f"TimeWindow {self.t_start:g} to {self.t_stop:g} s of segment {self.seg_index}"]
        lines += map(repr, self.signals.values())
        lines.append(f"spikes: {n} of {len(self.spikes)} units")
        lines += (f"{name}: {events!r}" for name, events in self.events.items())
        return "\n  ".join(lines)

    def to_xarray(self) -> Any:
        """Return an xarray Dataset.

        Returns
        -------
        xarray.Dataset
            One variable per stream, named like it: dims (``{name}_time``, ``{name}_channel``), with times in s and ids
            as coordinates, `{name}_channel_name`, and `units` and `sampling_rate` as attributes. ``spike_time``, dim
            ``spike``, has the spikes of all units in order of time, and ``unit`` their units. ``event_time``, dim
            ``event``, has events and epochs of all channels, with ``event_channel``, ``event_label`` and
            ``event_duration``, which is NaN for an event. The attributes are `t_start`, `t_stop`, `block_index` and
            `seg_index`.

        Raises
        ------
        MockSessionError
            If xarray is not installed, or a stream has the name of one of the tables.
        """
        return in_xarray(self)

    def to_pynapple(self) -> InPynapple:
        """Return pynapple objects.

        Returns
        -------
        InPynapple
            ``signals``, one TsdFrame per stream; ``units``, a TsGroup whose time support is the window; ``events``, one
            Ts or IntervalSet per channel. pynapple merges overlapping epochs and drops those of zero length, with a
            warning.

        Raises
        ------
        MockSessionError
            If pynapple is not installed.
        """
        return in_pynapple(self)
