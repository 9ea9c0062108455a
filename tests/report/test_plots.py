"""What the figures show: lines that are the numbers, labels with units, words where there is nothing."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.report import measures, plots
from tests.handmade import T0
from tests.report.looking import drawn, key, opened, placed, title, words

# What a figure says of a session that has none of what it shows.
SIGNALS = ("traces", "spectrum", "spectrogram", "probe")
LACKS = {"events": "no events", "daq": "no DAQ log", "movie": "no movie"}
LACKS |= {name: "no signals" if name in SIGNALS else "no units" for name in plots.PANELS if name not in LACKS}


# -- traces -----------------------------------------------------------------------------------


def test_traces_of_a_channel(gaps):
    """A single channel is drawn sample by sample in µV, a line for each segment."""
    axes = drawn(plots.plot_traces(gaps, channels=[1]))
    assert len(axes.lines) == 2
    for segment, line in enumerate(axes.lines):
        raw = gaps.get_analogsignal_chunk(0, segment, stream_index=0, channel_indexes=[1])
        assert np.array_equal(line.get_ydata(), gaps.rescale_signal_raw_to_float(raw, "float64", 0, [1])[:, 0])
        assert line.get_xdata()[0] == pytest.approx(gaps.get_signal_t_start(0, segment, 0))
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("LA2 (µV)", "time (s)")
    assert title(axes) == "lfp: 1 of 3 channels at 1000 Hz"
    assert "no samples" in key(axes)


def test_traces_one_above_the_other(gaps):
    """Several channels are named, in their order from the top, and a bar says how high they are."""
    axes = drawn(plots.plot_traces(gaps, t_start=0.0, t_stop=1.0))
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["LA1", "LA2", "LA3"]
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert np.all(np.diff([line.get_ydata().mean() for line in lines]) < 0)
    found = measures.envelope(gaps, 0, t_start=0.0, t_stop=1.0)
    for channel, line in enumerate(lines):
        assert np.allclose(np.diff(line.get_ydata()), np.diff(found.low[:, channel]))
    bar = next(line for line in axes.lines if len(line.get_xdata()) == 2)
    assert f"{np.ptp(bar.get_ydata()):g} µV" in words(axes)
    assert axes.get_xlim() == (0.0, 1.0)


def test_traces_of_many_samples(broadband):
    """Where samples are many, a pale band lies between the least and the largest value of each stretch."""
    axes = plots.plot_traces(broadband, 1, channels=[3], n_bins=90)
    found = measures.envelope(broadband, 1, 0, [3], n_bins=30)  # 1.5 s of 4.5 s
    low, high = axes.lines[:2]
    assert np.array_equal(low.get_ydata(), found.low[:, 0])
    assert np.array_equal(high.get_ydata(), found.high[:, 0])
    assert np.array_equal(low.get_xdata(), found.times)
    band = axes.collections[0]
    assert (band.get_paths()[0].vertices[:, 1].min(), band.get_alpha()) == (found.low.min(), 0.3)


@pytest.mark.parametrize("plot", [plots.plot_traces, plots.plot_spikes])
def test_a_window_that_ends_in_a_gap(gaps, plot):
    """What of a window lies in a gap is hatched too, also where the other end of the gap is outside."""
    axes = plot(gaps, t_start=5.0, t_stop=6.5)  # there are samples to 4 s, and from 6 s on
    assert "no samples" in key(axes)
    assert any(patch.get_hatch() and (patch.get_x(), patch.get_width()) == (5.0, 1.0) for patch in axes.patches)


def test_units_are_named_beside_a_gap(gaps):
    """Colours of units are told beside what is hatched; a unit by index and by id is one."""
    axes = placed(plots.plot_amplitudes(gaps, units=[0, 1, gaps.header["spike_channels"]["id"][0]]))
    told = [text.get_text() for legend in axes.findobj(Legend) for text in legend.get_texts()]
    assert sorted(told) == sorted(["no samples", *gaps.header["spike_channels"]["id"][:2]])
    assert title(axes).startswith("amplitudes of spikes: 2 of 3 units")
    beside = next(legend for legend in axes.findobj(Legend) if legend is not axes.get_legend())
    assert beside.get_window_extent().x1 <= axes.figure.bbox.x1  # the layout has room for it


def test_baselines(handmade):
    """Channels lie at even distances by their medians, also if one has a large spike; one is known by name."""
    samples = np.sin(np.arange(500) / 9) * 50
    handmade.names()
    for channel, spike in ((1, 0.0), (2, -400.0), (3, 0.0)):
        handmade.lfp(channel, samples + spike * (np.arange(500) == 250))
    reader = opened(handmade.folder, raw_dtype="source")
    lines = plots.plot_traces(reader).lines[:3]
    assert np.ptp(np.diff([np.median(line.get_ydata()) for line in lines])) < 0.02 * 50
    assert plots.plot_traces(reader, channels=["LA3"]).get_ylabel() == "LA3 (µV)"
    with pytest.raises(MockSessionError, match="expected some of CSC1, CSC2, CSC3; found 'LA9'"):
        plots.plot_traces(reader, channels=["LA9"])


def test_more_channels_than_room(broadband):
    """Of many channels the first are drawn, and the title says so."""
    axes = plots.plot_traces(broadband, 1, max_channels=4, t_stop=0.1)
    assert title(axes) == "broadband: 4 of 16 channels at 32000 Hz"
    assert len(axes.get_yticks()) == 4


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_traces_of_what_is_no_number(handmade, wrong):
    """A sample that is no number is left out; the channels are as far apart as without it, also if one has no other."""
    samples = np.sin(np.arange(500) / 9) * 50
    handmade.lfp(1, samples)
    handmade.lfp(2, np.where(np.arange(500) == 7, wrong, samples))
    handmade.lfp(3, np.full(500, wrong))
    axes = drawn(plots.plot_traces(opened(handmade.folder, raw_dtype="source")))
    assert -np.diff(axes.get_yticks()) == pytest.approx([1.2 * np.ptp(samples)] * 2)
    one, other = (line.get_ydata() for line in axes.lines[:2])
    assert np.allclose(np.delete(np.diff(one), [6, 7]), np.delete(np.diff(other), [6, 7]))


@pytest.mark.slow
def test_names_are_no_formulas(handmade):
    """What stands between dollars in a name is drawn as it is, also where it would be no formula."""
    handmade.names([r"$\bad$1", r"$\bad$2", "LA3"])
    for channel in (1, 2):
        handmade.lfp(channel)
        handmade.unit(f"CSC{channel}_SU1")
    handmade.stream(units=r"$\bad$", channels={"ids": ["CSC1", "CSC2", "CSC3"], "names": [r"$\bad$1"] * 3})
    reader = opened(handmade.folder)
    drawn(plots.plot_overview(reader).axes[0])
    drawn(plots.plot_traces(reader, channels=[0]))


def test_events_and_pauses_in_traces(handmade):
    """Events are lines with their codes, pauses are shaded; the key explains both."""
    handmade.lfp()
    handmade.events()
    handmade.watchlog()
    axes = drawn(plots.plot_traces(opened(handmade.folder)))
    assert [text.strip() for text in words(axes)] == ["1", "2", "4"]
    assert np.allclose([path.vertices[0, 0] for path in axes.collections[0].get_paths()], [0.005, 0.105, 0.205])
    assert key(axes) == ["movie paused", "event, with its code"]
    (pause,) = axes.patches
    assert np.allclose([pause.get_x(), pause.get_width()], [0.17, 0.14])


def test_many_events(handmade):
    """Events that are too many for their codes stand as a fringe."""
    handmade.lfp()
    handmade.events([[T0 + 5.0 * k, 1] for k in range(90)])
    axes = plots.plot_traces(opened(handmade.folder))
    assert words(axes) == []
    assert key(axes) == ["event"]
    assert axes.collections[0].get_paths()[0].vertices[:, 1].min() > 0.9


def test_flat_traces(handmade):
    """Channels without any swing have a place of their own all the same."""
    for channel in (1, 2):
        handmade.lfp(channel, np.zeros(100, np.int16))
    axes = drawn(plots.plot_traces(opened(handmade.folder)))
    assert [line.get_ydata()[0] for line in axes.lines[:2]] == [0, -1]


@pytest.mark.parametrize("plot", [plots.plot_traces, plots.plot_spikes, plots.plot_overview])
def test_limits_the_wrong_way_round(gaps, plot):
    """Limits must be in their order."""
    with pytest.raises(MockSessionError, match=r"first before the second; found 2 and 1 s|on, 2 s; found 1 s"):
        plot(gaps, t_start=2.0, t_stop=1.0)


def test_limits_beyond_the_samples(gaps):
    """Where there is not one sample, that is what the figure says."""
    axes = plots.plot_traces(gaps, t_start=4.5, t_stop=5.0)
    assert words(axes) == ["no samples between 4.5 and 5 s"]


# -- units ------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [{}, {"t_start": 1.0, "t_stop": 2.5}])
def test_raster(gaps, limits):
    """Every spike is a mark at its time, in the band of its region."""
    axes = drawn(plots.plot_spikes(gaps, **limits))
    regions = measures.spike_trains(gaps, **limits)
    assert len(axes.lines) == len(regions)
    for region, line in zip(regions, axes.lines, strict=True):
        assert np.allclose(np.sort(line.get_xdata()), np.sort(np.concatenate(region.times_s)))
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == [f"{r.region}\n{len(r.units)} unit{'s' if len(r.units) > 1 else ''}" for r in regions]
    n_spikes = sum(len(times) for region in regions for times in region.times_s)
    assert title(axes) == f"spikes by region: 3 units, all {n_spikes:,} spikes drawn"
    assert limits or np.allclose(axes.get_xlim(), [0, gaps.get_signal_t_start(0, 1, 0) + 3])
    assert not limits or axes.get_xlim() == (1.0, 2.5)
    assert ("no samples" in key(axes)) == (not limits)


def test_raster_before_the_first_sample(handmade):
    """Spikes before time 0 are drawn where they are."""
    handmade.lfp()
    handmade.unit(times=T0 + np.array([-500.0, 3.0, 900.0]))
    axes = drawn(plots.plot_spikes(opened(handmade.folder)))
    assert np.allclose(axes.lines[0].get_xdata(), [-0.5, 0.003, 0.9])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["no region\n1 unit"]


def test_waveforms(gaps):
    """Each unit has a panel with its mean and a band of one SD, all with the same limits."""
    axes = drawn(plots.plot_waveforms(gaps))
    rates = measures.firing_rates(gaps)
    assert title(axes) == "waveforms, mean ± SD: 3 units"
    assert [title(cell) for cell in axes.child_axes] == [f"{rate.unit}\nn = {rate.count:,}" for rate in rates]
    for unit, cell in enumerate(axes.child_axes):
        found = measures.waveform_stats(gaps, unit)
        (mean,) = (line for line in cell.lines if line.get_label() == "mean")
        assert np.array_equal(mean.get_xdata(), found.time_ms)
        assert np.array_equal(mean.get_ydata(), found.mean)
        edge = cell.collections[0].get_paths()[0].vertices[:, 1]
        assert edge.max() == pytest.approx((found.mean + found.sd).max())
        assert edge.min() == pytest.approx((found.mean - found.sd).min())
        assert len(cell.lines) == 1 + len(found.traces)
    assert len({cell.get_ylim() for cell in axes.child_axes}) == 1
    assert axes.child_axes[0].get_ylabel() == "µV"


def test_chosen_units(gaps):
    """The units with the most spikes are drawn, or those that are asked for."""
    rates = measures.firing_rates(gaps)
    most = sorted(rates, key=lambda rate: rate.count)[-2:]
    axes = plots.plot_waveforms(gaps, max_units=2)
    assert {title(cell).split("\n")[0] for cell in axes.child_axes} == {rate.unit for rate in most}
    assert title(axes) == "waveforms, mean ± SD: 2 of 3 units"
    axes = plots.plot_isi(gaps, units=[rates[2].unit, 0])
    assert [title(cell).split("\n")[0] for cell in axes.child_axes] == [rates[2].unit, rates[0].unit]
    with pytest.raises(MockSessionError, match="expected a unit"):
        plots.plot_isi(gaps, units=["CSC99_SU1"])


def test_isi(gaps):
    """Each unit's panel is its histogram, and says how many intervals are too short."""
    axes = drawn(plots.plot_isi(gaps, bins=25, max_ms=200.0, refractory_ms=20.0))
    for unit, cell in enumerate(axes.child_axes):
        found = measures.isi(gaps, unit, bins=25, max_ms=200.0, refractory_ms=20.0)
        stairs = cell.patches[0].get_data()
        assert np.array_equal(stairs.values, found.counts)
        assert np.array_equal(stairs.edges, found.edges)
        assert title(cell).endswith(f"\n{found.violations:.2%} < 20 ms")
        assert cell.get_xlim() == (0, 200)


