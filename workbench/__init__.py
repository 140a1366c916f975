"""What a learner imports: checks of a graded part, and help on the way from a laptop to a cluster.

Everything is loaded when it is first used, so that `import workbench` takes no time.
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.lessons.clusters import cluster
    from workbench.lessons.ordering import order
    from workbench.lessons.pictures import picture
    from workbench.lessons.places import device, profile
    from workbench.lessons.predictions import predict, settle
    from workbench.lessons.quizzes import quiz
    from workbench.lessons.sliders import explore
    from workbench.lessons.turns import your_turn
    from workbench.notebook import check, hint
    from workbench.rank_processes import ranks
    from workbench.standing import progress

__all__ = [
    "check",
    "cluster",
    "device",
    "explore",
    "hint",
    "order",
    "picture",
    "predict",
    "profile",
    "progress",
    "quiz",
    "ranks",
    "settle",
    "your_turn",
]

# No module may have the name of a function here: importing it would put the module in the function's place.
_HOME = {
    "check": "workbench.notebook",
    "cluster": "workbench.lessons.clusters",
    "device": "workbench.lessons.places",
    "explore": "workbench.lessons.sliders",
    "hint": "workbench.notebook",
    "order": "workbench.lessons.ordering",
    "picture": "workbench.lessons.pictures",
    "predict": "workbench.lessons.predictions",
    "profile": "workbench.lessons.places",
    "progress": "workbench.standing",
    "quiz": "workbench.lessons.quizzes",
    "ranks": "workbench.rank_processes",
    "settle": "workbench.lessons.predictions",
    "your_turn": "workbench.lessons.turns",
}

LINK_FD = "WORKBENCH_LINK_FD"
link_fd_at_import = os.environ.get(LINK_FD, "")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])


if "IPython" in sys.modules:
    from workbench import shadowing

    shadowing.watch()
