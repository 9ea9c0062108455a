"""What only the original's own data need, behind two doors.

- :func:`read_py` reads hybridfactory's ``params.py`` as data;
- :func:`plan_original` plans a run of ``compat=True``, by the original's arithmetic, its faults included.
"""

from .params_py import read_py
from .run import plan_original

__all__ = ["plan_original", "read_py"]