def test_rates(gaps):
    """A bar for each unit is as high as its rate; multi-units are paler, and the key says so."""
    axes = drawn(plots.plot_rates(gaps))
    rates = measures.firing_rates(gaps)
    assert [bar.get_height() for bar in axes.patches] == [rate.rate_hz for rate in rates]
    assert [bar.get_alpha() == 1 for bar in axes.patches] == [rate.unit_type == "SU" for rate in rates]
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == [f"{rate.region} {rate.unit}" for rate in rates]
    assert axes.get_ylabel() == "spikes/s"
    assert title(axes) == "firing rates over 7 s"
    assert set(key(axes)) <= {"single unit", "multi-unit"}


@pytest.mark.slow
def test_many_units(tmp_path):
    """Bars of many units are named by region, and the raster says what it leaves out."""
    spec = SessionSpec(duration_s=4.0, n_units=120, n_channels=40, rate_hz=(20.0, 60.0), seed=1)
    with MockSessionRawIO(generate_session(spec, tmp_path)) as reader:
        axes = drawn(plots.plot_rates(reader))
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["LA", "LAH", "LEC", "LMH", "LPHC"]
        colours = {to_hex(bar.get_facecolor()) for bar in axes.patches}
        assert (len(axes.patches), len(colours)) == (120, 5)
        axes = drawn(plots.plot_spikes(reader, max_spikes=500))
        assert "spikes drawn, chosen at random" in title(axes)
        assert len(plots.plot_waveforms(reader).child_axes) == 24


