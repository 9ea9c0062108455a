"""plot_raster: what is drawn, what is left out and said so, and the file."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mockrawio.ground.errors import MockSessionError
from mockrawio.rasters.figure import COLOURS, plot_raster, save_raster_figure
from mockrawio.rasters.raster import Raster


def made(sizes, rate_hz=5.0, seconds=10.0, start_ms=0.0, seed=0):
    """Return a raster of groups of these sizes, with as many spikes as the rate says."""
    rng = np.random.default_rng(seed)
    n_units = sum(sizes.values())
    ends = np.cumsum([0, *sizes.values()]).tolist()
    groups = {name: range(low, high) for name, low, high in zip(sizes, ends[:-1], ends[1:], strict=True)}
    n_spikes = round(n_units * rate_hz * seconds)
    times = start_ms + np.sort(rng.uniform(0, seconds * 1000, n_spikes))
    return Raster(times, rng.integers(0, n_units, n_spikes, dtype=np.uint64), seconds * 1000, groups, start_ms)


def drawn(figure):
    """Return how many marks of each colour the upper axes has."""
    return {to_hex(line.get_color()).upper(): len(line.get_xdata()) for line in figure.axes[0].lines}


def title(figure):
    """Return what stands above the spikes."""
    return figure.axes[0].get_title(loc="left")


def labels(figure):
    """Return what stands beside the groups."""
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_all_spikes_of_a_small_raster_are_drawn():
    """Below the limit every spike has its mark, in its group's colour, and the title says so."""
    raster = made({"exc": 7, "inh": 3})
    figure = plot_raster(raster)
    assert drawn(figure) == {COLOURS[0]: len(raster.group("exc")), COLOURS[1]: len(raster.group("inh"))}
    assert title(figure) == "10 units, all 500 spikes drawn"
    assert labels(figure) == ["exc\n7 units", "inh\n3 units"]


def test_marks_are_at_the_spikes():
    """A mark's x is its spike's second, and units of a group are evenly spaced, groups apart."""
    groups = {"a": range(2), "b": range(5, 7)}
    raster = Raster([10.0, 20.0, 30.0, 40.0], np.array([0, 1, 5, 6], np.uint64), 50.0, groups)
    lines = plot_raster(raster).axes[0].lines
    assert [line.get_xdata().tolist() for line in lines] == [[0.01, 0.02], [0.03, 0.04]]
    first, second = (line.get_ydata() for line in lines)
    assert second[1] - second[0] == pytest.approx(first[1] - first[0])
    assert second[0] - first[1] > first[1] - first[0]


def test_the_most_spikes_of_a_figure():
    """Of 20,000 spikes all are drawn; of one more every second unit."""
    ids = np.arange(20_001, dtype=np.uint64) % 100
    for count, words in ((20_000, "100 units, all 20,000 spikes drawn"), (20_001, "100 units, every 2nd drawn: ")):
        raster = Raster(np.arange(count) / 10.0, ids[:count], 2001.0, {"a": range(100)})
        assert title(plot_raster(raster)).startswith(words)


def test_every_so_many_th_unit():
    """Above the limit whole units are left out, the same share of each group, and the title says which."""
    raster = made({"exc": 800, "inh": 200})
    figure = plot_raster(raster, max_spikes=7500)
    n_drawn = int((raster.node_ids % 7 == 0).sum())  # 800 is no multiple of 7: units count from their group's first
    assert title(figure).startswith("1,000 units, every 7th drawn: ")
    assert title(figure).endswith(" of 50,000 spikes")
    assert sum(drawn(figure).values()) == pytest.approx(n_drawn, rel=0.1)
    ids = {round(y, 9) for y in figure.axes[0].lines[0].get_ydata()}
    assert len(ids) == 115


def test_small_groups_keep_their_units():
    """A group that would keep fewer than 20 units is thinned less, and the labels say how much each is."""
    figure = plot_raster(made({"big": 10_000, "mid": 60, "tiny": 12}, rate_hz=2.0), max_spikes=20_000)
    assert "every 11th drawn, more of small groups: " in title(figure)
    assert labels(figure) == [
        "big\n10,000 units, every 11th",
        "mid, 60 units, every 3rd",
        "tiny, 12 units, all",
    ]


def test_a_random_part():
    """Where units cannot be left out, spikes are, at random and the same ones for the same seed."""
    raster = made({"few": 10}, rate_hz=300.0)
    figures = [plot_raster(raster, max_spikes=1000, seed=seed) for seed in (0, 0, 1)]
    assert title(figures[0]).startswith("10 units; ")
    assert title(figures[0]).endswith(" of 30,000 spikes drawn, chosen at random")
    times = [figure.axes[0].lines[0].get_xdata().tolist() for figure in figures]
    assert times[0] == times[1] != times[2]
    assert 800 < len(times[0]) < 1200


@pytest.mark.slow
def test_millions_are_said_in_words():
    """Counts from a million up are rounded in the title."""
    raster = made({"exc": 100_000}, rate_hz=1.2)
    assert title(plot_raster(raster)).endswith(" of 1.2 M spikes")


