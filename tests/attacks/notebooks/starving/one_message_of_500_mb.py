"""Sends one display message of 500 MB.

Status: too large, out of memory, graded
Limits: memory_gib 2, cpu_s 10, total_cpu_s 30
"""

# %%
from IPython.display import HTML, display

display(HTML("x" * 500_000_000))