# -- all of it --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(folders):
    """The page of the broadband session, drawn."""
    with opened(folders["broadband"]) as reader:
        figure = plots.plot_overview(reader)
        figure.draw_without_rendering()  # everything is in its place
        return figure


STARTS = (
    "spikes by region",
    "lfp: ",
    "broadband: ",
    "lfp: power",
    "broadband: power",
    "lfp: spectrogram",
    "broadband: ",
)
STARTS += ("waveforms", "footprints", "autocorrelograms", "intervals", "crosscorrelograms", "amplitudes", "drift map")
STARTS += ("firing rates", "", "DAQ jitter", "movie", "units: 3 units")


@pytest.mark.slow
def test_overview(page):
    """The page has a panel of everything, two streams side by side, and says whose session it is."""
    titles = [title(axes) for axes in page.axes]
    titles.remove(next(one for one in titles if one.startswith("spikes around events")))
    assert all(one.startswith(start) for one, start in zip(titles, STARTS, strict=True))
    assert page.texts[0].get_text().startswith("patient 1, session 1   ·   ")
    assert page.texts[0].get_text().endswith("2 segments   ·   3 units")


@pytest.mark.slow
def test_panels_are_apart(page):
    """On the page no panel, with its title and labels, lies over another, or beyond the edge."""
    boxes = [axes.get_tightbbox() for axes in page.axes]
    for k, one in enumerate(boxes):
        assert one.x0 >= 0
        assert one.x1 <= page.bbox.width
        for other in boxes[:k]:
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            high = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert wide <= 1 or high <= 1


