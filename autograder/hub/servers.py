"""The servers that run, by what the hub has noted of them; they outlive the hub."""

import json
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.orm import Session

from autograder.hub.hub import Hub
from autograder.hub.lock import holder
from autograder.hub.spawner import end_server
from autograder.sandbox.meter import started_at

END_TIMEOUT_S = 30


def database_url(hub: Hub) -> str:
    """The hub's own database."""
    return hub.settings.storage.database or f"sqlite:///{hub.places.hub / 'hub.sqlite'}"


def running_servers(hub: Hub) -> dict[str, int]:
    """Account → the first process of its server."""
    url = database_url(hub)
    if url.startswith("sqlite") and not (hub.places.hub / "hub.sqlite").exists():
        return {}
    engine = create_engine(url)
    try:
        if not inspect(engine).has_table("spawners"):
            return {}
        with Session(engine) as db:
            rows = db.execute(text("select users.name, spawners.state from spawners join users on users.id = user_id"))
            states = {str(name): json.loads(state or "{}") for name, state in rows}
    finally:
        engine.dispose()
    return {name: state["first"] for name, state in states.items() if is_running(state)}


def is_running(state: Mapping[str, Any] | None) -> bool:
    """Whether the server that the hub noted still runs."""
    first = (state or {}).get("first", 0)
    return bool(first) and state is not None and started_at(first) == state.get("since")


def stop_all(hub: Hub) -> list[str]:
    """Ends the hub, where it runs, then all servers; the accounts whose servers were ended."""
    pid = holder(hub)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline_s = time.monotonic() + END_TIMEOUT_S
        while holder(hub) is not None:
            if time.monotonic() > deadline_s:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
    running = running_servers(hub)
    for first in running.values():
        end_server(first)
    return list(running)
