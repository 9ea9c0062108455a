"""Raw recordings: reading, gathering, several files on one axis, and what the .meta files say."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio.ground.errors import BadFileError, BoundsError, MockSessionError
from mockrawio.hybrid import RawFile, open_raw, read_meta, recording
from mockrawio.hybrid.raw_files import raw_paths
from tests.hybrid.samples import RAW

C = 4
LENGTHS = (50, 30, 20)
STARTS = (0, 50, 100)  # the second follows the first, the third comes after a gap of 20
META = "nSavedChans={c}\nimSampRate=30000.0838\nfileSizeBytes={size}\n\nfirstSample = {first}\n~map=(1,2)\n"


def table(dtype="<i2"):
    return np.arange(sum(LENGTHS) * C).reshape(-1, C).astype(dtype)


def write_meta(path, first, **changes):
    values = {"c": C, "size": path.stat().st_size, "first": first, **changes}
    path.with_suffix(".meta").write_text(META.format(**values))


def write(folder, names=("r_t2.bin", "r_t10.bin", "r_t11.bin"), meta=True, origin=7000):
    """Write the three files, and by default what SpikeGLX says of them."""
    folder.mkdir(exist_ok=True)
    parts = np.split(table(), np.cumsum(LENGTHS)[:-1])
    for name, part, start in zip(names, parts, STARTS, strict=True):
        part.tofile(folder / name)
        if meta:
            write_meta(folder / name, origin + start)
    return str(folder / "r_*.bin")


def opened(source, **changes):
    return open_raw(source, **{"n_channels": C, "sample_rate": 30000, **changes})


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return opened(write(tmp_path_factory.mktemp("raw") / "files"))


def on_axis():
    """Return the value of each sample that was recorded, by its place on the axis."""
    samples = np.concatenate([start + np.arange(length) for start, length in zip(STARTS, LENGTHS, strict=True)])
    return dict(zip(samples.tolist(), table(), strict=True))


def held(start, stop):
    """Tell the slow way whether a range lies inside one file."""
    return any(a <= start <= stop <= a + n for a, n in zip(STARTS, LENGTHS, strict=True))


def test_files_on_one_axis(three):
    """Files are in natural order, each where its firstSample says, from 0."""
    assert [os.path.basename(file.path) for file in three.files] == ["r_t2.bin", "r_t10.bin", "r_t11.bin"]
    assert [(file.start, file.n_frames) for file in three.files] == list(zip(STARTS, LENGTHS, strict=True))
    assert (three.start, three.stop, three.n_channels, three.dtype) == (0, 120, C, np.dtype("int16"))
    assert three.sample_rate == 30000


@given(st.integers(-5, 130), st.integers(-5, 130))
def test_holds(three, start, stop):
    """A range is held if one file has all of it."""
    assert three.holds(start, stop) is held(start, stop)


def test_holds_many(three):
    """Many ranges at once give what each gives alone, broadcast."""
    starts = np.arange(-3, 125)
    many = three.holds_many(starts, starts + 7)
    np.testing.assert_array_equal(many, [held(s, s + 7) for s in starts.tolist()])
    assert three.holds_many([[0], [60]], [10, 70]).tolist() == [[True, False], [False, True]]
    assert three.holds_many([], []).shape == (0,)


@given(
    st.integers(-2, 125),
    st.integers(0, 130),
    st.none() | st.lists(st.integers(0, C - 1), max_size=5),
)
def test_read(three, start, length, channels):
    """A range that was recorded reads as the files have it, across files too; any other is an error."""
    values, samples = on_axis(), range(start, start + length)
    inside = all(s in values for s in samples) and (length > 0 or held(start, start))
    if not inside:
        with pytest.raises(BoundsError, match=f"samples {start} to {start + length}: .* 100..120"):
            three.read(start, start + length, channels)
        return
    expected = np.array([values[s] for s in samples], np.int16).reshape(-1, C)
    expected = expected if channels is None else expected[:, channels]
    np.testing.assert_array_equal(three.read(start, start + length, channels), expected)


def test_read_is_a_view(three):
    """All channels within one file are a read-only view, nothing is copied."""
    view = three.read(10, 20)
    assert not view.flags.owndata
    assert not view.flags.writeable


@pytest.mark.parametrize("mapped", [recording.MAPPED_BYTES, 8], ids=["one block", "many blocks"])
@pytest.mark.parametrize("items", [recording.INDEX_ITEMS, 30], ids=["at once", "a few at a time"])
def test_gather_agrees_with_read(three, monkeypatch, mapped, items):
    """Windows come in the order asked for, repeated ones too, whatever the blocks they are read in."""
    monkeypatch.setattr(recording, "MAPPED_BYTES", mapped)
    monkeypatch.setattr(recording, "INDEX_ITEMS", items)
    monkeypatch.setattr(recording, "FAULT_BYTES", mapped)
    centers = np.array([s for s in range(120) if held(s - 3, s + 5)])
    for order in (centers, centers[::-1], np.random.default_rng(0).choice(centers, 200), centers[:0]):
        for rows in ([2], [3, 0, 0], range(C), []):
            windows = three.gather(order, 3, 4, rows)
            assert windows.shape == (len(order), 8, len(rows))
            assert windows.dtype == np.int16
            for window, t in zip(windows, order.tolist(), strict=True):
                np.testing.assert_array_equal(window, three.read(t - 3, t + 5, rows))


def test_gather_refuses_what_no_file_holds(three):
    """A window over a file's end is an error that says which event it is."""
    with pytest.raises(BoundsError, match=r"centers\[1\]: .* found 44..52. Leave out events"):
        three.gather([20, 47], 3, 4, [0])
    with pytest.raises(BoundsError, match="raw rows 0 to 3; found 4"):
        three.gather([20], 3, 4, [0, 4])
    with pytest.raises(MockSessionError, match="channels: expected a list of rows"):
        three.read(0, 5, [0.5])


