"""The demo data of Epiphyte's generator: a few patients with a session or two, and labels for the movie."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.durable import clean_up
from ..ground.errors import SessionExistsError, elsewhere
from ..session.layout import LABELS, session_folder
from .annotations import generate_annotations, taken_labels
from .draws import Kind, fresh_seed
from .epiphyte import GenerateData
from .session import generate_session
from .timing import STIMULUS_MIN

SESSIONS = ((1, 1), (2, 1), (2, 2), (3, 1))  # patient and session, as in Epiphyte's demo


def run_data_generation(
    root: str | PathLike[str] = "data",
    seed: int | None = None,
    encoding: str = "float64",
    *,
    stimulus_len: float | None = STIMULUS_MIN,
    overwrite: bool = False,
    progress: bool = False,
    n_workers: int = 1,
    **fields: Any,
) -> None:
    """Make the demo data: patients 1, 2 and 3 with sessions 1, 1 and 2, and 1.

    Prints a summary of each session, writes it as :func:`generate_session` does, completely or not at all, and then
    three annotation files to ``{root}/movie_annotations``.

    Parameters
    ----------
    root : str or PathLike
        Where the data go.
    seed : int, optional
        What each session's seed is derived from. None draws one.
    encoding : {"int16", "float64"}
        How arrays are saved; "float64", as Epiphyte does, if it is not given.
    stimulus_len : float, optional
        Movie length in minutes; None is the longest that fits the recording.
    overwrite : bool
        Whether demo data that are already there may be replaced.
    progress : bool
        Whether to show a progress bar for each session.
    n_workers : int
        Number of threads.
    **fields
        Further fields of :class:`SessionSpec`, for each session alike.

    Raises
    ------
    SessionExistsError
        If one of the sessions or annotations is there already and `overwrite` is false;
        nothing is written then.
    MockSessionError
        If an argument is invalid.
    """
    seed = fresh_seed() if seed is None else seed
    labels = Path(root) / LABELS
    fields = {"encoding": encoding, **fields}
    sessions = [
        GenerateData(patient, number, stimulus_len, seed=_session_seed(seed, patient, number), **fields)
        for patient, number in SESSIONS
    ]
    if not overwrite:
        _refuse_taken(Path(root), labels)
    for session in sessions:
        session.summarize()
        generate_session(session.spec, root, n_workers=n_workers, overwrite=overwrite, progress=progress)
    shortest = min(sessions, key=lambda session: session.stimulus_len)
    generate_annotations(labels, spec=shortest.spec, seed=seed, overwrite=overwrite)


def _session_seed(seed: int, patient: int, number: int) -> int:
    """Return the seed of one session of the demo."""
    words = np.random.SeedSequence(seed, spawn_key=(int(Kind.DEMO), patient, number)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(11))


def _refuse_taken(root: Path, labels: Path) -> None:
    folders = [session_folder(root, patient, number) for patient, number in SESSIONS]
    for folder in folders:
        clean_up(folder)
    taken = [folder for folder in folders if folder.exists() and any(folder.iterdir())] + taken_labels(labels)
    if taken:
        raise SessionExistsError(taken[0], "nothing there", "data", elsewhere("root", "them"))
