"""The served device: what a stopwatch can see of it, and what it cannot."""

import numpy as np
import pytest

from workbench.devices import Clock, Device, Quirks
from workbench.served import Refuse

SECONDS_PER_ELEMENT = {"copy": 1e-6}
SIZE = 1000
TRUE_S = 1e-3


def device(seed: int = 0, launch_budget: int | None = None, **quirks: float) -> Device:
    return Device(np.random.default_rng(seed), SECONDS_PER_ELEMENT, Quirks(**quirks), launch_budget=launch_budget)


def launched_s(device: Device, *, wait: bool) -> float:
    start_s = device.now()
    device.launch("copy", SIZE)
    if wait:
        device.synchronize()
    return device.now() - start_s


def test_a_launch_returns_before_the_kernel_has_run() -> None:
    assert launched_s(device(), wait=False) < TRUE_S / 100


def test_synchronize_waits_for_everything_in_the_queue() -> None:
    busy = device(busy_s=0.5)
    start_s = busy.now()
    for _ in range(3):
        busy.launch("copy", SIZE)
    busy.synchronize()
    assert busy.now() - start_s == pytest.approx(0.5 + 3 * TRUE_S, rel=0.01)


def test_a_kernel_compiles_once_for_each_size() -> None:
    compiling = device(compile_s=1.0)
    assert launched_s(compiling, wait=True) > 1.0
    assert launched_s(compiling, wait=True) == pytest.approx(TRUE_S, rel=0.01)
    compiling.launch("copy", SIZE + 1)
    assert launched_s(compiling, wait=True) < 1.0
    assert compiling.launches == [("copy", SIZE), ("copy", SIZE), ("copy", SIZE + 1), ("copy", SIZE)]


def test_the_first_launches_are_slower_until_the_device_is_warm() -> None:
    cold = device(cold_launches=2, cold_factor=2.0)
    times_s = [launched_s(cold, wait=True) for _ in range(4)]
    assert times_s == pytest.approx([2 * TRUE_S, 2 * TRUE_S, TRUE_S, TRUE_S], rel=0.01)


def test_the_median_of_a_noisy_device_is_its_true_time_and_the_mean_is_not() -> None:
    noisy = device(noise=0.03, outlier_share=0.05)
    times_s = [launched_s(noisy, wait=True) for _ in range(500)]
    assert np.median(times_s) == pytest.approx(TRUE_S, rel=0.02)
    assert np.mean(times_s) > 1.1 * TRUE_S


def test_equal_generators_give_equal_devices() -> None:
    first, second = (device(seed=5, noise=0.1, outlier_share=0.2) for _ in range(2))
    assert [launched_s(first, wait=True) for _ in range(20)] == [launched_s(second, wait=True) for _ in range(20)]


def test_launches_beyond_the_budget_are_refused() -> None:
    frugal = device(launch_budget=2)
    frugal.launch("copy", SIZE)
    frugal.launch("copy", SIZE)
    with pytest.raises(Refuse, match="budget of 2 launches"):
        frugal.launch("copy", SIZE)
    assert len(frugal.launches) == 2


@pytest.mark.parametrize(
    ("kernel", "size"),
    [("sort", SIZE), (["copy"], SIZE), (None, SIZE), ("copy", 0), ("copy", True), ("copy", 1.0), ("copy", 2**41)],
)
def test_an_unknown_kernel_or_size_is_refused_and_counts_for_nothing(kernel: object, size: object) -> None:
    careful = device()
    with pytest.raises(Refuse) as refusal:
        careful.launch(kernel, size)
    assert refusal.value.type == "ValueError"
    assert careful.launches == []


def test_a_reading_after_a_launch_without_waiting_is_noticed() -> None:
    watched = device()
    launched_s(watched, wait=True)
    assert (watched.unwaited_readings, watched.synchronizations) == (0, 1)
    launched_s(watched, wait=False)
    assert (watched.unwaited_readings, watched.synchronizations) == (1, 1)


def test_a_reading_while_somebody_elses_work_runs_is_noticed() -> None:
    handed_over = device(busy_s=0.5)
    handed_over.now()
    assert (handed_over.unwaited_readings, handed_over.busy_readings) == (0, 1)
    handed_over.synchronize()
    launched_s(handed_over, wait=True)
    assert (handed_over.unwaited_readings, handed_over.busy_readings) == (0, 1)
    launched_s(handed_over, wait=False)
    assert (handed_over.unwaited_readings, handed_over.busy_readings) == (1, 2)


def test_only_launch_synchronize_and_now_can_be_called_from_outside() -> None:
    assert device().exposed_names() == ["launch", "now", "synchronize"]
    assert Clock().exposed_names() == ["now"]


def test_a_clock_does_not_run_backward() -> None:
    clock = Clock(start_s=3.0)
    clock.advance(0.5)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1.0)
    assert clock.now() == 3.5
