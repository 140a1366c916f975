"""What a learner's code prints while it is checked: the beginning is let through, the rest counted."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any, TextIO

MOST_CHARS = 20_000  # of one check of a part; a notebook with more is slow to open, and hard to read


class Printed(io.TextIOBase):
    """A stream that hands on its first `most` characters to another one."""

    def __init__(self, inner: TextIO, most: int = MOST_CHARS) -> None:
        self._inner, self._left = inner, most
        self.left_out = 0

    def write(self, text: str) -> int:
        """All of it, as it seems to who prints."""
        shown = text[: self._left]
        self._left -= len(shown)
        self.left_out += len(text) - len(shown)
        if shown:
            self._inner.write(shown)
        return len(text)

    def flush(self) -> None:
        """As the stream behind it."""
        self._inner.flush()

    def isatty(self) -> bool:
        """As the stream behind it."""
        return self._inner.isatty()

    def fileno(self) -> int:
        """As the stream behind it, which may have none."""
        return self._inner.fileno()

    def writable(self) -> bool:
        """It is."""
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextlib.contextmanager
def bounded(out: TextIO | None = None) -> Iterator[None]:
    """Within the block little enough is printed; one sentence says what was left out.

    Args:
        out: takes both streams; without it each goes where it goes.
    """
    stdout, stderr = Printed(out or sys.stdout), Printed(out or sys.stderr)
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            yield
    finally:
        if left_out := stdout.left_out + stderr.left_out:
            sentence = f"\n… Your code printed {left_out:,} characters more in this check: they are left out."
            print(sentence, file=out or sys.stdout)
