"""Rows of opening: the import, the header, and whole blocks of Neo objects."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from neo.core import Block
from neo.io import PickleIO, RawBinarySignalIO

import mockrawio
from mockrawio.io import MockSessionIO
from mockrawio.rawio import MockSessionRawIO

from .inputs import own_copy, unpickled
from .race import Act, Contest, same, same_text
from .rows_signals import OneFile

IMPORT = """
import time
began = time.perf_counter()
import neo.io, neo.rawio
middle = time.perf_counter()
import mockrawio
print(middle - began, time.perf_counter() - middle)
print(mockrawio.MockSessionRawIO in neo.rawio.rawiolist, mockrawio.__file__)
"""


def dict_files(folder: Path) -> list[Path]:
    """Return the files of a session that are dicts of arrays."""
    return sorted([*folder.glob("lfp_data/*.npy"), *folder.glob("spiking_data/*.npy")])


def header(folder: Path, *, cache: Path | None = None, copies: Path | None = None) -> Contest:
    """Run ``parse_header()``, against ``numpy.load`` of the dict files; with a cache, not for the first time.

    The peer loads copies of a session that others made.
    """
    files = dict_files(folder)
    if copies is not None:
        files = [own_copy(path, copies) for path in files]
    caching = {} if cache is None else {"use_cache": True, "cache_path": str(cache)}
    reader = MockSessionRawIO(folder, **caching)  # type: ignore[arg-type]  # mixed options

    def check() -> None:
        reader.parse_header()
        units = [unpickled(path) for path in files if path.parent.name == "spiking_data"]
        spikes = [unit["spike_times"].size for unit in units]
        counts = [sum(reader.spike_count(0, s, k) for s in range(reader.segment_count(0))) for k in range(len(spikes))]
        same(sorted(counts), sorted(spikes), "numbers of spikes")

    return Contest(reader.parse_header, {"numpy.load": lambda: [unpickled(path) for path in files]}, check)


def importing() -> Contest:
    """Import mockrawio after Neo, in a new process, against Neo's own import."""
    environment = {**os.environ}  # compiled once, as an installed package is
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def told() -> list[str]:
        command = [sys.executable, "-W", "ignore", "-c", IMPORT]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return done.stdout.splitlines()

    def seconds(which: int) -> float:
        return float(told()[0].split()[which])

    def check() -> None:  # which also compiles
        registered, path = told()[1].split(" ", 1)
        same_text(registered, "True", "whether Neo knows the reader")
        same_text(str(Path(path).parent.resolve()), str(Path(mockrawio.__file__).parent.resolve()), "what was imported")

    return Contest(lambda: seconds(1), {"import neo": lambda: seconds(0)}, check, own_clock=True)


def block(folder: Path, place: Path, *, nix: bool) -> Contest:
    """Run ``read_block(load_waveforms=True)`` of a session, against the same block in Neo's own formats."""
    ours = _reading(lambda: MockSessionIO(folder).read_block(load_waveforms=True))
    made = ours()
    pickled, nixed = str(place / "block.pkl"), str(place / "block.nix")
    PickleIO(pickled).write_block(made)
    peers = {"Neo PickleIO": _reading(lambda: PickleIO(pickled).read_block())}
    missing = {}
    if nix:
        try:
            _write_nix(made, nixed)
        except ImportError:
            missing["Neo NixIO"] = "not installed; pip install nixio"
        else:
            peers["Neo NixIO"] = _reading(lambda: _read_nix(nixed))

    def check() -> None:
        for name, read in peers.items():
            _same_blocks(made, read(), name)

    return Contest(ours, peers, check, missing)


def lazy_block(folder: Path, place: Path) -> Contest:
    """Run ``read_block(lazy=True)``, against the pickled block, which has no lazy form."""
    whole = block(folder, place, nix=False)
    reader = MockSessionIO(folder)
    return Contest(_reading(lambda: reader.read_block(lazy=True)), whole.peers, whole.check)


def signal_block(folder: Path, *, lazy: bool) -> Contest:
    """Run ``read_block()`` of a stream, against Neo's RawBinarySignalIO of the same file."""
    scene = OneFile(folder)
    own = MockSessionIO(folder)
    neos = RawBinarySignalIO(
        scene.about["file_path"],
        dtype="int16",
        sampling_rate=scene.rate,
        nb_channel=scene.n_channels,
        bytesoffset=scene.about["file_offset"],
        signal_gain=scene.reader.header["signal_channels"]["gain"][0],
    )

    def ours() -> Block:
        return own.read_block(lazy=lazy)

    def peer() -> Block:
        return neos.read_block(lazy=lazy)

    def check() -> None:
        mine, other = (io.read_block().segments[0].analogsignals[0].magnitude[:1000] for io in (own, neos))
        same(mine, other, "signals of Neo RawBinarySignalIO", rtol=1e-6)

    return Contest(ours, {"Neo RawBinarySignalIO": peer}, check)


def _reading(read: Callable[[], Block]) -> Act:
    def act() -> Block:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers warn of their own dependencies
            return read()

    return act


def _write_nix(made: Block, path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from neo.io import NixIO

        with NixIO(path, "ow") as file:
            file.write_block(made)


def _read_nix(path: str) -> Block:
    from neo.io import NixIO

    with NixIO(path, "ro") as file:
        return file.read_all_blocks()[0]


def _same_blocks(ours: Block, theirs: Block, name: str) -> None:
    for mine, other in zip(ours.segments, theirs.segments, strict=True):
        for signal, peer in zip(mine.analogsignals, other.analogsignals, strict=True):
            same(signal.magnitude, peer.magnitude, f"signals of {name}", rtol=1e-6)
        for train, peer in zip(mine.spiketrains, other.spiketrains, strict=True):
            same(train.magnitude, peer.magnitude, f"spikes of {name}", rtol=1e-12)
            same(train.waveforms.magnitude, peer.waveforms.magnitude, f"waveforms of {name}", rtol=1e-6)
        for event, peer in zip([*mine.events, *mine.epochs], [*other.events, *other.epochs], strict=True):
            same(event.magnitude, peer.magnitude, f"events of {name}", rtol=1e-12)
