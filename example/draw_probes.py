"""
Draw the probes that have names
===============================

Each with the channels that it has by itself: contacts where they are, as large as
they are, coloured by shank. No session is needed for it, nor the network.

Run it with a file for the figure, or with nothing for one in a new temporary folder::

    python example/draw_probes.py [FIGURE]

It needs matplotlib, which the extra ``plot`` brings. ``mockrawio plot SESSION -o
probe.png --what probe`` draws the probe of a session in the same way.
"""

# %%
# The names are what ``SessionSpec(probe=...)`` takes:

import sys
from pathlib import Path
from tempfile import mkdtemp

from mockrawio.generate.probes import PROBES, probe_of

for name, probe in PROBES.items():
    print(f"{name}: {probe.what}; {probe.range} channels, {probe.default} by default")

# %%
# All of them
# -----------
#
# A panel for each, with a scale of its own.

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

if len(sys.argv) > 1:
    target = Path(sys.argv[1])
else:
    target = Path(mkdtemp(prefix="mockrawio-")) / "probes.png"

figure = Figure(figsize=(14, 8), layout="constrained")
panels = figure.subplots(2, -(-len(PROBES) // 2)).flat
for axes, name in zip(panels, PROBES, strict=False):
    plots.plot_contacts(probe_of(name), name, axes)
for axes in figure.axes[len(PROBES) :]:
    axes.remove()
figure.suptitle("The probes that have names")
print("the figure:", plots.save_figure(figure, target, dpi=100))

# %%
# One of them, with other numbers
# -------------------------------
#
# A probe has as many channels as it is asked for, within its range.

figure = Figure(figsize=(5, 6), layout="constrained")
plots.plot_contacts(
    probe_of("neuropixels-1.0", 24), "24 of Neuropixels 1.0", figure.subplots()
)
print("the figure:", plots.save_figure(figure, target.with_stem(f"{target.stem}_one")))
