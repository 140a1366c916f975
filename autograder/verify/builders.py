"""Builds exercises in processes of their own, which import nbgrader once and whose hashes of text have other seeds."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from autograder.book.gradebook import open_gradebook
from autograder.errors import BuildError, KitError

HASH_SEEDS = ("1", "2")


class Builders:
    """Two builders, so that what depends on the order of a set differs between their builds. Close it after use.

    Args:
        scratch: an empty folder, for a gradebook that each build begins with: making one takes nbgrader two seconds.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._gradebook: Path | None = None
        self._lock = threading.Lock()
        self._builders = [_Builder(seed) for seed in HASH_SEEDS]

    def build_twice(self, folder: Path, course: str, out_dirs: tuple[Path, Path]) -> tuple[Path, Path]:
        """Two course directories of the exercise in `folder` (`<course>/<unit>`), one in each of `out_dirs`.

        Raises BuildError: with the text of the error that the build ended with.
        """
        first, second = out_dirs
        for builder, out_dir in zip(self._builders, out_dirs, strict=True):
            (out_dir / course).mkdir(parents=True)
            shutil.copyfile(self._empty_gradebook(), out_dir / course / "gradebook.db")
            builder.build(folder, out_dir)
        return first / course, second / course

    def close(self) -> None:
        for builder in self._builders:
            builder.close()

    def _empty_gradebook(self) -> Path:
        with self._lock:
            if self._gradebook is None:
                open_gradebook(self._scratch).close()
                self._gradebook = self._scratch / "gradebook.db"
            return self._gradebook


class _Builder:
    def __init__(self, hash_seed: str) -> None:
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-m", "autograder.verify.builders"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True, encoding="utf-8"
        )
        self._lock = threading.Lock()

    def build(self, folder: Path, out_dir: Path) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            try:
                print(json.dumps([str(folder), str(out_dir)]), file=self._process.stdin, flush=True)
                answer = self._process.stdout.readline()
            except OSError as error:
                raise BuildError("the process that builds has ended", where=str(folder), came=str(error)) from error
        if not answer:
            raise BuildError("the process that builds has ended", where=str(folder))
        if fields := json.loads(answer):
            raise BuildError(*fields)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """Builds what each line of standard input asks for; answers null, or the fields of the error."""
    from autograder.build.course import build_course  # nbgrader, which only a builder imports
    from autograder.catalogue.find import Course, exercise_at

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        folder, out_dir = map(Path, json.loads(line))
        exercise = exercise_at(folder)
        try:
            build_course(Course(exercise.course, None, (exercise,)), out_dir)
            print("null", file=answers, flush=True)
        except KitError as error:
            print(json.dumps(error.args), file=answers, flush=True)


if __name__ == "__main__":
    serve()
