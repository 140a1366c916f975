"""Late penalties, by nbgrader's own step and the plugin that the course's nbgrader_config.py names."""

from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa
from nbformat.v4 import new_notebook
from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.orm import Session
from traitlets.config import Config
from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader


def late_submissions(session: Session, units: Collection[str]) -> list[tuple[str, str, str]]:
    """(learner, unit, notebook) of what came after its due date, or has a penalty from earlier that may have to go."""
    due = sa.and_(api.Assignment.duedate.is_not(None), api.SubmittedAssignment.timestamp > api.Assignment.duedate)
    rows = session.execute(
        sa.select(api.SubmittedAssignment.student_id, api.Assignment.name, api.Notebook.name)
        .select_from(api.SubmittedNotebook)
        .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
        .join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
        .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
        .where(api.Assignment.name.in_(list(units)))
        .where(sa.or_(due, api.SubmittedNotebook.late_submission_penalty.is_not(None)))
    )
    return [(learner, unit, notebook) for learner, unit, notebook in rows]


def assign_penalties(course_dir: Path, late: list[tuple[str, str, str]]) -> None:
    """Give each its penalty; giving it again changes nothing. nbgrader's default plugin gives none."""
    if not late:
        return
    step = AssignLatePenalties(config=_course_config(course_dir))
    for learner, unit, notebook in late:
        marks = {"student": learner, "assignment": unit, "notebook": notebook}
        marks["db_url"] = f"sqlite:///{(course_dir / 'gradebook.db').absolute()}"
        step.preprocess(new_notebook(), {"nbgrader": marks})


def _course_config(course_dir: Path) -> Config:
    try:
        config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(course_dir)).load_config()
    except ConfigFileNotFound:
        return Config()
    return config
