"""The three pictures of an exercise: marks by part, checks that fail, time and memory."""

import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from autograder.report.summary import BINS, ENDINGS, Summary
from autograder.report.svg import PALETTE, inline_svg

WIDTH_INCHES = 8.4
TEXT_POINTS = 8.5
LABEL_CHARS = 40
LINE_PITCH = 0.38  # of a bar's
MOST_CHECKS = 12
LIMIT_DASHES = (0, (5, 3))
LEAST_LABELLED = 0.035  # of the axis: a narrower bar has no room for its number
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,
    "font.size": TEXT_POINTS,
}
# The colours of ENDINGS are those of BINS: one palette for the page.
ENDING_COLOURS = {"failed": "none", "timed_out": "some", "not_attempted": "most", "skipped": "waits", "broke": "full"}
MARKERS = {"graded": "o", "timed out": "^", "out of memory": "s", "kernel died": "X", "check broke": "D"}


def marks_picture(summary: Summary, name: str) -> str | None:
    """For each part, how many submissions have all, most, some or none of its points; None where no part has marks."""
    rows = [row for row in summary.parts if row.max_points is not None]
    if not rows:
        return None
    labels = [f"{row.facts.title} ({row.max_points:g})" for row in rows]
    counts = [row.counts for row in rows]
    worst = max(rows, key=lambda row: row.counts["none"] + row.counts["some"])
    low = worst.counts["none"] + worst.counts["some"]
    said = f"One bar for each of {len(labels)} parts, {len(summary.submissions)} submissions. "
    said += f"Most often below half of the points: {worst.facts.title}, {low}. " if low else "Nobody is below half. "
    with _quiet():
        figure = _bars(labels, counts, BINS, {key: key for key in BINS})
        return inline_svg(figure, name, "Marks by part", f"{said}The table below has every number.")


def checks_picture(summary: Summary, name: str) -> str | None:
    """The checks that most submissions do not pass, worst first; None where everybody passes everything."""
    rows = [row for row in summary.checks if row.failures][:MOST_CHECKS]
    if not rows:
        return None
    said = f"The {len(rows)} checks that most submissions fail. " if len(rows) > 1 else "The one check that fails. "
    first = rows[0]
    labels = [f"{row.facts.title} ({row.failures})" for row in rows]
    said += f"First: {first.facts.title}, {first.failures} of {first.total}. The table below has every number."
    with _quiet():
        figure = _bars(labels, [row.counts for row in rows], ENDINGS, ENDING_COLOURS)
        return inline_svg(figure, name, "Checks that fail", said)


def use_picture(summary: Summary, name: str) -> str | None:
    """Computing time and memory, one mark for each submission that was run; None where none was."""
    ran = [submission for submission in summary.submissions if submission.ran and submission.cpu_s > 0]
    if not ran:
        return None
    cpu, _, memory = summary.uses
    said = (
        f"One mark for each of {len(ran)} submissions. Half of them use {cpu.median:.1f} s of computing time and "
        f"{memory.median:.0f} MiB or less; the most are {cpu.most:.1f} s and {memory.most:.0f} MiB. "
        "The tables below have every number."
    )
    with _quiet():
        figure = Figure(figsize=(WIDTH_INCHES, 3.6))
        figure.patch.set_visible(False)
        axes = figure.subplots()
        figure.subplots_adjust(left=0.1, right=0.98, top=0.88, bottom=0.14)
        for status, marker in MARKERS.items():
            points = [(s.cpu_s, s.memory_peak_mib) for s in ran if s.status == status]
            if points:
                colour = PALETTE["full"] if status == "graded" else PALETTE["none"]
                axes.plot(
                    *zip(*points, strict=True), marker, color=colour, ms=5.5, mew=0.6, label=status, clip_on=False
                )
        _use_axes(axes, [s.cpu_s for s in ran], [s.memory_peak_mib for s in ran], cpu.limit, memory.limit)
        _legend(axes)
        return inline_svg(figure, name, "Time and memory of each submission", said)


