"""A headless Chromium with a report in it; without the browser or selenium there is nothing to collect."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
collect_ignore_glob = [] if BROWSER and DRIVER and find_spec("selenium") and find_spec("plotly") else ["test_*.py"]

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Page:
    """One browser tab, which remembers what it asked for and what it complained of."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, *, scheme="light"):
        """Open a file in a window for a desktop, of a system that is light or dark."""
        self.resize(1280)
        self.prefer(scheme)
        self.requests(), self.complaints()  # of the page before
        self.driver.get(path.as_uri())
        self.wait()

    def resize(self, width):
        """Make the window so many pixels wide."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme):
        """Have the system be light or dark."""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        # The page hears of it before it draws its next frame.
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def wait(self):
        """Wait until the page has drawn everything."""
        self.until("return document.documentElement.dataset.ready")

    def until(self, script):
        """Wait until a script returns what is true."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 60).until(lambda driver: self.run(script))

    def command(self, name, **parameters):
        """Send a command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script, *arguments):
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        """Return the first element of a CSS selector."""
        return self.driver.find_element("css selector", selector)

    def click(self, selector):
        """Click the first element of a CSS selector, in the middle of the window."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def press(self, *keys):
        """Press keys, one after another, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def complaints(self):
        """Return what the console says."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Return all addresses that were asked for since the last time."""
        messages = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """A browser of its own, whose profile is removed with the other temporary files."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(driver):
    """The tab; what a test has it remember is forgotten."""
    page = Page(driver)
    yield page
    page.run("localStorage.clear()")
