"""Epiphyte's way to make sessions (docs/epiphyte.rst): :class:`GenerateData` and :func:`run_data_generation`.

The names, arguments and return values are those of Epiphyte's generator. Where its documentation
says otherwise than its code, the code is followed: all times are ms. What they make is what
:func:`generate_session` makes from the same seed, by the same code, byte for byte.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.durable import clean_up_in
from ..ground.errors import BadFileError, MockSessionError, SessionExistsError, elsewhere
from ..ground.once import once
from ..ground.places import folder_at
from ..ground.writing import FileRecord, write_file
from ..session import layout
from ..session.indexing import index_of
from ..session.logs import Watchlog
from ..session.manifest import manifest_bytes, read_manifest
from . import files, stimulus
from .cast import UNIT_TYPES
from .field_lfp import lfp_of_plan
from .files import FileJob
from .lfp import lfp_times
from .plan import nominal_length, plan_session
from .probes.bundles import REGIONS
from .spec import SessionSpec
from .timing import LFP_RATE, STIMULUS_MIN, WAVEFORM

_PARTS = (
    layout.SESSION_INFO,
    layout.CHANNEL_NAMES,
    layout.MANIFEST,
    layout.UNITS,
    layout.LFP,
    layout.EVENTS,
    layout.DAQ,
    layout.WATCHLOGS,
    layout.RAW,
    layout.MOVIE_INFO,
)


class GenerateData:
    """Generate a mock session and save it file by file.

    Random values are drawn on creation; saving twice writes the same bytes. A folder that already holds another
    session's files is refused at the first save. Beside what Epiphyte's generator writes, every save brings
    ``session_manifest.json`` up to date, by which a later object with the same arguments and seed recognises the folder
    as its own.

    Parameters
    ----------
    patient_id, session_nr : int
        Numbers of the session.
    stimulus_len : float, optional
        Movie length in minutes; None is the longest that fits the recording.
    seed : int, optional
        None draws one, kept in :attr:`seed` and in the manifest.
    root : str or PathLike
        The session goes to ``{root}/patient_data/{patient_id}/session_{session_nr}``.
    encoding : {"int16", "float64"}
        How arrays are saved; "float64", as Epiphyte does, if it is not given.
    overwrite : bool
        Whether the files of another session in the folder are removed at the first save.
    **fields
        Further fields of :class:`SessionSpec`, in place of what Epiphyte draws.

    Attributes
    ----------
    patient_id, session_nr : int
    stimulus_len : float
        Minutes.
    nr_channels, nr_units, nr_channels_per_region : int
    unit_types : list of str
        "MU" and "SU".
    brain_regions : list of str
        Region codes, in the order of the channels.
    rec_length : int
        Ms asked for: 5,400,000, or what the movie needs, or `duration_s` or `segments`. A recording whose
        length is drawn goes on for 5 to 15 minutes more.
    rectime_on, rectime_off : int
        Start and end, ms since the Unix epoch.
    channel_dict : dict of int to list of str
        Unit types on each channel (from 1) that has units, in the order of `spike_times`.
    sampling_rate : int
        Of the LFP, Hz.
    len_context_files : int
        Rows of the events and of the DAQ log.
    datetime : str
        ``YYYY-MM-DD_HH-MM-SS`` of the start in UTC, as in the names of the logs.
    signal_tile : ndarray of int64, shape (len_context_files,)
        The code of every event: 1, 2, 4, ... 128, over and over.
    stim_on_time, stim_off_time : int
        The movie's start and end, ms since the Unix epoch.
    seed : int
    spec : SessionSpec
        What :func:`generate_session` makes the same files from.

    Raises
    ------
    MockSessionError
        If an argument is invalid.
    """

    def __init__(
        self,
        patient_id: int,
        session_nr: int,
        stimulus_len: float | None = STIMULUS_MIN,
        *,
        seed: int | None = None,
        root: str | PathLike[str] = "data",
        encoding: str = "float64",
        overwrite: bool = False,
        **fields: Any,
    ) -> None:
        own = {"patient_id": patient_id, "session_nr": session_nr, "stimulus_len": stimulus_len}
        spec = SessionSpec.epiphyte(**own, seed=seed, encoding=encoding, **fields)
        if spec.is_broadband:
            found = f"sampling_rate={spec.sampling_rate}"
            remedy = "Make it with generate_session(SessionSpec.broadband(...), root)."
            raise MockSessionError("GenerateData", "a session without a broadband stream", found, remedy)
        plan = plan_session(spec)
        self._plan = plan
        self._folder = layout.session_folder(root, patient_id, session_nr).absolute()
        self._overwrite = overwrite
        self._records: dict[str, FileRecord] | None = None
        self.spec, self.seed = plan.spec, plan.seed
        self.patient_id, self.session_nr = plan.spec.patient_id, plan.spec.session_nr
        drawn = (plan.stim_off_ms - plan.stim_on_ms) / 60_000
        self.stimulus_len = drawn if plan.spec.stimulus_len is None else plan.spec.stimulus_len
        self.nr_channels, self.nr_units = plan.spec.contacts.n, len(plan.units)
        self.nr_channels_per_region = layout.BUNDLE
        self.unit_types = list(UNIT_TYPES)
        self.brain_regions = list(REGIONS)
        self.rec_length = nominal_length(plan.spec)
        self.rectime_on, self.rectime_off = plan.start_ms, plan.end_ms
        self.channel_dict = self.generate_channelwise_unit_distribution()
        self.sampling_rate = int(LFP_RATE)
        self.len_context_files = plan.n_events
        self.datetime = layout.clock_name(plan.start_ms)
        self.signal_tile = self.generate_pings()
        self.stim_on_time, self.stim_off_time = self.generate_stimulus_onsets()

    @once
    def spike_times(self) -> list[Floats]:
        """Spike times of every unit, ms since the Unix epoch, ascending; made on first use."""
        return [unit.times_ms() for unit in self._plan.units]

    @once
    def spike_amps(self) -> list[Floats]:
        """Waveforms of every unit, float64 (n_spikes, 64) in µV; made on first use."""
        contents = [unit.content("float64").waveforms for unit in self._plan.units]
        return [np.concatenate([np.empty((0, WAVEFORM)), *blocks.blocks]) for blocks in contents if blocks is not None]

    def summarize(self) -> None:
        """Print what was drawn for this session."""
        print(f"Patient {self.patient_id}, session {self.session_nr} (seed {self.seed})")
        print(f"  recording:  {self.datetime} UTC, {self.rec_length / 60_000:.2f} min, {self.nr_channels} channels")
        print(f"  units:      {self.nr_units} on {len(self.channel_dict)} channels")
        print(f"  stimulus:   {self.stimulus_len:.2f} min, {self._plan.n_frames} frames")
        print(f"  events:     {self.len_context_files}")

    def format_save_dir(self, subdir: str | None = None) -> Path:
        """Return the session folder, or a folder below it, and make it if need be.

        Parameters
        ----------
        subdir : str, optional
            Name of the folder below the session folder.

        Returns
        -------
        Path
            Absolute.
        """
        folder = self._folder / subdir if subdir else self._folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def generate_spike_trains(self) -> tuple[list[Floats], list[Floats]]:
        """Return the spike times and waveforms of every unit.

        Returns
        -------
        spike_times : list of ndarray, float64 (n_spikes,)
            Ms since the Unix epoch, ascending.
        spike_amps : list of ndarray, float64 (n_spikes, 64)
            Waveforms in µV.
        """
        return self.spike_times, self.spike_amps

    def generate_channelwise_unit_distribution(self) -> dict[int, list[str]]:
        """Return the unit types on each channel (from 1) that has units."""
        distribution: dict[int, list[str]] = {}
        for unit in self._plan.units:
            distribution.setdefault(unit.name.channel, []).append(unit.name.unit_type)
        return distribution

    def generate_lfp_channel(self) -> tuple[Ints, Floats]:
        """Return the first LFP channel.

        Returns
        -------
        ts : ndarray of int64, shape (n,)
            Ms since the Unix epoch.
        samples : ndarray of float64, shape (n,)
            An 8 Hz sine of 100 µV at 1 kHz.
        """
        ts = np.concatenate(list(lfp_times(self._plan)))
        with lfp_of_plan(self._plan) as lfp:
            samples = np.concatenate(list(lfp.samples(1, "float64")))
        return ts, samples.astype(np.float64, copy=False)

    def generate_channel_list(self) -> list[str]:
        """Return the channels' names, ``LA1`` to ``RPHC8``."""
        return list(self._plan.spec.names)

    def generate_pings(self) -> Ints:
        """Return the code of every event, int64 (len_context_files,)."""
        return stimulus.event_codes(self.len_context_files)

    def generate_events(self) -> tuple[Floats, Floats]:
        """Return the events.

        Returns
        -------
        timestamps : ndarray of float64, shape (n,)
            Ms since the Unix epoch, evenly spaced over the recording.
        events : ndarray of float64, shape (n, 2)
            Timestamp and code.
        """
        events = stimulus.events(self._plan)
        return events[:, 0].copy(), events

    def generate_stimulus_onsets(self) -> tuple[int, int]:
        """Return when the movie starts and ends, ms since the Unix epoch."""
        return self._plan.stim_on_ms, self._plan.stim_off_ms

    def seed_and_interval(self) -> tuple[int, int]:
        """Return what the DAQ log is made from.

        Returns
        -------
        interval : int
            Ms from row to row.
        seed : int
            Stamp of the first row, ms since the Unix epoch.
        """
        return stimulus.daq_interval(self._plan), self._plan.stim_on_ms

    def generate_daq_log(self) -> list[tuple[int, int, int, int]]:
        """Return the rows of the DAQ log: code, index, pre and post, the last two in ms since the Unix epoch."""
        log = stimulus.daq_log(self._plan)
        return list(zip(*(column.tolist() for column in (log.codes, log.index, log.pre, log.post)), strict=True))

    def generate_perfect_watchlog(self) -> tuple[int, list[float], list[int]]:
        """Return a watchlog without pauses and skips.

        Returns
        -------
        nr_frames : int
        pts : list of float
            Movie time of each frame, s.
        cpu_time : list of int
            Clock of each frame, ms since the Unix epoch.
        """
        return _columns(stimulus.watchlog(self._plan, movie_pauses=False))

    def make_pauses_and_skips(self) -> tuple[int, list[float], list[int], list[int]]:
        """Return a watchlog with pauses and skips.

        Returns
        -------
        nr_frames : int
            Rows of the log; fewer than the movie has frames where a skip left some out.
        pts : list of float
            Movie time of each frame, s, from 0 to the movie's end.
        cpu_time : list of int
            Clock of each frame, ms since the Unix epoch.
        pauses : list of int
            For each pause, the number of frames before it.
        """
        log = stimulus.watchlog(self._plan, movie_pauses=True)
        return *_columns(log), log.pauses.tolist()

    def save_session_info(self) -> None:
        """Save ``session_info.npy``: patient, session, and date and time of the start in UTC."""
        self._save([files.info_job(self._plan)])

    def save_channel_names(self) -> None:
        """Save ``ChannelNames.txt``, one name with ``.ncs`` per line."""
        self._save([files.channel_names_job(self._plan)])

    def save_spike_trains(self) -> None:
        """Save ``spiking_data/CSC{channel}_{type}{number}.npy`` for every unit."""
        self._save(files.unit_jobs(self._plan))

    def save_lfp_data(self) -> None:
        """Save ``lfp_data/CSC1_lfp.npy``, and more channels if the spec has them."""
        with lfp_of_plan(self._plan) as lfp:
            self._save(files.lfp_jobs(self._plan, lfp))

    def save_events(self) -> None:
        """Save ``event_file/Events.npy``."""
        self._save([files.events_job(self._plan)])

    def save_daq_log(self) -> None:
        """Save ``daq_files/timedDAQ-log-{datetime}.log``."""
        self._save([files.daq_job(self._plan)])

    def save_perfect_watchlog(self) -> None:
        """Save ``watchlogs/ffplay-watchlog-{datetime}.log`` without pauses and skips."""
        self._save_watchlog(movie_pauses=False)

    def save_watchlog_with_artifacts(self) -> None:
        """Save ``watchlogs/ffplay-watchlog-{datetime}.log`` with pauses and skips."""
        self._save_watchlog(movie_pauses=True)

    def _save_watchlog(self, movie_pauses: bool) -> None:
        self.spec = replace(self.spec, movie_pauses=movie_pauses)  # so that the manifest says what was written
        self._save([files.watchlog_job(self._plan, movie_pauses)])

    def _save(self, jobs: Iterable[FileJob]) -> None:
        """Write files, and the manifest of all that have been written so far."""
        records = self._claim()
        for job in jobs:
            records[job.name] = write_file(self._folder / job.name, job.chunks())
        said = files.manifest_content(replace(self._plan, spec=self.spec))
        index = index_of(folder_at(self._folder), records)
        write_file(self._folder / layout.MANIFEST, [manifest_bytes(said, records, index=index)])

    def _claim(self) -> dict[str, FileRecord]:
        """Make sure that the folder is this session's; return the files it has of it."""
        if self._records is not None:
            return self._records
        for part in ("", *_PARTS):  # a folder that has nothing else counts as empty
            clean_up_in(self._folder / part)
        held = [part for part in _PARTS if _holds_anything(self._folder / part)]
        known = self._known_files()
        if held and known is None:
            if not self._overwrite:
                expected, found = "no session there, or this one begun", f"{', '.join(held)} of another one"
                raise SessionExistsError(self._folder, expected, found, elsewhere("root"))
            for part in held:
                _remove(self._folder / part)
        self._records = known or {}
        return self._records

    def _known_files(self) -> dict[str, FileRecord] | None:
        """Return the files that the folder's manifest lists, or None if it is another session's folder."""
        try:
            manifest = read_manifest(self._folder / layout.MANIFEST)
        except BadFileError:
            return None
        records: dict[str, FileRecord] = manifest["files"]
        there = {p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file()}
        mine = {**self.spec.to_dict(), "movie_pauses": None}
        same = {**manifest.get("spec", {}), "movie_pauses": None} == mine
        made = there - {layout.MANIFEST} - (layout.ADDED_FILES - records.keys())
        return records if same and made == records.keys() else None


def _columns(log: Watchlog) -> tuple[int, list[float], list[int]]:
    return log.pts.size, log.pts.tolist(), log.clock.tolist()


def _holds_anything(path: Path) -> bool:
    """Return True if there is a file, or a folder that is not empty."""
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
