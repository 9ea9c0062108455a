"""Virtual sessions: what makes the files of a session when they are read, from the spec that its manifest has.

What is drawn before the first file, the plan, is drawn when a session is opened; cells' spikes and layers when the
first sample is asked for. A process keeps both for the few sessions that it has opened last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..ground.folder import File
from ..ground.once import once
from ..ground.turns import Turns
from ..ground.writing import chunks_record
from ..session.clock import Run
from ..session.content import UnitContent, description_bytes
from ..session.files import Scale
from ..session.keys import LEFT_SWEEP, WAVEFORM_RATE_HZ
from ..session.layout import RAW, SYNC, lfp_file, unit_file
from ..session.made import MadeArray, MadeColumn, MadeLfp, MadeStamps, MadeUnitFile
from ..session.streams import StreamFile, described_stream
from ..session.virtual import MAKER, MAKING, VIRTUAL, Chunks, MadeTrain, Rows
from ..session.writer import SessionWriter
from .broadband_files import ARRAY, DESCRIPTION, BroadbandFiles, cut_content, cut_snippets
from .cast import CastUnit, Spiked
from .clocks import SyncLine
from .field_lfp import field_mix, sine_lfp
from .files import (
    FileJob,
    channel_names_job,
    daq_job,
    events_job,
    info_job,
    manifest_content,
    session_jobs,
    sync_logs,
    watchlog_job,
)
from .layers import Int16s
from .lfp import Lfp
from .made_arrays import (
    BlockTrain,
    ChunkRows,
    LfpOfRows,
    RowsLfp,
    SegmentRows,
    SineRows,
    StreamTrain,
    SyncRows,
    WholeTrain,
)
from .plan import Plan, PlannedUnit, plan_session
from .sine import SineLfp
from .spec import SessionSpec
from .stream_json import stream_content, stream_lengths
from .timing import LFP_RATE, PEAK
from .truth import Truth
from .virtual_spec import SPEC_SHA256, recorded_spec, spec_digest

_SYNC = f"{RAW}/{SYNC}.npy"
_TURNS = Turns()


class SpecMaker:
    """Makes the files of a session from its spec, each when it is asked for; see :class:`~..session.virtual.Maker`."""

    def __init__(self, spec: SessionSpec) -> None:
        self.plan = plan = plan_session(spec)
        self._units = {unit_file(unit.name): unit for unit in plan.units}
        self._channels = {lfp_file(k + 1): k for k in range(spec.lfp_width)}
        self._trains: dict[str, MadeTrain] = {}

    @once
    def _jobs(self) -> dict[str, FileJob]:
        return {job.name: job for job in session_jobs(self.plan, self._lfp, self._content)}

    @once
    def files(self) -> Mapping[str, int]:
        """Every file but the manifest: about how large it is, 0 for one of arrays."""
        arrays = self._units.keys() | self._channels.keys() | {_SYNC}
        sizes = {job.name: 0 if job.name in arrays else max(1, job.nbytes) for job in session_jobs(self.plan, None)}
        return {**sizes, **({ARRAY: 0, DESCRIPTION: 1} if self._is_broadband else {})}

    @property
    def _is_broadband(self) -> bool:
        return self.plan.spec.is_broadband

    # -- what is made for the first sample, and kept ----------------------------------------------

    @property
    def _truth(self) -> Truth:
        with _TURNS:  # as long as nobody has it, all who want a first sample wait for one of them
            return self._made_truth

    @once
    def _made_truth(self) -> Truth:
        return Truth(self.plan)

    @once
    def _stream(self) -> ChunkRows:
        return ChunkRows(self._truth.fill, self._truth.n_samples, self._truth.n_channels)

    @once
    def _lfp_rows(self) -> SegmentRows:
        n_ms = [segment.n_ms for segment in self.plan.segments]
        if self._is_broadband:
            return LfpOfRows(self._stream, self._truth.lowpass, n_ms, self.plan.spec.lfp_width)
        return ChunkRows(field_mix(self.plan).fill, n_ms, self.plan.spec.contacts.n)

    @once
    def _sine(self) -> SineLfp | None:
        return None if self._is_broadband else sine_lfp(self.plan)

    @once
    def _lfp(self) -> Lfp:
        return self._sine or RowsLfp(lambda: self._lfp_rows, self.plan.spec.acquisition.gain_uV)

    def _content(self, unit: PlannedUnit) -> UnitContent:
        if self._is_broadband:
            return cut_content(self._truth, self._stream.opened, unit)
        return unit.content("int16")

    def _cut(self, column: int, spikes: Spiked) -> Iterator[Int16s]:
        return cut_snippets(self._truth, self._stream.opened(), column, spikes)

    # -- what is asked for ------------------------------------------------------------------------

    def chunks(self, name: str) -> Chunks:
        """Return the bytes of a file, in pieces."""
        if name == ARRAY:
            return BroadbandFiles(self._truth, 1, lambda chunk: None).array()
        if name == DESCRIPTION:
            return [description_bytes(self._truth.description(None))]
        return self._jobs[name].chunks()

    def rows(self, name: str) -> Rows:
        """Return the samples of a stream, or of the LFP."""
        if name == ARRAY:
            return self._stream
        if name == _SYNC:
            return SyncRows(SyncLine(self.plan))
        return self._lfp_rows if self._sine is None else SineRows(self._sine)

    def train(self, name: str) -> MadeTrain:
        """Return the spikes of a unit."""
        return self._trains.get(name) or self._trains.setdefault(name, self._train(self._units[name]))

    def _train(self, unit: PlannedUnit) -> MadeTrain:
        if not isinstance(unit, CastUnit):
            return WholeTrain(unit)
        return StreamTrain(unit, partial(self._cut, unit.name.channel - 1)) if self._is_broadband else BlockTrain(unit)

    def opened(self, file: File) -> MadeUnitFile | MadeLfp | StreamFile | None:
        """Return what opening a file of arrays gives."""
        if file.name in self._units:
            return MadeUnitFile(file, *self._seen(self._units[file.name]))
        if file.name in self._channels:
            return self._opened_lfp(file, self._channels[file.name])
        if file.name == ARRAY:
            samples = MadeArray(file, sum(stream_lengths(self.plan)), self.plan.spec.contacts.n)
            return described_stream(file, samples, _as_read(stream_content(self.plan, None)), self._ground_truth)
        if file.name == _SYNC and self.plan.spec.acquisition.sync is not None:
            line = SyncLine(self.plan)
            return described_stream(file, MadeArray(file, sum(line.lengths), 1), _as_read(line.description()))
        return None

    def _seen(self, unit: PlannedUnit) -> tuple[Scale, float, int]:
        """Return the scale of a unit's waveforms, their sampling rate, and the samples before a spike's own."""
        if not isinstance(unit, CastUnit):
            return unit.content("int16").scale or Scale(), WAVEFORM_RATE_HZ, LEFT_SWEEP
        setting = unit.cast.setting
        return Scale(setting.gain_uV), float(setting.sampling_rate), PEAK if self._is_broadband else LEFT_SWEEP

    def _opened_lfp(self, file: File, channel: int) -> MadeLfp:
        spec, segments = self.plan.spec, self.plan.segments
        width = spec.lfp_width if self._is_broadband or self._sine else spec.contacts.n
        gain_uV = self._sine.gain_uV if self._sine else spec.acquisition.gain_uV
        stops, starts = list(accumulate(s.n_ms for s in segments)), (float(s.start_ms) for s in segments)
        samples = MadeColumn(MadeArray(file, self.plan.recorded_ms, width, (channel,)), channel)
        return MadeLfp(samples, MadeStamps(tuple(map(Run, [0, *stops], stops, starts))), Scale(gain_uV), LFP_RATE)

    def _ground_truth(self) -> dict[str, Any]:
        return _as_read(self._truth.ground_truth(None))


def _as_read(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a description is once it has been written and read."""
    read: dict[str, Any] = json.loads(json.dumps(content))
    return read


def maker_of(manifest: File) -> SpecMaker:
    """Return what makes the files of a virtual session, by its manifest.

    BadFileError if the manifest cannot be read, or its spec is not what it was or cannot be a virtual session's.
    """
    return SpecMaker(recorded_spec(manifest))


def write_virtual(plan: Plan, target: Path, overwrite: bool) -> Path:
    """Write the folder of a virtual session, completely or not at all: who and when it is, names, and the manifest.

    The manifest has the SHA-256 of these, and of the few others that are made at once: events and logs.
    """
    spec = plan.spec.to_dict()
    logs = [events_job(plan), daq_job(plan), watchlog_job(plan, plan.spec.movie_pauses), *sync_logs(plan)]
    with SessionWriter(target, overwrite=overwrite) as writer:
        for job in (info_job(plan), channel_names_job(plan)):
            writer.write(job.name, job.chunks())
        writer.files.update({job.name: chunks_record(job.chunks()) for job in logs})
        making = {MAKER: "spec", SPEC_SHA256: spec_digest(spec)}
        writer.write_manifest({**manifest_content(plan, None), MAKING: making}, VIRTUAL)
    return writer.target
