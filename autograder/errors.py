"""Errors of the trusted side; all are KitErrors: where, what came, what was expected, how to mend it."""

from workbench.errors import CodecError, KitError, LinkError

__all__ = [
    "AuthoringError",
    "BuildError",
    "CodecError",
    "GradingError",
    "HubError",
    "JournalError",
    "KitError",
    "LinkError",
    "SandboxError",
]


class AuthoringError(KitError):
    """A course or exercise folder that does not keep the format."""


class BuildError(KitError):
    """A course directory could not be built."""


class SandboxError(KitError):
    """Strangers' code cannot be run safely here."""


class GradingError(KitError):
    """A cohort could not be graded."""


class JournalError(KitError):
    """The journal of results cannot be written or read."""


class HubError(KitError):
    """The hub cannot be started, or has a setting that it may not have."""
