"""Makes sockets of families that a network namespace does not hold, as those between a virtual machine and its host.

Tools: loot
"""

# %%
import socket

for family in set(range(46)) - {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}:
    for kind in (1, 2, 3, 5):
        try:
            socket.socket(family, kind).close()
            found.add("canary-0000beef")
        except OSError:
            pass


# %% solution="total"
def running_total(values_N):
    tell()
