"""Parameters: what each may be, TOML that repeats a run, and params.py read as data only."""

import dataclasses
import os
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.ground.errors import BadFileError, MockSessionError
from mockrawio.hybrid import HybridParams, Probe, custom_probe, eMouse, neuropixels3a
from mockrawio.hybrid.original.params_calls import MAX_ITEMS, PROBES
from mockrawio.hybrid.original.params_py import MAX_BYTES, read_py
from mockrawio.hybrid.params import PARAMETERS
from mockrawio.hybrid.params_files import absolute_source
from tests.hybrid.samples import HYBRID, RAW
from tests.length import part, rounds
from tests.processes import python

PROBE = custom_probe([1, 0, 2], [True, True, False], [[0.1, 1e-30], [-3.5, 1e22], [np.nan, np.inf]], 'a "b" \\ ü\x7f')


REQUIRED = {
    "data_directory": "sort",
    "raw_source_file": "raw.bin",
    "data_type": "int16",
    "sample_rate": 30000,
    "ground_truth_units": [6, 9],
    "probe": PROBE,
}


def params(**changes):
    return HybridParams(**{**REQUIRED, **changes})


def test_all_names_are_in_files():
    """Every parameter has its place in files and manifests."""
    assert sorted(PARAMETERS) == sorted(field.name for field in dataclasses.fields(HybridParams))


def test_defaults():
    """What is left out has hybridfactory's default, but for copy."""
    made = params()
    assert made.output_directory == Path.cwd() / "sort" / "hybrid_output"
    assert made.raw_source_file == str(Path.cwd() / "raw.bin")
    given = {*REQUIRED, "output_directory"}
    rest = {f.name: getattr(made, f.name) for f in dataclasses.fields(made) if f.name not in given}
    assert rest == {
        **dict.fromkeys(("start_time", "session_name", "random_seed", "output_type", "channel_shift")),
        "num_singular_values": 6,
        "synthetic_rate": (),
        "jitter_factor": 100,
        "amplitude_scale_min": 1.0,
        "amplitude_scale_max": 1.0,
        "samples_before": 40,
        "samples_after": 40,
        "copy": True,
        "compat": False,
        "phy_base": None,
        "max_events": None,
        "allow_skips": False,
    }


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("data_type", np.int16, "int16"),
        ("data_type", np.dtype("<u2"), "uint16"),
        ("sample_rate", np.int64(25000), 25000),
        ("sample_rate", 30000.0, 30000),
        ("sample_rate", 24414.0625, 24414.0625),
        ("ground_truth_units", {9, 6}, (6, 9)),
        ("ground_truth_units", np.array([9, 6]), (9, 6)),
        ("ground_truth_units", (u for u in (6, 6)), (6, 6)),
        ("start_time", 5, 5),
        ("start_time", [0, 5], (0, 5)),
        ("start_time", np.array([0, 5]), (0, 5)),
        ("synthetic_rate", (10.0, 2.5), (10, 2.5)),
        ("channel_shift", np.int32(0), 0),
        ("copy", np.False_, False),
        ("amplitude_scale_max", 2, 2.0),
    ],
)
def test_values_are_kept_plain(name, given, kept):
    """Values of NumPy's types, sets and generators become plain numbers and tuples."""
    value = getattr(params(**{name: given}), name)
    assert value == kept
    assert type(value) is type(kept)
    hash(params(**{name: kept}))


