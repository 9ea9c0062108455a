"""Files of spikes that are refused: what the error says is done, and they are read."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from mockrawio import SessionSpec, generate_session
from mockrawio.rasters import Raster, RasterSpec, append_sonata, read_sonata, read_spikes_csv, write_sonata
from tests.hybrid.samples import HYBRID
from tests.remedies.files import Case, check, text

SPIKES = Raster(np.array([1.0, 2.0]), np.array([0, 1]), 3.0)


def h5(units="ms", **datasets):
    """Return what makes an HDF5 file of datasets, ``__`` for a group."""

    def make(folder):
        with h5py.File(folder / "spikes.h5", "w") as file:
            for name, values in datasets.items():
                file[name.replace("__", "/")] = values
                if name.endswith("timestamps"):
                    file[name.replace("__", "/")].attrs["units"] = units
        return folder / "spikes.h5"

    return make


def sonata(folder):
    """Make a SONATA file as it should be."""
    return write_sonata(folder / "spikes.h5", SPIKES, overwrite=True)


GOOD = {"spikes__a__timestamps": [1.0, 2.0], "spikes__a__node_ids": [0, 1]}
TWO = {**GOOD, "spikes__b__timestamps": [1.0], "spikes__b__node_ids": [0]}
ANEW, CORRECT, NAME = (
    "Write it anew with write_sonata.",
    "Correct that line, or take it out.",
    "Let the first line name",
)


def session(path):
    """Take the spikes of a session from a file."""
    generate_session(SessionSpec.tiny(spikes=path, seed=1), path.parent, overwrite=True)


CASES = [
    Case("text for sonata", read_sonata, text("spikes"), "Give a SONATA spike file.", sonata),
    Case("no spikes", read_sonata, h5(other=[1]), "Give a SONATA spike file.", sonata),
    Case(
        "no population",
        read_sonata,
        lambda p: h5py.File(p / "a", "w").create_group("spikes").file.filename,
        "Give a file that has one.",
        sonata,
    ),
    Case("lengths", read_sonata, h5(**{**GOOD, "spikes__a__node_ids": [1]}), ANEW, sonata),
    Case("two dimensions", read_sonata, h5(**{**GOOD, "spikes__a__timestamps": [[1.0, 2.0]]}), ANEW, sonata),
    Case("ids of floats", read_sonata, h5(**{**GOOD, "spikes__a__node_ids": [0.5, 1]}), ANEW, sonata),
    Case(
        "negative times",
        read_sonata,
        h5(**{**GOOD, "spikes__a__timestamps": [-1.0, 2.0]}),
        "Remove these spikes.",
        sonata,
    ),
    Case(
        "units",
        read_sonata,
        h5("days", **GOOD),
        "Write the times in ms, and milliseconds as their units.",
        h5("milliseconds", **GOOD),
    ),
    Case(
        "append to fixed size",
        lambda p: append_sonata(p, SPIKES),
        h5(**GOOD),
        "write it anew with write_sonata",
        lambda p: write_sonata(p / "b.h5", read_sonata(h5(**{**GOOD, "spikes__a__timestamps": [0.0, 1.0]})(p))),
    ),
    Case(
        "append before",
        lambda p: append_sonata(p, SPIKES),
        sonata,
        "join them with what is there and write all",
        lambda p: write_sonata(p / "b.h5", Raster(np.array([0.5]), np.array([1]), 1.0)),
    ),
    Case("an empty csv", read_spikes_csv, text(""), NAME, text("timestamps node_ids\n")),
    Case("names of columns", read_spikes_csv, text("t id\n1 2\n"), NAME, text("timestamps node_ids\n1 2\n")),
    Case("the other order", read_spikes_csv, text("7 1.5\n"), NAME, text("node_ids timestamps\n7 1.5\n")),
    Case(
        "four columns",
        read_spikes_csv,
        text("1 a 7 9\n"),
        NAME,
        text("timestamps population node_ids score\n1 a 7 9\n"),
    ),
    Case("a short line", read_spikes_csv, text("1 2\n3\n"), CORRECT, text("1 2\n")),
    Case("a negative time", read_spikes_csv, text("1 2\n-1 2\n"), CORRECT, text("1 2\n1 2\n")),
    Case("a negative id", read_spikes_csv, text("1 2\n1 -2\n"), CORRECT, text("1 2\n")),
    Case(
        "another encoding",
        read_spikes_csv,
        lambda p: (p / "a").write_bytes(b"1 \xff\n") and p / "a",
        "Convert the file.",
        text("1 2\n"),
    ),
    Case("units for a session", session, h5("days", **GOOD), "Write the times in ms", sonata),
    Case("text for a session", session, text("spikes", "a.h5"), "Give a SONATA spike file.", sonata),
    Case(
        "populations for a session",
        session,
        h5(**TWO),
        "Write the one you mean to a file of its own.",
        lambda p: write_sonata(p / "b.h5", read_sonata(h5(**TWO)(p), "a")),
    ),
    Case(
        "populations of a csv",
        session,
        text("1 a 1\n2 b 1\n"),
        "Write the one you mean to a file of its own.",
        text("1 a 1\n"),
    ),
    Case("nothing for a session", session, lambda p: p / "none.h5", "Give the path of a SONATA or .csv file", sonata),
    Case(
        "a spec that is no TOML",
        RasterSpec.from_toml,
        text("groups = [", "a.toml"),
        "Correct that line.",
        lambda p: HYBRID.parents[2] / "example" / "groups.toml",
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file(tmp_path, case):
    """What the error says is done to a file, and it is taken."""
    check(case, tmp_path)
