"""Text from outside: numbers in columns, JSON and TOML read strictly, and all of it shown safely."""

from __future__ import annotations

import errno
import io
import json
import math
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from mockrawio.ground import fields, jsontext, tomltext
from mockrawio.ground.at_once import TOGETHER, at_once
from mockrawio.ground.checks import is_real, is_whole, require, to_give
from mockrawio.ground.errors import (
    BadFileError,
    BadTypeError,
    BoundsError,
    MockSessionError,
    NotWrittenError,
    elsewhere,
    told,
    unreadable,
)
from mockrawio.ground.fields import BadRow, Fields, as_str, numbers
from mockrawio.ground.jsontext import json_object, read_json
from mockrawio.ground.lazy import imported
from mockrawio.ground.once import once
from mockrawio.ground.progress import progress_bar
from mockrawio.ground.shown import Argument, Clause, Lines, Text, letters, one_line, visible, warn
from mockrawio.ground.tomltext import read_toml, toml_document, toml_value

# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "found", "remedy"),
    [
        ("'raw' or 'session'", "sesion", "Did you mean 'session'?"),
        ("'raw' or 'session'", "x", "Give 'raw' or 'session'."),
        ("one of alpha, beta", "bet", "Did you mean 'beta'?"),
        ("one: alpha or beta", "alpa", "Did you mean 'alpha'?"),
        ("None, or a number", 3, "Give a number, or leave it out."),
        ("a number", None, "Give a number."),
        ('"first" or "second"', "secnd", "Did you mean 'second'?"),
    ],
)
def test_what_to_give(expected, found, remedy):
    """The remedy is the name that was meant, if one is near, or else what is expected."""
    assert to_give(expected, found) == remedy
    with pytest.raises(MockSessionError) as raised:
        require(False, "n", expected, found)
    assert (raised.value.subject, raised.value.found, raised.value.remedy) == ("n", repr(found), remedy)


def test_what_is_required():
    """What is as it must be passes; a sentence that was found is told as it is, and a remedy that is given."""
    require(True, "n", "a number", "two words")
    with pytest.raises(MockSessionError, match="^n: expected a number; found two words. Do this.$"):
        require(False, "n", "a number", "two words", "Do this.")


def test_kinds_of_numbers():
    """Whole and real numbers are Python's and NumPy's, without bools and texts."""
    values = (1, np.int8(1), np.uint64(1), 1.5, np.float32(1), True, np.True_, "1", None, 1j)
    assert [is_whole(value) for value in values] == [True] * 3 + [False] * 7
    assert [is_real(value) for value in values] == [True] * 5 + [False] * 5


# -- errors ----------------------------------------------------------------------------------------


def test_parts_of_an_error():
    """Four parts, each as it was given, of which the first is the argument at fault, if it is one."""
    error = MockSessionError(Path("/a"), 1, Lines("x\ny"), "Do.")
    assert (error.subject, error.expected, error.found, error.remedy) == error.args == ("/a", "1", "x\ny", "Do.")
    assert str(error) == "/a: expected 1; found x\ny\nDo." and error.argument is None
    assert str(MockSessionError("a\n", "b\t", "c\x1b", "d\r")) == r"a\n: expected b\t; found c\x1b. d\r"
    named = MockSessionError(Text("the ", Argument("p", 3)), Text("e ", Argument("q")), "", Text("r ", Argument("s")))
    assert (named.argument.name, [one.name for one in named.text.arguments]) == ("p", ["p", "q", "s"])
    within = named.within("f")
    assert str(within) == "f: the p=3: expected e q; found . r s" and within.argument.name == "p"
    assert str(named).startswith("the p=3")


def test_kinds_of_errors():
    """Each is what Python calls it, too; one of the file system has its number, words and place."""
    assert issubclass(BoundsError, IndexError) and issubclass(BadTypeError, TypeError)
    error = NotWrittenError("p", "e", "f", "r", 28)
    assert (error.errno, error.strerror, error.filename) == (28, "f", "p")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.errno, again.args) == (NotWrittenError, str(error), 28, error.args)
    assert NotWrittenError("p", "e", "f", "r").errno is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EACCES, None])
