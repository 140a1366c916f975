# ruff: noqa: S108 - see STAGE
"""The launcher: started as root, gives up root, then becomes bubblewrap. Runs with `python -I -S`, imports nothing of
the kit.

A sandbox started by root would leave its processes host uid 0: /proc/sys would be open for writing, and RLIMIT_NPROC
ignored. The unprivileged uid in turn cannot walk to an interpreter below a home directory of mode 0700. So, in this
order: into the group whose memory is limited; a private mount namespace; everything that will be shown is opened and
mounted below a traversable folder; only then are the uid, the groups and with them all capabilities given up.
"""

import ctypes
import json
import os
import sys

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 0x1000, 0x4000, 0x40000, 0x2, 0x4
STAGE = "/tmp"  # Any folder would do: what is mounted over it is seen by this process and its children only.


def main() -> None:
    with os.fdopen(int(sys.argv[1]), "rb") as stream:
        request = json.load(stream)
    if request["group"]:
        with open(request["group"], "w", encoding="ascii") as stream:
            stream.write(str(os.getpid()))
    _stage(request["sources"], request.get("plain", []))
    if request.get("cpus"):
        os.sched_setaffinity(0, request["cpus"])
    uid = request["uid"]
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if 0 in os.getresuid() or 0 in os.getresgid() or os.getgroups():
        raise SystemExit("drop: root was not given up")
    os.chdir("/")
    os.execve(request["command"][0], request["command"], request.get("env", {}))  # noqa: S606 - to become bubblewrap is its purpose


def _stage(sources: list[str], plain: list[str]) -> None:
    """Mounts the n-th source at STAGE/n. Those in `plain` lie in somebody's own folder: a link there is refused."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(what: str, result: int) -> None:
        if result != 0:
            raise SystemExit(f"drop: {what}: {os.strerror(ctypes.get_errno())}")

    call("a private mount namespace", libc.unshare(CLONE_NEWNS))
    call("private mounts", libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    # Opened before the stage covers /tmp: an environment may lie there.
    no_link = os.O_NOFOLLOW | os.O_DIRECTORY
    opened = [os.open(source, os.O_PATH | os.O_CLOEXEC | (no_link if source in plain else 0)) for source in sources]
    call("the stage", libc.mount(b"stage", STAGE.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755,size=1m"))
    for number, (source, descriptor) in enumerate(zip(sources, opened, strict=True)):
        target = f"{STAGE}/{number}"
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            os.mkdir(target, 0o755)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        call(source, libc.mount(f"/proc/self/fd/{descriptor}".encode(), target.encode(), None, MS_BIND | MS_REC, None))


if __name__ == "__main__":
    main()
