"""A row of numbers for each unit: what is measured of its spikes, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..ground.arrays import Floats
from ..ground.checks import require
from ..ground.shown import Argument
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_index, unit_indexes
from .planted import planted_units
from .spiking import FiringRate, firing_rates, isi, listened
from .waveform_stats import spike_amplitudes

_BINS, _BIN_S = 10, 60.0  # of presence: SpikeInterface's minutes, or as many of a session that has not even these


@dataclass(frozen=True)
class UnitRow:
    """What there is to say of a unit.

    Attributes
    ----------
    unit, region, unit_type : str
        As in :class:`~mockrawio.report.measures.FiringRate`.
    kind : str
        The class of its cell, from the session's ground truth; empty where there is none.
    count : int
    rate_hz : float
    snr : float
        The size of `amplitude_uV` over the noise of its waveforms; NaN without waveforms.
    amplitude_uV : float
        The mean of its spikes' amplitudes as :func:`~mockrawio.report.measures.spike_amplitudes` has them.
    location_um : tuple of float, or None
        x, y and z in µm, from the ground truth.
    isi_violations : int
        Intervals below `refractory_ms`.
    isi_violations_ratio : float
        Their rate over what it would be if refractoriness did not matter (Hill et al. 2011), as SpikeInterface's metric
        of that name; NaN without spikes.
    presence_ratio : float
        Share of stretches of a minute in which it fires, as SpikeInterface has it; in a session of less than ten
        minutes, of a tenth of it. NaN without spikes.
    """

    unit: str
    region: str
    unit_type: str
    kind: str
    count: int
    rate_hz: float
    snr: float
    amplitude_uV: float
    location_um: tuple[float, ...] | None
    isi_violations: int
    isi_violations_ratio: float
    presence_ratio: float


def unit_table(
    reader: MockSessionRawIO, units: Sequence[int | str] | None = None, *, refractory_ms: float = 1.5
) -> list[UnitRow]:
    """Measure what there is to say of each unit in numbers.

    Parameters
    ----------
    reader : MockSessionRawIO
    units : sequence of int or str, optional
        Which, by index or id. None: all of them.
    refractory_ms : float
        Shorter intervals are violations.

    Returns
    -------
    list of UnitRow

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    rates, planted = firing_rates(reader), planted_units(reader)
    rows = []
    for index in unit_indexes(reader, units):
        rate, one = rates[index], planted.get(rates[index].unit)
        amplitude, snr = _size(reader, index)
        violations, ratio = _violations(reader, rate, refractory_ms)
        known = (one.kind, one.location_um) if one else ("", None)
        presence = presence_ratio(reader, index)
        rows.append(
            UnitRow(
                *(rate.unit, rate.region, rate.unit_type, known[0], rate.count, rate.rate_hz, snr, amplitude, known[1]),
                *(violations, ratio, presence),
            )
        )
    return rows


def _size(reader: MockSessionRawIO, index: int) -> tuple[float, float]:
    """Return amplitude in µV and SNR."""
    found = spike_amplitudes(reader, index)
    return found.mean_uV, abs(found.mean_uV) / found.noise_uV if found.noise_uV else np.nan


def _violations(reader: MockSessionRawIO, rate: FiringRate, refractory_ms: float) -> tuple[int, float]:
    found = isi(reader, rate.unit, bins=1, refractory_ms=refractory_ms)
    count = round(found.n * found.violations) if found.n else 0
    expected = 2 * rate.count**2 * refractory_ms / 1000
    return count, count * rate.duration_s / expected if expected else np.nan


def presence_ratio(reader: MockSessionRawIO, unit: int | str, bin_s: float | None = None) -> float:
    """Return the share of stretches of the session in which a unit fires at least once; NaN without spikes.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        Index or id.
    bin_s : float, optional
        How long a stretch is. Segments are put end to end, and what is left over is not counted, as SpikeInterface
        does it. None: a minute, or a tenth of a session of less than ten.

    Raises
    ------
    MockSessionError
        If the unit is unknown, or `bin_s` not above 0.
    """
    index, spans = unit_index(reader, unit), [listened(reader, k) for k in range(reader.segment_count(0))]
    edges = np.cumsum([0.0, *(stop - start for start, stop in spans)])
    bin_s = min(_BIN_S, edges[-1] / _BINS) if bin_s is None else bin_s
    require(bin_s > 0 or bin_s == edges[-1], Argument("bin_s"), "a length above 0 s", bin_s)
    bins = int(edges[-1] / bin_s + 1e-9) if bin_s else 0
    parts: list[Floats] = []
    for segment, (start, _) in enumerate(spans):
        stamps = reader.get_spike_timestamps(0, segment, index)
        parts.append(reader.rescale_spike_timestamp(stamps, "float64") - start + edges[segment])
    times = np.concatenate(parts)
    if not times.size or not bins:
        return np.nan
    fired = np.histogram(times, np.arange(bins + 1) * bin_s)[0] > 0
    return float(fired.mean())


def table_columns(rows: Sequence[UnitRow]) -> dict[str, list[str]]:
    """Return a table of units as text, by what stands above each column; one of which nothing is known is left out."""
    columns = {head: [text(row) for row in rows] for head, (text, _) in COLUMNS.items()}
    return {head: texts for head, texts in columns.items() if any(texts)}


def _number(value: float, how: str) -> str:
    return format(value, how) if np.isfinite(value) else ""


def _place(row: UnitRow) -> str:
    return "" if row.location_um is None else ", ".join(f"{part:.0f}" for part in row.location_um)


# What stands above each column, what it says of a unit, and by what it is sorted; None: by the text.
COLUMNS: dict[str, tuple[Callable[[UnitRow], str], Callable[[UnitRow], float] | None]] = {
    "unit": (lambda row: row.unit, None),
    "region": (lambda row: row.region, None),
    "type": (lambda row: row.unit_type, None),
    "class": (lambda row: row.kind, None),
    "spikes": (lambda row: f"{row.count:,}", lambda row: row.count),
    "rate (Hz)": (lambda row: _number(row.rate_hz, ".2f"), lambda row: row.rate_hz),
    "SNR": (lambda row: _number(row.snr, ".1f"), lambda row: row.snr),
    "amplitude (µV)": (lambda row: _number(row.amplitude_uV, ".1f"), lambda row: row.amplitude_uV),
    "place (µm)": (_place, None),
    "ISI < 1.5 ms": (lambda row: f"{row.isi_violations:,}", lambda row: row.isi_violations),
    "ISI violations": (lambda row: _number(row.isi_violations_ratio, ".3f"), lambda row: row.isi_violations_ratio),
    "presence": (lambda row: _number(row.presence_ratio, ".2f"), lambda row: row.presence_ratio),
}
