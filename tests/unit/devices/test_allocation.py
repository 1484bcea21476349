"""Cores and memory of the job: the smallest limit of batch system, control groups and kernel."""

import os
import platform

import pytest

from made_root import write
from wattshed.devices.allocation import batch_cores, find_allocation
from wattshed.devices.cgroup_limits import core_limits, memory_limits

HERE = platform.node()
NAMES = (
    *("SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE", "SLURM_CPUS_PER_TASK", "SLURM_TASKS_PER_NODE"),
    *("SLURM_NODEID", "SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "NCPUS", "PBS_NUM_PPN", "NSLOTS"),
    *("LSB_DJOB_NUMPROC", "LSB_MCPU_HOSTS", "OAR_NODEFILE"),
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A machine of 64 cores and 256 GiB."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    write(tmp_path, "proc/meminfo", "MemTotal:       268435456 kB\nMemFree: 1 kB\n")
    return tmp_path


def least(limits):
    return min((limit.value for limit in limits), default=None)


def test_without_limits_the_job_has_the_whole_machine(root):
    found = find_allocation({}, root)
    assert (found.cores, found.memory_gib, found.whole) == (64, 256.0, True)
    assert found.to_json()["source"] == "cores: the whole machine; memory: the whole machine"


@pytest.mark.parametrize(
    ("environment", "cores"),
    [
        ({"SLURM_CPUS_ON_NODE": "8"}, 8),
        ({"SLURM_JOB_CPUS_PER_NODE": "8(x2),4"}, 8),
        ({"SLURM_JOB_CPUS_PER_NODE": "8(x2),4", "SLURM_NODEID": "1"}, 8),
        ({"SLURM_JOB_CPUS_PER_NODE": "8(x2),4", "SLURM_NODEID": "2"}, 4),
        ({"SLURM_CPUS_PER_TASK": "3"}, 3),
        ({"SLURM_CPUS_PER_TASK": "3", "SLURM_TASKS_PER_NODE": "4(x2)"}, 12),
        ({"SLURM_CPUS_PER_TASK": "3", "SLURM_TASKS_PER_NODE": "4", "SLURM_CPUS_ON_NODE": "8"}, 8),
        ({"PBS_JOBID": "7", "NCPUS": "6"}, 6),
        ({"PBS_JOBID": "7", "PBS_NUM_PPN": "5"}, 5),
        ({"LSB_DJOB_NUMPROC": "7"}, 7),
        ({"LSB_MCPU_HOSTS": f"other 32 {HERE} 4", "LSB_DJOB_NUMPROC": "36"}, 4),
        ({"SGE_ROOT": "/opt/sge", "NSLOTS": "9"}, 9),
    ],
)
def test_batch_systems_say_how_many_cores_a_job_has_on_this_node(root, environment, cores):
    found = find_allocation(environment, root)
    assert found.cores == cores
    assert found.cores_source in environment
    assert not found.whole
    assert batch_cores(environment) == cores


@pytest.mark.parametrize(
    "name",
    NAMES,
)
@pytest.mark.parametrize(
    "value",
    ["", " ", "abc", "-1", "0", "4.5", "(x2)", "4(x", ",", "4(x2", "²", "9" * 5000, "\udcff", "x 4 y"],
)
def test_an_odd_value_sets_no_limit_and_raises_nothing(root, name, value):
    found = find_allocation({"PBS_JOBID": "1", "SGE_ROOT": "/", name: value}, root)
    assert (found.cores, found.memory_gib) == (64, 256.0)


@pytest.mark.parametrize("value", ["4(x2)", "4"])
def test_one_node_of_a_list_is_read_also_where_one_number_is_expected(root, value):
    assert find_allocation({"SLURM_JOB_CPUS_PER_NODE": value}, root).cores == 4
    assert find_allocation({"SLURM_CPUS_ON_NODE": "4(x2)"}, root).cores == 64


@pytest.mark.parametrize(
    ("environment", "memory_gib"),
    [
        ({"SLURM_MEM_PER_NODE": "16384"}, 16.0),
        ({"SLURM_MEM_PER_CPU": "2048", "SLURM_CPUS_ON_NODE": "4"}, 8.0),
        ({"SLURM_MEM_PER_NODE": "0"}, 256.0),
    ],
)
def test_slurm_says_how_much_memory_a_job_has(root, environment, memory_gib):
    assert find_allocation(environment, root).memory_gib == memory_gib


def test_oar_lists_this_host_once_for_each_core(root, tmp_path):
    file = write(tmp_path, "nodes", f"{HERE}\n{HERE}\nother-1\nother-1\nother-1\n")
    assert find_allocation({"OAR_NODEFILE": str(file)}, root).cores == 2
    file.write_text("other-1\nother-1\nother-1\n")
    assert find_allocation({"OAR_NODEFILE": str(file)}, root).cores == 3


def test_the_smallest_limit_counts_and_is_named(root, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5})
    found = find_allocation({"SLURM_CPUS_ON_NODE": "8"}, root)
    assert (found.cores, found.cores_source) == (2, "the process's affinity (sched_getaffinity)")


def test_the_affinity_of_this_process_is_asked_for():
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert find_allocation({}).cores <= 1
    finally:
        os.sched_setaffinity(0, cores)


def version_2(root, path="/user.slice/job.scope", mounted="/"):
    write(root, "proc/self/cgroup", f"0::{path}\n")
    write(
        root,
        "proc/self/mountinfo",
        f"30 24 0:26 {mounted} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n25 24 0:5 / /proc rw - proc p rw\n",
    )


def test_version_2_is_read_in_the_own_group_and_every_group_around_it(root):
    version_2(root)
    inner = "sys/fs/cgroup/user.slice/job.scope"
    write(root, f"{inner}/cpu.max", "max 100000\n")
    write(root, "sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n")
    write(root, f"{inner}/cpuset.cpus.effective", "0-3,8,10-11\n")
    write(root, f"{inner}/memory.max", "8589934592\n")
    write(root, "sys/fs/cgroup/user.slice/memory.max", "max\n")
    found = find_allocation({}, root)
    assert (found.cores, found.memory_gib) == (2.5, 8.0)
    assert found.cores_source.endswith("user.slice/cpu.max")
    assert found.memory_source.endswith("job.scope/memory.max")
    assert {limit.value for limit in core_limits(root)} == {2.5, 7}


def test_a_container_that_sees_the_hosts_path_reads_what_is_mounted(root):
    version_2(root, path="/docker/abc/inner", mounted="/docker/abc")
    write(root, "sys/fs/cgroup/inner/cpu.max", "50000 100000\n")
    write(root, "sys/fs/cgroup/memory.max", "1073741824\n")
    assert (least(core_limits(root)), least(memory_limits(root))) == (0.5, 2**30)


@pytest.mark.parametrize("path", ["/../../elsewhere", "/somewhere/else", "/"])
def test_a_group_outside_of_the_mount_takes_the_limits_of_the_mount(root, path):
    version_2(root, path=path, mounted="/docker/abc" if path == "/somewhere/else" else "/")
    write(root, "sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert least(core_limits(root)) == 0.5


def test_version_1_is_read_from_each_controllers_own_tree(root):
    write(
        root, "proc/self/cgroup", "4:memory:/job/7\n3:cpuset:/job\n2:cpu,cpuacct:/job/7\n1:name=systemd:/x\n"
    )
    mounts = [
        f"3{n} 24 0:2{n} / /sys/fs/cgroup/{words} rw - cgroup cgroup rw,{words}\n"
        for n, words in enumerate(("memory", "cpuset", "cpu,cpuacct"))
    ]
    write(root, "proc/self/mountinfo", "".join(mounts))
    write(root, "sys/fs/cgroup/cpu,cpuacct/job/7/cpu.cfs_quota_us", "-1\n")
    write(root, "sys/fs/cgroup/cpu,cpuacct/job/7/cpu.cfs_period_us", "100000\n")
    write(root, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "150000\n")
    write(root, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n")
    write(root, "sys/fs/cgroup/cpuset/job/cpuset.cpus", "4-7\n")
    write(root, "sys/fs/cgroup/memory/job/7/memory.limit_in_bytes", "9223372036854771712\n")
    write(root, "sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4294967296\n")
    found = find_allocation({}, root)
    assert (found.cores, found.memory_gib) == (1.5, 4.0)
    assert {limit.value for limit in core_limits(root)} == {1.5, 4}


def test_groups_are_found_where_the_list_of_mounts_is_not_readable(root):
    write(root, "proc/self/cgroup", "0::/job\n")
    write(root, "sys/fs/cgroup/job/cpu.max", "200000 100000\n")
    assert least(core_limits(root)) == 2.0


@pytest.mark.parametrize("text", ["", "max", "nonsense", "0 0", "100000 0", "-5 100000", "1 2 3", "a b"])
def test_a_damaged_limit_sets_none(root, text):
    version_2(root, path="/")
    for name in ("cpu.max", "cpuset.cpus.effective", "memory.max"):
        write(root, f"sys/fs/cgroup/{name}", text)
    assert core_limits(root) == []
    assert memory_limits(root) == []
