"""What Neo objects of a session are annotated with: who, where, and what kind of unit."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import numpy as np

from ..ground.arrays import Array
from ..session.clock import EARLIEST_MS, LATEST_MS
from ..session.instants import from_ms
from .open_session import OpenSession
from .signals import SignalStream

REC_DATETIME = "rec_datetime"


def annotate(raw_annotations: dict[str, Any], session: OpenSession) -> None:
    """Add a session's facts, in place, to what ``BaseRawIO._generate_minimal_annotations`` leaves."""
    block = raw_annotations["blocks"][0]
    facts, who = of_session(session), _who(session)
    block.update(facts)
    recorded = {key: value for key, value in facts.items() if key == REC_DATETIME}
    if session.channel_names:
        block["channel_names"] = session.channel_names
    for segment in block["segments"]:
        segment.update(who, **recorded)
        for annotation, stream in zip(segment["signals"], session.streams, strict=True):
            annotation.update(who)
            annotation["__array_annotations__"].update(_of_channels(session, stream))
        for annotation, unit in zip(segment["spikes"], session.units.units, strict=True):
            annotation.update(
                who,
                region=session.region(unit.name.channel),
                bundle=session.places.bundle(unit.name.channel),
                unit_type=unit.name.unit_type,
                channel=unit.name.channel,
                channel_id=f"CSC{unit.name.channel}",
            )
        for annotation in segment["events"]:
            annotation.update(who)


def of_session(session: OpenSession) -> dict[str, Any]:
    """Return the facts of a session as a whole: the annotations of its block."""
    facts = {**_who(session), "time_origin_ms": session.origin_ms}
    if session.info:
        facts["session_info_start"] = session.info.start
    zero = _zero(session)
    if zero is not None:
        # Neo makes the first an attribute of Block and Segment, whose times all count from it, and keeps no time
        # zone there; its NWBIO asks for the second.
        facts |= {REC_DATETIME: zero.replace(tzinfo=None), "session_start_time": zero}
    return facts


def _of_channels(session: OpenSession, stream: SignalStream) -> dict[str, Array]:
    """Return what is known of each channel of a stream."""
    numbers = [channel.number for channel in stream.channels]
    bundles = [-1 if k is None else session.places.bundle(k, stream.id) for k in numbers]
    return {
        "regions": np.array(["" if k is None else session.region(k) for k in numbers]),
        "bundles": np.array(bundles),
        **session.places.annotations(stream.id, [channel.id for channel in stream.channels]),
    }


def _zero(session: OpenSession) -> datetime | None:
    """Return the instant of 0 s in UTC; if the stamps are not on a real clock, what session_info says."""
    if EARLIEST_MS <= session.origin_ms <= LATEST_MS:
        return from_ms(session.origin_ms)
    return session.info.start.replace(tzinfo=timezone.utc) if session.info else None


def _who(session: OpenSession) -> dict[str, Any]:
    """Return patient and session, from session_info or, the session, from the folder's name."""
    if session.info:
        return {"patient_id": session.info.patient_id, "session_nr": session.info.session_nr}
    number = session.files.number
    return {} if number is None else {"session_nr": number}
