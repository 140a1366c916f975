"""Each exercise of the tree is proved: its right answers, its wrong ones, forgers, and that nothing hidden leaks.

Quickly and with one seed each, so that all of them take minutes; `autograder verify --seeds 10` before a release.
"""

from pathlib import Path

import pytest

from autograder.catalogue.find import find_catalogue
from autograder.verify.verify import Settings, verify

CATALOGUE = find_catalogue(Path(__file__).resolve().parents[2])


@pytest.mark.slow
@pytest.mark.needs_sandbox
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", sorted(CATALOGUE.exercises))
def test_the_grader_of_each_exercise_is_proved(name):
    (proof,) = verify([CATALOGUE.exercise(name)], Settings(seeds=1, quick=True))
    problems = [f"{row.name}\n{problem}" for row in proof.rows for problem in row.problems]
    assert proof.rows and not problems, "\n\n".join(problems)
