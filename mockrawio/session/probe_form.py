"""ProbeInterface's JSON form of probes, made and checked; ProbeInterface itself is not needed.

It comes from files that anyone may have written: what is checked here, ProbeInterface takes. Keys that are not known
are kept as they stand. docs/probes.rst, *Format*, explains them.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ground.errors import MockSessionError
from .files import MAX_NAME
from .keys import Limits

SPECIFICATION, VERSION = "probeinterface", "0.4.0"
UM = {"um": 1.0, "mm": 1e3, "m": 1e6}  # µm in each of the units
MAX_CONTACTS, MAX_PROBES = 1 << 17, 1 << 10
_SHAPES = {"circle": ("radius",), "square": ("width",), "rect": ("width", "height")}
_PLACES, _SIZES = Limits(-1e15, 1e15), Limits(0.0, 1e15)  # wider than anything, and such that squares are finite
_REMEDY = "Save the probe again with probeinterface.write_probeinterface()."

Form = dict[str, Any]


def make_probe(
    positions: Any,
    shape: tuple[str, Mapping[str, float]],
    *,
    ids: Iterable[str],
    shanks: Iterable[str] | None = None,
    contour: Any = None,
    contact_annotations: Mapping[str, Sequence[Any]] | None = None,
    **annotations: Any,
) -> Form:
    """Return one probe in its JSON form.

    Positions (n, 2 or 3) and contour (m, 2 or 3) are in µm; all contacts have one shape; annotations are those of the
    probe, such as its `name`.
    """
    places = np.asarray(positions, dtype=np.float64).tolist()
    probe = {
        "ndim": len(places[0]),
        "si_units": "um",
        "annotations": annotations,
        "contact_annotations": dict(contact_annotations or {}),
        "contact_positions": places,
        "contact_shapes": [shape[0]] * len(places),
        "contact_shape_params": [dict(shape[1]) for _ in places],
        "contact_ids": list(ids),
    }
    outline = {} if contour is None else {"probe_planar_contour": np.asarray(contour, dtype=np.float64).tolist()}
    return {**probe, **outline, **({} if shanks is None else {"shank_ids": list(shanks)})}


def plain_form(content: object) -> Any:
    """Return a copy of a form in which arrays and tuples are lists, and numbers Python's.

    MockSessionError if it holds what JSON cannot: NaN, infinity, other objects, itself.
    """
    try:
        return json.loads(json.dumps(content, default=_unboxed, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        expected, remedy = "values that JSON can hold", "Take out annotations that are no text and no finite numbers."
        raise MockSessionError("probe", expected, f"{error}"[:200], remedy) from None


def _unboxed(value: object) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__}")


def checked_form(content: object) -> Form:
    """Return a form with its defaults filled in, but for the wiring; MockSessionError if it is none.

    What ProbeInterface asks for is there: ids of probes and contacts, and the planes that contacts lie in.
    """
    if type(content) is not dict:
        raise _fault("probe", "a JSON object", content)
    said, version = content.get("specification", SPECIFICATION), content.get("version", VERSION)
    if said != SPECIFICATION:
        raise _fault("'specification'", repr(SPECIFICATION), said)
    if not _is_text(version):
        raise _fault("'version'", "text", version)
    probes = content.get("probes")
    if type(probes) is not list or not 1 <= len(probes) <= MAX_PROBES:
        raise _fault("'probes'", f"a list of 1 to {MAX_PROBES} probes", probes)
    made = [_OneProbe(f"probes[{k}]", probe).checked() for k, probe in enumerate(probes)]
    n_contacts = sum(len(probe["contact_positions"]) for probe in made)
    if n_contacts > MAX_CONTACTS:
        raise _fault("'probes'", f"at most {MAX_CONTACTS} contacts", n_contacts)
    if len({probe["ndim"] for probe in made}) > 1:
        raise _fault("'probes'", "one number of dimensions", [probe["ndim"] for probe in made])
    ids = {"probe_ids": _probe_ids(content.get("probe_ids"), len(made))}
    own = ("probes", "probe_ids")
    rest = {key: value for key, value in content.items() if key not in own and value is not None}
    if "global_contact_order" in rest:
        _check_order(rest["global_contact_order"], n_contacts)
    return {"specification": said, "version": version, **rest, "probes": made, **ids}


def _probe_ids(ids: Any, n_probes: int) -> list[str]:
    if ids is None:
        return [str(k) for k in range(n_probes)]
    if type(ids) is not list or len(ids) != n_probes or not all(map(_is_text, ids)) or len(set(ids)) != n_probes:
        raise _fault("'probe_ids'", f"{n_probes} different texts", ids)
    return ids


def _check_order(order: Any, n_contacts: int) -> None:
    if type(order) is not list or not all(map(_is_whole, order)) or sorted(order) != list(range(n_contacts)):
        raise _fault("'global_contact_order'", f"0 to {n_contacts - 1}, each once", order)


class _OneProbe:
    """One probe of a form, checked key by key."""

    def __init__(self, where: str, content: Any) -> None:
        self._where = where
        if type(content) is not dict:
            raise _fault(where, "a JSON object", content)
        self._content: Form = {key: value for key, value in content.items() if value is not None}

    def _fault(self, key: str, expected: str, found: object) -> MockSessionError:
        return _fault(f"{self._where}[{key!r}]", expected, found)

    def checked(self) -> Form:
        """Return it with its defaults filled in."""
        content = self._content
        if not _is_whole(content.get("ndim")) or content["ndim"] not in (2, 3):
            raise self._fault("ndim", "2 or 3", content.get("ndim"))
        if not _is_text(content.get("si_units")) or content["si_units"] not in UM:
            raise self._fault("si_units", " or ".join(map(repr, UM)), content.get("si_units"))
        n_contacts = self._check_places(content["ndim"])
        self._check_shapes(n_contacts)
        self._check_ids(n_contacts)
        self._check_wiring(n_contacts)
        self._check_annotations(n_contacts)
        return content

    def _check_places(self, ndim: int) -> int:
        """Check where the contacts are, and the outline; return how many contacts there are."""
        content = self._content
        points: Any = content.get("contact_positions")
        if not _is_table(points, ndim) or not 1 <= len(points) <= MAX_CONTACTS:
            raise self._fault("contact_positions", f"{ndim} finite numbers for each contact", points)
        sides = content.get("contact_sides", ["front"] * len(points))
        if not _are(sides, len(points), ("front", "back").__contains__):
            raise self._fault("contact_sides", f"'front' or 'back' for each of {len(points)} contacts", sides)
        if len({(side, *point) for side, point in zip(sides, points, strict=True)}) != len(points):
            raise self._fault("contact_positions", "a place of its own for each contact", points)
        axes = content.setdefault("contact_plane_axes", [np.eye(2, ndim).tolist() for _ in points])
        if not _are(axes, len(points), lambda pair: _is_table(pair, ndim) and len(pair) == 2):
            raise self._fault("contact_plane_axes", f"2 axes of {ndim} numbers for each contact", axes)
        if not _is_table(content.get("probe_planar_contour", []), ndim):
            raise self._fault("probe_planar_contour", f"points of {ndim} numbers", content["probe_planar_contour"])
        return len(points)

    def _check_shapes(self, n_contacts: int) -> None:
        shapes: Any = self._content.get("contact_shapes")
        sizes: Any = self._content.get("contact_shape_params")
        if not _are(shapes, n_contacts, lambda shape: _is_text(shape) and shape in _SHAPES):
            raise self._fault("contact_shapes", f"{n_contacts} of {', '.join(_SHAPES)}", shapes)
        if not _are(sizes, n_contacts, lambda size: type(size) is dict):
            raise self._fault("contact_shape_params", f"the sizes of {n_contacts} contacts", sizes)
        for shape, size in zip(shapes, sizes, strict=True):
            if not all(_SIZES.hold(size.get(name)) for name in _SHAPES[shape]):
                raise self._fault("contact_shape_params", f"{' and '.join(_SHAPES[shape])} of a {shape}", size)

    def _check_ids(self, n_contacts: int) -> None:
        """Check the ids, which are text or, as older files have them, numbers; nothing but empty ones are none."""
        content = self._content
        for key in ("contact_ids", "shank_ids"):
            ids = content.get(key)
            if ids is not None and not _are(ids, n_contacts, lambda one: _is_whole(one) or _is_text(one)):
                expected = f"{n_contacts} texts of at most {MAX_NAME} printable characters"
                raise self._fault(key, expected, ids)
            if ids is not None and not any(one != "" for one in ids):
                del content[key]
            elif ids is not None:
                content[key] = [str(one) for one in ids]
        contact_ids = content.setdefault("contact_ids", [str(k) for k in range(n_contacts)])
        if len(set(contact_ids)) != n_contacts:
            raise self._fault("contact_ids", "ids that differ from each other", contact_ids)

    def _check_wiring(self, n_contacts: int) -> None:
        wiring = self._content.get("device_channel_indices")
        if wiring is not None and not _are(wiring, n_contacts, lambda c: _is_whole(c) and -1 <= c < MAX_CONTACTS):
            expected = f"{n_contacts} numbers of channels from 0, -1 where there is none"
            raise self._fault("device_channel_indices", expected, wiring)

    def _check_annotations(self, n_contacts: int) -> None:
        annotations = self._content.setdefault("annotations", {})
        if type(annotations) is not dict:
            raise self._fault("annotations", "a JSON object", annotations)
        of_contacts = self._content.setdefault("contact_annotations", {})
        if type(of_contacts) is not dict or not all(_are(v, n_contacts, _is_plain) for v in of_contacts.values()):
            expected = f"a JSON object of lists of {n_contacts} texts or numbers"
            raise self._fault("contact_annotations", expected, of_contacts)


def _are(values: Any, count: int, one_is: Callable[[Any], bool]) -> bool:
    """Return True if values are a list of so many, each of which is as it must be."""
    return type(values) is list and len(values) == count and all(map(one_is, values))


def _is_table(rows: Any, width: int) -> bool:
    """Return True if rows are a list of lists of so many numbers."""
    return type(rows) is list and all(_are(row, width, _PLACES.hold) for row in rows)


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= MAX_NAME and value.isprintable()


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _is_plain(value: Any) -> bool:
    return type(value) in (str, int, float, bool)


def _fault(subject: str, expected: str, found: object) -> MockSessionError:
    return MockSessionError(subject, expected, reprlib.repr(found), _REMEDY)


def wiring_of(form: Form) -> list[int]:
    """Return the channel of every contact, the probes' contacts one after another; -1: it is not recorded.

    Contacts of which no probe says so are wired in their order, all of them. MockSessionError if the channels are not
    0, 1, 2, ..., each once.
    """
    probes = form["probes"]
    given = [probe.get("device_channel_indices") for probe in probes]
    sizes = [len(probe["contact_positions"]) for probe in probes]
    if not any(given):
        order = form.get("global_contact_order") or range(sum(sizes))
        return [int(channel) for channel in np.argsort(order)]
    wiring = [channel for some, size in zip(given, sizes, strict=True) for channel in some or [-1] * size]
    wired = sorted(channel for channel in wiring if channel >= 0)
    if wired != list(range(len(wired))) or not wired:
        expected = "the channels 0, 1, 2, ..., each of one contact"
        missing = next((k for k, channel in enumerate(wired) if channel != k), None)
        found = "none" if not wired else f"{len(wired)} contacts wired to others than that, the first at {missing}"
        remedy = "Wire it with probe.set_device_channel_indices(), -1 for contacts that are not recorded."
        raise MockSessionError("'device_channel_indices'", expected, found, remedy)
    return wiring
