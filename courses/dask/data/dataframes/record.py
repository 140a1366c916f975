"""Records what a hot key costs on real hardware, for the lesson dask/dataframes: `python record.py --help`.

The mean for each key is computed in two ways, on tables that the workers make themselves:

- rows travel: a shuffle by key, then one mean for each key of each partition;
- descriptions travel: Dask's own groupby, which sends counts and sums.

Where it runs is decided as for `wb.cluster()`: DASK_WORKBENCH__CLUSTER=local|slurm|gateway|tcp://host:8786 and
DASK_WORKBENCH__WORKERS. For GPUs, start one Dask worker for each GPU (`dask cuda worker`), give the scheduler's
address, and add --backend cudf. The result, JSON with machine, date and versions, is written beside this script, where
the lesson finds it.
"""

import argparse
import json
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import get_worker, wait

import workbench as wb

HERE = Path(__file__).resolve().parent
LIBRARIES = ("dask", "distributed", "pandas", "numpy", "pyarrow", "cudf", "dask-cudf", "dask-cuda")
N_KEYS, HOT_KEY = 1_000, 17


def main() -> None:
    """Measures both ways and writes one JSON file."""
    options = read_options()
    with wb.cluster() as client:
        workers = sorted(client.ncores())
        n_partitions = options.partitions_per_worker * len(workers)
        table = make_table(n_partitions, options.rows_per_partition, options.hot_share, options.backend)
        results = [measure(way, table, options.repeats) for way in WAYS]
        record = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "workers": len(workers),
                "nodes": len({address.rsplit(":", 1)[0] for address in workers}),
                **client.run(machine, workers=workers[:1])[workers[0]],  # the node of one worker stands for all
            },
            "versions": versions(),
            "parameters": {**vars(options), "partitions": n_partitions, "keys": N_KEYS},
            "results": results,
        }
    path = HERE / f"{record['date'][:10]}-{options.backend}-{len(workers)}-workers.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def read_options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows-per-partition", type=int, default=1_000_000)
    parser.add_argument("--partitions-per-worker", type=int, default=4)
    parser.add_argument("--hot-share", type=float, default=0.5, help="the hot key's share of all rows (default 0.5)")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of each way, after one that is not counted")
    parser.add_argument("--backend", choices=("pandas", "cudf"), default="pandas")
    return parser.parse_args()


def make_table(n_partitions: int, n_rows: int, hot_share: float, backend: str) -> dd.DataFrame:
    """A table with columns shop and amount, n_rows in each partition, made and kept on the workers."""

    def piece(number: int) -> pd.DataFrame:
        rng = np.random.default_rng([2026, number])
        shop_R = np.where(rng.random(n_rows) < hot_share, HOT_KEY, rng.integers(0, N_KEYS, n_rows))
        return pd.DataFrame({"shop": shop_R, "amount": rng.gamma(4.0, 12.5, n_rows)})

    empty = pd.DataFrame({"shop": np.array([], dtype=np.int64), "amount": np.array([], dtype=float)})
    table = dd.from_map(piece, range(n_partitions), meta=empty, label="orders")
    table = (table if backend == "pandas" else table.to_backend(backend)).persist()
    wait(table)
    return table


def rows_travel(table: dd.DataFrame) -> dd.DataFrame:
    """The mean of each key, after a shuffle that brings all rows of a key together."""
    return table.shuffle("shop").map_partitions(lambda piece: piece.groupby("shop")[["amount"]].mean())


def descriptions_travel(table: dd.DataFrame) -> dd.DataFrame:
    """The mean of each key, by counts and sums of the partitions."""
    return table.groupby("shop")[["amount"]].mean()


def stay(table: dd.DataFrame) -> dd.DataFrame:
    """The table as it lies."""
    return table


def shuffle(table: dd.DataFrame) -> dd.DataFrame:
    """The table with all rows of a key together."""
    return table.shuffle("shop")


# What is timed, and where the rows lie while it is computed.
WAYS = {"rows travel": (rows_travel, shuffle), "descriptions travel": (descriptions_travel, stay)}


def measure(way: str, table: dd.DataFrame, repeats: int) -> dict[str, object]:
    """One line of the result: how the rows lie on the workers, and wall times in seconds."""
    mean_of_key, placed = WAYS[way]
    seconds = []
    for _ in range(1 + repeats):
        began_s = time.perf_counter()
        mean_of_key(table).compute()
        seconds.append(round(time.perf_counter() - began_s, 4))
    found = placed(table).map_partitions(rows_here, meta={"worker": "object", "rows": "int64"}).compute()
    rows_of_worker = found.groupby("worker")["rows"].sum()
    return {
        "way": way,
        "rows": int(rows_of_worker.sum()),
        "rows on the busiest worker": int(rows_of_worker.max()),
        "seconds": seconds[1:],
    }


def rows_here(piece: pd.DataFrame) -> pd.DataFrame:
    """The worker that has this partition, and the number of rows in it."""
    return pd.DataFrame({"worker": [get_worker().address], "rows": [len(piece)]})


def machine() -> dict[str, object]:
    """What a worker runs on; without names of hosts or users."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        gpus = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        gpus = []
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "gpus": gpus,
        "system": f"{platform.system()} {platform.release()}",
    }


def processor() -> str:
    """The model of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def versions() -> dict[str, str]:
    """The versions of what takes the time; a library that is absent is left out."""
    found = {"python": platform.python_version(), "shuffle": dask.config.get("dataframe.shuffle.method", None) or "p2p"}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
