"""``mockrawio plot`` and ``mockrawio report``: options in, text and exit codes out, as :mod:`mockrawio.cli` has it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ..ground.errors import MockSessionError
from .common import (
    FILE,
    FOLDER,
    Command,
    check_figure,
    check_output,
    epilog,
    given_folder,
    json_option,
    overwrite_option,
    part_options,
    progress_option,
    reading_options,
    show,
    wrote,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..rawio import MockSessionRawIO

_WHAT = ("overview", "traces", "probe", "raster", "waveforms", "isi", "rates", "events", "daq", "movie")
_OF_STREAMS, _OF_TIME = ("overview", "traces", "probe"), ("overview", "traces", "raster")
_SESSION = "/tmp/mock/patient_data/1/session_1"
_EXAMPLES = (f"plot {_SESSION} -o overview.png", f"plot {_SESSION} -o part.svg --what daq")


def _streams(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of the session's streams."""
    from ..rawio import MockSessionRawIO

    try:
        with MockSessionRawIO(given_folder(ctx) or "") as reader:
            names = reader.header["signal_streams"]["name"].tolist()
    except (MockSessionError, OSError):
        return []  # the command will say what is wrong
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("plot", cls=Command, short_help="Draw a session into a file.", epilog=epilog(*_EXAMPLES))
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FILE, required=True, help="The figure: .png, .pdf, .svg (what matplotlib has).")
@click.option(
    "--what",
    type=click.Choice(_WHAT),
    metavar="PART",
    default="overview",
    show_default=True,
    help="Overview, which is all, or one of its parts.",
)
@click.option(
    "--stream",
    metavar="NAME",
    shell_complete=_streams,
    help="Name or index of the stream whose traces, or contacts, are drawn; by default the first ones.",
)
@click.option("--start", "t_start", type=float, metavar="SECONDS", help="From where traces and raster are drawn.")
@click.option("--stop", "t_stop", type=float, metavar="SECONDS", help="Up to where they are drawn.")
@click.option(
    "--dpi", type=click.IntRange(10, 1200), metavar="N", default=150, show_default=True, help="Dots per inch."
)
@overwrite_option
@reading_options
@json_option
def plot_command(
    folder: Path,
    output: Path,
    what: str,
    stream: str | None,
    t_start: float | None,
    t_stop: float | None,
    dpi: int,
    overwrite: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Draw the session in FOLDER: all of it on one page, or one part.

    The parts: traces of a stream, with events and pauses of the movie; the contacts of its probe, by shank;
    raster of the spikes by region; waveforms, isi (intervals between spikes) and rates of the units; timing of
    the events; jitter of the daq; movie time against the clock. What a session lacks is said in its place.
    """
    if stream is not None and what not in _OF_STREAMS:
        raise click.UsageError(f"--stream: goes with --what {', '.join(_OF_STREAMS[:-1])} or {_OF_STREAMS[-1]}")
    if (t_start is not None or t_stop is not None) and what not in _OF_TIME:
        raise click.UsageError(f"--start and --stop: go with --what {', '.join(_OF_TIME[:-1])} or {_OF_TIME[-1]}")
    check_output(output, overwrite, folder)
    check_figure(output, "figures")
    from ..rawio import MockSessionRawIO
    from ..report import plots

    with MockSessionRawIO(folder, raw_dtype="source", **how) as reader:
        limits = {"t_start": t_start, "t_stop": t_stop} if what in _OF_TIME else {}
        figure = _drawn(plots, reader, what, _stream_index(reader, stream), limits)
        files = [plots.save_figure(figure, output, dpi, overwrite=overwrite)]
    show(as_json, {"files": files}, wrote(files))


def _stream_index(reader: MockSessionRawIO, stream: str | None) -> int | None:
    """Return the index of a stream that is given by name or by index."""
    if stream is None:
        return None
    names = reader.header["signal_streams"]["name"].tolist()
    known = [*names, *map(str, range(len(names)))]
    if stream in known:
        return known.index(stream) % len(names)
    streams = ", ".join(names) or "none: the session has no signals"
    raise MockSessionError("--stream", f"one of {streams}", f"{stream!r}", "Give its name or its index.")


def _drawn(
    plots: ModuleType, reader: MockSessionRawIO, what: str, stream_index: int | None, limits: dict[str, Any]
) -> Figure:
    if what == "overview":
        figure: Figure = plots.plot_overview(reader, stream_index=stream_index, **limits)
        return figure
    if what == "traces":
        limits["stream_index"] = stream_index or 0
    elif what == "probe":
        limits["stream_index"] = stream_index
    return plots.PANELS[what](reader, **limits).figure  # type: ignore[no-any-return]  # not typed


@click.command(
    "report",
    cls=Command,
    short_help="Write a session's report, one HTML file.",
    epilog=epilog(f"report {_SESSION} -o report.html"),
)
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FILE, required=True, help="The HTML file to write.")
@click.option("--labels", "labels_dir", type=FOLDER, help="Of the session's movie annotations.")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Check the session first: reads all of it.")
@overwrite_option
@part_options
@json_option
@progress_option
@click.pass_context
def report_command(
    ctx: click.Context, /, folder: Path, output: Path, labels_dir: Path | None, as_json: bool, **how: Any
) -> None:
    """Write what the session in FOLDER holds, and whether it is as it was made, into one HTML file.

    The file needs no network and no server. The exit code is 1 if the session is not as it
    should be; the report is written all the same, and says how.
    """
    from ..report.html import write_report
    from ..session.layout import find_labels

    if output.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"--output: expected an ending of .html or .htm; found {output.suffix!r}. Give one.")
    check_output(output, how["overwrite"], folder)
    if labels_dir is not None:
        find_labels(labels_dir)  # what was asked for is there
    made = write_report(folder, output, labels_dir=labels_dir, **how)
    found = made.verification and made.verification.as_dict()
    show(as_json, {"files": [made.path], "verification": found}, wrote([made.path]))
    if made.verification is not None and not made.verification.ok:
        click.echo("Warning: the session is not as it should be; the report says how.", err=True)
        ctx.exit(1)
