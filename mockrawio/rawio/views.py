"""One stream or one unit of a reader, as ``reader.stream(i)`` and ``reader.unit(i)`` give it.

The contract of a view:

- it is of the session that was open when it was asked for, and does not change: a later ``parse_header()`` or
  ``close()`` of the reader leaves it as it is;
- it holds no data and costs nothing to make; arrays are mapped when they are first read from;
- it pickles as paths and numbers, and may be used from several threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..ground.arrays import Array, Floats
from ..ground.folder import File
from ..ground.moment import Moment
from ..session.clock import Run
from ..session.files import Scale
from ..session.probe import ContactMap, assumed_contacts
from ..session.streams import StreamFile, open_stream
from .arguments import checked_index
from .signals import Channel, SignalStream, Source
from .spikes import OpenUnits, Unit


@dataclass(frozen=True)
class Description:
    """The files of a stream of ``raw_data``, read again for what is seldom asked for."""

    samples: File
    json: File
    moment: Moment  # of these two: they must still be what they were

    def read(self) -> StreamFile:
        """Open both; BadFileError if one has changed since the header was parsed."""
        with self.moment.reading(self.samples, self.json):
            return open_stream(self.samples)


@dataclass(frozen=True, eq=False, repr=False)
class StreamView:
    """One signal stream of an open reader: what it is, and its samples.

    Attributes
    ----------
    index : int
        Its `stream_index`.
    """

    index: int
    _signals: SignalStream
    _description: Description | None
    _probed: Description | None = None  # the stream, if there is one, that says which probes CSCk are contacts of

    def __repr__(self) -> str:
        shape = f"{len(self.channels)} channels, {self.sampling_rate:g} Hz, {self.dtype}, samples {list(self.sizes)}"
        return f"StreamView {self.index}, {self.id}: {shape}"

    @property
    def id(self) -> str:
        """Its id, which is also its name: "lfp", or that of a file in ``raw_data``."""
        return self._signals.id

    @property
    def kind(self) -> Literal["lfp", "raw"]:
        """Whether its samples come from ``lfp_data`` or from ``raw_data``."""
        return "lfp" if self._description is None else "raw"

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Its channels, as the header names and scales them."""
        return tuple(self._signals.channels)

    @property
    def sampling_rate(self) -> float:
        """Samples a second."""
        return self._signals.sampling_rate

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the raw values served, native byte order."""
        return self._signals.dtype

    @property
    def units(self) -> str:
        """The units of scaled values, "uV" as a rule."""
        return self._signals.channels[0].scale.units

    @property
    def gains(self) -> Array:
        """From raw values to `units`, float64 (channels,)."""
        return self._signals.gains

    @property
    def offsets(self) -> Array:
        """What is added then, float64 (channels,)."""
        return self._signals.offsets

    @property
    def runs(self) -> tuple[Run, ...]:
        """Its part of each segment: first sample and one past the last, counted through, and `t_start_ms`."""
        return self._signals.runs

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of samples in each segment."""
        return tuple(self._signals.sizes)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where the samples are: one array of all channels, or one per channel."""
        return self._signals.sources

    def read(
        self,
        seg_index: int = 0,
        i_start: int | None = None,
        i_stop: int | None = None,
        channel_indexes: Any = None,
        out: Array | None = None,
    ) -> Array:
        """Return raw values, as ``reader.get_analogsignal_chunk()`` does.

        Parameters
        ----------
        seg_index : int
        i_start, i_stop : int, optional
            First sample and one past the last; None is the segment's start and end.
        channel_indexes : sequence of int, mask or slice, optional
        out : ndarray, optional
            Where to put them: their shape, and `dtype`.

        Returns
        -------
        ndarray of `dtype`, (samples, channels)
            `out` if given; else a read-only view of the mapped file where one array covers the request.

        Raises
        ------
        BoundsError
            If any index is out of bounds.
        """
        stream = self._signals
        seg_index = checked_index(f"stream {stream.id}", "seg_index", seg_index, len(stream.sizes), "segments")
        start, stop = stream.bounds(seg_index, i_start, i_stop)
        return stream.read(seg_index, start, stop, stream.select(channel_indexes), out)

    def locations(self) -> Floats | None:
        """Return where its description has the channels, in µm, (channels, 2 or 3); None if it does not say.

        Raises
        ------
        BadFileError
            If the description has changed since the header was parsed.
        """
        found = None if self._description is None else self._description.read().locations
        return None if found is None else found.copy()

    def probe(self) -> ContactMap | None:
        """Return the contacts of its channels, and the probes that they are on.

        Returns
        -------
        ContactMap or None
            Those of its description's `probe`, or at its `locations`. If it has neither, as LFP: those that another
            stream's `probe` has under the same channel ids; else microwires in bundles of 8, if all channels are CSCk.
            None if nothing says where the channels are.

        Raises
        ------
        BadFileError
            If a description has changed since the header was parsed.
        """
        own = None if self._description is None else self._description.read()
        if own is not None and own.locations is not None:
            return own.contacts()
        ids = [channel.id for channel in self.channels]
        return self._shared(ids) or assumed_contacts(ids)

    def _shared(self, ids: list[str]) -> ContactMap | None:
        """Return the contacts that another stream has under these channel ids, if it has all of them."""
        other = None if self._probed is None else self._probed.read()
        if other is None or other.probe is None or not set(ids) <= set(other.ids):
            return None
        return other.probe.select([other.ids.index(one) for one in ids])

    def sample_shifts(self) -> Floats | None:
        """Return by which part of a sample each channel is sampled later than the sample's time.

        Returns
        -------
        ndarray of float64, shape (channels,), or None
            What SpikeInterface calls ``inter_sample_shift``, from 0 to 1; None where all are sampled at once.

        Raises
        ------
        BadFileError
            If the description has changed since the header was parsed.
        """
        return None if self._description is None else self._description.read().sample_shifts

    def ground_truth(self) -> dict[str, Any]:
        """Return what its description says was planted in it, as it stands there; empty if nothing.

        Raises
        ------
        BadFileError
            If the description has changed since the header was parsed.
        """
        return {} if self._description is None else self._description.read().ground_truth

    @property
    def description_path(self) -> str | None:
        """Its ``.json``, None for LFP."""
        return None if self._description is None else self._description.json.path


@dataclass(frozen=True, eq=False, repr=False)
class UnitView:
    """One unit of an open reader: whose spikes they are, and when.

    Attributes
    ----------
    index : int
        Its `spike_channel_index`.
    """

    index: int
    _units: OpenUnits

    @property
    def _unit(self) -> Unit:
        return self._units.units[self.index]

    def __repr__(self) -> str:
        return f"UnitView {self.index}, {self.id}: {sum(self.counts)} spikes"

    @property
    def id(self) -> str:
        """Its id, which is also its name: "CSC5_SU1"."""
        return self._unit.name.id

    @property
    def channel(self) -> int:
        """The k of CSCk, the channel it was found on."""
        return self._unit.name.channel

    @property
    def kind(self) -> str:
        """Whether it is a single unit, "SU", or several, "MU"."""
        return self._unit.name.unit_type

    @property
    def path(self) -> str:
        """Its file."""
        return self._unit.file.path

    @property
    def scale(self) -> Scale:
        """From raw waveforms to physical units: `gain`, `offset` and `units`."""
        return self._unit.scale

    @property
    def sampling_rate(self) -> float | None:
        """Samples a second of its waveforms, None if it has none."""
        file = self._unit.file
        return None if file.waveforms is None else file.sampling_rate

    @property
    def left_sweep(self) -> int:
        """Which sample of a waveform is the spike's time."""
        return self._unit.file.left_sweep

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of spikes in each segment."""
        return self._unit.counts

    def times_ms(self, seg_index: int | None = None) -> Floats:
        """Return spike times of a segment, or of all, ms since the Unix epoch, (n,), checked to ascend."""
        return self._units[self.index].times(self._window(seg_index))

    def waveforms(self, seg_index: int | None = None) -> Array | None:
        """Return raw waveforms of a segment, or of all, (n, 1, samples); None if it has none."""
        return self._units[self.index].waveforms(self._window(seg_index))

    def _window(self, seg_index: int | None) -> slice:
        unit = self._unit
        if seg_index is None:
            return unit.whole
        seg_index = checked_index(f"unit {self.id}", "seg_index", seg_index, unit.n_segments, "segments")
        return unit.segment(seg_index)
