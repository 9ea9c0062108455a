"""The ``mockrawio`` command: options in, text and exit codes out, no logic of its own.

It is built with click, for commands of commands whose every option is checked and explained
in one place, and which tests can call without starting a process.

Exit codes: 0 success; 1 a problem with the data (or the disk); 2 wrong usage; 130
interrupted; 141 the reader of our output went away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import get_completion_class

from .. import __version__
from ..ground.places import folder_at
from ..ground.remote.folder import RemoteFolder
from ..ground.shown import visible
from .common import (
    FILE,
    FOLDER,
    SESSION,
    Commands,
    epilog,
    json_option,
    overwrite_option,
    progress_option,
    show,
    usage_error,
    workers_option,
)
from .corpus import Make, corpus_options, generate_sessions, take_corpus
from .export import export_command, formats_command
from .hybrid import hybrid_commands
from .look import info_command, verify_command
from .raster import raster_command
from .report import plot_command, report_command
from .score import score_command

if TYPE_CHECKING:
    from ..generate import SessionSpec


def _print_completion(ctx: click.Context, param: click.Parameter, shell: str | None) -> None:
    """Print the script, and leave."""
    if shell is None or ctx.resilient_parsing:
        return
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.command, {}, "mockrawio", "_MOCKRAWIO_COMPLETE").source())
    ctx.exit()


@click.group(
    "mockrawio",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=epilog("demo", "generate --help"),
)
@click.option(
    "--completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    is_eager=True,
    expose_value=False,
    callback=_print_completion,
    help="Print the completion script for this shell.",
)
@click.version_option(__version__, package_name="mockrawio")
def main() -> None:
    """Read, generate and check mock electrophysiology sessions."""


@main.command(
    "demo", short_help="Generate a small session, read it, and print it.", epilog=epilog("demo", "demo /tmp/mock")
)
@click.argument("root", type=FOLDER, required=False)
@overwrite_option
def demo_command(root: Path | None, overwrite: bool) -> None:
    """Generate a small session, read it through Neo's low-level layer, and print it.

    The session is generated in a temporary folder that is removed afterwards, or in ROOT,
    where it is kept.
    """
    from .demo import demo

    with nullcontext(root) if root else tempfile.TemporaryDirectory(prefix="mockrawio-") as place:
        folder = demo(place, click.echo, overwrite)
    removed = "Removed it again; give a ROOT to keep it: mockrawio demo ROOT"
    click.echo(f"\nKept in {visible(folder)}" if root else f"\n{removed}")


def _floats(form: str) -> Callable[[click.Context, click.Parameter, str | None], tuple[float, ...] | None]:
    """Return the callback of an option whose value is numbers with commas between."""

    def convert(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
        try:
            return None if value is None else tuple(float(part) for part in value.split(","))
        except ValueError:
            raise click.BadParameter(f"{value!r} is not {form}") from None

    return convert


_SECONDS = _floats("seconds with commas between, such as 6,4")
_LOW_HIGH = _floats("two numbers with a comma between, such as 5,15")
_GENERATE_EXAMPLES = (
    "generate /tmp/mock --duration 60 --seed 0",
    "generate /tmp/mock --segments 6,4 --channels 16 --units 5 --seed 0",
    "generate /tmp/mock --broadband --probe utah --sampling-rate 30000",
    "generate /tmp/mock --spec session.toml --seed 0",
    "generate /tmp/mock --broadband --duration 86400 --seed 0 --virtual",
    "generate /tmp/mock --sessions 1-1000 --seed 0 --scheduler local",
    "generate s3://bucket/mock --sessions 1-1000 --seed 0",
)


@main.command("generate", short_help="Generate a session, or many.", epilog=epilog(*_GENERATE_EXAMPLES))
@click.argument("root", type=SESSION)
@click.option("--patient-id", type=int, metavar="N", default=1, show_default=True, help="Patient number.")
@click.option("--session-nr", type=int, metavar="N", default=1, show_default=True, help="Session number.")
@click.option("--epiphyte", is_flag=True, help="Use the sizes and encoding of Epiphyte's generator.")
@click.option("--broadband", is_flag=True, help="Add a stream with the spikes; by default a minute at 32 kHz.")
@click.option(
    "--spec", "spec_file", type=FILE, help="Spec in TOML or JSON, or a session's manifest; options override it."
)
@click.option("--probe", metavar="NAME|FILE", help="Name of a probe, or a ProbeInterface file.")
@click.option("--sampling-rate", metavar="HZ", help="Sampling rate of the stream: 30000, 24414.0625 or 100000/3.")
@click.option(
    "--duration", "duration_s", type=float, metavar="SECONDS", help="Duration; by default drawn from 95 to 105 minutes."
)
@click.option(
    "--segments",
    callback=_SECONDS,
    metavar="SECONDS",
    help="Duration of each segment, such as 6,4; instead of --duration.",
)
@click.option("--channels", "n_channels", type=int, metavar="N", help="Number of channels.")
@click.option("--units", "n_units", type=int, metavar="N", help="Number of units.")
@click.option(
    "--lfp-channels",
    "n_lfp_channels",
    type=int,
    metavar="N",
    help="Number of channels with an LFP; by default 1, or all with a stream.",
)
@click.option(
    "--snr",
    callback=_LOW_HIGH,
    metavar="LOW,HIGH",
    help="Lowest and highest SNR of units, such as 5,15: peak / SD of the noise, 300 to 6000 Hz.",
)
@click.option("--difficulty", type=int, metavar="N", help="Difficulty of sorting, from 1 to 5; implies --broadband.")
@click.option("--spikes", type=FILE, help="SONATA or bmtk .csv file with the spikes, one unit per node.")
@click.option("--templates", type=FILE, help="Templates of the units: zarr, .npz, MEArec's .h5, phy, .npy.")
@click.option("--encoding", type=click.Choice(["int16", "float64"]), help="Data type of stored samples.")
@click.option("--annotations", is_flag=True, help="Also generate movie annotations in ROOT/movie_annotations.")
@click.option("--seed", type=int, metavar="N", help="The same seed gives the same bytes; by default random.")
@click.option("--virtual", is_flag=True, help="Write only a few kB; data are computed when they are read.")
@corpus_options
@workers_option
@overwrite_option
@json_option
@progress_option
def generate_command(
    root: Path | str,
    epiphyte: bool,
    broadband: bool,
    spec_file: Path | None,
    annotations: bool,
    virtual: bool,
    workers: int,
    overwrite: bool,
    as_json: bool,
    progress: bool,
    **fields: Any,
) -> None:
    """Generate a session below ROOT and print its folder.

    The session's folder is ROOT/patient_data/{patient-id}/session_{session-nr}. It is
    written completely or not at all. ROOT may be an address, such as s3://bucket/mock, to which
    the session is uploaded.

    With --sessions, sessions that exist are kept, so the same command continues an interrupted run.
    Failed sessions are listed on stderr and in ROOT/corpus_failures.csv, and
    the exit code is then 1.
    """
    from ..generate import SessionSpec

    if annotations and isinstance(root, str):
        raise click.UsageError("--annotations: needs a local ROOT")
    given = {name: value for name, value in fields.items() if value is not None}
    streams = "--broadband" if broadband else "--difficulty"
    asked_for = broadband or ("difficulty" in given and not spec_file)
    makers = {
        "--epiphyte": SessionSpec.epiphyte if epiphyte else None,
        streams: SessionSpec.broadband if asked_for else None,
        "--spec": partial(SessionSpec.from_file, spec_file) if spec_file else None,
    }
    asked = [option for option, maker in makers.items() if maker]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)}: give only one of them")
    make: Make = makers[asked[0]] or SessionSpec if asked else SessionSpec
    if spec_file:
        given = {name: value for name, value in given.items() if _is_given(name)}
    options: dict[str, Any] = {"n_workers": workers, "overwrite": overwrite, "progress": progress, "virtual": virtual}
    if corpus := take_corpus(given):
        if annotations:
            raise click.UsageError("--annotations and --sessions: give only one of them")
        generate_sessions(corpus, make, given, root, as_json=as_json, **options)
        return
    try:
        spec = make(**given).seeded()
    except ValueError as error:
        raise usage_error(error) from error
    folder = _generated(spec, root, options)
    if not as_json:
        click.echo(visible(folder))  # at once: it is there, whatever becomes of the annotations
        _note_width(spec, given)
    labels = _generate_annotations(spec, Path(root), overwrite) if annotations else []
    if as_json:
        about = {"patient_id": spec.patient_id, "session_nr": spec.session_nr, "seed": spec.seed}
        show(True, {"folder": folder, **about, "annotations": labels}, ())


def _generated(spec: SessionSpec, root: Path | str, options: dict[str, Any]) -> Path | str:
    """Make a session below a folder, or an address, and return where it is."""
    from ..generate import generate_session
    from ..generate.elsewhere import generate_elsewhere

    place = folder_at(root)
    if isinstance(place, RemoteFolder):
        return generate_elsewhere(spec, place, **options).place
    return generate_session(spec, root, **options)


def _note_width(spec: SessionSpec, given: dict[str, Any]) -> None:
    """Say why there are fewer LFPs than channels, if channels were asked for and LFPs were not."""
    n, width = spec.contacts.n, spec.lfp_width
    if given.get("n_channels") and not given.get("n_lfp_channels") and width < n:
        note = f"Note: {width} of {n} channels has an LFP, to save space; --lfp-channels {n} gives all one."
        click.echo(note, err=True)


def _is_given(name: str) -> bool:
    """Return True if an option was given, rather than having its default."""
    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT


def _generate_annotations(spec: SessionSpec, root: Path, overwrite: bool) -> list[Path]:
    """Annotate the movie of a session, from the session's seed."""
    from ..generate import generate_annotations
    from ..generate.plan import plan_session
    from ..session.layout import LABELS

    plan = plan_session(spec)
    minutes = (plan.stim_off_ms - plan.stim_on_ms) / 60_000
    return generate_annotations(root / LABELS, stimulus_len=minutes, seed=plan.seed, overwrite=overwrite)


_SESSION = "/tmp/mock/patient_data/1/session_1"


@main.command(
    "materialise",
    short_help="Write a virtual session to disk.",
    epilog=epilog(f"materialise {_SESSION}", f"materialise {_SESSION} -o /tmp/mock/1"),
)
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, help="Session folder to write; by default replaces FOLDER.")
@workers_option
@overwrite_option
@json_option
@progress_option
def materialise_command(
    folder: Path, output: Path | None, workers: int, overwrite: bool, as_json: bool, progress: bool
) -> None:
    """Write the virtual session in FOLDER to disk, and print the session's folder.

    The files are those that generate writes for its spec without --virtual.
    """
    from ..generate import materialise

    written = materialise(folder, output, n_workers=workers, overwrite=overwrite, progress=progress)
    show(as_json, {"folder": written}, [str(written)])


for command in (
    info_command,
    verify_command,
    export_command,
    formats_command,
    hybrid_commands,
    raster_command,
    plot_command,
    report_command,
    score_command,
):
    main.add_command(command)
