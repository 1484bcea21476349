"""Whether a job would have the machine for itself."""

import os

import pytest

from wattshed.commands.exclusivity import allocation, batch_job, codecarbon_lock, container, load
from wattshed.devices.allocation import WHOLE, Allocation


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


@pytest.mark.parametrize("value", ["", " ", "abc", "4(x2)", "-1", "0"])
@pytest.mark.parametrize("name", ["SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE"])
def test_an_odd_variable_of_a_job_is_no_reason_to_fail(name, value):
    found = batch_job({"SLURM_JOB_ID": "7", name: value})
    assert "slurm job 7" in found.detail
    assert found.fine == (found.remedy is None)


def test_every_batch_system_is_named_with_the_way_to_a_whole_node():
    assert batch_job({"PBS_JOBID": "9.server"}).detail.startswith("pbs job 9.server does not say how many")
    assert "place=excl" in batch_job({"PBS_JOBID": "9.server"}).remedy
    assert batch_job({"LSB_JOBID": "3", "LSB_DJOB_NUMPROC": str(os.cpu_count())}).fine
    assert batch_job({"FLUX_JOB_ID": "f2"}).remedy == "ask for a whole node"


def test_the_allocation_is_shown_beside_the_whole_machine():
    part = Allocation(2.5, "cpu.max", 16.0, "SLURM_MEM_PER_NODE", 64, 256.0)
    found = allocation(part)
    assert not found.fine
    assert "2.5 of 64 cores (cpu.max); 16 of 256 GiB of memory (SLURM_MEM_PER_NODE)" in found.detail
    whole = allocation(Allocation(64, WHOLE, 256.0, WHOLE, 64, 256.0))
    assert (whole.fine, whole.detail) == (True, "the whole machine: all 64 cores, all 256 GiB of memory")
    assert allocation(Allocation(None, WHOLE, None, WHOLE, None, None)).detail
