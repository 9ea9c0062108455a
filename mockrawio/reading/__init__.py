"""Whatever is at a path, opened by the reader that it needs; and all that a reader has between two times."""

from .opening import open
from .time_window import TimeWindow, WindowEvents, WindowSignal
from .window import window, windows
from .window_exports import InPynapple

__all__ = ["InPynapple", "TimeWindow", "WindowEvents", "WindowSignal", "open", "window", "windows"]
