"""`workbench doctor` says what is there, what is missing and how to mend it, on any machine."""

import importlib.metadata
from pathlib import Path

import pytest

from workbench import doctor
from workbench.__main__ import main


def finding(name: str) -> doctor.Finding:
    return next(found for found in doctor.findings() if found.name == name)


def test_what_is_installed_as_pinned_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(run_grader=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(doctor.findings())
    assert f"ok      numpy         {importlib.metadata.version('numpy')}" in lines


def test_another_version_than_the_pinned_one_is_named_with_both_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==1.0.0   # arrays\n")
    monkeypatch.setattr(doctor, "LOCK", lock)
    found = finding("numpy")
    assert (found.came, found.needed) == (importlib.metadata.version("numpy"), False)
    assert "tested with 1.0.0" in found.mend


def test_a_local_build_of_the_pinned_version_is_well() -> None:
    pin = importlib.metadata.version("torch").split("+")[0]
    assert doctor.package("torch", {"torch": pin}, needed=False).well


def test_a_missing_package_that_a_learner_needs_ends_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "installed", lambda name: "" if name == "ipywidgets" else "1")
    assert doctor.main(run_grader=False) == 1
    assert "MISSING ipywidgets    not installed  (make setup" in capsys.readouterr().out


def test_without_the_lock_no_version_is_complained_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "LOCK", tmp_path / "nowhere")
    assert [found.name for found in doctor.findings() if found.needed and not found.well] == []
    assert finding("torch").well


def test_a_machine_without_gpu_slurm_gateway_and_bubblewrap_is_told_so_and_is_well_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("DASK_GATEWAY__ADDRESS", raising=False)
    there = {name: finding(name) for name in ("GPU", "Slurm", "bubblewrap", "dask-gateway")}
    assert {name: found.came for name, found in there.items()} == {
        "GPU": "no nvidia-smi",
        "Slurm": "no sbatch",
        "bubblewrap": "no bwrap",
        "dask-gateway": "no address",
    }
    assert all(found.mend and not found.needed for found in there.values())


def test_a_gpu_that_does_not_answer_is_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'No devices were found'\nexit 6\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert finding("GPU").came == "none answers"
    program.write_text("#!/bin/sh\necho 'A card, 80000 MiB'\n")
    assert (finding("GPU").came, finding("GPU").well) == ("A card, 80000 MiB", True)


def _stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """A program of this name that runs this line of shell."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin")


def test_a_bubblewrap_that_may_not_make_namespaces_is_told_with_what_it_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _stand_in(tmp_path, monkeypatch, "bwrap", "echo 'No permissions to create new namespace' >&2; exit 1")
    assert "No permissions" in finding("bubblewrap").came and "namespaces" in finding("bubblewrap").mend
    _stand_in(tmp_path, monkeypatch, "bwrap", "exit 0")
    assert finding("bubblewrap").well


def test_slurm_without_a_controller_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _stand_in(tmp_path, monkeypatch, "sbatch", "exit 0")
    _stand_in(tmp_path, monkeypatch, "scontrol", "exit 1")
    assert "no controller answers" in finding("Slurm").came and not finding("Slurm").needed
    _stand_in(tmp_path, monkeypatch, "scontrol", "exit 0")
    assert finding("Slurm").well


def test_a_pin_of_a_local_build_is_met_by_that_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.package("numpy", {"numpy": f"{importlib.metadata.version('numpy')}+cpu"}, needed=True).well


def test_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_memory_sizes", lambda: iter([8 * doctor.GIB, doctor.GIB]))
    assert finding("memory").came == "1.0 GiB"
    assert "4 GiB" in finding("memory").mend


def test_the_program_runs_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "main", lambda: 7)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 7