def _bars(
    labels: Sequence[str],
    counts: Sequence[Mapping[str, int]],
    words: Mapping[str, str],
    colours: Mapping[str, str],
) -> Figure:
    """Stacked horizontal bars with their numbers in them."""
    figure = Figure(figsize=(WIDTH_INCHES, 0.38 * len(labels) + 0.95))
    height = figure.get_figheight()
    figure.patch.set_visible(False)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.38, right=0.98, top=1 - 0.4 / height, bottom=0.45 / height)
    total = max(sum(row.values()) for row in counts)
    left = [0] * len(labels)
    for key in words:
        widths = [row[key] for row in counts]
        if not any(widths):
            continue
        colour = PALETTE[colours[key]]
        edge = PALETTE["edge"]
        axes.barh(range(len(labels)), widths, 0.72, left, color=colour, edgecolor=edge, lw=0.6, label=words[key])
        for row, width in enumerate(widths):
            if width >= LEAST_LABELLED * total:
                ink = PALETTE[f"on-{colours[key]}"]
                axes.text(left[row] + width / 2, row, str(width), ha="center", va="center", color=ink)
            left[row] += width
    beside = axes.get_yaxis_transform()
    for row, label in enumerate(labels):
        lines = textwrap.wrap(label, LABEL_CHARS, max_lines=2, placeholder=" …")
        for index, line in enumerate(lines):
            # Line by line: the reader's font has other widths, and only an anchor keeps the right edge straight.
            place = row + (index - (len(lines) - 1) / 2) * LINE_PITCH
            axes.text(-0.012, place, line, ha="right", va="center", color=PALETTE["ink"], transform=beside)
    axes.set_xlim(0, total)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], nbins=min(8, total)))
    axes.set_xlabel("submissions", color=PALETTE["muted"])
    _frame(axes)
    _legend(axes)
    return figure


def _use_axes(
    axes: Axes, cpu_s: Sequence[float], memory_mib: Sequence[float], cpu_limit: float | None, memory_limit: float | None
) -> None:
    """Logarithmic axes from below the least to above the limits, which are drawn."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min(cpu_s) / 1.6, max(*cpu_s, cpu_limit or 0) * 1.5)
    axes.set_ylim(min(memory_mib) / 1.6, max(*memory_mib, memory_limit or 0) * 1.6)
    if cpu_limit:
        axes.axvline(cpu_limit, color=PALETTE["warn"], lw=1, ls=LIMIT_DASHES)
        words, bottom = f"limit {cpu_limit:g} s", axes.get_ylim()[0]
        axes.text(cpu_limit / 1.03, bottom * 1.08, words, ha="right", color=PALETTE["warn"])
    if memory_limit:
        axes.axhline(memory_limit, color=PALETTE["warn"], lw=1, ls=LIMIT_DASHES)
        words, left = f"limit {memory_limit / 1024:g} GiB", axes.get_xlim()[0]
        axes.text(left * 1.05, memory_limit * 1.05, words, va="bottom", color=PALETTE["warn"])
    plain = FuncFormatter(lambda value, position: f"{value:g}")
    for axis, places in ((axes.xaxis, _ticks(axes.get_xlim())), (axes.yaxis, _ticks(axes.get_ylim()))):
        axis.set_ticks(places)
        axis.set_major_formatter(plain)
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("computing time in s", color=PALETTE["muted"])
    axes.set_ylabel("memory in MiB", color=PALETTE["muted"])
    _frame(axes)
    axes.grid(color=PALETTE["grid"], lw=0.5)
    axes.set_axisbelow(True)


def _ticks(limits: tuple[float, float]) -> list[float]:
    """1, 2, 5, 10, … within the limits."""
    low, high = limits
    return [digit * 10.0**power for power in range(-4, 8) for digit in (1, 2, 5) if low <= digit * 10.0**power <= high]


def _frame(axes: Axes) -> None:
    axes.patch.set_visible(False)
    axes.tick_params(colors=PALETTE["muted"], which="both")
    axes.tick_params(which="minor", length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(PALETTE["edge"])


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0.2,
        ncols=5,
        frameon=False,
        handlelength=1.2,
        handletextpad=0.5,
        columnspacing=1.4,
        labelcolor=PALETTE["ink"],
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """matplotlib's settings for these pictures alone; a sign that its font lacks is drawn by the reader's own font."""
    with rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
