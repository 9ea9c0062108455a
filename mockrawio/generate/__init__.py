"""Making sessions: from a spec and a seed, or as Epiphyte's generator makes them."""

from .annotations import generate_annotations
from .demo import run_data_generation
from .epiphyte import GenerateData
from .in_spikeinterface import InSpikeInterface
from .materialise import materialise
from .parts import *  # noqa: F403  # every part
from .parts import __all__ as _parts
from .session import generate_session
from .spec import SessionSpec
from .true_motion import TrueMotion
from .true_units import TrueUnit
from .truth import Truth, TruthLayer, truth

__all__ = [
    "GenerateData",
    "InSpikeInterface",
    "SessionSpec",
    "TrueMotion",
    "TrueUnit",
    "Truth",
    "TruthLayer",
    "generate_annotations",
    "generate_session",
    "materialise",
    "run_data_generation",
    "truth",
    *_parts,
]
