"""Parameter files at their limits: which line is told, how long and deep an expression may be, what a value becomes."""

from __future__ import annotations

import io
import os
import tokenize
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError, MockSessionError
from mockrawio.hybrid import HybridParams, neuropixels3a, params, params_files
from mockrawio.hybrid.original import params_py
from mockrawio.hybrid.original.params_py import read_py
from mockrawio.hybrid.params import FileSource
from mockrawio.hybrid.params_files import check_names, located

# -- lines -----------------------------------------------------------------------------------------


def read(folder, text):
    """Read a file of this text, or bytes."""
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "params.py").write_bytes(data)
    return read_py(str(folder / "params.py"))


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("a = 1\nb = f()\nc = 2", 2, "`b = f()`: f() is not a call that is read"),
        ("   \n\n  del a", 3, "`del a`: "),
        ("a = (1,\n  f(),\n  2)", 2, "`f(),`: f() is not a call"),
        ("a = [\n1,\nnp]\n", 3, "`np]`: np is not a value that is known here"),
        ("a = 1\nb = 'x\x00y'", 2, "`b = 'x\\x00y'`: a null byte"),
        ("x = " + "z" * 196, 1, "`x = " + "z" * 196 + "`: "),
        ("x = " + "z" * 197, 1, "`x = " + "z" * 196 + " ...`: "),
        ("a = 1\n\n  b = 2", 3, "unexpected indent"),
        ("a = (1", 1, "`a = (1`: "),
        ("'''a", 1, "`'''a`: "),
        ("a = 1\r\nb = 2\rc = f()", 3, "`c = f()`: "),
        ("a = '''\n\n'''\nb = not a", 4, "`b = not a`: not is not data"),
        ("import x", 1, "only hybridfactory, hybridfactory.probes, numpy, os, os.path, sys may be imported"),
        ("from . import a", 1, "may be imported"),
        ("from numpy import *", 1, "import the names that are used, not *"),
        ("a.b = 1", 1, "a value is given to something other than a name"),
        ("a = 1 ** 2", 1, "only + - * / // % are read"),
        ("import numpy as np\na = np.ones(**{})", 2, "** is not data"),
        ("a = b'x'", 1, "a Constant of type bytes is not data"),
        ("a = 1j", 1, "a Constant of type complex is not data"),
        ("a = ...", 1, "a Constant of type ellipsis is not data"),
        ("a = f'{1:>3}'", 1, "of an f-string only {name} is read, a text or a number, not int"),
        ("a = f'{1!r}'", 1, "not int"),
        ("a = 1\nb = f'{None}'", 2, "not NoneType"),
        ("import sys\na = 1 if sys.platform in 'x' else 2", 2, "of conditions only sys.platform == and != are read"),
        ("import sys\na = 1 if 'x' == sys.platform else 2", 2, "of conditions only"),
        ("import sys\na = 1 if sys.platform == 'x' == 'x' else 2", 2, "of conditions only"),
        ("a = 1\nb = a[0]", 2, "of subscripts only x[:, np.newaxis] is read"),
        ("a = 1\nb = {1: 2}", 2, "a Dict is not data"),
        ("a = 1\nfor b in a: pass", 2, "a For is not data"),
        ("a = 1 / 0", 1, "division by zero"),
        ("import numpy as np\na = np.arange(3) + np.arange(2)", 2, "shape mismatch"),
    ],
)
def test_the_line_at_fault(tmp_path, text, line, shown):
    """The error has the line, its source up to 200 characters, and what is wrong with it."""
    with pytest.raises(BadFileError) as raised:
        read(tmp_path, text)
    assert raised.value.subject == f"{tmp_path}/params.py, line {line}" and shown in str(raised.value)
    assert raised.value.expected == "data: literals, numpy arrays, paths, a probe"


@pytest.mark.parametrize(("before", "line"), [(b"", 1), (b"a = 1\n", 2), (b"a\nb\n\n", 4)])
def test_bytes_that_are_no_utf_8(tmp_path, before, line):
    """The first byte that is no UTF-8 is told, with its line."""
    with pytest.raises(BadFileError, match="expected UTF-8; found byte 0xfe. Save it as UTF-8.") as raised:
        read(tmp_path, before + b"x = '\xfe'\n# \xff")
    assert raised.value.subject == f"{tmp_path}/params.py, line {line}"


def test_a_line_that_is_not_there():
    """A line beyond the end has no source."""
    assert params_py._bad_line("p", 3, ["a", "b"], "why").found == "``: why"
    assert params_py._bad_line("p", 2, ["a", " b "], "why").found == "`b`: why"
    assert params_py._bad_line("p", 1, ["x" * 201], "why").found == f"`{'x' * 200} ...`: why"


# -- limits ----------------------------------------------------------------------------------------


