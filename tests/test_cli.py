"""The `mockrawio` command, mostly within this process; as a process where that is the point."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

import mockrawio
from mockrawio import MockSessionRawIO, SessionSpec, generate_annotations, generate_session, truth
from mockrawio.cli import main
from mockrawio.cli.common import Commands
from mockrawio.generate import White

SMALL = ["--duration", "3", "--channels", "8", "--units", "2"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root with one small session of two segments and its annotations."""
    root = tmp_path_factory.mktemp("a root ü")
    spec = SessionSpec(patient_id=1, session_nr=1, segments=(3.0, 2.0), n_channels=8, n_units=2, seed=3)
    generate_session(spec, root)
    generate_annotations(root / "movie_annotations", stimulus_len=0.05, seed=3)
    return root


@pytest.fixture(scope="module")
def folder(root):
    """The session's folder."""
    return root / "patient_data" / "1" / "session_1"


def run(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def process(*arguments, **options):
    """Run the command as `python -m mockrawio`."""
    command = [sys.executable, "-m", "mockrawio", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def assert_one_line_error(result, *words):
    """Check for exit code 1 and a single line on stderr that has the words in it."""
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert all(word in line for word in words)


@pytest.mark.slow
def test_start_without_neo(folder):
    """Help, the formats and what a session holds need no Neo, whose import takes longer; BLAS has one thread."""
    code = (
        "import os, sys; sys.argv[0] = '/bin/mockrawio'; import mockrawio; assert 'numpy' not in sys.modules\n"
        "assert os.environ['OPENBLAS_NUM_THREADS'] == '1'; from mockrawio.cli import main\n"
        "for words in (['--help'], ['formats'], ['info', sys.argv[1]]):\n"
        "    assert main(words, standalone_mode=False) in (None, 0)\n"
        "print(*{'neo', 'quantities', 'mockrawio.io'} & sys.modules.keys())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", code, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "signal streams: 1" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.slow
def test_console_script():
    """The installed `mockrawio` and `python -m mockrawio` are the same command."""
    script = shutil.which("mockrawio", path=os.path.dirname(sys.executable))
    assert script is not None
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == process("--version").stdout == f"mockrawio, version {mockrawio.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["generate"], ["info"], ["verify"]], ids=str)
def test_help(command):
    """Help says what a command is for and what its exit codes mean."""
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert "Exit codes: 0" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["generate"],
        ["info"],
        ["verify"],
        ["generate", "root", "--encoding", "float16"],
        ["generate", "root", "--segments", "6;4"],
        ["generate", "root", "--segments", "6", "--duration", "7"],
        ["generate", "root", "--duration", "-1"],
        ["generate", "root", "--units", "many"],
        ["generate", "root", "--workers", "0"],
        ["generate", "root", "--broadband", "--epiphyte"],
        ["generate", "root", "--broadband", "--snr", "5"],
        ["generate", "root", "--broadband", "--snr", "low,high"],
        ["generate", "root", "--noise", "5"],
        ["generate", "root", "--probe", "utha"],
        ["generate", "root", "--probe", "utah", "--channels", "97"],
        ["generate", "root", "--broadband", "--sampling-rate", "fast"],
        ["generate", "root", "--epiphyte", "--sampling-rate", "30000"],
        ["generate", "root", "--epiphyte", "--snr", "5,6"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments, tmp_path, monkeypatch):
    """Wrong usage is exit code 2, with the reason last on stderr, in the command's words, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "SessionSpec" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_demo_leaves_nothing(tmp_path, monkeypatch):
    """The demo shows header, chunks, spikes, waveforms and events, and removes its folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run("demo")
    assert result.exit_code == 0
    for shown in ("nb_segment", "signal_channels", "int16", "float32", "CSC", "waveforms", "Events", "movie_frames"):
        assert shown in result.output
    assert list(tmp_path.iterdir()) == []


def test_demo_keeps(tmp_path):
    """With a folder the demo keeps the session and says where; a second one needs --overwrite."""
    result = run("demo", tmp_path)
    kept = result.output.splitlines()[-1].removeprefix("Kept in ")
    assert run("verify", kept).exit_code == 0
    assert_one_line_error(run("demo", tmp_path), "overwrite")
    assert run("demo", tmp_path, "--overwrite").exit_code == 0


def test_generate(tmp_path):
    """The options reach the session, and stdout is its folder alone."""
    result = run("generate", tmp_path, "--patient-id", 5, "--session-nr", 2, *SMALL, "--seed", 7, "--lfp-channels", 2)
    folder = tmp_path / "patient_data" / "5" / "session_2"
    assert result.stdout == f"{folder}\n"
    with MockSessionRawIO(dirname=folder) as reader:
        reader.parse_header()
        assert len(reader.header["signal_channels"]) == 2
        assert reader.spike_channels_count() == 2
        assert reader.get_signal_size(0, 0, 0) == 3000
    assert len((folder / "ChannelNames.txt").read_text().splitlines()) == 8


def test_generate_segments_and_encoding(tmp_path):
    """Segments with commas make gaps, and float64 is stored as such."""
    result = run("generate", tmp_path, "--segments", "3,2", "--units", 2, "--encoding", "float64", "--seed", 1)
    described = json.loads(run("info", result.stdout.strip(), "--json").output)
    assert described["streams"][0]["samples"] == [3000, 2000]
    assert described["encoding"] == "float64"


def test_generate_epiphyte(tmp_path):
    """The Epiphyte form draws its sizes, has Epiphyte's encoding, and takes other options on top."""
    form = ("generate", tmp_path, "--epiphyte", "--duration", 3, "--seed", 1)
    result = run(*form)
    described = json.loads(run("info", result.stdout.strip(), "--json").output)
    assert described["encoding"] == "float64"
    other = run(*form, "--session-nr", 2, "--encoding", "int16").stdout.strip()
    assert json.loads(run("info", other, "--json").output)["encoding"] == "int16"
    assert 20 <= len(described["units"]) <= 100
    assert described["streams"][0]["samples"] == [3000]


def test_generate_broadband(tmp_path):
    """The broadband form has a second stream, with the rate, the probe and the peaks that the options ask for."""
    options = ("--snr", "8,9", "--probe", "tetrodes", "--sampling-rate", "24414.0625")
    result = run("generate", tmp_path, "--broadband", *SMALL, *options, "--seed", 1)
    folder = Path(result.stdout.strip())
    described = json.loads(run("info", folder, "--json").output)
    assert [stream["samples"] for stream in described["streams"]] == [[3000], [73_242]]
    known = truth(folder)
    assert all(8 <= cell.snr <= 9 for unit in known.units.values() for cell in unit.cells)
    assert known.spec.probe == "tetrodes"
    assert known.sampling_rate == 24414.0625


SPEC = """
duration_s = 2.0
seed = 3
probe = "linear"
n_channels = 5
sampling_rate = 25000

[units]
n = 3
rate_hz = 6.0

[[noise]]
part = "White"
uV = 3.0
"""


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    """The same spec as TOML, as JSON and as the manifest of its session."""
    place = tmp_path_factory.mktemp("specs")
    (place / "a.toml").write_text(SPEC)
    spec = SessionSpec.from_file(place / "a.toml")
    (place / "a.json").write_text(json.dumps(spec.to_dict()))
    manifest = generate_session(spec, place) / "session_manifest.json"
    return {"TOML": place / "a.toml", "JSON": place / "a.json", "manifest": manifest}


@pytest.mark.parametrize("kind", ["TOML", "JSON", "manifest"])
def test_generate_from_a_spec(tmp_path, specs, kind):
    """A spec of any form makes the same session, byte for byte, and options change what they name and no more."""
    plain = run("generate", tmp_path / "plain", "--spec", specs[kind])
    folder = Path(plain.stdout.strip())
    assert (folder / "session_manifest.json").read_bytes() == specs["manifest"].read_bytes()
    changed = run("generate", tmp_path / "changed", "--spec", specs[kind], "--units", 2, "--session-nr", 7)
    known = truth(Path(changed.stdout.strip()))
    assert known.spec == replace(truth(folder).spec, n_units=2, session_nr=7)
    assert (known.spec.units.n, known.spec.noise) == (2, (White(3.0),))
    other = run("generate", tmp_path / "other", "--spec", specs[kind], "--probe", "utah", "--segments", "1,0.5")
    known = truth(Path(other.stdout.strip()))
    assert (known.n_channels, known.n_samples) == (96, (25_000, 12_500))


def test_generate_from_a_spec_that_is_none(tmp_path, specs):
    """A fault of the file is one of the data, by its own words; one of an option is wrong usage, by the option's."""
    for text, words in (("duration_s = 0.1", "SessionSpec.duration_s"), ("n_unitz = 1", "n_unitz"), ("a = ", "TOML")):
        (tmp_path / "b.toml").write_text(text)
        assert_one_line_error(run("generate", tmp_path, "--spec", tmp_path / "b.toml"), "b.toml: ", words)
    assert_one_line_error(run("generate", tmp_path, "--spec", tmp_path / "none.json"), "none.json")
    wrong = run("generate", tmp_path, "--spec", specs["TOML"], "--snr", "3,1")
    assert wrong.exit_code == 2
    assert wrong.stderr.splitlines()[-1].startswith("Error: --snr: expected")
    both = run("generate", tmp_path, "--spec", specs["TOML"], "--broadband")
    assert "--broadband and --spec: give only one of them" in both.stderr


def test_generate_same_bytes(tmp_path):
    """The same seed makes the same manifest on one worker and on two."""
    manifests = []
    for workers in (1, 2):
        result = run("generate", tmp_path / str(workers), *SMALL, "--seed", 7, "--workers", workers)
        manifests.append((Path(result.stdout.strip()) / "session_manifest.json").read_bytes())
    assert manifests[0] == manifests[1]


def test_generate_refuses_to_overwrite(tmp_path):
    """A session that is there stays, unless --overwrite is given."""
    assert run("generate", tmp_path, *SMALL, "--seed", 1).exit_code == 0
    assert_one_line_error(run("generate", tmp_path, *SMALL, "--seed", 2), "session_1")
    result = run("generate", tmp_path, *SMALL, "--seed", 2, "--overwrite")
    assert json.loads(run("info", result.stdout.strip(), "--json").output)["seed"] == 2


def test_generate_annotations(tmp_path):
    """Annotations land beside patient_data, and info counts them."""
    result = run("generate", tmp_path, *SMALL, "--seed", 1, "--annotations")
    labels = tmp_path / "movie_annotations"
    described = json.loads(run("info", result.stdout.strip(), "--labels", labels, "--json").output)
    assert len(described["event_channels"]) == 4 + 3
    assert len(list(labels.iterdir())) == 3


def test_generate_annotations_twice(tmp_path):
    """Annotations that are there already are left alone; the session that was asked for is made."""
    assert run("generate", tmp_path, *SMALL, "--seed", 1, "--annotations").exit_code == 0
    again = run("generate", tmp_path, *SMALL, "--seed", 1, "--annotations", "--session-nr", 2)
    assert again.exit_code == 1
    assert "movie_annotations" in again.stderr
    assert run("verify", again.stdout.strip()).exit_code == 0
    replaced = run("generate", tmp_path, *SMALL, "--seed", 1, "--annotations", "--session-nr", 2, "--overwrite")
    assert replaced.exit_code == 0


def test_generate_where_it_cannot(tmp_path):
    """A root that is a file is one line on stderr."""
    (tmp_path / "file").write_text("")
    assert_one_line_error(run("generate", tmp_path / "file", *SMALL), "file")


def test_progress(tmp_path):
    """The bar is on stderr and only when asked for where there is no terminal."""
    quiet = run("generate", tmp_path / "1", *SMALL)
    shown = run("generate", tmp_path / "2", *SMALL, "--progress")
    assert "%|" not in quiet.stderr
    assert "%|" in shown.stderr
    assert run("verify", shown.stdout.strip(), "--progress").stderr != ""


def test_info(folder):
    """The text names the streams, the units with their counts, and the event channels."""
    result = run("info", folder)
    assert result.exit_code == 0
    for shown in (str(folder), "encoding: int16", "manifest: yes, seed 3", "segments: 2", "1000 Hz", "units: 2", "DAQ"):
        assert shown in result.output


def test_info_json_agrees_with_the_reader(folder):
    """What the JSON says is what the reader says."""
    described = json.loads(run("info", folder, "--json").output)
    with MockSessionRawIO(dirname=folder) as reader:
        reader.parse_header()
        assert described["time_origin_ms"] == reader.time_origin_ms
        assert [unit["id"] for unit in described["units"]] == reader.header["spike_channels"]["id"].tolist()
        for index, unit in enumerate(described["units"]):
            assert unit["spikes"] == sum(reader.spike_count(0, segment, index) for segment in range(2))
        for index, channel in enumerate(described["event_channels"]):
            assert channel["count"] == sum(reader.event_count(0, segment, index) for segment in range(2))
    assert described["streams"][0]["samples"] == [3000, 2000]
    assert described["manifest"] is True
    assert described["annotations"]["patient_id"] == 1


def test_info_of_little(tmp_path):
    """A folder with nothing but its info has empty lists, and no encoding."""
    info = {"patient_id": 1, "session_nr": 1, "date": "2020-01-02", "time": "03-04-05"}
    np.save(tmp_path / "session_info.npy", info, allow_pickle=True)
    described = json.loads(run("info", tmp_path, "--json").output)
    assert (described["streams"], described["units"], described["encoding"]) == ([], [], None)
    assert run("info", tmp_path).exit_code == 0


@pytest.mark.parametrize("command", ["info", "verify"])
def test_not_a_session(command, tmp_path):
    """A folder that is no session is one line on stderr that says what was looked for."""
    assert_one_line_error(run(command, tmp_path), str(tmp_path), "session_info.npy")
    assert_one_line_error(run(command, tmp_path / "absent"), "absent")


def test_verify(folder):
    """A session as made is exit code 0, in text and in JSON."""
    result = run("verify", folder)
    assert (result.exit_code, result.output.splitlines()) == (0, [result.output.strip()])
    assert "ok" in result.output
    assert json.loads(run("verify", folder, "--json").output)["ok"] is True


def test_verify_finds(folder, tmp_path):
    """A damaged session is exit code 1, and the findings are on stdout."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "ChannelNames.txt").write_text("X.ncs\n")
    (copy / "extra.txt").write_text("")
    next((copy / "watchlogs").iterdir()).unlink()
    result = run("verify", copy)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["missing", "extra", "changed"]
    assert lines[-1].endswith("NOT ok")
    found = run("verify", copy, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["changed"] == ["ChannelNames.txt"]


@pytest.mark.slow
def test_warnings_are_one_line(folder, tmp_path):
    """What the reader warns of is one line on stderr, not Python's two with a source line."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    log = next((copy / "watchlogs").iterdir())
    log.write_text(log.read_text() + "Pausing\n")
    done = process("info", copy)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("Warning: ")


@pytest.mark.slow
def test_error_in_a_process(tmp_path):
    """As a process too an error is one line, exit code 1, and no traceback."""
    done = process("info", tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_terminal_without_the_letters(folder):
    """Text that the terminal's encoding lacks comes out escaped, not as a traceback."""
    done = process("info", folder, env={**os.environ, "PYTHONIOENCODING": "koi8-r"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "a root \\xfc" in done.stdout


@pytest.mark.slow
def test_broken_pipe(folder):
    """A reader of our output that goes away is no error to tell anybody about."""
    shell = f'"{sys.executable}" -m mockrawio info "{folder}" --json | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals to a process as POSIX has them")
def test_interrupt(tmp_path):
    """Ctrl-C is exit code 130, one line, and no folder that looks like a session."""
    long = ["--epiphyte", "--duration", "60000"]  # so that it is not over before we look
    command = [sys.executable, "-m", "mockrawio", "generate", str(tmp_path), *long, "--seed", "1"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    parent = tmp_path / "patient_data" / "1"
    deadline = time.monotonic() + 30
    while child.poll() is None and time.monotonic() < deadline and not any(parent.glob(".*/*")):
        time.sleep(0.002)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert (child.returncode, stderr.splitlines()) == (130, ["Interrupted."])
    assert list(parent.iterdir()) == []


def test_interrupt_where_exceptions_are_ignored():
    """Ctrl-C that comes while Python drops an object, and ignores what is raised there, ends a command all the same."""

    class Dropped:
        def __del__(self):
            raise KeyboardInterrupt

    @click.group(cls=Commands)
    def group():
        pass

    @group.command()
    def work():
        Dropped()
        for _ in range(5000):
            time.sleep(0.001)

    result = CliRunner().invoke(group, ["work"])
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A root of ten sessions of two patients, the tenth of which has lost a file."""
    root = tmp_path_factory.mktemp("corpus")
    for patient_id, session_nr in [(2, 1), *((10, k) for k in (1, 2, 10))]:
        spec = SessionSpec(patient_id=patient_id, session_nr=session_nr, segments=(2, 1), n_units=1, seed=1)
        folder = generate_session(spec, root)
    (folder / "event_file" / "Events.npy").unlink()
    return root


def test_info_of_a_root(corpus):
    """Above many sessions there is a line for each, in natural order, with the lengths that were asked for."""
    *lines, last = run("info", corpus).stdout.splitlines()
    names = [line.split(":")[0].split("patient_data")[1] for line in lines]
    assert names == ["/2/session_1", "/10/session_1", "/10/session_2", "/10/session_10"]
    assert all(line.endswith(": 2.000, 1.000 s; lfp of 1 channels; 1 units") for line in lines)
    assert last == "sessions: 4"
    content = json.loads(run("info", corpus, "--json").stdout)
    assert [len(session["segments"]) for session in content["sessions"]] == [2] * 4


def test_verify_of_a_root(corpus):
    """Each session is checked; one that is not whole makes the exit code 1."""
    result = run("verify", corpus)
    assert result.exit_code == 1
    assert result.stdout.count(": ok (") == 3
    assert result.stdout.splitlines()[-1] == "sessions: 4, of which 3 ok"
    content = json.loads(run("verify", corpus, "--json").stdout)
    assert (content["ok"], [one["ok"] for one in content["sessions"]]) == (False, [True] * 3 + [False])
    assert run("verify", corpus / "patient_data" / "2").stdout.endswith("sessions: 1, of which 1 ok\n")


def test_a_root_with_a_session_that_cannot_be_read(corpus, tmp_path):
    """One that cannot be opened is an error of its own, and the others are told all the same."""
    root = shutil.copytree(corpus, tmp_path / "root")
    (root / "patient_data" / "10" / "session_1" / "session_info.npy").write_bytes(b"junk")
    result = run("info", root)
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 4)
    assert "session_info.npy" in result.stderr


def test_channels_without_lfp(tmp_path):
    """Channels that are asked for by themselves have one LFP among them, and the command says why."""
    made = run("generate", tmp_path / "a", "--duration", 2, "--channels", 4, "--units", 0, "--seed", 1)
    assert made.stderr == "Note: 1 of 4 channels has an LFP, to save space; --lfp-channels 4 gives all one.\n"
    for more in (["--lfp-channels", 4], ["--broadband"], ["--json"]):
        asked = run("generate", tmp_path / more[0], "--duration", 2, "--channels", 4, "--units", 0, "--seed", 1, *more)
        assert asked.stderr == ""
