"""The tiny session that every case is a change of, and other spellings of its files."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mockrawio.formats.npy_out import dict_file
from tests.handmade import STAMP, T0, Handmade

SESSION = "session_2"
LABELS = "labels"
FILES = {
    "info": f"{SESSION}/session_info.npy",
    "lfp": f"{SESSION}/lfp_data/CSC1_lfp.npy",
    "unit": f"{SESSION}/spiking_data/CSC1_SU1.npy",
    "events": f"{SESSION}/event_file/Events.npy",
    "stream": f"{SESSION}/raw_data/broadband.npy",
    "json": f"{SESSION}/raw_data/broadband.json",
    "manifest": f"{SESSION}/session_manifest.json",
    "names": f"{SESSION}/ChannelNames.txt",
    "daq": f"{SESSION}/daq_files/timedDAQ-log-{STAMP}.log",
    "watchlog": f"{SESSION}/watchlogs/ffplay-watchlog-{STAMP}.log",
    "labels": f"{LABELS}/1_face_p1_20220701_character.npy",
}
"""File kinds, and where each one's file stands below the root of a case."""

DICTS = ("info", "lfp", "unit")
PLAIN = ("events", "stream", "labels")

VALUES: dict[str, dict[str, Any]] = {
    "info": {"patient_id": 4, "session_nr": 2, "date": STAMP[:10], "time": STAMP[11:]},
    "lfp": {
        "ts": T0 + np.arange(12),
        "samples": np.arange(12, dtype=np.int16),
        "gain": 0.5,
        "offset": 0.0,
        "units": "uV",
        "sampling_rate": 1000.0,
    },
    "unit": {
        "spike_times": T0 + np.array([1.0, 2.25, 9.5]),
        "spike_amps": np.arange(24, dtype=np.int16).reshape(3, 8),
        "gain": 0.25,
    },
}
"""What the dict files hold."""

ROWS = {
    "events": np.array([[T0 + 1.0, 1], [T0 + 5.0, 2], [T0 + 9.0, 4]]),
    "stream": np.arange(60, dtype=np.int16).reshape(20, 3),
    "labels": np.array([[1.0, 0.0], [0.04, 0.16], [0.12, 0.2]]),
}
"""What the plain files hold."""


PROBE = {
    "specification": "probeinterface",
    "version": "0.4.2",
    "probes": [
        {
            "ndim": 2,
            "si_units": "um",
            "annotations": {"name": "two of three"},
            "contact_annotations": {"good": [True, False, True]},
            "contact_positions": [[0.0, 25.0], [0.0, 50.0], [0.0, 75.0]],
            "contact_plane_axes": [[[1, 0], [0, 1]]] * 3,
            "contact_shapes": ["circle", "square", "rect"],
            "contact_shape_params": [{"radius": 6}, {"width": 12}, {"width": 6, "height": 12}],
            "contact_ids": ["a", "b", "c"],
            "shank_ids": ["0", "0", "1"],
            "contact_sides": ["front", "back", "front"],
            "probe_planar_contour": [[-9, 0], [9, 0], [0, -9]],
            "device_channel_indices": [1, -1, 0],
        },
        {
            "ndim": 2,
            "si_units": "mm",
            "contact_positions": [[1.0, 0.0]],
            "contact_shapes": ["circle"],
            "contact_shape_params": [{"radius": 0.006}],
            "device_channel_indices": [2],
        },
    ],
    "probe_ids": ["A", "B"],
    "global_contact_order": [0, 1, 3, 2],
}
"""What the stream's description says of its contacts."""


def header(descr: str = "|O", shape: str = "()") -> bytes:
    """Return a ``.npy`` header as NumPy lays it out."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(11 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


def pickled(values: Any, protocol: int = 4) -> bytes:
    """Return a dict as ``numpy.save`` pickles it."""
    return pickle.dumps(np.array(values, dtype=object), protocol=protocol)


def with_numpy_1_names(pickle_: bytes) -> bytes:
    """Return a pickle with the module names that NumPy 1 writes; its frames go."""
    if pickle_[1] < 4:
        return pickle_.replace(b"cnumpy._core.", b"cnumpy.core.")
    names = {b"\x8c\x16numpy._core.multiarray": b"\x8c\x15numpy.core.multiarray"}
    names[b"\x8c\x13numpy._core.numeric"] = b"\x8c\x12numpy.core.numeric"
    text = pickle_[:2] + pickle_[11:]
    for new, old in names.items():
        text = text.replace(new, old)
    return text


class Files(NamedTuple):
    """The files of the session, and other spellings of each that mean the same."""

    whole: dict[str, bytes]
    others: dict[str, list[bytes]]

    def spellings(self, kind: str) -> list[bytes]:
        """Return every spelling of a file, the one in the folder first."""
        return [self.whole[kind], *self.others[kind]]


def write_session(root: Path) -> Files:
    """Write the session below `root`; return the bytes of its files."""
    made = Handmade(root / SESSION)
    for kind, maker in (("info", made.info), ("lfp", made.lfp), ("unit", made.unit)):
        maker()
        (root / FILES[kind]).write_bytes(header() + pickled(VALUES[kind]))
    made.names()
    made.events(ROWS["events"])
    made.daq()
    made.watchlog()
    made.stream(samples=ROWS["stream"], probe=PROBE)
    (root / LABELS).mkdir()
    np.save(root / FILES["labels"], ROWS["labels"])
    (root / FILES["manifest"]).write_bytes(_manifest(root / SESSION))
    whole = {kind: (root / path).read_bytes() for kind, path in FILES.items()}
    return Files(whole, {kind: list(_others(kind, data)) for kind, data in whole.items()})


def _manifest(folder: Path) -> bytes:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        path.relative_to(folder).as_posix(): {
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in paths
    }
    return json.dumps({"format": "mockrawio session", "format_version": 1, "seed": 5, "files": files}).encode()


def _others(kind: str, data: bytes) -> Iterator[bytes]:
    if kind in VALUES:
        values = VALUES[kind]
        swapped = {k: _other_layout(v) if isinstance(v, np.ndarray) else v for k, v in values.items()}
        for protocol in (2, 3, 4, 5):
            yield header() + pickled(values, protocol)
            yield header() + with_numpy_1_names(pickled(swapped, protocol))
        yield b"".join(bytes(piece) for piece in dict_file(values))
    elif kind in ROWS:
        for version in ((1, 0), (2, 0), (3, 0)):
            file = io.BytesIO()
            np.lib.format.write_array(file, ROWS[kind], version=version)
            yield file.getvalue()
    elif kind in ("json", "manifest"):
        yield json.dumps(json.loads(data), indent=3).encode()
    else:
        yield data.replace(b"\n", b"\r\n")


def _other_layout(array: np.ndarray) -> np.ndarray:
    return np.asfortranarray(array).astype(array.dtype.newbyteorder(">"), order="K")
