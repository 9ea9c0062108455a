"""Rows of making: sessions of both encodings, a broadband stream, and rasters."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mockrawio.exporting import export
from mockrawio.generate import SessionSpec, Spatial, White, Zigzag, generate_session
from mockrawio.ground.writing import file_record
from mockrawio.rawio import MockSessionRawIO
from mockrawio.verify import verify_session

from .inputs import unpickled
from .race import Act, Contest, same, same_text

RATE = 32_000
NUMPY_SAVE = "numpy.save"


def session(place: Path, encoding: str, *, n_workers: int = 1, **fields: Any) -> Contest:
    """Make, hash and write a session of Epiphyte's size, against a write of bytes that are there already.

    The peers make nothing and compute no checksum. One writes the same bytes to the same files; one
    has them on the disk too before it ends, as ours has; one saves the same dicts with ``numpy.save``,
    which is how Epiphyte's generator writes.
    """
    spec = SessionSpec.epiphyte(seed=3, encoding=encoding, **fields)
    ours, peer = place / "ours", place / "peer"
    folder = generate_session(spec, ours, overwrite=True)
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {peer / path.relative_to(folder): path.read_bytes() for path in files}
    saved = [path for path in files if path.parent.name in ("lfp_data", "spiking_data")]
    dicts = {peer / path.relative_to(folder): unpickled(path) for path in saved}
    _make_folders(contents)

    def ours_again() -> Path:
        return generate_session(spec, ours, n_workers=n_workers, overwrite=True)

    def check() -> None:
        ours_again()
        same(verify_session(folder).ok, True, "whether the session that was made is as its manifest has it")
        for name, act in peers.items():
            shutil.rmtree(peer)
            _make_folders(contents)
            act()
            _same_files(folder, peer, saved if name == NUMPY_SAVE else files, name)

    peers: dict[str, Act] = {
        "a plain write": lambda: [path.write_bytes(data) for path, data in contents.items()],
        "a write to the disk": lambda: _write_all_through(contents),
        NUMPY_SAVE: lambda: _save_all(dicts),
    }
    return Contest(ours_again, peers, check)


def _save_all(dicts: dict[Path, dict[str, Any]]) -> None:
    for path, values in dicts.items():
        np.save(path, values)  # type: ignore[arg-type]  # a dict becomes an array of one object


def _make_folders(paths: Iterable[Path]) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)


def _same_files(folder: Path, peer: Path, files: Iterable[Path], name: str) -> None:
    """Compare files byte by byte; those of ``numpy.save``, which writes a dict in its own way, by what is in them."""
    for path in files:
        what, other = f"{path.name} of {name}", peer / path.relative_to(folder)
        if name != NUMPY_SAVE:
            same_text(file_record(path).sha256, file_record(other).sha256, what)
            continue
        mine, theirs = (unpickled(one) for one in (path, other))
        same_text(str([*mine]), str([*theirs]), what)
        for key in ("ts", "samples", "spike_times", "spike_amps"):
            if key in mine:
                same(mine[key], theirs[key], what)


def _write_all_through(contents: dict[Path, bytes]) -> None:
    for path, data in contents.items():
        with open(path, "wb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())


def broadband(place: Path, seconds: float, n_channels: int = 80, *, n_workers: int = 1, **fields: Any) -> Contest:
    """Make seconds of 32 kHz channels as int16, against SpikeInterface's generator, which has noise and spikes.

    Ours have all default layers, and an LFP, unless `fields` say otherwise; both have as many workers.
    """
    spec = SessionSpec.broadband(duration_s=seconds, n_channels=n_channels, n_units=40, seed=1, **fields)
    n_samples = int(seconds * RATE)
    block = np.zeros((min(16_384, n_samples), n_channels), "<i2")

    def plain_write() -> None:
        (place / "plain").mkdir()
        with open(place / "plain" / "data", "wb", buffering=0) as file:
            for first in range(0, n_samples, len(block)):
                file.write(memoryview(block[: n_samples - first]).cast("B"))  # type: ignore[arg-type]  # a buffer
            os.fsync(file.fileno())

    ours = _afresh(lambda: generate_session(spec, place / "ours", n_workers=n_workers), place / "ours")
    peers: dict[str, Act] = {"a write to the disk": _afresh(plain_write, place / "plain")}
    shape = n_samples, n_channels
    return _against_spikeinterface(ours, peers, place, shape, lambda: _static(seconds, n_channels), n_workers)


def drifting(place: Path, seconds: float, n_channels: int, *, n_workers: int = 1) -> Contest:
    """Make seconds of a Neuropixels probe whose cells drift, against SpikeInterface's drifting generator.

    Both have noise that neighbours share, and as many units. Ours are written and hashed; theirs are saved.
    """
    n_units = max(2, n_channels // 2)
    probe = {"probe": "neuropixels-1.0", "n_channels": n_channels, "sampling_rate": 30_000}
    cells = {"n_units": n_units, "motion": Zigzag(40.0), "noise": (White(), Spatial())}
    spec = SessionSpec.broadband(duration_s=seconds, **probe, **cells, seed=1)
    ours = _afresh(lambda: generate_session(spec, place / "ours", n_workers=n_workers), place / "ours")
    shape = round(seconds * 30_000), n_channels

    def make() -> Any:
        from spikeinterface.generation import generate_drifting_recording

        from mockrawio.interop.probe import probegroup_of

        probe = probegroup_of(spec.contacts).probes[0]
        moved = {"drift_start_um": [0, 20], "drift_stop_um": [0, -20], "motion_list": [{"drift_mode": "zigzag"}]}
        fields = {"generate_displacement_vector_kwargs": moved, "seed": 0}
        return generate_drifting_recording(n_units, seconds, 30_000.0, probe=probe, **fields)[1]

    return _against_spikeinterface(ours, {}, place, shape, make, n_workers)


def _static(seconds: float, n_channels: int) -> Any:
    from spikeinterface.core import generate_ground_truth_recording

    fields = {"num_channels": n_channels, "sampling_frequency": RATE, "num_units": 40, "seed": 0}
    return generate_ground_truth_recording(durations=[seconds], **fields)[0]


def _against_spikeinterface(
    ours: Act, peers: dict[str, Act], place: Path, shape: tuple[int, int], make: Callable[[], Any], n_jobs: int
) -> Contest:
    """Return the contest of ours with the saving of a recording of SpikeInterface's, and with other peers."""
    missing = {}
    try:
        peers["SpikeInterface"] = _saving(place / "theirs", make, n_jobs)
    except ImportError:
        missing["SpikeInterface"] = "not installed; pip install 'mockrawio[spikeinterface]'"

    def check() -> None:
        ours()
        made = np.load(next((place / "ours").rglob("raw_data/*.npy")), mmap_mode="r")
        same(made.shape, shape, "shape of what was made")
        if "SpikeInterface" in peers:
            peers["SpikeInterface"]()
            (theirs,) = (place / "theirs").glob("*.raw")
            found = np.memmap(theirs, "<i2", "r").reshape(-1, shape[1])
            same(made.shape, found.shape, "shape of what SpikeInterface made")
            same(made.any(), found.any(), "whether there is anything in what SpikeInterface made")

    return Contest(ours, peers, check, missing, own_clock=True)


