"""What a manifest may say, how it is written, and how a folder differs from one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.ground.folder import File
from mockrawio.ground.writing import FileRecord, file_record
from mockrawio.session import manifest
from mockrawio.session.manifest import compare, differences, is_virtual, manifest_bytes, read_manifest
from mockrawio.session.seal import SEAL, sealed

SHA = "0123456789abcdef" * 4


def written(path: Path, files: Any, **more: Any) -> Path:
    """Write a manifest, sealed, as somebody may who knows how."""
    content = {"format": "mockrawio session", "format_version": 1, "files": files, **more}
    path.write_bytes(sealed(json.dumps(content, indent=1)[:-2].encode()))
    return path


def test_a_manifest_byte_by_byte() -> None:
    """Format, spec, files by name, an index on lines of its own, and the SHA-256 of all that at the end."""
    files = {"b": FileRecord(2, SHA), "a": FileRecord(0, SHA)}
    spec = {"seed": 1, "index": "of another", SEAL: "of another", "files": "of another"}
    expected = f"""{{
 "format": "mockrawio session",
 "format_version": 1,
 "seed": 1,
 "files": {{
  "a": {{
   "size": 0,
   "sha256": "{SHA}"
  }},
  "b": {{
   "size": 2,
   "sha256": "{SHA}"
  }}
 }}"""
    index = {"a": {"text": "x"}, "b": {"text": "y"}}
    told = expected + ',\n "index": {\n  "a": {"text": "x"},\n  "b": {"text": "y"}\n }'
    for found, text in ((manifest_bytes(spec, files), expected), (manifest_bytes(spec, files, index=index), told)):
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert found.decode() == f'{text},\n "manifest_sha256": "{digest}"\n}}\n'
        json.loads(found)
    assert json.loads(manifest_bytes({}, {}, "another form"))["format"] == "another form"
    assert manifest_bytes({}, {}, index={}) == manifest_bytes({}, {})


@pytest.mark.parametrize("name", ["a", "a/b.npy", "a b", "..a", "a/...", ".a"])
def test_names_below_the_folder(name: str, tmp_path: Path) -> None:
    """A file may be called as any in its folder, and be empty."""
    found = read_manifest(str(written(tmp_path / "m.json", {name: {"size": 0, "sha256": SHA}})))
    assert found["files"] == {name: FileRecord(0, SHA)} and found["format_version"] == 1
    assert not is_virtual(found)
    assert is_virtual(read_manifest(str(written(tmp_path / "m.json", {}, format="mockrawio virtual session"))))


GOOD = {"size": 1, "sha256": SHA}
WRONG: list[tuple[Any, dict[str, Any], str]] = [
    *(
        ({name: GOOD}, {}, "as the name of a file in this folder")
        for name in ("", "/a", "a//b", "a/", "..", "a/../b", "./a", "a\n")
    ),
    ({"a": {**GOOD, "size": -1}}, {}, "size '-1' and sha256"),
    ({"a": {**GOOD, "size": 1.0}}, {}, "size '1.0' and sha256"),
    ({"a": {**GOOD, "size": True}}, {}, "size 'True' and sha256"),
    ({"a": {**GOOD, "sha256": SHA[1:]}}, {}, "size '1' and sha256"),
    ({"a": {**GOOD, "sha256": SHA.upper()}}, {}, "size '1' and sha256"),
    ({"a": {**GOOD, "sha256": 5}}, {}, "size '1' and sha256 '5'"),
    ({"a": {"size": 1}}, {}, "found KeyError: 'sha256'"),
    ({"a": 1}, {}, "found TypeError"),
    ([], {}, "found AttributeError"),
    ({}, {"format": "other"}, "'mockrawio session', version 1; found 'other', 1"),
    ({}, {"format_version": 2}, "'mockrawio session', version 1; found 'mockrawio session', 2"),
    ({}, {"format_version": True}, "'mockrawio session', version 1; found 'mockrawio session', True"),
]


@pytest.mark.parametrize(("files", "more", "told"), WRONG)
def test_what_a_manifest_may_not_say(files: Any, more: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Names out of the folder, sizes and sums that are none, and other versions are refused, and shown."""
    with pytest.raises(BadFileError) as caught:
        read_manifest(str(written(tmp_path / "m.json", files, **more)))
    assert told in str(caught.value)


def test_what_is_long_is_cut(tmp_path: Path) -> None:
    """What is shown of a name has 200 characters, of a size 40, of a sum 80, and of all of it 300."""
    for files, shown in (
        ({"/" + "n" * 300: GOOD}, f"ValueError: {'/' + 'n' * 199!r} as the name of a file in this folder"),
        (
            {"a": {"size": "1" * 60, "sha256": "2" * 90}},
            f"ValueError: size {'1' * 40!r} and sha256 {'2' * 80!r} of 'a'",
        ),
        ({"n" * 300: {"size": "1" * 60, "sha256": "2" * 90}}, None),
    ):
        with pytest.raises(BadFileError) as caught:
            read_manifest(str(written(tmp_path / "m.json", files)))
        assert caught.value.found == shown or (shown is None and len(str(caught.value.found)) == 300)


def record(content: bytes) -> FileRecord:
    return FileRecord(len(content), hashlib.sha256(content).hexdigest())


def test_how_a_folder_differs(tmp_path: Path) -> None:
    """What is missing, added, of another size, of other bytes, and what cannot be compared, each sorted."""
    for name, content in {
        "same": b"1",
        "b": b"22",
        "a": b"33",
        "d": b"4",
        "c": b"5",
        "more": b"",
        "added": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "movie_info").mkdir()
    (tmp_path / "movie_info" / "pts.npy").touch()  # Epiphyte's database adds it
    (tmp_path / "movie_info" / "other.npy").touch()
    (tmp_path / "link").symlink_to("/nowhere")
    (tmp_path / "extra link").symlink_to("/nowhere")
    (tmp_path / "session_manifest.json").touch()
    expected = {name: record(b"1") for name in ("same", "b", "a", "gone", "away", "link")}
    expected |= {"c": record(b"x"), "d": record(b"x"), "movie_info/dts.npy": record(b"")}
    ticks: list[float] = []
    found = differences(tmp_path, expected, ticks.append)
    assert found[:4] == (
        ["away", "gone", "movie_info/dts.npy"],
        ["added", "extra link", "more", "movie_info/other.npy"],
        ["a", "b"],
        ["c", "d"],
    )
    assert list(found.unreadable) == ["link"]
    assert sum(ticks) == 7  # bytes of files that are there and should be


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), BadFileError("a", "a file", "none", "Look.")]
)
def test_what_cannot_be_read_is_told(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read, or is none any more, is no other one: why is said, and the others are compared."""
    for name in "ab":
        (tmp_path / name).write_bytes(b"1")

    def some(file: File, *rest: Any, **how: Any) -> FileRecord:
        if file.name == "a":
            raise error
        return file_record(file, *rest, **how)

    monkeypatch.setattr(manifest, "file_record", some)
    found = differences(tmp_path, {"a": record(b"1"), "b": record(b"2")})
    assert found[:4] == ([], [], [], ["b"])
    assert list(found.unreadable) == ["a"]
    assert ("Permission denied" if isinstance(error, OSError) else "Look.") in found.unreadable["a"]


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    """There is nothing to compare it with; a manifest without its own SHA-256 is compared, aloud."""
    with pytest.raises(BadFileError, match="session_manifest.json: expected a plain file in its folder; found none"):
        compare(tmp_path)
    path = tmp_path / "session_manifest.json"
    path.write_text(json.dumps({"format": "mockrawio session", "format_version": 1, "files": {}}))
    with pytest.warns(UserWarning, match="has no 'manifest_sha256', so that a change of it cannot be detected"):
        assert not any(compare(tmp_path))
    written(path, {"a": GOOD})
    assert compare(tmp_path).missing == ["a"]
    for last, fits in (("a text", True), (SHA[1:], True), (SHA, False)):  # a seal under a damaged name
        path.write_text(json.dumps({"format": "mockrawio session", "format_version": 1, "files": {}, "last": last}))
        if fits:
            assert read_manifest(str(path))["last"] == last
        else:
            with pytest.raises(BadFileError, match="the bytes that it was written with"):
                read_manifest(str(path))
    path.write_bytes(b"{}")
    with pytest.raises(BadFileError, match="expected a session manifest; found KeyError: 'format_version'"):
        read_manifest(str(path))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b'"seed": 1', b'"seed": 2'),
        lambda text: text.replace(b'"manifest_sha256"', b'"manifest_sha257"'),
        lambda text: text.replace(b'"\n}\n', b'"\n}'),
        lambda text: text.replace(b'"\n}\n', b'",\n "more": 1}\n'),
        lambda text: text[:-70] + bytes([text[-70] ^ 1]) + text[-69:],
        lambda text: text.replace(b',\n "manifest_sha256": "', b',\n  "manifest_sha256": "'),
    ],
)
def test_a_manifest_that_was_changed(change: Any, tmp_path: Path) -> None:
    """Another byte anywhere, in the SHA-256's own name too, is an error."""
    path = written(tmp_path / "m.json", {}, seed=1)
    read_manifest(str(path))
    text = path.read_bytes()
    path.write_bytes(change(text))
    assert path.read_bytes() != text
    with pytest.raises(BadFileError):
        read_manifest(str(path))
