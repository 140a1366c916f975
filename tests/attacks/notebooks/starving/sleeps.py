"""Sleeps for ever, which uses no computing time.

Status: timed out
Slow: yes
"""

# %%
import time

time.sleep(10**6)
