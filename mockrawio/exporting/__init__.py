"""Any recording as the files of a rig, read back by Neo: :func:`export`."""

from .door import export
from .exported import Exported

__all__ = ["Exported", "export"]
