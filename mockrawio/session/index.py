"""The index in a manifest: what a reader wants of each file before it reads samples, so that one request is a header.

It is used where files lie elsewhere, and only there. It may be anybody's, as the files may: the manifest's own
SHA-256 tells damage, arrays are checked by
:mod:`~mockrawio.formats.said`, texts by those who read them, and that a file has the size that it should have when it
is read. ``verify`` compares all of it with the files. What makes it is :mod:`.indexing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..ground.folder import File, Folder
from ..ground.jsontext import json_object
from ..ground.places import read_text
from ..ground.remote.folder import RemoteFolder
from .seal import check_seal

INDEX, FILES = "index", "files"
_MOST_SIZE = 2**62


def learn(folder: Folder, manifest: str, form: str) -> None:
    """Tell a folder that lies elsewhere what its manifest says of its files, if it has one; a few kB are read, once.

    `form` is the format of a manifest whose files are all stored.
    """
    if not isinstance(folder, RemoteFolder) or folder.learned:
        return
    file = File(folder, manifest)
    if folder.leaves_out(manifest) or not folder.hold(manifest):
        folder.learn("", None, {})
        return
    text = read_text(file)
    content = json_object(file, text, "a session manifest", "Restore the manifest: what lies elsewhere is found by it.")
    check_seal(file, text, content)
    edition = hashlib.sha256(text).hexdigest()
    files: Any = content.get(FILES)
    sizes = {name: said["size"] for name, said in files.items() if _is_file(name, said)} if type(files) is dict else {}
    if content.get("format") != form:  # what lies deeper is made
        sizes = {name: size for name, size in sizes.items() if "/" not in name}
    index: Any = content.get(INDEX)
    index = {name: said for name, said in index.items() if type(said) is dict} if type(index) is dict else {}
    sizes[manifest] = file.identity().size
    folder.learn(edition, sizes, {name: said for name, said in index.items() if name in sizes})


def _is_file(name: str, said: Any) -> bool:
    size = said.get("size") if isinstance(said, Mapping) else None
    plain = all(name.split("/")) and not {".", ".."} & set(name.split("/")) and name.isprintable()
    return plain and type(size) is int and 0 <= size < _MOST_SIZE
