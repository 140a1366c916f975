"""Browsers of people on a hub: one Chromium, a window of their own for each person, a picture of each station."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.integration.hub_here import HubHere

CHROMIUM = Path(os.environ.get("AUTOGRADER_CHROMIUM", "/usr/bin/chromium"))
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
WAIT_MS = 120_000
SIZE = {"width": 1360, "height": 950}


@dataclass
class Windows:
    """The windows of everybody, and the folder of their pictures."""

    browser: Browser
    hub: HubHere
    pictures: Path
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, name: str, then: str = "") -> Page:
        """Opens the hub in a new window, types name and password, presses the button; `then` is the page wanted."""
        context = self.contexts[name] = self.browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        self.listen(page, name)
        page.goto(self.hub.base_url + then)
        page.fill("#username_input", name)
        page.fill("#password_input", self.hub.passwords[name])
        page.click("#login_submit")
        return page

    def listen(self, page: Page, name: str) -> None:
        """Keeps what a page's own programs complain about."""
        page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error}"))

    def picture(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Keeps a picture for a person to look at."""
        page.screenshot(path=self.pictures / f"{name}.png", full_page=whole)

    def picture_what_is_open(self) -> None:
        """What a failed test has left."""
        for name, context in self.contexts.items():
            for number, page in enumerate(context.pages):
                self.picture(page, f"left-open-{name}-{number}")

    def close(self, name: str) -> None:
        """Closes somebody's window."""
        self.contexts.pop(name).close()


@contextmanager
def windows_on(hub: HubHere, pictures: Path) -> Iterator[Windows]:
    """Chromium, for people of a hub. Pictures go to the folder that AUTOGRADER_SCREENSHOTS names, where it is set."""
    folder = Path(os.environ.get("AUTOGRADER_SCREENSHOTS") or pictures)
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        windows = Windows(browser, hub, folder)
        try:
            yield windows
        finally:
            windows.picture_what_is_open()
            browser.close()
