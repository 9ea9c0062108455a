"""Annotation files: when a character or a place is on screen, with the names that Epiphyte's generator gives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path

import numpy as np

from ..formats.npy_out import array_file
from ..ground.arrays import Floats
from ..ground.durable import clean_up_in
from ..ground.errors import MockSessionError, SessionExistsError, elsewhere
from ..ground.writing import write_file
from ..session.layout import LabelName, label_file, parse_label_file
from .draws import Draws, Kind, fresh_seed
from .plan import plan_session
from .spec import SessionSpec
from .timing import FRAME_S, STIMULUS_MIN, frame_count

ANNOTATORS = ("p1", "p2")
SUBJECTS = ("character1", "character2", "location1")
_STRETCH_FRAMES = 50, 1500  # 2 to 60 s on screen, or off it


def generate_annotations(
    labels_dir: str | PathLike[str],
    *,
    stimulus_len: float | None = None,
    seed: int | None = None,
    spec: SessionSpec | None = None,
    annotators: Sequence[str] = ANNOTATORS,
    date: str | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write three annotation files of a movie.

    ``{1_character1,2_character2,3_location1}_{annotator}_{YYYYMMDD}_character.npy``: float64
    (3, k) with rows value (1 on screen, 0 not), start and stop in movie seconds, ascending,
    without holes, from 0 to the movie's end.

    Parameters
    ----------
    labels_dir : str or PathLike
        Folder for the files, made if need be.
    stimulus_len : float, optional
        Movie length in minutes; 83.33 if neither it nor `spec` is given.
    seed : int, optional
        What values and annotators are drawn from; the spec's, or a new one, if it is not given.
    spec : SessionSpec, optional
        The session the annotations are for, with a seed; its movie is as long as theirs.
    annotators : sequence of str
        One of them is drawn for each file.
    date : str, optional
        YYYYMMDD for the names; today's in UTC if it is not given.
    overwrite : bool
        Whether earlier annotations of the same three may be replaced, whoever made them.

    Returns
    -------
    list of Path
        The files, in order of their number.

    Raises
    ------
    SessionExistsError
        If the folder has annotations of the same number and `overwrite` is false.
    MockSessionError
        If the movie has no frame, or an annotator or date does not fit into a file name.
    """
    n_frames = _movie_frames(stimulus_len, spec)
    seed = spec.seed if seed is None and spec is not None else seed
    seed = fresh_seed() if seed is None else seed
    date = date or datetime.now(timezone.utc).strftime("%Y%m%d")
    folder = Path(labels_dir).absolute()
    labels = [_label(seed, number, annotators, date) for number in range(1, len(SUBJECTS) + 1)]
    clean_up_in(folder)  # names have the date in them: the next run's are others
    stale = taken_labels(folder)
    if stale and not overwrite:
        expected = f"no annotations 1 to {len(SUBJECTS)} there"
        raise SessionExistsError(folder, expected, stale[0].name, elsewhere("folder", "them"))
    paths = [folder / label_file(label) for label in labels]
    for label, path in zip(labels, paths, strict=True):
        write_file(path, array_file(_stretches(Draws(seed, Kind.LABELS, label.number, 1), n_frames)))
    for path in set(stale) - set(paths):
        path.unlink()
    return paths


def taken_labels(folder: Path) -> list[Path]:
    """Return the annotations in `folder` that have the numbers of ours."""
    numbers = range(1, len(SUBJECTS) + 1)
    named = [(parse_label_file(path.name), path) for path in sorted(folder.glob("*_character.npy"))]
    return [path for label, path in named if label is not None and label.number in numbers]


def _movie_frames(stimulus_len: float | None, spec: SessionSpec | None) -> int:
    if spec is not None and (spec.seed is None or stimulus_len is not None):
        found, remedy = f"seed={spec.seed!r} and stimulus_len={stimulus_len!r}", "Give spec.seeded() alone."
        raise MockSessionError("spec, stimulus_len", "a spec with a seed, or a movie length", found, remedy)
    if spec is not None:
        n_frames = plan_session(spec).n_frames
    else:
        minutes = STIMULUS_MIN if stimulus_len is None else stimulus_len
        n_frames = frame_count(minutes) if 0 <= minutes < 1e6 else 0
    if n_frames < 1:
        expected, remedy = f"a movie of at least one frame, {FRAME_S} s", "Give a longer one, in minutes."
        raise MockSessionError("stimulus_len", expected, f"{stimulus_len!r} minutes", remedy)
    return n_frames


def _label(seed: int, number: int, annotators: Sequence[str], date: str) -> LabelName:
    annotator = annotators[Draws(seed, Kind.LABELS, number, 0).integer(0, len(annotators) - 1)]
    label = LabelName(number, SUBJECTS[number - 1], annotator, date)
    if parse_label_file(label_file(label)) != label or "/" in annotator or "\\" in annotator:
        expected, found = "a name without '_', '/' or '\\' and a date YYYYMMDD", f"{annotator!r} and {date!r}"
        raise MockSessionError("annotators, date", expected, found, "Change them.")
    return label


def _stretches(draws: Draws, n_frames: int) -> Floats:
    """Return value, start and stop of stretches that cover the movie, on and off in turn."""
    low, high = _STRETCH_FRAMES
    ends = np.cumsum(draws.integers(low, high, n_frames // low + 1))
    ends = np.append(ends[ends < n_frames], n_frames)
    edges = np.append(0, ends) * 4 / 100  # frames of 0.04 s, nearest to their two decimals
    values = (np.arange(ends.size) + draws.integer(0, 1)) % 2
    return np.stack([values.astype("<f8"), edges[:-1], edges[1:]])
