"""One's own mark, with the hidden checks, where the sources of the exercise are: `workbench grade` starts this.

The notebook runs as its owner, without a sandbox: the mark is unsealed, and for oneself.
"""

import hashlib
import json
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from autograder.build.bundle import make_bundle
from autograder.catalogue.find import find_catalogue
from autograder.errors import KitError
from autograder.grade.intake import read_submission
from autograder.grade.models import Job, Result
from autograder.grade.runner import run_job
from autograder.grade.skeleton import rebuild

LEARNER = "yourself"


def own_result(notebook: Path, exercise: str, profile: str = "laptop") -> Result:
    """Grades one notebook as a cohort's is graded, but without a sandbox and with a seed of its own.

    Raises:
        AuthoringError: the exercise has a mistake.
        GradingError: the run broke, which is no fault of the notebook.
    """
    found = find_catalogue().exercise(exercise)
    bundle = make_bundle(found, profile)
    with tempfile.TemporaryDirectory(prefix="own-") as folder:
        shutil.copyfile(notebook, Path(folder) / f"{found.unit}.ipynb")  # whatever its owner has called it
        intake = read_submission(Path(folder), found.unit)
    if intake.status != "read" or intake.notebook is None:
        status = "notebook unreadable" if intake.status == "read" else intake.status
        return Result.without_run("own", LEARNER, exercise, status, intake.sentence, bundle.parts)
    rebuilt = rebuild(bundle.skeleton, intake.notebook)
    content = json.dumps(rebuilt, sort_keys=True).encode("utf-8", "replace")
    job = Job(
        key="own",
        learner=LEARNER,
        exercise=exercise,
        notebook=rebuilt,
        notebook_sha256=hashlib.sha256(content).hexdigest(),
        seed_hex=secrets.token_hex(16),
        profile=profile,
        trust_learners=True,
    )
    return run_job(job, bundle)


def main() -> None:
    """`python -m autograder.grade.own NOTEBOOK COURSE/UNIT PROFILE`: the result as JSON, or the error and status 1."""
    notebook, exercise, profile = sys.argv[1:]
    try:
        result = own_result(Path(notebook), exercise, profile)
    except KitError as error:
        sys.exit(str(error))
    print(result.model_dump_json())


if __name__ == "__main__":
    main()
