"""nbgrader's settings on every server of the hub: assignments over HTTP, grading by the kit's engine."""

from autograder.exchange import use_exchange
from autograder.plugin import use_sandbox

c = get_config()  # noqa: F821
use_exchange(c)
use_sandbox(c)
