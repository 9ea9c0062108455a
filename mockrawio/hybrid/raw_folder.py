"""The result of a run as raw files, with hybridfactory's tables beside them.

The files: docs/hybridfactory.rst, *Output files*.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..ground.durable import locked
from ..ground.progress import progress_bar
from ..ground.writing import write_plain
from ..session.own import refuse_own
from .adding import Adding
from .landing import Staging, mend, refuse_foreign_files, run_files, target_names
from .planned import HybridPlan, HybridResult
from .recipe import Recipe
from .run_manifest import run_manifest_bytes
from .source import HybridSource
from .store import Clipped
from .tables import named


class RawFolder:
    """The output folder of a run, made with its parents if it is not there, and what it is to have there.

    Refused are two results of one name, and one that would replace what the source is read from.
    """

    def __init__(self, folder: Path, recipe: Recipe, source: HybridSource) -> None:
        self.folder, self.session = folder, str(recipe.session_name)
        self.targets = tuple(folder / name for name in target_names(source.recording.files))
        self.names = run_files(source.recording.files, self.session)
        for name in self.names:
            refuse_own(folder / name, *source.read_from)

    def prepare(self) -> None:
        """Undo what a run left that was killed, and refuse to replace files of others."""
        mend(self.folder, self.session)
        if self.folder.is_dir():
            with locked(self.folder):  # another run may be moving its files there
                refuse_foreign_files(self.folder, self.names)

    def result(self, plan: HybridPlan) -> HybridResult:
        """Return what :meth:`write` would make."""
        return plan.result(self.folder, self.targets)

    def write(self, plan: HybridPlan, *, progress: bool = False) -> HybridResult:
        """Write everything, or nothing."""
        recording = plan.source.recording
        size, n_frames = recording.dtype.itemsize, sum(file.n_frames for file in recording.files)
        with Staging(self.folder, self.session) as staging:
            with progress_bar(progress, "hybrid", n_frames * recording.n_channels * size) as tick:
                adder, done = plan.adder(), lambda count: tick(count * size)
                passes = [Adding(recording, [file], adder, done) for file in recording.files]
                results = tuple(
                    write_plain(staging.path / target.name, (block.data for block in one.blocks()), target, _later)
                    for one, target in zip(passes, self.targets, strict=True)
                )
            sources, n_clipped = tuple(one.source for one in passes), sum(one.n_clipped for one in passes)
            result = plan.result(self.folder, self.targets, sources=sources, results=results, n_clipped=n_clipped)
            self._write_small(staging.path, plan, result, Clipped.joined([one.clipped for one in passes]))
            return replace(result, files=tuple(sorted(staging.land())))

    def _write_small(self, staging: Path, plan: HybridPlan, result: HybridResult, clipped: Clipped) -> None:
        """Write the tables, and the manifest over all of them."""
        contents = {**plan.small_files(map(str, self.targets), clipped), **plan.params.saved}
        files = {name: write_plain(staging / name, [data], self.folder / name) for name, data in contents.items()}
        manifest = run_manifest_bytes(plan.source, result, files, plan.source.origin)
        name = named("manifest.json", self.session)
        write_plain(staging / name, [manifest], self.folder / name)


def _later(file: BinaryIO, place: Path) -> None:
    """Do not wait for the disk: landing waits until all of it is there."""
