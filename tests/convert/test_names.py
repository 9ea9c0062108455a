"""Names and times that a conversion gives."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio import MockSessionError
from mockrawio.convert.names import ChannelNames, UnitNames, patient_and_session, stream_file_name, unit_type_of
from mockrawio.convert.session_content import plain
from mockrawio.convert.spans import DEFAULT_START, Span, check_era, instant_ms, lay_out
from mockrawio.session.files import open_channel_names


def test_csc_ids_stay():
    """Channels that are called CSC{k} keep their numbers; the lines between are filled."""
    channels = ChannelNames()
    assert channels.add("recording", ["CSC4", "CSC2"], ["LA4", "LA2"]) == ("CSC4", "CSC2")
    assert channels.lines() == b"CSC1.ncs\nLA2.ncs\nCSC3.ncs\nLA4.ncs\n"


def test_other_ids_are_numbered_on():
    """Channels of other names get the next free numbers, and are called what they were."""
    channels = ChannelNames()
    channels.add("a", ["CSC3"])
    assert channels.add("b", ["AP0", "CSC1"]) == ("CSC4", "CSC5")
    assert channels.names[4] == "AP0"
    assert channels.origins == {"CSC3": "CSC3", "CSC4": "AP0", "CSC5": "CSC1"}


def test_no_channels_no_file():
    """Without channels there is no ChannelNames.txt."""
    assert ChannelNames().lines() is None


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a\u2028b", "x" * 65, "\ufeffa", "a\x00"])
def test_names_that_no_line_holds(name):
    """A name that the file would not give back is refused."""
    with pytest.raises(MockSessionError, match="printable characters"):
        ChannelNames().add("recording", ["1"], [name])


def test_ids_twice():
    """Ids that are not unique are refused, naming one."""
    with pytest.raises(MockSessionError, match="found '2' twice"):
        ChannelNames().add("recording", ["1", "2", "2"])


@pytest.mark.slow
@given(st.lists(st.text(min_size=1, max_size=64), min_size=1, max_size=5, unique=True))
def test_names_come_back(tmp_path_factory, names):
    """Names that are taken are read back as they were, whatever their characters."""
    channels = ChannelNames()
    try:
        channels.add("recording", [f"c{k}" for k in range(len(names))], names)
        lines = channels.lines()
    except MockSessionError:
        return
    path = tmp_path_factory.mktemp("names") / "ChannelNames.txt"
    path.write_bytes(lines)
    assert open_channel_names(str(path)) == names


def test_unit_names():
    """Units are numbered within channel and type; names of a session's own form are kept and not given again."""
    names = UnitNames(["CSC1_SU2", "noise", "CSC01_SU3"])
    assert names.name(1, "SU").id == "CSC1_SU1"
    assert names.name(9, "MU", "CSC1_SU2").id == "CSC1_SU2"
    assert names.name(1, "SU", "CSC1_SU2").id == "CSC1_SU3"
    assert names.name(1, "MU", "noise").id == "CSC1_MU1"
    assert names.name(1, "SU", "CSC01_SU3").id == "CSC1_SU4"


@pytest.mark.parametrize(
    ("said", "kind"), [("mua", "MU"), ("MU", "MU"), ("Multi-unit", "MU"), ("good", "SU"), (None, "SU"), (3, "SU")]
)
def test_unit_types(said, kind):
    """What sorters call multi-unit activity is MU, all else SU."""
    assert unit_type_of(said) == kind


@pytest.mark.parametrize(
    ("name", "file"),
    [("raw", "raw"), ("a b/c", "a_b_c"), (".hid", "hid"), (None, "signal"), ("µ", "signal"), ("Lfp", "Lfp_2")],
)
def test_stream_names(name, file):
    """A stream's name becomes a file's, not hidden, and unlike others whatever the case."""
    assert stream_file_name(name, ["lfp"]) == file


def test_long_stream_names():
    """A long name is cut to what a header holds, a number behind it included."""
    name = stream_file_name("x" * 100, ["x" * 58])
    assert name == "x" * 58 + "_2"
    assert len(name) <= 64


