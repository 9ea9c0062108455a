"""What an error names is data: Python's reader is told of parameters, the command's of options, by the same error."""

from __future__ import annotations

import copy
import json
import os
import pickle

import click
import pytest
from click.testing import CliRunner

from mockrawio import SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.cli.common import Command, in_one_line
from mockrawio.ground.errors import BadFileError, MockSessionError, NotWrittenError, elsewhere, told
from mockrawio.ground.shown import Argument, Clause, Lines, Text, one_line, visible, warn

REMEDY = Text(
    "Copy it", Clause(", or read with ", Argument("follow_symlinks", True)), ", or give ", Argument("base", 0), "."
)


def command(*options):
    """Return a command with some options that raises what `REMEDY` remedies."""

    @click.command("some", cls=Command)
    def some(**_):
        raise BadFileError(Argument("base"), "a number", "none", REMEDY)

    for option in options:
        some = click.option(*option[0], **option[1])(some)
    return some


FLAG = (["--follow-symlinks"], {"is_flag": True})
BASE = (["-b", "--phy-base", "base"], {})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "base: expected a number; found none. Copy it, or give base=0."),
        ([FLAG], "base: expected a number; found none. Copy it, or read with --follow-symlinks, or give base=0."),
        ([BASE], "--phy-base: expected a number; found none. Copy it, or give --phy-base 0."),
    ],
)
def test_options(options, says):
    """A command writes its own option for an argument that it takes, and leaves a clause about another out."""
    result = CliRunner().invoke(command(*options), [])
    assert (result.exit_code, result.stderr) == (1, f"Error: {says}\n")


def test_python():
    """In Python the same error names parameters, and its parts are plain text."""
    error = BadFileError(Argument("base"), "a number", "none", REMEDY)
    assert (
        str(error) == "base: expected a number; found none. Copy it, or read with follow_symlinks=True, or give base=0."
    )
    assert [type(part) for part in (error.subject, error.expected, error.found, error.remedy)] == [str] * 4
    assert error.argument == "base" and MockSessionError("a file", "", "", "").argument is None


def test_fields():
    """A field of a class is an option only where the command fills that class, and has its name as data."""
    field = MockSessionError(Argument("seed", of="SessionSpec"), "a number", "none", "Change it.")
    assert (field.argument.name, field.subject) == ("seed", "SessionSpec.seed")
    with click.Context(click.Command("some", params=[click.Option(["--seed"])])):
        assert in_one_line(field).startswith("SessionSpec.seed: ")
        assert in_one_line(field, "SessionSpec").startswith("--seed: ")


@pytest.mark.parametrize("kind", [MockSessionError, BadFileError, NotWrittenError])
@pytest.mark.parametrize("sent", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_sent(kind, sent):
    """An error that another process made is the same, its arguments too; within a place as well."""
    error = kind(Argument("base", of="Spec"), "a number", Lines("of\nlines"), REMEDY).within("a file")
    other = sent(error)
    assert (type(other), str(other), told(other).arguments) == (kind, str(error), told(error).arguments)
    assert other.argument.of == "Spec" and [a.value for a in other.text.arguments] == [None, True, 0]
    assert str(other).startswith("a file: Spec.base: expected a number; found of\nlines\nCopy it")


def test_shown():
    """Text that is made visible, or one line, escapes what strangers wrote and keeps the arguments."""
    text = Text("a\nb  c", Argument("e\n", "x\n"), Clause("\t", Argument("f")))
    assert visible(text) == r"a\nb  ce\n=x\n\tf"
    assert one_line(text) == r"a b ce\n=x\n f"
    for shown in (visible(text), one_line(text), visible(visible(text))):
        assert [argument.name for argument in shown.arguments] == ["e\n", "f"]
    with pytest.warns(UserWarning) as caught:
        warn(text)
    assert told(caught[0].message).arguments == text.arguments


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """A session one file of which is a link out of it."""
    place = tmp_path_factory.mktemp("place")
    folder = generate_session(SessionSpec(patient_id=1, session_nr=1, duration_s=2.0, n_channels=8, n_units=2), place)
    unit = next((folder / "spiking_data").iterdir())
    os.replace(unit, place / "unit.npy")
    unit.symlink_to(place / "unit.npy")
    return folder


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["info"], "Copy what it leads to, or read with --follow-symlinks. Or leave it out with --exclude '"),
        (["raster", "-o", "new.h5", "--from"], "Copy what it leads to."),
    ],
)
def test_commands(line, says, linked):
    """A remedy offers the options of the command that failed, and none of another."""
    error = CliRunner().invoke(main, [*line, str(linked)]).stderr
    assert f". {says}" in error and "=" not in error
    assert error.endswith("Copy what it leads to.\n") or "raster" not in line


def test_findings(linked):
    """What verify lists names options in its lines, and parameters in its JSON."""
    told_of, held = (CliRunner().invoke(main, ["verify", str(linked), *more]).stdout for more in ([], ["--json"]))
    assert "or read with --follow-symlinks." in told_of and "=True" not in told_of
    assert "or read with follow_symlinks=True." in json.loads(held)["problems"][0]


def test_elsewhere():
    """What stands in the way may be replaced, by who can say so."""
    assert elsewhere("root", "them") == "Choose another root, or pass overwrite=True to replace them."
