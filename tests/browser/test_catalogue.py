"""The catalogue in a real browser, from the file system: search, keyboard, light and dark, accessibility."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from autograder.catalogue.find import find_catalogue
from autograder.site.facts import collect
from autograder.site.page import page as catalogue_page
from tests.browser.windows import CHROMIUM, FLAGS
from tests.integration.small_project import make_project

COURSES = {"accelerator": 6, "adaptation": 6, "dask": 9, "foundations": 6, "supercomputer": 8, "training": 8}
TITLES = ("Roofline and honest timing", "Collectives: the cost of talking", "Hyper-parameters by successive halving")

pytestmark = [pytest.mark.slow, pytest.mark.needs_browser]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of 43 units that lean on each other."""
    root = tmp_path_factory.mktemp("project")
    units, last = [], ""
    for course, count in COURSES.items():
        for number in range(count):
            title = "Überraschende Größen" if not units else f"{TITLES[len(units) % 3]} {len(units)}"
            needs = [f"{course}/unit-{number - 1}"] if number else [last] if last else []
            units.append((f"{course}/unit-{number}", title, needs))
        last = f"{course}/unit-0"
    make_project(root, units, lessons=["dask/unit-0"])
    file = root / "index.html"
    file.write_text(catalogue_page(collect(find_catalogue(root))), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("AUTOGRADER_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    opened.on("request", lambda asked: problems.append(asked.url) if not asked.url.startswith("file:") else None)
    opened.goto(address)
    yield opened
    context.close()
    assert problems == []


def shown(page: Page) -> int:
    return page.locator("article.unit:visible").count()


def test_the_search_finds_units_by_words_level_and_without_accents(page: Page) -> None:
    assert shown(page) == 43
    page.get_by_label("Search the units").fill("COLLECTIVES talking")
    assert 0 < shown(page) < 43
    expect(page.get_by_role("status")).to_have_text(f"{shown(page)} of 43 units")
    page.get_by_label("Search the units").fill("uberraschende")
    assert shown(page) == 1
    page.get_by_label("Search the units").fill("no such thing")
    expect(page.get_by_role("status")).to_have_text("No unit has all of these words.")
    page.get_by_label("Search the units").fill("")
    page.get_by_label("Level").select_option("beginner")
    assert shown(page) == 1


def test_everything_is_reached_by_keyboard_and_a_link_to_a_hidden_unit_shows_it(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the courses")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search the units")).to_be_focused()
    page.keyboard.type("dask/unit-4")
    assert shown(page) == 1
    unit = page.locator("#dask--unit-4")
    expect(unit).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if unit.locator("a").first.evaluate("link => link === document.activeElement"):
            break
    outline = unit.locator("a").first.evaluate("link => getComputedStyle(link).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#dask--unit-3")).to_be_in_viewport()
    expect(page.get_by_label("Search the units")).to_have_value("")
    summary = unit.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(unit.get_by_role("table").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_an_automatic_accessibility_check_finds_nothing(
    browser: Browser, address: str, pictures: Path, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,  # axe is a script that the page's own policy would refuse
    )
    page = context.new_page()
    page.goto(address)
    page.locator("summary").first.click()
    found = Axe().run(page)
    serious = [each for each in found.response["violations"] if each["impact"] in ("serious", "critical", "moderate")]
    assert serious == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    page.screenshot(path=pictures / f"catalogue-{scheme}-{width}.png")
    page.locator("#map").scroll_into_view_if_needed()
    page.screenshot(path=pictures / f"catalogue-map-{scheme}-{width}.png")
    context.close()


def test_without_a_script_the_whole_list_is_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("article.unit")).to_have_count(43)
    expect(page.get_by_role("search")).to_have_count(0)
    context.close()
