"""Where a SONATA file has its spikes: as the developer guide says, and as files had them before it."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["NAMELESS", "UNITS", "ids_in", "populations"]

NAMELESS = "default"  # what a population is called to which its file gives no name
# What files say their times are in, as ms.
UNITS = {"": 1.0, "ms": 1.0, "millisecond": 1.0, "milliseconds": 1.0, "s": 1e3, "second": 1e3, "seconds": 1e3}


def populations(spikes: Any) -> dict[str, Any]:
    """Return the populations of a file by their names, each as what holds its datasets.

    Before there were populations, ``timestamps`` and ``gids`` stood in ``/spikes`` itself: that is one
    population, called "default".

    Parameters
    ----------
    spikes : h5py.Group
        The file's ``/spikes``.
    """
    old = hasattr(spikes.get("timestamps"), "shape") and not any(hasattr(spikes.get(name), "keys") for name in spikes)
    # h5py gives bytes for a name that is no UTF-8
    return {NAMELESS: spikes} if old else {os.fsdecode(name): spikes.get(name) for name in spikes}


def ids_in(group: Any) -> str:
    """Return the name of a population's dataset of ids: ``node_ids``, or ``gids`` as it was called before."""
    old = hasattr(group, "keys") and "gids" in group and "node_ids" not in group
    return "gids" if old else "node_ids"
