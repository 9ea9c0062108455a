"""Hybrid ground truth: events of a real recording, moved and added to a copy of it (document 001)."""

from ..formats.firings import load_firings
from ..formats.sorters import Sorting, load_sorting, load_templates
from ..formats.spikeglx import read_meta
from .generate import HybridResult, generate_hybrid, generate_hybrid_from, planted_events
from .params import HybridParams
from .probe import Probe, custom_probe, eMouse, neuropixels3a
from .recording import RawFile, RawRecording, open_raw
from .sources import hybrid_from_session, hybrid_from_spikeinterface
from .validate import Validation, validate

__all__ = [
    "HybridParams",
    "HybridResult",
    "Probe",
    "RawFile",
    "RawRecording",
    "Sorting",
    "Validation",
    "custom_probe",
    "eMouse",
    "generate_hybrid",
    "generate_hybrid_from",
    "hybrid_from_session",
    "hybrid_from_spikeinterface",
    "load_firings",
    "load_sorting",
    "load_templates",
    "neuropixels3a",
    "open_raw",
    "planted_events",
    "read_meta",
    "validate",
]
