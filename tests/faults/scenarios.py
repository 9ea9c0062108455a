"""What is written while a fault befalls it, and how to tell whether it is whole."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import quantities
from neo import AnalogSignal, Block, Segment

from mockrawio import SessionSpec, generate_session, write_session_from_block
from mockrawio.generate import White
from mockrawio.ground.errors import NotWrittenError
from mockrawio.ground.writing import write_file
from mockrawio.hybrid import generate_hybrid
from mockrawio.hybrid.params import HybridParams
from mockrawio.interop.corpus import generate_corpus
from mockrawio.rasters import Raster, append_sonata, write_sonata
from mockrawio.session.layout import MANIFEST, is_staging
from mockrawio.verify import verify_session
from tests.hybrid.synthetic import make

Write = Callable[[Path, int], object]


@dataclass(frozen=True)
class Scenario:
    """A writer.

    Attributes
    ----------
    target : str
        What it makes, below the place it is given.
    write : callable
        Takes the place and a seed.
    old : bool
        Whether another seed's is there before.
    marks : str
        What is there if, and only if, it is whole: "" for the target itself.
    replaces : bool
        Whether it may write over what is there.
    adds : bool
        Whether it adds to what is there.
    """

    target: str
    write: Write
    old: bool = False
    marks: str = ""
    replaces: bool = True
    adds: bool = False

    def state(self, place: Path, known: dict[str, str]) -> str:
        """Return "absent", or which of the `known` whole ones is there, or what is wrong with what is."""
        target = place / self.target
        return known.get(digest(target), "torn") if (target / self.marks).exists() else "absent"

    def whole(self, place: Path) -> str:
        """Return the digest of what is there, which is verified if it is a session."""
        target = place / self.target
        assert not (target / MANIFEST).is_file() or verify_session(target).ok
        return digest(target)

    def staged(self, place: Path) -> list[str]:
        """Return the leftovers, wherever they are."""
        return sorted(path.name for path in place.rglob(".*") if is_staging(path))


def tree(place: Path) -> list[str]:
    """Return the name of every file and folder below a place."""
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


def digest(target: Path) -> str:
    """Return a hash over the names and bytes of all files but those of other writers."""
    files = sorted(p for p in target.rglob("*") if p.is_file()) if target.is_dir() else [target]
    shown = [p for p in files if not any(is_staging(part) for part in (p, *p.parents))]
    text = [f"{p.relative_to(target)} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in shown]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


# Little to work out beside what is written.
SMALL = {"patient_id": 1, "session_nr": 1, "n_units": 1, "noise": White()}


def _session(place: Path, seed: int, *, overwrite: bool = False, n_workers: int = 1, **fields: object) -> None:
    spec = SessionSpec.tiny(**SMALL, n_channels=2, duration_s=1.0, seed=seed, **fields)
    generate_session(spec, place, overwrite=overwrite, n_workers=n_workers)


def _corpus(place: Path, seed: int) -> None:
    specs = [SessionSpec.tiny(**{**SMALL, "session_nr": k}, n_channels=2, duration_s=1.0, seed=seed) for k in (1, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the table of failures could not be written
        report = generate_corpus(specs, place, progress=False, overwrite=True)
    for failure in report.failed:
        raise NotWrittenError(place, "two sessions", failure.error, "Run it again.")


def _broadband(place: Path, seed: int) -> None:
    short = {"sampling_rate": 8000, "segments": (0.6, 0.4), "n_channels": 2, "n_lfp_channels": 1}
    spec = SessionSpec.broadband(**SMALL, **short, seed=seed)
    generate_session(spec, place)


def _from_block(place: Path, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(-100, 100, (4000, 2)).astype(np.int16)
    block, segment = Block(), Segment()
    segment.analogsignals = [AnalogSignal(counts, units="uV", sampling_rate=30_000 * quantities.Hz)]
    block.segments = [segment]
    write_session_from_block(block, place / "session_1")


def _hybrid(place: Path, seed: int) -> None:
    params = _made(place.parent / "source")
    generate_hybrid(replace(params, random_seed=seed, output_directory=place / "out"))


@cache
def _made(source: Path) -> HybridParams:
    source.mkdir()
    return make(source, n_channels=8, seconds=0.4, counts=(12,), amplitudes=(400.0,)).params


def _raster(seed: int) -> Raster:
    random = np.random.default_rng(seed)
    return Raster(np.sort(random.random(5000) * 100), random.integers(0, 20, 5000).astype(np.uint64), 100.0, {})


def _sonata(place: Path, seed: int, *, overwrite: bool = False, by_id: bool = False) -> None:
    blocks = [_raster(seed)] if by_id else _raster(seed)
    blocks = [*blocks, Raster(np.empty(0), np.empty(0, np.uint64), 100.0, {})] if by_id else blocks
    write_sonata(place / "s.h5", blocks, sorting="by_id" if by_id else "by_time", overwrite=overwrite)


def _append(place: Path, seed: int) -> None:
    path = place / "s.h5"
    if not path.exists():
        write_sonata(path, _raster(0), sorting="none")
        return
    append_sonata(path, _raster(seed))


def _one_file(place: Path, seed: int) -> None:
    write_file(place / "d" / "f", [bytes([seed]) * 1000, bytes([seed]) * 100_000])


SESSION = "patient_data/1/session_1"
SCENARIOS = {
    "session int16": Scenario(SESSION, _session, replaces=False),
    "session float64": Scenario(SESSION, partial(_session, encoding="float64", n_workers=2), replaces=False),
    "session broadband": Scenario(SESSION, _broadband, replaces=False),
    "session over another": Scenario(SESSION, partial(_session, overwrite=True), old=True),
    "corpus over another": Scenario("patient_data/1/session_2", _corpus, old=True),
    "write_session_from_block": Scenario("session_1", _from_block, replaces=False),
    "hybrid": Scenario("out", _hybrid, marks="manifest-s.json"),
    "hybrid over another": Scenario("out", _hybrid, old=True, marks="manifest-s.json"),
    "sonata": Scenario("s.h5", _sonata, replaces=False),
    "sonata over another, by id": Scenario("s.h5", partial(_sonata, overwrite=True, by_id=True), old=True),
    "sonata append": Scenario("s.h5", _append, old=True, adds=True),
    "one file": Scenario("d/f", _one_file, old=True),
}
