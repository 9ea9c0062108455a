"""Overlapping rows of an annotation: the later row holds, as when rows are painted one after another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.rawio.overlaps import seen_pieces
from mockrawio.session.logs import parse_watchlog
from tests.handmade import T0, Handmade, frame

ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted), max_size=8)


@given(ROWS)
def test_pieces_are_what_painting_leaves(rows):
    """Between any two instants the piece that is there is of the last row that covers them, and at an instant too."""
    starts, stops = np.array(rows, dtype=np.float64).reshape(-1, 2).T
    row, begin, end = seen_pieces(starts, stops)
    assert (begin <= end).all()
    assert (begin[1:] >= end[:-1]).all()
    for twice in range(25):
        painted = -1
        for k, (start, stop) in enumerate(rows):
            painted = k if 2 * start <= twice <= 2 * stop else painted
        there = set(row[(2 * begin <= twice) & (twice <= 2 * end)])
        if painted < 0 or twice % 2:
            assert there == ({painted} if painted >= 0 else set())
        assert painted in there or painted < 0


@pytest.mark.parametrize(
    ("rows", "pieces"),
    [
        ([(0, 10), (4, 6)], [(0, 0, 4), (1, 4, 6), (0, 6, 10)]),
        ([(4, 6), (0, 10)], [(1, 0, 10)]),
        ([(0, 5), (3, 8)], [(0, 0, 3), (1, 3, 8)]),
        ([(3, 8), (0, 5)], [(1, 0, 5), (0, 5, 8)]),
        ([(0, 5), (5, 9)], [(0, 0, 5), (1, 5, 9)]),
        ([(0, 9), (4, 4)], [(0, 0, 4), (1, 4, 4), (0, 4, 9)]),
        ([(4, 4), (0, 9)], [(1, 0, 9)]),
        ([(1, 2), (1, 2)], [(1, 1, 2)]),
        ([], []),
    ],
)
def test_pieces_by_hand(rows, pieces):
    """What is within, beside, behind and upon another row is cut as one sees it on paper."""
    starts, stops = np.array(rows, dtype=np.float64).reshape(-1, 2).T
    assert list(zip(*(column.tolist() for column in seen_pieces(starts, stops)), strict=True)) == pieces


def saved(folder: Path, rows: list[tuple[float, float, float]]) -> Path:
    folder.mkdir()
    np.save(folder / "1_alice_p1_20240131_character.npy", np.array(rows).T)
    return folder


def read(session: Path, labels: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with MockSessionRawIO(session, labels_dir=labels) as reader:
        channel = reader.header["event_channels"]["name"].tolist().index("1_alice_p1_20240131_character")
        start, duration, label = reader.get_event_timestamps(0, 0, channel)
    return start, start + duration, label


def test_a_later_row_cuts_an_earlier_one(handmade: Handmade, tmp_path: Path) -> None:
    """A row within another one parts it in two, on the session's clock, a pause between them included."""
    lines = [frame(k * 1.0, T0 + 1000 * k) for k in range(6)]
    lines += ["Pausing", "Continuing\tafter\tpause", *(frame(k * 1.0, T0 + 1000 * k + 500) for k in range(6, 11))]
    handmade.watchlog(lines)
    start, stop, label = read(handmade.folder, saved(tmp_path / "labels", [(0, 0, 10), (1, 2, 5), (0, 4, 7)]))
    assert (start - T0).tolist() == [0, 2000, 4000, 7500]
    assert (stop - T0).tolist() == [2000, 4000, 7500, 10_500]
    assert label.tolist() == ["0", "1", "0", "0"]


@pytest.mark.parametrize("seed", range(4))
def test_epochs_are_the_frames_that_a_database_paints(tmp_path: Path, seed: int) -> None:
    """At every frame of a log with skips and pauses the epoch there has the value that was painted on it last."""
    session = generate_session(SessionSpec.tiny(seed=seed, duration_s=40.0, n_units=0), tmp_path)
    n = 900  # frames annotated, a few more than the movie has
    edges = np.sort(np.random.default_rng(seed).integers(1, n, (30, 2)), axis=1).tolist()
    painted = np.full(n + 1, -1)  # -1 is a gap
    for k, (first, last) in enumerate(edges):
        painted[first : last + 1] = k % 2
    rows = [(k % 2, first * 4 / 100, last * 4 / 100) for k, (first, last) in enumerate(edges)]
    start, stop, label = read(session, saved(tmp_path / "labels", rows))
    log = parse_watchlog(str(next((session / "watchlogs").iterdir())))
    values = painted[np.rint(log.pts / 0.04).astype(int)]
    runs_on = np.abs(np.diff(log.pts) - 0.04) < 1e-6
    assert not runs_on.all()
    compared = 0
    for k in np.flatnonzero(runs_on[:-1] & runs_on[1:]) + 1:  # at the edge of a skip nothing lasts
        clock = log.clock[k]
        around = set(label[(start <= clock + 1e-3) & (clock - 1e-3 <= stop)].astype(int))
        within = label[(start < clock - 1e-3) & (clock + 1e-3 < stop)].astype(int).tolist()
        assert within in ([], [values[k]])
        assert values[k] in around or (values[k] < 0 and not around)
        compared += len(within)
    assert compared > 300