def test_a_file_that_cannot_be_read(number):
    """What the system says is told, and where files are too many how to have fewer."""
    error = unreadable("p", OSError(number, "words") if number else OSError("words"))
    assert (error.subject, error.expected, error.found) == ("p", "a readable file", "words")
    assert ("ulimit" in error.remedy) == (number in (errno.EMFILE, errno.ENFILE))
    assert unreadable("p", OSError("w"), "a folder").expected == "a folder"


def test_what_was_told():
    """The text of an error or a warning keeps the arguments that it names; any other is plain."""
    text = Text("a ", Argument("b"))
    for said in (text, UserWarning(text), MockSessionError("", "", "", text)):
        assert [one.name for one in told(said).arguments] == ["b"]
    assert [told(said) for said in (ValueError("x", "y"), ValueError(), 3, "z")] == ["('x', 'y')", "", "3", "z"]
    assert elsewhere() == "Choose another place, or pass overwrite=True to replace it."


# -- what is shown ---------------------------------------------------------------------------------


def test_arguments():
    """A parameter is written as Python writes it, and keeps its parts where it is copied."""
    written = [Argument("a"), Argument("a", 0), Argument("a", ""), Argument("a", False, "C"), Argument("a", of="C")]
    assert written == ["a", "a=0", "a=", "C.a=False", "C.a"]
    for one in written:
        again = pickle.loads(pickle.dumps(one))
        assert (again, again.name, again.value, again.of) == (one, one.name, one.value, one.of)


def test_texts_in_parts():
    """The parts of a text are taken one by one, but for a clause, which stays one; all arguments are found."""
    clause = Clause(", or ", Argument("b", 1))
    text = Text("x", Text("y", Argument("a")), clause, 3, Lines("z"))
    assert text.parts == ("x", "y", "a", ", or b=1", "3", "z") and text == "xya, or b=13z"
    assert [one.name for one in text.arguments] == ["a", "b"] and Text("x").arguments == []
    assert type(text.parts[3]) is Clause and type(text.parts[2]) is Argument
    again = pickle.loads(pickle.dumps(text))
    assert (type(again), again, again.parts) == (Text, text, text.parts)


def test_what_is_visible():
    """What is not printable is escaped, once; lines of our own stay, and a letter is never a formula."""
    assert visible("a\n\x1b[2J\u202e\ud800é\u00a0") == r"a\n\x1b[2J\u202e\ud800é\xa0" and visible(3) == "3"
    lines = Lines("a\nb")
    assert visible(lines) is lines and one_line(lines) == "a b"
    clause = visible(Clause("\n", Argument("b")))
    assert type(clause) is Clause and clause == r"\nb" and [one.name for one in clause.arguments] == ["b"]
    assert one_line("a \n\t b\x00") == r"a b\x00" and one_line(Argument("a  b")) == "a  b"
    joined = one_line(Text("x\n\ny", Argument("b  c")))
    assert joined == "x yb  c" and joined.arguments == ["b  c"]
    assert letters("$a$\n") == r"\$a\$\n"


def test_where_a_warning_is_from():
    """A warning is of the line that called, or of one above it, and is visible."""

    def inner(level):
        warn("a\nb", level) if level else warn("a\nb")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inner(0)
        inner(2)
    here = sys._getframe().f_lineno
    lines = [one.lineno for one in caught]
    assert [str(one.message) for one in caught] == [r"a\nb"] * 2 and {one.filename for one in caught} == {__file__}
    assert lines == [inner.__code__.co_firstlineno + 1, here - 1]


# -- columns of numbers ----------------------------------------------------------------------------


