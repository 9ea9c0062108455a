"""A session in one HTML file: what it holds, whether it is as it was made, and its figures.

The file needs nothing else, no network and no server. Its size is bounded by the number of units and files, not by
the length of the recording: signals are held as envelopes with an excerpt, spikes and events up to a limit, and
the captions say what was left out. The same session gives the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from ..ground.durable import naming, refuse_taken, whole_file
from ..ground.folder import patterns
from ..ground.places import FolderLike, folder_at
from ..session.layout import MANIFEST, find_files
from ..session.own import refuse_own
from ..session.virtual import completed
from ..verify import Verification, verify_session
from .page import Block, Section, page, plotly
from .page_sections import PageContent

__all__ = ["Report", "report_html", "write_report"]

MOST_LISTED = 1000  # files that differ, of each kind


class Report(NamedTuple):
    """What :func:`write_report` made.

    Attributes
    ----------
    path : Path
        The file.
    verification : Verification or None
        None if the session was not verified.
    """

    path: Path
    verification: Verification | None


def write_report(
    folder: FolderLike,
    path: str | PathLike[str],
    *,
    labels_dir: str | PathLike[str] | None = None,
    verify: bool = True,
    overwrite: bool = False,
    progress: bool = False,
    exclude: str | Iterable[str] = (),
    gap_tolerance_ms: float | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Report:
    """Write the report of a session as one HTML file, completely or not at all.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address. The report says what could not be read.
    path : str or PathLike
        The file to write, anywhere but below the session folder.
    labels_dir : str or PathLike, optional
        The folder of its movie annotations.
    verify : bool
        Whether to check the session first, which reads all of it.
    overwrite : bool
        Whether to replace an existing file.
    progress : bool
        Whether to show bars on stderr while verifying.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.
    storage_options : mapping, optional
        Of an address.

    Returns
    -------
    Report

    Raises
    ------
    NotASessionError
        If the folder holds none of a session's files.
    MockSessionError
        If there is a file already, or plotly is not installed.
    OSError
        As the file system raises it.
    """
    target, root = Path(path).absolute(), folder_at(folder, exclude=exclude, storage_options=storage_options)
    refuse_own(target, root.place)
    if not overwrite:
        refuse_taken(target)
    plotly()  # before the long work
    how: dict[str, Any] = {"exclude": patterns(exclude), "gap_tolerance_ms": gap_tolerance_ms}
    verification = verify_session(root, progress, **how) if verify else None
    content = report_html(root, labels_dir, verification, **how).encode("utf-8")
    with whole_file(target, overwrite=overwrite) as staging, naming(target):
        staging.write_bytes(content)
    return Report(target, verification)


def report_html(
    folder: FolderLike,
    labels_dir: str | PathLike[str] | None = None,
    verification: Verification | None = None,
    *,
    exclude: str | Iterable[str] = (),
    gap_tolerance_ms: float | None = None,
) -> str:
    """Return the report of a session as HTML.

    Parameters
    ----------
    folder : str or PathLike
    labels_dir : str or PathLike, optional
        The folder of its movie annotations.
    verification : Verification, optional
        What :func:`~mockrawio.verify.verify_session` found; without it the report says that none was asked for.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`: files to leave out, and gaps to bridge.

    Returns
    -------
    str

    Raises
    ------
    NotASessionError
        If the folder holds none of a session's files.
    MockSessionError
        If plotly is not installed.
    """
    from .. import __version__  # the package imports its parts before it has one

    library, root = plotly(), completed(folder_at(folder, exclude=exclude), MANIFEST)
    if root.find(MANIFEST) is None:
        find_files(root)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        content = PageContent(root, labels_dir, {"exclude": patterns(exclude), "gap_tolerance_ms": gap_tolerance_ms})
    told = [str(w.message) for w in caught if w.category is UserWarning]
    verified = Section("verification", "Verification", _verified(verification, told, content.below))
    values = {
        "title": content.title,
        **_verdict(verification),
        "footer": f"Made by mockrawio {__version__}; the figures are drawn by plotly {library.version}.",
    }
    return page(values, [*content.sections[:1], verified, *content.sections[1:]], content.figures, library)


def _verdict(found: Verification | None) -> dict[str, str]:
    """Return the verdict at the top of the page."""
    if found is None:
        return {"verdict": "Not verified.", "verdict_class": "none", "verdict_more": "Its files were not checked."}
    if found.ok:
        word, more = "Readable:", "everything can be read; there is no manifest to compare its files with."
        if found.has_manifest:
            word, more = "Verified:", "every file matches its manifest, and everything can be read."
        if found.excluded:
            more = f"{more[:-1]}, except {len(found.excluded):,} excluded files, which were not checked."
        return {"verdict": word, "verdict_class": "good", "verdict_more": more}
    counts = [
        f"{kind}: {len(texts):,}"
        for kind, texts in _findings(found).items()
        if texts and kind not in ("warnings", "excluded")
    ]
    return {"verdict": "Problems found.", "verdict_class": "bad", "verdict_more": f"{', '.join(counts)}."}


def _verified(found: Verification | None, told: list[str], below: Callable[[str], str]) -> list[Block]:
    """Say what was compared and read, and all that was found or warned of."""
    if found is None:
        blocks = [Block("note", "Not verified. mockrawio verify checks every file and reads all of the session.")]
    else:
        compared = "The files were compared with the manifest" if found.has_manifest else "There is no manifest"
        good = " Nothing is missing, extra, changed or unreadable." if found.ok and found.has_manifest else ""
        good += f" Excluded, and not checked: {len(found.excluded):,}." if found.excluded else ""
        blocks = [Block("paragraph", f"{compared}; all readable parts of the session were read.{good}")]
    findings = _findings(found) if found else {}
    findings["warnings"] = list(dict.fromkeys([*findings.get("warnings", []), *told]))
    for kind, texts in findings.items():
        blocks += _listed(kind, [below(text) for text in texts])
    return blocks


def _findings(found: Verification) -> dict[str, list[str]]:
    """Return the findings by their kind."""
    return {kind: texts for kind, texts in found.as_dict().items() if isinstance(texts, list)}


def _listed(kind: str, texts: list[str]) -> list[Block]:
    if not texts:
        return []
    more = [Block("note", f"and {len(texts) - MOST_LISTED:,} more")] if len(texts) > MOST_LISTED else []
    return [Block("heading", f"{kind.capitalize()}: {len(texts):,}"), Block("items", texts[:MOST_LISTED]), *more]
