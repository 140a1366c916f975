"""What each role may: scopes of the hub, and what a grader may ask of a course's server."""

from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from autograder.hub.course_server import grader_may
from autograder.hub.hub import Hub
from autograder.hub.run import prepare_accounts
from autograder.hub.server_files import server_config, write_server_files
from autograder.hub.setters import SETTERS
from tests.integration.hub_here import write_hub_yaml

MAY = [
    ("GET", "/formgrader"),
    ("GET", "/formgrader/"),
    ("GET", "/formgrader/manage_assignments"),
    ("GET", "/formgrader/manage_submissions/roofline"),
    ("GET", "/formgrader/gradebook"),
    ("GET", "/formgrader/gradebook/roofline/roofline"),
    ("GET", "/formgrader/manage_students/lea/roofline"),
    ("GET", "/formgrader/submissions/0f3a/"),
    ("GET", "/formgrader/submissions/0f3a/next"),
    ("GET", "/formgrader/static/css/formgrade.css"),
    ("GET", "/formgrader/api/assignments"),
    ("GET", "/formgrader/api/grades"),
    ("GET", "/formgrader/api/submission/roofline/lea"),
    ("PUT", "/formgrader/api/grade/0f3a"),
    ("PUT", "/formgrader/api/comment/0f3a"),
    ("POST", "/formgrader/api/submitted_notebook/0f3a/flag"),
    ("GET", "/oauth_callback"),
    ("GET", "/static/style/style.min.css"),
]
MAY_NOT = [
    ("POST", "/formgrader/api/assignment/roofline/release"),
    ("POST", "/formgrader/api/assignment/roofline/unrelease"),
    ("POST", "/formgrader/api/assignment/roofline/assign"),
    ("POST", "/formgrader/api/assignment/roofline/collect"),
    ("POST", "/formgrader/api/assignment/roofline/generate_feedback"),
    ("POST", "/formgrader/api/assignment/roofline/release_feedback"),
    ("POST", "/formgrader/api/assignment/roofline/lea/release_feedback"),
    ("POST", "/formgrader/api/assignment/roofline/lea/generate_feedback"),
    ("POST", "/formgrader/api/submission/roofline/lea/autograde"),
    ("PUT", "/formgrader/api/assignment/roofline"),
    ("PUT", "/formgrader/api/student/lea"),
    ("DELETE", "/formgrader/api/grade/0f3a"),
    ("PUT", "/formgrader/api/grade/0f3a/x"),
    ("GET", "/formgrader/api/grade/../../../api/contents"),
    ("GET", "/formgrader/static/../../api/contents"),
    ("GET", "/formgrader/submissions/..%2f..%2fsource"),
    ("GET", "//api/contents"),
    ("GET", "/api/contents"),
    ("GET", "/api/contents/gradebook.db"),
    ("PUT", "/api/contents/source/roofline/roofline.ipynb"),
    ("GET", "/files/gradebook.db"),
    ("GET", "/lab"),
    ("GET", "/tree"),
    ("GET", "/edit/nbgrader_config.py"),
    ("GET", "/api/kernels"),
    ("POST", "/api/kernels"),
    ("GET", "/api/kernels/0f3a/channels"),
    ("POST", "/api/sessions"),
    ("POST", "/api/terminals"),
    ("GET", "/terminals/websocket/1"),
    ("POST", "/api/shutdown"),
    ("GET", "/nbconvert/html/source/roofline/roofline.ipynb"),
    ("OPTIONS", "/api/contents"),
]


@pytest.mark.parametrize(("method", "path"), MAY)
def test_a_grader_may_look_and_give_points(method: str, path: str) -> None:
    assert grader_may(method, path, {})


@pytest.mark.parametrize(("method", "path"), MAY_NOT)
def test_a_grader_may_do_nothing_else(method: str, path: str) -> None:
    assert not grader_may(method, path, {})