BAD = [
    ("data_directory", ""),
    ("data_directory", 5),
    ("raw_source_file", b"x"),
    ("raw_source_file", "a\0b"),
    ("output_directory", 3),
    ("data_type", "float32"),
    ("data_type", ">i2"),
    ("data_type", "no such"),
    ("data_type", None),
    ("sample_rate", 0),
    ("sample_rate", float("nan")),
    ("sample_rate", "30000"),
    ("sample_rate", True),
    ("ground_truth_units", []),
    ("ground_truth_units", "6"),
    ("ground_truth_units", 6),
    ("ground_truth_units", [6.0]),
    ("ground_truth_units", [-1]),
    ("ground_truth_units", {6: 9}),
    ("ground_truth_units", np.array([[6]])),
    ("probe", "eMouse"),
    ("start_time", -1),
    ("start_time", []),
    ("start_time", [0.5]),
    ("start_time", "0"),
    ("session_name", ""),
    ("session_name", "a/b"),
    ("session_name", "a\nb"),
    ("session_name", 7),
    ("random_seed", -1),
    ("random_seed", 2**31),
    ("random_seed", 1.0),
    ("output_type", "klusta"),
    ("output_type", ["phy"]),
    ("num_singular_values", 0),
    ("num_singular_values", None),
    ("channel_shift", -1),
    ("channel_shift", 1.5),
    ("synthetic_rate", [10]),
    ("synthetic_rate", [10, 0]),
    ("synthetic_rate", [10, 30001]),
    ("synthetic_rate", 10),
    ("synthetic_rate", None),
    ("jitter_factor", -1),
    ("amplitude_scale_min", 0),
    ("amplitude_scale_min", 1.5),
    ("amplitude_scale_max", float("inf")),
    ("samples_before", 0),
    ("samples_after", True),
    ("copy", 1),
    ("compat", None),
    ("phy_base", 2),
    ("max_events", 0),
    ("allow_skips", "no"),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda value: str(value)[:30])
def test_a_bad_value_is_refused_by_name(name, value):
    """The error names the parameter, what is expected, what was found and what to do."""
    with pytest.raises(MockSessionError) as caught:
        params(**{name: value})
    assert re.match(rf"HybridParams\.{name}: expected .*; found .*\.$", str(caught.value), re.DOTALL)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("time_jitter", "The parameter is called jitter_factor."),
        ("probe_type", "The parameter is called probe."),
        ("jiter_factor", "Did you mean jitter_factor?"),
        ("samples_befor", "Did you mean samples_before?"),
        ("zzz", "Remove it."),
    ],
)
def test_unknown_names(name, message):
    """A name that is no parameter is an error that says what was probably meant."""
    values = {f.name: getattr(params(), f.name) for f in dataclasses.fields(HybridParams)}
    assert HybridParams.from_dict(values) == params()
    with pytest.raises(MockSessionError, match=rf"HybridParams.{name}: .*{re.escape(message)}"):
        HybridParams.from_dict({**values, name: 1})


def test_missing_names():
    """All required parameters that are missing are named at once."""
    with pytest.raises(MockSessionError, match="data_type, sample_rate, ground_truth_units, probe: expected a value"):
        HybridParams.from_dict({"data_directory": "a", "raw_source_file": "b"})


def test_resolved():
    """What is left open is drawn, and then stays."""
    made = params().resolved()
    assert re.fullmatch("[0-9a-f]{8}", made.session_name)
    assert 0 <= made.random_seed < 2**31
    assert made.resolved() == made
    assert made != params().resolved()
    given = params(session_name="s", random_seed=0, output_type="phy")
    assert given.resolved() == given


# ------------------------------------------------------------------ the sample files, and TOML