def column(*texts):
    return Fields(b"\n".join(texts)).column(0, 1)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_plain_numbers_are_put_together(dtype, monkeypatch):
    """Digits with a point at most are numbers digit by digit; as long as all are exact nothing else is asked."""
    monkeypatch.setattr(fields, "_is_number", lambda *_: pytest.fail("asked one by one"))
    most = {np.int64: 18, np.float64: 15}[dtype]
    texts = [b"0", b"7", b"10", b"9" * most, b"0" * (most - 1) + b"1", b"1234567890"]
    if dtype is np.float64:
        texts += [b"1.5", b".5", b"5.", b"0.1", b"12345678901.234", b"0.0000000000001", b"99999999999999."]
    found = fields._decimals(column(*texts), dtype)
    assert found.dtype == dtype and found.tolist() == [dtype(text).item() for text in texts]


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_what_is_no_plain_number(dtype):
    """Longer ones, two points, signs, no digit at all, and points of whole numbers go another way."""
    most = {np.int64: 18, np.float64: 15}[dtype]
    others = [b"1" * (most + 1), b"1..2", b"1.2.3", b"-1", b"+1", b".", b"1e3", b"x", b"1_0"]
    for text in [*others, *([b"1."] if dtype is np.int64 else [])]:
        assert fields._decimals(column(b"12", text, b"3"), dtype) is None
    assert fields._decimals(column(b"12", b"34"), dtype).tolist() == [12, 34]
    assert fields._decimals(np.zeros(0, "S3"), dtype).tolist() == []


@pytest.mark.parametrize(
    ("text", "dtype", "value"),
    [
        (b"-12", np.int64, -12),
        (b"+12", np.int64, 12),
        (b"9223372036854775807", np.int64, 2**63 - 1),
        (b"9223372036854775808", np.int64, None),
        (b"1.", np.int64, None),
        (b"1e3", np.float64, 1000.0),
        (b"-0.5", np.float64, -0.5),
        (b"0.12345678901234567", np.float64, 0.12345678901234567),
        (b"1e400", np.float64, None),
        (b"-inf", np.float64, None),
        (b"nan", np.float64, None),
        (b".", np.float64, None),
        (b"1..2", np.float64, None),
    ],
)
def test_other_numbers(text, dtype, value):
    """What Python reads as a finite number is that number; the first row that is none is named, from 0."""
    if value is not None:
        assert numbers(column(b"1", text, b"2"), dtype).tolist() == [1, value, 2]
        return
    for bad in (0, 1, 2):
        rows = [b"1", b"2", b"3", text]
        rows[bad] = text
        with pytest.raises(BadRow) as raised:
            numbers(column(*rows), dtype)
        assert raised.value.args == (bad,)


def test_fields_and_blanks():
    """Any character up to the space is a blank; a field ends with the text, and a column has every so-many-th."""
    made = Fields(b" a\x00bb\x1f\nccc\x20\x0b!\n\x21e")
    assert made.size == 5 and made.counts.tolist() == [2, 2, 1]
    assert made.column(0, 1).tolist() == [b"a", b"bb", b"ccc", b"!", b"!e"]
    assert made.column(1, 2).tolist() == [b"bb", b"!"] and made.column(4, 9).tolist() == [b"!e"]
    assert made.column(5, 1).tolist() == [] and made.column(5, 1).dtype == "S1"
    assert as_str(made.column(0, 2)).tolist() == ["a", "ccc", "!e"] and as_str(made.column(5, 1)).size == 0
    assert Fields(b"a\n").counts.tolist() == [1, 0] and Fields(b"\n\n").counts.tolist() == [0, 0, 0]


@pytest.mark.parametrize("before", [b"", b"1 ", b"1\n", b"1\n\n2 3\n"])
def test_the_line_of_a_long_field(before):
    """A field may have 64 characters; the line of the first longer one is told, from 0."""
    assert Fields(before + b"9" * 64 + b" 1").long_line() is None
    made = Fields(before + b"9" * 65 + b"\n" + b"9" * 70)
    assert made.long_line() == before.count(b"\n")
    assert Fields(before + b"9" * 64).column(0, 1)[-1] == b"9" * 64


