"""Hybrid ground truth: events of a real recording, moved and added to a copy of it, as hybridfactory does."""

from typing import Any

from ..formats.firings import load_firings
from ..formats.sorters import Sorting, load_sorting, load_templates
from ..formats.spikeglx import read_meta
from .doors import generate_hybrid, hybrid_from_session, hybrid_from_spikeinterface, plan_hybrid, planted_events
from .draft import HybridDraft
from .in_rig import hybrid_in_rig
from .params import HybridParams
from .planned import HybridPlan, HybridResult
from .raw_probe import Probe, custom_probe, eMouse, neuropixels3a
from .recipe import Recipe
from .recording import RawFile, RawRecording, open_raw
from .source import HybridSource
from .steps import (
    construct_events,
    jitter_events,
    scale_events,
    shift_channels,
    unit_channels,
    unit_firing_times,
    unit_windows,
)
from .undo import undo_hybrid
from .validate import Validation, validate
from .without import Undone

__all__ = [
    "HybridDraft",
    "HybridParams",
    "HybridPlan",
    "HybridResult",
    "HybridSource",
    "Probe",
    "RawFile",
    "RawRecording",
    "Recipe",
    "Sorting",
    "Undone",
    "Validation",
    "construct_events",
    "custom_probe",
    "eMouse",
    "generate_hybrid",
    "hybrid_from_session",
    "hybrid_from_spikeinterface",
    "hybrid_in_rig",
    "jitter_events",
    "load_firings",
    "load_sorting",
    "load_templates",
    "neuropixels3a",
    "open_raw",
    "plan_hybrid",
    "planted_events",
    "plot_windows",
    "read_meta",
    "scale_events",
    "shift_channels",
    "undo_hybrid",
    "unit_channels",
    "unit_firing_times",
    "unit_windows",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import what draws when it is first asked for: matplotlib takes a second."""
    if name != "plot_windows":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .windows import plot_windows

    return plot_windows
