"""The report in a real browser: nothing is fetched, nothing fails, and everything on it works, by keyboard too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from mockrawio import SessionSpec, generate_session
from mockrawio.report.html import write_report
from tests.handmade import Handmade

pytestmark = pytest.mark.slow

EVIL = "</script><img src='https://example.org/x' onerror=alert(1)>"
TRACES = "document.getElementById('plot-traces-0')"
WIDEST = "Math.max(...[...document.querySelectorAll('.plot svg')].map((s) => s.getBoundingClientRect().width))"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a broadband session of two segments, with an LFP of 60 s."""
    root = tmp_path_factory.mktemp("report")
    spec = SessionSpec.broadband(patient_id=1, session_nr=1, segments=(40.0, 20.0), n_channels=8, n_units=4, seed=5)
    return write_report(generate_session(spec, root), root / "report.html", verify=False).path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The report of a session whose channel names are HTML."""
    root = tmp_path_factory.mktemp("hostile")
    made = Handmade(root / "session_<b>1")
    made.all()
    made.names([EVIL, "<b>bold</b> <script>alert(2)</script>", "$x^2$ %{x}", *(f"LA{k}" for k in range(4, 9))])
    return write_report(made.folder, root / "report.html").path


def view(page):
    """Return the range of seconds that the first traces show."""
    return page.run(f"return {TRACES}.layout.xaxis.range.map(Number)")


def said(page):
    """Return what stands beside the traces' buttons."""
    return page.find("#plot-traces-0-view").text


def test_nothing_is_fetched(page, report):
    """Opening the page asks for the file alone, and the console stays empty."""
    page.open(report)
    assert page.complaints() == []
    assert {url.split(":")[0] for url in page.requests()} <= {"file", "data"}
    drawn = page.run("return [...document.querySelectorAll('.plot')].map((p) => p.querySelectorAll('svg').length > 0)")
    assert len(drawn) == 19
    assert all(drawn)


ATTEMPTS = (
    "fetch('https://example.org/').then(() => done('went'), () => done('blocked'))",
    "const i = new Image(); i.onload = () => done('went'); i.onerror = () => done('blocked'); "
    "i.src = 'https://example.org/x.png'",
    "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); "
    "done(window.ran ? 'went' : 'blocked')",
    "document.body.insertAdjacentHTML('beforeend', '<i id=own onclick=\"window.ran = 1\"></i>'); "
    "document.getElementById('own').click(); done(window.ran ? 'went' : 'blocked')",
    "setTimeout('window.ran = 1'); setTimeout(() => done(window.ran ? 'went' : 'blocked'))",
)


def test_policy(page, report):
    """The page's policy lets nothing be fetched from elsewhere, and no script run but its own."""
    page.open(report)
    for attempt in ATTEMPTS:
        assert page.driver.execute_async_script(f"const done = arguments[0]; {attempt}") == "blocked", attempt
        assert any("Content Security Policy" in line for line in page.complaints()), attempt


def test_names_are_text(page, hostile):
    """What a session calls its channels is shown as it stands, in tables and figures, and is never HTML."""
    page.open(hostile)
    assert page.complaints() == []
    assert page.driver.title == "Session 2 of patient 4"
    assert page.run("return [document.images.length, document.scripts.length]") == [0, 3]
    assert EVIL in page.find("#session").text
    labels = page.run("return [...document.querySelectorAll('svg text')].map((t) => t.textContent).join(' ')")
    assert "</script><img…" in labels
    assert "<b>bold</b>…" in labels
    assert page.run("return document.querySelectorAll('svg b, svg tspan[style*=bold]').length") == 0


@pytest.mark.parametrize("which", ["report", "hostile"])
def test_no_sideways_scrolling(page, request, which):
    """The page is as wide as the window, on a desktop and, made narrow, as on a phone; figures fit."""
    page.open(request.getfixturevalue(which))
    for width in (1280, 390):
        page.resize(width)
        page.until(f"return {WIDEST} > {width * 0.7} && {WIDEST} < {width}")  # figures follow the window
        inner = page.run("return document.documentElement.clientWidth")
        assert width - 20 < page.run("return document.documentElement.scrollWidth") == inner


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_light_and_dark(page, report, scheme, other):
    """The page and its figures follow the system, the button turns them over, and a new visit remembers."""
    page.open(report, scheme=scheme)
    colours = (
        "return [getComputedStyle(document.body).backgroundColor, "
        "getComputedStyle(document.querySelector('#plot-rates .xtitle, #plot-rates .ytitle')).fill]"
    )
    first, button = page.run(colours), page.find("#theme")
    assert button.get_attribute("aria-pressed") == str(scheme == "dark").lower()
    button.click()
    second = page.run(colours)
    assert all(one != two for one, two in zip(first, second, strict=True))
    page.driver.refresh()
    page.wait()
    assert page.run(colours) == second
    assert page.find("#theme").get_attribute("aria-pressed") == str(other == "dark").lower()


