"""write_report and report_html: one file that needs no other, holds what it says, and no more than it can."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError, MockSessionRawIO, NotASessionError, SessionSpec, generate_session
from mockrawio.cli.report import report_command
from mockrawio.report import measures, page_figures, page_sections, page_spectra, page_traces
from mockrawio.report.html import report_html, write_report
from mockrawio.report.page import plot_text
from mockrawio.verify import verify_session
from tests.handmade import T0, frame


class Read(HTMLParser):
    """A page taken apart: attributes of its elements, its text, its scripts, what its figures are made of."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.stack, self.parts, self.scripts, self.style = [], [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br"):
            self.stack.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, "elements are closed in the order they were opened in"

    def handle_data(self, data):
        if self.stack[-1:] == ["script"]:
            self.scripts[-1] += data
        elif self.stack[-1:] == ["style"]:
            self.style += data
        else:
            self.parts.append(data)

    @property
    def text(self):
        """All that a reader sees, in one line."""
        return " ".join(" ".join(self.parts).split())

    @property
    def figures(self):
        """What the page's script draws."""
        return json.loads(self.scripts[0])

    def all(self, tag):
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A session of two segments, with a manifest."""
    fields = {"segments": (20.0, 30.0), "n_channels": 16, "n_units": 5, "n_lfp_channels": 1}
    spec = SessionSpec(patient_id=3, session_nr=2, seed=1, **fields)
    return generate_session(spec, tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def read(folder):
    """Its report, verified."""
    return Read(report_html(folder, verification=verify_session(folder)))


def floats(text):
    """Return base64 of float32 as numbers."""
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_needs_nothing_else(read):
    """No element of the page names a place to load from; links lead to places within it."""
    places = {name: value for _, attributes in read.elements for name, value in attributes.items() if name in PLACES}
    assert set(places) == {"href"}
    hrefs = {attributes["href"] for attributes in (*read.all("a"), *read.all("link"))}
    ids = {f"#{attributes['id']}" for _, attributes in read.elements if "id" in attributes}
    assert hrefs - {"data:,"} <= ids
    assert "url(" not in read.style
    assert "@import" not in read.style


PLACES = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "manifest", "ping"}


def test_policy_is_strict(read):
    """The policy forbids all by default, names the two scripts by their hashes, and comes before them."""
    (policy,) = (m["content"] for m in read.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    data, *scripts = read.scripts
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"] == [f"'sha256-{one}'" for one in hashes]
    assert not any(":" in source and source != "data:" for sources in rules.values() for source in sources)
    assert read.all("script")[0]["type"] == "application/json"
    names = [name for name, _ in read.elements]
    assert names.index("meta") < names.index("style") < names.index("script")
    assert json.loads(data)


def test_structure(read):
    """There is one main heading, the sections are named by theirs, ids are unique, and everything is closed."""
    assert read.stack == []
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(read.all("h1")) == len(read.all("main")) == len(read.all("nav")) == 1
    assert read.all("html") == [{"lang": "en"}]
    named = [section["aria-labelledby"] for section in read.all("section")]
    assert named == [f"{name}-title" for name in SECTIONS]
    assert set(named) <= set(ids)
    assert all(th["scope"] in ("row", "col") for th in read.all("th"))


SECTIONS = ("session", "verification", "signals", "units", "events", "movie", "provenance")


def test_what_it_says(read, folder):
    """Sizes, units, the spec and its seed, and every file with its hash stand in the page."""
    manifest = json.loads((folder / "session_manifest.json").read_text())
    assert "Session 2 of patient 3" in read.text
    assert "Verified: every file matches its manifest" in read.text
    assert "signals 50.0 s segments 2 streams 1 channels 1 units 5" in read.text
    assert "seed 1" in read.text
    assert "segments [20.0, 30.0]" in read.text
    for name, file in manifest["files"].items():
        assert f"{name} {file['size']:,} {file['sha256']}" in read.text


def test_unit_table(read, folder):
    """The table of units has each unit's spikes and rate."""
    with MockSessionRawIO(dirname=folder) as reader:
        for index, unit in enumerate(reader.header["spike_channels"]["id"]):
            count = sum(reader.spike_count(0, k, index) for k in range(2))
            assert re.search(rf"{unit} [A-Z]+ (SU|MU) {count:,} [0-9.]+ ", read.text)


