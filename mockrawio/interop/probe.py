"""The electrodes of a session as probes of ProbeInterface.

What the reader knows of them is a :class:`~mockrawio.session.probe.ContactMap`; this is the way to ProbeInterface.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from os import PathLike

import numpy as np

from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..rawio import MockSessionRawIO
from ..session.content import csc_numbers
from ..session.files import open_channel_names
from ..session.layout import find_files
from ..session.probe import ContactMap, microwire_numbers, microwires
from .streams import main_stream, stream_of

with by_extra("probes", "spikeinterface"):
    from probeinterface import Probe, ProbeGroup

_PLACES = "Write 'probe' or 'locations' into the stream's .json, or name its channels CSCk."


def stream_contacts(reader: MockSessionRawIO, stream_id: str) -> ContactMap | None:
    """Return the contacts of a stream's channels; None if nothing says where they are.

    Parameters
    ----------
    reader : MockSessionRawIO
        After ``parse_header()``.
    stream_id : str
    """
    return stream_of(reader, stream_id).probe()


def probegroup_of(contacts: ContactMap) -> ProbeGroup:
    """Return contacts as ProbeInterface has them, wired to their columns.

    MockSessionError if ProbeInterface refuses one of its annotations.
    """
    try:
        return ProbeGroup.from_dict(contacts.to_dict())
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        remedy = "Repair 'probe' in the stream's description."
        raise MockSessionError("probe", "one that ProbeInterface takes", f"{error}"[:200], remedy) from error


def session_probe(session: str | PathLike[str] | Sequence[int | str]) -> Probe:
    """Return the probe of a session, or of some channels.

    Parameters
    ----------
    session : str or PathLike, or sequence of int or str
        A session folder: the probe of its main stream (see :func:`main_stream`; else of the first LFP stream), wired to
        the columns of that. If those are microwires, every wire of ``ChannelNames.txt`` is there too, wired to -1 where
        it has no column. Or channels, by the k of CSCk or by id "CSCk": these microwires, wired to 0, 1, 2, ...

    Returns
    -------
    probeinterface.Probe
        In µm. Of microwires: contact ids "CSCk", shank ids the bundles "00", "01", ..., so that
        ``recording.set_probe(probe)`` makes one group per bundle.

    Raises
    ------
    MockSessionError
        If there is no channel, or one that has no known place; or if there are several probes.
    """
    if isinstance(session, (str, os.PathLike)):
        return _one_probe(session, _folder_contacts(session))
    ids = [f"CSC{item}" if isinstance(item, (int, np.integer)) else str(item) for item in session]
    numbers = csc_numbers(ids)
    if not numbers:
        expected = "some, all different and of the form CSCk"
        raise MockSessionError("channels", expected, ids[:8], "Give numbers, or ids such as 'CSC1'.")
    return probegroup_of(microwires(numbers)).probes[0]


def _one_probe(folder: str | PathLike[str], contacts: ContactMap) -> Probe:
    probes = probegroup_of(contacts).probes
    if len(probes) > 1:
        remedy = "Take get_probegroup() of MockSessionRecordingExtractor(folder)."
        raise MockSessionError(folder, "one probe", f"{len(probes)} of them", remedy)
    probe = probes[0].copy()  # which belongs to no group, and is not wired
    probe.set_device_channel_indices(probes[0].device_channel_indices)
    return probe


def _folder_contacts(folder: str | PathLike[str]) -> ContactMap:
    with MockSessionRawIO(folder, raw_dtype="source") as reader:
        streams = reader.header["signal_streams"]["id"].tolist()
        stream = main_stream(reader) or (streams[0] if streams else None)
        contacts = stream_contacts(reader, stream) if stream else None
    names = find_files(folder).channel_names
    wires = range(1, len(open_channel_names(names)) + 1) if names else ()
    if contacts is None if stream else not wires:
        raise MockSessionError(folder, "channels of the form CSCk", "others, or none", _PLACES)
    recorded = microwire_numbers(contacts) if contacts is not None else []
    if contacts is not None and recorded is None:
        return contacts  # which say nothing of other wires
    numbers = sorted({*(recorded or ()), *wires})
    return microwires(numbers).select([numbers.index(number) for number in recorded or ()])
