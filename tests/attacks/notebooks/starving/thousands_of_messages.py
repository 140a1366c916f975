"""Sends a hundred thousand small messages.

Status: graded, too large
Limits: cpu_s 20, total_cpu_s 40
Slow: yes
"""

# %%
kernel = get_ipython().kernel
for number in range(100_000):
    kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "x"}, parent=kernel.get_parent())
