"""What is asked of an export: a format, a fault and options of it, which may be text as the command line has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..formats.rig import RigFormat, rig_formats
from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.shown import Argument

_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def requested_format(name: str, fault: str | None, options: dict[str, Any]) -> RigFormat:
    """Return a format; MockSessionError if there is none, or not that fault or option of it."""
    known = rig_formats()
    remedy = "Give one of these; mockrawio formats says what each holds."
    require(isinstance(name, str) and name in known, Argument("format"), f"one of {', '.join(known)}", name, remedy)
    entry = known[name]
    for option, value in options.items():
        have = ", ".join(entry.options) or "none"
        require(option in entry.options, option, f"an option of {name}: {have}", value, "Leave it out.")
        _check_kind(option, value, entry.options[option])
    if fault is not None and entry.fault(fault) is None:
        have = ", ".join(one.name for one in entry.faults) or "none"
        remedy = "Give one of these; mockrawio formats --faults says what each is."
        raise MockSessionError(Argument("fault"), f"one of {name}: {have}", repr(fault), remedy)
    return entry


def _check_kind(option: str, value: Any, default: Any) -> None:
    """Refuse a value of another type than the default's: "no" is not False, and 2.3 is not "2.3"."""
    kind = f"text, such as {default!r}" if isinstance(default, str) else "True or False"
    require(isinstance(value, type(default)), option, kind, value)


def parsed_options(format: str, given: Iterable[str]) -> dict[str, Any]:
    """Return options by name, each value of the type that its default has; a MockSessionError if that cannot be.

    What a format does not know is left to :func:`~mockrawio.export` to refuse.
    """
    entry = rig_formats().get(format)
    known = entry.options if entry else {}
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise MockSessionError("--option", "NAME=VALUE", repr(text), "Write both, with = between them.")
        options[name] = _value(name, value, known.get(name))
    return options


def _value(name: str, value: str, default: object) -> Any:
    try:
        if isinstance(default, bool):
            return _WORDS[value.lower()]
        return type(default)(value) if isinstance(default, (int, float)) else value
    except (KeyError, ValueError):
        kind = "yes or no" if isinstance(default, bool) else "a number"
        raise MockSessionError(f"--option {name}", kind, repr(value), f"Give {kind}, as in {name}={default}.") from None
