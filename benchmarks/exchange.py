"""How fast submissions come in through the exchange: 200 of 1 MB by 20 clients at once, through the hub's own proxy.

A real hub, 20 accounts of it, and a service as the hub starts it. The timer runs from the first request to the last
receipt; then every attempt is fetched again and compared. Aims: one minute, none lost, 150 MiB.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))


from autograder.exchange.client import ExchangeClient, LocalFiles
from tests.integration.exchange_here import ExchangeHere, exchange_here

UNIT = ("courses", "dask", "assignments", "arrays")
PARTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--size-bytes", type=int, default=1_000_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "hub").mkdir()
        with exchange_here(folder / "hub", managed=False) as here, here.service() as service:
            clients = prepare(here, folder, wanted.clients)
            each = wanted.submissions // wanted.clients
            works = [[work(folder / f"{who}-{at}", wanted.size_bytes) for at in range(each)] for who in clients]
            began_s = time.perf_counter()
            with ThreadPoolExecutor(wanted.clients) as pool:
                receipts = list(pool.map(hand_in, clients.values(), works))
            took_s = time.perf_counter() - began_s
            peak_mib = peak_memory_mib(service.pid)
            lost = sum(map(missing, clients.values(), works, receipts))
    count = each * wanted.clients
    what = f"{count} submissions of {wanted.size_bytes / 1e6:g} MB by {wanted.clients} clients"
    print(f"{what}: {took_s:.1f} s, {lost} lost")
    print(f"peak memory of the exchange: {peak_mib:.0f} MiB")
    assert lost == 0, "submissions were lost"


def prepare(here: ExchangeHere, folder: Path, count: int) -> dict[str, ExchangeClient]:
    """Accounts in the course, and a release to hand in for."""
    names = [f"learner-{number:02}" for number in range(count)]
    here.hub("POST", "users", {"usernames": names})
    here.hub("POST", "groups/learner-dask/users", {"users": names})
    (folder / "arrays.ipynb").write_text("{}")
    here.client("ines").send("PUT", *UNIT, files=LocalFiles(folder, ["arrays.ipynb"]))
    return {name: here.client(name) for name in names}


def work(folder: Path, size_bytes: int) -> LocalFiles:
    """Some files that nobody else has."""
    folder.mkdir()
    for part in range(PARTS):
        (folder / f"part-{part}.bin").write_bytes(os.urandom(size_bytes // PARTS))
    return LocalFiles(folder, [path.name for path in folder.iterdir()])


def hand_in(client: ExchangeClient, works: list[LocalFiles]) -> list[dict[str, Any]]:
    return [client.send("POST", *UNIT, "submissions", files=files) for files in works]


def missing(client: ExchangeClient, works: list[LocalFiles], receipts: list[dict[str, Any]]) -> int:
    """How many of one client's attempts are not there as they were handed in."""
    listed = {one["attempt"]: one for one in client.get("submissions", course="dask")["submissions"]}
    lost = 0
    for files, receipt in zip(works, receipts, strict=True):
        address = (*UNIT, "submissions", receipt["learner"], str(receipt["attempt"]), "files")
        with client.received(*address, beside=files.folder.parent / "read") as folder:
            read = LocalFiles(folder, [path.name for path in folder.iterdir()]).manifest.sha256
        hashes = {read, receipt["sha256"], listed.get(receipt["attempt"], {}).get("sha256"), files.manifest.sha256}
        lost += len(hashes) != 1
    return lost


def peak_memory_mib(pid: int) -> float:
    """The most that the process ever had resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("this system does not tell")


if __name__ == "__main__":
    main()
