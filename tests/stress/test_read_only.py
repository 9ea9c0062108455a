"""Nothing below a session folder is opened for writing, made, renamed or removed while it is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.handmade import Handmade

# What Python itself is asked to do to a file, by any library, passes its audit hooks.
WATCHED = """
import json, os, sys, warnings
folder, cache = map(os.path.realpath, sys.argv[1:])
CHANGES = {"os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.setxattr",
           "os.symlink", "os.truncate", "os.utime", "shutil.copyfile", "shutil.move", "tempfile.mkstemp"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
seen, noted = set(), []

def below(path):
    return isinstance(path, (str, bytes, os.PathLike)) and os.path.realpath(os.fsdecode(path)).startswith(folder)

def hook(event, arguments):
    if event == "open" and below(arguments[0]):
        seen.add(os.path.relpath(os.fsdecode(arguments[0]), folder))
        if arguments[2] & WRITING:
            noted.append((event, str(arguments[0])))
    elif event in CHANGES and any(below(argument) for argument in arguments):
        noted.append((event, str(arguments)))

import neo.io
from mockrawio import MockSessionIO, MockSessionRawIO
from mockrawio.describe import describe_session
from mockrawio.verify import verify_session
sys.addaudithook(hook)
for how in ({}, {"strict": True}, {"raw_dtype": "source"}, {"use_cache": True, "cache_path": cache}):
    with MockSessionRawIO(folder, **how) as reader:
        reader.get_analogsignal_chunk(stream_index=0)
        reader.get_spike_raw_waveforms()
        [reader.get_event_timestamps(event_channel_index=k) for k in range(4)]
neo.io.get_io(folder).read_block(load_waveforms=True)
MockSessionIO(folder).read_block(lazy=True)
describe_session(folder)
assert verify_session(folder).ok
assert os.listdir(cache)
found = list(noted)
for change in (lambda: open(os.path.join(folder, "new"), "w").close(), lambda: os.remove(os.path.join(folder, "new"))):
    try:
        change()
    except OSError:
        pass
print(json.dumps({"seen": sorted(seen), "noted": found, "last": [event for event, _ in noted[len(found):]]}))
"""


def test_a_read_only_session(handmade: Handmade, tmp_path: Path) -> None:
    """Every way of reading a session that may not be written to works, with a cache elsewhere, and tries no change."""
    folder = handmade.all()
    handmade.lfp(2, np.linspace(-1, 1, 500))
    handmade.unit(amps=np.linspace(-1, 1, 192).reshape(3, 64))
    handmade.stream()
    (tmp_path / "cache").mkdir()
    everything = sorted([folder, *folder.rglob("*")], reverse=True)
    before = [(path.stat().st_mtime_ns, path.stat().st_size) for path in everything]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", WATCHED, str(folder), str(tmp_path / "cache")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        assert found["last"] == ["open", "os.remove"]  # the hook sees what it is there to see
        assert found["noted"] == []
        assert set(found["seen"]) >= {str(path.relative_to(folder)) for path in everything if path.suffix == ".npy"}
        changed = {folder} if os.geteuid() == 0 else set()  # by the last two lines: root may
        after = [(path.stat().st_mtime_ns, path.stat().st_size) for path in everything]
        assert {path for path, was, now in zip(everything, before, after, strict=True) if was != now} <= changed
    finally:
        for path in reversed(everything):
            path.chmod(0o755)