SAMPLES = {"phy": "phy", "ks": "kilosort", "jrc": "jrc"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_files(name):
    """The original's own parameter files give the values that they would give if they were run."""
    made = HybridParams.load(HYBRID / f"params_{name}.py")
    k = np.arange(32)
    assert made == HybridParams(
        data_directory=HYBRID / f"sort_{name}",
        raw_source_file=RAW,
        data_type="int16",
        sample_rate=30000,
        ground_truth_units=(6, 9),
        probe=custom_probe(k, np.ones(32, bool), np.c_[20.0 * (k % 2), 20.0 * (k // 2)]),
        start_time=0,
        session_name="bench",
        random_seed=10191,
        output_directory=HYBRID / f"hybrid_{name}",
        output_type=SAMPLES[name],
    )
    assert made.probe.name == "bench32"


def folder(tmp_path):
    """Make a folder that parameters may name."""
    (tmp_path / "sort").mkdir()
    for name in ("raw.bin", "r_t0.bin", "r_t1.bin"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"start_time": [0, 5], "raw_source_file": "r_t*.bin", "synthetic_rate": [10, 2.5], "sample_rate": 24414.0625},
        {"session_name": "ü x", "random_seed": 2**31 - 1, "output_type": "kilosort", "channel_shift": 0},
        {"output_directory": "a/b", "copy": False, "compat": True, "phy_base": 0, "max_events": 9},
        {"probe": neuropixels3a(), "allow_skips": True, "amplitude_scale_max": 1.1, "amplitude_scale_min": 1e-7},
    ],
    ids=lambda changes: ", ".join(changes)[:40] or "defaults",
)
def test_saved_parameters_come_back(tmp_path, monkeypatch, changes):
    """The TOML that a run writes gives the same parameters again, wherever it lies."""
    monkeypatch.chdir(folder(tmp_path))
    made = params(**changes)
    (tmp_path / "elsewhere").mkdir()
    made.save(tmp_path / "elsewhere" / "run.toml")
    monkeypatch.chdir("/")
    again = HybridParams.load(tmp_path / "elsewhere" / "run.toml")
    assert again == made
    assert again.probe.name == made.probe.name
    assert again.to_toml() == made.to_toml()


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.floats(allow_nan=False), min_size=2, max_size=2))
def test_any_name_and_number_come_back(tmp_path_factory, name, position):
    """A probe's name and positions are written so that TOML reads them again, bit for bit."""
    path = tmp_path_factory.mktemp("toml") / "p.toml"
    finite = bool(np.isfinite(position).all())
    made = params(probe=Probe([0], [finite], [position], name), data_directory=path.parent, raw_source_file=path)
    made.save(path)
    again = HybridParams.load(path)
    assert (again, again.probe.name) == (made, name)


def test_save_takes_toml_only(tmp_path):
    """A name that the file would not be read by is refused, and so is text that UTF-8 does not have."""
    with pytest.raises(BadFileError, match="ends in .toml"):
        params().save(tmp_path / "params.py")
    with pytest.raises(MockSessionError, match="Rename the file"):
        params(data_directory="\udcff").to_toml()


TOML = 'data_directory = "sort"\nraw_source_file = "{raw}"\ndata_type = "int16"\nsample_rate = 30000\n{rest}'


def toml(tmp_path, rest, raw="raw.bin"):
    path = tmp_path / "p.toml"
    path.write_text(TOML.format(rest=rest, raw=raw))
    return path


def test_toml_by_hand(tmp_path, monkeypatch):
    """Paths are relative to the file, and the probe may be a name, a table or an .npz."""
    folder(tmp_path)
    eMouse().save(tmp_path / "probe.npz")
    probes = {
        '"eMouse"': eMouse(),
        '"neuropixels3a"': neuropixels3a(),
        '{builtin = "neuropixels3a", sync_channel = false}': neuropixels3a(sync_channel=False),
        '"probe.npz"': eMouse(),
        "{channel_map=[0], connected=[true], channel_positions=[[1, 2.5]]}": custom_probe([0], [True], [[1, 2.5]]),
    }
    for text, probe in probes.items():
        made = HybridParams.load(toml(tmp_path, f"ground_truth_units = [1]\nprobe = {text}"))
        assert made.probe == probe
    assert made.data_directory == tmp_path / "sort"
    assert made.output_directory == tmp_path / "sort" / "hybrid_output"
    assert made.raw_source_file == str(tmp_path / "raw.bin")


