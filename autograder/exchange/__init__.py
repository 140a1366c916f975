"""The exchange: a service of the hub that carries assignments, submissions and feedback over HTTP, and nbgrader's side
of it. In nbgrader_config.py:

    from autograder.exchange import use_exchange
    use_exchange(c)

nbgrader's commands, formgrader's buttons and JupyterLab's list of assignments then work on it; nobody shares a folder.
"""

from typing import Any

from autograder.errors import GradingError

# Names, not classes: nbgrader reads its configuration for every command, and most of them exchange nothing.
PLUGINS = {
    "exchange": "autograder.exchange.plugin.base.HttpExchange",
    "list": "autograder.exchange.plugin.listing.ExchangeList",
    "fetch_assignment": "autograder.exchange.plugin.learner.ExchangeFetchAssignment",
    "fetch_feedback": "autograder.exchange.plugin.learner.ExchangeFetchFeedback",
    "submit": "autograder.exchange.plugin.learner.ExchangeSubmit",
    "release_assignment": "autograder.exchange.plugin.instructor.ExchangeReleaseAssignment",
    "release_feedback": "autograder.exchange.plugin.instructor.ExchangeReleaseFeedback",
    "collect": "autograder.exchange.plugin.collect.ExchangeCollect",
}


def use_exchange(config: Any) -> None:
    """Lets nbgrader exchange over HTTP. Assignments are fetched into `COURSE/ASSIGNMENT`, since courses may use the
    same names, unless `c.Exchange.path_includes_course` says otherwise.

    Args:
        config: the `c` of nbgrader_config.py.

    Raises:
        GradingError: the configuration names another exchange already.
    """
    for name, plugin in PLUGINS.items():
        chosen = config.ExchangeFactory.get(name, plugin)
        if chosen != plugin:
            raise GradingError(
                "nbgrader has another exchange already.",
                where=f"nbgrader_config.py, c.ExchangeFactory.{name}",
                came=str(chosen),
                expected="none: this exchange brings its own",
                mend="take that line out, or do without use_exchange(c)",
            )
        config.ExchangeFactory[name] = plugin
    config.Exchange.setdefault("path_includes_course", True)


__all__ = ["use_exchange"]
