"""First steps inside the sandbox, before any learner's code: released files, limits, descriptors; then the program."""

import contextlib
import importlib
import json
import os
import resource
import sys


def main() -> None:
    """Reads the configuration from the descriptor that is the first argument: a line of JSON, then the files' bytes."""
    # This script's own folder is no place to import from.
    del sys.path[0]
    with os.fdopen(int(sys.argv[1]), "rb") as stream:
        config = json.loads(stream.readline())
        for name, size in config["files"]:
            _write(name, stream.read(size))
    _close_all_but({0, 1, 2, *config["keep"]})
    for name, value in config["rlimits"].items():
        limit = getattr(resource, name)
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    if config["kernel"] is None:
        os.execv(config["argv"][0], config["argv"])  # noqa: S606 - to become the program is its purpose
    # The interpreter has started once already: a kernel goes on in it.
    importlib.import_module("inside.kernel").run(config["kernel"])


def _write(name: str, content: bytes) -> None:
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "xb") as stream:
        stream.write(content)


def _close_all_but(keep: set[int]) -> None:
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in keep:
            # One of them was the listing's own and is closed already.
            with contextlib.suppress(OSError):
                os.close(descriptor)


if __name__ == "__main__":
    main()