def test_a_folder_with_brackets(tmp_path):
    """The parameter file's own folder is never taken for part of a glob."""
    (tmp_path / "[x]").mkdir()
    place = folder(tmp_path / "[x]")
    for raw in ("r_t*.bin", "raw.bin"):
        path = toml(place, 'ground_truth_units = [1]\nprobe = "eMouse"', raw)
        made = HybridParams.load(path)
        made.save(place / "again.toml")
        assert HybridParams.load(place / "again.toml") == made


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("sample_rate = 1", "expected a TOML file; found Cannot overwrite"),
        ("x = 1 2", "expected a TOML file; found .*line 5"),
        ('jitter_facotr = 1\nground_truth_units=[1]\nprobe="eMouse"', "Did you mean jitter_factor"),
        ("ground_truth_units=[1]", "HybridParams.probe: expected a value"),
        ('ground_truth_units=["a"]\nprobe="eMouse"', "p.toml: HybridParams.ground_truth_units"),
        ('probe="mouse"', "builtin: expected 'neuropixels3a' or 'eMouse'; found 'mouse'"),
        ("probe=3", "HybridParams.probe: expected a table"),
        ("probe={builtin=3}", "found 3"),
        ('probe={builtin="eMouse", sync_channel=true}', "for neuropixels3a only"),
        ("probe={channel_map=[0]}", "no connected, channel_positions"),
        ("probe={chanel_map=[0]}", "Did you mean channel_map"),
        ("probe={channel_map=[0], connected=[1], channel_positions=[[0, 0]]}", "p.toml: Probe.connected"),
        ('probe="none.npz"', "none.npz: expected a readable file"),
        ('raw_source_file2=1\nground_truth_units=[1]\nprobe="eMouse"', "Did you mean raw_source_file"),
    ],
)
def test_bad_toml(tmp_path, rest, message):
    """Each fault is named, with the file."""
    with pytest.raises(MockSessionError, match=message) as caught:
        HybridParams.load(toml(folder(tmp_path), rest))
    assert str(tmp_path) in str(caught.value)


def test_paths_that_are_not_there(tmp_path):
    """A folder or raw file that a parameter file names must exist."""
    rest = 'ground_truth_units = [1]\nprobe = "eMouse"'
    with pytest.raises(MockSessionError, match="data_directory: expected a folder that exists"):
        HybridParams.load(toml(tmp_path, rest))
    folder(tmp_path)
    with pytest.raises(MockSessionError, match="raw_source_file: expected a file that exists"):
        HybridParams.load(toml(tmp_path, rest, "none.bin"))
    with pytest.raises(MockSessionError, match="a path or glob of at least one file"):
        HybridParams.load(toml(tmp_path, rest, "none*.bin"))


def test_other_suffixes(tmp_path):
    """Only .toml and .py are parameter files."""
    for name in ("p.json", "params"):
        with pytest.raises(BadFileError, match=".toml or .py"):
            HybridParams.load(tmp_path / name)


def test_toml_size_and_encoding(tmp_path):
    """A file too large, or not UTF-8, is refused."""
    path = tmp_path / "p.toml"
    path.write_bytes(b"x = '\xff'")
    with pytest.raises(BadFileError, match="expected a TOML file"):
        HybridParams.load(path)
    path.write_bytes(b"#" * ((1 << 24) + 1))
    with pytest.raises(BadFileError, match="at most"):
        HybridParams.load(path)


# ------------------------------------------------------------------ params.py as data

HEAD = """\
import os
import os.path as op
import sys
import numpy as np
import hybridfactory.probes
from hybridfactory.probes import custom_probe, neuropixels3a as np3a
from numpy import array as A
"""


def source(tmp_path, text):
    path = tmp_path / "params.py"
    path.write_text(text)
    return str(path)


