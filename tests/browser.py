"""A real browser without a window, where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def _found(names: tuple[str, ...]) -> str:
    return next(filter(None, map(shutil.which, names)), "")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium, driven by Selenium; the test is skipped where one of them is not installed."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
    program, driver = _found(BROWSERS), _found(("chromedriver",))
    if not program or not driver:
        pytest.skip("no Chromium and chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


def read(browser: Any, selector: str) -> str:
    """The text of an element as a person would copy it, without spaces at line ends."""
    said = browser.execute_script("return document.querySelector(arguments[0]).innerText", selector)
    return "\n".join(line.rstrip() for line in said.replace("\xa0", " ").split("\n")).rstrip("\n")


def media(browser: Any, **features: str) -> None:
    """The reader's system has these wishes: `prefers_color_scheme="light"`."""
    found = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": found})


def window(browser: Any, width: int, height: int) -> None:
    """A page of so many pixels."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def save(folder: Path, text: str) -> str:
    """A page's address."""
    made = folder / "page.html"
    made.write_text(text, encoding="utf-8")
    return made.as_uri()
