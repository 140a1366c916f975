"""Opens comms and widgets, asks for input, and sends payloads that make front ends open pages and replace cells.

Status: out of memory
"""

# %%
kernel = get_ipython().kernel
for kind, content in (
    ("comm_open", {"comm_id": "1", "target_name": "jupyter.widget", "data": {"state": {"_model_module": "x"}}}),
    ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {"outputs": [1]}, "buffer_paths": [[1]]}}),
    ("comm_msg", {"comm_id": ["1"], "data": 7}),
    ("input_request", {"prompt": "password: ", "password": True}),
    ("error", {"ename": "MemoryError", "evalue": [], "traceback": 7}),
):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
get_ipython().payload_manager.write_payload({"source": "set_next_input", "text": "100", "replace": True})
get_ipython().payload_manager.write_payload({"source": "ask_exit", "keepkernel": False})
