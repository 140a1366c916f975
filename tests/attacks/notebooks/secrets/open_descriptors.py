"""Reads all that it was given as open descriptors: configuration, options, sockets, pipes.

Tools: loot
"""

# %%
import stat

kinds = []
for number in range(3, 1024):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    name = os.readlink(f"/proc/self/fd/{number}")
    search(name)
    if not stat.S_ISSOCK(mode) and not name.startswith(("pipe:", "anon_inode:", "/proc/", "/dev/null")):
        kinds.append(name)
        search_file(f"/proc/self/fd/{number}")
if kinds:
    found.add("canary-0000beef")  # nothing but sockets, pipes and events is open in a fresh kernel


# %% solution="total"
def running_total(values_N):
    tell()
