"""Why the exchange says no: KitErrors with the status of the answer. They travel as JSON and become KitErrors again."""

from typing import ClassVar

from autograder.errors import KitError

FIELDS = ("what", "where", "came", "expected", "mend")


class ExchangeRefusal(KitError):
    """A request that is not granted."""

    status: ClassVar[int] = 400

    def as_json(self) -> dict[str, dict[str, str]]:
        """What is sent."""
        return {"error": {field: getattr(self, field) for field in FIELDS}}


class Malformed(ExchangeRefusal):
    """Names, manifest or bytes that do not keep the rules."""


class NobodyKnown(ExchangeRefusal):
    """No token, or one that the hub does not know (any more)."""

    status = 401


class NotAllowed(ExchangeRefusal):
    """The hub knows who asks, and they may not."""

    status = 403


class NotThere(ExchangeRefusal):
    """What was asked for does not exist, or not any more."""

    status = 404


class Conflict(ExchangeRefusal):
    """It exists already, in another form."""

    status = 409


class TooLarge(ExchangeRefusal):
    """More than the limits let in."""

    status = 413


class Unavailable(ExchangeRefusal):
    """The hub, the database or the disk does not do its part; the same request may be granted later."""

    status = 503
