"""Replaces the codec's Encoder, so that each value leaves the process as whatever the attacker wants.

"""

# %%
import workbench.codec
import workbench.serve


class Encoder:
    def __init__(self, special=None):
        self.buffers = []

    def encode(self, value, depth=0):
        return {"$": "array", "dtype": "bool", "shape": [], "buffer": 0, "torch": True, "__eq__": True}


workbench.codec.Encoder = workbench.serve.Encoder = Encoder
