"""nginx on loopback, where it is installed: the server that files are most often behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

CONFIG = """
daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;
events {{ worker_connections 64; }}
http {{
  sendfile on; keepalive_requests 100000; autoindex on; root {root};
  log_format told '$request_uri $body_bytes_sent'; access_log {work}/asked told;
  client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
  uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
  server {{ listen 127.0.0.1:{port}; }}
}}
"""


def nginx() -> str | None:
    """Return the program, None if it is not installed; Debian has it where users do not look."""
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


class Nginx:
    """A running nginx."""

    def __init__(self, root: Path, work: Path, port: int) -> None:
        self.root, self.url, self._asked = root, f"http://127.0.0.1:{port}", work / "asked"

    def taken(self) -> list[tuple[str, int]]:
        """Return what was asked since it was last asked so: paths, and how many bytes were sent."""
        time.sleep(0.05)  # it writes a line when an answer is gone
        lines = self._asked.read_text().splitlines()
        self._asked.write_text("")
        return [(unquote(path), int(sent)) for path, sent in map(str.split, lines)]


@contextmanager
def nginx_of(root: Path, work: Path) -> Iterator[Nginx]:
    """Serve a folder by nginx while it lasts; what it writes is below `work`."""
    program = nginx()
    assert program is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (work / "conf").write_text(CONFIG.format(root=root, work=work, port=port))
    (work / "asked").touch()
    with subprocess.Popen([program, "-p", work, "-c", work / "conf", "-e", work / "error.log"]) as running:
        try:
            for _ in range(500):
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.01)
            yield Nginx(root, work, port)
        finally:
            running.terminate()
