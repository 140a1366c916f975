"""A program in the sandbox: what it is given, what it cannot do, and that nothing of it is left."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import SandboxError
from autograder.sandbox.launch import Sandbox, bubblewrap, sandbox_command, start
from autograder.sandbox.limits import PlainLimits
from autograder.sandbox.spec import REPOSITORY, SandboxSpec, read_only_folders

pytestmark = pytest.mark.needs_sandbox
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="drops from root: start the tests as root")
needs_linux = pytest.mark.skipif(not Path("/usr/bin/bwrap").exists(), reason="bubblewrap is not installed")


def inside(code: str, spec: SandboxSpec | None = None, pass_fds: tuple[int, ...] = ()) -> Any:
    """Runs Python text in a sandbox; the JSON that it printed."""
    sandbox = start(spec or SandboxSpec(), [sys.executable, "-I", "-c", code], pass_fds, stdout=subprocess.PIPE)
    with sandbox:
        assert sandbox.stdout is not None
        printed = sandbox.stdout.read()
        assert sandbox.wait(timeout_s=30) == 0, sandbox.error_text()
        return json.loads(printed)


def until(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true within a wide backstop."""
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def running(code: str, spec: SandboxSpec | None = None) -> Sandbox:
    """A sandbox whose program has printed its first line."""
    sandbox = start(spec or SandboxSpec(), [sys.executable, "-I", "-c", code], stdout=subprocess.PIPE)
    assert sandbox.stdout is not None
    assert sandbox.stdout.readline() == b"ready\n", sandbox.error_text()
    return sandbox


@needs_linux
def test_released_files_are_copies_in_the_working_directory() -> None:
    spec = SandboxSpec(files={"notes.txt": b"plain", "data/points.csv": b"1,2"})
    code = """if True:
        import json, os
        open("notes.txt", "w").write("changed")
        print(json.dumps([os.getcwd(), open("data/points.csv").read()]))
    """
    assert inside(code, spec) == ["/work", "1,2"]
    assert spec.files["notes.txt"] == b"plain"


@pytest.mark.parametrize(
    "name", ["../up.txt", "a/../../up", "/etc/passwd", "", ".", "a//b", "./a", "a/", "nul\0", "..", "x" * 300]
)
def test_a_released_name_that_leaves_the_working_directory_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="stay inside"):
        SandboxSpec(files={name: b""})


def test_a_released_file_that_is_also_a_folder_is_refused() -> None:
    with pytest.raises(SandboxError, match="folder"):
        SandboxSpec(files={"a": b"", "a/b": b""})


@pytest.mark.parametrize("name", ["PYTHONPATH", "LD_PRELOAD", "WORKBENCH_LINK_FD", "a=b", "", "HOME"])
def test_a_variable_that_would_change_the_sandbox_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="environment variable"):
        SandboxSpec(env={name: "x"})


@needs_linux
def test_the_profiles_variables_arrive_and_ours_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "canary")
    code = """if True:
        import json, os
        print(json.dumps([os.environ["TRITON_INTERPRET"], str(dict(os.environ)), open("/proc/1/environ").read()]))
    """
    value, own, first = inside(code, SandboxSpec(env={"TRITON_INTERPRET": "1"}))
    assert value == "1"
    assert "canary" not in own
    assert first == ""


