"""The files of a planned session, each a name and a way to make its bytes.

Every file is made from the plan alone and draws from generators of its own, so files can be
made in any order, by any number of threads, one without the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from ..formats.npy_out import Blocks, array_file
from ..ground.shown import Argument, Clause, Text
from ..session import layout
from ..session.content import UnitContent, channel_names_bytes, description_bytes, info_bytes, lfp_bytes
from ..session.files import Scale
from ..session.logs import format_daq_log, format_watchlog
from . import stimulus
from .clocks import ComputerClock, SyncLine
from .lfp import Lfp, lfp_times
from .plan import Plan, PlannedUnit
from .spec import SPEC_VERSION
from .timing import LFP_RATE, WAVEFORM

Chunks = Iterable[bytes | memoryview]
Content = Callable[[PlannedUnit], UnitContent]  # what the file of a unit holds


@dataclass(frozen=True)
class FileJob:
    """A file to be written."""

    name: str  # its path below the session folder
    nbytes: int  # about how large it is
    chunks: Callable[[], Chunks]  # returns the file's bytes in pieces, each done with when the next is asked for


def session_jobs(plan: Plan, lfp: Lfp | None, content: Content | None = None) -> list[FileJob]:
    """Return every file of a session but the manifest and raw data, those that take longest first.

    Without an LFP the jobs tell names and sizes, and those of the LFP can make nothing.
    """
    jobs = [*lfp_jobs(plan, lfp), *unit_jobs(plan, content)]
    jobs += [watchlog_job(plan, plan.spec.movie_pauses), daq_job(plan)]
    jobs += [events_job(plan), *sync_jobs(plan), info_job(plan), channel_names_job(plan)]
    return sorted(jobs, key=lambda job: job.nbytes, reverse=True)


def manifest_content(plan: Plan, clipped: int | None = 0) -> dict[str, object]:
    """Return what the manifest says besides the list of files.

    `clipped` values are those of a broadband stream, None where they have not been counted.
    """
    spec, source = plan.spec, plan.source
    content: dict[str, object] = {"seed": spec.seed, "spec_version": SPEC_VERSION, "spec": spec.to_dict()}
    if spec.is_broadband:
        content["clipped"] = clipped
    if source is not None:
        nodes = {unit.name.id: int(source.node_ids[unit.index]) for unit in plan.units}
        close = source.too_close(spec.units.refractory_ms)
        content["spikes"] = {"dropped": source.n_dropped, "closer_than_refractory": close, "node_ids": nodes}
    return content


def source_warnings(plan: Plan) -> Iterator[str]:
    """Say which spikes of the file that they come from were left out, and which are closer than they should be."""
    spec, source = plan.spec, plan.source
    if source is None:
        return
    if source.n_dropped:
        yield f"{spec.spikes}: left out spikes that are in no recorded segment: {source.n_dropped}"
    refractory_ms = spec.units.refractory_ms
    if close := source.too_close(refractory_ms):
        text = f"spikes closer than {refractory_ms:g} ms to the one before of their unit: {close}"
        allowing = Argument("refractory_ms", 0, of=type(spec.units).__name__)
        expecting = Clause(", and ", allowing, " expects them")
        yield Text(f"{spec.spikes}: {text}; they are kept", expecting)


def info_job(plan: Plan) -> FileJob:
    """Return ``session_info.npy``."""
    who = plan.spec.patient_id, plan.spec.session_nr
    return FileJob(layout.SESSION_INFO, 300, lambda: info_bytes(*who, plan.start_ms))


def channel_names_job(plan: Plan) -> FileJob:
    """Return ``ChannelNames.txt``."""
    text = channel_names_bytes(plan.spec.names)
    return FileJob(layout.CHANNEL_NAMES, len(text), lambda: [text])


def unit_jobs(plan: Plan, content: Content | None = None) -> list[FileJob]:
    """Return the files of ``spiking_data``, in the order of the units; `content` is theirs where none is drawn."""
    size = 8 + WAVEFORM * (2 if plan.spec.encoding == "int16" else 8)
    content = content or (lambda unit: unit.content(plan.spec.encoding))
    return [
        FileJob(layout.unit_file(unit.name), round(unit.n_expected * size), partial(_unit_file, content, unit))
        for unit in plan.units
    ]


def _unit_file(content: Content, unit: PlannedUnit) -> Chunks:
    return content(unit).chunks()


def lfp_jobs(plan: Plan, lfp: Lfp | None) -> list[FileJob]:
    """Return the files of ``lfp_data``, ``CSC1_lfp.npy`` first."""
    size = plan.recorded_ms * (8 + (2 if plan.spec.encoding == "int16" else 8))
    return [
        FileJob(layout.lfp_file(channel), size, partial(_lfp_file, plan, lfp, channel))
        for channel in range(1, plan.spec.lfp_width + 1)
    ]


def _lfp_file(plan: Plan, lfp: Lfp | None, channel: int) -> Iterator[bytes | memoryview]:
    assert lfp is not None
    encoding, shape = plan.spec.encoding, (plan.recorded_ms,)
    times, samples = Blocks("<i8", shape, lfp_times(plan)), lfp.samples(channel, encoding)
    if encoding == "float64":
        return lfp_bytes(times, Blocks("<f8", shape, samples))
    return lfp_bytes(times, Blocks("<i2", shape, samples), Scale(lfp.gain_uV), LFP_RATE)


def events_job(plan: Plan) -> FileJob:
    """Return ``event_file/Events.npy``."""
    return FileJob(layout.EVENTS_FILE, plan.n_events * 16, lambda: array_file(stimulus.events(plan)))


def daq_job(plan: Plan) -> FileJob:
    """Return the DAQ log."""
    name, clock = layout.daq_file(plan.start_ms), ComputerClock.of(plan)

    def chunks() -> Chunks:
        log = stimulus.daq_log(plan)
        return [format_daq_log(replace(log, pre=clock.stamps(plan, log.pre), post=clock.stamps(plan, log.post)))]

    return FileJob(name, plan.n_events * 36, chunks)


def watchlog_job(plan: Plan, movie_pauses: bool) -> FileJob:
    """Return the watchlog, with pauses and skips or without."""
    name, clock = layout.watchlog_file(plan.start_ms), ComputerClock.of(plan)

    def chunks() -> Chunks:
        log = stimulus.watchlog(plan, movie_pauses)
        return [format_watchlog(replace(log, clock=clock.stamps(plan, log.clock)))]

    return FileJob(name, plan.n_frames * 31, chunks)


def sync_jobs(plan: Plan) -> list[FileJob]:
    """Return the stream of the sync line and its description, and the computer's log of it, if there is such a line."""
    if plan.spec.acquisition.sync is None:
        return []
    line = SyncLine(plan)
    array, description = (f"{layout.RAW}/{layout.SYNC}.{ending}" for ending in ("npy", "json"))
    shape = sum(line.lengths), 1
    return [
        FileJob(array, shape[0] * 2, lambda: array_file(Blocks("<i2", shape, line.chunks()))),
        FileJob(description, 500, lambda: [description_bytes(line.description())]),
        *sync_logs(plan),
    ]


def sync_logs(plan: Plan) -> list[FileJob]:
    """Return the computer's log of the sync line, if there is such a line."""
    if plan.spec.acquisition.sync is None:
        return []
    log = SyncLine(plan).log()
    return [FileJob(layout.SYNC_FILE, log.nbytes, lambda: array_file(log))]
