"""Where a hub keeps its state, and which account runs as which uid of the host."""

import fcntl
import json
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import HubError

# Host uids of accounts: the range that systemd's list of uids leaves unused, above the sandboxes' and the accounts'.
FIRST_UID, LAST_UID = 70_000, 99_999
STATE_FOLDERS = ("hub", "exchange", "homes", "courses", "logs", "run")


@dataclass(frozen=True)
class Places:
    """The folders of one hub. All are mode 0700."""

    folder: Path

    @property
    def hub(self) -> Path:
        """Database, cookie secret, accounts, uids."""
        return self.folder / "hub"

    @property
    def exchange(self) -> Path:
        """The exchange's files and database."""
        return self.folder / "exchange"

    @property
    def logs(self) -> Path:
        """What the hub and each server say."""
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        """Made anew at each start: settings of servers and of the exchange, the proxy's pid."""
        return self.folder / "run"

    @property
    def courses(self) -> Path:
        """nbgrader's course directories."""
        return self.folder / "courses"

    @property
    def accounts_file(self) -> Path:
        """Hashes of passwords."""
        return self.hub / "accounts.json"

    @property
    def monitoring_token_file(self) -> Path:
        """What a Prometheus server sends to read metrics; it opens nothing else."""
        return self.hub / "monitoring.token"

    @property
    def broken_file(self) -> Path:
        """Course → why it could not be built."""
        return self.hub / "broken.json"

    def course(self, name: str) -> Path:
        """The course directory."""
        return self.courses / name

    def home(self, account: str) -> Path:
        """The folder behind an account's home."""
        return self.folder / "homes" / account

    def make(self) -> None:
        """Makes the folders; others may neither read nor enter them.

        Raises:
            HubError: they cannot be made, or belong to somebody else.
        """
        try:
            for folder in (self.folder, *(self.folder / name for name in STATE_FOLDERS)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.stat().st_uid != os.geteuid():
                    raise PermissionError(f"{folder} belongs to uid {folder.stat().st_uid}")
                folder.chmod(0o700)
        except OSError as error:
            raise HubError(
                "the hub's folder cannot be used",
                where="hub.yaml, key storage.folder",
                came=str(error),
                expected="a folder that this user may make and write",
                mend="choose another folder, or run as the user whom it belongs to",
            ) from None

    def owned_folder(self, folder: Path, account: str) -> tuple[Path, int | None]:
        """Makes a folder of an account's own; with the uid on the host as whom the account runs (None: ourselves)."""
        uid = uid_of(self.hub / "uids.json", account) if os.geteuid() == 0 else None
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
        if uid is not None and folder.stat().st_uid != uid:
            os.chown(folder, uid, uid)
        return folder, uid


def uid_of(file: Path, account: str) -> int:
    """The account's uid on this host, always the same one; a new account gets the next.

    Raises:
        HubError: there are none left.
    """
    with open(file.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        uids: dict[str, int] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if account in uids:
            return uids[account]
        taken = {*uids.values(), *(entry.pw_uid for entry in pwd.getpwall())}
        uid = next((uid for uid in range(FIRST_UID, LAST_UID + 1) if uid not in taken), None)
        if uid is None:
            raise HubError("no uid is left for a new account", where=str(file), came=f"{len(uids)} accounts")
        write_private(file, json.dumps({**uids, account: uid}, indent=1))
        return uid


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    new = path.with_name(f"{path.name}.new-{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, path)