def contrast(one, other):
    """Return the contrast of two colours as WCAG has it."""
    light = []
    for colour in (one, other):
        channels = np.array([int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_contrast(page, report):
    """Light or dark, as the system turns, text has a contrast of 4.5 with the page at least, and what is drawn 3."""
    page.open(report, scheme="light")
    first = check_contrast(page)
    page.prefer("dark")
    assert check_contrast(page) != first


def check_contrast(page):
    """Check the contrasts, and return the colour of the page."""
    background = page.run("return getComputedStyle(document.body).backgroundColor")
    colour = "return [...document.querySelectorAll(arguments[0])].map((e) => getComputedStyle(e)[arguments[1]])"
    texts = page.run(colour, "p, a, dt, dd, figcaption, th, td, output, h2", "color")
    marks = page.run(colour, "#plot-raster .point", "stroke") + page.run(colour, "#plot-rates .point path", "fill")
    assert texts
    assert marks
    assert min(contrast(text, background) for text in set(texts)) >= 4.5
    assert min(contrast(mark, background) for mark in set(marks)) >= 3
    return background


def test_tab_order(page, report):
    """The first key leads to a link past the menu; then come the button, the links, the tables, the figures."""
    page.open(report)
    page.press(Keys.TAB)
    assert page.driver.switch_to.active_element.text == "Skip to the report"
    page.press(Keys.ENTER, Keys.TAB)
    assert page.run("return document.activeElement.closest('section').id") == "session"
    reached = []
    for _ in range(150):
        reached.append(page.run("const e = document.activeElement; return e.id || e.dataset.action || e.tagName"))
        if (
            reached[-1] == "SUMMARY"
            and "unit" in reached
            and page.run("return !!document.activeElement.closest('#provenance')")
        ):
            break
        assert page.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"
        page.press(Keys.TAB)
    expected = ["left", "right", "in", "out", "all", "finest", "plot-traces-0", "plot-raster", "plot-rates", "unit"]
    expected += ["plot-waveform", "plot-isi", "plot-timing", "plot-daq", "plot-movie", "SUMMARY"]
    places = [reached.index(name) for name in expected[:-1]]
    assert places == sorted(places)
    page.press(Keys.ENTER)
    assert page.find("#provenance details table").is_displayed()


def test_zoom_by_keyboard(page, report):
    """Plus, minus, the arrows and Home move the view, which never leaves the recording."""
    page.open(report)
    page.run(f"{TRACES}.focus()")
    whole = view(page)
    assert whole == [0, pytest.approx(62.0)]
    page.press("+")
    zoomed = view(page)
    assert np.diff(zoomed) == pytest.approx(np.diff(whole) / 2)
    page.press(Keys.ARROW_RIGHT)
    assert view(page)[0] > zoomed[0]
    page.press("-", "-", "-")
    assert view(page) == whole
    page.press("+", "+", Keys.HOME)
    assert view(page) == whole
    page.press(*["+"] * 40)
    assert 0 < np.diff(view(page))[0] < 0.02
    assert page.complaints() == []


def test_finer_as_far_as_the_page_has_it(page, report):
    """Zooming in shows finer bins and at last every sample, as the file has them; the text says which."""
    page.open(report)
    points = f"return {TRACES}.data[0].x.filter((x) => x !== null).length"
    assert "lowest and highest of each" in said(page)
    assert 1000 < page.run(points) <= 2100
    page.click("button[data-plot=plot-traces-0][data-action=finest]")
    assert said(page).endswith("every sample")
    low, high = view(page)
    times = page.run(f"return {TRACES}.data[0].x")
    inside = [time for time in times if low <= time <= high]
    assert len(inside) == pytest.approx((high - low) * 1000, abs=2)
    page.click("button[data-plot=plot-traces-0][data-action=all]")
    assert "lowest and highest" in said(page)


def test_long_signals_are_bands(page, report):
    """Where a stretch stands for many samples it is a filled band; where each sample is seen, a line."""
    page.open(report)
    assert page.run(f"return {TRACES}.data[0].fill") == "toself"
    assert page.run(f"return {TRACES}.data[0].fillcolor").endswith("40")
    page.click("button[data-plot=plot-traces-0][data-action=finest]")
    assert page.run(f"return {TRACES}.data[0].fill") == "none"


def test_many_regions(page, tmp_path):
    """Of more regions than the theme has colours none repeats, and each has a contrast of 3 in light and dark."""
    spec = SessionSpec(duration_s=5.0, n_channels=120, n_units=40, n_lfp_channels=1, seed=1)
    page.open(write_report(generate_session(spec, tmp_path), tmp_path / "report.html", verify=False).path)
    inks = "return document.getElementById('plot-rates').data.map((trace) => trace.marker.color)"
    for scheme, background in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 27)")):
        page.prefer(scheme)
        colours = page.run(inks)
        assert len(set(colours)) == len(colours) > 8
        rgb = [f"rgb({', '.join(str(int(one[k : k + 2], 16)) for k in (1, 3, 5))})" for one in colours]
        assert min(contrast(one, background) for one in rgb) >= 3


def test_zoom_by_dragging(page, report):
    """A box drawn with the mouse becomes the view."""
    from selenium.webdriver.common.action_chains import ActionChains

    page.open(report)
    plot = page.find("#plot-traces-0 .nsewdrag")
    page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", plot)
    chain = ActionChains(page.driver, duration=20)
    chain.move_to_element(plot).click_and_hold().move_by_offset(100, 2).move_by_offset(100, 0).release().perform()
    low, high = view(page)
    assert 5 < high - low < 30
    assert said(page).startswith(f"{low:.3f} to {high:.3f} s")


def test_gaps_stay_empty(page, report):
    """No line is drawn across the gap between segments."""
    page.open(report)
    assert page.run(f"return {TRACES}.data[0].x.filter((x) => x === null).length") == 1
    page.run(f"Plotly.relayout({TRACES}, {{'xaxis.range': [40.5, 41.5]}})")
    assert said(page).endswith("nothing recorded here")


def test_what_is_no_number(page, tmp_path):
    """Where a stroke stands for several samples, one that is no number leaves the others to be seen."""
    made = Handmade(tmp_path / "session_1")
    samples = np.sin(np.arange(5000) / 9)
    samples[[100, 2500]] = np.nan
    made.lfp(samples=samples)
    page.open(write_report(made.folder, tmp_path / "report.html", verify=False).path)
    assert "lowest and highest of each 5 ms" in said(page)
    assert page.run(f"return {TRACES}.data[0].y.map(Number.isFinite).indexOf(false)") == -1


def test_choosing_a_unit(page, report):
    """Another unit, chosen by keyboard, has waveforms and intervals of its own."""
    page.open(report)
    seen = (
        "return [document.getElementById('plot-isi').data[0].y.join(), "
        "document.getElementById('plot-waveform').data[1].y.join(), "
        "document.getElementById('plot-isi-caption').textContent]"
    )
    first = page.run(seen)
    page.find("#unit").send_keys(Keys.ARROW_DOWN)
    second = page.run(seen)
    assert all(one != two for one, two in zip(first, second, strict=True))
    assert page.complaints() == []


def test_sorting_a_table(page, report):
    """A heading sorts by its column, numbers as numbers, again the other way, and says so to a screen reader."""
    page.open(report)
    table = "[...document.querySelectorAll('#units table')].at(-1)"
    counts = f"return [...{table}.tBodies[0].rows].map((row) => Number(row.cells[4].dataset.value))"
    before = page.run(counts)
    button = page.run(f"return {table}.tHead.rows[0].cells[4].firstChild")
    button.send_keys(Keys.ENTER)
    assert page.run(counts) == sorted(before)
    assert page.run(f"return {table}.tHead.rows[0].cells[4].ariaSort") == "ascending"
    button.send_keys(Keys.SPACE)
    assert page.run(counts) == sorted(before, reverse=True)
    assert page.run(f"return {table}.tHead.rows[0].cells[4].ariaSort") == "descending"


def test_landmarks(page, report):
    """A screen reader finds header, navigation, main and footer, a named region a section, and named figures."""
    page.open(report)
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    named = [
        (n.get("role", {}).get("value"), n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")
    ]
    roles = {role for role, _ in named}
    assert {"banner", "navigation", "main", "contentinfo"} <= roles
    regions = {name for role, name in named if role == "region"}
    assert {"Session", "Verification", "Signals", "Units", "Events", "Movie", "Provenance"} <= regions
    assert sum("Arrow keys move" in name for role, name in named if role == "group") == 19
    assert not [role for role, name in named if role in ("button", "combobox", "link") and not name]


def test_printing(page, report):
    """On paper the page is light, its figures fit, and it is as it was afterwards."""
    page.open(report, scheme="dark")
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("return document.documentElement.dataset.theme") == "light"
    assert page.run(f"return {WIDEST}") <= 700
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run("return document.documentElement.dataset.theme") is None
    assert page.run(f"return {WIDEST}") > 1000


def test_without_scripts(page, report):
    """Without JavaScript the tables are there, and a line says what is missing."""
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.driver.get(Path(report).as_uri())
        text = page.find("body").text
    finally:
        page.command("Emulation.setScriptExecutionDisabled", value=False)
    assert "The figures need JavaScript" in text
    assert "CSC" in text
