"""Any recording as the files of a rig, read back by Neo: :func:`export`."""

from ..formats.rig import rig_formats
from .door import export
from .exported import Exported

__all__ = ["Exported", "export", "format_names"]


def format_names() -> tuple[str, ...]:
    """Return the names of all formats that :func:`export` writes."""
    return tuple(rig_formats())
