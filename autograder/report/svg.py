"""Makes matplotlib's SVG fit for a page: no style of its own, so that a strict policy holds and a theme recolours it.

Each colour of `PALETTE` becomes a class (`f-NAME` for a fill, `s-NAME` for a stroke) beside the light colour itself.
"""

import io
import re
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

# Light colours; each value once, because the colour tells the class. Text on a colour: 4.5 to 1 or better.
PALETTE = {
    "ink": "#1b1b1b",
    "muted": "#4a525b",
    "edge": "#3b4754",
    "grid": "#c9d0d7",
    "full": "#1b5e91",
    "most": "#9cc7ea",
    "some": "#f6cf9a",
    "none": "#a8420e",
    "waits": "#d9d2ee",
    "on-full": "#ffffff",
    "on-most": "#1a1a1a",
    "on-some": "#191919",
    "on-none": "#fefefe",
    "on-waits": "#181818",
    "warn": "#a33f0d",
}
_CLASS_OF = {colour: name for name, colour in PALETTE.items()}
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline_svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an `<svg>` element with title and description.

    `name`, of letters, digits and "-", makes its ids unique in the page.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    root = ET.fromstring(file.getvalue())  # noqa: S314 - written by matplotlib, a line above
    _clean(root)
    _rename_ids(root, name)
    view_box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib |= {"viewBox": view_box, "role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    for index, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(index, element)
    return ET.tostring(root, encoding="unicode")


def _clean(parent: ET.Element) -> None:
    """Drops metadata and style sheets; turns style attributes into presentation attributes and classes."""
    for element in list(parent):
        element.tag = _local(element.tag)
        if element.tag in ("metadata", "style"):
            parent.remove(element)
            continue
        element.attrib = {_local(key): " ".join(value.split()) for key, value in element.attrib.items()}
        _unstyle(element)
        _clean(element)
        element.tail = None
        if element.tag != "text":
            element.text = None
    parent.tag = _local(parent.tag)


def _unstyle(element: ET.Element) -> None:
    classes = []
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (text.strip() for text in declaration.partition(":"))
        if not key or key == "font-family":
            continue
        if key in ("fill", "stroke") and value in _CLASS_OF:
            classes.append(f"{key[0]}-{_CLASS_OF[value]}")
        element.set(key, value)
    if element.tag == "text" and "fill" not in element.attrib:
        # matplotlib leaves out black, which a dark page would not show.
        classes.append("f-ink")
    if classes:
        element.set("class", " ".join(classes))


def _rename_ids(root: ET.Element, name: str) -> None:
    """Ids that are referred to get the picture's name in front; the others go."""
    used: set[str] = set()
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            target = value[1:] if key == "href" else next(iter(_REFERENCE.findall(value)), "")
            if target:
                used.add(target)
                element.set(key, value.replace(f"#{target}", f"#{name}-{target}"))
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{name}-{own}")


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]
