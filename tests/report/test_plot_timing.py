"""What the figures of events, DAQ stamps and the movie show."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.report import measures, plots
from tests.handmade import T0, frame
from tests.report.looking import drawn, key, opened, title, words


def test_event_timing(handmade):
    """Each interval is a dot at its later event, as much above 0 as it is longer than the median."""
    handmade.lfp()
    handmade.events([[T0 + t, code] for t, code in [(0, 1), (100, 2), (200, 4), (350, 1)]])
    axes = drawn(plots.plot_event_timing(opened(handmade.folder)))
    dots = axes.lines[-1]
    assert np.allclose(dots.get_xdata(), [0.1, 0.2, 0.35])
    assert np.allclose(dots.get_ydata(), [0, 0, 50])
    assert title(axes) == "4 events, 3 codes, every 0.1 s"
    assert axes.get_ylabel() == "interval − median (ms)"


def test_deviations_of_nothing(gaps):
    """Deviations that are those of float64 are not blown up to the height of the axes."""
    low, high = plots.plot_event_timing(gaps).get_ylim()
    assert (low, high) == (-1, 1)


def test_daq_jitter(gaps):
    """The histogram has all rows; mean and SD are marked and said."""
    axes = drawn(plots.plot_daq_jitter(gaps))
    found = measures.daq_jitter(gaps)
    stairs = axes.patches[0].get_data()
    assert stairs.values.sum() == len(found.durations_ms)
    assert stairs.edges[-1] == found.durations_ms.max()
    assert axes.lines[0].get_xdata()[0] == found.mean_ms
    assert key(axes) == [f"mean ± SD: {found.mean_ms:.3g} ± {found.sd_ms:.3g} ms"]
    assert axes.get_xlabel().endswith("(ms)")


def test_movie_clock(gaps):
    """Movie time is a line for each stretch without a skip, skips and pauses are marked."""
    axes = drawn(plots.plot_movie_clock(gaps))
    found = measures.movie_clock(gaps)
    stretches, skips = axes.lines[: len(found.skips) + 1], axes.lines[len(found.skips) + 1 :]
    assert np.array_equal(np.concatenate([line.get_xdata() for line in stretches]), found.clock_s)
    assert np.array_equal(np.concatenate([line.get_ydata() for line in stretches]), found.pts_s)
    assert [line.get_xdata()[1] for line in skips] == found.clock_s[found.skips].tolist()
    assert [patch.get_x() for patch in axes.patches] == pytest.approx(found.pause_starts_s.tolist())
    assert title(axes) == f"movie: {len(found.clock_s)} frames, 35 ms each"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "movie time (s)")


@pytest.mark.slow
def test_a_movie_of_skips(epiphyte):
    """A log that hops to and fro, as Epiphyte's generator writes them, is drawn frame by frame."""
    reader = opened(epiphyte)
    axes, found = drawn(plots.plot_movie_clock(reader)), measures.movie_clock(reader)
    assert len(found.skips) > 5000
    assert np.array_equal(axes.lines[0].get_ydata(), found.pts_s)
    assert key(axes)[-1] == f"{len(found.skips):,} skips"


def test_raster_ends_with_the_samples(epiphyte):
    """Where the movie's log goes on for longer than samples and spikes, the raster does not."""
    reader = opened(epiphyte)
    axes = plots.plot_spikes(reader)
    last = max(times[-1] for region in measures.spike_trains(reader) for times in region.times_s if len(times))
    frames = reader.rescale_event_timestamp(reader.get_event_timestamps(0, 0, 2)[0])
    assert axes.get_xlim()[1] < frames[-1] / 2
    assert axes.get_xlim()[1] >= last


@pytest.mark.slow
def test_one_of_each(handmade):
    """One event, one DAQ row, one frame and one spike make figures that say so."""
    handmade.events([[T0 + 5.0, 1]])
    handmade.daq([f"1\t0\t{T0}\t{T0}"])
    handmade.watchlog([frame(0.04, T0 + 50)])
    handmade.unit(times=T0 + np.array([5.0]))
    reader = opened(handmade.folder)
    axes = {name: drawn(plot(reader)) for name, plot in plots.PANELS.items()}
    assert words(axes["events"]) == ["no intervals: 1 event, 1 code"]
    assert title(axes["daq"]) == "DAQ jitter: 1 row"
    assert title(axes["movie"]) == "movie: 1 frame"
    assert title(axes["raster"]) == "spikes by region: 1 spike"
    assert title(axes["isi"].child_axes[0]) == "CSC1_SU1\nno intervals"
