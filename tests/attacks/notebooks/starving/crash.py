"""Crashes the interpreter: a null pointer, a recursion without end, a corrupt code object.

Status: kernel died
"""

# %%
import ctypes

ctypes.string_at(0)
