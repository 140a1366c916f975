"""Says what happened when a cell has given another value to the name `wb`."""

import sys
from typing import Any


def watch() -> None:
    """Looks after each cell that failed, in this IPython session, whether `wb` is still the workbench."""
    shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", _look)


def _look(result: Any) -> None:
    shell = sys.modules["IPython"].get_ipython()
    failed = isinstance(result.error_in_exec, (AttributeError, NameError, TypeError))
    if not failed or result.info is None or "wb." not in str(result.info.raw_cell):
        return
    found = shell.user_ns.get("wb")
    if found is sys.modules.get("workbench"):
        return
    came = "is gone" if found is None else f"is now of type {type(found).__name__}"
    print(f"The name wb {came}: a cell gave it another value. Run `import workbench as wb`; rename the other value.")
