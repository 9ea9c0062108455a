"""How fast it is: rows of a table, each a race against a named peer in the same process.

``python -m tests.benchmarks`` prints the table; ``pytest tests/benchmarks --at-length`` runs the same rows.
"""

from __future__ import annotations

from .race import OURS, Contest, Goal, race
from .rows import Row, built_in, of_session
from .table import Result, environment, run

__all__ = ["OURS", "Contest", "Goal", "Result", "Row", "built_in", "environment", "of_session", "race", "run"]
