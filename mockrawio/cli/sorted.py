"""Options of the commands that take what a sorter found."""

from __future__ import annotations

import click

from ..formats.sorters import formats
from .common import Decorator, options

phy_base_option = click.option(
    "--phy-base",
    type=click.IntRange(0, 1),
    metavar="0|1",
    help="What phy's files call the first sample; else inferred.",
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
            help="Before and after a true event, within which it is found.",
        ),
        click.option(
            "--match-score",
            type=click.FloatRange(0, 1, min_open=True),
            metavar="SHARE",
            default=0.5,
            show_default=True,
            help="Least accuracy of a unit's cluster, up to 1.",
        ),
        click.option(
            "--type", "output_type", type=click.Choice([*formats()]), help=f"What {folder} holds; else inferred."
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