def test_the_sample_recording():
    """The sample's windows are those of the file, and its .meta agrees."""
    bench = open_raw(RAW, n_channels=32, sample_rate=30000, start_time=0)
    raw = np.fromfile(RAW, "<i2").reshape(-1, 32)
    assert bench.files == (RawFile(str(RAW), 0, len(raw)),)
    np.testing.assert_array_equal(bench.gather([40, 90000], 40, 40, [31, 5])[1], raw[89960:90041][:, [31, 5]])


def test_pickles(three):
    """A recording pickles as paths and numbers, whether it has been read or not."""
    three.read(0, 5)
    data = pickle.dumps(three)
    assert len(data) < 2000
    again = pickle.loads(data)
    assert again == three
    np.testing.assert_array_equal(again.read(0, 50), three.read(0, 50))


def test_release_keeps_views(three):
    """A view stays what it is after the maps have been let go of."""
    view = three.read(0, 50)
    three.release()
    np.testing.assert_array_equal(view, three.read(0, 50))


def test_a_file_that_shrinks_is_an_error(tmp_path):
    """A file cut short after it was opened is an error, not a crash."""
    path = tmp_path / "a.bin"
    table().tofile(path)
    raw = opened(path)
    path.write_bytes(b"\0" * 8)
    with pytest.raises(BadFileError, match="as when it was opened"):
        raw.read(0, 10)


def test_other_integers(tmp_path):
    """Any little-endian integer type is read."""
    for dtype in ("uint8", "<u2", "int32"):
        table(dtype).tofile(tmp_path / "a.bin")
        np.testing.assert_array_equal(opened(tmp_path / "a.bin", dtype=dtype).read(0, 100), table(dtype))


