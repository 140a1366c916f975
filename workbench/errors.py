"""The one family of errors of the kit: where, what came, what was expected, how to mend it."""


class KitError(Exception):
    """An error that a person can act on.

    All fields are text, so that the error survives pickling when Dask carries it from a worker.

    Args:
        what: what went wrong, one sentence.
        where: file, line, key, cell or machine it concerns.
        came: what was found.
        expected: what should have been there.
        mend: what to do about it.
    """

    def __init__(self, what: str, where: str = "", came: str = "", expected: str = "", mend: str = "") -> None:
        super().__init__(what, where, came, expected, mend)
        self.what, self.where, self.came, self.expected, self.mend = what, where, came, expected, mend

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        for label, text in (("came", self.came), ("expected", self.expected), ("mend", self.mend)):
            if text:
                lines.append(f"  {label + ':':<10}{text}")
        return "\n".join(lines)


class LinkError(KitError):
    """The other end of the link sent something that the protocol does not allow, or went away."""


class CodecError(KitError):
    """A value that may not cross, or bytes that are no value."""


class RankError(KitError):
    """A rank of `ranks` died, hung or raised."""
