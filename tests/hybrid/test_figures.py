"""What the figures of a run and of its validation have, number by number."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mockrawio.hybrid import figures
from mockrawio.hybrid.figures import mismatch, plot_confusion, plot_templates, plot_units, save_figures
from mockrawio.hybrid.windows import plot_windows


def confused(counts, window_ms=0.4):
    """A validation with these counts, of clusters 10, 11, ... and units 0, 1, ..., the first called $a."""
    counts = np.array(counts)
    clusters = [str(10 + k) for k in range(counts.shape[1] - 1)]
    units = ["$a", *map(str, range(1, counts.shape[0] - 1))]
    confusion = SimpleNamespace(counts=counts, hybrid_labels=clusters, true_labels=units)
    return SimpleNamespace(confusion=confusion, window_ms=window_ms)


def scored(*units):
    """A validation of units: label, accuracy, recall, precision, cluster."""
    names = ("label", "accuracy", "recall", "precision", "found_unit")
    return SimpleNamespace(
        units=[SimpleNamespace(**dict(zip(names, unit, strict=True))) for unit in units], window_ms=2
    )


def compared(source, found, label="3/1"):
    """The score of two templates."""
    return SimpleNamespace(
        label=label,
        source_samples=source,
        found_samples=found,
        found_template=7,
        pearson=0.12345,
        frobenius=1.5,
    )


def texts(labels):
    return [label.get_text() for label in labels]


def test_shares_of_a_confusion():
    """A cell is coloured by its share of its row, unmatched events included; the last row and column are not."""
    counts = [[6, 4, 0], [1, 0, 0], [0, 0, 0], [61, 9, 30], [5, 6, 7]]
    figure = plot_confusion(confused(counts))
    (image,) = figure.axes[0].images
    shown = np.ma.filled(image.get_array(), np.nan)
    nan = np.nan
    expected = [[0.6, 0.4, nan], [1, 0, nan], [0, 0, nan], [0.61, 0.09, nan], [nan, nan, nan]]
    np.testing.assert_allclose(shown, expected)
    assert (image.get_clim(), image.get_cmap().name) == ((0, 1), "Blues")
    assert figure.axes[0].get_aspect() == "auto"
    cells = {cell.get_position(): cell for cell in figure.axes[0].texts}
    assert {place: cell.get_text() for place, cell in cells.items()} == {
        (column, row): str(count) for row, line in enumerate(counts) for column, count in enumerate(line)
    }
    assert [place for place, cell in cells.items() if cell.get_color() == "white"] == [(0, 1), (0, 3)]
    assert {(cell.get_ha(), cell.get_va(), cell.get_fontsize()) for cell in cells.values()} == {("center", "center", 8)}


def test_words_of_a_confusion():
    """Rows and columns are named, the unmatched apart from the others, and the window is told."""
    figure = plot_confusion(confused([[6, 4, 0], [1, 0, 0], [0, 0, 0]]))
    axes, bar = figure.axes
    assert texts(axes.get_xticklabels()) == ["10", "11", "unmatched"] and axes.get_xticks().tolist() == [0, 1, 2]
    assert texts(axes.get_yticklabels()) == [r"\$a", "1", "unmatched"] and axes.get_yticks().tolist() == [0, 1, 2]
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {90}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("hybrid label", "true label")
    assert (axes.get_title(), bar.get_ylabel()) == ("within ±0.4 ms", "share of the unit's events")
    across, down = axes.lines
    assert (across.get_ydata(), down.get_xdata()) == ([1.5, 1.5], [1.5, 1.5])
    assert [line.get_linewidth() for line in axes.lines] == [0.8, 0.8]
    assert figure.get_size_inches() == pytest.approx([2.5 + 0.55 * 3, 1.6 + 0.45 * 3])


@pytest.mark.parametrize(("most", "n_texts"), [(6, 6), (5, 0)])
def test_counts_are_written_where_there_is_room(most, n_texts, monkeypatch):
    """Counts are in the cells of up to 400."""
    assert figures.MOST_NUMBERS == 400
    monkeypatch.setattr(figures, "MOST_NUMBERS", most)
    monkeypatch.setattr("matplotlib.axes.Axes.text", lambda *_, **__: written.append(1))
    written: list[int] = []
    plot_confusion(confused(np.ones((2, 3), int)))
    assert len(written) == n_texts


def size_of(draw, validation, monkeypatch):
    """Return the size that a figure is to have, which is not drawn."""

    def ask(width, height):
        raise RuntimeError(width, height)

    monkeypatch.setattr(figures, "_figure", ask)
    with pytest.raises(RuntimeError) as raised:
        draw(validation)
    return pytest.approx(raised.value.args)


def test_large_figures(monkeypatch):
    """A figure grows with what is in it, up to 20 inches."""
    for rows, columns, size in ((40, 31, (19.55, 19.6)), (41, 31, (19.55, 20)), (40, 32, (20, 19.6))):
        assert size_of(plot_confusion, confused(np.ones((rows, columns), int)), monkeypatch) == size
    for count, width in ((28, 19.8), (29, 20)):
        assert size_of(plot_units, scored(*[("2", 1.0, 0.9, 0.8, 13)] * count), monkeypatch) == (width, 3.4)


def test_bars_of_units():
    """Each unit has three bars side by side, in the middle the second; the axis names its cluster."""
    figure = plot_units(scored(("$a", 0.5, 0.75, 0.25, None), ("2", 1.0, 0.9, 0.8, 13)))
    (axes,) = figure.axes
    assert [bars.get_label() for bars in axes.containers] == ["accuracy", "recall", "precision"]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [[0.5, 1.0], [0.75, 0.9], [0.25, 0.8]]
    middles = [[bar.get_x() + bar.get_width() / 2 for bar in bars] for bars in axes.containers]
    np.testing.assert_allclose(middles, [[-0.27, 0.73], [0, 1], [0.27, 1.27]], atol=1e-12)
    assert {round(bar.get_width(), 9) for bar in axes.patches} == {0.25}
    colours = [matplotlib.colors.to_hex(bars[0].get_facecolor()) for bars in axes.containers]
    assert colours == ["#4c72b0", "#55a868", "#dd8452"]
    assert texts(axes.get_xticklabels()) == [r"\$a" + "\n→ none", "2\n→ 13"] and axes.get_xticks().tolist() == [0, 1]
    assert axes.get_ylim() == (0, 1.02) and axes.get_title() == "within ±2 ms"
    assert axes.get_xlabel() == "true unit → cluster"
    assert [axes.spines[side].get_visible() for side in ("top", "right", "left", "bottom")] == [0, 0, 1, 1]
    legend = axes.get_legend()
    assert texts(legend.get_texts()) == ["accuracy", "recall", "precision"] and not legend.get_frame_on()
    place = legend.get_bbox_to_anchor().transformed(axes.transAxes.inverted())
    np.testing.assert_allclose(place.bounds, (1, 1, 0, 0), atol=1e-9)
    assert figure.get_size_inches() == pytest.approx([3 + 0.6 * 2, 3.4])
    assert type(figure.canvas) is FigureCanvasAgg  # which needs no window to be drawn


def test_two_templates():
    """Two templates are drawn side by side to one scale, of the samples and rows that differ."""
    source, found = np.zeros((9, 8)), np.zeros((9, 8))
    source[2, 3], source[6, 5], found[4, 4] = -4.0, 2.0, 3.0
    figure = plot_templates(compared(source, found))
    one, other, bar = figure.axes
    for axes, template in ((one, source), (other, found)):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), template[2:7, 3:6].T)
        assert image.get_clim() == (-4.0, 4.0) and image.get_cmap().name == "RdBu_r"
        assert image.get_extent() == [1.5, 6.5, 5.5, 2.5] and axes.get_aspect() == "auto"
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("sample", "raw row")
    assert (one.get_title(), other.get_title()) == ("true unit 3/1, moved", "template 7 of the sorter")
    assert figure.get_suptitle() == "Pearson 0.123, Frobenius 1.500"
    assert figure.get_size_inches().tolist() == [8, 3.6]
    left, right = one.get_subplotspec(), other.get_subplotspec()
    assert (left.get_geometry(), right.get_geometry()) == ((1, 2, 0, 0), (1, 2, 1, 1))
    assert bar not in (one, other)


def test_a_hundredth_of_the_peak_is_no_difference():
    """What differs by a hundredth of the larger peak, or is as small where nothing differs, is left out."""
    one, other = np.zeros((5, 5)), np.zeros((5, 5))
    one[1, 1], other[1, 1], other[2, 3], other[3, 3] = 50.0, 100.0, 1.0, -1.01
    assert mismatch(one, other) == mismatch(other, one) == (slice(1, 4), slice(1, 4))
    other[3, 3] = -1.0
    assert mismatch(one, other) == (slice(1, 2), slice(1, 2))
    one = other.copy()
    assert mismatch(one, other) == (slice(1, 2), slice(1, 2))
    one[4, 4] = other[4, 4] = -1.01
    assert mismatch(one, other) == (slice(1, 5), slice(1, 5))


def test_files_of_figures(tmp_path, monkeypatch):
    """A figure of each unit with both templates is saved beside the two of all; what a killed writer left goes."""
    saved: list[tuple[str, object]] = []

    def save(figure, path, **how):
        path.write_bytes(b"")
        saved.append((path.name.partition(".partial")[0], how))

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", save)
    left = tmp_path / ".template_9.png.partial-999999999-00"
    monkeypatch.setattr("mockrawio.ground.durable._HOST", "")
    left.touch()
    pair = np.eye(3)
    validation = SimpleNamespace(
        **vars(confused([[1, 0], [0, 0]])),
        units=scored(("1", 1.0, 1.0, 1.0, 10)).units,
        templates=[compared(pair, None, "5"), compared(pair, 2 * pair, "3/1")],
    )
    names = ["confusion.png", "units.png", "template_3_1.png"]
    assert save_figures(validation, tmp_path) == [tmp_path / name for name in names]
    assert saved == [(f".{name}", {"dpi": 120, "format": "png"}) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_windows_side_by_side():
    """Windows have a column each: a heat map of all channels above lines of some, on the samples around the time."""
    one, other = np.arange(18.0).reshape(6, 3), -np.arange(18.0).reshape(6, 3) * 2
    figure = plot_windows(one, other, channels=np.array([2, 0]), samples_before=4, titles=["$a"])
    above, below = figure.axes[:2], figure.axes[2:4]
    for axes, lines, window in zip(above, below, (one, other), strict=True):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), window.T)
        assert image.get_clim() == (-34, 34) and image.get_cmap().name == "RdBu_r" and axes.get_aspect() == "auto"
        assert image.get_extent() == [-4.5, 1.5, 2.5, -0.5]
        assert [line.get_xdata().tolist() for line in lines.lines] == [[-4, -3, -2, -1, 0, 1]] * 2
        assert [line.get_ydata().tolist() for line in lines.lines] == [window[:, 2].tolist(), window[:, 0].tolist()]
        assert {line.get_linewidth() for line in lines.lines} == {0.9}
        assert lines.get_xlabel() == "sample" and axes.title.get_fontsize() == 9
    assert [axes.get_title() for axes in above] == [r"\$a", ""]
    assert [axes.get_ylabel() for axes in figure.axes[:4]] == ["channel", "", "counts", ""]
    assert len(figure.axes) == 5 and figure.get_size_inches() == pytest.approx([8.2, 5.5])
    assert above[0].get_shared_x_axes().joined(above[0], below[1])
    shared = above[0].get_shared_y_axes()
    assert shared.joined(*above) and shared.joined(*below) and not shared.joined(above[0], below[0])


def test_one_window():
    """Of a single window all channels are lines, its time is sample 40, and one of zeros has a scale of 1."""
    figure = plot_windows(np.zeros((43, 2)))
    (image,) = figure.axes[0].images
    assert image.get_clim() == (-1, 1) and image.get_extent() == [-40.5, 2.5, 1.5, -0.5]
    assert len(figure.axes[1].lines) == 2 and figure.axes[0].get_title() == ""
    assert figure.get_size_inches() == pytest.approx([4.6, 5.5])
    assert type(figure.canvas) is FigureCanvasAgg
