"""Where the sessions of a corpus are made: in this thread, or on a cluster of dask.distributed."""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from typing import Any

from ..ground.errors import BadFileError, MockSessionError
from ..ground.extras import by_extra
from ..ground.places import read_text
from ..ground.shown import Argument

LEAST_IN_FLIGHT = 16  # so that a cluster without workers yet has a reason to start some
_SCHEMES = ("tcp://", "tls://", "ws://", "wss://", "ucx://", "inproc://")
PER_THREAD = 4  # in flight for each of a cluster's threads, so that none waits for the next


class Here(Executor):
    """Does its work at once, in this thread, so that Ctrl-C reaches it."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Return a finished future with what the call returned or raised."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **keywords))
        except Exception as error:
            future.set_exception(error)
        return future


class OnCluster(Executor):
    """Lets the workers of a cluster, which is reached by a ``distributed.Client``, do the work.

    Distributed's own ``ClientExecutor`` is not used, as its futures never end when the scheduler is lost.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._waiting: set[Any] = set()

    def width(self) -> int:
        """Return how much to keep in flight for the workers that there are now."""
        n_threads: int = sum(self.client.nthreads().values())
        return max(LEAST_IN_FLIGHT, PER_THREAD * n_threads)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Return a future of a call; it is cancelled if the cluster gives up or is lost."""
        future: Future[Any] = Future()
        remote = self.client.submit(function, *arguments, pure=False, **keywords)
        self._waiting.add(remote)
        self.client.loop.add_callback(self._follow, remote, future)
        return future

    async def _follow(self, remote: Any, future: Future[Any]) -> None:
        try:
            future.set_result(await self.client.gather(remote, asynchronous=True))
        except (futures.CancelledError, asyncio.CancelledError):
            future.cancel()
        except Exception as error:
            future.set_exception(error)
        finally:
            self._waiting.discard(remote)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel what has not begun; workers finish what they are doing."""
        waiting = list(self._waiting)
        if waiting and self.client.status == "running":
            self.client.cancel(waiting)


@contextmanager
def executor_of(client: Any) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Yield an executor for sessions, and a function that tells how many of them to keep in flight."""
    if client is None:
        yield Here(), lambda: 1
        return
    with _connected(client) as connected, OnCluster(connected) as executor:
        yield executor, executor.width


@contextmanager
def _connected(client: Any) -> Iterator[Any]:
    with by_extra("a cluster", "dask"):
        import distributed
    if isinstance(client, distributed.Client):
        yield client
    elif client == "local":
        _check_guard()
        options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": logging.ERROR}
        with (
            distributed.LocalCluster(**options) as cluster,  # type: ignore[no-untyped-call]  # not typed throughout
            distributed.Client(cluster) as connected,  # type: ignore[no-untyped-call]  # not typed throughout
        ):
            connected.run(_leave_interrupts)
            yield connected
    elif isinstance(client, str) and client.startswith(_SCHEMES):
        with distributed.Client(client) as connected:  # type: ignore[no-untyped-call]  # not typed throughout
            yield connected
    else:
        expected = "a scheduler's address or 'local'"
        if not isinstance(client, str):
            expected = f"a distributed.Client, {expected}, or None"
        remedy = "Give an address such as 'tcp://10.0.0.1:8786'."
        raise MockSessionError(Argument("client"), expected, f"{client!r}", remedy)


def _check_guard() -> None:
    """Check that the script that calls us does so below ``if __name__ == "__main__"``, if it is a script.

    Each worker imports the script again: without that it would start workers of its own, and die of it at length.
    """
    main = sys.modules["__main__"]
    path, line, frame = getattr(main, "__file__", None), None, inspect.currentframe()
    while frame is not None:
        if frame.f_globals is main.__dict__ and frame.f_code.co_name == "<module>":
            line = frame.f_lineno
        frame = frame.f_back
    if path is None or line is None:
        return
    with suppress(BadFileError, SyntaxError):
        body = ast.parse(read_text(path)).body
        if not any(_is_guard(node) and node.lineno <= line <= (node.end_lineno or 0) for node in body):
            expected, remedy = "a call below 'if __name__ == \"__main__\":'", "Move it: workers import the script."
            raise MockSessionError(Argument("client", "local"), expected, f"one without, {path}, line {line}", remedy)


def _is_guard(node: ast.stmt) -> bool:
    names = ast.walk(node.test) if isinstance(node, ast.If) else ()
    return any(isinstance(name, ast.Name) and name.id == "__name__" for name in names)


def _leave_interrupts() -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the parent process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