# -- JSON and TOML ---------------------------------------------------------------------------------


def nested(depth):
    """Return an object of so many levels."""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def test_json_that_is_read(tmp_path):
    """An object in UTF-8, with a mark of that or without, of up to 32 levels."""
    for text in ('{"a": [1, {"b": null}], "é": 1e3}', "\ufeff{}", nested(32), '{"a": ' * 31 + "[]" + "}" * 31):
        (tmp_path / "f").write_text(text, "utf-8")
        assert read_json(str(tmp_path / "f"), "e", "r") == json.loads(text.lstrip("\ufeff"))
    assert jsontext.MAX_DEPTH == 32


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (nested(33).encode(), "more than 32 levels"),
        (b'{"a":' * 32 + b"[[]]" + b"}" * 32, "more than 32 levels"),
        (b"[]", "a list"),
        (b'"x"', "a str"),
        (b"null", "a NoneType"),
        (b'{"a": NaN}', "NaN, which is no JSON"),
        (b'{"a": -Infinity}', "-Infinity, which is no JSON"),
        (b'{"a": 1, "bb": 2, "bb": 3}', "the key 'bb' twice"),
        (b'{"%s": 1, "%s": 2}' % (b"x" * 41, b"x" * 41), f"the key '{'x' * 40}' twice"),
        (b"[" * 100_000, "recursion"),
        (b'{"a": "\xff"}', "invalid start byte"),
    ],
)
def test_json_that_is_refused(text, found):
    """What readers would take in two ways, what JSON lacks, nests too deep or is no object, with what it is."""
    with pytest.raises(BadFileError) as raised:
        json_object("p", text, "e", "r")
    error = raised.value
    assert (error.subject, error.expected, error.remedy) == ("p", "e", "r") and found in error.found
    assert len(error.found) <= 200


def test_long_words_of_a_json_error(monkeypatch):
    """Of what is wrong 200 characters are told."""
    monkeypatch.setattr(jsontext.json, "loads", lambda *_, **__: int("x" * 300))
    with pytest.raises(BadFileError) as raised:
        json_object("p", b"", "e", "r")
    assert len(raised.value.found) == 200


def test_toml_that_is_read(tmp_path, monkeypatch):
    """UTF-8 with a mark or without, and lines as Windows ends them, up to 16 MiB."""
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa = 1\r\n[b]\r\nc = '''x\r\ny'''\r\n")
    assert read_toml(tmp_path / "f") == {"a": 1, "b": {"c": "x\ny"}}
    for body, found in ((b"a = ", "Invalid"), (b"a = '\xff'", "invalid start byte"), (b"a=" + b"[" * 20_000, "nest")):
        (tmp_path / "f").write_bytes(body)
        with pytest.raises(BadFileError, match="f: expected a TOML file") as raised:
            read_toml(tmp_path / "f")
        assert found.lower() in raised.value.found.lower() or "recursion" in raised.value.found
    assert tomltext.MAX_BYTES == 1 << 24
    monkeypatch.setattr(tomltext, "MAX_BYTES", 5)
    (tmp_path / "f").write_bytes(b"a = 1")
    assert read_toml(tmp_path / "f") == {"a": 1}
    (tmp_path / "f").write_bytes(b"a = 10")
    for how, remedy in (({}, "Write less into it."), ({"too_large": "Do."}, "Do.")):
        with pytest.raises(BadFileError, match="at most 5 bytes; found 6") as raised:
            read_toml(tmp_path / "f", **how)
        assert raised.value.remedy == remedy


