"""What a session's files say, what holds where they do not say it, and how an error shows what is there instead."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.session import keys
from mockrawio.session.clock import Run
from mockrawio.session.files import (
    LfpFile,
    Scale,
    UnitFile,
    few,
    is_name,
    open_channel_names,
    open_events,
    open_info,
    open_label,
    open_lfp,
    open_unit,
    stamps_in_ms,
)
from mockrawio.session.keys import Limits
from tests.handmade import T0, Handmade


def unit_of(path: Path) -> UnitFile:
    found = open_unit(str(path))
    assert isinstance(found, UnitFile)
    return found


def lfp_of(path: Path, **how: Any) -> LfpFile:
    found = open_lfp(str(path), **how)
    assert found is not None
    return found


def test_what_a_unit_does_not_say(handmade: Handmade) -> None:
    """Waveforms are counts of 1 uV at 32 kHz, of which the first 20 come before the spike; times are in ms."""
    unit = unit_of(handmade.unit())
    assert (unit.scale, unit.sampling_rate, unit.left_sweep) == (Scale(1.0, 0.0, "uV"), 32_000.0, 20)
    assert (unit.divisor, unit.first_ms, unit.last_ms, unit.knots) == (1, T0 + 10.0, T0 + 300.5, None)
    said = unit_of(handmade.unit(gain=0.5, offset=-3, units="mV", sampling_rate=24_414.0625, left_sweep=0))
    assert (said.scale, said.sampling_rate, said.left_sweep) == (Scale(0.5, -3.0, "mV"), 24_414.0625, 0)
    for amps in (np.empty((0, 4), np.int16), np.empty(0)):
        none = unit_of(handmade.unit(times=np.empty(0), amps=amps))
        assert (none.divisor, math.isnan(none.first_ms), math.isnan(none.last_ms)) == (1, True, True)


def test_what_an_lfp_channel_does_not_say(handmade: Handmade) -> None:
    """Samples are counts of 1 uV, one a ms."""
    lfp = lfp_of(handmade.lfp())
    assert (lfp.scale, lfp.sampling_rate, lfp.given_rate) == (Scale(1.0, 0.0, "uV"), 1000.0, 1000.0)
    assert (lfp.divisor, lfp.runs, lfp.drift_ms) == (1, (Run(0, 500, T0),), 0.0)
    assert open_lfp(str(handmade.lfp(samples=np.empty(0, np.int16), ts=np.empty(0, np.int64)))) is None
    assert lfp_of(handmade.lfp(samples=np.zeros(1, np.int16))).runs == (Run(0, 1, T0),)


def test_a_fast_clock_is_read_unless_it_is_refused(handmade: Handmade) -> None:
    """Stamps that come twice are a clock's by default, and an error for a strict reader."""
    path = handmade.lfp(samples=np.zeros(40_000, np.int16), ts=T0 + np.floor(np.arange(40_000) * 0.999).astype(int))
    found = lfp_of(path)
    assert (len(found.runs), found.given_rate) == (1, 1000.0) and found.sampling_rate == pytest.approx(1001, abs=0.1)
    with pytest.raises(MockSessionError, match="ascending time stamps; found a step of 0"):
        open_lfp(str(path), strict=True)


def test_a_unit_in_us(handmade: Handmade) -> None:
    """Its ends are in ms; its times stay what they are, divided when they are asked for."""
    path = handmade.unit(times=(T0 + np.array([10.0, 20.25, 300.5])) * 1000)
    with pytest.warns(UserWarning, match="taken as µs"):
        unit = unit_of(path)
    assert (unit.divisor, unit.first_ms, unit.last_ms) == (1000, T0 + 10.0, T0 + 300.5)
    assert stamps_in_ms(unit.times, unit.divisor).tolist() == [T0 + 10.0, T0 + 20.25, T0 + 300.5]


