"""A hybrid recording that is made by hand, unit by unit.

What holds of a :class:`HybridDraft`:

- no file is touched before :meth:`~HybridDraft.write`, and the source's never;
- its recording is the source's with all events that were inserted by then, so that the steps find them in it;
- what is written is what a run writes: raw files, tables, manifest, and the events, count for count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..convert.session_content import write_content
from ..formats.sorters import Sorting
from ..ground.arrays import Array, Floats, Ints
from ..ground.checks import require
from ..ground.places import AnyPath
from ..ground.shown import Argument
from ..planting import FixedEvents, LowRankEvents, Planter
from ..session.own import refuse_own
from .as_session import content_of_session
from .low_rank import RebuiltEvents
from .planned import HybridPlan, HybridResult, UnitReport
from .raw_folder import RawFolder
from .recipe import Recipe
from .recording import RawRecording
from .session_source import SessionSource
from .source import HybridSource
from .tables import Columns, run_tables
from .units import HybridUnit, center_of


@dataclass(frozen=True)
class SummedRecording(RawRecording):
    """A recording with events added to it, or taken out of it, when it is read."""

    base: RawRecording  # with the same samples on the same axis
    planter: Planter

    def read(self, start: int, stop: int, channels: Sequence[int] | Ints | None = None) -> Array:
        """Return the samples from `start` to `stop` (not included), as :meth:`RawRecording.read` does: a copy."""
        block = np.array(self.base.read(start, stop), order="C")
        self.planter.add(block, start)
        return block if channels is None else block[:, self._rows(channels)]

    def gather(self, centers: Any, before: int, after: int, channels: Sequence[int] | Ints) -> Array:
        """Return a window around every centre, as :meth:`RawRecording.gather` does."""
        windows = self.base.gather(centers, before, after, np.arange(self.n_channels))
        for window, center in zip(windows, np.asarray(centers, np.int64).tolist(), strict=True):
            self.planter.add(window, center - before)
        return windows[:, :, self._rows(channels)]

    def release(self) -> None:
        """Let go of the maps."""
        self.base.release()

    @classmethod
    def of(cls, base: RawRecording, planter: Planter) -> SummedRecording:
        """Return a recording whose files are called as its base's are."""
        return cls(base.files, base.dtype, base.n_channels, base.sample_rate, base, planter)