@pytest.mark.slow
def test_the_same_bytes(folder, tmp_path):
    """The same session gives the same bytes, made again or copied elsewhere."""
    copy = tmp_path / "else & where" / "session_2"
    shutil.copytree(folder, copy)
    first, second = (write_report(one, tmp_path / f"{k}.html").path for k, one in enumerate((folder, copy)))
    assert first.read_bytes() == second.read_bytes()
    assert str(tmp_path) not in first.read_text("utf-8")


def test_every_sample_of_a_short_stream(handmade):
    """The traces of a short recording are its samples, in µV, at their times."""
    samples = np.random.default_rng(0).integers(-500, 500, 700).astype(np.int16)
    handmade.lfp(samples=samples, gain=0.5, offset=2.0, units="uV", sampling_rate=1000.0)
    traces = Read(report_html(handmade.folder)).figures["traces"]["plot-traces-0"]
    (piece,) = traces["samples"]
    assert (piece["t0"], piece["dt"], piece["n"]) == (0.0, 0.001, 700)
    np.testing.assert_allclose(floats(piece["low"]), samples * 0.5 + 2, rtol=1e-6)
    assert traces["envelope"] == []
    assert traces["whole"] == [0.0, 0.7]


def test_envelope_of_a_long_stream(read, folder):
    """Of a longer one the page has the extremes of every stretch of every segment, and an excerpt as it is."""
    traces = read.figures["traces"]["plot-traces-0"]
    with MockSessionRawIO(dirname=folder) as reader:
        scaled = [reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(0, k)) for k in range(2)]
        starts = [reader.get_signal_t_start(0, k, 0) for k in range(2)]
    assert [piece["t0"] for piece in traces["envelope"]] == starts
    for piece, samples in zip(traces["envelope"], scaled, strict=True):
        edges = np.arange(piece["n"]) * len(samples) // piece["n"]
        np.testing.assert_allclose(floats(piece["low"]), np.minimum.reduceat(samples[:, 0], edges), rtol=1e-6)
        np.testing.assert_allclose(floats(piece["high"]), np.maximum.reduceat(samples[:, 0], edges), rtol=1e-6)
        assert piece["n"] * piece["dt"] == pytest.approx(len(samples) / 1000)
    (excerpt,) = traces["samples"]
    first = round((excerpt["t0"] - starts[1]) * 1000)
    np.testing.assert_allclose(floats(excerpt["low"]), scaled[1][first : first + excerpt["n"], 0], rtol=1e-6)
    assert "every sample from" in read.text


def test_channels_lie_one_after_another(handmade, monkeypatch):
    """Of several channels some are taken, spread over all; the caption names them."""
    samples = np.arange(12_000, dtype=np.int16).reshape(-1, 6)
    handmade.stream(samples=samples)
    read = Read(report_html(handmade.folder))
    (piece,) = read.figures["traces"]["plot-traces-0"]["samples"]
    np.testing.assert_array_equal(floats(piece["low"]).reshape(4, -1), samples[:, [0, 1, 3, 4]].T * 0.25)
    assert "4 of 6 channels LA1, LA2, LA4, LA5 at 32000 Hz" in read.text
    monkeypatch.setattr(page_traces, "EXCERPT", 100)
    (piece,) = Read(report_html(handmade.folder)).figures["traces"]["plot-traces-0"]["samples"]
    np.testing.assert_array_equal(floats(piece["low"]).reshape(4, -1), samples[950:1050, [0, 1, 3, 4]].T * 0.25)


def test_size_is_bounded(handmade, monkeypatch):
    """A recording ten times as long, with ten times the spikes, events and frames, takes hardly more space."""
    monkeypatch.setattr(page_traces, "BINS", 1000)
    monkeypatch.setattr(page_traces, "EXCERPT", 1000)
    monkeypatch.setattr(page_traces, "MOST_MARKS", 100)
    monkeypatch.setattr(page_figures, "MOST_SPIKES", 200)
    monkeypatch.setattr(page_figures, "MOST_POINTS", 100)
    monkeypatch.setattr(page_spectra, "MOST_COLUMNS", 10)
    sizes = []
    for seconds in (20, 200):
        times = T0 + np.arange(seconds * 50) * 20.0
        handmade.lfp(samples=np.arange(seconds * 1000, dtype=np.int32).astype(np.int16))
        handmade.unit(times=times)
        handmade.events(np.column_stack([times, np.ones(len(times))]))
        handmade.watchlog([frame(0.04 * k, T0 + 40 * k) for k in range(1, seconds * 25)])
        sizes.append(len(Read(report_html(handmade.folder)).scripts[0]))
    assert sizes[1] < 1.2 * sizes[0]