@pytest.mark.filterwarnings("ignore:.*taken as µs")
@pytest.mark.parametrize("divisor", [1, 1000])
@pytest.mark.parametrize(
    ("stamps", "drift_ms"),
    [([0, 2, 4, 6.75], 0.75), ([0, 2, 4, 5.25], -0.75), ([0, 2, 40, 42, 44.5], 0.5), ([0, 2, 40.5], 0.0)],
)
def test_by_how_much_the_last_stamp_is_off(
    stamps: list[float], drift_ms: float, divisor: int, handmade: Handmade
) -> None:
    """The last stamp is compared with its own stretch's first and the rate, here of 500 Hz, in ms."""
    ts = (T0 + np.array(stamps)) * divisor
    assert lfp_of(handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts, sampling_rate=500.0)).drift_ms == drift_ms


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (keys.GAINS, " other than 0 (1e-15 to 1e+15 in size)"),
        (keys.OFFSETS, " (-1e+15 to 1e+15)"),
        (keys.RATES, " above 0 (1e-06 to 1e+09)"),
        (keys.ANY, ""),
        (Limits(0.0, 5.0), " (0 to 5)"),
    ],
)
def test_limits_are_told(limits: Limits, text: str) -> None:
    """An error says within what limits a number must be, where there are any."""
    assert str(limits) == text


@pytest.mark.parametrize(
    ("limits", "held", "refused"),
    [
        (Limits(1.0, 2.0), (1, 1.0, 2, 2.0), (0.999, 2.001, -1.5, True, "1", None, np.float64(1.5))),
        (Limits(1.0, 2.0, by_size=True), (1, -1, 2.0, -2.0), (0, 0.999, -2.001, False)),
        (keys.ANY, (1.7e308, -1.7e308, 0, 2**1023), (math.inf, -math.inf, math.nan, 2**1024)),
    ],
)
def test_what_is_within_limits(limits: Limits, held: tuple[Any, ...], refused: tuple[Any, ...]) -> None:
    """Ends are included, of either sign where the size counts; what is no int or float of Python's is none."""
    assert all(map(limits.hold, held))
    assert not any(map(limits.hold, refused))


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("gain", 2**1024, "a number beyond float64"),
        ("gain", 2**1023, repr(2**1023)[:60]),
        ("gain", "x" * 70, repr("x" * 70)[:60]),
        ("sampling_rate", 0, "0"),
        ("left_sweep", -1, "-1.0"),
        ("left_sweep", 2**31, "2147483648.0"),
        ("left_sweep", 0.5, "0.5"),
        ("units", "m" * 65, repr("m" * 65)[:60]),
        ("units", "", "''"),
    ],
)
def test_a_number_that_is_none_is_shown(key: str, value: object, found: str, handmade: Handmade) -> None:
    """An error shows what is there in up to 60 characters, and no number that fills a page."""
    with pytest.raises(MockSessionError, match=f"{key!r} as .*; found {re.escape(found)}\\. "):
        open_unit(str(handmade.unit(**{key: value})))


def test_the_largest_left_sweep(handmade: Handmade) -> None:
    """It may be of 31 bits; whole floats will do."""
    assert unit_of(handmade.unit(left_sweep=2**31 - 1)).left_sweep == 2**31 - 1
    assert unit_of(handmade.unit(left_sweep=7.0)).left_sweep == 7


def test_keys_that_are_there_instead_are_named(handmade: Handmade) -> None:
    """Of a file without its array the first eight keys are named, in up to 20 characters each."""
    path = handmade.unit()
    keys_there = ["x" * 21, *"abcdefgh"]
    np.save(path, {key: 1 for key in keys_there}, allow_pickle=True)  # type: ignore[arg-type]
    shown = ", ".join(map(repr, ["x" * 20, *"abcdefg"]))
    with pytest.raises(MockSessionError, match=f"an array 'spike_times'; found only {shown}\\. "):
        open_unit(str(path))
    np.save(path, {}, allow_pickle=True)  # type: ignore[arg-type]
    with pytest.raises(MockSessionError, match="an array 'spike_times'; found only nothing"):
        open_unit(str(path))
    np.save(path, {"spike_times": 5}, allow_pickle=True)  # type: ignore[arg-type]
    with pytest.raises(MockSessionError, match="an array 'spike_times'; found something else"):
        open_unit(str(path))


@pytest.mark.parametrize(("amps", "shape"), [((4, 64), "3 and 4"), ((2, 64), "3 and 2")])
def test_lengths_that_differ_are_named(amps: tuple[int, int], shape: str, handmade: Handmade) -> None:
    """Times first, then waveforms."""
    with pytest.raises(MockSessionError, match=f"as many 'spike_times' as 'spike_amps'; found {shape}\\. "):
        open_unit(str(handmade.unit(amps=np.zeros(amps, np.int16))))


