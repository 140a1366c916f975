"""Passwords: generated at the first start, kept as hashes alone, checked for the hub's sign-in."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode

from autograder.errors import HubError
from autograder.hub.places import write_private

# OWASP's Password Storage Cheat Sheet, scrypt: N = 2^16, r = 8, p = 2 (64 MiB for one check).
N, R, P = 2**16, 8, 2
# A generated password has 96 random bits: nobody tries them all, however cheap one try is.
GENERATED_N, GENERATED_P = 2**12, 1
MOST_MEMORY_BYTES = 160 * 2**20
GENERATED_BYTES = 12  # 16 characters
FREE_TRIES, LONGEST_WAIT_S = 5, 60.0


class Accounts:
    """The file of hashes; read again for each question, so that a changed password holds at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> set[str]:
        """Who has a password."""
        return set(self._read())

    def fill(self, names: Iterable[str]) -> dict[str, str]:
        """Generates a password for each name that has none; name → password, which is written down nowhere else."""
        known = self._read()
        made = {name: secrets.token_urlsafe(GENERATED_BYTES) for name in names if name not in known}
        if made:
            self._write(known | {name: hash_password(made[name], GENERATED_N, GENERATED_P) for name in made})
        return made

    def set(self, name: str, password: str) -> None:
        """Gives somebody another password."""
        self._write(self._read() | {name: hash_password(password)})

    def fits(self, name: str, password: str) -> bool:
        """Whether it is the password; takes as long for a name that does not exist."""
        stored = self._read().get(name)
        return check_password(password, stored or NOBODY) and stored is not None

    def _read(self) -> dict[str, str]:
        try:
            hashes: dict[str, str] = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise HubError(
                "the file of passwords cannot be read",
                where=str(self.path),
                came=str(error),
                mend="restore it from a backup; without the file, everybody gets a new password",
            ) from None
        return hashes

    def _write(self, hashes: dict[str, str]) -> None:
        write_private(self.path, json.dumps(hashes, indent=1, sort_keys=True))


def hash_password(password: str, n: int = 0, p: int = P) -> str:
    """`scrypt$N$r$p$salt$hash`, with a new salt."""
    salt, n = secrets.token_bytes(16), n or N
    return "$".join(["scrypt", str(n), str(R), str(p), _text(salt), _text(_scrypt(password, salt, n, R, p))])


def check_password(password: str, stored: str) -> bool:
    """Whether a password fits a hash."""
    _, n, r, p, salt, expected = stored.split("$")
    came = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(came, base64.b64decode(expected))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=MOST_MEMORY_BYTES, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


NOBODY = "$".join(["scrypt", str(N), str(R), str(P), _text(bytes(16)), _text(bytes(32))])


class PasswordAuthenticator(Authenticator):  # type: ignore[misc]
    """Sign-in with the passwords of `accounts_file`; whoever guesses waits longer and longer."""

    accounts_file = Unicode(help="The file of hashes.").tag(config=True)

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._checking = ThreadPoolExecutor(2, thread_name_prefix="password")  # memory: two checks at once
        self._failures: dict[str, tuple[int, float]] = {}

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The user's name, where the password fits."""
        name, password = str(data.get("username", "")), str(data.get("password", ""))
        failures, not_before_s = self._failures.get(name, (0, 0.0))
        if time.monotonic() < not_before_s:
            self.log.warning("Sign-in as %r refused: %d wrong passwords before", name, failures)
            return None
        if name not in self.allowed_users or len(password) > 1024:
            return None
        accounts = Accounts(Path(self.accounts_file))
        fits = await asyncio.get_running_loop().run_in_executor(self._checking, accounts.fits, name, password)
        if fits:
            self._failures.pop(name, None)
            return name
        wait_s = min(LONGEST_WAIT_S, 2.0 ** (failures - FREE_TRIES)) if failures >= FREE_TRIES else 0.0
        self._failures[name] = (failures + 1, time.monotonic() + wait_s)
        return None
