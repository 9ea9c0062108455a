"""What a ``params.py`` may compute, call by call: the value, how much of the budget it takes, and where it ends."""

from __future__ import annotations

import math
import operator
import os

import numpy as np
import pytest

from mockrawio.hybrid.original import params_calls
from mockrawio.hybrid.original.params_calls import (
    CALLS,
    CONSTANTS,
    DTYPES,
    Budget,
    Refused,
    binary,
    checked_number,
    unary,
)

ITEMS = 1_000_000


def spent(call, *arguments, **keywords):
    """Return what a call comes to, and what it takes of the budget."""
    budget = Budget()
    found = call(budget, *arguments, **keywords)
    return found, 20 * ITEMS - budget.left


def refused(words, call, *arguments, **keywords):
    """Hold that a call is refused with these words."""
    with pytest.raises(Refused, match=words):
        call(Budget(), *arguments, **keywords)


def test_the_budget():
    """A value has a million elements at most, and all together twenty million."""
    for items in (-1, ITEMS + 1, math.nan, math.inf):
        with pytest.raises(Refused, match="a value of .* elements; 1000000 are the most"):
            Budget().reserve(items)
    budget = Budget()
    budget.reserve(0)
    for _ in range(20):
        budget.reserve(ITEMS)
    budget.reserve(0.5)
    with pytest.raises(Refused, match="more than 20000000 elements in all"):
        budget.reserve(1)
    with pytest.raises(Refused) as raised:
        Budget().reserve(-1)
    assert raised.value.line is None and Refused("x", 3).line == 3 and str(Refused("x", 3)) == "x"


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (np.zeros((3, 4)), 12),
        (np.zeros(0), 0),
        ("", 1),
        ("1234567", 1),
        ("12345678", 2),
        ("x" * 65_536, 8193),
        (3, 1),
        (None, 1),
        ([], 1),
        ([1, [2, 3], (4,), {5, 6}], 10),
        (["12345678"], 3),
    ],
    ids=lambda value: str(value)[:20],
)
def test_elements_of_a_value(value, items):
    """Elements are counted with those of what they are in; a text has one for each eight characters, and one."""
    budget = Budget()
    assert budget.spend(value) is value and 20 * ITEMS - budget.left == items


def test_counting_ends_in_time(monkeypatch):
    """A long text is refused; of a list no more is counted than one too many."""
    with pytest.raises(Refused, match="a text of 65537 characters; 65536 are the most"):
        Budget().spend("x" * 65_537)
    monkeypatch.setattr(params_calls, "MAX_ITEMS", 5)
    assert [params_calls._items([1] * n) for n in (3, 4, 5, 9)] == [4, 5, 6, 6]


def test_whole_numbers_have_64_bits():
    """Whole numbers from -2**63 to 2**63 - 1 are read; fractions of any size."""
    for value in (-(2**63), 2**63 - 1, True, 1e300):
        assert checked_number(value) is value
    for value in (-(2**63) - 1, 2**63):
        with pytest.raises(Refused, match="beyond 64 bits"):
            checked_number(value)


def test_two_values():
    """Numbers and arrays are computed, two texts joined; what comes of it is counted before it is made."""
    assert spent(binary, operator.add, "1234", "5678") == ("12345678", 2)
    assert spent(binary, operator.add, 2, 3) == (5, 1) and spent(binary, operator.floordiv, 7, 2) == (3, 1)
    found, items = spent(binary, operator.mul, np.arange(3)[:, None], [1, 2])
    assert found.tolist() == [[0, 0], [1, 2], [2, 4]] and items == 3 + 6
    found, items = spent(binary, operator.sub, (1, 2), np.arange(2))
    assert found.tolist() == [1, 1] and items == 3 + 2
    assert spent(binary, operator.truediv, np.ones(1), 0)[0].tolist() == [math.inf]
    assert math.isnan(spent(binary, operator.sub, np.float64(math.inf), np.float64(math.inf))[0])
    refused("beyond 64 bits", binary, operator.mul, 2**62, 2)
    for a, b in (("a", 1), (1, "a"), ([1], [2]), (None, 1), (1, None), (1j, 1), (1, np.array(["a"]))):
        refused(" of .* and .* is not read", binary, operator.add, a, b)
    refused("mul of str and str is not read", binary, operator.mul, "a", "b")
    refused("elements; 1000000", binary, operator.add, np.zeros((1001, 1)), np.zeros((1, 1000)))
    refused("an array of something other than numbers", binary, operator.add, np.zeros(2), ["a", "b"])


def test_one_value():
    """Numbers and arrays have their negatives and inverses, bools none; they are counted."""
    assert spent(unary, operator.neg, 3) == (-3, 1) and spent(unary, operator.invert, 0) == (-1, 1)
    found, items = spent(unary, operator.invert, np.array([True, False]))
    assert found.tolist() == [False, True] and items == 2
    assert spent(unary, operator.neg, -(2**63) + 1)[0] == 2**63 - 1
    refused("beyond 64 bits", unary, operator.neg, -(2**63))
    for value in (True, "a", [1], None):
        refused(f"neg of {type(value).__name__} is not read", unary, operator.neg, value)


