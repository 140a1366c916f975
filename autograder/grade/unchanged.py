"""Tells, from the bytes alone, that a submission is the one that was graded: nothing is parsed, nothing is run."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from autograder.grade.intake import MIB, OPEN_SAFELY, IntakeLimits, Submission, plain_file

PIECE_BYTES = MIB


def fingerprint(submission: Submission, facts: Sequence[str]) -> str:
    """The hash of what was handed in and of all else that decides a result; "" where the file cannot be had plainly.

    Args:
        facts: what decides beside the submission: exercise, checks, secret, profile, limits, versions.
    """
    unit, learner = submission.unit, submission.learner
    try:
        names = (submission.folder.parent.name, unit, f"{unit}.ipynb")
        with plain_file(submission.folder.parent.parent, names, IntakeLimits().file_mib * MIB) as fd:
            content = _sha256(fd)
    except OSError:
        return ""
    beside = [learner, unit, submission.submitted_at, list(submission.notes), *facts]
    return hashlib.sha256(json.dumps([content, *beside]).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The hash of a file of our own; "" where there is none."""
    try:
        fd = os.open(path, OPEN_SAFELY)
    except OSError:
        return ""
    try:
        return _sha256(fd)
    except OSError:
        return ""
    finally:
        os.close(fd)


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    while piece := os.read(fd, PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
