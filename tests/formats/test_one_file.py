"""A further format is one further file, which everything else learns of from its last line."""

import numpy as np

from mockrawio.rasters import Raster, write_spikes_csv
from tests.processes import python

SORTER = """
import os
import numpy as np
from mockrawio.formats.sorters import SorterFormat, Sorting, register

def recognises(directory):
    return os.path.isfile(os.path.join(directory, "toy.csv"))

def load(directory, phy_base):
    times, labels = np.loadtxt(os.path.join(directory, "toy.csv"), np.int64, delimiter=",", unpack=True)
    return Sorting(times, labels, None, None, "toy")

register(SorterFormat("toy", "Toy", "toy.csv", recognises, load))
"""
SPIKES = """
from mockrawio.formats.spikes import SpikeFormat, register
from mockrawio.formats.spikes.csv import read_csv_blocks

register(SpikeFormat(".toy", lambda path: path.suffix == ".toy", read_csv_blocks))
"""


def run(package, source, folder, code):
    """Return what code prints in a process of its own, where a format's file stands beside those of a package."""
    (folder / "more").mkdir()
    (folder / "more" / "toy.py").write_text(source)
    code = f"from mockrawio.formats import {package} as p\np.__path__.append({str(folder / 'more')!r})\n{code}"
    done = python(f"import os\nos.chdir({str(folder)!r})\n{code}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sorter(tmp_path):
    """A sorter's format is inferred, read, checked as an argument, offered by the command and named in errors."""
    (tmp_path / "sorted").mkdir()
    (tmp_path / "sorted" / "toy.csv").write_text("5,1\n9,2\n9,1\n")
    code = """
from click.testing import CliRunner
from mockrawio.cli import main
from mockrawio.scoring.axis import Axis
from mockrawio.scoring.found import load_found
found = load_found("sorted", 30000.0, Axis(), offset=100)
print(found.sorting.kind, found.labels, [train.tolist() for train in found.trains])
print("[phy|kilosort|jrc|toy]" in CliRunner().invoke(main, ["hybrid", "validate", "--help"], terminal_width=200).output)
for call in (lambda: p.load_templates("sorted"), lambda: p.load_sorting("."), lambda: p.load_sorting(".", "no")):
    try:
        call()
    except ValueError as error:
        print(error)
"""
    said = run("sorters", SORTER, tmp_path, code).splitlines()
    assert said[:2] == ["toy (1, 2) [[105, 109], [109]]", "True"]
    assert said[2].endswith("Give one of those: Toy stores no templates.")
    assert "*_jrc.mat (JRCLUST) or toy.csv (Toy); found none of them" in said[3]
    assert "'phy', 'kilosort', 'jrc', 'toy', or None to infer it; found 'no'" in said[4]


def test_spikes(tmp_path):
    """A session takes its spikes from a file of a further format, and an error names that format."""
    write_spikes_csv(tmp_path / "a.toy", Raster(np.array([10.0, 20.0, 30.0]), np.array([7, 3, 7]), 50.0))
    code = """
from mockrawio.generate.source import open_source
source = open_source("a.toy")
print(source.node_ids.tolist(), source.train(1).tolist())
try:
    open_source("b.toy")
except ValueError as error:
    print(error)
"""
    spikes, error = run("spikes", SPIKES, tmp_path, code).splitlines()
    assert spikes == "[3, 7] [10.0, 30.0]"
    assert "Give the path of a SONATA, .toy or .csv file" in error