@pytest.mark.parametrize(
    ("folder", "given", "expected"),
    [
        ("patient_data/12/session_3", (None, None), (12, 3)),
        ("patient_data/12/session_3", (1, None), (1, 3)),
        ("elsewhere/12/session_3", (None, None), (7, 3)),
        ("anything", (None, None), (7, 1)),
        ("anything", (0, 5), (0, 5)),
    ],
)
def test_patient_and_session(folder, given, expected):
    """The numbers are those given, else the folder's, else the annotations' if they are numbers, else 1."""
    known = {"patient_id": 7, "session_nr": "second"}
    assert patient_and_session(Path("/root") / folder, *given, known) == expected


@pytest.mark.parametrize("bad", [-1, 1.5, True, "1"])
def test_bad_numbers(bad):
    """What is no whole number from 0 up is refused."""
    with pytest.raises(MockSessionError, match="patient_id: expected a whole number"):
        patient_and_session(Path("/a"), bad, None)


def test_instants():
    """A datetime without a time zone is UTC, a number is ms, and None the default."""
    utc = datetime(2022, 7, 1, 2, 41, 18, 812000)
    assert instant_ms(utc) == 1_656_643_278_812
    east = utc.replace(tzinfo=timezone.utc).astimezone(timezone(timedelta(hours=5)))
    assert instant_ms(east) == 1_656_643_278_812
    assert instant_ms(5) == 5.0
    assert instant_ms(None) == DEFAULT_START.timestamp() * 1000 == 946_684_800_000


@pytest.mark.parametrize("bad", ["now", True, np.nan, [1]])
def test_bad_instants(bad):
    """Anything else is refused."""
    with pytest.raises(MockSessionError, match="start: expected a datetime"):
        instant_ms(bad)


def test_era():
    """Times that a reader would not take for ms are refused."""
    with pytest.raises(MockSessionError, match="1990 to 2100; found 5 ms"):
        check_era(5.0, 1e12)


def test_segments_in_order_stay():
    """Segments that follow one another, even without a gap, are not moved."""
    assert lay_out([Span(0, 10, 0, 9), Span(10, 20, 12, 25), Span(30, 31, 30, 30)], 0.0) == [0, 0, 0]


@given(st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 3), min_size=1, max_size=5))
def test_segments_that_overlap_are_laid_out(numbers):
    """Whatever the segments' times, they end up one behind the other, the first where it was."""
    spans = [Span(a, a + abs(b), min(a, c), max(a, c)) for a, b, c in numbers]
    shifts = lay_out(spans, 0.0)
    assert shifts[0] == 0
    ends = [max(s.stop, s.last) + shift for s, shift in zip(spans, shifts, strict=True)]
    begins = [s.start + shift for s, shift in zip(spans, shifts, strict=True)]
    assert all(begin >= end - 0.01 for begin, end in zip(begins[1:], ends, strict=False))


def test_a_span_that_is_later():
    """It is as long as it was, and all in it is moved by as much."""
    assert Span(5.0, 9.0, 4.0, 12.0).later(2.5) == Span(7.5, 11.5, 6.5, 14.5)


def test_plain_values():
    """What JSON holds stays; the rest is left out, and so are absolute paths."""
    given = {
        "a": np.int64(3),
        "b": [1, 2.5, object(), "x"],
        "c": {"d": "/home/user/data", 5: None, "e": np.nan},
        "f": "C:\\data",
        "g": datetime(2020, 1, 1),
        "h": True,
        "i": "~/x",
    }
    assert plain(given) == {"a": 3, "b": [1, 2.5, "x"], "c": {}, "h": True}


def test_how_far_a_segment_may_reach_into_the_next():
    """Its samples by the slack that is given, its last spike by a thousandth of a ms; else the next is 1 s later."""
    for stop, last, shift in ((10.0, 10.0009, 0.0), (10.0, 10.0011, 1000.0011), (10.5, 9.0, 0.0), (10.6, 9.0, 1000.6)):
        assert lay_out([Span(0, stop, 0, last), Span(10, 20, 10, 19)], 0.5) == pytest.approx([0.0, shift], abs=1e-9)
