"""
Draw a session
==============

All of it on one page, then each part, then a figure of one's own out of the same parts.

Run it with a session's folder and a folder for the figures, or with nothing for temporary ones::

    python example/plot_session.py [SESSION [FIGURES]]

It needs ``pip install 'mockrawio[plot]'``. The first page is what ``mockrawio plot SESSION -o overview.png`` draws.
"""

import sys
import tempfile
from pathlib import Path

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.ground.extras import by_extra
from mockrawio.report import measures, plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure


def plot_session(session, figures):
    """Draw everything into `figures`, and print the numbers behind it."""
    with MockSessionRawIO(session) as reader:
        print(plots.save_figure(plots.plot_overview(reader), figures / "overview.png", dpi=100))
        for name, plot in plots.PANELS.items():
            print(plots.save_figure(plot(reader).figure, figures / f"{name}.png", dpi=100))
        print(plots.save_figure(around_a_pause(reader), figures / "around_a_pause.png", dpi=100))
        show_numbers(reader)


def around_a_pause(reader):
    """Put signals, spikes and movie time below each other, around the first pause of the movie."""
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
    return figure


def show_numbers(reader):
    """Print a line for each unit, and what there is to say of the timing."""
    for rate in measures.firing_rates(reader):
        gaps, shape = measures.isi(reader, rate.unit), measures.waveform_stats(reader, rate.unit)
        print(
            f"{rate.unit} in {rate.region}: {rate.count} spikes, {rate.rate_hz:.2f} a second; CV of the intervals "
            f"{gaps.cv:.2f}, {gaps.violations:.1%} below {gaps.refractory_ms:g} ms; "
            f"peak {shape.mean.max():.0f} ± {shape.sd[shape.mean.argmax()]:.0f} µV"
        )
    events, daq, movie = measures.event_timing(reader), measures.daq_jitter(reader), measures.movie_clock(reader)
    print(f"events: {len(events.times_s)}, every {events.period_s:.3f} s; how often each code: {events.codes}")
    print(f"DAQ: {len(daq.starts_s)} rows, {daq.mean_ms:.1f} ± {daq.sd_ms:.1f} ms from stamp to stamp")
    print(f"movie: {movie.ms_per_frame:.2f} ms a frame, {len(movie.pauses_s)} pauses, {len(movie.skips)} skips")


def main(session=None, figures=None):
    """Make what is not given: a session of two segments with a broadband stream, a folder for its figures."""
    with tempfile.TemporaryDirectory() as temporary:
        if session is None:
            spec = SessionSpec.broadband(segments=(12.0, 8.0), n_channels=16, n_units=6, snr=(8.0, 20.0), seed=3)
            session = generate_session(spec, temporary)
        plot_session(session, Path(figures or temporary))


if __name__ == "__main__":
    main(*sys.argv[1:])
