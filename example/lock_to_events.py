"""
Lock units to events
====================

Generate units that respond to an event, and compare their PSTH with the true rates.

Pass a folder for the session; by default a new temporary one is used. The session is
kept, and the script prints where::

    python example/lock_to_events.py [ROOT]

The figures need matplotlib (extra ``plot``).
"""

# %%
# Firing rates rise fivefold between 100 ms and 400 ms after each event of code 4. See
# :doc:`/firing` for other firing patterns.

import sys
from pathlib import Path
from tempfile import mkdtemp

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.generate import EventLocked, Firing
from mockrawio.ground.extras import by_extra
from mockrawio.report import measures, plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

root = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))

answer = EventLocked(code=4, gain=5, latency_ms=100, duration_ms=300)
spec = SessionSpec.broadband(
    duration_s=60,
    n_channels=8,
    n_units=4,
    n_events=240,
    firing=Firing(locked=answer),
    seed=1,
)
session = generate_session(spec, root, overwrite=True)
print(spec.firing)
print(session)

# %%
# PSTH
# ----
#
# One row for each event of that code, and the mean rate below.

reader = MockSessionRawIO(session)
reader.parse_header()
figure = plots.plot_psth(reader, labels=[4]).figure
print("the figure:", plots.save_figure(figure, root / "psth.png", dpi=100))

# %%
# True rates
# ----------
#
# The ground truth includes the rate from which each unit's spikes were drawn. The
# histogram approximates its mean around the events.

unit_id = max(measures.firing_rates(reader), key=lambda rate: rate.rate_hz).unit
found = measures.peri_event(reader, unit_id, labels=[4])

stamps, _, labels = reader.get_event_timestamps(0, 0, event_channel_index=0)
seconds = reader.rescale_event_timestamp(stamps[labels == "4"], event_channel_index=0)
rate = reader.get_signal_sampling_rate(stream_index=1)
before, after = int(0.5 * rate), int(1.0 * rate)
unit = truth(session).units[unit_id]
frames = [round(second * rate) for second in seconds]
drawn_from = [
    unit.intensity(0, frame - before, frame + after)
    for frame in frames
    if before <= frame < 60 * rate - after
]
known = sum(drawn_from) / len(drawn_from)
print(f"{unit_id}: up to {found.rate_hz.max():.1f} spikes/s in bins of 25 ms")
print(f"drawn from up to {known.max():.1f}")

figure = Figure(figsize=(9, 4), layout="constrained")
axes = figure.subplots()
axes.stairs(found.rate_hz, found.edges_s, fill=True, alpha=0.4, label="histogram")
times = [(k - before) / rate for k in range(before + after)]
axes.plot(times, known, color="black", label="what it was drawn from")
axes.set(title=unit_id, xlabel="time from the event (s)", ylabel="spikes/s")
axes.legend()
print("the figure:", plots.save_figure(figure, root / "known.png", dpi=100))
print("the session:", session)
reader.close()
