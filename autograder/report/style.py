"""The style of a report: the feedback page's, a dark theme, and what pictures and print need."""

from autograder.book.page import STYLE as PAGE_STYLE
from autograder.report.svg import PALETTE

# The dark theme's colours for the classes of a picture; the light ones stand in the picture itself.
DARK_PALETTE = {
    "ink": "#e6eaee",
    "muted": "#b4bdc7",
    "edge": "#93a0ad",
    "grid": "#39424c",
    "full": "#6db3ee",
    "most": "#24577f",
    "some": "#77531a",
    "none": "#ff9d66",
    "waits": "#4b4370",
    "on-full": "#0d1318",
    "on-most": "#ffffff",
    "on-some": "#ffffff",
    "on-none": "#0d1318",
    "on-waits": "#ffffff",
    "warn": "#ffa97a",
}
assert DARK_PALETTE.keys() == PALETTE.keys()

_OWN_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 64rem; }
.lead { font-size: 1.12rem; } .lead p { margin: .7em 0; }
nav ul { padding-left: 1.2em; } nav.units ul { columns: 2; }
.small { color: #444; font-size: .92em; font-weight: 400; }
th, td { overflow-wrap: break-word; } code, .id { overflow-wrap: anywhere; }
.tag { border: 1px solid currentColor; border-radius: .25em; padding: 0 .35em; font-size: .8em; white-space: nowrap; }
td ul { margin: 0; padding-left: 1.1em; } td li + li { margin-top: .35em; } td p { margin: 0; }
.checks th:first-child { width: 33%; } .who { min-width: 9rem; }
figure { margin: 1em 0; } figcaption { color: #444; font-size: .92em; }
figure svg { display: block; width: 100%; height: auto; }
figure svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.wide { overflow-x: auto; } .wide:focus { outline: 3px solid #b35900; outline-offset: 2px; }
.wide table { width: auto; min-width: 100%; font-size: .9em; } .wide .id { min-width: 7rem; max-width: 16rem; }
h3 { break-after: avoid; }
@media print {
  body { font-size: 10pt; } .lead { font-size: 1em; }
  .skip, nav { display: none; } figure, tr { break-inside: avoid; }
  thead, caption { break-after: avoid; } .wide table, table.checks { break-inside: auto; }
  .wide { overflow: visible; } .wide table { font-size: .75em; }
  h2 { break-before: page; } h2.first { break-before: auto; }
}
"""

_DARK_STYLE = """
  body { color: #e6eaee; background: #14181d; } a { color: #8fc4ff; } h2 { border-color: #6b8fb5; }
  a:focus, .wide:focus { outline-color: #ffb36b; }
  caption, figcaption, .small { color: #b4bdc7; } th, td { border-color: #5a6672; }
  thead th { background: #243140; } tfoot th, tfoot td { background: #1f262d; }
  .status { background: #1c2733; border-color: #6db3ee; } .comment { background: #2c2416; border-color: #e0a84a; }
"""


def report_style() -> str:
    """The whole style sheet. The dark theme is for screens: paper stays white."""
    fills = "".join(
        f"  svg .f-{name} {{ fill: {colour}; }} svg .s-{name} {{ stroke: {colour}; }}\n"
        for name, colour in DARK_PALETTE.items()
    )
    return f"{PAGE_STYLE}{_OWN_STYLE}@media screen and (prefers-color-scheme: dark) {{\n{_DARK_STYLE}{fills}}}\n"
