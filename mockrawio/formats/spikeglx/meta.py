"""SpikeGLX's ``.meta`` beside a raw file: reading it, and checking it against the file. See docs/hybridfactory.rst."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from ...ground.errors import BadFileError, unreadable
from ...ground.places import read_text

RATE_TOLERANCE = 1e-3  # .meta has the calibrated rate (30000.084), parameter files the nominal one (30000)


def _companion(path: str) -> str:
    """Return where the ``.meta`` of a raw file would be: what follows the name's last dot is replaced."""
    return str(Path(path).with_suffix(".meta"))


def read_meta(path: str | PathLike[str]) -> dict[str, str]:
    """Read a SpikeGLX ``.meta`` file: a line ``key=value`` each; other lines are passed over.

    Parameters
    ----------
    path : str or PathLike
        The ``.meta`` file itself.

    Returns
    -------
    dict of str to str
        As they stand, without spaces around them; of a key that comes twice, the first.

    Raises
    ------
    BadFileError
        If it cannot be read.
    """
    values: dict[str, str] = {}
    for line in read_text(os.fspath(path)).decode("utf-8-sig", "replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip():
            values.setdefault(key.strip(), value.strip())
    return values


def read_metas(paths: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the content of those ``.meta`` files that exist, by the raw file's path."""
    pairs = ((path, _companion(path)) for path in paths)
    return {path: read_meta(meta) for path, meta in pairs if meta != path and os.path.isfile(meta)}


def _value(path: str, meta: dict[str, str], keys: Sequence[str]) -> tuple[str, float] | None:
    """Return the first of `keys` (in any case) that a file's .meta has, and its number."""
    for key, text in meta.items():
        if key.lower() in {wanted.lower() for wanted in keys}:
            try:
                return key, int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)
            except ValueError:
                raise BadFileError(_companion(path), f"a number for {key}", repr(text), "Correct the file.") from None
    return None


def check_meta(path: str, meta: dict[str, str], *, n_channels: int, sample_rate: float) -> None:
    """Compare what a raw file's ``.meta`` says with the arguments and with the file.

    BadFileError if sample rate (beyond 0.1 %), number of channels or file size disagree.
    """
    rate = _value(path, meta, ("imSampRate", "niSampRate"))
    if rate and not abs(rate[1] - sample_rate) <= RATE_TOLERANCE * sample_rate:
        _disagree(path, rate, f"{sample_rate:.12g}, the sample_rate given")
    channels = _value(path, meta, ("nSavedChans",))
    if channels and channels[1] != n_channels:
        _disagree(path, channels, f"{n_channels}, as the probe has channels")
    size = _value(path, meta, ("fileSizeBytes",))
    if size and size[1] != _size(path):
        _disagree(path, size, f"{_size(path)}, the size of {os.path.basename(path)}")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise unreadable(path, error) from None


def _disagree(path: str, entry: tuple[str, float], expected: str) -> None:
    key, value = entry
    remedy = "Correct the parameter, or use the .meta that belongs to the file."
    raise BadFileError(_companion(path), f"{key} = {expected}", f"{key} = {value:.12g}", remedy)


def first_sample(path: str, meta: dict[str, str]) -> int | None:
    """Return where a file begins, by ``firstSample``; None where it is not told; BadFileError unless it is whole."""
    entry = _value(path, meta, ("firstSample",))
    if entry and not isinstance(entry[1], int):
        raise BadFileError(_companion(path), "a whole number for firstSample", str(entry[1]), "Correct the file.")
    return int(entry[1]) if entry else None
