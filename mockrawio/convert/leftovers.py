"""What a block has that a session cannot keep: gathered first, then reported together."""

from __future__ import annotations

from ..ground.errors import MockSessionError
from ..ground.shown import Lines, visible, warn


class Leftovers:
    """Collects what cannot be held."""

    def __init__(self) -> None:
        self.lines: list[str] = []  # one per thing: where it is, what it is, and why it cannot be held
        self.remarks: list[str] = []  # what is kept, but changed

    def add(self, what: str, why: str) -> None:
        """Note one thing."""
        self.lines.append(f"{what}: {why}")

    def remark(self, text: str) -> None:
        """Note a warning."""
        self.remarks.append(text)

    def settle(self, skip: bool) -> None:
        """Raise one error that names everything, or warn of everything if it may be skipped."""
        if skip or not self.lines:
            for text in self.remarks:
                warn(text, stacklevel=3)
        if not self.lines:
            return
        things = "1 thing" if len(self.lines) == 1 else f"{len(self.lines)} things"
        said = "\n".join(f"  - {visible(line)}" for line in self.lines)
        if skip:
            warn(Lines(f"block: left out, since a session cannot hold {things}:\n{said}"), stacklevel=3)
            return
        remedy = "Take them out of the block, or pass skip_unsupported=True to leave them out."
        raise MockSessionError("block", "what a session can hold", Lines(f"{things} that it cannot:\n{said}"), remedy)


def label_of(segment: int, thing: object, index: int) -> str:
    """Return what a Neo object is called in messages: its place, its kind, its name."""
    name = getattr(thing, "name", None)
    kind = type(thing).__name__.removeprefix("_").removesuffix("Proxy")
    return f"segment {segment}, {kind} {index if name is None else repr(str(name))}"
