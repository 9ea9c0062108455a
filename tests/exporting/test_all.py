"""What holds of every format alike."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spikeinterface.extractors

from mockrawio import NotWrittenError, SessionExistsError
from mockrawio.exporting.door import write_rig
from mockrawio.exporting.exported import neo_class
from mockrawio.formats import recorded
from mockrawio.formats.recorded import RecordedEvents
from mockrawio.formats.rig import RigFile, rig_formats
from tests.exporting.tables import DOCS, TABLES
from tests.exporting.tiny import OPTIONS, PINS, WAYS, digest, digests, said, tiny
from tests.length import rounds

FORMATS = sorted(rig_formats())
LIBRARIES = {"nwb": "pynwb", "nix": "nixio", "sonata": "h5py"}  # by the extra that a format needs
# Samples of the stream at 32 kHz, 7200, of its LFP, 225, or of both; EDF fills up its last record.
BOTH = ("alphaomega", "neuralynx", "neuroexplorer", "nix", "nwb", "openephys_binary", "plexon", "spikeglx", "tdt")
TOLD = {"blackrock": 225, "edf": 7662, **dict.fromkeys(BOTH, 7425)}
FAULTS = [(name, fault.name) for name in FORMATS for fault in rig_formats()[name].faults]


@pytest.fixture(autouse=True)
def _libraries(request: pytest.FixtureRequest) -> None:
    """What a format needs is there, or its tests are left out."""
    params = getattr(request.node, "callspec", None)
    name = params.params.get("name") if params else None
    for extra in rig_formats()[name].extras if name else ():
        pytest.importorskip(LIBRARIES[extra])


@pytest.mark.parametrize("name", FORMATS)
def test_pinned(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small recording gives the bytes that it gave before, however it is cut into blocks.

    Those of a library depend on its version, and are the same twice.
    """
    pins = PINS / f"{name}.json"
    pinned = digests(name, tmp_path / "first") if rig_formats()[name].extras else json.loads(pins.read_text())
    assert digests(name, tmp_path / "once") == pinned
    monkeypatch.setattr(recorded, "BLOCK", 256)
    assert digests(name, tmp_path / "again") == pinned


@pytest.mark.parametrize(("name", "how"), OPTIONS, ids=[said(*way) for way in OPTIONS])
def test_options_are_pinned(name: str, how: dict[str, Any], tmp_path: Path) -> None:
    """So does it with each of a format's options."""
    exported = write_rig(tiny(), tmp_path / "out", rig_formats()[name], **how)
    assert digest(exported.folder) == json.loads(WAYS.read_text())[said(name, how)]


@pytest.mark.parametrize("name", FORMATS)
def test_small(name: str, tmp_path: Path) -> None:
    """A small recording makes small files, all of them are listed, and the bar is told of each sample that is kept."""
    told: list[int] = []
    exported = write_rig(tiny(), tmp_path / "out", rig_formats()[name], tick=told.append)
    assert sum(told) == TOLD.get(name, 7200)
    files = {
        path.relative_to(exported.folder).as_posix(): path for path in exported.folder.rglob("*") if path.is_file()
    }
    assert sorted(files) == list(exported.files)
    assert max(path.stat().st_size for path in files.values()) < 1_000_000


@pytest.mark.parametrize("name", FORMATS)
def test_a_disk_that_is_full(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a block cannot be written nothing is left, and what stood there before stays."""
    write_rig(tiny(), tmp_path / "out", rig_formats()[name])
    before = digests_of(tmp_path / "out")
    monkeypatched(monkeypatch)
    with pytest.raises((NotWrittenError, OSError)):
        write_rig(tiny(), tmp_path / "out", rig_formats()[name], overwrite=True)
    assert digests_of(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def digests_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def monkeypatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the second block of every file, and every file that a library wrote, fail."""
    from mockrawio.formats import rig

    write, seen = RigFile.write, []

    def fails(self: RigFile, data: object) -> None:
        seen.append(1)
        if len(seen) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    def never(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RigFile, "write", fails)
    monkeypatch.setattr(rig, "sync_now", never)


@pytest.mark.parametrize("name", FORMATS)
def test_taken(name: str, tmp_path: Path) -> None:
    """What stands at the folder is not replaced unless that is asked for."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(SessionExistsError):
        write_rig(tiny(), tmp_path / "out", rig_formats()[name])
    assert (tmp_path / "out" / "mine").read_text() == "x"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """Return the files of a format without a fault, written once."""

    @cache
    def written(name: str) -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("whole") / "out"
        return digests_of(write_rig(tiny(), folder, rig_formats()[name]).folder)

    return written


@pytest.mark.at_length
@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_faults_break_something(
    name: str, fault: str, tmp_path: Path, whole: Callable[[str], dict[str, bytes]]
) -> None:
    """A fault changes the files, and as it did before; at length those of a library the same way twice."""
    broken = write_rig(tiny(), tmp_path / "out", rig_formats()[name], fault=fault)
    if rig_formats()[name].extras and rounds(0, 1):
        again = write_rig(tiny(), tmp_path / "again", rig_formats()[name], fault=fault)
        assert digests_of(broken.folder) == digests_of(again.folder)
    if not rig_formats()[name].extras:
        assert digest(broken.folder) == json.loads(WAYS.read_text())[said(name, {"fault": fault})]
    assert digests_of(broken.folder) != whole(name)
    assert broken.fault == fault
    assert whole(name)


@pytest.mark.parametrize("file", TABLES)
def test_tables_of_the_page(file: str) -> None:
    """The page's tables have every format and fault as they are."""
    assert (DOCS / file).read_text(encoding="utf-8") == TABLES[file]()


ODD_LABELS = np.array(["7", "007", "²", "9" * 5000, "-1", ""])


@pytest.mark.parametrize("name", [name for name in FORMATS if rig_formats()[name].holds.events])
def test_odd_labels(name: str, tmp_path: Path) -> None:
    """Labels that look like numbers, are empty or as long as a book are written, or what becomes of them is said."""
    times = np.arange(len(ODD_LABELS)) / 1000 + 0.001
    marks = RecordedEvents("Events", "Events", False, lambda k: len(times), lambda k, *ends: (times, None, ODD_LABELS))
    made = write_rig(replace(tiny().part(0), events=(marks,)), tmp_path / "out", rig_formats()[name])
    if rig_formats()[name].neo in ("BCI2000RawIO", "ElanRawIO", "AlphaOmegaRawIO"):
        assert any("'007' is " in line and "'7' is" not in line for line in made.left_out)


@pytest.mark.parametrize("name", FORMATS)
def test_extractors(name: str) -> None:
    """What a format says reads it is a function of SpikeInterface and a class of Neo's."""
    entry = rig_formats()[name]
    assert entry.extractor is None or hasattr(spikeinterface.extractors, entry.extractor)
    assert neo_class(entry.neo).__name__ == entry.neo
