"""Whose work each GPU does, by process."""

import os
from pathlib import Path

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from made_root import write
from wattshed.devices.gpu_processes import FIRST_NAMESPACE, GpuShare, GpuUse

OWN, OTHER, MIB = 101, 202, 2**20


@pytest.fixture
def namespaces(tmp_path):
    """Links like those of /proc/self/ns: the host's, and a container's."""
    (tmp_path / "host").symlink_to(FIRST_NAMESPACE)
    (tmp_path / "container").symlink_to("pid:[4026532999]")
    return tmp_path


@pytest.fixture
def use(namespaces):
    def make(*gpus, where="host"):
        return GpuUse(FakeNvml(*gpus), {}, namespaces / where, namespaces / "proc")

    return make


def test_use_is_shared_by_the_samples_since_the_last_question(use):
    gpu = FakeGpu()
    gpu.processes = [(OWN, 300 * MIB), (OTHER, 100 * MIB)]
    gpu.samples = [(OTHER, 5, 90)]
    found = use(gpu)
    gpu.samples += [(OWN, 10, 60), (OTHER, 10, 20), (OWN, 20, 60), (OTHER, 20, 20)]
    assert found.since_last({OWN}) == {0: GpuShare(0.75, 0.25, 300 * MIB, 2)}, (
        "what was before is not counted"
    )
    gpu.samples += [(OWN, 30, 10)]
    assert found.since_last({OWN})[0].own_share == 1.0
    assert found.since_last({OWN}) == {0: GpuShare(0.0, 0.0, 300 * MIB, 2)}, "no process used it since"


def test_a_process_that_has_ended_counts_while_it_is_named(use):
    gpu = FakeGpu()
    found = use(gpu)
    gpu.samples = [(OWN, 10, 50)]
    assert found.since_last({OWN, 103}) == {0: GpuShare(1.0, 0.0, 0, 0)}


def test_each_gpu_has_its_own_number(use):
    first, second = FakeGpu("GPU-a"), FakeGpu("GPU-b")
    found = use(first, second)
    second.samples = [(OTHER, 10, 50)]
    shares = found.since_last({OWN})
    assert (shares[0].own_share, shares[0].others_share) == (0.0, 0.0)
    assert (shares[1].own_share, shares[1].others_share) == (0.0, 1.0)


def test_in_a_namespace_of_process_ids_the_use_is_unknown(use):
    gpu = FakeGpu()
    gpu.processes = [(OWN, MIB)]
    found = use(gpu, where="container")
    gpu.samples = [(OWN, 10, 50)]
    assert found.since_last({OWN}) == {0: None}


def test_an_unreadable_namespace_is_unknown_too(use):
    assert use(FakeGpu(), where="none").since_last({OWN}) == {0: None}


def test_the_number_of_the_first_namespace_is_that_of_this_kernel():
    """The kernel's own thread ``kthreadd`` is visible in the first namespace alone."""
    try:
        second = Path("/proc/2/comm").read_text()
    except OSError:
        second = ""
    assert (os.readlink("/proc/self/ns/pid") == FIRST_NAMESPACE) is second.startswith("kthreadd")


def test_a_gpu_in_mig_mode_is_unknown(use):
    assert use(FakeGpu(mig=pynvml.NVML_DEVICE_MIG_ENABLE)).since_last({OWN}) == {0: None}


def test_under_the_multi_process_service_the_use_is_unknown(use, namespaces):
    gpu = FakeGpu()
    write(namespaces, "proc/303/comm", "nvidia-cuda-mps-server\n")
    gpu.processes = [(303, MIB), (OWN, MIB)]
    assert use(gpu).since_last({OWN}) == {0: None}


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ([(OWN, MIB)], GpuShare(1.0, 0.0, MIB, 1)),
        ([(OTHER, MIB)], GpuShare(0.0, 1.0, 0, 1)),
        ([], GpuShare(0.0, 0.0, 0, 0)),
        ([(OWN, MIB), (OTHER, MIB)], None),
    ],
)
def test_without_samples_of_use_it_is_known_only_if_one_party_computes(use, processes, expected):
    gpu = FakeGpu(nvmlDeviceGetProcessUtilization=pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.processes = processes
    assert use(gpu).since_last({OWN}) == {0: expected}


def test_a_driver_that_does_not_tell_processes_is_unknown(use):
    gpu = FakeGpu(nvmlDeviceGetComputeRunningProcesses=pynvml.NVML_ERROR_NO_PERMISSION)
    assert use(gpu).since_last({OWN}) == {0: None}


def test_memory_that_the_driver_does_not_tell_is_none(use):
    gpu = FakeGpu()
    gpu.processes = [(OWN, None)]
    assert use(gpu).since_last({OWN})[0].own_memory_bytes is None


def test_a_sample_that_is_not_a_percentage_is_left_out(use):
    gpu = FakeGpu()
    found = use(gpu)
    gpu.samples = [(OTHER, 10, 0xFFFFFFFF), (OWN, 10, 40)]
    assert found.since_last({OWN})[0].own_share == 1.0


def test_without_gpus_there_is_nothing_and_nvml_is_closed(namespaces):
    nvml = FakeNvml(FakeGpu())
    found = GpuUse(nvml, {}, namespaces / "host")
    found.close()
    found.close()
    assert (found.since_last({OWN}), nvml.opened) == ({}, 0)
    broken = FakeNvml(nvmlInit=pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
    assert GpuUse(broken, {}, namespaces / "host").since_last({OWN}) == {}