def test_how_large_a_file_may_be(tmp_path):
    """A file may have a MiB, and not a byte more."""
    assert read(tmp_path, "a = 1\n" + "#" * ((1 << 20) - 6)).values == {"a": 1}
    with pytest.raises(BadFileError, match="at most 1048576 bytes; found 1048577"):
        read(tmp_path, "a = 1\n" + "#" * ((1 << 20) - 5))


def test_how_deep_an_expression_may_be(tmp_path):
    """Expressions may be a hundred deep."""
    assert params_py.MAX_DEPTH == 100
    assert read(tmp_path, "a = " + "-" * 99 + "1").values == {"a": -1}
    with pytest.raises(BadFileError, match="too deep an expression"):
        read(tmp_path, "a = " + "-" * 100 + "1")
    reader = params_py._Reader("p", [])
    with pytest.raises(params_py.Refused):
        reader.value(params_py.ast.parse("f()", mode="eval").body)
    assert reader.depth == 0


def tokens(text):
    """Return the greatest number of tokens that are counted together in a text."""
    open_, most = [0], 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        params_py._count(open_, token)
        most = max(most, sum(open_))
    return most, open_


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("a\n", 1),
        ("a = b\n", 3),
        ("a = 1 # 2\n", 2),
        ("a = [b, c, d]\n", 4),
        ("a = b, c\n", 3),
        ("a = [(b), (c), (d)]\n", 5),
        ("a = (b + c, d)\n", 6),
        ("a = {b: (c)}\n", 7),
        ("a = f(b)(c)\nd\n", 6),
        ("a = b\nc = d\n", 3),
    ],
)
def test_tokens_that_may_nest(text, most):
    """Tokens count from the last comma of each bracket that is open; numbers, comments and line ends do not."""
    found, left = tokens(text)
    assert found == most and len(left) == 1
    closing = tokenize.TokenInfo(tokenize.OP, ")", (1, 0), (1, 1), "")
    params_py._count(left, closing)  # of a bracket that nobody opened
    assert len(left) == 1


def test_how_long_an_expression_may_be(tmp_path):
    """An expression may have two thousand tokens that nest, an f-string 1024 characters."""
    assert (params_py.MAX_CHAIN, params_py.MAX_FSTRING) == (2000, 1024)
    for count, words in ((1998, "too deep an expression"), (1999, "too long an expression")):
        with pytest.raises(BadFileError, match=words):
            read(tmp_path, "a = " + "-" * count + "1")
    token = tokenize.TokenInfo(tokenize.STRING, "f'" + "x" * 1021 + "'", (1, 0), (1, 0), "")
    assert not params_py._is_long_fstring(token)
    for prefix, long in (("f", True), ("F", True), ("rF", True), ("fr", True), ("r", False), ("", False), ("b", False)):
        assert params_py._is_long_fstring(token._replace(string=f"{prefix}'{'xf' * 600}'")) is long
    assert not params_py._is_long_fstring(token._replace(type=tokenize.NAME, string="f'" + "x" * 2000))


def test_what_is_read(tmp_path):
    """Values, where each was given last, and which of them a later line uses; an import takes a name away."""
    found = read(tmp_path, "a = 1\nb = [a, a]\nc = d = 2\n'doc'\npass\na = 3\nimport os as b\n")
    assert found.values == {"a": 3, "c": 2, "d": 2} and found.lines == {"a": 6, "c": 3, "d": 3} and found.used == {"a"}
    found = read(
        tmp_path, "import os.path\nimport numpy as np\nfrom os import path as p\na = os.path.join('x', 'y')\nnp = 1\n"
    )
    assert found.values == {"a": os.path.join("x", "y"), "np": 1}
    found = read(
        tmp_path, "import numpy\na = numpy.nan\nb = numpy.int16\nc = int\nd = {1, 2}\ne = f'{1}x{\"y\"}'\nf = None\n"
    )
    assert found.values["a"] != found.values["a"] and [found.values[name] for name in "bcdef"] == [
        np.int16,
        int,
        {1, 2},
        "1xy",
        None,
    ]
    found = read(tmp_path, "import numpy as np\na = np.arange(2)[:, np.newaxis]\nb = np.array([[1]])[:, None]\n")
    assert found.values["a"].tolist() == [[0], [1]] and found.values["b"].shape == (1, 1, 1)
    for bad in ("a[:]", "a[:, 0]", "a[0:, None]", "a[:1, None]", "a[::1, None]", "a[:, None, None]", "a[None, :]"):
        with pytest.raises(BadFileError, match=r"only x\[:, np.newaxis\] is read"):
            read(tmp_path, f"import numpy as np\na = np.arange(2)\nb = {bad}")


