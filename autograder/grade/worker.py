"""What a worker does: it tells its versions, is introduced to the run, then gets one job after the other.

The functions here travel by their names, everything else by value, as JSON text: no shared file system is assumed, and
nothing that a learner wrote is ever unpickled.
"""

import hashlib
import platform
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from autograder.errors import GradingError, SandboxError
from autograder.grade.models import Bundle, Job, Result

MOST_BUNDLES = 256  # that a worker keeps, the newest, when it serves many runs
Work = Callable[[Job, Bundle], Result]
_bundles: dict[str, Bundle] = {}


class NotIntroducedError(GradingError):
    """A worker that was started again under the address of another, or has forgotten a bundle."""


def introduce(bundles: list[str], probe: bool) -> str:
    """Makes the worker ready for jobs about these bundles.

    Args:
        probe: prove that the sandbox holds on this machine.

    Returns:
        Why this worker must not grade; "" where it may.
    """
    if probe and (fault := _sandbox_fault()):
        return fault
    for text in bundles:
        _bundles.pop(name := name_of(text), None)
        _bundles[name] = Bundle.model_validate_json(text)
    while len(_bundles) > MOST_BUNDLES:
        del _bundles[next(iter(_bundles))]
    return ""


def do_job(work: Work, job_json: str, bundle: str) -> str:
    """The result of one job, as JSON. `bundle`: the name of one that the worker was introduced to.

    Raises:
        NotIntroducedError: it was not.
    """
    if bundle not in _bundles:
        raise NotIntroducedError("A worker does not know the exercise that it shall grade.", came=bundle)
    return work(Job.model_validate_json(job_json), _bundles[bundle]).model_dump_json()


def name_of(bundle_json: str) -> str:
    """What a bundle is called between coordinator and workers."""
    return hashlib.sha256(bundle_json.encode()).hexdigest()


def differences(versions: Mapping[str, str]) -> str:
    """The packages that this machine has in another version, with both: "pandas 2.2.3 there, 3.1.1 here"; "" for none.

    A mark must not depend on which worker gave it. "There" is this machine, as the coordinator sees it.
    """
    there = {name: _version(name) for name in versions}
    return "; ".join(
        f"{name} {there[name]} there, {here} here" for name, here in versions.items() if there[name] != here
    )


@cache
def _sandbox_fault() -> str:
    from autograder.sandbox.probe import require_sandbox

    try:
        require_sandbox()
    except SandboxError as error:
        return str(error)
    return ""


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
