"""Sessions as SpikeInterface objects: recordings, sortings and events, and one call for them all.

Built on SpikeInterface's Neo base classes, so what it does with any Neo format it does here:
dump, load, pickle, save, several processes. What is particular to a session:

- traces are the reader's own views of the mapped files;
- channels have the probes of the stream's description, else one of a shank per bundle, and a `brain_area`;
- spikes are integer frames, each the sample nearest to its stamp (:mod:`mockrawio.interop.frames`);
- times are the reader's seconds: ``get_times()``, spike trains in seconds, and events agree.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..ground.places import folder_at
from ..rawio import MockSessionRawIO
from ..session.layout import find_files
from ..session.probe import bundles, microwire_numbers
from .extractors import (
    Folder,
    InOneFile,
    MockSessionEventSegment,
    StorableSession,
    opening,
    region_of,
)
from .probe import probegroup_of
from .sorting import MockSessionSortingExtractor
from .streams import chosen_stream, main_stream, stream_of

with by_extra("SpikeInterface's objects", "spikeinterface"):
    from probeinterface import Probe
    from spikeinterface.core import BaseEvent, ChannelSliceRecording
    from spikeinterface.core import load as load_extractor  # as SpikeInterface's recording page calls it
    from spikeinterface.extractors.neoextractors.neobaseextractor import (
        NeoBaseEventExtractor,
        NeoBaseRecordingExtractor,
        _neo_event_dtype,
        _NeoBaseExtractor,
    )

__all__ = [
    "MockSessionEventExtractor",
    "MockSessionRecordingExtractor",
    "MockSessionSortingExtractor",
    "load_extractor",
    "read_mocksession",
]


class MockSessionRecordingExtractor(InOneFile, StorableSession, NeoBaseRecordingExtractor):  # type: ignore[misc]  # not typed
    """One signal stream of a session as a recording.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address.
    stream_id, stream_name : str, optional
        The stream, "lfp" or one of ``raw_data``; optional if there is only one.
    all_annotations : bool
        Annotate with patient and session, and give channels `regions` and `bundles`.
    use_names_as_ids : bool
        Channel ids "LA1", ... instead of "CSC1", ...
    follow_symlinks : bool
        Follow links that lead out of the session folder.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.
    storage_options : mapping, optional
        Of an address.

    Raises
    ------
    ValueError
        If there are several streams and none is chosen; the message lists them.
    MockSessionError
        If the folder is not a session or has no signals.

    Notes
    -----
    Channel properties: `channel_name`, `gain_to_uV`, `offset_to_uV`; `brain_area`, the channel's
    name without its number; `group`, one a shank of each probe; `location`, which is
    ``get_channel_locations()``; and `inter_sample_shift`, for
    ``spikeinterface.preprocessing.phase_shift()``, where channels are sampled one after another.
    ``get_probegroup()`` is that of the stream's description. A description that has `locations`
    alone gives a probe of those, in one group; without either it is the one that another stream
    has for the same channels, or microwires: groups are then the bundles, 0 for CSC1 to CSC8.
    Channels that are not called CSCk have no known place then: if there is one, there is no
    probe and no group.

    Examples
    --------
    >>> from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor
    >>> recording = MockSessionRecordingExtractor(folder)
    >>> recording.get_traces(segment_index=0, end_frame=3).dtype
    dtype('int16')
    """

    def __init__(
        self,
        folder: Folder,
        stream_id: str | None = None,
        stream_name: str | None = None,
        all_annotations: bool = False,
        use_names_as_ids: bool = False,
        follow_symlinks: bool = False,
        exclude: str | Sequence[str] = (),
        gap_tolerance_ms: float | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        how = opening(follow_symlinks, exclude, gap_tolerance_ms, storage_options)
        neo_kwargs = self.map_to_neo_kwargs(folder, **how)
        self.neo_reader = self.get_neo_io_reader(self.NeoRawIOClass, **neo_kwargs)
        if not self.neo_reader.header["signal_streams"].size:
            raise MockSessionError(os.fspath(folder), "signals", "none", "Read its sorting or events.")
        chosen_stream(self.neo_reader, stream_id, stream_name)
        NeoBaseRecordingExtractor.__init__(
            self,
            stream_id=stream_id,
            stream_name=stream_name,
            all_annotations=all_annotations,
            use_names_as_ids=use_names_as_ids,
            **neo_kwargs,
        )
        self.store(folder=folder, **how)
        self._describe_channels()

    def _describe_channels(self) -> None:
        channels = self.neo_reader.header["signal_channels"]
        channels = channels[channels["stream_id"] == self.stream_id]
        ids = channels["id"].tolist()
        self.set_property("brain_area", [region_of(*pair) for pair in zip(ids, channels["name"].tolist(), strict=True)])
        stream = stream_of(self.neo_reader, self.stream_id)
        shifts = stream.sample_shifts()
        if shifts is not None:
            self.set_property("inter_sample_shift", shifts)
        contacts = stream.probe()
        if contacts is None:
            return
        self.set_probegroup(probegroup_of(contacts), check_overlap=False)
        wires = microwire_numbers(contacts)
        if wires:
            self.set_property("group", bundles(wires))  # 0 is CSC1 to CSC8, recorded or not

    def get_property(self, key: str, ids: Any = None) -> Any:
        """Return a channel property; `location` is where the probe, whichever it is now, has the contacts."""
        if key == "location" and self.has_probe():
            return self.get_channel_locations(channel_ids=ids)
        return NeoBaseRecordingExtractor.get_property(self, key, ids=ids)

    def set_probe(self, probe: Probe, *args: Any, **kwargs: Any) -> Any:
        """Attach a probe, as SpikeInterface does; return the recording, as its recording page expects."""
        result = NeoBaseRecordingExtractor.set_probe(self, probe, *args, **kwargs)
        return self if result is None else result

    def channel_slice(self, channel_ids: Any, renamed_channel_ids: Any = None) -> ChannelSliceRecording:
        """Return the recording of some channels: the recording page's name for ``select_channels()``."""
        return ChannelSliceRecording(self, channel_ids, renamed_channel_ids=renamed_channel_ids)


