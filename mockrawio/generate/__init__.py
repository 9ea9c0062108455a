"""Making sessions: from a spec and a seed, or as Epiphyte's generator makes them."""

from .annotations import generate_annotations
from .broadband import BroadbandTruth, broadband_truth
from .broadband_units import BroadbandUnit
from .demo import run_data_generation
from .epiphyte import GenerateData
from .session import generate_session
from .spec import SessionSpec

__all__ = [
    "BroadbandTruth",
    "BroadbandUnit",
    "GenerateData",
    "SessionSpec",
    "broadband_truth",
    "generate_annotations",
    "generate_session",
    "run_data_generation",
]
