"""Takes out of the hub's database who is no longer in hub.yaml: JupyterHub itself only ever adds."""

from jupyterhub import orm

from autograder.hub.hub import Hub
from autograder.hub.servers import database_url, is_running
from autograder.hub.spawner import end_server


def forget_others(hub: Hub) -> None:
    """Before the hub starts: removes people and their tokens, memberships and groups that hub.yaml does not name.

    Homes, submissions and marks stay.
    """
    wanted = hub.settings.groups()
    accounts = set(hub.accounts())
    db = orm.new_session_factory(database_url(hub))()
    try:
        for group in db.query(orm.Group):
            if group.name not in wanted:
                db.delete(group)
            else:
                group.users = [user for user in group.users if user.name in wanted[group.name]]
        for user in db.query(orm.User):
            if user.name not in accounts:
                for spawner in user.orm_spawners.values():
                    if is_running(spawner.state):
                        end_server(spawner.state["first"])
                db.delete(user)
        db.commit()
    finally:
        db.close()
