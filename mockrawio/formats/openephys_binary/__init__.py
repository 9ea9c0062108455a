"""The Open Ephys GUI's binary format, as version 0.6 of the GUI writes it."""

from . import writer

__all__ = ["writer"]
