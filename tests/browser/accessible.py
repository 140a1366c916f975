"""What axe-core finds on a page. It finds part of what hinders people, not all of it; what it finds is real."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.windows import CHROMIUM, FLAGS

SERIOUS = ("serious", "critical")
# WCAG 2.2 to level AA, and what axe-core's authors count as good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def complaints(page: Page, within: str = "") -> list[str]:
    """What hinders people seriously, one sentence for each element.

    Args:
        within: a CSS selector; other parts of the page, as JupyterLab's own, are left alone.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
    found = Axe().run(page, context={"include": [[within]]} if within else None, options=options)
    assert found.response["passes"], f"axe-core looked at nothing in {within or 'the page'}"
    return [
        f"{each['impact']}: {each['id']} ({each['help']}): {node['html'][:200]}"
        for each in found.response["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


def complaints_of_file(browser: Browser, path: Path, picture: Path | None = None) -> dict[str, list[str]]:
    """`complaints` of a page on the disk, as it is in a light theme and in a dark one.

    Args:
        picture: a folder for pictures of it.
    """
    found = {}
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme, viewport={"width": 1100, "height": 900})  # type: ignore[arg-type]
        page.goto(path.resolve().as_uri())
        found[scheme] = complaints(page)
        if picture is not None:
            page.screenshot(path=picture / f"{path.stem}-{scheme}.png", full_page=True)
        page.close()
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
