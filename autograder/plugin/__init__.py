"""nbgrader's own `nbgrader autograde`, and formgrader's Autograde button, by this engine.

Two lines in nbgrader_config.py:

    from autograder.plugin import use_sandbox
    use_sandbox(c)

Exercises of the kit are then graded as `autograder grade` does, and ordinary assignments run in the sandbox.
"""

from typing import Any

from autograder.errors import GradingError

# A name, not the class: nbgrader reads its configuration for every command, and most of them grade nothing.
EXPORTER = "autograder.plugin.exporter.SandboxedExporter"


def use_sandbox(config: Any) -> None:
    """Lets nbgrader grade with this engine, by its command line and by formgrader.

    Args:
        config: the `c` of nbgrader_config.py.

    Raises:
        GradingError: the configuration names another exporter for nbgrader's autograde.
    """
    chosen = config.Autograde.get("exporter_class", EXPORTER)
    if chosen != EXPORTER:
        raise GradingError(
            "nbgrader's autograde has another exporter already.",
            where="nbgrader_config.py, c.Autograde.exporter_class",
            came=str(chosen),
            expected="none: the sandbox comes in by its own",
            mend="take that line out, or do without use_sandbox(c)",
        )
    config.Autograde.exporter_class = EXPORTER


__all__ = ["use_sandbox"]
