"""What the harness has found, and a reading of the code beside it: each stays mended."""

from __future__ import annotations

import json
import os
import pickle
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.describe import describe_session
from mockrawio.formats.dict_npy import DictFile
from mockrawio.formats.npy import open_array
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.places import MAX_TEXT_FILE
from mockrawio.session.files import open_channel_names, open_lfp
from mockrawio.session.logs import parse_daq_log, parse_watchlog
from mockrawio.session.manifest import read_manifest
from mockrawio.session.streams import open_stream
from tests.fuzz.corpus import header, pickled
from tests.fuzz.headers import TEXTS, assemble
from tests.fuzz.pickles import BOMBS, DTYPE, MAKE, REFUSED, bomb
from tests.handmade import T0, Handmade, save_dict

USUAL = pickled({"ts": np.arange(3, dtype=np.int16)})
ARRAY = (
    MAKE
    + b"K\x00\x85C\x01b\x87R(K\x01K\x03\x85"
    + DTYPE
    + b"(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)


def swapped(old: bytes, new: bytes, data: bytes = USUAL) -> bytes:
    """Return a pickle without its FRAME, with one piece of it exchanged."""
    body = data[:2] + data[11:]
    assert body.count(old) >= 1
    return body.replace(old, new, 1)


def with_value(value: bytes) -> bytes:
    """Return a pickle of a dict whose only value is what these opcodes make."""
    whole = pickled({"ts": None})
    place = whole.rindex(b"N")
    return whole[:2] + whole[11:place] + value + whole[place + 1 :]


FLAGS = b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK"
PICKLES = {
    # Python's unpickler, allowed NumPy's own functions alone, crashes on this one byte.
    "objects that nobody counts": swapped(FLAGS + b"?", FLAGS + b"\x02"),
    "a dict in bytes that are no objects": swapped(b"\x02O8", b"\x02V8"),
    "numbers that are objects": swapped(FLAGS + b"\x00", FLAGS + b"?"),
    "an array of another version": swapped(b"(K\x01K\x03\x85", b"(K\x7fK\x03\x85"),
    "a version that is True": swapped(b"(K\x01K\x03\x85", b"(\x88K\x03\x85"),
    "a start of shape (False,)": swapped(b"K\x00\x85", b"\x89\x85"),
    "a start of another type": swapped(b"C\x01b", b"C\x01O"),
    "an alignment of 2000 bits": swapped(FLAGS + b"\x00", b"J\xff\xff\xff\xff\x8a\xff" + b"\x7f" * 255 + b"K\x00"),
    "objects of 7 bytes": swapped(FLAGS + b"?", b"K\x07J\xff\xff\xff\xffK?"),
    "a dtype that is no copy": swapped(b"\x89\x88\x87", b"\x88\x89\x87"),
    "a dtype that may be 137": swapped(b"\x89\x88\x87", b"K\x89\x88\x87"),
    "an order that is 2": swapped(b"\x89C\x06", b"K\x02C\x06"),
    # Python's unpickler makes room for as many values: 16 GiB.
    "a PUT far out": with_value(b"Nr\xff\xff\xff\x7f"),
    "MEMOIZE of nothing": with_value(b"(\x94N1"),
    "PUT below a MARK": with_value(b"(q\x07tN"),
    "a FRAME in a FRAME": USUAL[:11] + b"\x95" + bytes(8) + USUAL[11:],
    "a FRAME that goes on behind the file": USUAL[:3] + (len(USUAL) - 10).to_bytes(8, "little") + USUAL[11:],
    "a FRAME that ends in a word": USUAL[:3] + (20).to_bytes(8, "little") + USUAL[11:],
    "items of no size": with_value(
        ARRAY.replace(b"\x02i2", b"\x02S0") + b"\x89c__builtin__\nbytes\n)Rtb",
    ),
    "text as bytes": with_value(ARRAY + b"\x89X\x06\x00\x00\x00abcd" + "é".encode() + b"tb"),
    "long text as bytes": with_value(
        ARRAY.replace(b"K\x03\x85", b"M\x89\x13\x85", 1) + b"\x89X\x12\x27\x00\x00" + "é".encode() * 5_001 + b"tb"
    ),
    "bytes as text": with_value(
        b"c_codecs\nencode\nB\x89\x13\x00\x00" + b"a" * 5_001 + b"X\x06\x00\x00\x00latin1\x86R"
    ),
    "a scalar that is an object": with_value(
        b"cnumpy.core.multiarray\nscalar\n" + DTYPE.replace(b"\x02i2", b"\x02O8") + b"C\x08aaaaaaaa\x86R"
    ),
    "an order that is none": with_value(
        b"cnumpy.core.numeric\n_frombuffer\n(C\x06abcdef" + DTYPE + b"K\x03\x85X\x01\x00\x00\x00AtR"
    ),
    "a scalar longer than its dtype": with_value(
        b"cnumpy.core.multiarray\nscalar\n"
        + DTYPE.replace(b"\x02i2", b"\x04S257")
        + b"B\x2c\x01\x00\x00"
        + b"a" * 300
        + b"\x86R"
    ),
}


@pytest.mark.parametrize("name", PICKLES)
def test_pickles_that_python_would_misread(name: str, tmp_path: Path) -> None:
    """A pickle that Python's unpickler refuses, crashes on or reads otherwise is refused."""
    path = tmp_path / "x.npy"
    path.write_bytes(header() + PICKLES[name])
    with pytest.raises(BadFileError, match=r"at byte \d+"), DictFile(str(path)):
        pass


def test_the_pickles_they_come_from_are_read(tmp_path: Path) -> None:
    """Unchanged, the same pieces are a file like any other."""
    path = tmp_path / "x.npy"
    buffer = b"cnumpy.core.numeric\n_frombuffer\n(C\x06abcdef" + DTYPE + b"K\x03\x85X\x01\x00\x00\x00%ctR"
    usual = USUAL, swapped(b"ts", b"ts"), with_value(ARRAY + b"\x89C\x06abcdeftb")
    for body in (*usual, with_value(buffer % b"C"), with_value(buffer % b"F")):
        path.write_bytes(header() + body)
        with DictFile(str(path)) as opened:
            assert opened.values["ts"].shape == (3,)


@pytest.mark.parametrize("name", [*REFUSED, *BOMBS])
def test_planted(name: str, tmp_path: Path) -> None:
    """A value that calls something is refused; a bomb is that, or a few values; neither takes memory or words."""
    path = tmp_path / "x.npy"
    path.write_bytes(bomb(name))
    found = ""
    tracemalloc.start()
    try:
        with DictFile(str(path)) as opened:
            assert name in BOMBS and len(opened.values) < 3
    except BadFileError as error:
        found = str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    assert found or name in BOMBS
    assert len(found) < 1_000


@pytest.mark.parametrize("name", TEXTS)
def test_headers_are_read_as_numpy_reads_them_or_not_at_all(name: str, tmp_path: Path) -> None:
    """Nothing in a header is evaluated; what is accepted is what NumPy makes of it."""
    path = tmp_path / "x.npy"
    for version in (1, 2, 3):
        path.write_bytes(assemble(TEXTS[name], b"abcdef", version))
        try:
            found = open_array(str(path))
        except BadFileError as error:
            assert len(str(error)) < 1_000
            continue
        expected = np.load(path, allow_pickle=False)
        np.testing.assert_array_equal(found.view(), expected)
    if name == "double quotes":
        assert found.view().tobytes() == b"abcdef"


@pytest.mark.parametrize("data", [b"\x93NUMPY\x01\x07", b"\x93NUMPY\x03\xff", b"\x93NUMPY\x01"])
def test_headers_of_another_version(data: bytes, tmp_path: Path) -> None:
    """The minor version counts too."""
    path = tmp_path / "x.npy"
    path.write_bytes(data + assemble(TEXTS["double quotes"], b"abcdef")[8:])
    with pytest.raises(BadFileError, match="version"):
        open_array(str(path))


def test_a_header_with_two_bars(tmp_path: Path) -> None:
    """``||O`` is no dtype, however many bars one strips."""
    path = tmp_path / "x.npy"
    path.write_bytes(header("||O") + USUAL)
    with pytest.raises(BadFileError, match="0-d object array"), DictFile(str(path)):
        pass


# -- numbers and texts in dict files ----------------------------------------------------------

LFP: dict[str, dict[str, Any]] = {
    "a rate whose period is infinite": {"sampling_rate": 1e-320},
    "a gain that float32 cannot hold": {"gain": 1e300},
    "an offset that float32 cannot hold": {"offset": -1e300},
    "units that move the cursor": {"units": "\x1b[2J"},
    "units longer than the header's": {"units": "u" * 65},
    "stamps whose distance wraps": {"ts": np.array([-(2**63), 2**63 - 1]), "samples": np.zeros(2, np.int16)},
    "stamps of 1e300": {"ts": np.array([1e300, 2e300]), "samples": np.zeros(2, np.int16)},
    "samples of 1e300": {"samples": np.full(500, 1e300)},
    "10,000 gaps": {"ts": T0 + np.arange(30_003) + np.arange(30_003) // 3, "samples": np.zeros(30_003, np.int16)},
}


@pytest.mark.parametrize("name", LFP)
def test_lfp(name: str, handmade: Handmade) -> None:
    """What would overflow, fill the memory or the terminal later is refused when it is read."""
    handmade.lfp(**LFP[name])
    with pytest.raises(MockSessionError) as caught:
        MockSessionRawIO(handmade.folder).parse_header()
    assert len(str(caught.value)) < 1_000


def test_a_message_does_not_list_every_key(tmp_path: Path) -> None:
    """What is missing is said with a few of the keys that are there."""
    path = save_dict(tmp_path / "CSC1_lfp.npy", {f"{k:04000}": k for k in range(200)})
    with pytest.raises(BadFileError, match="an array 'ts'") as caught:
        open_lfp(str(path))
    assert len(str(caught.value)) < 1_000


def test_as_many_segments_as_are_allowed(handmade: Handmade) -> None:
    """9,999 gaps are 10,000 segments."""
    handmade.lfp(ts=T0 + np.arange(20_000) + np.arange(20_000) // 2, samples=np.zeros(20_000, np.int16))
    file = open_lfp(str(handmade.folder / "lfp_data" / "CSC1_lfp.npy"))
    assert file is not None and len(file.runs) == 10_000


def test_ids_of_more_than_64_bits(handmade: Handmade) -> None:
    """A patient's number is a number, not a text of digits."""
    handmade.info(patient_id=2**200)
    with pytest.raises(MockSessionError, match="'patient_id' as an int of 64 bits"):
        MockSessionRawIO(handmade.folder).parse_header()


def test_one_long_label_does_not_widen_all(handmade: Handmade) -> None:
    """A code of 1e308 has 309 digits; as a label of a million events it would take a gigabyte."""
    handmade.events([[T0, 1.0], [T0 + 1, 1e308], [T0 + 2, 2**53]])
    with MockSessionRawIO(handmade.folder) as reader:
        labels = reader.get_event_timestamps(0, 0, 0)[2]
    assert labels.tolist() == ["1", "1e+308", "9007199254740992"]


# -- json -----------------------------------------------------------------------------------------

STREAMS: dict[str, dict[str, Any]] = {
    "a size beyond float64": {
        "segments": [{"t_start_ms": T0, "n_samples": 10**400}, {"t_start_ms": T0, "n_samples": 1}]
    },
    "an id with a raised 2": {"channels": {"ids": ["CSC\u00b2", "b", "c"], "names": ["a"] * 3}},
    "an id longer than the header's": {"channels": {"ids": ["a" * 65, "b", "c"], "names": ["a"] * 3}},
    "a name that is half a character": {"channels": {"ids": ["a", "b", "c"], "names": ["\ud800", "b", "c"]}},
    "a name that ends in NUL": {"channels": {"ids": ["a", "b", "c"], "names": ["a\0", "b", "c"]}},
    "a nest in a message": {"channels": json.loads("[" * 900 + "]" * 900)},
    "10,001 segments": {"segments": [{"t_start_ms": T0, "n_samples": 1}] * 10_001},
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str, handmade: Handmade) -> None:
    """A description is refused for what would break, or be cut, further on."""
    path = handmade.stream(**STREAMS[name])
    if name == "an id with a raised 2":  # is printable, and no number
        with MockSessionRawIO(handmade.folder) as reader:
            assert reader.header["signal_channels"]["id"][0] == "CSC²"
        return
    with pytest.raises(BadFileError) as caught:
        open_stream(str(path))
    assert len(str(caught.value)) < 1_000


def test_more_channels_than_bytes(handmade: Handmade) -> None:
    """A stream of no samples may claim any number of channels; one gain for all is not copied for each."""
    path = handmade.stream(gain=1.0, offset=0.0)
    path.write_bytes(header("<i2", "(0, 1152921504606846976)"))
    with pytest.raises(BadFileError, match="ids"):
        open_stream(str(path))


def documents() -> dict[str, str]:
    """Return texts that are no manifest."""
    whole = {"format": "mockrawio session", "format_version": 1, "files": {}}
    text = json.dumps(whole)
    return {
        "a size of 1e999": text.replace("{}}", '{"a": {"size": 1e999, "sha256": ""}}}'),
        "a size that is text": text.replace("{}}", '{"a": {"size": "1", "sha256": "' + "0" * 64 + '"}}}'),
        "a key twice": text[:-1] + ', "files": {}}',
        "NaN": text[:-1] + ', "seed": NaN}',
        "UTF-16": text.encode("utf-16").decode("latin1"),
        "a nest of 900": text[:-1] + ', "seed": {}{}}}'.format("[" * 900, "]" * 900),
        "a nest of 100,000": "[" * 100_000,
        "version true": text.replace("1,", "true,"),
        "a version that is a nest": text.replace("1,", "[" * 30 + "]" * 30 + ","),
        "a long format": text.replace("mockrawio", "x" * 100_000),
        "a path out": text.replace("{}}", '{"../../x": {"size": 1, "sha256": "%s"}}}' % ("0" * 64)),
    }


@pytest.mark.parametrize("name", documents())
def test_manifests(name: str, tmp_path: Path) -> None:
    """No manifest makes another exception, or a message that is as long as itself."""
    path = tmp_path / "session_manifest.json"
    path.write_text(documents()[name], "latin1")
    with pytest.raises(BadFileError) as caught:
        read_manifest(path)
    assert len(str(caught.value)) < 1_000


def test_a_seed_that_is_none(handmade: Handmade) -> None:
    """What a manifest calls a seed is shown only if it is a number."""
    handmade.all()
    content = {"format": "mockrawio session", "format_version": 1, "files": {}, "seed": "\ud800"}
    (handmade.folder / "session_manifest.json").write_text(json.dumps(content))
    assert describe_session(handmade.folder)["seed"] is None


# -- logs and names -------------------------------------------------------------------------------

LINES: dict[str, tuple[Callable[[str], object], bytes]] = {
    "NUL between numbers": (parse_daq_log, b"1\x002\t3\t4"),
    "a file separator": (parse_daq_log, b"1\x1c2\t3\t4"),
    "NUL after a number": (parse_daq_log, b"1\x00\t2\t3\t4"),
    "stamps whose distance wraps": (parse_daq_log, b"1\t1\t-9223372036854775808\t9223372036854775807"),
    "a byte of another kind of blank": (parse_watchlog, b"pts\t0.04\x0btime\t1656643278900"),
    "movie times of 1e308": (parse_watchlog, b"pts\t1e308\ttime\t1656643278900\npts\t-1e308\ttime\t1656643278910"),
    "a shown frame without a time": (parse_watchlog, b"pts\t1\ttime\t1e999"),
}


@pytest.mark.parametrize("name", LINES)
def test_logs(name: str, handmade: Handmade) -> None:
    """Fields that one reader would see and another not, and numbers that overflow, are refused by line."""
    parse, line = LINES[name]
    path = handmade.daq() if parse is parse_daq_log else handmade.watchlog()
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(BadFileError):
        parse(str(path))


@pytest.mark.parametrize(
    "character", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\x1b"]
)
def test_only_line_ends_end_a_name(character: str, handmade: Handmade) -> None:
    """A name with a character that Python takes for a line's end would shift all names after it."""
    path = handmade.names(["LA1", f"L{character}A2", "LA3"])
    with pytest.raises(BadFileError, match="line 2"):
        open_channel_names(str(path))
    path.write_bytes(b"LA1.ncs\rLA2.ncs\r\nLA3.ncs\n")
    assert open_channel_names(str(path)) == ["LA1", "LA2", "LA3"]


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\u2028b", "n" * 65, os.fsdecode(b"a\xff")])
def test_names_of_streams(name: str, handmade: Handmade) -> None:
    """A stream is called by its file's name, which a terminal has to show and a header to hold."""
    path = handmade.stream()
    for suffix in (".npy", ".json"):
        path.with_suffix(suffix).rename(path.with_name(name + suffix))
    with pytest.raises(MockSessionError, match="printable"):
        MockSessionRawIO(handmade.folder).parse_header()


@pytest.mark.parametrize("name", ["CSC\u0661_lfp", "CSC" + "1" * 70 + "_lfp"])
def test_names_of_channels(name: str, handmade: Handmade) -> None:
    """A channel's number is written in the digits 0 to 9, and fits what counts channels."""
    path = handmade.lfp()
    path.rename(path.with_name(f"{name}.npy"))
    with pytest.raises(MockSessionError, match="CSC"):
        MockSessionRawIO(handmade.folder).parse_header()


def test_texts_have_an_end(handmade: Handmade) -> None:
    """A text beyond any log is not read into memory."""
    path = handmade.names()
    with open(path, "r+b") as file:
        file.truncate(MAX_TEXT_FILE + 1)
    with pytest.raises(BadFileError, match="at most 64 MiB"):
        open_channel_names(str(path))


def test_no_warning_but_ours(handmade: Handmade) -> None:
    """Escapes in a header are not looked at by Python's parser, which would warn of them."""
    path = handmade.events()
    path.write_bytes(assemble(TEXTS["escapes"], b"abcdef"))
    with warnings.catch_warnings(), pytest.raises(BadFileError):
        warnings.simplefilter("error")
        open_array(str(path))


def test_the_corpus_is_hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Obeyed by Python's unpickler, a planted call does run: what we refuse is the real thing."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(bomb("os.system")[len(header()) :])
    assert (tmp_path / "mark").exists()


def test_values_that_are_read(tmp_path: Path) -> None:
    """Limits are wide: a gain of 1e-12, a million Hz and an offset of 1e9 are read as they are."""
    path = save_dict(tmp_path / "CSC1_lfp.npy", {
        "ts": np.array([T0]), "samples": np.array([1], np.int16), "gain": 1e-12, "offset": 1e9, "sampling_rate": 1e6,
    })  # fmt: skip
    file = open_lfp(str(path))
    assert file is not None
    assert (file.scale.gain, file.scale.offset, file.sampling_rate) == (1e-12, 1e9, 1e6)
