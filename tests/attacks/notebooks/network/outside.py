"""Sends what it knows to the outside: by name, by address, by UDP and by raw packets.

Tools: loot
"""

# %%
import socket

for attempt in (
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
    lambda: socket.create_connection(("169.254.169.254", 80), timeout=1),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
    lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("2001:db8::1", 53)),
    lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
):
    try:
        attempt()
        found.add("canary-0000beef")
    except OSError:
        pass


# %% solution="total"
def running_total(values_N):
    tell()