@pytest.mark.parametrize("path", ["/", str(REPOSITORY.parent), "~"])
def test_a_folder_that_holds_private_things_is_not_shown(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_EXERCISES", str(REPOSITORY / "exercises"))
    with pytest.raises(SandboxError, match="must not see"):
        read_only_folders(SandboxSpec(binds=(os.path.expanduser(path),)))


def test_a_link_to_a_private_folder_is_not_shown(tmp_path: Path) -> None:
    link = tmp_path / "libraries"
    link.symlink_to(Path.home())
    with pytest.raises(SandboxError, match="the home directory"):
        read_only_folders(SandboxSpec(binds=(str(link),)))


@needs_linux
def test_an_environment_below_tmp_is_seen_although_tmp_is_scratch(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "module.py").write_text("answer = 42", encoding="utf-8")
    tmp_path.chmod(0o700)  # the unprivileged uid could not walk to it
    code = (
        f"import json, sys; sys.path.append({str(library)!r}); import module; open('/tmp/x', 'w'); print(module.answer)"
    )
    assert inside(code, SandboxSpec(binds=(str(library),))) == 42


@needs_linux
def test_what_is_shown_cannot_be_written() -> None:
    code = f"""if True:
        import json, os, sys
        came = []
        for place in ("/opt/kit/workbench", {sys.prefix!r}, "/usr/lib", "/etc", "/"):
            try:
                open(place + "/planted", "w")
                came.append(place)
            except OSError:
                pass
        print(json.dumps(came))
    """
    assert inside(code) == []


@needs_linux
def test_hidden_checks_and_the_grader_are_not_there() -> None:
    places = [str(REPOSITORY / name) for name in ("exercises", "autograder", ".git")]
    code = f"import json, os; print(json.dumps([os.path.exists(place) for place in {places}]))"
    assert inside(code) == [False, False, False]


@needs_linux
def test_only_the_named_descriptors_stay_open() -> None:
    kept, other = os.pipe()
    secret = os.open(__file__, os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        code = """if True:
            import json, os
            open_now = [d for d in range(3, 64) if os.path.exists(f"/proc/self/fd/{d}")]
            print(json.dumps(open_now))
        """
        assert inside(code, pass_fds=(kept,)) == [kept]
    finally:
        for descriptor in (kept, other, secret):
            os.close(descriptor)


@needs_linux
@needs_root
def test_started_as_root_nothing_inside_is_host_uid_0() -> None:
    with running("import os, time; os.fork(); print('ready', flush=True); time.sleep(60)") as sandbox:
        uids = {os.stat(f"/proc/{pid}").st_uid for pid in sandbox.meter.processes()}
        status = Path(f"/proc/{sandbox.pid}/status").read_text(encoding="utf-8")
        groups = next(line for line in status.splitlines() if line.startswith("Groups:")).split()[1:]
    assert uids
    assert 0 not in uids
    assert groups == []


@needs_linux
@needs_root
def test_two_sandboxes_of_root_have_different_uids() -> None:
    code = "import time; print('ready', flush=True); time.sleep(60)"
    with running(code) as one, running(code) as two:
        assert os.stat(f"/proc/{one.pid}").st_uid != os.stat(f"/proc/{two.pid}").st_uid


@needs_linux
def test_a_detached_process_dies_with_the_program() -> None:
    code = """if True:
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print("ready", flush=True)
                time.sleep(60)
            os._exit(0)
        os.wait()
        sys.stdin.read()
    """
    sandbox = start(SandboxSpec(), [sys.executable, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdin is not None
        assert sandbox.stdout.readline() == b"ready\n"
        pids = sandbox.meter.processes()
        assert len(pids) >= 3
        sandbox.stdin.close()
        assert sandbox.wait(timeout_s=20) == 0
        assert until(lambda: not any(is_living(pid) for pid in pids))


@needs_linux
def test_a_fork_bomb_is_bounded_and_dies_at_once() -> None:
    code = """if True:
        import os, time
        refused = False
        for _ in range(8):
            try:
                os.fork()
            except OSError:
                refused = True
        if refused:
            os.write(1, b"ready\\n")
        time.sleep(60)
    """
    spec = SandboxSpec(limits=PlainLimits(processes=40))
    with running(code, spec) as sandbox:
        pids = sandbox.meter.processes()
        assert 10 < len(pids) <= 41
        sandbox.kill()
        assert [pid for pid in pids if is_living(pid)] == []


@needs_linux
@pytest.mark.parametrize(
    ("limits", "code", "reason"),
    [
        (PlainLimits(total_cpu_s=0.3), "while True: pass", "cpu"),
        (
            PlainLimits(memory_gib=0.1),
            "x = [b'x' * 1000003 for _ in range(200)]; import time; time.sleep(60)",
            "memory",
        ),
    ],
)
def test_the_watchdog_ends_what_uses_too_much_and_says_why(limits: PlainLimits, code: str, reason: str) -> None:
    with start(SandboxSpec(limits=limits), [sys.executable, "-I", "-S", "-c", code]) as sandbox:
        assert sandbox.watchdog is not None
        sandbox.watchdog.join(30)
        assert sandbox.watchdog.reason == reason
        assert not sandbox.alive()


@needs_linux
def test_the_watchdog_ends_what_takes_too_long() -> None:
    with start(SandboxSpec(), [sys.executable, "-I", "-c", "import time; time.sleep(60)"], wall_s=0.2) as sandbox:
        assert sandbox.watchdog is not None
        sandbox.watchdog.join(30)
        assert sandbox.watchdog.reason == "wall"


@needs_linux
def test_an_allocation_of_20_gb_is_a_memory_error_for_the_learner() -> None:
    code = """if True:
        import json
        try:
            bytearray(20 * 2**30)
            print(json.dumps("got it"))
        except MemoryError:
            print(json.dumps("refused"))
    """
    assert inside(code) == "refused"


@needs_linux
def test_the_command_line_that_can_be_read_inside_tells_nothing_of_the_host() -> None:
    command = inside("import json; print(json.dumps(open('/proc/1/cmdline').read()))")
    assert "--ro-bind" not in command
    assert "bwrap" in command


@needs_linux
def test_the_command_to_read_shows_what_is_shown() -> None:
    command = sandbox_command(SandboxSpec(), ["/bin/true"])
    assert command[0] == bubblewrap()
    assert command[-2:] == ["--", "/bin/true"]
    assert sys.prefix in command


def test_without_bubblewrap_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_kw: None)
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        bubblewrap()


def test_elsewhere_than_on_linux_strangers_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SandboxError, match="--trust-learners"):
        bubblewrap()


@needs_linux
def test_where_bubblewrap_fails_its_words_are_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n", encoding="utf-8")
    tmp_path.chmod(0o755)
    broken.chmod(0o755)
    monkeypatch.setattr("autograder.sandbox.launch.bubblewrap", lambda: str(broken))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SandboxError, match="No permissions to create new namespace") as caught:
        start(SandboxSpec(), ["/bin/true"])
    assert "user.max_user_namespaces" in caught.value.mend


def is_living(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
