"""Writes beside the course: the home directory, the host's /tmp, start files of shells and of Python."""

# %%
import os
import subprocess

for folder in (os.path.dirname("@COURSE@"), "/root", "/home", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~")):
    for name in (".bashrc", ".profile", "sitecustomize.py", "@TOKEN@"):
        try:
            with open(os.path.join(folder, name), "a") as stream:
                stream.write("@TOKEN@")
        except OSError:
            pass
try:
    subprocess.run(["crontab", "-"], input=b"* * * * * touch /tmp/@TOKEN@\n", capture_output=True, check=False)
except OSError:
    pass
