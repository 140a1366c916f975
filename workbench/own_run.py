"""Runs a learner's own notebook from top to bottom and reads what its visible checks gave.

With nbgrader's variable set to "autograde", `wb.check` ends in its points as a bare number: nbgrader's partial credit.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import KitError

if TYPE_CHECKING:
    from nbclient import NotebookClient

KERNEL_START_S = 180


@dataclass
class OwnRun:
    """What came of a run.

    Attributes:
        points: by the grade id of each part's cell.
        why_not: of a part without points, why.
        of: the points of all graded cells, as the exercise was handed out.
        sentence: what ended or disturbed the run; "" where nothing did.
    """

    points: dict[str, float] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)
    of: float = 0.0
    sentence: str = ""


def run_and_read(notebook: Path, profile: str, cell_timeout_s: int) -> OwnRun:
    """Runs every cell, also after one that fails. Nothing is written: outputs in the file stay as they are.

    Raises:
        KitError: the file is no notebook, or its kernel does not start.
    """
    from nbclient import NotebookClient

    node = _read(notebook)
    run = OwnRun(of=sum(_marks(cell).get("points", 0) for cell in node.cells if _marks(cell).get("grade")))
    environment = {**os.environ, "NBGRADER_EXECUTION": "autograde", "WORKBENCH_PROFILE": profile}
    environment["WORKBENCH_RECORDS"] = "0"  # one's progress is what one did in the notebook
    client = NotebookClient(
        node,
        timeout=cell_timeout_s,
        interrupt_on_timeout=True,
        allow_errors=True,
        kernel_name="python3",
        startup_timeout=KERNEL_START_S,
        extra_arguments=["--log-level=ERROR"],  # no word on stderr about how Jupyter's messages travel
        resources={"metadata": {"path": str(notebook.absolute().parent)}},
    )
    try:
        with client.setup_kernel(env=environment):
            _run_cells(client, node, run)
    except RuntimeError as error:
        mend = "try `workbench doctor`, and again when the machine has less to do"
        raise KitError("the notebook's kernel did not start", str(notebook), str(error), mend=mend) from None
    return run


def _run_cells(client: "NotebookClient", node: Any, run: OwnRun) -> None:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    for index, cell in enumerate(node.cells):
        if cell.cell_type != "code":
            continue
        name = _marks(cell).get("grade_id", "")
        try:
            client.execute_cell(cell, index)
        except CellTimeoutError:
            run.why_not[name] = "(out of time)"
        except DeadKernelError:
            run.why_not[name] = "(the kernel ended)"
            run.sentence = f"The notebook ended its own kernel in cell {index + 1}; what follows did not run."
            return
        _take(cell, name, run)


def _read(notebook: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        raise KitError(
            "the notebook cannot be read",
            where=str(notebook),
            came=str(error)[:300],
            mend="open it in JupyterLab and save it; or take the last good one from its .ipynb_checkpoints",
        ) from None


def _marks(cell: Any) -> Mapping[str, Any]:
    marks = cell.metadata.get("nbgrader", {})
    return marks if isinstance(marks, dict) else {}


def _take(cell: Any, name: str, run: OwnRun) -> None:
    """The number that the part's cell ended in, or the error that it raised."""
    if not name.startswith("part-"):
        return
    for output in cell.outputs:
        if output.output_type == "execute_result":
            try:
                run.points[name] = float(output.data.get("text/plain", ""))
            except ValueError:
                run.why_not[name] = "(no points came)"
        elif output.output_type == "error":
            run.why_not[name] = f"({output.get('ename', 'error')})"