def test_what_is_left_out_is_said(handmade, monkeypatch):
    """Where spikes, points, units or streams are more than a page can hold, it says how many are shown."""
    monkeypatch.setattr(page_figures, "MOST_SPIKES", 50)
    monkeypatch.setattr(page_figures, "MOST_POINTS", 20)
    monkeypatch.setattr(page_sections, "MOST_UNITS", 1)
    times = T0 + np.arange(200) * 20.0
    handmade.unit(times=times)
    handmade.unit("CSC2_SU1", times=times[:100])
    handmade.events(np.column_stack([times + np.sin(times), np.ones(len(times))]))
    read = Read(report_html(handmade.folder))
    assert "300 spikes of 2 units by region, of which are shown: one in 6 of each unit, 51 in all." in read.text
    assert "The first 1 of 2 units are shown." in read.text
    assert re.search(r"Shown are (1\d|20) of 199, the least and the greatest of each stretch", read.text)
    deviations = read.figures["plots"]["plot-timing"]["data"][0]["y"]
    every = np.diff(times + np.sin(times))
    assert max(deviations) == pytest.approx((every - np.median(every)).max(), abs=1e-2)


HOSTILE = ("<script>alert(1)</script>", "</script><b onclick=x>", '"><img src=x onerror=y>', "]]>--><!--&amp;")


def test_names_are_escaped(handmade):
    """Whatever a session says is text in the page: names, a folder, a manifest, a file nobody expects."""
    handmade.all()
    handmade.names([*HOSTILE, *(f"LA{k}" for k in range(5, 9))])
    (handmade.folder / "<i>.txt").write_text("")
    manifest = {
        "format": "mockrawio session",
        "format_version": 1,
        "spec": {"<u>": "\u202e\0\ud800"},
        "<s>": 1,
        "files": {},
    }
    (handmade.folder / "session_manifest.json").write_text(json.dumps(manifest))
    read = Read(report_html(handmade.folder, verification=verify_session(handmade.folder)))
    assert not {"b", "i", "img", "s", "u"} & {tag for tag, _ in read.elements}
    assert len(read.scripts) == 3
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    for text in (HOSTILE[0], "<i>.txt", "<u>", "<s>"):
        assert text in read.text
    assert "\\u202e\\x00\\ud800" in read.text
    title = read.figures["traces"]["plot-traces-0"]["layout"]["yaxis"]["title"]["text"]
    assert title.startswith("&lt;script&gt;")


def test_plot_text():
    """What plotly would take for marks is text to it, cut where it is long."""
    assert plot_text("<b>&amp; $x$\n") == "&lt;b&gt;&amp;amp; &#36;x&#36;\\n"
    assert plot_text("abcdef", 4) == "abc…"
    assert plot_text("\u202eLA") == "\\u202eLA"  # or what follows would run from right to left


def test_labels(handmade, tmp_path):
    """Annotations are rows of the traces' events."""
    handmade.all()
    labels = tmp_path / "labels"
    labels.mkdir()
    np.save(labels / "1_face_p1_20200101_character.npy", np.array([[1.0, 0.0], [0.04, 0.12], [0.12, 0.24]]))
    read = Read(report_html(handmade.folder, labels))
    marks = read.figures["traces"]["plot-traces-0"]["marks"]
    assert [mark["count"] for mark in marks] == [3, 2]
    assert "1_face_p1_20200101_character" in read.text


@pytest.mark.parametrize("kind", ["lfp", "unit", "events", "daq", "watchlog", "info", "stream", "names"])
def test_any_one_file_will_do(handmade, kind):
    """A session of one kind of file has a report that says what is not there."""
    getattr(handmade, kind)()
    read = Read(report_html(handmade.folder, verification=verify_session(handmade.folder)))
    there = {"signals": ("lfp", "stream"), "units": ("unit",), "events": ("events", "daq"), "movie": ("watchlog",)}
    sections = [f"{name}-title" for name in SECTIONS if kind in there.get(name, (kind,))]
    assert [section["aria-labelledby"] for section in read.all("section")] == sections
    assert "Readable: everything can be read; there is no manifest" in read.text
    said = {
        "The session has no signals.": kind not in ("lfp", "stream"),
        "The session has no units.": kind != "unit",
        "The session has no events and no DAQ log.": kind not in ("events", "daq"),
        "The session has no watchlog.": kind != "watchlog",
    }
    assert {text: text in read.text for text in said} == said
    assert not re.search(r"\bnan\b", read.text, re.IGNORECASE)


