"""New processes that tests hand something to."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path

from tests.length import rounds

# What takes a second to import in each process; what is not installed is left out.
_LIBRARIES = ["mockrawio.interop.spikeinterface", "mockrawio.interop.dask", "distributed", "tests.frozen"]


def fresh() -> str:
    """Return the method to start processes that have seen nothing of a test.

    At length they are spawned. Otherwise they are forked from a server, which has imported libraries and nothing else,
    and has the environment of the first test that asked. One test of each library that starts them is at length.
    """
    if rounds(0, 1) or "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload(_LIBRARIES)
    forkserver.ensure_running()  # or Dask has it import what it likes
    return "forkserver"


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code as ``python -c`` would, in a process that has seen nothing of the test."""
    command, method = ["-c", *map(str, arguments)], fresh()
    if method == "spawn":
        command.insert(1, code)
        return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / "out", Path(folder) / "err"]
        process = multiprocessing.get_context(method).Process(target=_run, args=(code, command, said))
        process.start()
        process.join()
        return subprocess.CompletedProcess(command, process.exitcode or 0, *(path.read_text() for path in said))


def _run(code: str, command: list[str], said: list[Path]) -> None:
    for stream, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    sys.argv = command
    exec(code, {"__name__": "__main__"})
