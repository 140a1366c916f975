"""`wb.cluster`: local workers, a scheduler's address, Slurm and a gateway; what is missing or lost is said."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import dask
import distributed  # noqa: F401 - its settings are there before a test changes one of them
import pytest

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import clusters
from workbench.lessons.clusters import ClusterError, memory_per_worker_bytes


def test_without_configuration_processes_of_one_thread_work_on_this_machine() -> None:
    with wb.cluster() as client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        assert client.submit(sum, [1, 2, 3]).result() == 6
        assert client.submit(os.getpid).result() != os.getpid()
        addresses = [*workers, client.scheduler.address]
    assert [worker["nthreads"] for worker in workers.values()] == [1, 1]
    assert all(address.startswith("tcp://127.0.0.1:") for address in addresses)


def test_a_task_that_ends_its_workers_is_told_and_a_new_cluster_works() -> None:
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        with pytest.raises(ClusterError, match="one worker after the other") as caught, wb.cluster(1) as client:
            client.submit(os._exit, 1).result()
        assert "smaller" in caught.value.mend
    with wb.cluster(1) as client:
        assert client.submit(abs, -1).result() == 1


def test_an_error_of_the_computation_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), wb.cluster(1) as client:
        client.submit(divmod, 1, 0).result()
    with pytest.raises(FileNotFoundError), wb.cluster(1):
        raise FileNotFoundError


@pytest.mark.parametrize("n_workers", [0, -1, 2.0, True, 10**6, "2"])
def test_what_is_no_number_of_workers_is_refused(n_workers: Any) -> None:
    with pytest.raises(KitError, match="no number of workers"):
        wb.cluster(n_workers)


def test_using_it_without_entering_is_explained() -> None:
    with pytest.raises(KitError, match=r"with wb\.cluster"):
        wb.cluster().submit(sum, [1])


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with (
        dask.config.set({"workbench.cluster": "kubernetes"}),
        pytest.raises(ClusterError, match="local, slurm, gateway"),
        wb.cluster(),
    ):
        pass


def test_the_workers_share_what_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**30, 2**30))
    assert memory_per_worker_bytes(3) == 2**28
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert memory_per_worker_bytes(1) > 2**28


@pytest.fixture
def scheduler() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler with a worker, in processes of their own."""
    script = (
        "import time\n"
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, processes=False, protocol='tcp', dashboard_address='127.0.0.1:0') as c:\n"
        "        print(c.scheduler_address, flush=True)\n"
        "        time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def test_a_schedulers_address_is_connected_to_and_its_loss_is_told(
    scheduler: tuple[str, subprocess.Popen[str]],
) -> None:
    address, process = scheduler
    with dask.config.set({"workbench.cluster": address, "workbench.timeout-s": 30}):
        with wb.cluster() as client:
            assert client.submit(sum, [1, 2]).result() == 3
        with wb.cluster() as client:
            assert client.submit(sum, [1, 2]).result() == 3, "the scheduler lives on after the first client"
        with pytest.raises(ClusterError, match="was lost while it worked") as lost, wb.cluster() as client:
            future = client.submit(__import__("time").sleep, 100)
            process.kill()
            future.result()
        assert address in lost.value.mend
    with (
        dask.config.set({"workbench.cluster": address, "workbench.timeout-s": 1}),
        pytest.raises(ClusterError, match="No Dask cluster could be had") as caught,
        wb.cluster(),
    ):
        pass
    assert f"dask worker {address}" in caught.value.mend


class FakeCluster:
    """As much of a cluster as is used: made of nothing, scaled, entered, connected to."""

    scaled: int | None = None
    closed = False

    def scale(self, n: int) -> None:
        self.scaled = n

    def get_client(self) -> Any:
        return FakeClient()

    def __enter__(self) -> "FakeCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


class FakeClient:
    status = "running"

    def wait_for_workers(self, n: int, timeout: float) -> None:
        assert (n, timeout) == (1, 300)

    def __enter__(self) -> "FakeClient":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def module(name: str, **contents: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(contents)
    return made


def test_slurm_is_scaled_waited_for_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCluster()
    monkeypatch.setitem(sys.modules, "dask_jobqueue", module("dask_jobqueue", SLURMCluster=lambda: fake))
    monkeypatch.setattr(clusters, "_connected", lambda stack, to, timeout_s: FakeClient())
    with dask.config.set({"workbench.cluster": "slurm", "workbench.workers": 8}):
        with wb.cluster():
            assert fake.scaled == 8 and not fake.closed
        assert fake.closed
        with wb.cluster(3):
            assert fake.scaled == 3


def test_a_gateway_gives_a_new_cluster_and_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, gateway = FakeCluster(), FakeCluster()
    gateway.new_cluster = lambda: fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dask_gateway", module("dask_gateway", Gateway=lambda: gateway))
    with dask.config.set({"workbench.cluster": "gateway"}):
        with wb.cluster(4) as client:
            assert isinstance(client, FakeClient) and fake.scaled == 4
        assert fake.closed and gateway.closed


def test_slurm_that_is_not_configured_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ValueError("You must specify how many cores to use per job")

    monkeypatch.setitem(sys.modules, "dask_jobqueue", module("dask_jobqueue", SLURMCluster=refuse))
    with (
        dask.config.set({"workbench.cluster": "slurm"}),
        pytest.raises(ClusterError, match="how many cores") as caught,
        wb.cluster(),
    ):
        pass
    assert "jobqueue.slurm" in caught.value.mend


@pytest.mark.parametrize(("kind", "library"), [("slurm", "dask-jobqueue"), ("gateway", "dask-gateway")])
def test_a_missing_library_is_named(kind: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library.replace("-", "_"), None)
    with (
        dask.config.set({"workbench.cluster": kind}),
        pytest.raises(ClusterError, match="A library is missing") as caught,
        wb.cluster(),
    ):
        pass
    assert f"pip install '{library}'" in caught.value.mend


def test_the_environment_variable_of_the_documentation_is_dasks_own() -> None:
    environment = {clusters._VARIABLE: "slurm", "DASK_WORKBENCH__WORKERS": "8", "DASK_WORKBENCH__TIMEOUT_S": "5"}
    config = dask.config.collect(paths=[], env=environment)
    found = SimpleNamespace(
        **{key: dask.config.get(key, config=config) for key in ("workbench.cluster", "workbench.workers")}
    )
    assert vars(found) == {"workbench.cluster": "slurm", "workbench.workers": 8}
    assert dask.config.get(clusters.TIMEOUT, config=config) == 5


def test_on_a_hub_the_workers_share_what_it_gives_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    monkeypatch.setenv("MEM_LIMIT", str(2**30))
    assert memory_per_worker_bytes(3) == 2**28


def test_on_a_hub_nobody_else_on_the_machine_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "lea")
    with wb.cluster(1) as client:
        assert client.submit(sum, [1, 2]).result() == 3
        address = client.scheduler.address
        assert address.startswith("tls://")
        from distributed import Client

        with pytest.raises(OSError, match=r"closed|reset"):
            Client(address.replace("tls://", "tcp://"), timeout=2)
