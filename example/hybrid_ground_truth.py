"""
Test a sorter on hybrid ground truth
====================================

Add known events to a real recording, sort it, and count how many of them are found.

Pass a new folder for all files; by default a temporary one is used. The files are
kept, and the script prints where::

    python example/hybrid_ground_truth.py [FOLDER]

It uses the sample recording in tests/data/hybrid, and needs the extras ``hybrid`` and
``plot``.
"""

# %%
# Generate
# --------
#
# The parameter file specifies the recording, the sorted units, and where to move them.
# It is read as data, never executed.

# sphinx_gallery_thumbnail_number = 4
import csv
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from mockrawio.ground.extras import by_extra
from mockrawio.hybrid import (
    HybridParams,
    generate_hybrid,
    load_templates,
    planted_events,
    validate,
)
from mockrawio.hybrid.text_tables import generation_lines, validation_lines
from mockrawio.report import plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

folder = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))
sample = Path(__file__).parents[1] / "tests" / "data" / "hybrid"

params = HybridParams.load(sample / "params_phy.py")
result = generate_hybrid(
    replace(params, output_directory=folder / "hybrid", phy_base=1)
)
print("\n".join(generation_lines(result)))

# %%
# Check the result
# ----------------
#
# The difference between result and source is exactly the saved events, in counts.

n_channels = params.probe.n_channels
source = np.fromfile(params.raw_source_file, "<i2").reshape(-1, n_channels)
hybrid = np.fromfile(result.targets[0], "<i2").reshape(-1, n_channels)
added = hybrid.astype("int32") - source
left = added.copy()
for unit in planted_events(result):
    events = unit.events.counts(0, len(unit.times))
    for time, event in zip(unit.times - unit.before, events, strict=True):
        left[time : time + len(event), unit.channels] -= event
print("hybrid - source - events is 0 everywhere:", not left.any())

# %%
# One of the events on its channels: source, hybrid, and their difference.

first = unit.times[0]
rows = slice(max(0, first - 60), first + 60)
figure = Figure(figsize=(11, 4.5), layout="constrained")
panels = figure.subplots(1, 3, sharex=True, sharey=True)
for axes, (title, counts) in zip(
    panels, {"source": source, "hybrid": hybrid, "added": added}.items(), strict=True
):
    shown = counts[rows][:, unit.channels].astype("int64")
    axes.plot(shown - np.ptp(added[rows]) * np.arange(shown.shape[1]), linewidth=0.8)
    axes.set(title=title, xlabel="sample")
    axes.set_yticks([])
print("the figure:", plots.save_figure(figure, folder / "event.png", dpi=100))

# %%
# Sort it
# -------
#
# Use any sorter. This example simulates one that misses a tenth of the events and
# jitters all times, with output in phy's format. Its samples are counted from 1.

random = np.random.default_rng(0)
with open(result.folder / "annotations-bench.csv", newline="") as file:
    rows = [
        (int(row["timestep"]), int(row["cluster"])) for row in csv.DictReader(file)
    ]
times, clusters = np.array([row for row in rows if random.random() > 0.1]).T
times = times + random.integers(-5, 6, len(times))
order = np.argsort(times)

# %%
# Its templates are the source's and, for the new units, those of their original units,
# moved like their events, with added noise.

templates = load_templates(sample / "sort_phy")
new = random.normal(0, 0.4, (len(result.units), *templates.shape[1:]))
for template, unit in zip(new, result.units, strict=True):
    template[:, unit.channels] += templates[unit.true_unit - 1][
        :, unit.source_channels
    ]

phy = folder / "sorted"
phy.mkdir(parents=True, exist_ok=True)
np.save(phy / "spike_times.npy", (times[order] + 1).astype("uint64"))
np.save(phy / "spike_clusters.npy", (clusters[order] - 1).astype("int32"))
np.save(phy / "spike_templates.npy", (clusters[order] - 1).astype("uint32"))
np.save(phy / "templates.npy", np.concatenate([templates, new]).astype("float32"))

# %%
# Validate
# --------
#
# Compare the sorting with the added events, as tables and figures.

validation = validate(result.folder, phy, phy_base=1)
print("\n".join(validation_lines(validation)))
for path in validation.save(folder / "validation"):
    print("wrote", path)
print("everything is in", folder)