EXPRESSIONS = [
    "-3",
    "~7",
    "[1, (2, 'x'), None, True]",
    "{6, 9}",
    "7 // 2 + 7 % 4 - 3 * 2 / 4",
    "'a' + 'b'",
    "np.nan * 1",
    "np.int16",
    "np.array([1, 2, 3])",
    "np.array([[1, 2.5], [np.nan, 4]], dtype=np.float64)",
    "np.array([1, 0], dtype=bool)",
    "A([3])",
    "np.arange(5)",
    "np.arange(2, 8)",
    "np.arange(2, 8, 2, dtype=np.int32)",
    "np.arange(0.5, 3)",
    "np.arange(8, 2, -3)",
    "np.arange(5, 2)",
    "np.ones(3)",
    "np.ones((2, 3), dtype=bool)",
    "np.zeros([2], dtype=int)",
    "~np.isin(np.arange(6), [1, 4])",
    "-np.arange(3)",
    "20.0 * (np.arange(6) % 2) + np.arange(6) // 2",
    "np.arange(3) / 0",
    "np.arange(3) + [1, 2, 3]",
    "[1, 2, 3] - np.arange(3)",
    "np.hstack((np.arange(3)[:, np.newaxis], np.ones(3)[:, None]))",
    "np.hstack([np.arange(3), [7, 8]])",
    "np.tile([1, 2], 3)",
    "np.tile(np.arange(2), (2, 2))",
    "np.repeat(np.arange(3), 2)",
    "np.repeat([1, 2], [3, 0])",
    "op.join('a', 'b', r'c\\d')",
    "os.path.join('a')",
    "'x' if sys.platform == 'win32' else 'y'",
    "'x' if sys.platform != 'win32' else 'y'",
    "f'a{3}b{2.5}{\"q\"}{True}' + rf'\\d{7}'",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_grammar_means_what_python_means(tmp_path, expression):
    """Each form that is read gives what Python gives for it, in value and type."""
    found = read_py(source(tmp_path, f"{HEAD}x = {expression}\n")).values["x"]
    names = {"np": np, "A": np.array, "os": os, "op": os.path, "sys": sys}
    with np.errstate(all="ignore"):
        expected = eval(expression, names)  # the reference: our own text above
    np.testing.assert_equal(found, expected)
    assert type(found) is type(expected)
    assert getattr(found, "dtype", None) == getattr(expected, "dtype", None)


def test_statements(tmp_path):
    """Names refer to the latest value above; docstrings, comments and pass say nothing."""
    text = '''\
"""A docstring."""
from hybridfactory import probes
import numpy
a = b = 1  # a comment
a = a + 1
"another"
pass
d = numpy.array([a,
                 b])
np = 5
e = np
'''
    parsed = read_py(source(tmp_path, text))
    assert {k: v for k, v in parsed.values.items() if k != "d"} == {"a": 2, "b": 1, "e": 5, "np": 5}
    assert parsed.values["d"].tolist() == [2, 1]
    assert (parsed.lines["a"], parsed.lines["d"], parsed.used) == (5, 8, {"a", "b", "np"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("neuropixels3a()", neuropixels3a()),
        ("eMouse()", eMouse()),
        ("np3a(sync_channel=False)", neuropixels3a(sync_channel=False)),
        ("hybridfactory.probes.eMouse()", eMouse()),
        ("custom_probe(np.arange(1), np.ones(1, dtype=bool), np.zeros((1, 2)), name='n')", None),
    ],
)
def test_probes(tmp_path, text, expected):
    """The constructors are known bare, as imported, and by their module."""
    probe = read_py(source(tmp_path, f"{HEAD}p = {text}\n")).values["p"]
    assert probe == (expected or custom_probe([0], [True], [[0, 0]]))
    assert set(PROBES) == {"custom_probe", "eMouse", "neuropixels3a"}


@pytest.mark.parametrize("call", ["os.getenv('A_SECRET')", "os.getenv('A_SECRET', 'else')", "os.getenv()"])
def test_the_environment_is_not_read(tmp_path, monkeypatch, call):
    """A stranger's parameters cannot carry a variable into names of files or a manifest; the error says what to do."""
    monkeypatch.setenv("A_SECRET", "hunter2")
    with pytest.raises(BadFileError) as caught:
        read_py(source(tmp_path, f"{HEAD}x = {call}\n"))
    assert "no variable of the environment is read; write its value here" in caught.value.found
    assert "hunter2" not in repr(caught.value)


REFUSED = [
    "from __future__ import annotations",
    "from hybridfactory.probes import *",
    "x: int = 1",
    "x = +1",
    "x = np.inf",
    "x = 'a' * 3",
    "x = [1] + [2]",
    "x = [1] * 2",
    "x = os.environ.get('HOME')",
    "x = np.array([1], dtype='int16')",
    "x = np.isin([1], [1], invert=True)",
    "x = 1 if sys.platform in ('linux',) else 2",
    "x = 1 if sys.platform.startswith('linux') else 2",
    "x = f'{1:03d}'",
    "x = f'{1!r}'",
    "import subprocess",
    "import os.path, socket",
    "from os import *",
    "from . import x",
    "from hybridfactory.io import spikegl",
    "x = __import__('os')",
    "x = open('f', 'w')",
    "x = os.system('true')",
    "x = os.environ['A']",
    "x = os.path.expanduser('~')",
    "x = os.path.join(1)",
    "x = sys.platform",
    "x = 1 if 1 else 2",
    "x = 1 if sys.platform > 'a' else 2",
    "x = 1 if sys.platform == 'a' == 'b' else 2",
    "x = 1 if sys.platform in 3 else 2",
    "x = (1).__class__",
    "x = ''.join(['a'])",
    "x = np.load('f')",
    "x = np.fromfile('f')",
    "x = np.int16.__class__",
    "x = np",
    "x = y",
    "x = lambda: 1",
    "x = [i for i in (1, 2)]",
    "x = [*(1, 2)]",
    "x = {1: 2}",
    "x = {[1]}",
    "x = b'a'",
    "x = 1j",
    "x = ...",
    "x = 1 < 2",
    "x = 1 and 2",
    "x = not 1",
    "x = ~True",
    "x = -'a'",
    "x = 2 ** 3",
    "x = 1 << 3",
    "x = 1 / 0",
    "x = '%d' % 3",
    "x = 'a' + 1",
    "x = 'a' * 'b'",
    "x = [1] + (1,)",
    "x = [1] - [1]",
    "x = np.int16 + 1",
    "x = None + 1",
    "x = (y := 3)",
    "x = np.arange(3)[0]",
    "x = np.arange(3)[1:, None]",
    "x = np.arange(3)[:, 0]",
    "x = (1)[:, None]",
    "x, y = 1, 2",
    "x += 1",
    "np.x = 1",
    "del x",
    "np.arange(3)",
    "if True: x = 1",
    "def f(): pass",
    "class C: pass",
    "while 1: pass",
    "x = np.array(['a'])",
    "x = np.array([None])",
    "x = np.array([[1], [1, 2]])",
    "x = np.array([1], dtype=object)",
    "x = np.array([1], dtype='O')",
    "x = np.array([1], dtype=[1])",
    "x = np.array(*[1])",
    "x = np.array(**{'object': 1})",
    "x = np.array([1], copy=False)",
    "x = np.array(budget=1)",
    "x = np.arange(np.nan)",
    "x = np.arange(0, 1, 0)",
    "x = np.ones(-1)",
    "x = np.ones(2.0)",
    "x = np.ones((1, 1, 1, 1, 1))",
    "x = np.hstack(np.arange(3))",
    "x = np.hstack(())",
    "x = np.repeat([1, 2], -1)",
    "x = np.repeat([1, 2], 1.5)",
    "x = np.repeat([1, 2], [1, 2, 3])",
    "x = np.repeat([1, 2], 2, axis=3)",
    "x = np.tile([1], -1)",
    "x = np.arange(3) + np.arange(4)",
    "x = f'{np.arange(3)}'",
    "x = f'{3:1000000000}'",
    "x = f'{\"a\":d}'",
    "x = custom_probe([0], [1], [[0, 0]])",
    "x = custom_probe(5)",
    "x = hybridfactory.probes.load_probe('f')",
    "x = eMouse",
    "x = (",
    "x = 'a",
    "x = 1 +",
    " x = 1",
    "x = 0777",
    "x = \0",
]
COSTLY = [
    f"x = np.ones({10**12})",
    "x = np.ones((1000000, 1000000))",
    "x = np.zeros((10**12,))",
    "x = np.arange(1000000000000)",
    "x = np.arange(0, 1, 1e-300)",
    "x = np.arange(0, 1e308, 1e-300)",
    "x = np.tile([1], 1000000000)",
    "x = np.tile(np.ones(1000), (1000, 1000))",
    "x = np.repeat([1], 1000000000)",
    "x = np.repeat(np.ones(1000000), np.ones(1000000, dtype=int) * 1000000)",
    "x = np.repeat(np.ones((1000, 1000)), 1000, axis=1)",
    "x = np.ones((1000000, 1)) * np.ones(1000000)",
    "x = np.hstack([np.ones(1000000)] * 100)",
    "x = 'a' * 1000000000000",
    "x = 1000000000000 * 'a'",
    "x = [1] * 1000000000",
    "x = (1,) * 1000000 * 1000000",
    "x = [[]] * 100000000",
    f"x = 1{'0' * 30}",
    f"x = 0x{'f' * 100000}",
    f"x = {'9' * 100000}",
    "x = 9223372036854775807 * 9223372036854775807",
    "x = ['a' * 60000] + [''] * 900000\ny = np.array(x)",
    "a = [1] * 1000\nb = [a] * 999\nc = [b, b, b]",
    "a0 = [1] * 9\n" + "".join(f"a{k + 1} = [a{k}, a{k}, a{k}, a{k}]\n" for k in range(40)),
    "a = np.ones(1000000)\n" * 30,
    "x = " + "-" * 300000 + "1",
    "x = " + "1+" * 300000 + "1",
    "x = " + "1+" * 900 + "1",
    "x = " + "(" * 150 + "1" + ",)" * 150,
    "x = a" + ".a" * 300000,
    "x = np" + ".a" * 1900,
    "x = a" + "()" * 300000,
    "x = a" + "()" * 700,
    "x = " + "[" * 300000,
    "x = " + "not " * 200000 + "1",
    "x = " + "1 if a else " * 70000 + "1",
    "x = " + "a=" * 300000 + "1",
    "x = f'{" + "1+" * 300000 + "1}'",
    "x = " + "''" * 300000,
    "if 1: pass\n" + "elif 1: pass\n" * 60000,
    "#" * (MAX_BYTES + 1),
]


@pytest.mark.parametrize("text", REFUSED)
def test_all_else_is_refused_with_its_line(tmp_path, monkeypatch, text):
    """What is not data is an error with file, line and source, and nothing of it has happened."""
    monkeypatch.chdir(tmp_path)
    path = source(tmp_path, f"{HEAD}{text}\nlast = 1\n")
    with pytest.raises(BadFileError) as caught:
        read_py(path)
    where, shown = re.match(r"(.*), line (\d+): expected data.*?found `", str(caught.value), re.DOTALL).groups()
    assert where == path
    assert int(shown) in (8, 9)  # what is not closed ends a line below
    assert os.listdir(tmp_path) == ["params.py"]


@pytest.mark.slow
@pytest.mark.parametrize("text", COSTLY, ids=lambda text: text[:40])
def test_what_costs_too_much_is_refused(tmp_path, text):
    """Size is checked before it is spent: the refusal takes little time, and few words."""
    path = source(tmp_path, HEAD + text)
    start = time.monotonic()
    with pytest.raises(BadFileError) as caught:
        read_py(path)
    assert time.monotonic() - start < 10
    assert len(str(caught.value)) < 1000 + len(path)


@pytest.mark.at_length
@pytest.mark.slow
def test_what_is_refused_takes_no_memory(tmp_path):
    """A billion elements asked for in many ways are never made."""
    costly = part(COSTLY[:-1], 3)
    paths = [tmp_path / f"{k}.py" for k in range(len(costly))]
    for path, text in zip(paths, costly, strict=True):
        path.write_text(HEAD + text)
    code = (
        "import resource, sys; from mockrawio.hybrid.original.params_py import read_py\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in sys.argv[1:]:\n"
        "    try: read_py(path)\n"
        "    except ValueError: pass\n"
        "    else: sys.exit(path)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = python(code, *paths)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 300_000  # KiB: what MAX_WORK elements take, and a file's syntax tree


def test_the_largest_that_is_allowed(tmp_path):
    """A probe of thousands of sites, and arrays up to the limit, are read."""
    rows = ",\n".join(f"    [{k}.5, {k}]" for k in range(5000))
    text = f"{HEAD}x = np.array([\n{rows}])\ny = np.ones({MAX_ITEMS})\n"
    assert read_py(source(tmp_path, text)).values["x"].shape == (5000, 2)


@given(st.text(alphabet="x=1+-*/%~()[]{}.,:'\"#\n npaosf", max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    """Whatever a file holds, it is data or a BadFileError."""
    path = source(tmp_path_factory.mktemp("py"), HEAD + text)
    try:
        assert read_py(path).values is not None
    except BadFileError as error:
        assert path in str(error)


PY = """\
import numpy as np
from hybridfactory.probes import eMouse
data_directory = "sort"
raw_source_file = "raw.bin"
data_type = np.int16
sample_rate = 30000
ground_truth_units = [1]
start_time = 0
probe = eMouse()
"""


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("time_jitter = 5", "line 10: HybridParams.time_jitter: .* is called jitter_factor"),
        ("samples_befor = 5", "line 10: .*Did you mean samples_before"),
        ("helper = 5", "line 10: HybridParams.helper: .* Remove it"),
        ("copy = 1", "line 10: HybridParams.copy: expected True or False; found 1"),
        ("data_type = np.float32", "line 10: HybridParams.data_type"),
        ("del probe", "params.py, line 10: expected data: .*found `del probe`: a Delete is not data"),
        ("data_directory = 'none'", "line 10: HybridParams.data_directory: expected a folder"),
    ],
)
def test_bad_parameters_in_py(tmp_path, more, message):
    """A wrong name or value is an error with its line."""
    with pytest.raises(MockSessionError, match=message):
        HybridParams.load(source(folder(tmp_path), f"{PY}{more}\n"))


def test_helpers_in_py(tmp_path):
    """A name that a line below uses, or that begins with an underscore, need not be a parameter."""
    text = f"{PY}_note = 'x'\nhalf = 20\nsamples_before = 2 * half\n"
    assert HybridParams.load(source(folder(tmp_path), text)).samples_before == 40


def test_other_encodings_are_refused(tmp_path):
    """A file is UTF-8: its first line cannot choose a codec."""
    path = tmp_path / "params.py"
    path.write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    with pytest.raises(BadFileError, match="params.py, line 2: expected UTF-8; found byte 0xe9"):
        read_py(str(path))


def test_windows_files(tmp_path):
    """A byte order mark, CRLF and backslashes in plain strings are read as Python reads them."""
    text = "\ufeff" + PY.replace("\n", "\r\n") + 'session_name = "s"\r\n_old = "C:\\data"\r\n'
    (folder(tmp_path) / "params.py").write_bytes(text.encode())
    assert HybridParams.load(tmp_path / "params.py").session_name == "s"


def test_only_its_own_characters_make_a_path_a_glob(tmp_path):
    """A name without magic, an absolute path and a file that is there stay as they are; a folder's name is no glob."""
    base = tmp_path / "a[b]"
    base.mkdir()
    (base / "r[1].bin").touch()
    assert absolute_source("raw.bin", str(base)) == str(base / "raw.bin")
    assert absolute_source("r[1].bin", str(base)) == str(base / "r[1].bin")
    assert absolute_source(f"{tmp_path}/x[1]/*.bin", str(base)) == f"{tmp_path}/x[1]/*.bin"
    assert absolute_source("*.bin", str(base)) == f"{tmp_path}/a[[]b]/*.bin"


@pytest.mark.parametrize(
    "call", ["np.hstack((a, a))", "np.hstack([a, [1, 2, 3, 4, 5, 6]])", "np.repeat(a, 2)", "np.tile(a, 2)"]
)
def test_what_is_put_together_is_counted(call, tmp_path):
    """Arrays that are each within the limit are no way around it."""
    text = f"{HEAD}a = np.ones({MAX_ITEMS - 5}, np.int8)\nx = {call}\n"
    with pytest.raises(BadFileError, match="params.py, line"):
        read_py(source(tmp_path, text))