class HybridDraft:
    """A copy of a source to which you add units one by one.

    Parameters
    ----------
    source : HybridSource
        ``HybridSource(open_raw(...), load_sorting(...), probe)``, or ``params.open()`` of a
        :class:`~mockrawio.hybrid.HybridParams`.

    Attributes
    ----------
    source : HybridSource
        Only read.
    planted : tuple of HybridUnit
        What was added by then.
    """

    def __init__(self, source: HybridSource) -> None:
        self.source = source
        self.planted: tuple[HybridUnit, ...] = ()
        self._reports: tuple[UnitReport, ...] = ()

    @property
    def probe(self) -> Any:
        """The source's probe."""
        return self.source.probe

    @property
    def recording(self) -> RawRecording:
        """The source's recording with the events; what its dtype cannot hold is clipped."""
        base = self.source.recording
        return SummedRecording.of(base, Planter(self.planted, base.n_channels, base.dtype)) if self.planted else base

    @property
    def sorting(self) -> Sorting:
        """The source's spikes, and the new ones."""
        made = run_tables(self.source.sorting, self.planted).annotations
        template, channel = made.get("template"), made.get("channel_index")
        return Sorting(made["timestep"], made["cluster"], template, channel, self.source.sorting.kind)

    @property
    def artificial_units(self) -> Columns:
        """The new events, as ``artificial_units-*.csv`` has them: a column by name, int64 (K,), in order of time."""
        return run_tables(self.source.sorting, self.planted).artificial

    def insert_unit(
        self,
        events: RebuiltEvents | Array,
        times: Ints,
        channels: Ints,
        *,
        true_unit: int,
        source_channels: Ints | None = None,
        samples_before: int = 40,
    ) -> int:
        """Add a unit.

        Parameters
        ----------
        events : RebuiltEvents, or ndarray of shape (K, n, m)
            Counts, which are rounded to whole ones.
        times : ndarray of int64, shape (K,)
            When they are, absolute samples in any order; each one's window lies inside a file.
        channels : ndarray of int64, shape (m,)
            Raw rows that they are added to.
        true_unit : int
            Label of the unit that they come from.
        source_channels : ndarray of int64, shape (m,), optional
            Its raw rows, for comparing templates.
        samples_before : int
            Samples of an event before its time.

        Returns
        -------
        int
            The new unit's label: above all others.

        Raises
        ------
        MockSessionError
            If shapes do not go together, a row does not exist or occurs twice, or a window leaves the recording.
        """
        require(
            len(times) == len(events) > 0, Argument("times"), f"one for each of {len(events)} events", f"{len(times)}"
        )
        order = np.argsort(np.asarray(times, np.int64), kind="stable")
        whole = _whole(events, order)
        rows, times = np.asarray(channels, np.int64), np.asarray(times, np.int64)[order]
        self._check(whole, times, rows, samples_before)
        label = int(max(self.source.sorting.cluster.max(), *(unit.new_unit for unit in self.planted), 0)) + 1
        center = int(rows[center_of(whole)])
        labels = {"true_unit": int(true_unit), "new_unit": label, "center": center}
        self.planted += (HybridUnit(rows, times, samples_before, events=whole, **labels),)
        report = UnitReport(int(true_unit), label, n_source=len(self.source.sorting.times_of(int(true_unit))))
        came = () if source_channels is None else tuple(np.asarray(source_channels, np.int64).tolist())
        where = {"source_channels": came, "channels": tuple(rows.tolist()), "center_channel": center}
        self._reports += (replace(report, **where, n_events=len(times)),)  # type: ignore[arg-type]  # by name
        return label

    def _check(self, events: LowRankEvents | FixedEvents, times: Ints, rows: Ints, before: int) -> None:
        recording, (_, n, m) = self.source.recording, events.counts(0, 0).shape
        fits = len(rows) == m == len(np.unique(rows)) and 0 <= rows.min() <= rows.max() < recording.n_channels
        expected = f"{m} different raw rows, 0 to {recording.n_channels - 1}"
        require(fits, Argument("channels"), expected, f"{rows.tolist()}"[:80])
        require(0 <= before < n, Argument("samples_before"), f"0 to {n - 1}", before)
        out = ~recording.holds_many(times - before, times - before + n)
        found = f"one at {times[out][0]}" if out.any() else ""
        require(not out.any(), Argument("times"), "windows inside the recording's files", found, "Leave it out.")

    def reset(self) -> None:
        """Remove all units."""
        self.planted, self._reports = (), ()

    def write(self, folder: AnyPath, session_name: str, *, progress: bool = False) -> HybridResult:
        """Write the result as a run does, completely or not at all.

        Parameters
        ----------
        folder : path
            Made if it is not there. Of a session that is the source it is another session.
        session_name : str
            Is in the names of the files beside the recording's.
        progress : bool
            Whether to show a progress bar on stderr.

        Returns
        -------
        HybridResult
            :func:`~mockrawio.hybrid.validate` and :func:`~mockrawio.hybrid.undo_hybrid` take its folder.

        Raises
        ------
        MockSessionError
            If there are no units, or the folder holds the source.
        SessionExistsError
            If a file that is to be written is there, and no manifest lists it as this session's run's; or the folder of
            a session is there.
        """
        require(bool(self.planted), Argument("units"), "inserted units", "none", "Insert one first.")
        labels = tuple(dict.fromkeys(unit.true_unit for unit in self.planted))
        recipe = Recipe(ground_truth_units=labels, session_name=session_name, random_seed=0)
        made: dict[str, Any] = {
            "params": recipe,
            "units": self._reports,
            "planted": self.planted,
            "names": self.source.names,
        }
        source, target = self.source, Path(folder).absolute()
        if isinstance(source, SessionSource):
            refuse_own(target, *source.read_from)
            content = content_of_session(HybridPlan(**made, source=source), source, target)
            write_content(content, target, False, progress, "hybrid")
            return content.result
        raw = RawFolder(target, recipe, source)
        raw.prepare()
        return raw.write(HybridPlan(**made, source=source), progress=progress)


def _whole(events: RebuiltEvents | Array, order: Ints) -> LowRankEvents | FixedEvents:
    """Return events as whole counts, in this order."""
    if isinstance(events, RebuiltEvents):
        return RebuiltEvents(events.basis, events.weights[order]).rounded()
    values: Floats = np.asarray(events, np.float64)
    fits = values.ndim == 3 and bool(np.isfinite(values).all())
    require(fits, Argument("events"), "finite counts, (K, n, m)", f"the shape {values.shape}")
    return FixedEvents(np.rint(values[order]).astype(np.int32))
