"""`autograder hub …`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from autograder.hub.hub import Hub


@click.group()
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Default: AUTOGRADER_HUB in the environment, else hub-config/hub.yaml in the project.",
)
@click.pass_context
def hub(context: click.Context, file: Path | None) -> None:
    """Run the hub that hub.yaml describes, on this machine."""
    context.obj = file


def _open(context: click.Context) -> "Hub":
    from autograder.hub.hub import Hub

    return Hub.open(context.obj)


@hub.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Look for mistakes in hub.yaml and on this machine; starts nothing."""
    from autograder.hub.check import check_hub
    from autograder.hub.lock import holder

    opened = _open(context)
    for sentence in check_hub(opened, running=holder(opened) is not None):
        click.echo(sentence, err=True)
    click.echo(f"{opened.file}: no mistake; {len(opened.served())} courses, {len(opened.settings.people)} people")


@hub.command()
@click.pass_context
def build(context: click.Context) -> None:
    """Build the hub's courses; one that cannot be built is named and left out."""
    from autograder.hub.courses import build_courses

    opened = _open(context)
    opened.places.make()

    def said(course: str, why: str) -> None:
        click.echo(f"  {course}: left out\n{why}" if why else f"  {course}: built", err=bool(why))

    broken = build_courses(opened, said)
    if len(broken) == len(opened.settings.courses):
        click.echo("no course could be built", err=True)
        sys.exit(1)


@hub.command()
@click.pass_context
def start(context: click.Context) -> None:
    """Check, give passwords to whoever has none, and run the hub until Ctrl-C."""
    from autograder.hub.check import check_hub
    from autograder.hub.lock import hold
    from autograder.hub.run import become_hub, prepare_accounts

    opened = _open(context)
    with hold(opened):  # says first that a hub runs, rather than that its ports are taken
        for sentence in check_hub(opened):
            click.echo(sentence, err=True)
    passwords = prepare_accounts(opened)
    if passwords:
        click.echo("passwords, shown this once (`autograder hub password NAME` gives another):")
        for name, password in passwords.items():
            click.echo(f"  {name:20} {password}")
    click.echo(f"the hub opens at {opened.base_url}/")
    become_hub(opened)


@hub.command()
@click.pass_context
def stop(context: click.Context) -> None:
    """End the hub, where it runs, and all servers; what was saved stays."""
    from autograder.hub.servers import stop_all

    ended = stop_all(_open(context))
    click.echo(f"ended; servers: {', '.join(ended) or 'none'}")


@hub.command()
@click.argument("name")
@click.option("--generate", is_flag=True, help="Make one up and print it, instead of asking.")
@click.pass_context
def password(context: click.Context, name: str, *, generate: bool) -> None:
    """Give NAME another password."""
    import secrets

    from autograder.errors import HubError
    from autograder.hub.accounts import GENERATED_BYTES, Accounts

    opened = _open(context)
    if name not in opened.settings.people:
        raise HubError("nobody has this name", where=name, expected=f"one of: {', '.join(opened.settings.people)}")
    opened.places.make()
    if generate:
        new = secrets.token_urlsafe(GENERATED_BYTES)
        click.echo(new)
    else:
        new = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    shortest = opened.settings.sign_in.shortest_password
    if len(new) < shortest:
        raise HubError("the password is too short", came=f"{len(new)} characters", expected=f"at least {shortest}")
    Accounts(opened.places.accounts_file).set(name, new)


@hub.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def health(context: click.Context, *, as_json: bool) -> None:
    """Ask the running hub, its proxy and its exchange; status 1 where one is not well."""
    from dataclasses import asdict

    from autograder.hub.status import health as ask

    parts = ask(_open(context))
    if as_json:
        click.echo(json.dumps([asdict(part) for part in parts], indent=1))
    else:
        for part in parts:
            click.echo(f"{part.name:12} {'well' if part.well else 'NOT WELL':9} {part.said}")
    if not all(part.well for part in parts):
        sys.exit(1)


@hub.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(context: click.Context, archive: Path) -> None:
    """Write hub, exchange, homes, courses and gradebooks to ARCHIVE (a .tar.gz); the hub may run meanwhile."""
    from autograder.hub.backup import back_up

    count, size_bytes = back_up(_open(context), archive)
    click.echo(f"{archive}: {count} files, {size_bytes / 2**20:.1f} MiB")


@hub.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Also where the hub's folder holds something; that is kept beside it.")
@click.pass_context
def restore(context: click.Context, archive: Path, *, force: bool) -> None:
    """Put back what `backup` wrote; every file's hash is compared. The hub must not run."""
    from autograder.hub.backup import put_back

    count = put_back(_open(context), archive, force=force)
    click.echo(f"{count} files put back, all hashes equal")
