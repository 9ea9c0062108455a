"""For other people's tests: sessions and what reads them, made once a run; faults to plant; Neo's rules for a reader.

pytest finds the fixtures by itself where mockrawio is installed; docs/test_your_pipeline.rst shows them. Hypothesis'
strategies are in :mod:`mockrawio.testing.strategies`.
"""

from .compliance import assert_rawio_compliant
from .faults import SESSION_FAULTS, SessionFault, plant_fault
from .maker import SessionMaker

__all__ = ["SESSION_FAULTS", "SessionFault", "SessionMaker", "assert_rawio_compliant", "plant_fault"]