def test_a_dark_style(gaps):
    """In matplotlib's dark style the page is dark, and what is drawn in black else is light."""
    with matplotlib.rc_context({"figure.facecolor": "black", "axes.facecolor": "black", "text.color": "white"}):
        axes = plots.plot_traces(gaps, channels=[0])
        assert to_hex(axes.figure.get_facecolor()) == "#000000"
        assert to_hex(axes.lines[0].get_color()) == "#ffffff"
        key = plots.plot_rates(gaps).get_legend().get_patches()
        assert {to_hex(patch.get_facecolor()) for patch in key} == {"#ffffff"}


def test_overview_of_a_part(handmade):
    """Limits, channels and units hold in all panels; what the session lacks has none, and is named once."""
    for channel in (1, 2):
        handmade.lfp(channel, np.sin(np.arange(500.0)))
    handmade.unit(amps=np.empty((3, 0)))
    handmade.unit("CSC2_SU1", amps=np.empty((3, 0)))
    reader = opened(handmade.folder, raw_dtype="source")
    figure = plots.plot_overview(reader, t_start=0.0, t_stop=0.4, channels=["CSC2"], units=["CSC2_SU1"])
    raster, traces, spectrum, spectrogram, *_ = figure.axes
    assert raster.get_xlim() == traces.get_xlim() == (0.0, 0.4)
    assert traces.get_ylabel() == "CSC2 (µV)"
    assert title(raster) == "spikes by region: 1 unit, all 3 spikes drawn"
    assert title(spectrum).startswith("lfp: power spectrum, 1 of 2 channels")
    assert title(spectrogram).startswith("lfp: spectrogram of CSC2")
    assert [title(axes).split(":")[-1] for axes in figure.axes if "of 2 units" in title(axes)].count(
        " 1 of 2 units"
    ) >= 3
    assert figure.texts[0].get_text().endswith("\nnot in this session: waveforms, events, DAQ log, movie")
    assert not any(words(axes) and words(axes)[0].endswith("in this session") for axes in figure.axes)


