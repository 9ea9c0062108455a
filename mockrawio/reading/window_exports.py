"""A window as objects of xarray and of pynapple."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.errors import MockSessionError
from ..ground.extras import extra_module

if TYPE_CHECKING:
    from .time_window import TimeWindow, WindowEvents

_TABLES = ("spike", "spike_time", "unit", "event", "event_time", "event_channel", "event_label", "event_duration")


@dataclass(frozen=True)
class InPynapple:
    """A window as pynapple objects.

    Attributes
    ----------
    signals : dict of str to pynapple.TsdFrame
        By the name of the stream; columns are channel ids.
    units : pynapple.TsGroup
        Its time support is the window; its metadata ``unit`` is each one's id.
    events : dict of str to pynapple.Ts or pynapple.IntervalSet
        Events and epochs by the name of the channel.
    """

    signals: dict[str, Any]
    units: Any
    events: dict[str, Any]


def in_xarray(window: TimeWindow) -> Any:
    """Return a window as a Dataset, as :meth:`~.time_window.TimeWindow.to_xarray` says."""
    xarray = extra_module("xarray", "arrays with names", "dask")
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for name, signal in window.signals.items():
        dims = f"{name}_time", f"{name}_channel"
        attributes = {"units": signal.units, "sampling_rate": signal.sampling_rate}
        added = {
            dims[0]: (dims[0], signal.times, {"units": "s"}),
            dims[1]: (dims[1], list(signal.channel_ids)),
            f"{name}_channel_name": (dims[1], list(signal.channel_names)),
            f"{name}_channel_units": (dims[1], list(signal.channel_units)),
        }
        taken = {name, *added} & {*_TABLES, *variables, *coordinates}
        if taken:
            remedy = "Leave the stream out with streams=."
            raise MockSessionError(
                f"stream {name}", "a name that nothing else in the Dataset has", sorted(taken), remedy
            )
        variables[name] = (dims, signal.values, attributes)
        coordinates |= added
    for table in (_spike_table(window), _event_table(window)):
        variables |= table[0]
        coordinates |= table[1]
    ends = {key: getattr(window, key) for key in ("t_start", "t_stop", "block_index", "seg_index")}
    return xarray.Dataset(variables, coordinates, ends)


def _spike_table(window: TimeWindow) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the spikes of all units in the order of time, and whose each is."""
    times = np.concatenate([np.empty(0), *window.spikes.values()])
    order = np.argsort(times, kind="stable")
    counts = [one.size for one in window.spikes.values()]
    units = np.repeat(np.array(list(window.spikes), np.str_), counts)
    return {"spike_time": ("spike", times[order], {"units": "s"})}, {"unit": ("spike", units[order])}


def _event_table(window: TimeWindow) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return events and epochs of all channels in the order of time."""
    every = window.events.values()
    times = np.concatenate([np.empty(0), *(one.times for one in every)])
    order = np.argsort(times, kind="stable")
    durations = np.concatenate([np.empty(0), *(_durations(one) for one in every)])
    labels = np.concatenate([np.empty(0, np.str_), *(one.labels for one in every)])
    channels = np.repeat(np.array(list(window.events), np.str_), [one.times.size for one in every])
    return {"event_time": ("event", times[order], {"units": "s"})}, {
        "event_channel": ("event", channels[order]),
        "event_label": ("event", labels[order]),
        "event_duration": ("event", durations[order], {"units": "s"}),
    }


def _durations(events: WindowEvents) -> Any:
    return np.full(events.times.size, np.nan) if events.durations is None else events.durations


def in_pynapple(window: TimeWindow) -> InPynapple:
    """Return a window as pynapple's objects, as :meth:`~.time_window.TimeWindow.to_pynapple` says."""
    nap = extra_module("pynapple", "pynapple's objects", "clients")
    signals = {}
    for name, signal in window.signals.items():
        times, ids = signal.times, list(signal.channel_ids)
        support = _support(nap, window, times)
        signals[name] = nap.TsdFrame(t=times, d=signal.values, columns=ids, time_support=support)
    support = _support(nap, window, np.sort(np.concatenate([np.empty(0), *window.spikes.values()])))
    trains = {k: nap.Ts(t=times, time_support=support) for k, times in enumerate(window.spikes.values())}
    units = nap.TsGroup(trains, time_support=support, metadata={"unit": list(window.spikes)})
    return InPynapple(signals, units, {name: _in_pynapple(nap, window, one) for name, one in window.events.items()})


def _in_pynapple(nap: Any, window: TimeWindow, events: WindowEvents) -> Any:
    if events.durations is not None:
        return nap.IntervalSet(events.times, events.times + events.durations)
    return nap.Ts(t=events.times, time_support=_support(nap, window, events.times))


def _support(nap: Any, window: TimeWindow, times: Floats) -> Any:
    """Return the window as an interval, wider where some of the ascending times lie beside the samples."""
    return nap.IntervalSet(min([window.t_start, *times[:1]]), max([window.t_stop, *times[-1:]]))
