"""Manifests that are changed on purpose: without their SHA-256 of themselves, which would tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mockrawio.session.layout import MANIFEST
from mockrawio.session.seal import SEAL


def unsealed(folder: Path) -> dict[str, Any]:
    """Return what the manifest of a folder says, but for its SHA-256."""
    content = json.loads((folder / MANIFEST).read_text())
    content.pop(SEAL)
    return content


def rewrite(folder: Path, **changes: Any) -> None:
    """Change what the manifest of a folder says, once or several times, and take its SHA-256 from it."""
    content = {**json.loads((folder / MANIFEST).read_text()), **changes}
    content.pop(SEAL, None)
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")
