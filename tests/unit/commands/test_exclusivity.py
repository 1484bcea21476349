"""Whether a job would have the machine for itself."""

import os

import pytest

from wattshed.commands.exclusivity import batch_job, codecarbon_lock, container, load


def test_the_load_of_this_machine_is_told():
    found = load()
    assert "% of the processor" in found.detail
    assert found.fine == (found.remedy is None)


@pytest.mark.parametrize(
    ("limit", "fine"),
    [("max 100000", True), (f"{100000 * os.cpu_count()} 100000", True), ("50000 100000", False)],
)
def test_a_container_with_part_of_the_cores_is_not_alone(tmp_path, limit, fine):
    (tmp_path / "cpu.max").write_text(limit + "\n")
    assert container(tmp_path).fine is fine


@pytest.mark.parametrize("text", [None, "", "nonsense"])
def test_without_a_limit_there_is_nothing_to_say(tmp_path, text):
    if text is not None:
        (tmp_path / "cpu.max").write_text(text)
    assert container(tmp_path).fine


def test_a_slurm_job_on_part_of_a_node_is_not_alone():
    assert batch_job({}).fine
    cores = os.cpu_count()
    assert batch_job({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": str(cores)}).fine
    shared = batch_job({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "0"})
    assert not shared.fine
    assert "--exclusive" in shared.remedy


def test_a_stale_lock_is_named(tmp_path):
    assert codecarbon_lock(tmp_path).fine
    (tmp_path / ".codecarbon.lock").write_text("")
    assert str(tmp_path) in codecarbon_lock(tmp_path).detail
