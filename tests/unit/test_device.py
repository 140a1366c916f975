"""`wb.profile` and `wb.device`: where the notebook runs, which device is taken, and why."""

from types import SimpleNamespace
from typing import Any

import pytest

import workbench as wb
from workbench.errors import KitError
from workbench.lessons import places

GPU = SimpleNamespace(name="Some GPU", total_memory=80 * 2**30)


class FakeTorch:
    """As much of torch as choosing a device looks at."""

    def __init__(self, *, cuda: bool, works: bool = True, mps: bool = False) -> None:
        self.cuda = SimpleNamespace(
            is_available=lambda: cuda, get_device_properties=lambda _: GPU, device_count=lambda: 2
        )
        self.backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps))
        self._works = works

    def zeros(self, _: int, device: str) -> Any:
        assert device == "cuda"
        if not self._works:
            raise RuntimeError("no kernel image is available\nfurther lines")
        return SimpleNamespace(add_=lambda _: SimpleNamespace(item=lambda: 1.0))

    def device(self, name: str) -> str:
        return f"torch device {name}"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("WORKBENCH_DEVICE", raising=False)
    return lambda torch: monkeypatch.setattr(places, "_torch_or_refuse", lambda: torch)


def test_without_a_profile_it_is_the_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_PROFILE", raising=False)
    assert wb.profile().name == "laptop" and "two CPU cores" in str(wb.profile())


def test_the_profile_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_PROFILE", "smoke")
    assert wb.profile().name == "smoke"


def test_an_unknown_profile_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_PROFILE", "lapdog")
    with pytest.raises(KitError, match="smoke or laptop or gpu or cluster"):
        wb.profile()


def test_a_gpu_that_works_is_taken_and_named(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(FakeTorch(cuda=True))
    device = wb.device()
    assert (device.name, device.model, device.torch) == ("cuda", "Some GPU, 80.0 GiB", "torch device cuda")
    assert capsys.readouterr().out.strip() == "cuda (Some GPU, 80.0 GiB): the first of 2 GPUs"


def test_a_gpu_that_does_not_work_is_left_and_said(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(FakeTorch(cuda=True, works=False))
    assert wb.device().name == "cpu"
    assert "there is a GPU, but it does not work: no kernel image is available;" in capsys.readouterr().out


def test_apples_gpu_comes_second_and_the_cpu_last(use: Any) -> None:
    use(FakeTorch(cuda=False, mps=True))
    assert wb.device().name == "mps"
    use(FakeTorch(cuda=False))
    assert wb.device().name == "cpu"


def test_the_device_can_be_asked_for(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeTorch(cuda=True))
    monkeypatch.setenv("WORKBENCH_DEVICE", "cpu")
    assert (wb.device().name, wb.device().why) == ("cpu", "asked for by WORKBENCH_DEVICE")


@pytest.mark.parametrize("wanted", ["cuda", "mps", "tpu"])
def test_a_device_that_is_not_here_is_refused(use: Any, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    use(FakeTorch(cuda=False))
    monkeypatch.setenv("WORKBENCH_DEVICE", wanted)
    with pytest.raises(KitError, match="cuda or mps or cpu"):
        wb.device()


def test_without_torch_it_is_the_cpu_and_only_its_torch_device_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WORKBENCH_DEVICE", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    device = wb.device()
    assert device.name == "cpu" and "torch is not installed here" in capsys.readouterr().out
    with pytest.raises(KitError, match="torch is not installed here"):
        _ = device.torch


def test_the_real_torch_of_this_machine_gives_a_device_that_computes() -> None:
    torch = pytest.importorskip("torch")
    assert torch.ones(2, device=wb.device().torch).sum().item() == 2
