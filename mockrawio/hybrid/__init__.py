"""Hybrid ground truth: events of a real recording, moved and added to a copy of it, as hybridfactory does."""

from ..formats.firings import load_firings
from ..formats.sorters import Sorting, load_sorting, load_templates
from ..formats.spikeglx import read_meta
from .doors import generate_hybrid, hybrid_from_session, hybrid_from_spikeinterface, plan_hybrid, planted_events
from .params import HybridParams
from .planned import HybridPlan, HybridResult
from .raw_probe import Probe, custom_probe, eMouse, neuropixels3a
from .recipe import Recipe
from .recording import RawFile, RawRecording, open_raw
from .source import HybridSource
from .validate import Validation, validate

__all__ = [
    "HybridParams",
    "HybridPlan",
    "HybridResult",
    "HybridSource",
    "Probe",
    "RawFile",
    "RawRecording",
    "Recipe",
    "Sorting",
    "Validation",
    "custom_probe",
    "eMouse",
    "generate_hybrid",
    "hybrid_from_session",
    "hybrid_from_spikeinterface",
    "load_firings",
    "load_sorting",
    "load_templates",
    "neuropixels3a",
    "open_raw",
    "plan_hybrid",
    "planted_events",
    "read_meta",
    "validate",
]
