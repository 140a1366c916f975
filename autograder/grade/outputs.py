"""Makes submitted outputs safe to show: an allow-list of kinds, images checked again, HTML cleaned, everything
bounded.
"""

import base64
import binascii
import re
import struct
from html.parser import HTMLParser
from typing import Any

import bleach

MOST_PIXELS = 40_000_000
HTML_CHARS = 64_000
HTML_TAGS = 4_000
TAGS = frozenset(
    {"b", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h3", "h4", "h5", "hr", "i", "li", "ol", "p"}
    | {
        "pre",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    }
)
ATTRIBUTES = {"th": ["scope", "colspan", "rowspan"], "td": ["colspan", "rowspan"]}
CONTROLS = re.compile("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CONTENT_THAT_IS_CODE = re.compile(r"<(script|style|template|svg|math|iframe|noscript)\b.*?(</\1\s*>|\Z)", re.I | re.S)


def sanitise_outputs(outputs: Any) -> list[dict[str, Any]]:
    """Outputs (nbformat 4) that hold nothing but plain text, checked PNG and JPEG, and cleaned HTML.

    JavaScript, SVG, LaTeX, Markdown, JSON and widgets are dropped. The input is what `notebook_reader` let through:
    bounded already.
    """
    if not isinstance(outputs, list):
        return []
    return [safe for output in outputs if (safe := _safe(output)) is not None]


def clean_html(html: str) -> str | None:
    """HTML with simple tags and no attributes but table spans; None where it is too large to be cleaned soon."""
    if len(html) > HTML_CHARS or html.count("<") > HTML_TAGS or _depth(html) > 50:
        return None
    bare = CONTENT_THAT_IS_CODE.sub("", html)
    try:
        cleaned: str = bleach.clean(
            bare, tags=TAGS, attributes=ATTRIBUTES, protocols=[], strip=True, strip_comments=True
        )
        return cleaned
    except RecursionError:
        return None


def plain(text: str) -> str:
    """Text without control and bidirectional characters; the escape character stays (colours of tracebacks)."""
    return CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def checked_image(mime: str, text: str) -> str | None:
    """Base64 of an image whose first bytes and size fit its kind; None otherwise."""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    size = png_size(raw) if mime == "image/png" else jpeg_size(raw)
    if size is None or not 0 < size[0] * size[1] <= MOST_PIXELS:
        return None
    return base64.b64encode(raw).decode("ascii")


def png_size(raw: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG in pixels."""
    if len(raw) < 45 or not raw.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"):
        return None
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


def jpeg_size(raw: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG in pixels, from its frame header."""
    if not raw.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 < len(raw) and raw[at] == 0xFF:
        marker, length = raw[at + 1], int.from_bytes(raw[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    return None


def _safe(output: Any) -> dict[str, Any] | None:
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": plain(_text(output.get("text")))}
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": "error",
            "ename": plain(_text(output.get("ename"))),
            "evalue": plain(_text(output.get("evalue"))),
            "traceback": [plain(_text(line)) for line in lines] if isinstance(lines, list) else [],
        }
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {mime: safe for mime, value in output["data"].items() if (safe := _safe_data(mime, _text(value)))}
        return {"output_type": "display_data", "data": data, "metadata": {}} if data else None
    return None


def _safe_data(mime: str, text: str) -> str | None:
    if mime == "text/plain":
        return plain(text)
    if mime == "text/html":
        cleaned = clean_html(plain(text))
        return cleaned if cleaned and cleaned.strip() else None
    return checked_image(mime, text) if mime in ("image/png", "image/jpeg") else None


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


class _Depth(HTMLParser):
    """Counts how deep tags may nest, before a tree is built: every start tag without an end counts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "hr", "img", "input", "link", "meta", "col", "wbr", "tr", "td", "th", "li", "p"):
            self.now += 1
            self.most = max(self.most, self.now)

    def handle_endtag(self, tag: str) -> None:
        self.now = max(0, self.now - 1)


def _depth(html: str) -> int:
    counter = _Depth()
    counter.feed(html)
    return counter.most
