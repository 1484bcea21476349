"""The batch system's name and the job's id, by which a cluster's own accounting can be matched."""

import re

import pytest

from wattshed.foundation.provenance import boot_id, describe_batch_job, describe_machine
from wattshed.foundation.recovery import processes


@pytest.mark.parametrize(
    ("environment", "scheduler", "job", "task"),
    [
        ({}, None, None, None),
        ({"SLURM_JOB_ID": "41"}, "slurm", "41", None),
        ({"SLURM_JOBID": "41"}, "slurm", "41", None),
        ({"SLURM_JOB_ID": "43", "SLURM_ARRAY_JOB_ID": "41", "SLURM_ARRAY_TASK_ID": "0"}, "slurm", "43", "0"),
        ({"SLURM_JOB_ID": "41", "FLUX_JOB_ID": "f23"}, "slurm", "41", None),
        ({"SLURM_JOB_ID": "", "SLURM_JOBID": " "}, None, None, None),
        ({"PBS_JOBID": "1234[7].server", "PBS_ARRAY_INDEX": "7"}, "pbs", "1234[7].server", "7"),
        ({"PBS_JOBID": "1234.server", "PBS_ARRAYID": "2"}, "pbs", "1234.server", "2"),
        ({"LSB_JOBID": "99", "LSB_JOBINDEX": "0"}, "lsf", "99", None),
        ({"LSB_JOBID": "99", "LSB_JOBINDEX": "3"}, "lsf", "99", "3"),
        ({"OAR_JOB_ID": "5", "OAR_ARRAY_INDEX": "1"}, "oar", "5", "1"),
        ({"OAR_JOBID": "5"}, "oar", "5", None),
        ({"JOB_ID": "77", "SGE_ROOT": "/opt/sge", "SGE_TASK_ID": "undefined"}, "sge", "77", None),
        ({"JOB_ID": "77", "SGE_TASK_ID": "4"}, "sge", "77", "4"),
        ({"JOB_ID": "77"}, None, None, None),
        ({"FLUX_JOB_ID": "f23abc"}, "flux", "f23abc", None),
        ({"COBALT_JOBID": "8"}, "cobalt", "8", None),
        ({"PJM_JOBID": "6"}, "pjm", "6", None),
        ({"LOADL_STEP_ID": "n1.3.0"}, "loadleveler", "n1.3.0", None),
        ({"_CONDOR_JOB_AD": "/nowhere/.job.ad"}, "htcondor", None, None),
    ],
)
def test_a_job_is_named_by_its_scheduler(environment, scheduler, job, task):
    found = describe_batch_job(environment)
    assert (found["scheduler"], found["job_id"], found["array_task"]) == (scheduler, job, task)
    assert found["slurm_job_id"] == (job if scheduler == "slurm" else None), "readers of older ledgers"


def test_htcondors_job_is_read_from_its_description(tmp_path):
    ad = tmp_path / ".job.ad"
    ad.write_text('ProcId = 3\nClusterId = 120\nOwner = "x"\n')
    assert describe_batch_job({"_CONDOR_JOB_AD": str(ad)})["job_id"] == "120.3"
    ad.write_bytes(b"\xff\xfe nothing")
    assert describe_batch_job({"_CONDOR_JOB_AD": str(ad)})["job_id"] is None


def test_one_machine_is_known_by_its_boot_and_not_by_its_name(monkeypatch, tmp_path):
    assert describe_machine()["boot_id"] == boot_id()
    kept = boot_id()
    monkeypatch.setattr("platform.node", lambda: "another-container")
    assert describe_machine()["boot_id"] == kept


@pytest.mark.parametrize("content", [None, "", b"\xff"])
def test_without_the_kernels_number_the_minute_of_the_start_names_a_boot(monkeypatch, tmp_path, content):
    file = tmp_path / "boot_id"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr(processes, "BOOT_ID", file)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", boot_id())
    assert boot_id() == boot_id()
