"""What is measured of spikes: correlograms, spikes around events, amplitudes, places, and the table of units."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError, truth
from mockrawio.report import measures, plots
from tests.handmade import T0
from tests.report.looking import drawn, opened, title, words


def ms(reader, unit, segment):
    """Return the spike times of a unit in a segment."""
    return reader.get_spike_timestamps(0, segment, unit)


# -- correlograms -----------------------------------------------------------------------------


@pytest.mark.parametrize("other", [None, 2])
def test_correlograms(gaps, other):
    """Each bin has as many pairs as a loop over all of them finds, never across segments, and no spike with itself."""
    found = measures.correlogram(gaps, 1, other, window_ms=40.0, bin_ms=2.0)
    lags = []
    for segment in (0, 1):
        one, two = ms(gaps, 1, segment), ms(gaps, 1 if other is None else other, segment)
        pairs = np.round(two[None, :] - one[:, None], 3)
        lags.append(pairs[~np.eye(len(one), dtype=bool)] if other is None else pairs.ravel())
    counts, edges = np.histogram(np.concatenate(lags), np.arange(-40, 42, 2.0))
    last = np.count_nonzero(np.concatenate(lags) == 40.0)  # which a histogram's last bin holds, and ours does not
    counts[-1] -= last
    assert np.array_equal(found.counts, counts)
    assert np.array_equal(found.edges_ms, edges)
    assert found.n == sum(len(ms(gaps, 1, segment)) for segment in (0, 1))
    np.testing.assert_allclose(found.rate_hz, counts / (found.n * 0.002))


@pytest.mark.slow
def test_correlograms_as_spikeinterface_has_them(handmade):
    """All correlograms of trains with bursts and ties are SpikeInterface's, to the count."""
    core = pytest.importorskip("spikeinterface.core")
    correlograms = pytest.importorskip("spikeinterface.postprocessing.correlograms")
    rng = np.random.default_rng(4)
    frames = [np.sort(rng.choice(20_000, 400, replace=False)) for _ in range(3)]
    handmade.lfp(samples=np.zeros(20_000, np.int16))
    for k, train in enumerate(frames):
        handmade.unit(f"CSC{k + 1}_SU1", times=T0 + train.astype(float), amps=np.zeros((400, 64), np.int16))
    reader = opened(handmade.folder)
    sorting = core.NumpySorting.from_unit_dict(dict(enumerate(frames)), 1000.0)
    theirs, edges = correlograms.compute_correlograms(sorting, window_ms=100.0, bin_ms=5.0, method="numpy")
    for one in range(3):
        for other in range(3):
            found = measures.correlogram(reader, one, other, window_ms=50.0, bin_ms=5.0)
            # Theirs count from the second of the two units.
            assert np.array_equal(found.counts, theirs[other, one])
            np.testing.assert_allclose(found.edges_ms, edges)


def test_figures_of_correlograms(gaps):
    """Autocorrelograms have a panel a unit, crosscorrelograms one a pair, in spikes a second."""
    axes = drawn(plots.plot_autocorrelograms(gaps, units=[2, 0]))
    ids = gaps.header["spike_channels"]["id"].tolist()
    assert [title(cell) for cell in axes.child_axes] == [ids[2], ids[0]]
    stairs = axes.child_axes[0].patches[0].get_data()
    assert np.array_equal(stairs.values, measures.correlogram(gaps, 2).rate_hz)
    assert title(axes) == "autocorrelograms, 1 ms bins: 2 of 3 units"
    axes = drawn(plots.plot_crosscorrelograms(gaps, units=[2, 0]))
    assert len(axes.child_axes) == 4
    stairs = axes.child_axes[1].patches[0].get_data()
    assert np.array_equal(stairs.values, measures.correlogram(gaps, 2, 0).rate_hz)
    with pytest.raises(MockSessionError, match="bin_ms"):
        measures.correlogram(gaps, 0, bin_ms=0)


# -- around events ----------------------------------------------------------------------------


