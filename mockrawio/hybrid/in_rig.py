"""The result of a run in the place of its source: a copy of a rig's folder whose samples have the events.

All else in the folder is carried along: other streams, headers, events of the rig. So Neo and SpikeInterface read the
result as they read the source.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..ground.errors import BadFileError, MockSessionError
from ..ground.places import AnyPath, file_at
from ..ground.progress import Tick, progress_bar
from ..ground.shown import Argument
from ..ground.whole_folder import WholeFolder
from ..ground.writing import FileRecord, write_plain
from ..session.own import refuse_own
from ..session.virtual import file_chunks
from .planned import HybridResult
from .run_manifest import read_run_manifest
from .truth import only_one
from .without import AGAIN

_Result = tuple[Path, FileRecord]
_SHA1 = re.compile(rb"^fileSHA1=.*$", re.M)


def hybrid_in_rig(
    result: HybridResult | AnyPath,
    output: AnyPath,
    *,
    root: AnyPath | None = None,
    session_name: str | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Copy the SpikeGLX or Open Ephys folder of a run's source, with the run's result in place of the source.

    Count for count it is what was recorded, with the events added; the other files are the recorded ones, byte for
    byte, but for the ``fileSHA1`` of a SpikeGLX ``.meta``.

    Parameters
    ----------
    result : HybridResult or path
        A run of :func:`~mockrawio.hybrid.generate_hybrid`, or its output folder.
    output : path
        Where to: a folder that is made, completely or not at all. The rig's folder is in it.
    root : path, optional
        The rig's folder. None: a SpikeGLX run's or an Open Ephys record node's, found by the files beside the source.
    session_name : str, optional
        Which run, if a folder has those of several.
    overwrite : bool
        Whether what stands at `output` may be replaced.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    Path
        The rig's folder in `output`.

    Raises
    ------
    BadFileError
        If a result is missing or changed.
    MockSessionError
        If the source is in no rig's folder that is known and none is given, or is not in that one.
    SessionExistsError
        If `output` exists and `overwrite` is false.
    """
    folder = result.folder if isinstance(result, HybridResult) else Path(result).absolute()
    manifest = only_one(folder, "manifest", "json", session_name)
    if manifest is None:
        raise BadFileError(folder, "the output folder of a run, with its manifest", "none", "Give such a folder.")
    said, target = read_run_manifest(manifest), Path(output).absolute()
    sources, results = [Path(one["path"]) for one in said["sources"]], _results(folder, said)
    place = _rig_of(sources) if root is None else Path(os.path.abspath(root))
    refuse_own(target, str(place), str(folder))
    files = sorted(_files(place))
    _refuse_others(place, target, files, results)
    total = sum(path.stat().st_size for path in files)
    with WholeFolder(target, overwrite=overwrite) as writing, progress_bar(progress, "rig", total) as tick:
        for path in files:
            _copy(path, path.relative_to(place.parent).as_posix(), results, writing, tick)
    return target / place.name


def _refuse_others(place: Path, target: Path, files: Sequence[Path], results: Mapping[str, _Result]) -> None:
    """Refuse a rig's folder without a source of the run in it, and one that is to be written to."""
    if os.path.realpath(target).startswith(os.path.join(os.path.realpath(place), "")):
        raise MockSessionError(target, "a place outside the rig's folder", f"one in {place}", "Choose another place.")
    there = set(map(os.path.realpath, files))
    for source in results:
        if source not in there:
            raise MockSessionError(Argument("root"), f"a folder with {source} in it", str(place), "Give that folder.")


def _results(folder: Path, said: Mapping[str, Any]) -> dict[str, _Result]:
    """Return for each source file of a run, by its path without links, the result and what is known of that."""
    pairs = zip(said["sources"], said["results"], strict=False)
    return {
        os.path.realpath(source["path"]): (folder / Path(one["path"]).name, FileRecord(one["size"], one["sha256"]))
        for source, one in pairs
    }


def _rig_of(sources: Sequence[Path]) -> Path:
    """Return the folder of the rig that files are from."""
    found = {_spikeglx(path) or _open_ephys(path) for path in sources}
    place = found.pop() if len(found) == 1 else None
    if place is None:
        expected = "files of one SpikeGLX run or Open Ephys record node"
        remedy = "Name the rig's folder with root, or take the result as it is."
        raise MockSessionError(sources[0] if sources else "result", expected, "others", remedy)
    return place


def _spikeglx(path: Path) -> Path | None:
    if not path.with_suffix(".meta").is_file():
        return None
    run = re.sub(r"_imec\d*$", "", path.parent.name)
    return path.parent.parent if run != path.parent.name and path.parent.parent.name == run else path.parent


def _open_ephys(path: Path) -> Path | None:
    recording = path.parents[2] if len(path.parents) > 4 else path
    return recording.parents[1] if (recording / "structure.oebin").is_file() else None


def _files(place: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield all files below a folder, those of folders that are links too, but for links that lead round."""
    real = os.path.realpath(place)
    if real in above:
        return
    for path in sorted(place.iterdir()):
        if path.is_dir():
            yield from _files(path, (*above, real))
        else:
            yield path


def _copy(path: Path, name: str, results: Mapping[str, _Result], writing: WholeFolder, tick: Tick) -> None:
    """Copy a file, or the result that is in its place."""
    found, known = results.get(os.path.realpath(path), (path, None))
    companion = os.path.realpath(path.with_suffix(".bin"))
    chunks = _meta(path, results[companion][0]) if path.suffix == ".meta" and companion in results else _read(found)
    record = write_plain(writing.path(name), _counted(chunks, tick), writing.target / name, writing.sync)
    if known is not None and record != known:
        raise BadFileError(found, "the file that the run made, by its SHA-256", "another", AGAIN)


def _counted(chunks: Iterator[bytes | memoryview], tick: Tick) -> Iterator[bytes | memoryview]:
    for chunk in chunks:
        yield chunk
        tick(memoryview(chunk).nbytes)


def _read(path: Path) -> Iterator[bytes | memoryview]:
    return file_chunks(file_at(path))


def _meta(path: Path, result: Path) -> Iterator[bytes | memoryview]:
    """Yield a ``.meta`` as it is, but for the digest of its file."""
    text = b"".join(map(bytes, _read(path)))
    if _SHA1.search(text):
        digest = hashlib.sha1(usedforsecurity=False)
        for chunk in _read(result):
            digest.update(chunk)
        text = _SHA1.sub(b"fileSHA1=" + digest.hexdigest().upper().encode(), text, count=1)
    yield text
