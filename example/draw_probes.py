"""
Draw the probes that have names
===============================

Each with the channels that it has by itself: contacts where they are, as large as they are, coloured by shank. No
session is needed for it, nor the network.

Run it with a file for the figure, or with nothing for a temporary one::

    python example/draw_probes.py [FIGURE]

It needs ``pip install 'mockrawio[plot]'``. ``mockrawio plot SESSION -o probe.png --what probe`` draws the probe of a
session in the same way.
"""

import sys
import tempfile
from pathlib import Path

from mockrawio.generate.probes import PROBES, probe_of
from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure


def draw_probes(path):
    """Draw one panel a probe, and print what each of them is."""
    figure = Figure(figsize=(14, 8), layout="constrained")
    for axes, (name, probe) in zip(figure.subplots(2, 4).flat, PROBES.items(), strict=False):
        plots.plot_contacts(probe_of(name), name, axes)
        print(f"{name}: {probe.what}; {probe.range} channels, {probe.default} by default")
    for axes in figure.axes[len(PROBES) :]:
        axes.remove()
    figure.suptitle("The probes that have names")
    print(plots.save_figure(figure, path, dpi=100))


def main(path=None):
    """Draw them into a file, or into a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        draw_probes(Path(path or f"{temporary}/probes.png"))


if __name__ == "__main__":
    main(*sys.argv[1:])
