"""The settings files of servers: which extensions run, and when what is idle is ended. A busy kernel never is."""

import json
import os
from pathlib import Path
from typing import Any

from autograder.hub.hub import CONFIG_FOLDER
from autograder.hub.models import HubSettings, Idle
from autograder.hub.places import Places
from workbench.lessons import dashboards

EXTENSIONS = ("assignment_list", "course_list", "formgrader", "validate_assignment")
# For a person: a list of assignments, and a button that validates. Formgrader runs on the courses' own servers alone.
PERSONS_EXTENSIONS = ("assignment_list", "validate_assignment")
# The dashboard of `wb.cluster()`, by a Unix socket.
DATA = "data"  # below the settings: what comes before Jupyter's own data
DASHBOARD_PAGE = "autograder.hub.dashboard_page"
DASHBOARD_SOCKET = "/tmp/dask/dashboard.sock"  # noqa: S108 - the server's own folder
# Each takes part of a second at every start: language servers (none are installed), the other user interface, text
# as notebooks (authors have it in their own JupyterLab).
NOT_NEEDED = ("jupyter_lsp", "notebook", "jupyterlab_jupytext")
HIDDEN_FROM_PERSONS = ("formgrader", "course-list", "create-assignment")
# nbconvert's own macro takes MathJax from a server of the world, whose script would run in an instructor's browser.
# nbgrader's grading page waits for MathJax's signal before it scrolls: it gets that. Formulas stay as they are written.
NO_MATHJAX = """\
{%- macro mathjax(url="") -%}
<script>
window.MathJax = {Hub: {Config() {}, Queue() {}, Startup: {signal: {Interest(tell) { tell("End"); }}}}};
</script>
{%- endmacro %}
"""
HIDDEN_FROM_COURSES = ("assignment-list", "course-list")


def write_server_files(settings: HubSettings, places: Places) -> None:
    """Writes `run/person` and `run/course`: what servers find in JUPYTER_CONFIG_PATH.

    The folders themselves stay: servers that have outlived the hub see them through a mount.
    """
    person = server_config(settings.idle, PERSONS_EXTENSIONS) | _dashboard()
    person["ServerApp"]["jpserver_extensions"][DASHBOARD_PAGE] = True
    _write(places.run / "person", person, HIDDEN_FROM_PERSONS)
    _write(places.run / "course", server_config(settings.idle, ("formgrader",)), HIDDEN_FROM_COURSES)
    for course, who in settings.courses.items():
        people = {name: settings.people[name].full_name for name in who.learners}
        path = names_file(places, course)
        path.write_text(json.dumps({name: said for name, said in people.items() if said}), encoding="utf-8")
        path.chmod(0o644)  # read by the course's uid, through a mount of its own


def names_file(places: Places, course: str) -> Path:
    """The full names of a course's learners, for its own server."""
    return places.run / f"names-{course}.json"


def server_config(idle: Idle, extensions: tuple[str, ...]) -> dict[str, Any]:
    """jupyter_server_config.json of one kind of server."""
    kernel_s, check_s = int(60 * idle.kernel_after_minutes), max(1, int(60 * idle.check_every_minutes))
    chosen = {f"nbgrader.server_extensions.{name}": name in extensions for name in EXTENSIONS}
    chosen |= dict.fromkeys((*NOT_NEEDED, "jupyter_server_proxy"), False)
    return {
        "ServerApp": {
            "jpserver_extensions": chosen,
            # Only once no kernel and no terminal is left, so never while something computes.
            "shutdown_no_activity_timeout": int(60 * idle.server_after_minutes),
        },
        "MappingKernelManager": {
            "cull_idle_timeout": kernel_s,
            "cull_interval": check_s,
            "cull_busy": False,
            "cull_connected": True,
        },
        "TerminalManager": {"cull_inactive_timeout": kernel_s, "cull_interval": check_s},
        # Ports of loopback are shared with the other servers, and whoever finds a kernel's may read its outputs.
        "KernelManager": {"transport": "ipc"},
    }


def _dashboard() -> dict[str, Any]:
    launcher = {"enabled": False}  # there is nothing to see before a cluster runs, and then a cell shows the link
    page = {"unix_socket": DASHBOARD_SOCKET, "launcher_entry": launcher, "new_browser_tab": True}
    return {"ServerProxy": {"servers": {dashboards.NAME: page}}}


def _write(folder: Path, config: dict[str, Any], hidden: tuple[str, ...]) -> None:
    disabled = {f"@jupyter/nbgrader:{name}": True for name in hidden}
    disabled["@jupyterlab/apputils-extension:announcements"] = True  # asks a server of the world for news
    shown_as = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}}
    texts = {
        "jupyter_server_config.json": json.dumps(config, indent=1),
        "labconfig/page_config.json": json.dumps({"disabledExtensions": disabled}, indent=1),
        "labconfig/default_setting_overrides.json": json.dumps(shown_as, indent=1),  # the page that a learner lands on
        f"{DATA}/nbconvert/templates/base/mathjax.html.j2": NO_MATHJAX,
        "nbgrader_config.py": (CONFIG_FOLDER / "nbgrader_config.py").read_text(encoding="utf-8"),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        new = (folder / name).with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, folder / name)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in texts:
            path.unlink()
    # Read by other uids, through a mount of their own; nobody else comes by.
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