@pytest.mark.parametrize("dtype", ["float32", ">i2", "S2", "nonsense", object], ids=str)
def test_other_dtypes_are_refused(tmp_path, dtype):
    """Floats, texts and big-endian numbers are refused."""
    with pytest.raises(MockSessionError, match="dtype: expected a little-endian integer type"):
        opened(tmp_path / "a.bin", dtype=dtype)


def test_start_time_is_honoured(tmp_path):
    """Given starts are taken as they are: one a file, or that of the first."""
    source = write(tmp_path, meta=False)
    assert [file.start for file in opened(source, start_time=[500, 550, 600]).files] == [500, 550, 600]
    assert [file.start for file in opened(source, start_time=[200, 100, 0]).files] == [0, 100, 200]
    first = str(tmp_path / "r_t2.bin")
    assert [opened(first, start_time=start).start for start in (None, 0, 9, [9])] == [0, 0, 9, 9]


def test_start_time_beside_meta(tmp_path):
    """An origin moves what the .meta files tell; starts that contradict them are refused."""
    source = write(tmp_path)
    assert [file.start for file in opened(source, start_time=7000).files] == [7000, 7050, 7100]
    assert [file.start for file in opened(source, start_time=(3, 53, 103)).files] == [3, 53, 103]
    with pytest.raises(BadFileError, match="start_time 50 samples after.*found 51"):
        opened(source, start_time=(3, 54, 103))
    with pytest.raises(BadFileError, match=r"r_t11.bin: expected start_time 100 samples after .*r_t2.bin.*found 90"):
        opened(source, start_time=[0, 50, 90])


@pytest.mark.parametrize(
    ("start_time", "message"),
    [
        (None, "Give start_time, one a file .* would be \\[0, 50, 80\\]"),
        (0, "expected a .meta with firstSample beside each of 3 files"),
        ([0, 50], "one start for each of 3 files; found 2 of them"),
        ([0, 50, -1], "whole numbers from 0 up"),
        ([0, 50.0, 80], "whole numbers from 0 up"),
        (1.5, "whole numbers from 0 up"),
        ([0, 49, 100], "files that do not overlap; found r_t2.bin to 50 and r_t10.bin from 49"),
    ],
    ids=str,
)
def test_unknown_or_wrong_starts(tmp_path, start_time, message):
    """Files whose place is not told, or that overlap, are refused."""
    with pytest.raises(MockSessionError, match=message):
        opened(write(tmp_path, meta=False), start_time=start_time)


def test_a_file_before_the_first_is_refused(tmp_path):
    """A naturally later file that begins earlier would have negative samples."""
    write(tmp_path)
    write_meta(tmp_path / "r_t11.bin", 6900)
    with pytest.raises(MockSessionError, match="firstSample: expected no file before"):
        opened(str(tmp_path / "*.bin"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 41}, r"r.meta: expected fileSizeBytes = 40, the size of r.bin; found fileSizeBytes = 41"),
        ({"c": 385}, "nSavedChans = 4, as the probe has channels; found nSavedChans = 385"),
        ({"c": "four"}, "a number for nSavedChans; found 'four'"),
        ({"first": "1.5"}, "a whole number for firstSample"),
    ],
    ids=str,
)
def test_meta_is_cross_checked(tmp_path, changes, message):
    """What .meta says of the file must agree; the error has the file, the key and both values."""
    path = tmp_path / "r.bin"
    path.write_bytes(bytes(40))
    write_meta(path, **{"first": 0, **changes})
    with pytest.raises(BadFileError, match=message):
        opened(path)


def test_the_rate_in_meta(tmp_path):
    """A calibrated rate agrees with the nominal one; another rate does not."""
    path = tmp_path / "r.bin"
    path.write_bytes(bytes(40))
    write_meta(path, 0)
    assert opened(path).sample_rate == 30000
    with pytest.raises(BadFileError, match="imSampRate = 25000, the sample_rate given; found imSampRate = 30000.0838"):
        opened(path, sample_rate=25000)


