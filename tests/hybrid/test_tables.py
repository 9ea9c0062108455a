"""The small files of a run: names, columns, dtypes, order."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.hybrid import Sorting
from mockrawio.hybrid.store import events_bytes, load_events
from mockrawio.hybrid.tables import (
    csv_bytes,
    firings_bytes,
    metadata_bytes,
    npy_bytes,
    rate_bytes,
    run_tables,
    stacked,
)
from mockrawio.hybrid.units import HybridUnit
from mockrawio.planting import FixedEvents, LowRankEvents


def sorting(kind="phy"):
    times, labels = np.array([5, 20, 20, 40]), np.array([1, 2, 1, 2])
    template = None if kind == "jrc" else labels - 1
    channel = np.array([3, 4, 3, 4]) if kind == "jrc" else None
    return Sorting(times, labels, template, channel, kind)


def units():
    """Two planted units, of either kind of events."""
    fixed = FixedEvents(np.arange(12, dtype=np.int16).reshape(2, 3, 2))
    low = LowRankEvents(np.ones((1, 3, 1)), np.array([[2.0]]))
    return (
        HybridUnit(np.array([7, 8]), np.array([20, 30]), 1, events=fixed, true_unit=2, new_unit=3, center=8),
        HybridUnit(np.array([9]), np.array([10]), 1, events=low, true_unit=1, new_unit=4, center=9),
    )


def read(content: bytes) -> np.ndarray:
    return np.load(io.BytesIO(content), allow_pickle=False)


def test_tables():
    """Both tables ascend in time, the source first at equal times; new units have new templates."""
    made = run_tables(sorting(), units())
    assert csv_bytes(made.annotations).decode().split("\n") == [
        "timestep,cluster,template", "5,1,0", "10,4,3", "20,2,1", "20,1,0", "20,3,2", "30,3,2", "40,2,1", "",
    ]  # fmt: skip
    assert csv_bytes(made.artificial).decode().split("\n") == [
        "timestep,true_unit,new_unit,center_channel", "10,1,4,9", "20,2,3,8", "30,2,3,8", "",
    ]  # fmt: skip


def test_tables_of_jrclust():
    """With JRCLUST's output the third column is the channel, which new rows do not have."""
    made = run_tables(sorting("jrc"), units()[:1])
    assert list(made.annotations) == ["timestep", "cluster", "channel_index"]
    assert made.annotations["channel_index"].tolist() == [3, 4, 3, -1, -1, 4]


def test_firings():
    """The true firings are uint64 (3, K): raw row of the centre, sample, true unit, ascending in time."""
    firings = read(firings_bytes(run_tables(sorting(), units()).artificial))
    assert (firings.dtype, firings.flags.c_contiguous) == (np.uint64, True)
    assert firings.tolist() == [[9, 8, 8], [10, 20, 30], [1, 2, 2]]


def test_no_firings():
    """Without events the file has no columns, and the table only its header."""
    made = run_tables(sorting(), ())
    assert read(firings_bytes(made.artificial)).shape == (3, 0)
    assert csv_bytes(made.artificial) == b"timestep,true_unit,new_unit,center_channel\n"


@pytest.mark.parametrize(
    ("rate", "raw", "stored"),
    [
        (30_000, "int16", "int16"),
        (40_000, "int16", "int64"),
        (40_000, "uint16", "uint16"),
        (24_414.0625, "int16", "f8"),
    ],
)
def test_rate(rate, raw, stored):
    """The rate is in the raw dtype where that can hold it, and right in any case."""
    array = read(rate_bytes(rate, np.dtype(raw)))
    assert (array.dtype, array.tolist()) == (np.dtype(stored), [rate])


@pytest.mark.parametrize(
    ("rate", "raw", "stored"),
    [(32_767, "int16", "int16"), (32_768, "int16", "int64"), (255, "uint8", "uint8"), (256, "uint8", "int64")],
)
def test_rates_that_just_fit(rate, raw, stored):
    """The largest number of the raw dtype is a rate in it, one more is not."""
    assert read(rate_bytes(rate, np.dtype(raw))).dtype == np.dtype(stored)


def test_a_sorting_without_templates_or_channels():
    """Its annotations are times and clusters alone."""
    plain = Sorting(np.array([5, 9]), np.array([1, 2]), None, None, "x")
    assert list(run_tables(plain, units()[:1]).annotations) == ["timestep", "cluster"]


def test_an_order_of_ones_own():
    """Tables go below one another in any order that is given for their times; an array of objects is no file."""
    parts = [{"timestep": np.array([5, 1]), "x": np.array([0, 1])}, {"timestep": np.array([3]), "x": np.array([2])}]
    assert stacked(parts)["x"].tolist() == [1, 2, 0]
    assert stacked(parts, lambda times: np.argsort(-times))["x"].tolist() == [0, 2, 1]
    with pytest.raises(ValueError, match="allow_pickle"):
        npy_bytes(np.array([None]))


def test_metadata():
    """Paths with a comma or a quote are quoted as CSV has it."""
    files = [SimpleNamespace(n_frames=7, start=0), SimpleNamespace(n_frames=8, start=9)]
    content = metadata_bytes(["a/b.GT.bin", 'c,"d".GT'], files).decode()
    rows = list(csv.reader(io.StringIO(content)))
    assert content.split("\n")[1:3] == ["a/b.GT.bin,7,0", '"c,""d"".GT",8,9']
    assert rows == [["filename", "samples", "start_time"], ["a/b.GT.bin", "7", "0"], ['c,"d".GT', "8", "9"]]


def test_events_file(tmp_path):
    """The events come back as they were, and the same events are the same bytes."""
    path = tmp_path / "events-s.npz"
    path.write_bytes(events_bytes(units()))
    assert events_bytes(units()) == path.read_bytes()
    for one, other in zip(units(), load_events(path), strict=True):
        assert (one.true_unit, one.new_unit, one.before, one.center) == (
            other.true_unit, other.new_unit, other.before, other.center,
        )  # fmt: skip
        np.testing.assert_array_equal(one.times, other.times)
        np.testing.assert_array_equal(one.channels, other.channels)
        np.testing.assert_array_equal(one.events.counts(0, 9), other.events.counts(0, 9))
    path.write_bytes(events_bytes(()))
    assert load_events(path) == []


def test_bad_events_file(tmp_path):
    """A file that is missing, no archive, of objects, or of arrays that do not belong together is refused."""
    path = tmp_path / "events-s.npz"
    with pytest.raises(BadFileError, match="readable"):
        load_events(path)
    for save in (
        lambda: path.write_bytes(b"no archive"),
        lambda: np.savez(path, units=np.array([None])),
        lambda: np.savez(path, other=np.zeros(3)),
        lambda: np.savez(path, units=np.ones((1, 4), int)),
        lambda: np.savez(
            path,
            units=np.ones((1, 4), int),
            unit_1_times=[1, 2],
            unit_1_channels=[1],
            unit_1_samples=np.ones((1, 3, 1)),
        ),
    ):
        save()
        with pytest.raises(BadFileError, match=r"events-s\.npz: expected the events of a hybrid run"):
            load_events(path)
