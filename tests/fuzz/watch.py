"""What a case may not do: run code, write, open other files, take long, take much memory."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 2.0  # of processor time, so that a busy machine is no fault
MEMORY = 100 << 20  # bytes beyond what the process has when it is warm

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    "code.__new__", "compile", "ctypes", "exec", "ftplib", "function.__new__", "http", "import", "marshal", "os.chmod",
    "os.exec", "os.fork", "os.kill", "os.link", "os.mkdir", "os.posix_spawn", "os.putenv", "os.remove", "os.rename",
    "os.rmdir", "os.spawn", "os.startfile", "os.symlink", "os.system", "os.truncate", "os.utime", "pickle.find_class",
    "pty", "shutil", "socket", "sqlite3", "subprocess", "sys.setprofile", "sys.settrace", "urllib", "webbrowser",
)  # fmt: skip


class Tripped(BaseException):
    """A case did what it may not do; no ``except Exception`` can hide it."""


class Watch:
    """Listens to the interpreter's audit events while it is armed, and keeps the limits.

    Parameters
    ----------
    root : str
        The only folder in which files may be opened.
    """

    def __init__(self, root: str) -> None:
        self.root = root + os.sep
        self.armed = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)  # stays for the life of the process
        signal.signal(signal.SIGPROF, self._too_slow)

    def limit_memory(self) -> None:
        """Allow the process `MEMORY` more address space than it has now; call when warm. On Linux alone."""
        if sys.platform != "linux":
            return
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Be armed; raise `Tripped` at the end if anything was seen, whatever became of it."""
        self.seen.clear()
        self.armed = True
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.armed = False
        if self.seen:
            raise Tripped("; ".join(self.seen))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int):  # a descriptor, whose opening was heard
                return
            inside = isinstance(path, str) and os.path.abspath(path).startswith(self.root)
            if not inside or (isinstance(flags, int) and flags & _WRITING):
                self._note(f"open {path!r} flags {flags}")
        elif event.startswith(_FORBIDDEN):
            self._note(f"{event} {arguments!r}"[:200])

    def _note(self, what: str) -> None:
        self.armed = False  # one is enough, and to stop it is better than to see what follows
        self.seen.append(what)
        raise Tripped(what)

    def _too_slow(self, *_: object) -> None:
        self.seen.append(f"more than {SECONDS} s")
        raise Tripped(f"more than {SECONDS} s")