def test_a_grader_may_not_have_a_configuration_loaded_from_a_path() -> None:
    assert not grader_may("GET", "/formgrader", {"path": [b"/tmp"]})


@pytest.fixture
def configured(tmp_path: Path) -> Any:
    hub = Hub.open(write_hub_yaml(tmp_path))
    prepare_accounts(hub)
    config = Config()
    for setter in SETTERS:
        setter(config, hub)
    return config


def _scopes(config: Any, name: str) -> set[str]:
    (role,) = [role for role in config.JupyterHub.load_roles if role["name"] == name]
    return set(role["scopes"])


def test_no_role_and_no_token_is_an_admins(configured: Any) -> None:
    roles = configured.JupyterHub.load_roles
    scopes = {scope for role in roles for scope in role["scopes"]}
    assert not any(scope.startswith("admin") for scope in scopes)
    assert {role["name"] for role in roles} & {"admin", "user"} == set()
    assert configured.PasswordAuthenticator.admin_users == set()
    assert not any(service.get("admin") for service in configured.JupyterHub.services)


def test_a_course_is_reached_by_its_own_people_alone(configured: Any) -> None:
    instructor, grader = _scopes(configured, "instructor-dask"), _scopes(configured, "grader-dask")
    assert all(scope.endswith("!user=course-dask") for scope in instructor | grader)
    assert instructor - grader == {"custom:course:instruct!user=course-dask"}
    (role,) = [role for role in configured.JupyterHub.load_roles if role["name"] == "grader-dask"]
    assert role["groups"] == ["grader-dask"]


def test_no_role_opens_a_learners_server(configured: Any) -> None:
    learners = {"lea", "luca", "lina", "leon"}
    for role in configured.JupyterHub.load_roles:
        assert not any(scope.partition("!user=")[2] in learners for scope in role["scopes"])
        assert "access:servers" not in role["scopes"]
        assert "servers" not in role["scopes"]


def test_the_exchange_may_ask_who_is_who_and_change_nothing(configured: Any) -> None:
    assert all(scope.startswith(("read:", "list:")) for scope in _scopes(configured, "exchange-service"))


def test_everything_but_the_proxys_front_listens_on_loopback(configured: Any) -> None:
    urls = [configured.JupyterHub.hub_bind_url, configured.ConfigurableHTTPProxy.api_url]
    urls += [service["url"] for service in configured.JupyterHub.services if "url" in service]
    assert len(urls) == 3
    assert all(url.startswith("http://127.0.0.1:") for url in urls)


def test_a_busy_kernel_is_never_ended_and_others_are_in_time(tmp_path: Path) -> None:
    hub = Hub.open(write_hub_yaml(tmp_path, idle={"kernel_after_minutes": 20, "server_after_minutes": 10}))
    config = server_config(hub.settings.idle, ("formgrader",))
    kernels = config["MappingKernelManager"]
    assert kernels["cull_busy"] is False
    assert (kernels["cull_idle_timeout"], config["ServerApp"]["shutdown_no_activity_timeout"]) == (1200, 600)
    assert config["KernelManager"]["transport"] == "ipc"


def test_jupyterhub_config_is_short() -> None:
    from autograder.hub.hub import CONFIG_FOLDER

    assert len((CONFIG_FOLDER / "jupyterhub_config.py").read_text(encoding="utf-8").splitlines()) < 50


def test_servers_that_outlive_the_hub_keep_the_folder_of_their_settings(tmp_path: Path) -> None:
    hub = Hub.open(write_hub_yaml(tmp_path))
    hub.places.make()
    write_server_files(hub.settings, hub.places)
    folder = hub.places.run / "person"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    number = folder.stat().st_ino
    (folder / "labconfig" / "stale.json").write_text("{}")
    write_server_files(hub.settings, hub.places)
    assert folder.stat().st_ino == number
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert "nbgrader_config.py" in {path.name for path in before}
