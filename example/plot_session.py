"""
Draw a session
==============

Draw everything on one page, then each part, then combine parts in your own figure.

Pass a session's folder and a folder for the figures; by default new temporary ones are
used. The files are kept, and the script prints where::

    python example/plot_session.py [SESSION [FIGURES]]

It needs matplotlib (extra ``plot``).
"""

# %%
# Overview
# --------
#
# If you pass no session, one with two segments is generated. The command
# ``mockrawio plot SESSION -o overview.png`` draws the same page.

import sys
from pathlib import Path
from tempfile import mkdtemp

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.ground.extras import by_extra
from mockrawio.report import measures, plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

figures = Path(sys.argv[2] if len(sys.argv) > 2 else mkdtemp(prefix="mockrawio-"))
if len(sys.argv) > 1:
    session = sys.argv[1]
else:
    spec = SessionSpec.broadband(
        segments=(12.0, 8.0), n_channels=16, n_units=6, snr=(8.0, 20.0), seed=3
    )
    session = generate_session(spec, figures)

reader = MockSessionRawIO(session)
reader.parse_header()
page = plots.plot_overview(reader)
print("the figure:", plots.save_figure(page, figures / "overview.png", dpi=100))

# %%
# Parts
# -----
#
# Each function takes ``ax=``, and creates a figure without it. The keys are the values
# of ``mockrawio plot --what``.

for name, plot in plots.PANELS.items():
    figure = plot(reader).figure
    print(name, plots.save_figure(figure, figures / f"{name}.png", dpi=100), sep=": ")

# %%
# Your own figure
# ---------------
#
# Signals, spikes and movie time around the first pause of the movie.

movie = measures.movie_clock(reader)
middle = float(movie.pause_starts_s[0]) if len(movie.pauses_s) else 1.0
start, stop = middle - 1, middle + 2

figure = Figure(figsize=(9, 9), layout="constrained")
signals, spikes, clock = figure.subplots(3, 1, sharex=True)
last = len(reader.header["signal_streams"]) - 1
plots.plot_traces(reader, last, signals, t_start=start, t_stop=stop, max_channels=4)
plots.plot_spikes(reader, spikes, t_start=start, t_stop=stop)
plots.plot_movie_clock(reader, clock)
clock.set_xlim(start, stop)
shown = movie.pts_s[(movie.clock_s >= start) & (movie.clock_s <= stop)]
if len(shown):
    clock.set_ylim(shown.min() - 0.1, shown.max() + 0.1)
for axes in (signals, spikes):
    axes.label_outer()
print(
    "the figure:", plots.save_figure(figure, figures / "around_a_pause.png", dpi=100)
)

# %%
# Numbers
# -------
#
# All numbers in the figures are available without matplotlib.

for rate in measures.firing_rates(reader):
    gaps = measures.isi(reader, rate.unit)
    shape = measures.waveform_stats(reader, rate.unit)
    print(f"{rate.unit} in {rate.region}: {rate.count} spikes, {rate.rate_hz:.2f} Hz")
    print(f"   intervals: CV {gaps.cv:.2f}, {gaps.violations:.1%} too short")
    peak = shape.mean.argmax()
    print(f"   peak {shape.mean.max():.0f} ± {shape.sd[peak]:.0f} µV")

events, daq = measures.event_timing(reader), measures.daq_jitter(reader)
print(f"events: {len(events.times_s)}, every {events.period_s:.3f} s")
print(f"DAQ: {len(daq.starts_s)} rows, {daq.mean_ms:.1f} ± {daq.sd_ms:.1f} ms apart")
print(f"movie: {movie.ms_per_frame:.2f} ms a frame, {len(movie.pauses_s)} pauses")
print("the figures are in", figures)
reader.close()
