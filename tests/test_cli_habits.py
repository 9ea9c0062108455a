"""What all commands of `mockrawio` have in common: exit codes, screens, JSON, completion, and the page about them."""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from mockrawio import SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.ground.extras import install_command

PAGE = Path(__file__).parents[1] / "docs" / "cli.rst"
SESSION = "patient_data/1/session_1"
# These mean the same wherever they are, and come last, in this order.
SHARED = [
    "--workers", "--overwrite", "--follow-symlinks", "--exclude", "--gap-tolerance-ms", "--json", "--progress"
]  # fmt: skip


def commands(group, words=()):
    """Yield the words of each command, and the command."""
    yield " ".join(words), group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*words, name))


COMMANDS = dict(commands(main))
LEAVES = {words: command for words, command in COMMANDS.items() if not isinstance(command, click.Group)}


def options(command):
    """Return the options of a command, in order."""
    return [param for param in command.params if isinstance(param, click.Option)]


def option_list(command):
    """Return the options of a command as the page has them."""
    ctx = click.Context(command)
    lines = []
    for option in options(command):
        _, text = option.get_help_record(ctx)
        value = "" if option.is_flag else option.make_metavar(ctx)
        value = value if re.fullmatch(r"[A-Z]*", value) else f"<{value.strip('[]')}>"
        names = ", ".join(f"{flag} {value}".strip() for flag in [*option.opts, *option.secondary_opts])
        lines += [names, "    " + re.sub(r"(--[a-z-]+)", r"``\1``", " ".join(text.split()))]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a session of a second, and with what is not as it should be."""
    place = tmp_path_factory.mktemp("place")
    generate_session(SessionSpec(patient_id=1, session_nr=1, duration_s=2.0, n_channels=8, n_units=2, seed=1), place)
    (place / "empty").mkdir()
    (place / "file").write_text("mine")
    (place / "bad.toml").write_text("a = = 1")
    (place / "odd.toml").write_text("a = 1")
    (place / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    groups = 'duration_s = 1.0\nseed = 1\n[[groups]]\nname = "a"\nn_units = 2\nrate_hz = 5.0\n'
    (place / "groups.toml").write_text(groups)
    return place


@pytest.fixture
def here(place, monkeypatch):
    """Work in that folder."""
    monkeypatch.chdir(place)
    return place


def run(line, **settings):
    """Run a command line in this process."""
    return CliRunner().invoke(main, shlex.split(line), **settings)


FAILURES = [
    ("demo file", 1, "choose another place"),
    ("demo ''", 2, "is a variable unset"),
    ("demo a b", 2, "unexpected extra argument"),
    ("generate", 2, "missing argument 'root'"),
    ("generate file --duration 2", 1, "choose another place"),
    ("generate '' --duration 2", 2, "is a variable unset"),
    ("generate new --duration 0", 2, "error: --duration: expected"),
    ("generate new --units -1", 2, "error: --units: expected"),
    ("generate new --lfp-channels x", 2, "not a valid integer"),
    ("generate new --segments 6:4", 2, "such as 6,4"),
    ("generate new --sessions 1-2 --seed 1 --duration 0", 2, "error: --duration: expected"),
    ("generate new --sessions 1-2 --seed 1 --scheduler here", 2, "error: --scheduler: expected"),
    ("generate new --templates nowhere", 1, "nowhere: expected templates: .npy, .npz, mearec's .h5"),
    ("generate new --spikes nowhere", 1, "give the path of a sonata or .csv file"),
    ("info nowhere", 1, "found nothing. give the folder"),
    ("info file", 1, "found a file. give the folder"),
    ("info empty", 1, "give the folder"),
    ("info ''", 2, "is a variable unset"),
    (f"info {SESSION} --labels nowhere", 1, "as --labels."),
    (f"info {SESSION} --labels empty", 1, "as --labels."),
    (f"info {SESSION} --jsn", 2, "did you mean"),
    ("verify nowhere", 1, "give the folder"),
    ("verify empty", 1, "give the folder"),
    ("hybrid generate nowhere.toml", 1, "nowhere.toml"),
    ("hybrid generate bad.toml", 1, "correct that line"),
    ("hybrid generate bytes.toml", 1, "expected a toml"),
    ("hybrid generate odd.toml", 1, "remove it"),
    ("hybrid generate odd.toml --phy-base 2", 2, "not in the range"),
    ("hybrid validate nowhere empty", 1, "check the path"),
    ("hybrid validate empty empty", 1, "firings_true.npy"),
    ("hybrid validate empty empty --type spyke", 2, "'phy', 'kilosort', 'jrc'"),
    ("hybrid undo nowhere", 1, "give such a folder"),
    (f"hybrid undo {SESSION}", 2, "--output: expected a folder for the session"),
    (f"hybrid undo {SESSION} -o new", 1, "a session that a hybrid run made"),
    ("hybrid nonsense", 2, "no such command"),
    ("score nowhere empty", 1, "give the folder"),
    (f"score {SESSION} nowhere", 1, "give the folder of the sorter's output"),
    (f"score {SESSION} empty --csv file", 1, "add --overwrite"),
    (f"score {SESSION} empty --figure new.doc", 2, "png"),
    (f"score {SESSION} empty --csv {SESSION}/new.csv", 1, "outside the session"),
    (f"score {SESSION} empty --match-score 0", 2, "not in the range"),
    ("raster -o new.h5", 2, "--spec and --from: give only one of them"),
    ("raster --spec nowhere -o new.h5", 1, "nowhere: expected a readable file"),
    ("raster --spec empty -o new.h5", 1, "empty: expected a readable file"),
    ("raster --spec bad.toml -o new.h5", 1, "bad.toml: expected a toml file"),
    ("raster --spec odd.toml -o new.h5", 1, "odd.toml: spec: expected fields"),
    ("raster --spec groups.toml -o empty", 1, "found a folder. name a file in it"),
    ("raster --spec groups.toml -o file", 1, "add --overwrite"),
    ("raster --from empty -o new.h5", 1, "give the folder"),
    (f"plot {SESSION}", 2, "missing option '-o'"),
    ("plot nowhere -o new.png", 1, "give the folder"),
    (f"plot {SESSION} -o new.doc", 2, "png"),
    (f"plot {SESSION} -o empty", 1, "name a file in it"),
    (f"plot {SESSION} -o file", 1, "add --overwrite"),
    (f"plot {SESSION} -o file/new.png", 1, "/file: expected a place that can be written to"),
    (f"plot {SESSION} -o new.png --what all", 2, "'overview'"),
    (f"plot {SESSION} -o new.png --stream none", 2, "--stream: expected one of lfp"),
    (f"plot {SESSION} -o new.png --start 2 --stop 1", 2, "error: --stop: expected a time from"),
    (f"plot {SESSION} -o new.png --start nan", 2, "error: --start: expected"),
    ("report nowhere -o new.html", 1, "give the folder"),
    (f"report {SESSION} -o new.pdf", 2, "expected an ending of .html or .htm; found '.pdf'"),
    (f"report {SESSION} -o {SESSION}/new.html", 1, "outside the session"),
    (f"report {SESSION} -o new.html --labels nowhere", 1, "as --labels."),
    ("nonsense", 2, "no such command"),
    ("--completion tcsh", 2, "'bash', 'zsh', 'fish'"),
]


@pytest.mark.parametrize(("line", "code", "says"), FAILURES, ids=[line for line, _, _ in FAILURES])
def test_failures(line, code, says, here):
    """What is wrong is told on stderr with what to do, in one line or after the usage; nothing is made."""
    before = sorted(here.rglob("*"))
    result = run(line)
    assert (result.exit_code, result.stdout) == (code, "")
    *usage, error = result.stderr.splitlines()
    assert usage[0].startswith("Usage: mockrawio") if code == 2 else usage == [], result.stderr
    assert error.startswith("Error: ")
    assert says.format(place=str(here).lower()) in error.lower()
    assert "Errno" not in error and "=True" not in error
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("line", "modules", "extra"),
    [
        (f"plot {SESSION} -o new.png", ["mockrawio.rasters.figure"], "plot"),
        (f"report {SESSION} -o new.html", ["plotly"], "report"),
        ("raster --spec groups.toml -o new.h5", ["h5py"], "sonata"),
        ("raster --spec groups.toml -o new.h5 --plot new.png", ["mockrawio.rasters.figure"], "plot"),
        ("generate new --sessions 1 --seed 1 --duration 2 --scheduler local", ["distributed"], "dask"),
    ],
)
def test_missing_library(line, modules, extra, here, monkeypatch):
    """A library that is not installed is one line with the command that brings it."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    result = run(line)
    assert (result.exit_code, result.stdout) == (1, "")
    (error,) = result.stderr.splitlines()
    assert error.endswith(f" Run {install_command(extra)}")


