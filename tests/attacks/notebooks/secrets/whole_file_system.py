"""Reads every file that can be seen outside the libraries.

Tools: loot
Finds: pearl-00000001
"""

# %%
import sys

libraries = {"/proc", "/usr", "/lib", "/lib64", "/bin", "/sbin", sys.prefix, sys.base_prefix}
search_tree("/", skip=libraries)
search_tree("/usr/local", skip=libraries)
search_tree("/opt")
search_tree("/dev")


# %% solution="total"
def running_total(values_N):
    tell()
