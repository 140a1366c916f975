"""Looks for the submissions, marks and feedback of others in the course's folder and around it.

Tools: loot
"""

# %%
import glob

for top in ("@COURSE@", os.path.dirname("@COURSE@"), "/home", "/root", "/srv", "/var", "/mnt", "/run"):
    search_tree(top, most=5000)
if os.path.exists("@COURSE@"):
    found.add("canary-0000beef")


# %% solution="total"
def running_total(values_N):
    tell()
