"""Who is no longer in hub.yaml loses access at the next start, whatever the hub's database holds."""

from pathlib import Path

from jupyterhub import orm

from autograder.hub.hub import Hub
from autograder.hub.reconcile import forget_others
from autograder.hub.servers import database_url, running_servers
from tests.integration.hub_here import write_hub_yaml


def test_people_groups_and_memberships_that_hub_yaml_does_not_name_go(tmp_path: Path) -> None:
    hub = Hub.open(write_hub_yaml(tmp_path))
    hub.places.make()
    db = orm.new_session_factory(database_url(hub))()
    users = {name: orm.User(name=name) for name in ("lea", "luca", "gone", "course-dask", "course-old")}
    groups = {name: orm.Group(name=name) for name in ("learner-dask", "instructor-dask", "instructor-old")}
    groups["learner-dask"].users = [users["lea"], users["gone"]]
    groups["instructor-dask"].users = [users["lea"], users["course-dask"]]  # lea taught last year
    groups["instructor-old"].users = [users["luca"], users["course-old"]]
    db.add_all([*users.values(), *groups.values()])
    db.commit()
    left = orm.APIToken(note="last year's", user=users["gone"])
    left.token = "0123456789abcdef" * 2
    db.add(left)
    db.commit()
    db.close()
    forget_others(hub)
    db = orm.new_session_factory(database_url(hub))()
    members = {group.name: sorted(user.name for user in group.users) for group in db.query(orm.Group)}
    assert members == {"learner-dask": ["lea"], "instructor-dask": ["course-dask"]}
    assert {user.name for user in db.query(orm.User)} == {"lea", "luca", "course-dask"}
    assert db.query(orm.APIToken).count() == 0
    db.close()
    assert running_servers(hub) == {}
