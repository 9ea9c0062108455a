"""Where the contacts are, in figures: in their places, by shank."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PatchCollection

from mockrawio import MockSessionRawIO
from mockrawio.generate.probes import probe_of
from mockrawio.report import plots
from mockrawio.report.page_figures import probe_figure
from mockrawio.report.probe_view import probe_view
from mockrawio.session.probe import ContactMap
from mockrawio.session.probe_form import make_probe
from tests.handmade import Handmade
from tests.report.looking import drawn, opened, title, words

CIRCLE = ("circle", {"radius": 6.0})


@pytest.fixture
def reader_of(tmp_path, request):
    """A function that returns an open session whose stream has these contacts."""

    def make(contacts, **more):
        made = Handmade(tmp_path / "session_1")
        ids = [f"CSC{k + 1}" for k in range(contacts.n)]
        samples = np.zeros((50, contacts.n), np.int16)
        made.stream(samples=samples, channels={"ids": ids, "names": ids}, **contacts.description(), **more)
        reader = MockSessionRawIO(made.folder)
        reader.parse_header()
        request.addfinalizer(reader.close)
        return reader

    return make


@pytest.mark.parametrize("name", ["neuropixels-2.0", "utah", "linear", "tetrodes"])
def test_contacts_are_where_they_are(name, reader_of):
    """Each shank is a line of dots of its own colour, at the contacts' places; the title counts them."""
    contacts = probe_of(name)
    axes = drawn(plots.plot_probe(reader_of(contacts)))
    n_shanks = len(set(contacts.shanks.tolist()))
    assert len(axes.lines) == n_shanks == len({line.get_color() for line in axes.lines})
    for shank, line in enumerate(axes.lines):
        np.testing.assert_array_equal(np.transpose(line.get_data()), contacts.positions[contacts.shanks == shank])
    assert title(axes).startswith(f"broadband: {contacts.n} channels" + f" on {n_shanks} shanks" * (n_shanks > 1))
    low, high = contacts.positions.min(axis=0), contacts.positions.max(axis=0)
    assert (np.array([axes.get_xlim()[0], axes.get_ylim()[0]]) < low).all()
    assert (np.array([axes.get_xlim()[1], axes.get_ylim()[1]]) > high).all()
    assert words(axes) == sorted(set(contacts.shank_ids) - {""})


def test_contacts_are_as_large_as_they_are(reader_of):
    """To scale, a contact is drawn in its size and shape, and the shanks' outline behind it."""
    axes = drawn(plots.plot_probe(reader_of(probe_of("neuropixels-2.0", 384))))
    (shank, *_) = (one for one in axes.collections if isinstance(one, PatchCollection))
    np.testing.assert_allclose(shank.get_paths()[1].get_extents().bounds, (26, -6, 12, 12))
    assert axes.get_aspect() == 1
    (outline,) = axes.patches
    assert len(outline.get_xy()) == 21


def test_what_is_slim_is_not_to_scale(reader_of):
    """A long column would be a line: its axes have scales of their own, which a label says."""
    axes = drawn(plots.plot_probe(reader_of(probe_of("neuropixels-1.0"))))
    assert axes.get_aspect() == "auto" and not axes.collections
    assert (title(axes), axes.get_xlabel()) == ("broadband: 384 channels", "x (µm, not to the scale of y)")


def test_contacts_in_space(reader_of):
    """Of three axes the two are drawn along which the contacts reach furthest."""
    places = [[0.0, 5.0, 0.0], [300.0, 0.0, 0.0], [0.0, 0.0, 200.0]]
    axes = drawn(plots.plot_probe(reader_of(ContactMap.of_probes(make_probe(places, CIRCLE, ids="abc")))))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (µm)", "z (µm)")
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[0, 0], [300, 0], [0, 200]])


def test_names_of_shanks_are_no_formulas(reader_of):
    """A shank's name is drawn letter by letter."""
    places = [[0.0, 0.0], [100.0, 0.0], [100.0, 50.0]]
    contacts = ContactMap.of_probes(make_probe(places, CIRCLE, ids="abc", shanks=["$x^{", "b", "b"]))
    assert words(drawn(plots.plot_probe(reader_of(contacts)))) == [r"\$x^{", "b"]


def test_streams(reader_of, handmade):
    """The first stream of raw_data is drawn, unless another is asked for; without places a text says so."""
    reader = reader_of(probe_of("tetrodes", 4))
    assert title(plots.plot_probe(reader, 0)) == title(plots.plot_probe(reader))
    handmade.lfp()
    handmade.stream(channels={"ids": ["a", "b", "c"], "names": ["a", "b", "c"]})
    other = opened(handmade.folder)
    assert words(drawn(plots.plot_probe(other))) == ["nothing says where the channels are in this session"]
    assert title(plots.plot_probe(other, 0)).startswith("lfp: 1 channel")


def test_nothing_to_draw(handmade):
    """A session without signals says so."""
    handmade.info()
    assert words(drawn(plots.plot_probe(opened(handmade.folder)))) == ["no signals in this session"]


def test_the_reports_figure(reader_of):
    """The report has the same points, a trace a shank, with the contacts' ids."""
    contacts = probe_of("neuropixels-2.0", 16)
    figure = probe_figure(probe_view(reader_of(contacts)))
    assert [trace["meta"]["ink"] for trace in figure.data] == [0, 1, 2, 3]
    for shank, trace in enumerate(figure.data):
        rows = np.flatnonzero(contacts.shanks == shank)
        assert np.transpose([trace["x"], trace["y"]]).tolist() == contacts.positions[rows].tolist()
        assert trace["text"] == [contacts.contact_ids[row] for row in rows]
    assert figure.caption == "broadband: 16 channels on 4 shanks."
    assert figure.layout["xaxis"]["title"]["text"] == "x (µm, not to the scale of y)"
