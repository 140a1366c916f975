"""A course's own server: formgrader, for the course's instructors and graders.

An instructor may do all that the server can. A grader may look through what was handed in, and write points, comments
and flags; every other request of a grader is refused before it reaches a handler.
"""

import os
import re
from typing import Any

from jupyterhub.singleuser.extension import JupyterHubIdentityProvider, JupyterHubSingleUser
from tornado.web import HTTPError

from autograder.hub.models import account_of, course_of

# What a grader may ask for, below the server's address. Not `/formgrader?path=…`: it loads a configuration from there.
_NAME = r"[^/]+"
GRADERS_PAGES = re.compile(
    rf"/formgrader/?|/formgrader/(manage_assignments|gradebook|manage_students)(/{_NAME}){{0,2}}/?"
    rf"|/formgrader/manage_submissions/{_NAME}/?|/formgrader/submissions/.+|/formgrader/(static|fonts)/.+"
)
GRADERS_READS = re.compile(
    rf"/formgrader/api/(status|assignments|students|grades|comments)"
    rf"|/formgrader/api/(assignment|notebooks|submissions|student|grade|comment|student_submissions)/{_NAME}"
    rf"|/formgrader/api/(submission|submitted_notebooks|student_notebook_submissions)/{_NAME}/{_NAME}"
)
GRADERS_WRITES = {
    "PUT": re.compile(rf"/formgrader/api/(grade|comment)/{_NAME}"),
    "POST": re.compile(rf"/formgrader/api/submitted_notebook/{_NAME}/flag"),
}
# Nobody's business in particular: signing in and out, and pictures of the server itself.
FOR_ALL = re.compile(r"/(oauth_callback|logout|static/.+|favicon\.ico|custom/custom\.css)")


def grader_may(method: str, path: str, arguments: dict[str, Any]) -> bool:
    """Whether a grader may make a request.

    Args:
        path: below the server's own address, as `/formgrader/api/grades`.
        arguments: of the query.
    """
    if ".." in path or "//" in path or "%" in path:
        return False
    if FOR_ALL.fullmatch(path):
        return True
    if method in ("GET", "HEAD"):
        if GRADERS_READS.fullmatch(path):
            return True
        return bool(GRADERS_PAGES.fullmatch(path)) and "path" not in arguments
    return method in GRADERS_WRITES and bool(GRADERS_WRITES[method].fullmatch(path))


class CourseIdentityProvider(JupyterHubIdentityProvider):  # type: ignore[misc]
    """Asks the hub who it is, then refuses what a grader may not. Every handler asks it before anything else."""

    async def get_user(self, handler: Any) -> Any:
        """The user; None where nobody has signed in.

        Raises:
            HTTPError: 403, for a grader and this request.
        """
        user = await super().get_user(handler)
        if user is None or self._teaches(user):
            return user
        request = handler.request
        path = "/" + request.path.removeprefix(self.hub_auth.base_url).lstrip("/")
        if not grader_may(request.method, path, request.arguments):
            self.log.warning("course=%s person=%s refused: %s %s", self._course, user.username, request.method, path)
            raise HTTPError(403, "A grader gives points and comments; this is for instructors.")
        return user

    def _teaches(self, user: Any) -> bool:
        """Whether the hub lets this person teach, or it is the course's own account."""
        if user.username == _own_account():
            return True
        wanted = f"custom:course:instruct!user={account_of(self._course)}"
        return bool(self.hub_auth.check_scopes({wanted}, user.hub_user))

    @property
    def _course(self) -> str:
        return course_of(_own_account())


class CourseServer(JupyterHubSingleUser):  # type: ignore[misc]
    """JupyterHub's single-user server with our question in front of every handler."""

    name = "course-server"

    @classmethod
    def get_extension_package(cls) -> str:
        """Where `_jupyter_server_extension_points` is."""
        return __name__

    def load_config_file(self) -> None:
        """After JupyterHub has set who is asked."""
        super().load_config_file()
        self.config.ServerApp.identity_provider_class = CourseIdentityProvider
        self.serverapp.update_config(self.config)


def _own_account() -> str:
    return os.environ["JUPYTERHUB_USER"]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": CourseServer}]


def main() -> None:
    """Runs the server."""
    CourseServer.launch_instance()