def test_too_much_memory(here, monkeypatch):
    """Memory that there is not is a line that says so."""

    def describe(*_, **__):
        raise MemoryError("Unable to allocate 150 GiB")

    monkeypatch.setattr("mockrawio.describe.describe_session", describe)
    result = run(f"info {SESSION}")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: memory: expected enough; found Unable to allocate 150 GiB. Request ")


@pytest.mark.parametrize("width", [80, 50])
@pytest.mark.parametrize("words", COMMANDS)
def test_help(words, width):
    """Help fits the terminal, but for examples on a narrow one; those of a command are of that command."""
    result = run(f"{words} --help", terminal_width=width)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith(f"Usage: mockrawio {words}".strip())
    assert all(len(line) <= width for line in lines if width == 80 or "mockrawio" not in line)
    text = result.output.partition("\n  Example")[2]
    assert "Exit codes: 0 success" in text
    examples = re.findall(r"^ +(mockrawio .*)$", text, re.MULTILINE)
    assert examples
    assert all(example.startswith(f"mockrawio {words}".strip()) for example in examples)


@pytest.mark.parametrize("words", COMMANDS)
def test_examples_parse(words):
    """Each example of the help is a command line that is taken."""
    for example in re.findall(r"^ +mockrawio (.*)$", COMMANDS[words].epilog, re.MULTILINE):
        command, arguments = main, shlex.split(example)
        while isinstance(command, click.Group):
            _, command, arguments = command.resolve_command(click.Context(command), arguments)
        if arguments != ["--help"]:
            command.make_context(command.name, arguments)


