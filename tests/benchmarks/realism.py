"""How like a recording of tissue ours are, beside those of our peers: the table and the figure of ``docs/realism.rst``.

``python -m tests.benchmarks.realism`` prints the table; ``--rst`` as the page has it. With ``--mearec OUT.npz``, which
``tests/benchmarks/peer_mearec.py`` writes, MEArec takes part; ``--figure FILE`` draws. A minute, 5 GB of memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.rst import list_table

from . import measures
from .realism_plots import draw
from .recorded import SECONDS, SEED, Recorded, of_mearec, of_mockrawio, of_spikeinterface, ours


class Row(NamedTuple):
    """A row of the table."""

    what: str
    tell: Callable[[Recorded], str]  # what is measured of a recording
    before: str  # what it was of ours, while a unit was one curve on all contacts
    tissue: str  # what is known of tissue


def _negative(one: Recorded) -> str:
    return f"{measures.negative_share(one):.0%}"


def _shapes(one: Recorded) -> str:
    found = measures.shape_correlation(one)
    return f"{found.least:.3f} / {found.median:.3f}"


def _delays(one: Recorded) -> str:
    found = measures.delays_ms(one)
    return f"{found.least:.2f} to {found.most:.2f} ms"


def _rest(one: Recorded) -> str:
    found = measures.rest_of_rank_one(one)
    return f"{found.least:.1%} to {found.most:.1%}"


def _amplitudes(one: Recorded) -> str:
    return " ".join(f"{value:.2f}" for value in measures.amplitude_at(one))


def _snr(one: Recorded) -> str:
    found = measures.snr_of_templates(one)
    return f"{found.min():.1f} to {found.max():.1f}"


def _levels(one: Recorded) -> str:
    level = measures.noise_uV(one).mean()
    sizes = measures.spread(np.abs(one.peaks))
    return f"{level:.1f}; {sizes.least:.0f} to {sizes.most:.0f} µV"


def _told(one: Recorded) -> str:
    if one.told_snr is None:
        return "not available"
    return f"{np.nanmax(np.abs(measures.snr_of_templates(one) / one.told_snr - 1)):.1%}"


def _heard(one: Recorded) -> str:
    return f"{np.abs(measures.snr_of_spikes(one) / measures.snr_of_templates(one) - 1).max():.1%}"


def _tails(one: Recorded) -> str:
    return ", ".join(f"{found} ({expected:.0f})" for found, expected in measures.events_beyond(one))


def _flat(one: Recorded) -> str:
    return f"{measures.unevenness(one):.1%}"


def _correlation(one: Recorded) -> str:
    return " → ".join(f"{value:.2f}" for value in measures.noise_correlation(one))


def _rates(one: Recorded) -> str:
    found = measures.rates(one)
    return f"{found.mean_over_median:.2f}, {found.sd_log10:.2f}, {found.skew:.1f}"


def _intervals(one: Recorded) -> str:
    shares = (measures.short_intervals(one, of) for of in (one.multi, ~one.multi))
    return " / ".join("none" if np.isnan(share) else f"{share:.2%}" for share in shares)


ROWS = (
    Row("units with a negative main peak", _negative, "0%", "90 to 95 %"),
    Row("correlation of unit waveforms, lowest / median", _shapes, "0.967 / 0.994", "diverse"),
    Row("delay between contacts", _delays, "0 ms", "like MEArec"),
    Row("share of a footprint that is not one shape times a factor", _rest, "0%", "like MEArec"),
    Row("amplitude at 20 to 40, 40 to 60, 60 to 90, 90 to 130 µm", _amplitudes, "0.53 0.24 0.13 0.10", ""),
    Row("SNR in 300 to 6000 Hz", _snr, "8.3 to 22.7", ""),
    Row("largest error of the ground truth's SNR", _told, "claimed 5.2 to 14.5", ""),
    Row("noise in that band; unfiltered main peaks", _levels, "", ""),
    Row("largest deviation of spikes from their templates", _heard, "", ""),
    Row(
        "samples of the white part beyond 3, 4, 5 SD (expected of a Gaussian)",
        _tails,
        "96226 (166044), 450 (3871), 0 (35)",
        "Gaussian",
    ),
    Row("deviation of its spectrum from white", _flat, "248%", "smooth"),
    Row(
        "correlation of the noise in the band below 35 → beyond 500 µm",
        _correlation,
        "0.29 → 0.29",
        "falls",
    ),
    Row("rates: mean / median, SD of log10, skew", _rates, "1.08, 0.34, 0.1", "log-normal"),
    Row("intervals below 2 ms, multi-units / single units", _intervals, "0% / 0%", "some / none"),
)


def recordings(mearec: Path | None, seconds: float, seed: int) -> Iterator[Recorded]:
    """Yield the recordings that are compared."""
    yield of_mockrawio(ours(seconds, seed))
    yield of_spikeinterface(seconds, seed)
    if mearec:
        yield of_mearec(mearec)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mearec", type=Path, help="what peer_mearec.py has written")
    parser.add_argument("--figure", type=Path, help="a file for the figure")
    parser.add_argument("--rst", action="store_true", help="print the table as reStructuredText")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    named: list[tuple[str, list[str]]] = []
    drawn: list[Recorded] = []
    for one in recordings(options.mearec, options.seconds, options.seed):
        named.append((one.name, [row.tell(one) for row in ROWS]))
        if options.figure:
            drawn.append(one)
    if options.figure:
        draw(drawn, options.figure)
    print(as_rst(named) if options.rst else as_text(named))


def as_rst(named: list[tuple[str, list[str]]]) -> str:
    """Return the table of what was measured of recordings, by their names, as reStructuredText."""
    head = ("", "ours before", *(name for name, _ in named), "tissue")
    cells = [(row.what, row.before, *(told[k] for _, told in named), row.tissue) for k, row in enumerate(ROWS)]
    return list_table([head, *cells], (30, 15, *(15 for _ in named), 10))


def as_text(named: list[tuple[str, list[str]]]) -> str:
    """Return the same as lines, a row under its name."""
    lines = []
    for k, row in enumerate(ROWS):
        lines += [row.what, *(f"    {name:<20}{told[k]}" for name, told in named)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
