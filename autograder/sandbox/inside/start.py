"""First steps inside the sandbox, before any learner's code: released files, limits, descriptors; then the program."""

import contextlib
import importlib
import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    """Reads the configuration from the descriptor that is the first argument: a line of JSON, then the files' bytes."""
    # This script's own folder is no place to import from.
    del sys.path[0]
    config = read_config(int(sys.argv[1]))
    close_all_but({0, 1, 2, *config["keep"]})
    set_limits(config["rlimits"])
    if config["kernel"] is None:
        os.execv(config["argv"][0], config["argv"])  # noqa: S606 - to become the program is its purpose
    # The interpreter has started once already: a kernel goes on in it.
    importlib.import_module("inside.kernel").run(config["kernel"])


def read_config(descriptor: int) -> dict[str, Any]:
    """The configuration, after its files have been written to the working directory."""
    with os.fdopen(descriptor, "rb") as stream:
        config: dict[str, Any] = json.loads(stream.readline())
        for name, size in config["files"]:
            _write(name, stream.read(size))
    return config


def set_limits(rlimits: dict[str, int]) -> None:
    """Sets limits that cannot be raised again."""
    for name, value in rlimits.items():
        limit = getattr(resource, name)
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _write(name: str, content: bytes) -> None:
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "xb") as stream:
        stream.write(content)


def close_all_but(keep: set[int]) -> None:
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in keep:
            # One of them was the listing's own and is closed already.
            with contextlib.suppress(OSError):
                os.close(descriptor)


if __name__ == "__main__":
    main()
