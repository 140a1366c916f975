"""Values that may cross between a learner's process and the checker's, in a closed format.

A value becomes a JSON tree and a list of raw buffers. Containers other than lists are tagged objects,
``{"$": kind, …}``; an array is a tag with dtype and shape, and its bytes are a buffer. Nothing is ever
unpickled, decompressed or evaluated, and sizes are checked before memory is taken. The sender turns what an
honest answer may be (NumPy and torch scalars, Series, namedtuple, …) into these kinds; anything else is a
CodecError that names the type. NumPy, torch and pandas are looked up in `sys.modules`, never imported to
encode: a value of a library that was never imported cannot exist.
"""

from workbench.codec.decode import Decoder
from workbench.codec.encode import Encoder
from workbench.codec.kinds import MAX_BUFFERS_BYTES, Json, TensorArgument, widen, wire_bytes

__all__ = ["MAX_BUFFERS_BYTES", "Decoder", "Encoder", "Json", "TensorArgument", "widen", "wire_bytes"]