def test_few_of_everything(handmade):
    """One spike, no spike, one event, one row, one frame: no figure fails, and none says NaN."""
    handmade.unit(times=np.array([T0 + 5.0]))
    handmade.unit("CSC2_SU1", times=np.empty(0), amps=np.empty((0, 64), np.int16))
    handmade.events([[T0 + 1.0, 1]])
    handmade.daq([f"1\t0\t{T0}\t{T0}"])
    handmade.watchlog([frame(0.04, T0)])
    read = Read(report_html(handmade.folder))
    assert "There is one event." in read.text
    assert not re.search(r"\bnan\b", read.text, re.IGNORECASE)


def test_not_a_number(handmade):
    """A float signal with NaN is drawn as it is, and the verification says what is wrong."""
    samples = np.sin(np.arange(500) / 9)
    samples[7] = np.nan
    handmade.lfp(samples=samples)
    read = Read(report_html(handmade.folder, verification=verify_session(handmade.folder)))
    assert "Problems found. problems: 1" in read.text
    assert "lfp_data/CSC1_lfp.npy: expected finite values in 'samples'; found nan at index 7" in read.text
    (piece,) = read.figures["traces"]["plot-traces-0"]["samples"]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(floats(piece["low"]))), [7])


def test_changed_files(folder, tmp_path):
    """What differs from the manifest is listed, under the verdict that something does."""
    copy = tmp_path / "session_2"
    shutil.copytree(folder, copy)
    (copy / "event_file" / "Events.npy").unlink()
    (copy / "notes.txt").write_text("mine")
    made = write_report(copy, tmp_path / "report.html")
    assert made.verification is not None
    assert not made.verification.ok
    text = Read(made.path.read_text("utf-8")).text
    assert "Problems found. missing: 1, extra: 1." in text
    assert "Missing: 1 event_file/Events.npy" in text
    assert "Extra: 1 notes.txt" in text


def test_corrupted_session(handmade):
    """A session that cannot be opened has a report too: what is wrong, and which files there are."""
    handmade.all()
    path = handmade.folder / "spiking_data" / "CSC1_SU1.npy"
    path.write_bytes(path.read_bytes()[:-50])
    read = Read(report_html(handmade.folder, verification=verify_session(handmade.folder)))
    assert read.text.count("spiking_data/CSC1_SU1.npy: expected") == 2
    assert "This cannot be shown." in read.text
    assert read.figures["traces"] == {}


def test_one_bad_part(handmade):
    """A fault that shows only when its file is used leaves out its own section alone."""
    handmade.all()
    handmade.events([[T0 + 105.0, 2], [T0 + 5.0, 1], [T0 + 205.0, 4]])
    text = Read(report_html(handmade.folder)).text
    assert re.search(r"This cannot be shown. event_file/Events.npy: expected", text)


@pytest.mark.parametrize("bad", ["events", "watchlog"])
def test_signals_without_their_events(handmade, bad):
    """Events, or a movie, that cannot be read are told of in their place, and the signals are drawn without them."""
    handmade.all()
    if bad == "events":
        handmade.events([[T0, np.nan]])
    else:
        handmade.watchlog(["nothing of a movie"])
    read = Read(report_html(handmade.folder))
    assert "plot-traces-0" in read.figures["traces"]
    assert "This cannot be shown." in read.text


def test_bad_manifest(handmade):
    """A manifest that cannot be read is said to be so; the rest is there."""
    handmade.all()
    (handmade.folder / "session_manifest.json").write_text("{}")
    read = Read(report_html(handmade.folder, verification=verify_session(handmade.folder)))
    assert "session_manifest.json: expected a session manifest" in read.text
    assert "plot-traces-0" in read.figures["traces"] or "This cannot be shown." in read.text


def test_not_verified(handmade, tmp_path):
    """Without verification the page says that nothing was checked; warnings of the reader stand there."""
    handmade.unit("CSC9_SU1")
    handmade.names()
    made = write_report(handmade.folder, tmp_path / "report.html", verify=False)
    text = Read(made.path.read_text("utf-8")).text
    assert made.verification is None
    assert "Not verified. Its files were not checked." in text


def test_warnings_are_told(handmade):
    """What the reader warns of is in the page, once, and not on the terminal."""
    handmade.names(["LA1"])
    handmade.lfp(channel=5)
    text = Read(report_html(handmade.folder, verification=verify_session(handmade.folder))).text
    assert text.count("ChannelNames.txt: has 1 lines, none for CSC5") == 1


