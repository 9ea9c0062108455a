"""The parts of the noise: each one's fields are the spec's, and its bits its own."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate import SessionSpec
from mockrawio.generate.parts import NOISE_FIELDS, NOISES
from mockrawio.generate.parts.part import Chunk


def test_a_parts_fields_are_the_specs():
    """The spec has every field of every part, with its default, and hands it on."""
    defaults = {field.name: field.default for field in fields(SessionSpec)}
    spec = SessionSpec.broadband(pink_share=0.25, common_share=0.125)
    for kind, part in zip(NOISES, spec.noise_parts, strict=True):
        assert type(part) is kind
        for field in fields(kind):
            assert defaults[f"{kind.name}_{field.name}"] == field.default
            assert getattr(part, field.name) == getattr(spec, f"{kind.name}_{field.name}")


@pytest.mark.parametrize("name", NOISE_FIELDS)
def test_a_parts_limits_are_the_specs(name):
    """What is beyond the limits of a part's field is refused by the field's name."""
    for limit, beyond in zip(NOISE_FIELDS[name], (-1, 1), strict=True):
        SessionSpec.broadband(**{name: limit})
        with pytest.raises(MockSessionError, match=name):
            SessionSpec.broadband(**{name: limit + beyond})


def test_a_child_has_bits_of_its_own():
    """A part that draws by its name has the same bits again, and others elsewhere, or by another name."""
    again, same = (Chunk(1, 0, 2).child("hum").random_raw(4) for _ in range(2))
    assert np.array_equal(again, same)
    others = [
        Chunk(1, 0, 2).child("far"),
        Chunk(1, 0, 3).child("hum"),
        Chunk(2, 0, 2).child("hum"),
        Chunk(1, 0, 2).bits,
    ]
    for other in others:
        assert not np.isin(other.random_raw(4), again).any()