def test_rates_are_those_of_all_spikes():
    """The lower axes has each group's spikes a second and unit, whatever is drawn above."""
    raster = made({"exc": 300, "inh": 100}, seconds=4.0)
    figure = plot_raster(raster, max_spikes=100, bin_ms=1500.0)
    steps = [patch.get_data() for patch in figure.axes[1].patches]
    assert [step.edges.tolist() for step in steps] == [[0.0, 1.5, 3.0, 4.0]] * 2
    for step, name in zip(steps, raster.groups, strict=True):
        counts = step.values * np.diff(step.edges) * len(raster.groups[name])
        expected = np.histogram(raster.group(name).times_ms, [0, 1500, 3000, 4000])[0]
        np.testing.assert_allclose(counts, expected)
    assert "1500 ms bins" in figure.axes[1].get_ylabel()


def test_bins_are_as_wide_as_a_group_needs():
    """A group of few spikes has wider bins than one of many, and the axis says both."""
    figure = plot_raster(made({"exc": 1000, "tiny": 3}))
    assert figure.axes[1].get_ylabel().endswith("50 to 500 ms bins")
    assert [len(patch.get_data().values) for patch in figure.axes[1].patches] == [200, 20]


def test_many_groups():
    """Of more groups than there are colours some are named, and the rate below is that of all units."""
    raster = made({f"unit {k}": 1 for k in range(60)})
    figure = plot_raster(raster)
    assert labels(figure)[:2] == ["unit 0, 1 unit", "unit 3, 1 unit"]
    (patch,) = figure.axes[1].patches
    assert patch.get_data().values.mean() == pytest.approx(5.0)


def test_groups_by_the_hundred():
    """Of hundreds of groups none can be seen; they are drawn as one."""
    figure = plot_raster(made({f"unit {k}": 1 for k in range(300)}))
    assert labels(figure) == ["300 groups\n300 units"]
    assert len(drawn(figure)) == 1


def test_empty_groups():
    """A group of no units takes no place and no other group's colour."""
    raster = made({"a": 2, "none": 0, "b": 2})
    assert list(drawn(plot_raster(raster))) == [COLOURS[0], COLOURS[2]]


def test_no_groups():
    """Without groups all units that fired are one; units of no group are grey, above the others."""
    times, nodes = [1.0, 2.0, 3.0], np.array([4, 9, 9], np.uint64)
    assert labels(plot_raster(Raster(times, nodes, 5.0))) == ["all\n2 units"]
    figure = plot_raster(Raster(times, nodes, 5.0, {"a": range(5)}))
    assert [label.split("\n")[0].split(",")[0] for label in labels(figure)] == ["a", "in no group"]
    assert list(drawn(figure)) == [COLOURS[0], "#777777"]


@pytest.mark.parametrize("duration_ms", [1000.0, 0.0])
def test_no_spikes(duration_ms):
    """A raster without spikes, or without length, is drawn too."""
    assert title(plot_raster(Raster([], [], duration_ms, {"a": range(3)}))) == "no spikes"


def test_a_later_stretch():
    """The time axis is that of the stretch."""
    figure = plot_raster(made({"a": 5}, seconds=2.0, start_ms=3000.0))
    assert [axes.get_xlim() for axes in figure.axes] == [(3.0, 5.0)] * 2


def test_axes_of_ones_own():
    """One axes takes the spikes alone, two take spikes and rates; the figure is theirs."""
    own = Figure()
    FigureCanvasAgg(own)
    one, two, three = own.subplots(3, 1)
    raster = made({"a": 5})
    assert plot_raster(raster, one) is own
    assert plot_raster(raster, [two, three]) is own
    assert (len(one.lines), len(two.lines), len(three.patches)) == (1, 1, 1)


def test_colours():
    """Colours are given in the order of the groups, over again, or by name."""
    raster = made({"a": 2, "b": 2, "c": 2})
    assert list(drawn(plot_raster(raster, colours=["red", "blue"]))) == ["#FF0000", "#0000FF"]
    by_name = {"c": "red", "b": "blue", "a": "black"}
    assert list(drawn(plot_raster(raster, colours=by_name))) == ["#000000", "#0000FF", "#FF0000"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"max_spikes": 0}, "max_spikes"),
        ({"bin_ms": -1.0}, "bin_ms"),
        ({"bin_ms": float("nan")}, "bin_ms"),
        ({"colours": {"b": "red"}}, "'a'"),
        ({"colours": []}, "colours"),
        ({"ax": []}, "ax"),
    ],
    ids=str,
)
def test_wrong_arguments(options, word):
    """What cannot be drawn is an error that names the argument."""
    with pytest.raises(MockSessionError, match=word):
        plot_raster(made({"a": 2}), **options)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_file(ending, tmp_path):
    """The figure is written in the ending's format, its folder made as needed."""
    path = save_raster_figure(made({"a": 20}), tmp_path / "new" / f"raster.{ending}")
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(start)
    assert path.stat().st_size > 5000


@pytest.mark.parametrize("name", ["raster.doc", "raster"])
def test_no_such_kind_of_file(name, tmp_path):
    """An ending that matplotlib does not write is an error, and nothing is written."""
    with pytest.raises(MockSessionError, match=r"png.*found"):
        save_raster_figure(made({"a": 2}), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "word"), [(2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (21, "21st")])
def test_ordinals(number, word):
    """The title counts as people do."""
    raster = made({"a": 1000}, rate_hz=1.0, seconds=1.0)
    assert f"every {word} drawn" in title(plot_raster(raster, max_spikes=-(-1000 // number)))
