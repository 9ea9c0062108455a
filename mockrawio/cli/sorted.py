"""Options of the commands that take what a sorter found."""

from __future__ import annotations

import click

from ..formats.sorters import formats
from .common import Decorator, options

phy_base_option = click.option(
    "--phy-base",
    type=click.IntRange(0, 1),
    metavar="0|1",
    help="Number of the first sample in phy's files; else inferred.",
)


def sorting_options(folder: str, window_ms: float) -> Decorator:
    """Return what adds options that say what is in the argument `folder`, and when a spike of it is a true one."""
    return options(
        click.option(
            "--window-ms",
            type=click.FloatRange(min=0),
            metavar="MS",
            default=window_ms,
            show_default=True,
            help="Largest distance between a true and a found event.",
        ),
        click.option(
            "--match-score",
            type=click.FloatRange(0, 1, min_open=True),
            metavar="SHARE",
            default=0.5,
            show_default=True,
            help="Lowest accuracy for a cluster to match a unit.",
        ),
        click.option(
            "--type", "output_type", type=click.Choice([*formats()]), help=f"Format of {folder}; else inferred."
        ),
        phy_base_option,
        click.option(
            "--offset",
            type=int,
            metavar="N",
            default=0,
            show_default=True,
            help="Samples to add to the sorter's times.",
        ),
    )