@pytest.mark.parametrize("words", LEAVES)
def test_options_are_consistent(words):
    """Options that several commands have are last, in one order, and say the same; all that take a value name it."""
    found = {option.opts[-1]: option for option in options(LEAVES[words])}
    shared = [name for name in found if name in SHARED]
    assert shared == [name for name in SHARED if name in found]
    assert list(found)[len(found) - len(shared) :] == shared
    for other in LEAVES.values():
        for option in options(other):
            if option.opts[-1] in shared:
                assert option.help == found[option.opts[-1]].help
    assert all(option.is_flag or option.metavar or option.type.name != "text" for option in found.values())
    assert all(option.help[0].isupper() and option.help.rstrip("]")[-1] != " " for option in found.values())
    assert "--output" not in found or found["--output"].opts == ["-o", "--output"]


JSON = {
    f"info {SESSION}": "units",
    f"verify {SESSION}": "ok",
    "generate made --duration 2 --channels 8 --units 1 --seed 4 --annotations": "seed",
    "generate made --sessions 2-3 --duration 2 --channels 8 --units 1 --seed 4": "made",
    "raster --spec groups.toml -o made/spikes.h5 --plot made/spikes.png": "groups",
    f"plot {SESSION} -o made/daq.svg --what daq": "files",
    f"report {SESSION} -o made/report.html": "verification",
}


@pytest.mark.parametrize(("line", "key"), JSON.items(), ids=JSON)
def test_json(line, key, here):
    """With `--json` stdout is one document, and the files that it names are there; in a pipe stderr is silent."""
    result = run(f"{line} --json")
    assert (result.exit_code, result.stderr) == (0, "")
    content = json.loads(result.stdout)
    assert key in content
    assert all(
        Path(path).is_file() for name in ("files", "annotations") if key != "units" for path in content.get(name, [])
    )


def test_json_of_a_session(here):
    """What `generate --json` says is what was made, a seed that was drawn included."""
    said = json.loads(run("generate drawn --patient-id 3 --duration 2 --channels 8 --units 1 --json").stdout)
    described = json.loads(run(f"info {shlex.quote(said['folder'])} --json").stdout)
    assert described["folder"] == said["folder"] == str(here / "drawn/patient_data/3/session_1")
    assert described["seed"] == said["seed"]
    assert (said["patient_id"], said["session_nr"], said["annotations"]) == (3, 1, [])


