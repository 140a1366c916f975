"""A JupyterLab of somebody alone on a machine, and what they press in it."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.integration.servers_here import end, free_ports, wait_for_answer

WAIT_MS = 60_000
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are there, too
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextmanager
def running_lab(folder: Path, scratch: Path) -> Iterator[str]:
    """The address of a JupyterLab on `folder`. Settings and the learner's records lie in `scratch`."""
    for name, settings in SETTINGS.items():
        path = scratch / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    (port,) = free_ports(1)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("JPY_", "WORKBENCH_"))}
    environment |= {
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "XDG_DATA_HOME": str(scratch / "share"),
    }
    command = ["jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--IdentityProvider.token=", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    said = scratch / "lab.log"
    with said.open("wb") as log:
        lab = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/api", lab, said, 120)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(lab, 20)


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page, address: str, path: str) -> None:
        self.page = page
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{address}/lab/tree/{path}?reset")
        expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=WAIT_MS)
        self.cells = page.locator(".jp-NotebookPanel .jp-CodeCell")

    def choose(self, menu: str, *items: str) -> None:
        """An item of the menu bar; items before the last one are submenus."""
        self.page.locator(".lm-MenuBar-item", has_text=menu).click()
        for item in items[:-1]:
            self.page.locator(".lm-Menu-item", has=self.page.get_by_text(item, exact=True)).first.hover()
        self.page.locator(".lm-Menu-item", has=self.page.get_by_text(items[-1], exact=True)).click()

    def run_all(self) -> None:
        """Runs all cells, and waits for the last one."""
        self.choose("Run", "Run All Cells")
        expect(self.cells.last.locator(".jp-InputPrompt")).to_have_text(f"[{self.cells.count()}]:", timeout=WAIT_MS)

    def save(self) -> None:
        """Saves it, and waits for that."""
        self.page.keyboard.press("Control+S")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0, timeout=WAIT_MS)

    def cell(self, source: str) -> Locator:
        """The first code cell whose source or output holds this text; folded source is not seen."""
        return self.cells.filter(has_text=source).first

    def tab_to(self, target: Locator, most: int = 60) -> None:
        """Presses the Tab key until this has the focus."""
        for presses in range(most + 1):
            if target.evaluate("element => element === document.activeElement"):
                return
            if presses < most:
                self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not reach {target}")