@pytest.mark.parametrize(("platform", "value"), [("win32", [1, 2]), ("linux", [2, 1])])
def test_a_choice_by_platform(tmp_path, monkeypatch, platform, value):
    """A value may depend on the platform, by == or !=; only the one that is chosen is read."""
    monkeypatch.setattr(params_py.sys, "platform", platform)
    text = "import sys\na = 1 if sys.platform == 'win32' else 2\nb = 1 if sys.platform != 'win32' else 2\n"
    found = read(tmp_path, text)
    assert [found.values["a"], found.values["b"]] == value
    chosen = read(tmp_path, f"import sys\na = 1 if sys.platform == {platform!r} else f()\n")
    assert chosen.values == {"a": 1}


# -- names and values ------------------------------------------------------------------------------


def test_what_was_meant():
    """An unknown name is told with the one that is near, or that hybridfactory calls so; a missing one by name."""
    known = ("alpha", "beta", "jitter_factor", "probe")

    class Known:
        __dataclass_fields__ = HybridParams.__dataclass_fields__

    for name, remedy in (
        ("alhpa", "Did you mean alpha?"),
        ("time_jitter", "The parameter is called jitter_factor."),
        ("probe_type", "The parameter is called probe."),
        ("zzzz", "Remove it."),
    ):
        with pytest.raises(MockSessionError, match=f"HybridParams.{name}: expected the name of a parameter") as raised:
            check_names([name], known, Known)
        assert raised.value.remedy == remedy and raised.value.found == repr(name)
    with pytest.raises(MockSessionError, match="HybridParams.sample_rate, probe: expected a value; found .none.."):
        check_names(["data_type"], ("data_type", "sample_rate", "probe", "copy"), Known)
    check_names(["data_type", "sample_rate", "probe"], ("data_type", "sample_rate", "probe", "copy"), Known)


def test_where_an_error_is():
    """An error has the file before it, and the line of its parameter, if it has one."""
    error = MockSessionError(params_files._param("a"), "e", "f", "r")
    assert located("p", error, {"a": 3, "b": 4}).subject == "p, line 3: HybridParams.a"
    assert located("p", error, {"b": 4}).subject == "p: HybridParams.a"
    assert located("p", MockSessionError("x", "e", "f", "r"), {"x": 4}).subject == "p: x"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "HybridParams.probe: expected a table, 'neuropixels3a', 'eMouse', or the path of an .npz; found 3"),
        ("other", "HybridParams.probe.builtin: expected 'neuropixels3a' or 'eMouse'; found 'other'"),
        ({"builtin": ["eMouse"]}, "probe.builtin: expected"),
        (
            {"builtin": "eMouse", "sync_channel": True},
            "probe.sync_channel: expected true or false, for neuropixels3a only",
        ),
        ({"builtin": "neuropixels3a", "sync_channel": 1}, "probe.sync_channel: expected true or false"),
        ({"builtin": "eMouse", "name": "x"}, "HybridParams.probe.name: expected one of builtin, sync_channel"),
        (
            {"channel_map": [0]},
            "the arrays channel_map, connected, channel_positions; found .*no connected",
        ),
        ({"channel_mpa": [0]}, "HybridParams.probe.channel_mpa: expected one of .*Did you mean channel_map"),
    ],
    ids=str,
)
def test_probes_of_a_file_that_are_none(value, words):
    """What is no probe is told by the key that is wrong."""
    with pytest.raises(MockSessionError, match=words):
        params_files._probe(value, "/base")


def test_probes_of_a_file(tmp_path):
    """A probe is one by name, with its sync row or without, by arrays, or by a file beside the parameters."""
    assert (
        params_files._probe("neuropixels3a", "")
        == params_files._probe({"builtin": "neuropixels3a"}, "")
        == neuropixels3a()
    )
    for sync in (True, False):
        table = {"builtin": "neuropixels3a", "sync_channel": sync}
        assert params_files._probe(table, "").n_channels == 384 + sync
    assert params_files._probe("eMouse", "").n_channels == 34
    arrays = {"channel_map": [0], "connected": [True], "channel_positions": [[1, 2]]}
    assert params_files._probe({**arrays, "name": "n"}, "").name == "n"
    params_files._probe(arrays, "").save(tmp_path / "p.npz")
    assert params_files._probe("p.npz", str(tmp_path)).n_channels == 1


def test_paths_of_parameters():
    """A path is made absolute, from what it is relative to; what is none is refused."""
    assert params._path("data_directory", "a/../b", "/base") == Path("/base/b")
    assert (
        params._path("data_directory", Path("/c"), "/base") == Path("/c")
        and params._path("x", "a") == Path("a").absolute()
    )
    assert params._path("raw_source_file", "a*.bin", "/b[1]") == "/b[[]1]/a*.bin"
    for value in ("", b"", b"x", "a\0b", 3, None, ["a"]):
        with pytest.raises(MockSessionError, match="HybridParams.output_directory: expected a path"):
            params._path("output_directory", value)


