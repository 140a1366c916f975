"""Says what to do about an error whose own text does not say it."""

from contextlib import contextmanager

from workbench.checks import CheckFailed, LearnerError


@contextmanager
def explained(advice):
    """`advice`: a part of an error's text → one sentence that follows the error."""
    try:
        yield
    except LearnerError as error:
        for part_of_text, sentence in advice.items():
            if part_of_text in error.why:
                raise CheckFailed(f"{error.why.removesuffix('.')}. {sentence}", **error.values) from error
        raise
