"""How sphinx-gallery runs the scripts of ``example/``: as plain scripts, whose saved figures it shows, cell by cell.

These are functions of a module, and not of ``conf.py``, as Sphinx can keep only their names between builds.
"""

import tempfile
from functools import wraps

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

# From the first look to the special; what is not listed comes last.
ORDER = [
    "make_session.py",
    "read_session_rawio.py",
    "read_session_io.py",
    "plot_session.py",
    "make_broadband.py",
    "lock_to_events.py",
    "draw_probes.py",
    "spikeinterface_recording.py",
    "convert_session.py",
    "hybrid_ground_truth.py",
    "make_rasters.py",
    "make_corpus.py",
    "stream_to_device.py",
    "device_pipeline.py",
]

_left = tempfile.TemporaryDirectory(prefix="gallery-")  # what the scripts leave is not left by a build
_saved = {}  # figures, in the order in which they were saved first
_savefig = Figure.savefig


@wraps(_savefig)
def _keep(figure, path, **options):
    """Save a figure, and keep it: ours are no figures of pyplot, where sphinx-gallery would look for them."""
    _savefig(figure, path, **options)
    _saved[figure] = None


Figure.savefig = _keep


def place(filename):
    """Sort the scripts into ``ORDER``."""
    return (ORDER.index(filename) if filename in ORDER else len(ORDER), filename)


def no_arguments(gallery_conf, script_vars):
    """Return what a script is given, nothing, after giving it ``__file__`` and a place for what it leaves."""
    script_vars["example_globals"]["__file__"] = script_vars["src_file"]
    tempfile.tempdir = _left.name
    _saved.clear()
    return []


def saved_figures(block, block_vars, gallery_conf):
    """Show the figures that the script has saved, one below the other, each as wide as the page."""
    shown = []
    for figure, path in zip(list(_saved), block_vars["image_path_iterator"], strict=False):
        _savefig(figure, path, dpi=110, bbox_inches="tight")
        shown.append(figure_rst([path], gallery_conf["src_dir"], title(figure)))
    _saved.clear()
    return "\n".join(shown)


def title(figure):
    """Say in words what a figure shows: by its title, or those of its axes."""
    titles = [axes.get_title(loc=loc) for axes in figure.axes for loc in ("left", "center")]
    return figure.get_suptitle() or "; ".join(text for text in titles if text)