def test_whole_or_not_at_all(handmade, tmp_path, monkeypatch):
    """When something fails, what stood there still does, and nothing lies beside it."""
    handmade.all()
    target = tmp_path / "out" / "report.html"
    write_report(handmade.folder, target)
    before = target.read_bytes()
    with pytest.raises(MockSessionError, match="overwrite"):
        write_report(handmade.folder, target)
    monkeypatch.setattr("mockrawio.report.html.report_html", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(handmade.folder, target, overwrite=True)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_not_into_the_session(handmade):
    """The report is never written below the session folder."""
    handmade.all()
    before = sorted(handmade.folder.rglob("*"))
    with pytest.raises(MockSessionError, match=r"expected a path outside the session; found .* Choose another"):
        write_report(handmade.folder, handmade.folder / "sub" / "report.html")
    assert sorted(handmade.folder.rglob("*")) == before


def test_no_session(tmp_path):
    """A folder that is no session has no report."""
    with pytest.raises(NotASessionError):
        write_report(tmp_path, tmp_path.parent / "report.html", verify=False)


@pytest.mark.parametrize("library", ["plotly", "jinja2"])
def test_library_missing(handmade, tmp_path, monkeypatch, library):
    """Without a library of the report an error says what to install, before anything is read."""
    handmade.all()
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr("mockrawio.report.html.verify_session", lambda *_, **__: 1 / 0)
    with pytest.raises(MockSessionError, match=rf"{library}: expected .* Run .* pip install .*\[report\]'"):
        write_report(handmade.folder, tmp_path / "report.html")


def run(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(report_command, [str(argument) for argument in arguments])


@pytest.mark.slow
def test_command(folder, tmp_path):
    """The command prints where the report is, and replaces one if told to."""
    target = tmp_path / "report.html"
    result = run(folder, "-o", target)
    assert (result.exit_code, result.output) == (0, f"wrote {target}\n")
    assert run(folder, "-o", target).exit_code == 1
    result = run(folder, "-o", target, "--no-verify", "--overwrite")
    assert result.exit_code == 0
    assert "Not verified." in target.read_text("utf-8")


def test_command_tells_of_what_is_wrong(folder, tmp_path):
    """Of a session that is not as it should be the report is written all the same, and the exit code is 1."""
    copy = tmp_path / "session_2"
    shutil.copytree(folder, copy)
    (copy / "notes.txt").write_text("mine")
    result = run(copy, "-o", tmp_path / "report.html")
    assert result.exit_code == 1
    assert result.stderr == "Warning: the session has problems, which the report lists.\n"
    assert (tmp_path / "report.html").is_file()


def test_figures_of_the_field(folder, broadband):
    """Spectra, drift, pairs and what there is of each unit are the measures' numbers; what is lacking has no place."""
    read = Read(report_html(broadband.dirname))
    plots, units = read.figures["plots"], read.figures["units"]
    assert {"plot-spectrum-0", "plot-spectrum-1", "plot-spectrogram-0", "plot-drift", "plot-pairs"} <= set(plots)
    assert list(read.figures["unit_layouts"]) == [
        "waveform",
        "isi",
        "autocorrelogram",
        "psth",
        "footprint",
        "amplitudes",
    ]
    found = measures.correlogram(broadband, 1)
    np.testing.assert_allclose(units[1]["autocorrelogram"]["data"][0]["y"], found.rate_hz, rtol=1e-3)
    depths = measures.spike_depths(broadband)
    np.testing.assert_allclose(plots["plot-drift"]["data"][0]["y"], depths.depths_um, rtol=1e-4)
    power = measures.power_spectrum(broadband, 0, list(range(8))).power[1:]
    (first, *_) = plots["plot-spectrum-0"]["data"]
    assert first["y"][0] == pytest.approx(power[0, 0], rel=1e-3)  # the lowest frequencies are far apart
    assert max(len(line["x"]) for line in plots["plot-spectrum-1"]["data"]) <= 300
    diamonds = [points for points in plots["plot-probe"]["data"] if points["marker"].get("symbol") == "diamond"]
    assert sum(len(points["x"]) for points in diamonds) == len(units) == 3
    row = measures.unit_table(broadband)[0]
    assert f"{row.kind} " in read.text
    assert f" {row.amplitude_uV:.1f} " in read.text
    lfp_only = Read(report_html(folder)).figures
    assert "footprint" not in lfp_only["unit_layouts"]
    assert "plot-drift" not in lfp_only["plots"]


def test_epiphyte(epiphyte):
    """A session that Epiphyte's own generator wrote has all sections and figures."""
    read = Read(report_html(epiphyte))
    assert len(read.figures["plots"]) == 9
    assert len(read.figures["units"]) == len(read.all("option")) == 12
