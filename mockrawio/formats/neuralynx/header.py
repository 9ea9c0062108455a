"""The text that every Neuralynx file begins with."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from ..recorded import Recorded

HEADER_BYTES = 1 << 14
_NAMESPACE = uuid.UUID("6f1c4a52-2e5e-5c0e-9d57-6f6d0a1d7d11")  # of the ids of recordings and files
_VERSION = "6.3.2"

Lines = Mapping[str, object]
"""What a header says: a key each, without its "-"; a value True or False is written so, None is an empty one."""


def header(recorded: Recorded, name: str, kind: str, lines: Lines) -> bytes:
    """Return the header of a file: what all have, then the lines of its own.

    Parameters
    ----------
    recorded : Recorded
        The recording; its id, and the file's, come of its date and title.
    name : str
        The file's name.
    kind : str
        "NCS", "NSE" or "Event".
    lines : mapping
        Keys and values.

    Returns
    -------
    bytes
        16 KiB in Latin-1, lines that end with CR and LF, zeros behind.
    """
    opened, closed = (recorded.start + timedelta(seconds=time) for time in _ends(recorded))
    session = uuid.uuid5(_NAMESPACE, f"{recorded.start.isoformat()} {recorded.title}")
    common: dict[str, object] = {
        "FileType": kind,
        "FileVersion": "3.4",
        "FileUUID": uuid.uuid5(session, name),
        "SessionUUID": session,
        "ProbeName": None,
        "OriginalFileName": f'"C:\\CheetahData\\{opened:%Y-%m-%d_%H-%M-%S}\\{name}"',
        "TimeCreated": f"{opened:%Y/%m/%d %H:%M:%S}",
        "TimeClosed": f"{closed:%Y/%m/%d %H:%M:%S}",
        "ApplicationName": f'Cheetah "{_VERSION}"',
        "AcquisitionSystem": "AcqSystem1 DigitalLynxSX",
        "HardwareSubSystemName": "AcqSystem1",
        "HardwareSubSystemType": "DigitalLynxSX",
    }
    text = [f"-{key} {'' if value is None else value}" for key, value in {**common, **lines}.items()]
    return "\r\n".join(["######## Neuralynx Data File Header", *text, ""]).encode("latin-1").ljust(HEADER_BYTES, b"\0")


def _ends(recorded: Recorded) -> tuple[float, float]:
    return min(recorded.segments[0].t_start, 0.0), recorded.segments[-1].t_stop