def test_read_meta(tmp_path):
    """Every key is read, those below a blank line too; the first of two stands, and odd lines are passed over."""
    path = tmp_path / "a.meta"
    path.write_bytes(b"\xef\xbb\xbfa = 1 \r\n\r\nb=x=y\nno equals\na=2\n=3\nbytes=\xff\n")
    assert read_meta(path) == {"a": "1", "b": "x=y", "bytes": "�"}
    with pytest.raises(BadFileError, match="a readable file"):
        read_meta(tmp_path / "none.meta")


def test_partial_frames(tmp_path):
    """A last frame that is cut short is an error unless it is allowed, and then left out."""
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(8 * 5 + 3))
    with pytest.raises(BadFileError, match="whole frames of 8 bytes; found 5 of them and 3 bytes more"):
        opened(path)
    assert opened(path, allow_partial=True).stop == 5


@pytest.mark.parametrize("content", [b"", b"1234567"], ids=["empty", "less than a frame"])
def test_files_too_short(tmp_path, content):
    """A file without one whole frame is an error."""
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(BadFileError, match="at least one frame of 8 bytes"):
        opened(tmp_path / "a.bin", allow_partial=True)


def test_missing_files(tmp_path):
    """A path or glob that finds nothing, a folder, and an empty or repeated list are refused."""
    for source in (tmp_path / "none.bin", tmp_path):
        with pytest.raises(BadFileError, match="a readable file"):
            opened(source)
    with pytest.raises(MockSessionError, match="a path or glob of at least one file"):
        opened(str(tmp_path / "*.bin"))
    with pytest.raises(MockSessionError, match="at least one file"):
        opened([])
    with pytest.raises(MockSessionError, match="every file once"):
        opened(["a.bin", "a.bin"])


def test_bad_numbers(tmp_path):
    """No channels, or no rate, is no recording."""
    with pytest.raises(MockSessionError, match="n_channels"):
        opened(tmp_path, n_channels=0)
    with pytest.raises(MockSessionError, match="sample_rate"):
        opened(tmp_path, sample_rate=0)


def test_natural_order(tmp_path):
    """Numbers in names sort as numbers, with or without _t, before other digits, and names of both kinds mix."""
    names = ["b.bin", "f2.bin", "f10.bin", "f٣.bin", "x_g0_t2.bin", "x_g0_t10.bin", "x_g1_t0.bin"]
    for name in reversed(names):
        (tmp_path / name).write_bytes(b"")
    assert [os.path.basename(path) for path in raw_paths(str(tmp_path / "*.bin"))] == names


def test_one_file_or_several(tmp_path, caplog):
    """A list of files, of one too, is taken as it is, and so is what a glob finds; nothing is said of results."""
    (tmp_path / "b.bin").touch()
    one = str(tmp_path / "b.bin")
    assert raw_paths([one]) == raw_paths(str(tmp_path / "*.bin")) == [one]
    assert raw_paths([one, tmp_path / "a.bin"]) == [str(tmp_path / "a.bin"), one]
    assert caplog.text == ""


def test_a_glob_leaves_results_out(tmp_path, caplog):
    """What an earlier run wrote beside its source is not taken for a source, and the log says so."""
    for name in ("a.bin", "a.GT.bin", "alone.GT.bin"):
        (tmp_path / name).write_bytes(b"")
    found = [os.path.basename(path) for path in raw_paths(str(tmp_path / "*.bin"))]
    assert found == ["a.bin", "alone.GT.bin"]
    assert "a.GT.bin" in caplog.text
    assert raw_paths(tmp_path / "a.GT.bin") == [str(tmp_path / "a.GT.bin")]


def test_a_name_with_brackets(tmp_path):
    """A path that exists is no glob; a name without a dot has a .meta too."""
    path = tmp_path / "run[1]"
    path.write_bytes(bytes(16))
    write_meta(path, 5, c=9)
    with pytest.raises(BadFileError, match="nSavedChans"):
        opened(path)
