"""Which specs a virtual session may have, and how its manifest holds one.

A manifest may come from anyone, and a spec of a line may ask for more than a machine has. What a virtual session has
to have at once, its cells, the mixing of its noise, the spikes of a block of time, its logs, is bounded here; what is
made piece by piece, its samples, is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..ground.errors import BadFileError, MockSessionError
from ..ground.folder import File
from ..ground.shown import Argument, Text
from ..session.clock import MAX_RUNS
from ..session.manifest import read_manifest
from ..session.virtual import MAKING, REMEDY
from . import timing
from .parts.noise import FarUnits
from .parts.units import EpiphyteUnits
from .pinning import templates_of_spec
from .renewal import BLOCK
from .spec import SPEC_VERSION, SessionSpec

SPEC_SHA256 = "spec_sha256"

MOST_CHANNELS = 5_000
MOST_CELLS = 10_000  # far ones included
MOST_SIGHTS = 4_000_000  # cells times channels
MOST_SPIKES = 20_000_000  # in a block of time
MOST_EVENTS = 1_000_000
MOST_FRAMES = 2_000_000  # of the movie, or edges of the sync line
MOST_PARTS = 2_000
_WRITTEN = Text("Change it, or make it without ", Argument("virtual", True), ".")
_LATE = 0.999  # the share of units that are slower than the rate that is reckoned with


def spec_digest(spec: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a spec as :meth:`SessionSpec.to_dict` gives it, however it is laid out in a file."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def recorded_spec(manifest: File) -> SessionSpec:
    """Return the spec of a virtual session.

    BadFileError if the manifest cannot be read, has another spec than the one that the session was made from, or one
    that this version does not know or a virtual session may not have.
    """
    content = read_manifest(manifest)
    spec, version = content.get("spec"), content.get("spec_version")
    if version != SPEC_VERSION:
        remedy = "Generate the session again, or read it with the version that generated it."
        raise BadFileError(manifest, f"spec_version {SPEC_VERSION}", repr(version)[:40], remedy)
    making = content.get(MAKING)
    digest = making.get(SPEC_SHA256) if isinstance(making, dict) else None
    if not isinstance(spec, dict) or digest != spec_digest(spec):
        expected = f"the spec that the session was made from, by its {SPEC_SHA256!r}"
        remedy = f"{REMEDY[:-1]}: another spec is another session."
        raise BadFileError(manifest, expected, "another spec, or none", remedy)
    try:
        _check_channels(spec.get("n_channels"))  # before any of them is made
        found = SessionSpec.recorded(spec)
        _check("seed", found.seed is not None, "a number", None)
        check_virtual(found)
    except MockSessionError as error:
        raise BadFileError(manifest, f"a spec, {error.subject} as {error.expected}", error.found, REMEDY) from None
    return found


def _check_channels(n: object) -> None:
    ok = not isinstance(n, (int, float)) or n <= MOST_CHANNELS
    _check("n_channels", ok, f"no more than {MOST_CHANNELS:,} channels in a virtual session", n)


def check_virtual(spec: SessionSpec) -> None:
    """Check that a session may be virtual, as its spec is; MockSessionError says of which field it may not."""
    _check_channels(spec.contacts.n)
    _check("encoding", spec.encoding == "int16", "'int16' in a virtual session", spec.encoding)
    templates = templates_of_spec(spec)
    _check("templates", templates is None, "none from a file in a virtual session", templates)
    _check("spikes", spec.spikes is None, "none from a file in a virtual session", spec.spikes)
    for name, most, found in _sizes(spec):
        _check(name, found <= most, f"no more than comes to {most:,} {_COUNTED[name]} in a virtual session", found)


_COUNTED = {
    "segments": "segments",
    "units": "cells, times channels",
    "noise": "cells",
    "rate_hz": "spikes in a block of time",
    "n_events": "events",
    "stimulus_len": "frames",
    "acquisition": "edges of the sync line",
    "field": "parts of a spec",
}


def _sizes(spec: SessionSpec) -> Iterator[tuple[str, float, float]]:
    """Yield the name of a field, how much there may be of what it says, and how much there is."""
    cells, rate_hz = _cells(spec)
    yield "segments", MAX_RUNS, len(spec.segments or ())
    yield "noise", MOST_CELLS, cells
    yield "units", MOST_SIGHTS, cells * spec.contacts.n
    yield "rate_hz", MOST_SPIKES, rate_hz * BLOCK / float(spec.sampling_rate or timing.WAVEFORM_RATE)
    yield "n_events", MOST_EVENTS, spec.n_events or 0
    yield "stimulus_len", MOST_FRAMES, timing.frame_count(spec.stimulus_len or 0.0)
    sync, rig = spec.acquisition.sync, spec.acquisition
    yield "acquisition", MOST_FRAMES, 2 * (spec.length_ms or 0) / sync.period_ms if sync else 0
    yield "field", MOST_PARTS, sum(map(len, (spec.field, spec.noise, spec.motion, spec.firing.locked, rig.faults)))


def _cells(spec: SessionSpec) -> tuple[float, float]:
    """Return how many cells there may be, far ones included, and how many spikes a second they may have in all."""
    far = [part for part in spec.noise if isinstance(part, FarUnits)]
    cells: float = sum(part.n for part in far)
    rate_hz: float = sum(part.n * part.rate_hz.rate(_LATE) for part in far)
    units = spec.units
    if isinstance(units, EpiphyteUnits):
        return cells + (units.n or timing.UNITS[1]), rate_hz
    n = units.n or 0
    n = n if spec.days is None else spec.days.n_units(n, spec.session_nr)
    own = n * (1 + units.multi * units.cells_per_multi[1])
    return cells + own, rate_hz + own * units.rate(_LATE)


def _check(name: str, ok: bool, expected: str, found: object) -> None:
    if not ok:
        shown = f"{found:,.0f}" if isinstance(found, (int, float)) else repr(found)
        raise MockSessionError(Argument(name), expected, shown, _WRITTEN)
