"""Closes the link to the referee at once, in the hope that a check without an answer counts as passed.

Tools: link
Status: kernel died
"""

# %%
_sock.shutdown(socket.SHUT_RDWR)