class MockSessionEventExtractor(StorableSession, NeoBaseEventExtractor):  # type: ignore[misc]  # not typed
    """The events and epochs of a session.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address.
    labels_dir : str or PathLike, optional
        Folder of movie annotations; each is an epoch channel.
    follow_symlinks : bool
        Follow links that lead out of the session folder.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.
    storage_options : mapping, optional
        Of an address.

    Notes
    -----
    ``get_events(channel_id, segment_index)`` gives `time` and `duration` in seconds and `label`;
    the duration of an event, which has none, is NaN, as with SpikeInterface's other formats.

    Examples
    --------
    >>> from mockrawio.interop.spikeinterface import MockSessionEventExtractor
    >>> MockSessionEventExtractor(folder).channel_ids.tolist()
    ['Events', 'DAQ', 'movie_frames', 'movie_pauses']
    """

    def __init__(
        self,
        folder: Folder,
        labels_dir: Folder | None = None,
        follow_symlinks: bool = False,
        exclude: str | Sequence[str] = (),
        gap_tolerance_ms: float | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        how = opening(follow_symlinks, exclude, gap_tolerance_ms, storage_options)
        # Not NeoBaseEventExtractor's own: it asks for a signal, and takes ms of duration for seconds.
        neo_kwargs = self.map_to_neo_kwargs(folder, labels_dir, "source", **how)
        _NeoBaseExtractor.__init__(self, None, **neo_kwargs)
        BaseEvent.__init__(self, self.neo_reader.header["event_channels"]["id"], structured_dtype=_neo_event_dtype)
        for seg_index in range(self.neo_reader.segment_count(0)):
            self.add_event_segment(MockSessionEventSegment(self.neo_reader, seg_index))
        self.store(folder=folder, labels_dir=labels_dir, **how)


def read_mocksession(
    folder: Folder,
    stream_id: str | None = None,
    stream_name: str | None = None,
    *,
    load_recording: bool = True,
    load_sorting: bool = False,
    load_events: bool = False,
    labels_dir: Folder | None = None,
    follow_symlinks: bool = False,
    exclude: str | Sequence[str] = (),
    gap_tolerance_ms: float | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Any:
    """Read a session into SpikeInterface.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address.
    stream_id, stream_name : str, optional
        The recording's stream. Without it `broadband`, or the fastest stream of ``raw_data``, or
        the LFP.
    load_recording, load_sorting, load_events : bool
        What to read.
    labels_dir : str or PathLike, optional
        Folder of movie annotations, for the events.
    follow_symlinks : bool
        Follow links that lead out of the session folder.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.
    storage_options : mapping, optional
        Of an address.

    Returns
    -------
    extractor, or tuple of extractors
        The requested extractors, in the order recording, sorting, events; a single one is not in a tuple. A sorting
        counts the recording's own samples, and has it registered, unless that is LFP: then it is as
        :class:`MockSessionSortingExtractor` gives it by itself.

    Raises
    ------
    MockSessionError
        If the folder is not a session, or lacks the stream, or nothing is asked for, or the session is
        replaced meanwhile.

    Examples
    --------
    >>> from mockrawio.interop.spikeinterface import read_mocksession
    >>> recording, sorting = read_mocksession(folder, load_sorting=True)
    >>> recording.sampling_frequency, sorting.sampling_frequency
    (1000.0, 32000.0)
    """
    found: list[Any] = []
    how = opening(follow_symlinks, exclude, gap_tolerance_ms, storage_options)
    where = folder_at(folder, follow_symlinks=follow_symlinks, exclude=exclude, storage_options=storage_options)
    recording, moment = None, find_files(where).moment()
    if load_recording:
        if stream_id is None and stream_name is None:
            stream_id = _first_choice(folder, how)
        recording = MockSessionRecordingExtractor(folder, stream_id=stream_id, stream_name=stream_name, **how)
        found.append(recording)
    if load_sorting:
        found.append(_sorting_of(folder, recording, how))
    if load_events:
        found.append(MockSessionEventExtractor(folder, labels_dir=labels_dir, **how))
    if not found:
        remedy = "Pass load_recording=True, load_sorting=True or load_events=True."
        raise MockSessionError(os.fspath(folder), "something to read", "all of it set to False", remedy)
    moment.check()  # each has a reader of its own
    return found[0] if len(found) == 1 else tuple(found)


def _first_choice(folder: Folder, how: dict[str, Any]) -> str | None:
    with MockSessionRawIO(folder, raw_dtype="source", **how) as reader:
        streams = reader.header["signal_streams"]["id"].tolist()
        return main_stream(reader) or (streams[0] if streams else None)


def _sorting_of(
    folder: Folder, recording: MockSessionRecordingExtractor | None, how: dict[str, Any]
) -> MockSessionSortingExtractor:
    """Return the sorting in the recording's frames, registered, or on its own beside LFP."""
    if recording is None or recording.neo_reader.stream(recording.stream_index).kind == "lfp":
        return MockSessionSortingExtractor(folder, **how)
    sorting = MockSessionSortingExtractor(folder, stream_id=recording.stream_id, **how)
    sorting.register_recording(recording)
    return sorting