def test_psth(handmade):
    """Spikes are counted from each event whose whole window was recorded; one near two events counts for both."""
    handmade.lfp(samples=np.zeros(1000, np.int16))
    handmade.events([[T0 + 10.0, 1], [T0 + 300.0, 1], [T0 + 400.0, 2], [T0 + 950.0, 1]])  # first and last at the edge
    handmade.unit(times=T0 + np.array([250.0, 310.0, 395.0, 425.0, 700.0]), amps=np.zeros((5, 64), np.int16))
    reader = opened(handmade.folder)
    how = {"t_before": 0.1, "t_after": 0.15, "bin_s": 0.05}
    found = measures.peri_event(reader, "CSC1_SU1", **how)
    assert found.n_trials == 2
    assert np.allclose(found.edges_s, [-0.1, -0.05, 0, 0.05, 0.1, 0.15])
    assert np.allclose(found.times_s, [-0.05, 0.01, 0.095, 0.125, -0.09, -0.005, 0.025])
    assert found.trials.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert found.counts.tolist() == [1, 2, 2, 1, 1]
    assert np.allclose(found.rate_hz, np.array([1, 2, 2, 1, 1]) / (2 * 0.05))
    assert measures.peri_event(reader, 0, labels=[2], **how).counts.tolist() == [1, 1, 1, 0, 0]
    axes = drawn(plots.plot_psth(reader, **how))
    above, below = axes.child_axes[0].child_axes
    assert np.allclose(above.lines[0].get_xdata(), found.times_s)
    assert np.array_equal(below.patches[0].get_data().values, found.rate_hz)
    assert title(axes) == "spikes around events: 1 unit, 2 events of Events, 50 ms bins"
    assert words(plots.plot_psth(reader, t_before=0.6))[0].startswith("no event has 0.6 s before")
    with pytest.raises(MockSessionError, match="labels: expected some of 1, 2; found"):
        measures.peri_event(reader, 0, labels=["7"])
    with pytest.raises(MockSessionError, match="event_channel: expected one of Events; found 'nothing'"):
        measures.peri_event(reader, 0, "nothing")


# -- amplitudes, places -----------------------------------------------------------------------

SHAPE = np.concatenate([np.zeros(19), [-8.0, -40.0, -12.0], np.zeros(42)])


def test_amplitudes_of_whole_waveforms(handmade):
    """A spike whose waveform the ends of the samples cut, and which goes on as zeros, is left out."""
    handmade.stream(samples=np.zeros((16_000, 2), np.int16))
    handmade.unit(times=T0 + np.array([0.2, 100.0, 400.0, 499.0]))  # of 64 samples at 32 kHz 20 are before a spike
    found = measures.spike_amplitudes(opened(handmade.folder), 0)
    np.testing.assert_allclose(found.times_s, [0.1, 0.4], atol=1e-6)


def test_amplitudes(handmade):
    """A spike's amplitude is its waveform at the peak of the mean, from its own median, with times that go with it."""
    scale, offset = np.array([1.0, 1.5, 0.5, 1.25]), np.array([0.0, 100.0, -30.0, 7.0])
    times = T0 + np.array([10.0, 200.0, 300.0, 400.0])
    handmade.lfp()
    handmade.unit(times=times, amps=SHAPE * scale[:, None] + offset[:, None])
    reader = opened(handmade.folder, raw_dtype="source")
    found = measures.spike_amplitudes(reader, 0)
    assert np.allclose(found.amplitudes_uV, -40 * scale)
    assert np.allclose(found.times_s, [0.01, 0.2, 0.3, 0.4])
    assert found.mean_uV == pytest.approx(-40 * scale.mean())
    axes = drawn(plots.plot_amplitudes(reader))
    assert np.allclose(axes.lines[0].get_ydata(), -40 * scale)
    assert (axes.get_ylabel(), title(axes)) == ("amplitude (µV)", "amplitudes of spikes: 1 unit, 4 spikes")


PLACES = [[0.0, 0.0], [0.0, 20.0], [0.0, 40.0], [0.0, 200.0]]
SIZES = np.array([100.0, 200.0, 60.0, 0.0])


@pytest.fixture
def placed(handmade):
    """A stream of four contacts with ten spikes of a unit, 100, 200 and 60 counts of 0.25 µV large on three of them."""
    samples = np.zeros((32_000, 4), np.int16)
    frames = 1000 + 3000 * np.arange(10)
    for frame in frames:
        samples[frame - 20 : frame + 44] += (SHAPE[:, None] / 40 * SIZES).astype(np.int16)
    handmade.stream(
        samples=samples, locations=PLACES, channels={"ids": [f"CSC{k}" for k in range(1, 5)], "names": list("abcd")}
    )
    handmade.unit("CSC2_SU1", times=T0 + frames / 32, amps=np.zeros((10, 64), np.int16))
    return opened(handmade.folder)


def test_footprint(placed):
    """A footprint is the mean of what the stream has around the spikes, the nearest contacts first."""
    found = measures.footprint(placed, 0, max_channels=3)
    assert found.channels.tolist() == [1, 0, 2]
    assert np.allclose(found.mean_uV[found.peak], -0.25 * SIZES[[1, 0, 2]])
    assert found.time_ms[found.peak] == 0
    assert found.n == 10
    axes = drawn(plots.plot_unit_templates(placed))
    assert title(axes.child_axes[0]) == "CSC2_SU1\n50 µV, 10 spikes"
    assert len(axes.child_axes[0].lines) == 4  # a contact is too far, a line is of their places