def test_a_toml_document():
    """Plain values come first, then tables and arrays of them; None is left out, and names are quoted at need."""
    values = {
        "t": {"x": None, "y": 1},
        "a": None,
        "b-c_1": True,
        "d e": [1, [2.5, "z"], {"k": False}],
        "é": "q",
        "several": [{"n": 1}, {"m.n": (1, 2)}],
        "mixed": [{"n": 1}, 2],
        "": 0,
    }
    expected = (
        'b-c_1 = true\n"d e" = [1, [2.5, "z"], {k = false}]\n"é" = "q"\nmixed = [{n = 1}, 2]\n"" = 0\n'
        '\n[t]\ny = 1\n\n[[several]]\nn = 1\n\n[[several]]\n"m.n" = [1, 2]\n'
    )
    assert toml_document(values) == expected
    assert toml_document({"none": []}) == "none = []\n"
    assert toml_document({}) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (0.1, "0.1"),
        (10**20, "100000000000000000000"),
        (Path("/a b"), '"/a b"'),
        ('"\\\n\x7fé', '"\\"\\\\\\n\\u007fé"'),
        ({}, "{}"),
        ({"a": 1, "b": None, "c": "x"}, '{a = 1, c = "x"}'),
        ((), "[]"),
    ],
)
def test_toml_values(value, text):
    """Each kind of value as TOML has it."""
    assert toml_value(value) == text


def test_texts_that_utf_8_lacks():
    """Half a pair, as in the name of a file, is refused; what lies beside the halves is not."""
    for text in ("a\ud800", "\udfff"):
        with pytest.raises(MockSessionError, match="text that UTF-8 has"):
            toml_value(text)
    assert toml_value("\ud7ff\ue000") == '"\ud7ff\ue000"'


# -- small things ----------------------------------------------------------------------------------


def test_work_at_the_same_time():
    """Work that waits is done by sixteen threads, other work by this one, when it is asked for; both in order."""
    import threading

    here, where = threading.current_thread().name, []
    met = threading.Barrier(TOGETHER, timeout=20)

    def work(item):
        where.append(threading.current_thread().name)
        return item * 2

    def wait(item):
        met.wait()
        return work(item)

    assert TOGETHER == 16 and list(at_once(wait, range(16), True)) == [2 * k for k in range(16)]
    assert here not in where and all(name.startswith("mockrawio-waiting") for name in where)
    where.clear()
    lazy = at_once(work, range(3), False)
    assert where == [] and next(lazy) == 0 and where == [here] and list(lazy) == [2, 4]


def test_what_is_computed_once():
    """The work is done when it is first asked for, once an object, and has the method's words."""

    class Some:
        def __init__(self):
            self.done = 0

        @once
        def value(self):
            """Words."""
            self.done += 1
            return self.done

    one = Some()
    assert (one.done, one.value, one.value, one.done, Some().value) == (0, 1, 1, 1, 1)
    assert Some.value.__doc__ == "Words." and isinstance(Some.value, once)


def test_names_imported_late():
    """A name is asked of its home; one without a home is an AttributeError."""
    assert imported("mockrawio.ground", "visible", {"visible": "shown"}) is visible
    with pytest.raises(AttributeError, match="module 'mockrawio.ground' has no attribute 'x'"):
        imported("mockrawio.ground", "x", {"visible": "shown"})


def test_a_bar_of_progress():
    """A bar never passes its end, of unknown work it has none; without one nothing is shown."""
    said = io.StringIO()
    with progress_bar(True, "some", 10, unit="x", file=said, mininterval=0) as tick:
        tick(4)
        tick(9)
    text = said.getvalue().split("\r")[-1]
    assert text.startswith("some: 100%") and "10.0/10.0" in text and "x/s" in text
    said = io.StringIO()
    with progress_bar(True, "some", None, file=said, mininterval=0) as tick:
        tick(4000)
    assert "4.00kB" in said.getvalue().split("\r")[-1]
    said = io.StringIO()
    with progress_bar(False, "some", 10, file=said) as tick:
        assert tick(4) is None
    assert said.getvalue() == ""
