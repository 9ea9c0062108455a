"""Something of a given size that the package reads, the slow and obvious way; it raises what the package raises."""

from __future__ import annotations

import pickletools
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.formats.dict_npy import DictFile
from mockrawio.formats.npy import open_array
from mockrawio.formats.templates.stored import check_size
from mockrawio.ground.jsontext import read_json
from mockrawio.ground.places import read_text
from mockrawio.ground.tomltext import read_toml
from mockrawio.hybrid.original.params_py import read_py
from mockrawio.hybrid.raw_probe import Probe, custom_probe
from mockrawio.session.clock import stamp_divisor
from mockrawio.session.files import open_channel_names, open_lfp, open_unit
from mockrawio.session.logs import parse_daq_log, parse_watchlog
from mockrawio.session.probe_form import checked_form
from mockrawio.session.streams import open_stream
from tests.fuzz.corpus import header, pickled
from tests.fuzz.headers import USUAL, assemble
from tests.fuzz.pickles import opcodes
from tests.handmade import T0, Handmade, frame

Use = Callable[[Handmade, Any], object]

# -- dict files, in opcodes -------------------------------------------------------------------

_HEAD, _PIECES = opcodes(header() + pickled({"a": None}, 3))
_AT = len(_PIECES) - 1 - _PIECES[::-1].index(b"N")  # the dict's value
_SPELLED = sum(len(text) for op, text, _ in pickletools.genops(b"".join(_PIECES)) if op.name == "BINUNICODE")
_TEXT = 4096  # characters of a text that is kept


def _read_dict(made: Handmade, value: bytes) -> None:
    path = made.folder / "x.npy"
    path.write_bytes(_HEAD + b"".join([*_PIECES[:_AT], value, *_PIECES[_AT + 1 :]]))
    with DictFile(path):
        pass


def opcodes_in_all(made: Handmade, size: int) -> None:
    """A dict of a list of None; PROTO does not count, and the list is three opcodes more than its items."""
    _read_dict(made, b"](" + b"N" * (size - (len(_PIECES) - 2) - 3) + b"e")


def open_marks(made: Handmade, size: int) -> None:
    """A tuple in a tuple in a tuple; the array around the dict has one mark open."""
    _read_dict(made, b"(" * (size - 1) + b"t" * (size - 1))