def _afresh(act: Act, made: Path) -> Callable[[], float]:
    """Return what times an act by which a folder is made, once what was made before is gone."""

    def seconds() -> float:
        shutil.rmtree(made, ignore_errors=True)
        began = time.perf_counter()
        act()
        return time.perf_counter() - began

    return seconds


def _saving(folder: Path, make: Callable[[], Any], n_jobs: int) -> Callable[[], float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of where it put its units
        recording = make()
    how = {"folder": folder, "dtype": "int16", "n_jobs": n_jobs, "progress_bar": False, "verbose": False}
    return _afresh(lambda: recording.save(**how), folder)


def exported(folder: Path, place: Path, name: str) -> Contest:
    """Write a session's stream as the files of a rig, which Neo reads, against a plain write of as many bytes."""
    ours_at, plain = place / "ours", place / "plain"
    ours = _afresh(lambda: export(folder, ours_at, name), ours_at)
    block = np.zeros(1 << 22, "<i2")

    def write() -> None:
        left = sum(path.stat().st_size for path in ours_at.rglob("*") if path.is_file())
        plain.mkdir()
        with open(plain / "data", "wb", buffering=0) as file:
            while left:
                left -= file.write(memoryview(block).cast("B")[:left])  # type: ignore[arg-type]  # a buffer
            os.fsync(file.fileno())

    def check() -> None:
        shutil.rmtree(ours_at, ignore_errors=True)
        made, source = export(folder, ours_at, name).open(), MockSessionRawIO(folder)
        source.parse_header()
        theirs = source.get_analogsignal_chunk(0, 0, None, None, source.signal_streams_count() - 1)
        same(made.get_analogsignal_chunk(0, 0, None, None, 0), theirs, f"samples of {name}")

    return Contest(ours, {"a write to the disk": _afresh(write, plain)}, check, own_clock=True)


def raster(place: Path, n_units: int, n_bins: int) -> Contest:
    """Draw spikes of units whose rates vary and write them as SONATA, against a loop over units and bins."""
    from mockrawio.rasters import make_noise, poisson_raster, write_sonata

    rates = np.random.default_rng(0).lognormal(np.log(2.9) - 0.125, 0.5, n_units)
    profile = make_noise(1, n_bins, seed=0)[0]
    fast, slow = place / "fast.h5", place / "slow.h5"

    def ours() -> None:
        write_sonata(fast, poisson_raster(rates, profile, seed=1), overwrite=True)

    def peer() -> None:
        raster_by_bins(slow, rates, profile)

    def check() -> None:
        ours()
        peer()
        counts = [_spikes_of(path) for path in (fast, slow)]
        same(counts[0], counts[1], "numbers of spikes, which are drawn", rtol=10 / np.sqrt(max(counts[1], 1)))

    return Contest(ours, {"a loop over units and bins": peer}, check)


def raster_by_bins(path: Path, rates: npt.NDArray[Any], profile: npt.NDArray[Any]) -> None:
    """Draw a number for each unit and bin, and let the file grow for each unit."""
    import h5py  # type: ignore[import-untyped]  # it ships none

    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/default")
        kinds = {"timestamps": float, "node_ids": int}
        times, ids = (group.create_dataset(name, (0,), kind, maxshape=(None,)) for name, kind in kinds.items())
        for unit, rate in enumerate(rates):
            spikes = np.flatnonzero(rng.poisson(rate * profile / 1000) > 0)
            for dataset, values in ((times, spikes), (ids, np.full(spikes.size, unit))):
                size = dataset.shape[0]
                dataset.resize((size + values.size,))
                dataset[size:] = values


def _spikes_of(path: Path) -> int:
    import h5py

    with h5py.File(path) as file:
        return int(next(iter(file["spikes"].values()))["timestamps"].size)