def test_first_samples_of_parameters():
    """Where files start is a whole number from 0 up, a list of them, or not said."""
    for value, kept in (
        (None, None),
        (0, 0),
        (np.int16(7), 7),
        ([0, 5], (0, 5)),
        (np.array([3]), (3,)),
        (iter([1]), (1,)),
    ):
        found = params._start_time(value)
        assert found == kept and type(found) is type(kept)
    for value in (-1, [0, -1], 1.5, [1.5], True, [True], [], "12", {1: 2}):
        with pytest.raises(MockSessionError, match="HybridParams.start_time: expected a sample from 0 up"):
            params._start_time(value)


@pytest.fixture
def made(tmp_path):
    """Parameters of files that are there."""
    (tmp_path / "sorted").mkdir()
    (tmp_path / "r.bin").write_bytes(bytes(8))
    given = {"data_directory": tmp_path / "sorted", "raw_source_file": tmp_path / "r.bin", "data_type": "int16"}
    return {**given, "sample_rate": 1000, "probe": neuropixels3a(False), "ground_truth_units": [1]}


def test_defaults_of_parameters(made, tmp_path):
    """What is not said has its default; a run is repeated by what is saved, under its session's name."""
    told = HybridParams(**made)
    assert (told.output_directory, told.copy, told.start_time, told.output_type, told.phy_base) == (
        tmp_path / "sorted" / "hybrid_output", True, None, None, None,
    )  # fmt: skip
    assert told.drawn_with == "seed None" and list(told.saved) == ["hfparams_None.toml"]
    based = HybridParams(**made, phy_base=1, random_seed=3, session_name="s", output_directory="out", copy=False)
    assert (
        based.drawn_with == "seed 3, phy's samples counted from 1" and based.output_directory == Path("out").absolute()
    )
    assert list(based.saved) == ["hfparams_s.toml"] and based.saved["hfparams_s.toml"].decode() == based.to_toml()
    assert "start_time" not in based.to_toml() and "copy = false" in based.to_toml() and not based.copy
    for kind, base, kept in (("phy", 0, 0), ("phy", None, 1), ("kilosort", None, 1)):
        source = SimpleNamespace(sorting=SimpleNamespace(kind=kind, phy_base=base))
        assert (based.told_by(source).output_type, based.told_by(source).phy_base) == (kind, kept)
    for name, value in (
        ("phy_base", 2),
        ("phy_base", -1),
        ("copy", 1),
        ("data_type", ">i2"),
        ("probe", 3),
        ("sample_rate", 0),
    ):
        with pytest.raises(MockSessionError, match=f"HybridParams.{name}: expected"):
            HybridParams(**{**made, name: value})
    with pytest.raises(MockSessionError, match="synthetic_rate: expected at most the sample_rate, 1000"):
        HybridParams(**made, synthetic_rate=[1001])
    assert (
        FileSource(**{name: value for name, value in made.items() if name != "ground_truth_units"}).data_type == "int16"
    )


def test_files_that_parameters_name(made, tmp_path):
    """The folder and each file have to be there."""
    HybridParams(**made).check_paths()
    with pytest.raises(MockSessionError, match="raw_source_file: expected a file that exists; found .*none.bin"):
        HybridParams(**{**made, "raw_source_file": tmp_path / "none.bin"}).check_paths()
    with pytest.raises(MockSessionError, match="data_directory: expected a folder that exists; found .*r.bin"):
        HybridParams(**{**made, "data_directory": tmp_path / "r.bin"}).check_paths()


def test_forms_of_parameter_files(made, tmp_path):
    """A file's form is told by its suffix, which any case may have; a file is saved as TOML alone."""
    told = HybridParams(**made)
    for name in ("a.toml", "b.TOML"):
        told.save(tmp_path / name)
        assert HybridParams.load(tmp_path / name) == told
    for name, found in (("p.json", "'.json'"), ("params", "no suffix")):
        with pytest.raises(BadFileError, match="a file of parameters, .toml or .py") as raised:
            HybridParams.load(tmp_path / name)
        assert raised.value.found == found
    with pytest.raises(BadFileError, match=r"a name that ends in .toml; found 'x.py'"):
        told.save(tmp_path / "x.py")
    relative = {**made, "data_directory": "sorted", "raw_source_file": "r.bin"}
    assert HybridParams.from_dict(relative, base=tmp_path) == told
    assert HybridParams.from_dict({**relative, "output_directory": None}, base=tmp_path) == told
    assert (
        HybridParams.from_dict({**relative, "output_directory": "o"}, base=tmp_path).output_directory == tmp_path / "o"
    )
