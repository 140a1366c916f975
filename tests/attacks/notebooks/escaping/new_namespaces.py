"""Makes namespaces of its own, in which it would be root, by unshare, clone and setns.

Tools: loot
"""

# %%
import ctypes
import signal

libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x10000000 | 0x00020000):
    if libc.unshare(flag) == 0:
        found.add("canary-0000beef")
for flag in (0x10000000, 0x20000000, 0x40000000):
    pid = libc.syscall(56, flag | signal.SIGCHLD, 0, 0, 0, 0) if os.uname().machine == "x86_64" else -1
    if pid == 0:
        os._exit(0)
    if pid > 0:
        found.add("canary-0000beef")
for name in ("user", "mnt", "net", "pid"):
    try:
        fd = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
        if libc.setns(fd, 0) == 0:
            found.add("canary-0000beef")
    except OSError:
        pass


# %% solution="total"
def running_total(values_N):
    tell()
