"""Connects to sockets of the host that lie in files: Docker's, the kernels' of other learners, the test's own."""

# %%
import glob
import socket

for path in ["@SOCKET@", "/var/run/docker.sock", "/run/dbus/system_bus_socket", *glob.glob("/tmp/kernel-*/c-*")]:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(path)
            client.send(b"hello")
    except OSError:
        pass
