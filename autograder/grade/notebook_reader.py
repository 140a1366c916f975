"""Reads one submitted notebook in a process of its own, forked from one that has imported this module and little else.

It gets an open descriptor, so it needs no file name. Memory and CPU time are limited before the first byte is read: a
notebook that needs more costs this process and nothing else. The answer is small whatever came in: sources, bounded
outputs, or a sentence that says why not.
"""

import hashlib
import json
import os
import resource
from multiprocessing.connection import Connection
from typing import Any

from autograder.crew import answer

TEXT_MIMES = ("text/plain", "text/html")
IMAGE_MIMES = ("image/png", "image/jpeg")
MOST_OUTPUTS_PER_CELL = 50


class Unreadable(Exception):
    """The notebook cannot be graded: `status` and a sentence for the learner."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(status, sentence)
        self.status, self.sentence = status, sentence


def work(fds: list[int], request: bytes) -> None:
    """Reads from the second descriptor under the limits that come over the pipe (JSON); an object goes back."""
    answer(fds, _read)


def _read(pipe: Connection, fds: list[int]) -> dict[str, Any]:
    limits: dict[str, int] = json.loads(pipe.recv_bytes())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 1))
    said: dict[str, Any] = {}
    try:
        with os.fdopen(fds[0], "rb") as stream:
            raw = stream.read(limits["file_bytes"] + 1)
        said["size_bytes"] = len(raw)
        said["sha256"] = hashlib.sha256(raw).hexdigest()
        if len(raw) > limits["file_bytes"]:
            raise Unreadable("too large", "The notebook grew while it was read.")
        text = decoded(raw)
        del raw
        parsed = parse(text)
        del text
        said["notebook"] = Reader(limits).notebook(parsed)
        said["status"], said["sentence"] = "read", ""
    except Unreadable as problem:
        said |= {"status": problem.status, "sentence": problem.sentence}
    except MemoryError:
        sentence = "Reading the notebook needs more memory than is allowed. Clear its outputs, save, submit again."
        said |= {"status": "too large", "sentence": sentence}
    said.setdefault("size_bytes", 0)
    return said


def decoded(raw: bytes) -> str:
    """UTF-8 text, a byte order mark dropped."""
    if not raw.strip():
        raise Unreadable("notebook unreadable", "The notebook file is empty. Save the notebook, then submit again.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            "notebook unreadable",
            f"The notebook is not UTF-8 text (byte {error.start}). Save it in Jupyter, submit again.",
        ) from None


def parse(text: str) -> Any:
    """JSON, with numbers that no honest notebook has made harmless."""
    try:
        return json.loads(text, parse_int=small_int, parse_constant=lambda name: None)
    except RecursionError:
        raise Unreadable("notebook unreadable", "The notebook's JSON is nested too deeply to be a notebook.") from None
    except json.JSONDecodeError as error:
        raise Unreadable(
            "notebook unreadable",
            f"The file is no JSON, so no notebook (line {error.lineno}, column {error.colno}: {error.msg}). "
            "Open it in Jupyter, save it, submit again.",
        ) from None
    except ValueError:
        raise Unreadable("notebook unreadable", "The notebook holds a number that cannot be read.") from None


def small_int(digits: str) -> int | None:
    """An integer; None where it has more digits than 64 bits hold."""
    return int(digits) if len(digits) <= 19 else None


class Reader:
    """Takes from a parsed notebook what grading and display need, within the limits."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.limits = limits
        self.source_chars_left = limits["source_chars"]
        self.display_chars_left = limits["display_chars"]
        self.notes: list[str] = []

    def notebook(self, parsed: Any) -> dict[str, Any]:
        """`{"cells": [...], "notes": [...]}`; each cell has cell_type, source, id, grade_id and outputs."""
        if not isinstance(parsed, dict) or not isinstance(parsed.get("cells", parsed.get("worksheets")), list):
            raise Unreadable("notebook unreadable", "The file is JSON but no notebook: it has no list of cells.")
        version = parsed.get("nbformat")
        if version != 4 or isinstance(version, bool):
            shown = version if isinstance(version, int) else "none that can be read"
            raise Unreadable(
                "notebook unreadable",
                f"The notebook has format version {shown}; 4 is needed. Open it in JupyterLab, save it, submit again.",
            )
        cells = parsed.get("cells")
        if not isinstance(cells, list):
            raise Unreadable("notebook unreadable", "The notebook has no list of cells.")
        if len(cells) > self.limits["cells"]:
            most = self.limits["cells"]
            raise Unreadable(
                "too large", f"The notebook has {len(cells)} cells; at most {most} are read. Remove cells."
            )
        kept = [self.cell(cell, number) for number, cell in enumerate(cells, start=1)]
        return {"cells": [cell for cell in kept if cell is not None], "notes": self.notes[:50]}

    def cell(self, cell: Any, number: int) -> dict[str, Any] | None:
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            self.notes.append(f"Cell {number} is no cell that Jupyter knows; it was left out.")
            return None
        if "source" not in cell:
            self.notes.append(f"Cell {number} has no source; it counts as empty.")
        source = joined(cell.get("source", ""))
        if source is None:
            self.notes.append(f"The source of cell {number} is no text; it counts as empty.")
            source = ""
        self.source_chars_left -= len(source)
        if self.source_chars_left < 0:
            raise Unreadable(
                "too large",
                f"The cells hold more than {self.limits['source_chars']} characters of text. "
                "Read data from files instead of pasting it into cells.",
            )
        metadata = cell.get("metadata")
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        return {
            "cell_type": cell["cell_type"],
            "source": clean(source),
            "id": name_of(cell.get("id")),
            "grade_id": name_of(nbgrader.get("grade_id")) if isinstance(nbgrader, dict) else "",
            "outputs": self.outputs(cell.get("outputs")) if cell["cell_type"] == "code" else [],
        }

    def outputs(self, outputs: Any) -> list[dict[str, Any]]:
        if not isinstance(outputs, list):
            return []
        kept: list[dict[str, Any]] = []
        dropped = max(0, len(outputs) - MOST_OUTPUTS_PER_CELL)
        for output in outputs[:MOST_OUTPUTS_PER_CELL]:
            small = self.output(output)
            if small is None:
                dropped += 1
            else:
                kept.append(small)
        if dropped:
            text = f"({dropped} outputs were left out: too large, or of a kind that is not shown)\n"
            kept.append({"output_type": "stream", "name": "stdout", "text": text})
        return kept

    def output(self, output: Any) -> dict[str, Any] | None:
        """One output of a kind that can be shown safely, its texts cut; None where nothing of it can."""
        kind = output.get("output_type") if isinstance(output, dict) else None
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return {"output_type": "stream", "name": name, "text": self.short(joined(output.get("text")) or "")}
        if kind == "error":
            lines = joined(output.get("traceback"), separator="\n") or ""
            return {
                "output_type": "error",
                "ename": self.short(joined(output.get("ename")) or "Error")[:200],
                "evalue": self.short(joined(output.get("evalue")) or "")[:2_000],
                "traceback": self.short(lines).split("\n"),
            }
        if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
            data = self.data(output["data"])
            return {"output_type": "display_data", "data": data, "metadata": {}} if data else None
        return None

    def data(self, data: dict[str, Any]) -> dict[str, str]:
        kept = {}
        for mime in TEXT_MIMES + IMAGE_MIMES:
            text = joined(data.get(mime))
            if not text:
                continue
            if mime == "text/plain":
                kept[mime] = self.short(text)
                continue
            # Half an image or half a table is no use: all of it or nothing.
            bound = self.limits["image_chars"] if mime in IMAGE_MIMES else self.limits["output_chars"]
            if len(text) <= min(bound, self.display_chars_left):
                self.display_chars_left -= len(text)
                kept[mime] = clean(text)
        return kept

    def short(self, text: str) -> str:
        """The text, cut to what is left for one output."""
        bound = max(0, min(self.limits["output_chars"], self.display_chars_left))
        cut = text if len(text) <= bound else text[:bound] + f"\n… ({len(text) - bound} more characters left out)"
        self.display_chars_left -= min(len(text), bound)
        return clean(cut)


def joined(value: Any, separator: str = "") -> str | None:
    """Text of a notebook field, which may be a string or a list of strings; None where it is neither."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return separator.join(value)
    return None


def clean(text: str) -> str:
    """Lone surrogates replaced, so that the text can be written as UTF-8 again; NUL bytes too."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")


def name_of(value: Any) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= 128 and value.isascii() and value.isprintable() else ""
