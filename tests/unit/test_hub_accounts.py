"""Passwords are kept as hashes alone; guessing gets slower."""

import asyncio
import stat
from pathlib import Path

import pytest

from autograder.errors import HubError
from autograder.hub import accounts
from autograder.hub.accounts import Accounts, PasswordAuthenticator, check_password, hash_password
from autograder.hub.places import Places, uid_of


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "N", 2**4)


def test_a_hash_fits_its_password_alone_and_has_a_salt_of_its_own() -> None:
    stored = hash_password("correct horse")
    assert check_password("correct horse", stored)
    assert not check_password("correct hors", stored)
    assert stored != hash_password("correct horse")
    assert "horse" not in stored


def test_everybody_gets_a_password_once_and_it_stands_nowhere(tmp_path: Path) -> None:
    file = Accounts(tmp_path / "accounts.json")
    made = file.fill(["lea", "luca"])
    assert set(made) == {"lea", "luca"}
    assert made["lea"] != made["luca"]
    assert all(len(password) >= 16 for password in made.values())
    text = file.path.read_text(encoding="utf-8")
    assert not any(password in text for password in made.values())
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert set(file.fill(["lea", "leon"])) == {"leon"}
    assert file.fits("lea", made["lea"])
    assert not file.fits("lea", made["luca"])
    assert not file.fits("nobody", made["lea"])


def test_a_changed_password_holds_at_once(tmp_path: Path) -> None:
    file = Accounts(tmp_path / "accounts.json")
    old = file.fill(["lea"])["lea"]
    file.set("lea", "another one")
    assert file.fits("lea", "another one")
    assert not file.fits("lea", old)


def test_a_damaged_file_is_told_and_gives_nobody_a_new_password(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(HubError, match="backup"):
        Accounts(path).fill(["lea"])
    assert path.read_text(encoding="utf-8") == "{"


def _authenticator(path: Path) -> PasswordAuthenticator:
    return PasswordAuthenticator(accounts_file=str(path), allowed_users={"lea", "course-dask"})


def test_sign_in_takes_the_right_password_of_who_is_in_hub_yaml(tmp_path: Path) -> None:
    file = Accounts(tmp_path / "accounts.json")
    passwords = file.fill(["lea", "gone"])
    authenticator = _authenticator(file.path)

    async def ask(name: str, password: str) -> str | None:
        return await authenticator.authenticate(None, {"username": name, "password": password})

    assert asyncio.run(ask("lea", passwords["lea"])) == "lea"
    assert asyncio.run(ask("lea", passwords["gone"])) is None
    assert asyncio.run(ask("gone", passwords["gone"])) is None
    assert asyncio.run(ask("course-dask", "")) is None
    assert asyncio.run(ask("", "")) is None


def test_who_guesses_waits_and_the_right_password_waits_with_him(tmp_path: Path) -> None:
    file = Accounts(tmp_path / "accounts.json")
    password = file.fill(["lea"])["lea"]
    authenticator = _authenticator(file.path)

    async def guess() -> list[str | None]:
        said = [
            await authenticator.authenticate(None, {"username": "lea", "password": f"guess {number}"})
            for number in range(accounts.FREE_TRIES + 1)
        ]
        return [*said, await authenticator.authenticate(None, {"username": "lea", "password": password})]

    assert asyncio.run(guess()) == [None] * (accounts.FREE_TRIES + 2)


def test_an_account_keeps_its_uid_and_shares_it_with_nobody(tmp_path: Path) -> None:
    file = tmp_path / "uids.json"
    uids = {name: uid_of(file, name) for name in ("lea", "luca", "course-dask")}
    assert len(set(uids.values())) == 3
    assert min(uids.values()) > 0
    assert uid_of(file, "lea") == uids["lea"]


def test_the_hubs_folders_are_its_owners_alone(tmp_path: Path) -> None:
    places = Places(tmp_path / "state")
    places.make()
    folders = [places.folder, *places.folder.iterdir()]
    assert len(folders) == 7
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