@pytest.mark.parametrize("key", ["patient_id", "session_nr"])
def test_ids_of_64_bits(key: str, handmade: Handmade) -> None:
    """Ids have 63 bits and a sign; a larger one is shown in up to 60 characters."""
    for value in (2**63 - 1, 1 - 2**63):
        assert getattr(open_info(str(handmade.info(**{key: value}))), key) == value
    for value in (2**63, 10**80):
        with pytest.raises(MockSessionError, match=f"{key!r} as an int of 64 bits; found {repr(value)[:60]}\\. "):
            open_info(str(handmade.info(**{key: value})))


def test_a_date_that_is_none_is_shown(handmade: Handmade) -> None:
    """Date and time are shown together, in up to 60 characters."""
    with pytest.raises(MockSessionError, match=f"found '{'d' * 60}'"):
        open_info(str(handmade.info(date="d" * 70)))


@pytest.mark.parametrize(("n", "text"), [(1, "1"), (8, "1, 2, 3, 4, 5, 6, 7, 8"), (9, "1, 2, 3, ..., 9")])
def test_few_names_of_many(n: int, text: str) -> None:
    """Up to eight names are all there; of more the first three and the last."""
    assert few([str(k + 1) for k in range(n)]) == text


def test_what_is_a_name() -> None:
    """Text of 1 to 64 printable characters."""
    assert is_name("a") and is_name("ü" * 64)
    assert not any(map(is_name, ("", "a" * 65, "a\n", b"a", None, np.str_("a"))))


def test_channel_names_as_they_may_stand(tmp_path: Path) -> None:
    """Blank lines keep their ids, latin-1 is taken as such, both aloud; a strict reader is told the place."""
    path = tmp_path / "ChannelNames.txt"
    path.write_bytes(b"LA1.ncs\n\n L\xe42.NCS \n")
    with pytest.warns(UserWarning) as caught:
        assert open_channel_names(str(path)) == ["LA1", "CSC2", "Lä2"]
    assert [str(one.message).partition(": ")[2] for one in caught] == [
        "is not UTF-8 from byte 11 on, and taken as latin-1",
        "has blank lines, which name no channel: CSC2 keep their ids",
    ]
    with pytest.raises(MockSessionError, match="expected UTF-8 text; found byte 11 that is not"):
        open_channel_names(str(path), strict=True)
    path.write_bytes(b"LA1.ncs\n\nLA3.ncs")
    with pytest.raises(MockSessionError, match="1 to 64 characters, all printable; found line 2: ''"):
        open_channel_names(str(path), strict=True)
    path.write_bytes(b"a\n" + b"L" * 90)
    with pytest.raises(MockSessionError, match=f"found line 2: '{'L' * 80}'"):
        open_channel_names(str(path))
    path.write_bytes(b"")
    assert open_channel_names(str(path), strict=True) == []


@pytest.mark.parametrize(
    ("opener", "right", "wrong"),
    [
        (
            open_events,
            [np.zeros((3, 2)), np.zeros((0, 2), np.uint64), np.zeros((1, 2), ">i8")],
            [np.zeros((3, 2), "f4"), np.zeros((3, 2), "i4"), np.zeros((2, 3)), np.zeros(2), np.zeros((1, 2, 2))],
        ),
        (
            open_label,
            [np.zeros((3, 5)), np.zeros((3, 0), np.int8), np.zeros((3, 1), "f4")],
            [np.zeros((2, 3)), np.zeros((4, 3)), np.zeros(3), np.zeros((3, 1, 1)), np.zeros((3, 2), "c16")],
        ),
    ],
)
def test_tables_of_events_and_labels(opener: Any, right: list[Any], wrong: list[Any], tmp_path: Path) -> None:
    """Events are rows of two numbers of 64 bits, annotations three rows of any real numbers."""
    path = tmp_path / "x.npy"
    for array in right:
        np.save(path, array)
        assert opener(str(path)).shape == array.shape
    for array in wrong:
        np.save(path, array)
        with pytest.raises(MockSessionError, match=f"; found {array.dtype} of shape {re.escape(str(array.shape))}"):
            opener(str(path))


def test_stamps_in_ms_are_views_where_they_can_be(handmade: Handmade) -> None:
    """Stamps in ms are not copied; those in µs are divided."""
    times = unit_of(handmade.unit()).times
    assert np.shares_memory(stamps_in_ms(times, 1), times.view())
    assert stamps_in_ms(times, 1000).tolist() == (times.view() / 1000).tolist()
