"""The page of a report: hostile text stays text, nothing comes from outside, everybody can read it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from autograder.catalogue.find import Catalogue
from autograder.report.cohort import read_cohort
from autograder.report.page import report_page
from autograder.report.style import DARK_PALETTE, report_style
from autograder.report.summary import summarise
from autograder.report.svg import PALETTE
from tests.unit import report_helper as helper
from tests.unit.report_helper import record

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'></style></svg>$\\frac{{{ 7*7 }}"
CANARY = "WORDS-OF-THE-LEARNERS-PROCESS"
LIGHT_PAPERS = ("#ffffff", "#f1f5fa", "#fdf6e9", "#e8eef5")
DARK_PAPERS = ("#14181d", "#1c2733", "#2c2416", "#243140")
VOID = {"meta", "br", "img", "hr", "link"}


class Page(HTMLParser):
    """A page's tags with their attributes, and whether each is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return helper.make_catalogue(tmp_path)


def page_of(catalogue: Catalogue, *records: object) -> str:
    cohort = read_cohort(helper.make_course(catalogue.root, *records), catalogue)
    return report_page(cohort, [summarise(unit) for unit in cohort.units])


def words_of(html: str) -> str:
    return " ".join(" ".join(Page(html).words).split())


def contrast(first: str, second: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def hostile(catalogue: Catalogue) -> str:
    return page_of(
        catalogue,
        record(f"anna {ATTACK}", {"tiny": "failed"}, sentence=ATTACK, status="kernel died", message=CANARY),
        record("bert", {"large": "broke"}, status="check broke", message=CANARY),
        record(f"carl {ATTACK}", {"tiny": "failed"}, exercise="numbers/gone", sealed=False),
    )


def test_the_first_sentences_say_how_many_what_waits_and_which_belief(catalogue: Catalogue) -> None:
    said = words_of(page_of(catalogue, record("anna", {"tiny": "failed"}), record("bert", {"tiny": "failed"})))
    assert "2 learners handed in 2 submissions; all ended well. The median is 75 % of the points" in said
    assert "2 submissions need a person: Why it matters (2)." in said
    assert (
        "The check that most fail is A tiny case in Mean of a list: 2 of 2. All of them look like this belief:" in said
    )
    assert "“Believes that means are whole.”" in said


def test_a_cohort_of_one_without_a_fault_reads_well(catalogue: Catalogue) -> None:
    said = words_of(page_of(catalogue, record("anna", written="")))
    assert "1 learner handed in 1 submission; all ended well." in said
    assert "Nothing waits for a person. Nobody fails a check" in said


def test_hostile_text_stays_text(catalogue: Catalogue) -> None:
    page = Page(hostile(catalogue))
    assert page.open == []
    assert {"script", "img", "link", "iframe", "object", "foreignobject"} & {tag for tag, _ in page.tags} == set()
    assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []
    assert ATTACK in "".join(page.words)


def test_no_word_of_a_learners_process_appears(catalogue: Catalogue) -> None:
    assert CANARY not in hostile(catalogue)


def test_nothing_comes_from_outside_and_only_this_style_is_allowed(catalogue: Catalogue) -> None:
    html = hostile(catalogue)
    page = Page(html)
    addresses = [a[key] or "" for _, a in page.tags for key in ("src", "href", "action") if key in a]
    assert addresses and all(address.startswith("#") for address in addresses)
    assert "style" not in {name for _, attributes in page.tags for name in attributes}
    (policy,) = [a["content"] or "" for a in page.named("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert len(page.named("style")) == 1 and page.named("metadata") == []
    assert "url(" not in style and "@import" not in style


def test_each_picture_has_a_title_a_description_and_a_table_after_it(catalogue: Catalogue) -> None:
    html = page_of(catalogue, record("anna", {"tiny": "failed"}), record("bert"))
    page = Page(html)
    pictures = page.named("svg")
    assert len(pictures) == 3
    ids = {attributes.get("id") for _, attributes in page.tags}
    for picture in pictures:
        assert picture["role"] == "img"
        assert set((picture["aria-labelledby"] or "").split()) <= ids
    assert all("<table" in rest.split("<figure")[0] for rest in html.split("</figure>")[1:])


def test_ids_are_unique_and_links_in_the_page_lead_somewhere(catalogue: Catalogue) -> None:
    page = Page(hostile(catalogue))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for tag, a in page.tags if tag in ("a", "use")} <= set(ids)


def test_headings_go_down_step_by_step_and_tables_have_heads(catalogue: Catalogue) -> None:
    page = Page(hostile(catalogue))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.named("th"))
    assert len(page.named("caption")) == len(page.named("table"))
    assert page.named("html") == [{"lang": "en"}]


def test_a_mark_without_a_sandbox_and_an_exercise_that_is_gone_are_said_at_the_top(catalogue: Catalogue) -> None:
    said = words_of(hostile(catalogue))
    assert "Unsealed: 1 result came from code that ran without a sandbox" in said
    assert "numbers/gone: The exercise no longer exists here." in said


def test_five_hundred_submissions_fit_in_one_page(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda fd: None)
    states = ("passed", "failed", "not_attempted", "timed_out")
    records = [record(f"l{i}", {"tiny": states[i % 4]}, cpu_s=1 + i % 7) for i in range(500)]
    html = page_of(catalogue, *records)
    assert html.count('<th scope="row" class="id">l') == 500
    assert "250 of 500" in html
    assert len(html) < 1_000_000


def test_titles_in_any_script_and_with_dollars_are_drawn_as_they_are(catalogue: Catalogue) -> None:
    path = catalogue.root / "exercises/numbers/mean/checks.py"
    path.write_text(path.read_text().replace("A tiny case", "数 $x_1$ & <b>"), encoding="utf-8")
    html = page_of(catalogue, record("anna", {"tiny": "failed"}))
    assert re.search(r"<text [^>]*>数 \$x_1\$ &amp; &lt;b&gt; \(1\)</text>", html)


def test_the_same_results_give_the_same_page(catalogue: Catalogue) -> None:
    cohort = read_cohort(helper.make_course(catalogue.root, record("anna", {"tiny": "failed"})), catalogue)
    summaries = [summarise(unit) for unit in cohort.units]
    assert report_page(cohort, summaries) == report_page(cohort, summaries)


def test_results_without_parts_or_time_make_no_picture_and_no_fault(catalogue: Catalogue) -> None:
    made = record("anna", status="notebook unreadable", cpu_s=0, wall_s=0, memory_peak_mib=0)
    bare = made.model_copy(update={"result": made.result.model_copy(update={"parts": ()})})
    page = Page(page_of(catalogue, bare))
    assert page.named("svg") == []
    assert "Nothing was run." in " ".join(page.words)


@pytest.mark.parametrize(
    ("palette", "papers"), [(PALETTE, LIGHT_PAPERS), (DARK_PALETTE, DARK_PAPERS)], ids=["light", "dark"]
)
def test_text_and_edges_stand_out_as_wcag_aa_asks(palette: dict[str, str], papers: tuple[str, ...]) -> None:
    paper = papers[0]
    for name in ("ink", "muted", "warn"):
        assert contrast(palette[name], paper) >= 4.5, name
    for name in ("full", "most", "some", "none", "waits"):
        assert contrast(palette[name], palette[f"on-{name}"]) >= 4.5, name
    # Each bar has an edge, each mark of the third picture one of two colours.
    for name in ("edge", "full", "none"):
        assert contrast(palette[name], paper) >= 3, name


def test_the_page_itself_stands_out_in_both_themes() -> None:
    style = report_style()
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)")
    assert all(paper.replace("#ffffff", "#fff") in light for paper in LIGHT_PAPERS)
    assert all(paper in dark for paper in DARK_PAPERS)
    for texts, papers in ((("#1b1b1b", "#444444"), LIGHT_PAPERS), (("#e6eaee", "#b4bdc7"), DARK_PAPERS)):
        assert all(contrast(text, paper) >= 4.5 for text in texts for paper in papers)
    assert contrast("#0b4f9e", LIGHT_PAPERS[0]) >= 4.5 and contrast("#8fc4ff", DARK_PAPERS[0]) >= 4.5