def short_text(made: Handmade, size: int) -> None:
    """A list of texts, each as long as one may be that is kept."""
    sizes = [_TEXT] * ((size - _SPELLED) // _TEXT) + [(size - _SPELLED) % _TEXT]
    _read_dict(made, b"](" + b"".join(b"X" + n.to_bytes(4, "little") + b"a" * n for n in sizes) + b"e")


def scalar_bytes(made: Handmade, size: int) -> None:
    """A text that is one of NumPy's scalars."""
    _read_dict(made, _scalar(size, 1))


def alignment(made: Handmade, size: int) -> None:
    """A dtype that says on which bytes its values stand."""
    _read_dict(made, _scalar(1, size))


def _scalar(size: int, align: int) -> bytes:
    code, long = b"S%d" % size, size.to_bytes(4, "little")
    dtype = b"cnumpy\ndtype\nX" + len(code).to_bytes(4, "little") + code + b"\x89\x88\x87R"
    state = b"(K\x03X\x01\x00\x00\x00|NNNJ" + long + b"J" + align.to_bytes(4, "little") + b"K\x00tb"
    return b"cnumpy.core.multiarray\nscalar\n" + dtype + state + b"B" + long + b"a" * size + b"\x86R"


# -- plain files, json, text ------------------------------------------------------------------


def npy_header(made: Handmade, size: int) -> None:
    """A header of blanks behind the three keys."""
    path = made.folder / "x.npy"
    path.write_bytes(assemble(USUAL.ljust(size - 1) + b"\n", bytes(6)))
    open_array(path)


def text_file(made: Handmade, size: int) -> None:
    """A file that takes no room on the disk."""
    path = made.folder / "x.txt"
    with path.open("wb") as file:
        file.truncate(size)
    assert len(read_text(path)) == size


def json_levels(made: Handmade, size: int) -> None:
    """An object with lists in lists."""
    path = made.folder / "x.json"
    path.write_text('{"a": ' + "[" * (size - 1) + "]" * (size - 1) + "}")
    read_json(path, "a JSON object", "Repair it.")


def toml_file(made: Handmade, size: int) -> None:
    """A key, and a comment on it."""
    path = made.folder / "x.toml"
    path.write_text("a = 1 #".ljust(size - 1, "-") + "\n")
    assert read_toml(path) == {"a": 1}


def log_field(made: Handmade, size: int) -> None:
    """A code with zeros before it."""
    assert parse_daq_log(made.daq([f"{'1'.zfill(size)}\t0\t{T0 + 10}\t{T0 + 14}"])).codes.tolist() == [1]


def movie_time(made: Handmade, size: float) -> None:
    """A frame at a time of the movie."""
    parse_watchlog(made.watchlog([frame(0.04, T0), f"pts\t{size!r}\ttime\t{T0 + 40}"]))


def channel_name(made: Handmade, size: int) -> None:
    """A line of ChannelNames.txt."""
    open_channel_names(made.names(["x" * size]))


def units_of_unit(made: Handmade, size: int) -> None:
    """What a unit's waveforms are in."""
    open_unit(made.unit(units="x" * size))


def stream_id(made: Handmade, size: int) -> None:
    """A channel's id in a stream."""
    _stream(made, channels={"ids": ["x" * size, "b", "c"], "names": ["a", "b", "c"]})


# -- numbers ----------------------------------------------------------------------------------


def _stream(made: Handmade, **more: Any) -> None:
    open_stream(made.stream(samples=np.zeros((30, 3), np.int16), segments=more.pop("segments", [_segment(30)]), **more))


def _segment(n: int, start: float = T0) -> dict[str, Any]:
    return {"t_start_ms": start, "n_samples": n}


def gain_of_lfp(made: Handmade, size: float) -> None:
    """A gain that turns the signal round: it is its size that counts."""
    open_lfp(made.lfp(gain=-size))


def gain_of_stream(made: Handmade, size: float) -> None:
    """A gain of one of three channels."""
    _stream(made, gain=[1.0, size, 1.0])


def offset_of_unit(made: Handmade, size: float) -> None:
    """An offset, downwards."""
    open_unit(made.unit(offset=-size))


def offset_of_stream(made: Handmade, size: float) -> None:
    """An offset of one of three channels."""
    _stream(made, offset=[0.0, size, 0.0])


def rate_of_lfp(made: Handmade, size: float) -> None:
    """A rate of an LFP channel of one sample, which has no distance to the next."""
    open_lfp(made.lfp(samples=np.zeros(1, np.int16), sampling_rate=size))


def rate_of_stream(made: Handmade, size: float) -> None:
    """A rate of a stream."""
    _stream(made, sampling_rate=size)


def float_sample(made: Handmade, size: float) -> None:
    """A float sample, downwards, that is to be served as a count."""
    made.lfp(samples=np.array([0.0, -size, 1.0]))
    MockSessionRawIO(dirname=made.folder).parse_header()


def stamp(made: Handmade, size: int) -> None:
    """A stamp before 1970, so far that only ns would reach it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        open_lfp(made.lfp(samples=np.zeros(1, np.int16), ts=np.array([-size])))


def stamp_early(made: Handmade, size: float) -> None:
    """Stamps from a time on; others than plausible ones are warned of."""
    assert stamp_divisor("file", size, size + 1) == 1


def stamp_late(made: Handmade, size: float) -> None:
    """Stamps up to a time."""
    assert stamp_divisor("file", size - 1, size) == 1


def segments_of_lfp(made: Handmade, size: int) -> None:
    """An LFP channel with a gap after every third sample."""
    ts = T0 + np.arange(3 * size) + 10 * (np.arange(3 * size) // 3)
    found = open_lfp(made.lfp(samples=np.zeros(3 * size, np.int16), ts=ts))
    assert found is not None
    assert len(found.runs) == size


def slow_clock(made: Handmade, size: float) -> None:
    """A minute of stamps in whole ms of a clock that is slow by a part, which is read as one stretch."""
    _drifting(made, 1 + size)


def fast_clock(made: Handmade, size: float) -> None:
    """The same, too fast."""
    _drifting(made, 1 - size)


def _drifting(made: Handmade, period: float) -> None:
    stamps = T0 + np.rint(np.arange(60_000) * period).astype(np.int64)
    found = open_lfp(made.lfp(samples=np.zeros(60_000, np.int16), ts=stamps))
    assert found is not None
    if len(found.runs) > 1:
        raise MockSessionError("file", "one stretch", f"{len(found.runs)}", "Look at the clock.")


def segments_of_stream(made: Handmade, size: int) -> None:
    """A stream of segments of one sample."""
    segments = [_segment(1, T0 + k) for k in range(size)]
    open_stream(made.stream(samples=np.zeros((size, 3), np.int16), segments=segments))


# -- probes, templates, parameters ------------------------------------------------------------


PROBE = {
    "ndim": 2,
    "si_units": "um",
    "annotations": {"name": "x"},
    "contact_positions": [[0.0, 0.0]],
    "contact_shapes": ["circle"],
    "contact_shape_params": [{"radius": 6.0}],
}


def probes(made: Handmade, size: int) -> None:
    """Probes of one contact."""
    checked_form({"probes": [PROBE] * size})


def wiring(made: Handmade, size: int) -> None:
    """A contact on the last of so many channels."""
    checked_form({"probes": [{**PROBE, "device_channel_indices": [size - 1]}]})


def probe_npz(made: Handmade, size: int) -> None:
    """A probe's .npz with a member that nobody asks for, and which is not unpacked."""
    path = made.folder / "probe.npz"
    custom_probe([0, 1], [True, True], [[0.0, 0.0], [0.0, 20.0]]).save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        left = size - sum(info.file_size for info in archive.infolist())
        archive.writestr("more.npy", bytes(left))
    Probe.load(path)


def values_of_templates(made: Handmade, size: int) -> None:
    """Templates of one sample, in as many steps as are left: of a number that can be divided so."""
    steps = next(k for k in range(1 << 13, 0, -1) if size % k == 0)
    check_size("file", (size // steps, steps, 1, 1))


def channels_of_templates(made: Handmade, size: int) -> None:
    """A template of one sample."""
    check_size("file", (1, 1, 1, size))


def samples_of_template(made: Handmade, size: int) -> None:
    """A template of one channel."""
    check_size("file", (1, 1, size, 1))


def units_of_templates(made: Handmade, size: int) -> None:
    """Templates of one sample."""
    check_size("file", (size, 1, 1, 1))


def _read_py(made: Handmade, text: str) -> None:
    path = made.folder / "params.py"
    path.write_text(f"import numpy as np\n{text}")
    read_py(str(path))


def py_bytes(made: Handmade, size: int) -> None:
    """A long comment."""
    _read_py(made, "#" * (size - len("import numpy as np\n")))


def py_depth(made: Handmade, size: int) -> None:
    """The negative of the negative of a number."""
    _read_py(made, f"x = {'-' * (size - 1)}1\n")


def py_chain(made: Handmade, size: int) -> None:
    """A text in pieces; the name and the sign are two tokens more."""
    _read_py(made, "x = " + "'' " * (size - 2) + "\n")


def py_items(made: Handmade, size: int) -> None:
    """An array of so many ones."""
    _read_py(made, f"x = np.ones({size}, np.int8)\n")


def py_text(made: Handmade, size: int) -> None:
    """A text in two pieces that are put together."""
    _read_py(made, f"x = '{'a' * (size - 1)}' + 'a'\n")


def py_whole(made: Handmade, size: int) -> None:
    """A number in digits."""
    _read_py(made, f"x = {size}\n")
