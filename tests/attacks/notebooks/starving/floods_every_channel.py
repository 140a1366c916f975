"""Fills all channels with large messages of nobody's, while nobody reads them.

Status: graded, too large, kernel died, timed out
Limits: cpu_s 20, total_cpu_s 40
"""

# %%
import zmq

kernel = get_ipython().kernel
piece = bytes(1_900_000)
context = zmq.Context.instance()
for name in ("iopub_socket", "stdin_socket", "control_stream", "shell_stream"):
    channel = getattr(kernel, name, None)
    if channel is None:
        continue
    channel = getattr(channel, "io_thread", channel)
    channel = getattr(channel, "socket", channel)
    identity = kernel.get_parent().get("msg_id", "").encode()
    for number in range(400):
        try:
            channel.send_multipart([identity or b"x", b"<IDS|MSG>", piece, piece, piece, piece], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError:
            break
