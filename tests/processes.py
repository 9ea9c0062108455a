"""New processes that tests hand something to."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver

from tests.length import rounds

# What takes a second to import in each process; what is not installed is left out.
_LIBRARIES = ["mockrawio.interop.spikeinterface", "mockrawio.interop.dask", "distributed", "tests.frozen"]


def fresh() -> str:
    """Return the method to start processes that have seen nothing of a test.

    At length they are spawned. Otherwise they are forked from a server, which has imported libraries and nothing else.
    """
    if rounds(0, 1) or "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload(_LIBRARIES)
    forkserver.ensure_running()  # or Dask has it import what it likes
    return "forkserver"
