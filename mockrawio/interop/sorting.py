"""The units of a session as a SpikeInterface sorting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..ground.shown import warn
from ..session.files import is_number
from ..session.keys import WAVEFORM_RATE_HZ
from ..session.probe import microwire_numbers
from .converted import Converted
from .extractors import Folder, MockSessionSortingSegment, StorableSession, opening, region_of
from .probe import stream_contacts
from .streams import chosen_stream, main_stream, planted_places, segment_clocks, stream_of

with by_extra("SpikeInterface's objects", "spikeinterface"):
    from spikeinterface.core import BaseSorting
    from spikeinterface.extractors.neoextractors.neobaseextractor import NeoBaseSortingExtractor, _NeoBaseExtractor


class MockSessionSortingExtractor(StorableSession, NeoBaseSortingExtractor):  # type: ignore[misc]  # not typed
    """The units of a session as a sorting, in the frames of a stream.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address.
    stream_id, stream_name : str, optional
        Count the samples of this stream. Without it those of `broadband`, or of the fastest
        stream of ``raw_data``. In a session without such streams frames are counted at 32 kHz
        from the segment's start (its first signal sample or spike), not at the LFP's 1 kHz.
    sampling_frequency : float, optional
        Hz; count frames at this rate from the segment's start, whatever streams there are.
    follow_symlinks : bool
        Follow links that lead out of the session folder.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.
    storage_options : mapping, optional
        Of an address.

    Warns
    -----
    UserWarning
        Of spikes for which the stream has no sample: they are left out, so that every frame is
        one of the recording's.

    Raises
    ------
    MockSessionError
        If there is no such stream, or both a stream and a rate are given.

    Notes
    -----
    Unit properties: `unit_type` ("SU" or "MU"), `channel_id`, `brain_area`; `group`, the bundle
    or, beside a stream with locations of its own, 0, as the channels there; `gt_unit_location`,
    x, y, z in µm, if the stream's description or a converted session's manifest has the unit's place
    (NaN for units of which they say nothing); and `source_id`, what units of a converted session
    were called before. Spike trains in seconds are the stamps themselves, not
    rounded to frames, as long as no recording is registered.

    Examples
    --------
    >>> from mockrawio.interop.spikeinterface import MockSessionSortingExtractor
    >>> sorting = MockSessionSortingExtractor(folder)
    >>> sorting.get_unit_spike_train(sorting.unit_ids[0], segment_index=0).dtype
    dtype('int64')
    """

    def __init__(
        self,
        folder: Folder,
        stream_id: str | None = None,
        stream_name: str | None = None,
        sampling_frequency: float | None = None,
        follow_symlinks: bool = False,
        exclude: str | Sequence[str] = (),
        gap_tolerance_ms: float | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        how = opening(follow_symlinks, exclude, gap_tolerance_ms, storage_options)
        neo_kwargs = self.map_to_neo_kwargs(folder, raw_dtype="source", **how)
        _NeoBaseExtractor.__init__(self, None, **neo_kwargs)
        reader = self.neo_reader
        given = chosen_stream(reader, stream_id, stream_name)
        if given is not None and sampling_frequency is not None:
            found = f"both, {given!r} and {sampling_frequency}"
            raise MockSessionError("sampling_frequency", "a stream or a rate, not both", found, "Give one of them.")
        if sampling_frequency is not None and not (is_number(sampling_frequency) and sampling_frequency > 0):
            raise MockSessionError("sampling_frequency", "Hz, above 0", f"{sampling_frequency!r}", "Give a number.")
        self.stream_id = given or (main_stream(reader) if sampling_frequency is None else None)
        rate = WAVEFORM_RATE_HZ if sampling_frequency is None else float(sampling_frequency)
        clocks = segment_clocks(reader, self.stream_id, rate)
        BaseSorting.__init__(self, clocks[0].rate, reader.header["spike_channels"]["id"])
        for seg_index, clock in enumerate(clocks):
            self.add_sorting_segment(MockSessionSortingSegment(reader, seg_index, clock))
        self.store(folder=folder, stream_id=given, sampling_frequency=sampling_frequency, **how)
        self._describe_units()
        self._warn_outside()

    def _describe_units(self) -> None:
        reader = self.neo_reader
        facts = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"]
        named = dict(reader.header["signal_channels"][["id", "name"]].tolist())
        channels = [unit["channel_id"] for unit in facts]
        areas = [unit["region"] or region_of(i, named.get(i, i)) for unit, i in zip(facts, channels, strict=True)]
        self.set_property("unit_type", np.array([unit["unit_type"] for unit in facts], dtype="U2"))
        self.set_property("channel_id", np.array(channels, dtype="U"))
        self.set_property("brain_area", np.array(areas, dtype="U"))
        contacts = stream_contacts(reader, self.stream_id) if self.stream_id else None
        groups = [unit["bundle"] for unit in facts]
        if contacts is not None and not microwire_numbers(contacts):
            ids = [channel.id for channel in stream_of(reader, str(self.stream_id)).channels]
            shanks = dict(zip(ids, contacts.shanks.tolist(), strict=True))
            groups = [shanks.get(channel, 0) for channel in channels]
        self.set_property("group", np.array(groups, dtype=np.int64))
        unit_ids = self.unit_ids.tolist()
        converted = Converted(reader)
        places = planted_places(reader, self.stream_id, unit_ids)
        places = np.where(np.isfinite(places), places, converted.places(unit_ids))
        source_ids = converted.source_ids(unit_ids)
        if source_ids is not None:
            self.set_property("source_id", source_ids)
        if np.isfinite(places).any():
            self.set_property("gt_unit_location", places)

    def _warn_outside(self) -> None:
        counts = {i: sum(segment.count_outside(i) for segment in self.segments) for i in self.unit_ids.tolist()}
        lost = {unit_id: count for unit_id, count in counts.items() if count}
        if lost:
            units = ", ".join(f"{unit_id} {count}" for unit_id, count in list(lost.items())[:8])
            warn(
                f"{self.neo_reader.dirname}: stream {self.stream_id} has no sample for {sum(lost.values())} spikes of "
                f"{len(lost)} units ({units}{', ...' if len(lost) > 8 else ''}); they are left out",
                stacklevel=3,
            )
