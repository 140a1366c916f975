"""What must hold for the trusted side itself: it unpickles nothing, and nothing of a learner's runs as root."""

import ast
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from autograder.grade.marks import PartMark
from tests.attacks.attack import SECRETS, World, all_attacks, bundle, grade, submitted
from workbench.running import Outcome

ROOT = Path(__file__).parents[2]
# The learner's side: what runs in his process may do there what it wants.
LEARNERS_SIDE = {"workbench/ranks.py", "workbench/rank_processes.py", "workbench/rank_server.py"}
# Authors' files and the kit's own text, never a learner's: loading checks, probes in the learner's process.
EXECUTES = {"workbench/loading.py", "workbench/serve.py"}
UNPICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}


def trusted_modules() -> list[Path]:
    paths = sorted([*(ROOT / "autograder").rglob("*.py"), *(ROOT / "workbench").rglob("*.py")])
    return [path for path in paths if path.relative_to(ROOT).as_posix() not in LEARNERS_SIDE]


def unpickling(tree: ast.AST) -> list[str]:
    """Imports of pickling modules, and calls that may unpickle, of a module."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in UNPICKLERS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNPICKLERS:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("torch.load", "numpy.load", "np.load", "pandas.read_pickle", "yaml.load", "pd.read_pickle"):
                found.append(called)
            if any(keyword.arg == "allow_pickle" for keyword in node.keywords):
                found.append("allow_pickle")
            # multiprocessing's send and recv pickle; send_bytes and recv_bytes do not.
            if isinstance(node.func, ast.Attribute) and node.func.attr == "recv" and "control" in called:
                found.append(called)
    return found


@pytest.mark.parametrize("path", trusted_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_of_the_trusted_side_can_unpickle(path: Path) -> None:
    assert unpickling(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_search_for_unpickling_finds_each_way() -> None:
    ways = [
        "import pickle",
        "from dill import loads",
        "torch.load(f)",
        "np.load(f, allow_pickle=True)",
        "control.recv()",
    ]
    assert all(unpickling(ast.parse(way)) for way in ways)


def test_only_authors_text_is_ever_executed() -> None:
    executing = set()
    for path in trusted_modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "eval",
                "exec",
                "builtins.exec",
                "builtins.eval",
            ):
                executing.add(path.relative_to(ROOT).as_posix())
    assert executing <= EXECUTES, executing


class Harmless:
    def __reduce__(self) -> Any:
        return (os.getpid, ())


def test_the_referee_process_refuses_to_unpickle() -> None:
    text = pickle.dumps(Harmless())
    code = (
        "import pickle, sys\n"
        "from autograder.referee.process import forbid_unpickling\n"
        "forbid_unpickling()\n"
        "try:\n    pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "except RuntimeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, text.hex()], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert done.stdout.strip() == "the referee never unpickles"


def uids_below(pid: int) -> dict[int, tuple[str, list[str]]]:
    """Of each process whose ancestors include `pid`: command line, and its four host uids."""
    parents, seen = {}, {}
    for entry in Path("/proc").iterdir():
        try:
            status = (entry / "status").read_text()
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError):
            continue
        if not entry.name.isdigit():
            continue
        parents[int(entry.name)] = int(re.search(r"^PPid:\s+(\d+)", status, re.M)[1])  # type: ignore[index]
        seen[int(entry.name)] = (command, re.search(r"^Uid:\s+(.*)", status, re.M)[1].split())  # type: ignore[index]
    below = {}
    for number in seen:
        above = number
        while above in parents and above != pid:
            above = parents[above]
        if above == pid and number != pid:
            below[number] = seen[number]
    return below


@pytest.mark.needs_sandbox
@pytest.mark.needs_root
def test_nothing_that_a_learner_starts_runs_as_root_of_the_host(world: World) -> None:
    attack = next(attack for attack in all_attacks() if attack.name == "output/noise_on_stderr")
    notebook = submitted(attack, world)
    sleep = f"[sys.executable, '-c', 'import time; time.sleep(1.5)', '{world.token}']"
    source = f"import subprocess, sys\nsubprocess.run({sleep})"
    cell = {
        "cell_type": "code",
        "id": "mine-0",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    notebook["cells"].insert(1, cell)
    grading = threading.Thread(target=grade, args=(notebook,))
    found: dict[int, tuple[str, list[str]]] = {}
    grading.start()
    while grading.is_alive():
        found |= {n: seen for n, seen in uids_below(os.getpid()).items() if world.token in seen[0]}
        grading.join(0.05)
    assert found, "the learner's process was not seen"
    assert all("0" not in uids for _, uids in found.values()), found


@pytest.mark.needs_sandbox
def test_hidden_files_of_the_bundle_never_enter_a_sandbox() -> None:
    from autograder.grade.attempt import REFEREE_ONLY

    hidden = [name for name, content in bundle().files.items() if b"canary" in content]
    assert hidden == ["hidden.py"] and set(hidden) <= set(REFEREE_ONLY)
    assert "canary" not in json.dumps(bundle().skeleton)


def test_the_text_of_a_visible_check_that_broke_is_told_again_without_hidden_inputs() -> None:
    """An exception in a check may quote the learner's value, and that a hidden input which he has seen before."""
    broke = Outcome("check", "Check", True, 1.0, 0.0, "broke", message="ValueError: could not convert '735192.25'")
    mark = PartMark([[broke]])
    assert mark.has_learner_text()
    mark.forget_texts()
    assert SECRETS.findall(str(mark.worst)) == []
