"""Sessions for tests, each made once for its spec and seed, and what reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..generate import SessionSpec, generate_session
from ..ground.checks import require
from ..ground.errors import SessionExistsError
from ..ground.shown import Argument
from ..io import MockSessionIO
from ..rawio import MockSessionRawIO

KINDS: dict[str, Callable[..., SessionSpec]] = {
    "tiny": SessionSpec.tiny,
    "broadband": SessionSpec.broadband,
    "epiphyte": SessionSpec.epiphyte,
    "neuropixels": SessionSpec.neuropixels,
    "plain": SessionSpec,
}


class SessionMaker:
    """Generates sessions below a folder, each spec and seed once.

    The fixture ``mock_session`` is one, and calling it is :meth:`session`.

    Parameters
    ----------
    root : Path
        Folder of the sessions.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._readers: list[MockSessionRawIO] = []
        self._exports: dict[Path, Any] = {}

    def __call__(self, kind: str | SessionSpec = "broadband", *, virtual: bool = False, **fields: Any) -> Path:
        """Return a session's folder; see :meth:`session`."""
        return self.session(kind, virtual=virtual, **fields)

    def session(self, kind: str | SessionSpec = "broadband", *, virtual: bool = False, **fields: Any) -> Path:
        """Return a session's folder, generated on the first call.

        Parameters
        ----------
        kind : str or SessionSpec
            "broadband" (by default two seconds of four channels and three units), "tiny", "epiphyte", "neuropixels",
            "plain" (:class:`~mockrawio.SessionSpec` itself), or a spec.
        virtual : bool
            Whether it is virtual, and takes no disk space.
        **fields
            Fields of the spec; the seed is 0 by default.

        Returns
        -------
        Path
            Shared by all tests of a run: copy it before changing it.

        Raises
        ------
        MockSessionError
            If the spec is invalid.
        """
        spec = _spec(kind, fields)
        shown = json.dumps([spec.to_dict(), virtual], sort_keys=True)
        root = self.root / hashlib.sha256(shown.encode()).hexdigest()[:16]
        folder = root / "patient_data" / str(spec.patient_id) / f"session_{spec.session_nr}"
        if not folder.is_dir():
            with suppress(SessionExistsError):  # another process has just made it
                generate_session(spec, root, virtual=virtual)
        return folder

    def reader(self, kind: str | SessionSpec = "broadband", **fields: Any) -> MockSessionRawIO:
        """Return a session's reader with parsed header; :meth:`close` closes it."""
        reader = MockSessionRawIO(self.session(kind, **fields))
        reader.parse_header()
        self._readers.append(reader)
        return reader

    def block(self, kind: str | SessionSpec = "broadband", *, lazy: bool = False, **fields: Any) -> Any:
        """Return a session as a :class:`neo.Block`."""
        return MockSessionIO(self.session(kind, **fields)).read_block(lazy=lazy)

    def recording(self, kind: str | SessionSpec = "broadband", *, stream_id: str | None = None, **fields: Any) -> Any:
        """Return a stream of a session as a SpikeInterface recording: by default the one that its spikes are in."""
        from ..interop.spikeinterface import MockSessionRecordingExtractor
        from ..interop.streams import main_stream

        folder = self.session(kind, **fields)
        with MockSessionRawIO(folder) as reader:
            chosen = stream_id or main_stream(reader)
        return MockSessionRecordingExtractor(folder, stream_id=chosen)

    def sorting(self, kind: str | SessionSpec = "broadband", **fields: Any) -> Any:
        """Return the true units of a session as a SpikeInterface sorting."""
        from ..interop.spikeinterface import MockSessionSortingExtractor

        return MockSessionSortingExtractor(self.session(kind, **fields))

    def rig_files(
        self, format: str, kind: str | SessionSpec = "broadband", *, fault: str | None = None, **fields: Any
    ) -> Any:
        """Export a session to another format, once; returns an :class:`~mockrawio.exporting.Exported`.

        `format` and `fault` are those of :func:`mockrawio.export`; `fields` are the spec's.
        """
        from ..exporting import export

        folder = self.session(kind, **fields)
        target = folder.parents[2] / "rigs" / f"{format}-{fault or 'whole'}"
        if target not in self._exports:
            self._exports[target] = export(folder, target, format, fault=fault, overwrite=True)
        return self._exports[target]

    def close(self) -> None:
        """Close the readers returned since the last call."""
        while self._readers:
            self._readers.pop().close()


def _spec(kind: str | SessionSpec, fields: dict[str, Any]) -> SessionSpec:
    if isinstance(kind, SessionSpec):
        require(not fields, Argument("kind"), "a spec alone, or a kind and fields", sorted(fields), "Change the spec.")
        return kind if kind.seed is not None else replace(kind, seed=0)
    require(kind in KINDS, Argument("kind"), f"a spec, or one of {', '.join(KINDS)}", kind, "Give one of these.")
    small = {} if kind != "broadband" else {"duration_s": 2.0, "n_channels": 4, "n_units": 3}
    instead = {"duration_s": ("segments",), "n_channels": ("probe",), "n_units": ("units", "spikes")}
    small = {name: value for name, value in small.items() if not fields.keys() & set(instead[name])}
    return KINDS[kind](**{"seed": 0, **small, **fields})