@pytest.mark.slow
@pytest.mark.parametrize("raw_dtype", ["int16", "source"])
def test_a_session_of_next_to_nothing(handmade, raw_dtype):
    """What there is none of is said in words, on the page and in each figure."""
    handmade.info()
    reader = opened(handmade.folder, raw_dtype=raw_dtype)
    for name, plot in plots.PANELS.items():
        assert words(drawn(plot(reader))) == [f"{LACKS[name]} in this session"]
    figure = plots.plot_overview(reader)
    figure.canvas.draw()
    assert figure.axes == []
    assert "not in this session: signals, units, waveforms, contacts, events" in figure.texts[0].get_text()
    assert figure.get_size_inches()[1] < 5


@pytest.mark.slow
@pytest.mark.parametrize("raw_dtype", ["int16", "source"])
def test_all_kinds_of_units(handmade, raw_dtype):
    """Units without spikes or without waveforms, and float ones, are drawn as what they are."""
    handmade.names()
    handmade.lfp(samples=np.linspace(-1.0, 1.0, 500))
    handmade.unit(times=np.empty(0), amps=np.empty((0, 64)))
    handmade.unit("CSC2_MU1", amps=np.linspace(-50.0, 50.0, 192).reshape(3, 64))
    reader = opened(handmade.folder, raw_dtype=raw_dtype)
    drawn(plots.plot_overview(reader).axes[0])
    empty, full = plots.plot_waveforms(reader).child_axes
    assert title(empty) == "CSC1_SU1\nn = 0"
    assert (len(empty.lines), len(full.lines)) == (0, 4)
    assert empty.get_ylim() == full.get_ylim()


def test_no_waveforms_at_all(handmade):
    """Spikes without waveforms leave a figure that says so."""
    handmade.unit(amps=np.empty((3, 0)))
    assert words(plots.plot_waveforms(opened(handmade.folder))) == ["no waveforms in this session"]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(plots.PANELS))
def test_given_axes(gaps, name):
    """Each figure is drawn on the axes it is given, and on new ones that no global state knows of."""
    axes = Figure().add_subplot()
    assert plots.PANELS[name](gaps, ax=axes) is axes
    assert plots.PANELS[name](gaps).figure is not axes.figure
