"""
Try a sorter on hybrid ground truth
===================================

Known events are added to a real recording, a sorter is let loose on it, and what it found is counted.

Run it with a folder to keep everything there, or with nothing for a temporary folder::

    python example/hybrid_ground_truth.py [FOLDER]

It takes the sample recording in tests/data/hybrid, and draws figures: ``pip install 'mockrawio[hybrid,plot]'``
"""

import csv
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from mockrawio.hybrid import HybridParams, generate_hybrid, load_templates, planted_events, validate
from mockrawio.hybrid.text_tables import generation_lines, validation_lines

# sphinx_gallery_thumbnail_number = 3
SAMPLE = Path(__file__).parents[1] / "tests" / "data" / "hybrid"


def generate(folder):
    """Make the hybrid data that params_phy.py asks for, in `folder`, and print what was made."""
    params = HybridParams.load(SAMPLE / "params_phy.py")  # read as data, never run
    result = generate_hybrid(replace(params, output_directory=folder, phy_base=1))
    print("\n".join(generation_lines(result)), end="\n\n")
    return result


def prove(result):
    """Take the source from the result: what is left are the saved events, count for count."""
    n_channels = result.params.probe.n_channels
    source = np.fromfile(result.params.raw_source_file, "<i2").reshape(-1, n_channels)
    hybrid = np.fromfile(result.targets[0], "<i2").reshape(-1, n_channels)
    left = hybrid.astype("int32") - source
    for unit in planted_events(result):
        events = unit.events.counts(0, len(unit.times))
        for time, event in zip(unit.times - unit.before, events, strict=True):
            left[time : time + len(event), unit.channels] -= event
    print("hybrid - source - events is 0 everywhere:", not left.any(), end="\n\n")


def pretend_to_sort(result, folder):
    """Write, as phy, what a sorter might have found: it misses a tenth of the events, and all times are a bit off."""
    with open(result.folder / "annotations-bench.csv", newline="") as file:
        rows = [(int(row["timestep"]), int(row["cluster"])) for row in csv.DictReader(file)]
    random = np.random.default_rng(0)
    times, clusters = np.array([row for row in rows if random.random() > 0.1]).T
    times = times + random.integers(-5, 6, len(times))
    order = np.argsort(times)
    folder.mkdir()
    np.save(folder / "spike_times.npy", (times[order] + 1).astype("uint64"))  # counted from 1
    np.save(folder / "spike_clusters.npy", (clusters[order] - 1).astype("int32"))
    np.save(folder / "spike_templates.npy", (clusters[order] - 1).astype("uint32"))
    np.save(folder / "templates.npy", pretend_templates(result, random))


def pretend_templates(result, random):
    """Return the source's templates, and those of the new units: moved as their events were, and noisy."""
    source = load_templates(SAMPLE / "sort_phy")
    new = random.normal(0, 0.4, (len(result.units), *source.shape[1:]))
    for template, unit in zip(new, result.units, strict=True):
        template[:, unit.channels] += source[unit.true_unit - 1][:, unit.source_channels]
    return np.concatenate([source, new]).astype("float32")


def main(folder):
    """Generate, sort, validate; tables and figures land in `folder`/validation."""
    result = generate(folder / "hybrid")
    prove(result)
    pretend_to_sort(result, folder / "sorted")
    validation = validate(result.folder, folder / "sorted", phy_base=1)
    print("\n".join(validation_lines(validation)), end="\n\n")
    for path in validation.save(folder / "validation"):
        print("wrote", path)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
