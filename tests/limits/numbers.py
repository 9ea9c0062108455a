"""Numbers on pages that are not limits: defaults, sizes and thresholds, compared with the code's constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _same(value: Any) -> Any:
    return value


def _each(value: Any) -> tuple[str, ...]:
    return tuple(f"{one:g}" for one in value)


@dataclass(frozen=True)
class Number:
    """One number on one page; the sentence is a format string for the value."""

    constant: str  # below `mockrawio`, or in `tests`
    page: str  # below `docs`
    sentence: str
    said: Callable[[Any], Any] = _same  # what the page says, from the value


NUMBERS = (
    Number("ground.remote.blocks.BLOCK", "remote.rst", "Requests are at least {} KiB,", lambda n: n >> 10),
    Number("ground.remote.blocks.MOST", "remote.rst", "cached, up to {} MiB per reader", lambda n: n >> 20),
    Number("ground.remote.reading.TOGETHER", "remote.rst", "one request per channel, {} at a time"),
    Number("ground.remote.reading.TOGETHER", "remote.rst", "each file is read, {} files at a time"),
    Number("ground.remote.store.DELAYS_S", "remote.rst", "retried after {0[0]}, {0[1]}, {0[2]} and {0[3]} s,", _each),
    Number("ground.remote.web._SILENT_S", "remote.rst", "may take {:g} s, plus", lambda s: 2 * s),
    Number("ground.remote.web._SLOWEST", "remote.rst", "the time of its bytes at {} KiB/s", lambda n: n >> 10),
    Number("generate.checks.RATES_HZ", "parts.rst", "rational number from {0[0]} to {0[1]} Hz"),
    Number("generate.parts.units.template._NEAR_UM", "templates.rst", "up to {:g} µm from its largest contact"),
    Number("generate.parts.units.resampled._LOBES", "templates.rst", "sinc kernel of {} lobes", lambda n: 2 * n),
    Number("session.made._STEP", "virtual.rst", "part of a chunk of {} samples"),
    Number("generate.made_arrays._KEPT_BYTES", "virtual.rst", "(at most {} MiB)", lambda n: n >> 20),
    Number("generate.renewal.BLOCK", "virtual.rst", r"in blocks of 2\ :sup:`{}` frames", lambda n: n.bit_length() - 1),
    Number("generate.renewal.BLOCK", "firing.rst", "in blocks of 2**{} samples", lambda n: n.bit_length() - 1),
    Number(
        "generate.parts.firing.pace._BUSIEST", "firing.rst", "take more than {:.0f} % of the time", lambda n: 100 * n
    ),
    Number("generate.parts.motion.part.STEP_UM", "motion.rst", "in steps of {} µm"),
    Number("interop.session_score.score(window_ms)", "score.rst", "has a spike within {} ms (``window_ms``,"),
    Number("scoring.causes.LOW_SNR", "score.rst", "smaller than {:g} standard deviations"),
    Number("scoring.causes.OVERLAP_MS", "score.rst", "µm fires within {:g} ms"),
    Number("scoring.causes.OVERLAP_UM", "score.rst", "a unit within {:g} µm fires"),
    Number("scoring.causes.REFRACTORY_MS", "score.rst", "another spike within {:g} ms"),
    Number("scoring.causes.BURST_MS", "score.rst", "fired in the last {:g} ms"),
    Number("scoring.causes.DRIFT_UM", "score.rst", "the cell is {:g} µm or more from"),
    Number("scoring.causes.NEIGHBOUR_UM", "score.rst", "there is a unit within {:g} µm"),
    Number("scoring.corrupt.CLEAR_MS", "score.rst", "are at least {:g} ms plus the jitter"),
    Number("hybrid.validate.validate(window_ms)", "hybrid.rst", "within {:g} ms before or after it (``window_ms``)"),
    Number("hybrid.validate.validate(match_score)", "hybrid.rst", "below ``match_score`` ({})"),
    Number("hybrid.channels.RADIUS_UM", "hybridfactory.rst", "within {:g} µm of the peak"),
    Number("hybrid.times.REFRACTORY_MS", "hybridfactory.rst", "{:g} ms or more from every spike of the source unit"),
    Number("convert.spans.GAP_MS", "convert.rst", "each starts {:g} s after the end", lambda ms: ms / 1000),
    Number("convert.spans.GAP_MS", "convert.rst", "one after another, {:g} s apart,", lambda ms: ms / 1000),
    Number("interop.dask.MOST_TIMES", "scale.rst", "Above {} GiB this is refused", lambda n: 8 * n >> 30),
    Number("device.samples.SLACK", "gpu.rst", "less than a {} of a sample", {1e-3: "thousandth"}.get),
    Number("report.page_traces.BINS", "report.rst", "up to {:,} samples (over all segments)", lambda n: 2 * n),
    Number("report.snippets.spike_depths(max_s)", "report.rst", "drift is measured in a {} of", {60.0: "minute"}.get),
    Number("report.page_units.MOST_DEPTHS", "report.rst", "drawn as {:,} spikes"),
    Number("report.page_units.MOST_DOTS", "report.rst", "amplitudes of a unit as {}."),
    Number("report.snippets.spike_depths(max_um)", "plots.rst", "on the contacts within {:g} µm of the unit's"),
    Number("report.spiking.isi(refractory_ms)", "plots.rst", "and the share below {:g} ms"),
    Number("rasters.noise.RUN_IN", "rasters.rst", "drops the first {} samples"),
    Number("rasters.noise.MEAN", "rasters.rst", "white noise (mean {:g},"),
    Number("rasters.noise.SD", "rasters.rst", "standard deviation {}) with"),
    Number("rawio.signals.FEW", "readers.rst", "or {} if that is more"),
    Number("tests.faults.driver.LAST", "faults.rst", "its last {}:", {12: "twelve"}.get),
    Number("tests.faults.driver.AT", "faults.rst", "up to {} steps of each", len),
    Number("tests.faults.driver.ROUNDS", "faults.rst", "{} rounds of each"),
    Number("tests.fuzz.test_fuzz.CASES", "security.rst", "{:,} cases run on every change"),
    Number("tests.fuzz.watch.MEMORY", "security.rst", "may use {} MiB more address space", lambda n: n >> 20),
    Number("tests.fuzz.watch.SECONDS", "security.rst", "a case {:g} s of its time"),
)
