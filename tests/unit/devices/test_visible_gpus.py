"""Which GPUs a job may use: CUDA_VISIBLE_DEVICES as CUDA reads it, rights, MIG."""

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from wattshed.devices.visible_gpus import visible_gpus

UUIDS = ("GPU-aaaa-0000", "GPU-aabb-1111", "GPU-cccc-2222")


def indices(visible=None, gpus=None, **environment):
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    found, _, _ = visible_gpus(FakeNvml(*(gpus or map(FakeGpu, UUIDS))), environment)
    return [gpu.index for gpu in found]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [0, 1, 2]),
        ("1", [1]),
        ("2,0", [2, 0]),
        (" 0 , ", [0]),
        ("0,0", [0]),
        ("GPU-cc", [2]),
        ("GPU-aabb-1111,0", [1, 0]),
        # The list ends at the first entry that names no GPU.
        ("0,-1,1", [0]),
        ("1,7,0", [1]),
    ],
)
def test_devices_are_read_as_cuda_reads_them(visible, expected):
    assert indices(visible) == expected


@pytest.mark.parametrize(
    ("visible", "reason"),
    [
        ("", "hides every GPU"),
        ("  ", "hides every GPU"),
        ("7", "no GPU is named"),
        ("-1", "no GPU is named"),
        ("GPU-aa", "no GPU is named"),  # the beginning of two UUIDs
        ("aaaa-0000", "no GPU is named"),
        ("none", "no GPU is named"),
        ("MIG-aaaa-0000", "names a MIG instance"),
    ],
)
def test_what_names_no_gpu_says_so(visible, reason):
    found, absence, _ = visible_gpus(FakeNvml(*map(FakeGpu, UUIDS)), {"CUDA_VISIBLE_DEVICES": visible})
    assert found == []
    assert reason in absence.reason


def test_an_index_among_unlike_gpus_needs_an_order():
    """CUDA counts the fastest first, NVML by bus: the same number may mean two GPUs."""
    gpus = [FakeGpu("GPU-a", name="NVIDIA T4"), FakeGpu("GPU-b", name="NVIDIA H100")]
    found, absence, _ = visible_gpus(FakeNvml(*gpus), {"CUDA_VISIBLE_DEVICES": "0"})
    assert found == []
    assert absence.remedy == "set CUDA_DEVICE_ORDER=PCI_BUS_ID"
    assert indices("0", gpus, CUDA_DEVICE_ORDER="PCI_BUS_ID") == [0]
    assert indices("GPU-b", gpus) == [1]
    assert indices("1,0", gpus) == [1, 0]


def test_other_jobs_gpus_are_not_ours_and_a_broken_one_is_refused_alone():
    others = FakeGpu("GPU-a", nvmlDeviceGetHandleByIndex=pynvml.NVML_ERROR_NO_PERMISSION)
    broken = FakeGpu("GPU-b", nvmlDeviceGetHandleByIndex=pynvml.NVML_ERROR_GPU_IS_LOST)
    whole = FakeGpu("GPU-c")
    found, absence, _ = visible_gpus(FakeNvml(others, broken, whole), {})
    assert absence is None
    assert [(gpu.index, gpu.refusal is None) for gpu in found] == [(1, False), (2, True)]
    assert "does not answer (GPU is lost)" in found[0].refusal.reason
    # A number is a place among those that may be touched.
    assert indices("1", [others, broken, whole]) == [2]


def test_nvml_is_given_back_where_it_fails():
    nvml = FakeNvml(FakeGpu(), nvmlDeviceGetCount=pynvml.NVML_ERROR_UNKNOWN)
    found, absence, opened = visible_gpus(nvml, {})
    assert (found, opened, nvml.opened) == ([], None, 0)
    assert absence.reason == "nvml: Unknown Error"


def test_without_the_bindings_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    found, absence, opened = visible_gpus(None, {})
    assert (found, opened) == ([], None)
    assert absence.remedy == "pip install nvidia-ml-py"
