"""What tests look at in a figure."""

from __future__ import annotations

from mockrawio import MockSessionRawIO


def opened(folder, **options):
    """Open a session."""
    reader = MockSessionRawIO(folder, **options)
    reader.parse_header()
    return reader


def words(axes):
    """Return all texts on axes."""
    return [text.get_text() for text in axes.texts]


def key(axes):
    """Return what the key of axes explains."""
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def title(axes):
    """Return the title."""
    return axes.get_title(loc="left")


def drawn(axes):
    """Render the figure, so that whatever cannot be drawn says so, with no layout, which takes half of the time."""
    axes.figure.set_layout_engine(None)
    return placed(axes)


def placed(axes):
    """Render the figure with everything in its place."""
    axes.figure.canvas.draw()
    return axes
