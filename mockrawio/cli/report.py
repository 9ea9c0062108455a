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
    SESSION,
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

_SIGNALS = ("traces", "spectrum", "spectrogram")
_PLACES = ("locations", "footprints", "drift")
_UNITS = ("raster", "units", "rates", "waveforms", "amplitudes", "isi", "autocorrelograms", "crosscorrelograms", "psth")
_WHAT = ("overview", *_SIGNALS, "probe", *_PLACES, *_UNITS, "events", "daq", "movie")
# Which parts an option goes with.
_TAKEN = {
    "--stream": ("overview", *_SIGNALS, "probe", *_PLACES),
    "--start and --stop": ("overview", "traces", "raster"),
    "--channels": ("overview", *_SIGNALS),
    "--units": ("overview", *_PLACES, *_UNITS),
}
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


@click.command("plot", cls=Command, short_help="Draw figures of a session.", epilog=epilog(*_EXAMPLES))
@click.argument("folder", type=SESSION)
@click.option(
    "-o", "--output", type=FILE, required=True, help="File to write: .png, .pdf, .svg (as matplotlib supports)."
)
@click.option(
    "--what",
    type=click.Choice(_WHAT),
    metavar="PART",
    default="overview",
    show_default=True,
    help="The overview of everything, or one part of it.",
)
@click.option(
    "--stream",
    metavar="NAME",
    shell_complete=_streams,
    help="Stream whose signals or contacts are drawn, by name or index.",
)
@click.option("--channels", metavar="NAMES", help="Channels to draw, by name, id or index, separated by commas.")
@click.option("--units", metavar="IDS", help="Units to draw, by id or index, separated by commas.")
@click.option("--start", "t_start", type=float, metavar="SECONDS", help="Start of traces and raster.")
@click.option("--stop", "t_stop", type=float, metavar="SECONDS", help="End of traces and raster.")
@click.option(
    "--dpi", type=click.IntRange(10, 1200), metavar="N", default=150, show_default=True, help="Dots per inch."
)
@overwrite_option
@reading_options
@json_option
def plot_command(
    folder: Path | str,
    output: Path,
    what: str,
    stream: str | None,
    channels: str | None,
    units: str | None,
    t_start: float | None,
    t_stop: float | None,
    dpi: int,
    overwrite: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Draw the session in FOLDER: everything on one page, or one part.

    The parts: traces, power spectrum and spectrogram of a stream; contacts of its probe; locations,
    footprints and drift of units; raster of the spikes by region; a table of the units, their rates,
    waveforms, amplitudes, isi (interspike intervals), autocorrelograms and crosscorrelograms; psth, spikes around
    events; timing of the events; jitter of the daq; movie time against the clock. Missing data are reported.
    """
    limits = {"t_start": t_start, "t_stop": t_stop}
    given = {"--stream": stream, "--start and --stop": t_start if t_stop is None else t_stop}
    _check_taken(what, given | {"--channels": channels, "--units": units})
    check_output(output, overwrite, folder)
    check_figure(output, "figures")
    from ..rawio import MockSessionRawIO
    from ..report import plots

    with MockSessionRawIO(folder, raw_dtype="source", **how) as reader:
        index = _stream_index(reader, stream)
        chosen = {"channels": _channels(reader, channels), "units": _units(reader, units)}
        figure = _drawn(plots, reader, what, index, {**limits, **chosen})
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


def _check_taken(what: str, given: dict[str, Any]) -> None:
    """Refuse options that would do nothing."""
    for option, value in given.items():
        *first, last = _TAKEN[option]
        if value is not None and what not in _TAKEN[option]:
            verb = "go" if " and " in option or option.endswith("s") else "goes"
            raise click.UsageError(f"{option}: {verb} with --what {', '.join(first)} or {last}")


def _channels(reader: MockSessionRawIO, text: str | None) -> list[int | str] | None:
    """Return the channels of a list with commas."""
    if text is None:
        return None
    rows = reader.header["signal_channels"]
    return _listed(text, {str(name) for key in ("id", "name") for name in rows[key]})


def _units(reader: MockSessionRawIO, text: str | None) -> list[int | str] | None:
    """Return the units of a list with commas."""
    return None if text is None else _listed(text, set(reader.header["spike_channels"]["id"].tolist()))


def _listed(text: str, known: set[str]) -> list[int | str]:
    """Return what is in a list with commas: names that are known, and else indexes, as far as they are numbers."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return [int(part) if part.isdecimal() and part not in known else part for part in parts]


def _drawn(
    plots: ModuleType, reader: MockSessionRawIO, what: str, stream_index: int | None, how: dict[str, Any]
) -> Figure:
    names = {"--start and --stop": ("t_start", "t_stop"), "--channels": ("channels",), "--units": ("units",)}
    taken = {name: how[name] for option, some in names.items() for name in some if what in _TAKEN[option]}
    if what in _TAKEN["--stream"]:
        taken["stream_index"] = stream_index or 0 if what in _SIGNALS else stream_index
    if what == "overview":
        figure: Figure = plots.plot_overview(reader, **taken)
        return figure
    return plots.PANELS[what](reader, **taken).figure  # type: ignore[no-any-return]  # not typed


@click.command(
    "report",
    cls=Command,
    short_help="Write an HTML report of a session.",
    epilog=epilog(f"report {_SESSION} -o report.html"),
)
@click.argument("folder", type=SESSION)
@click.option("-o", "--output", type=FILE, required=True, help="HTML file to write.")
@click.option("--labels", "labels_dir", type=SESSION, help="Folder of the movie annotations.")
@click.option(
    "--verify/--no-verify", default=True, show_default=True, help="Verify the session first, which reads all of it."
)
@overwrite_option
@part_options
@json_option
@progress_option
@click.pass_context
def report_command(
    ctx: click.Context, /, folder: Path | str, output: Path, labels_dir: Path | str | None, as_json: bool, **how: Any
) -> None:
    """Write a report of the session in FOLDER, with its verification, to one HTML file.

    The file needs no network and no server. If verification fails, the report lists the
    problems, and the exit code is 1.
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
        click.echo("Warning: the session has problems, which the report lists.", err=True)
        ctx.exit(1)