def completions(line, incomplete=""):
    """Return the values and types that a shell is given."""
    words = ShellComplete(main, {}, "mockrawio", "_MOCKRAWIO_COMPLETE").get_completions(shlex.split(line), incomplete)
    return {word.value for word in words}, {word.type for word in words}


@pytest.mark.parametrize(
    ("line", "incomplete", "values"),
    [
        ("", "r", {"raster", "report"}),
        ("hybrid", "", {"generate", "undo", "validate"}),
        ("generate root", "--enc", {"--encoding"}),
        ("generate root --encoding", "f", {"float64"}),
        (f"plot {SESSION} --what", "ra", {"raster", "rates"}),
        (f"plot {SESSION} -o x.png --stream", "", {"lfp"}),
        ("plot nowhere --stream", "", set()),
        ("plot --stream", "", set()),
        ("raster --sorting", "by", {"by_time", "by_id"}),
        ("--completion", "", {"bash", "zsh", "fish"}),
    ],
)
def test_completion(line, incomplete, values, here):
    """Commands, options, choices, streams and rows are completed; a folder that is no session has none."""
    assert completions(line, incomplete) == (values, {"plain"} if values else set())


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("info", "dir"),
        ("generate", "dir"),
        ("info x --labels", "dir"),
        ("plot x -o", "file"),
        ("raster --spec", "file"),
    ],
)
def test_completion_of_paths(line, kind, here):
    """Folders are completed with folders, files with files; the shell knows them."""
    assert completions(line) == ({""}, {kind})


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell):
    """What `--completion` prints is the shell's script for this command."""
    result = run(f"--completion {shell}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "_mockrawio_completion" in result.stdout
    assert f"_MOCKRAWIO_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a shell and a terminal as POSIX has them")
def test_streams(here):
    """Output that is closed, full or not read is no traceback, for help too."""
    command = f"'{sys.executable}' -m mockrawio"
    script = f"""
        {command} --help | true; echo ${{PIPESTATUS[0]}}
        {command} --help >&-; echo $?
        {command} verify {SESSION} >/dev/null 2>&-; echo $?
        [ ! -e /dev/full ] || {command} --help >/dev/full
        {command} --help 2>&1 >&2 | true"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert [code in ("0", "141") for code in done.stdout.split()] == [True] * 3
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: output: expected ")]
    assert len(errors) == Path("/dev/full").exists()
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a terminal as POSIX has them")
def test_bar_on_a_terminal(here):
    """On a terminal there is a bar, without being asked for, and stdout has the result alone."""
    import fcntl
    import termios

    terminal, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    line = [sys.executable, "-m", "mockrawio", "generate", "shown", "--duration", "2", "--channels", "8", "--seed", "1"]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=side, text=True, timeout=120, check=True)
    os.close(side)
    shown = os.read(terminal, 1 << 16)
    os.close(terminal)
    assert b"%" in shown
    assert done.stdout == f"{here / 'shown' / SESSION}\n"


@pytest.mark.parametrize("words", ["", *LEAVES])
def test_page_has_all_options(words):
    """The page has every option of every command, with its values, help and default."""
    text = PAGE.read_text("utf-8")
    name = words.split(" ")[0] or "Synopsis"
    section = re.split(r"\n\S.*\n-+\n", text.split(f"\n{name}\n{'-' * len(name)}\n")[1])[0]
    assert option_list(COMMANDS[words]) in section


def test_page_has_no_other_option():
    """The page speaks of no option and no command that there is not."""
    text = PAGE.read_text("utf-8")
    known = {flag for command in COMMANDS.values() for o in options(command) for flag in [*o.opts, *o.secondary_opts]}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - known == {"--help"}
    assert {words.split(" ")[0] for words in re.findall(r"^ *\$ mockrawio ([a-z]+)", text, re.MULTILINE)} <= {
        *main.commands
    }


@pytest.mark.parametrize("line", ["", "hybrid"])
def test_without_a_command(line, here):
    """Without a command there is its help, line by line, and the exit code of wrong usage."""
    result = run(line)
    assert result.exit_code == 2
    assert "\nCommands:\n" in result.output and "\\n" not in result.output