def test_arrays():
    """An array is of numbers alone, in a plain type; its elements are counted as they are given."""
    found, items = spent(CALLS["numpy.array"], [[1, 2], (3, 4)], dtype=np.int16)
    assert (found.tolist(), found.dtype, items) == ([[1, 2], [3, 4]], np.int16, 7)
    assert spent(CALLS["numpy.array"], 3)[0].shape == () and spent(CALLS["numpy.array"], [True])[0].dtype == bool
    for values in (["a"], [[1], ["a"]], "a", [None], {1, 2}):
        refused("something other than numbers", CALLS["numpy.array"], values)
    refused("the dtype 'f2' is not read", CALLS["numpy.array"], [1], "f2")
    refused("is not read", CALLS["numpy.zeros"], 3, object)
    for dtype in DTYPES.values():
        assert spent(CALLS["numpy.array"], [1], dtype)[0].dtype == np.dtype(dtype)
    kinds = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool_"]
    assert sorted(DTYPES) == sorted([*(f"numpy.{kind}" for kind in kinds), "bool", "int", "float"])
    assert DTYPES["numpy.uint16"] is np.uint16 and DTYPES["bool"] is bool
    assert list(CONSTANTS) == ["numpy.nan", "numpy.newaxis"] and CONSTANTS["numpy.newaxis"] is None


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ((4,), [0, 1, 2, 3]),
        ((1, 4), [1, 2, 3]),
        ((1, 8, 3), [1, 4, 7]),
        ((0, 1.1, 0.5), [0.0, 0.5, 1.0]),
        ((4, 1), []),
        ((4, 1, -2), [4, 2]),
        ((-2,), []),
    ],
)
def test_ranges(arguments, values):
    """A range is NumPy's, and takes as many elements as it has."""
    found, items = spent(CALLS["numpy.arange"], *arguments)
    assert found.tolist() == values and items == len(values) and found.dtype.kind == ("f" if 0.5 in values else "i")
    assert spent(CALLS["numpy.arange"], 3, dtype=np.uint8)[0].dtype == np.uint8


def test_ranges_that_are_refused():
    """A range is of finite numbers, and of a million at most."""
    for arguments in ((math.inf,), (0, math.nan), (0, 1, "a"), (np.zeros(2),), ([1],)):
        refused("arange takes finite numbers", CALLS["numpy.arange"], *arguments)
    refused("elements; 1000000", CALLS["numpy.arange"], ITEMS + 1)
    refused("elements; 1000000", CALLS["numpy.arange"], 0, ITEMS, 0.5)
    assert spent(CALLS["numpy.arange"], ITEMS)[1] == ITEMS


@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1)])
def test_filled_arrays(name, value):
    """A shape is one to four whole numbers; floats are the default, and all elements are counted."""
    call = CALLS[f"numpy.{name}"]
    for shape, expected in ((3, (3,)), ([2, 3], (2, 3)), ((1, 2, 3, 4), (1, 2, 3, 4)), (0, (0,)), ((), ())):
        found, items = spent(call, shape)
        assert found.shape == expected and (found == value).all() and found.dtype == float and items == found.size
    assert spent(call, 2, bool)[0].dtype == bool
    for shape in (-1, True, 1.0, "2", (1, 1, 1, 1, 1), [2, None], (2, -1)):
        refused("a shape is one to four whole numbers from 0 up", call, shape)
    refused("elements; 1000000", call, (1001, 1000))


def test_arrays_of_arrays():
    """Arrays are put together, repeated and looked up as NumPy does, and what they take is counted."""
    found, items = spent(CALLS["numpy.hstack"], ([1, 2], np.array([3])))
    assert found.tolist() == [1, 2, 3] and items == (1 + 3 + 1) + 3 + 1
    refused("hstack takes a tuple of arrays", CALLS["numpy.hstack"], np.array([1]))
    found, items = spent(CALLS["numpy.tile"], [1, 2], (2, 2))
    assert found.tolist() == [[1, 2, 1, 2]] * 2 and items == 3 + 8
    found, items = spent(CALLS["numpy.repeat"], [1, 2], 3)
    assert found.tolist() == [1, 1, 1, 2, 2, 2] and items == 3 + 1 + 6
    found, items = spent(CALLS["numpy.repeat"], [1, 2], [0, 5])
    assert found.tolist() == [2] * 5 and items == 3 + 3 + 5
    found, items = spent(CALLS["numpy.isin"], [1, 2, 3], [3, 1])
    assert found.tolist() == [True, False, True] and items == 4 + 3
    assert spent(CALLS["numpy.repeat"], [1], ITEMS)[0].size == ITEMS
    for times in (-1, [1, -1], 1.0, True, [ITEMS + 1, 0], ITEMS + 1):
        refused("repeat takes whole numbers from 0 to 1000000", CALLS["numpy.repeat"], [1, 2], times)
    refused("elements; 1000000", CALLS["numpy.repeat"], [1, 2], ITEMS // 2 + 1)
    refused("elements; 1000000", CALLS["numpy.tile"], [1, 2], ITEMS // 2 + 1)
    assert spent(CALLS["numpy.repeat"], [1, 2], ITEMS // 2)[1] == 3 + 1 + ITEMS


def test_paths():
    """Texts are joined as paths are; anything else, and nothing, is refused, and so is the environment."""
    assert spent(CALLS["os.path.join"], "a", "b", "c") == (os.path.join("a", "b", "c"), 0)
    for parts in ((), ("a", 1), (None,)):
        refused("os.path.join takes texts", CALLS["os.path.join"], *parts)
    refused("no variable of the environment is read", CALLS["os.getenv"], "A", default="b")
    probe = CALLS["hybridfactory.probes.neuropixels3a"](Budget(), sync_channel=False)
    assert probe.n_channels == 384
    assert CALLS["hybridfactory.probes.custom_probe"](Budget(), [0], [True], [[0, 1]], name="n").name == "n"
