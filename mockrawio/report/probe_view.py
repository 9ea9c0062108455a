"""What figures show of a stream's contacts, whichever library draws them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats
from ..rawio.reader import MockSessionRawIO
from ..session.probe import ContactMap
from .words import counted

_SLIM = 6.0  # times as long as wide: what is slimmer is not drawn to scale


class ProbeView(NamedTuple):
    """Contacts as they are drawn, in the two axes along which they reach furthest."""

    contacts: ContactMap
    axes: tuple[int, int]  # of x, y and z
    points: Floats  # (n, 2), µm
    to_scale: bool  # whether both axes have room for one scale
    title: str

    @property
    def labels(self) -> list[str]:
        """What stands beside the axes."""
        first, second = ("xyz"[axis] for axis in self.axes)
        return [f"{first} (µm)" if self.to_scale else f"{first} (µm, not to the scale of {second})", f"{second} (µm)"]


def probe_view(reader: MockSessionRawIO, stream_index: int | None = None) -> ProbeView | None:
    """Return what is drawn of a stream's contacts, None if nothing says where they are.

    Without an index the stream is the first of ``raw_data``, else the first one.
    """
    streams = [reader.stream(k) for k in range(len(reader.header["signal_streams"]))]
    if stream_index is None:
        stream_index = next((stream.index for stream in streams if stream.kind == "raw"), 0)
    contacts = reader.stream(stream_index).probe() if streams else None
    return None if contacts is None else contacts_view(contacts, streams[stream_index].id)


def contacts_view(contacts: ContactMap, name: str) -> ProbeView:
    """Return what is drawn of contacts; the name is that of their stream or probe."""
    spans = np.ptp(contacts.positions, axis=0)
    first, second = sorted(np.argsort(-spans, kind="stable")[:2].tolist())
    short, long = sorted((spans[first], spans[second]))
    title = f"{name}: {counted(contacts.n, 'channel')}"
    if contacts.shanks.max():
        title += f" on {counted(int(contacts.shanks.max()) + 1, 'shank')}"
    points = contacts.positions[:, [first, second]]
    return ProbeView(contacts, (first, second), points, bool(long <= _SLIM * short), title)