def test_depths(placed):
    """A spike's depth is the mean of the contacts' that are near, weighted by its size on each."""
    found = measures.spike_depths(placed)
    assert np.allclose(found.times_s, (1000 + 3000 * np.arange(10)) / 32_000)
    assert np.allclose(found.depths_um, (200 * 20 + 60 * 40) / 360)
    assert (found.axis, found.read_s, found.of_s) == ("y", 1.0, 1.0)
    assert np.allclose(found.amplitudes_uV, -50)
    axes = drawn(plots.plot_drift_raster_map(placed))
    assert np.allclose(axes.collections[0].get_offsets(), np.column_stack([found.times_s, found.depths_um]))
    assert title(axes) == "drift map: 10 spikes of 1 unit, all read"
    half = measures.spike_depths(placed, max_s=0.5)
    assert (half.read_s, len(half.times_s)) == (0.5, 5)


@pytest.mark.slow
def test_locations(placed, broadband):
    """Units are where the ground truth has them, filled and marked by class; else hollow at their contact."""
    axes = drawn(plots.plot_unit_locations(placed))
    (unit,) = [line for line in axes.lines if line.get_label() == "_CSC2_SU1"]
    assert (unit.get_xdata(), unit.get_ydata(), unit.get_markerfacecolor()) == (0, 20, "none")
    assert title(axes).endswith("hollow: at the contact it was found on")
    axes = drawn(plots.plot_unit_locations(broadband))
    for id, known in truth(broadband.dirname).units.items():
        (unit,) = [line for line in axes.lines if line.get_label() == f"_{id}"]
        assert np.allclose(np.ravel([unit.get_xdata(), unit.get_ydata()]), known.location[:2])
        assert known.kind in [text.get_text() for text in axes.get_legend().get_texts()]


# -- the table --------------------------------------------------------------------------------


def test_table(gaps):
    """Violations and presence are SpikeInterface's metrics, rates those of the rates, and the noise gives the SNR."""
    metrics = pytest.importorskip("spikeinterface.metrics.quality.misc_metrics")
    rows = measures.unit_table(gaps, refractory_ms=20.0)
    for index, (row, rate) in enumerate(zip(rows, measures.firing_rates(gaps), strict=True)):
        trains = [ms(gaps, index, k) / 1000 for k in (0, 1)]
        ratio, _, count = metrics.isi_violations(trains, rate.duration_s, isi_threshold_s=0.02)
        assert (row.count, row.rate_hz, row.isi_violations) == (rate.count, rate.rate_hz, count)
        assert row.isi_violations_ratio == pytest.approx(ratio)
        starts = [measures.listened(gaps, k)[0] for k in (0, 1)]
        length = np.subtract(*measures.listened(gaps, 0)[::-1])
        joined = np.concatenate(
            [gaps.rescale_spike_timestamp(ms(gaps, index, k), "float64") - starts[k] + k * length for k in (0, 1)]
        )
        expected = metrics.presence_ratio(joined, bin_edges=np.arange(0, rate.duration_s + 1e-9, 0.25))
        assert measures.presence_ratio(gaps, index, 0.25) == pytest.approx(expected)
        sizes = measures.spike_amplitudes(gaps, index)
        assert row.snr == pytest.approx(abs(sizes.mean_uV) / sizes.noise_uV)


@pytest.mark.slow
def test_table_of_the_truth(broadband):
    """Class and place come from the ground truth; amplitudes are the truth's within their error, field and all."""
    known = truth(broadband.dirname).units
    for row in measures.unit_table(broadband):
        unit = known[row.unit]
        assert (row.kind, row.location_um) == (unit.kind, unit.location)
        # Amplitudes of spikes vary by a fifth or so, and a waveform's median by the noise: five errors of the mean.
        bound = 5 * (0.3 * abs(unit.peak_uV) + measures.spike_amplitudes(broadband, row.unit).noise_uV) / row.count**0.5
        assert abs(row.amplitude_uV - unit.peak_uV) < bound + 0.15 * abs(unit.peak_uV)


def test_figure_of_the_table(gaps, handmade):
    """The figure has a row for each unit; what is known of none has no column, and a unit of no spikes empty cells."""
    axes = drawn(plots.plot_unit_table(gaps))
    texts = {place: cell.get_text().get_text() for place, cell in axes.tables[0].get_celld().items()}
    assert [texts[0, k] for k in range(5)] == ["unit", "region", "type", "spikes", "rate (Hz)"]
    assert [texts[k + 1, 0] for k in range(3)] == gaps.header["spike_channels"]["id"].tolist()
    handmade.lfp()
    handmade.unit(times=np.empty(0), amps=np.empty((0, 64)))
    (row,) = measures.unit_table(opened(handmade.folder))
    assert (row.count, row.rate_hz, row.isi_violations, row.kind, row.location_um) == (0, 0.0, 0, "", None)
    assert np.isnan([row.snr, row.amplitude_uV, row.isi_violations_ratio, row.presence_ratio]).all()


def test_colours_do_not_repeat():
    """However many regions there are, no two have the same colour."""
    from mockrawio.rasters.figure import distinct_colours

    assert len(set(distinct_colours(60))) == 60
    assert distinct_colours(9)[:7] == distinct_colours(7)
