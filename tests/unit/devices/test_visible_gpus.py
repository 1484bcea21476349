"""Which GPUs a job may use: CUDA_VISIBLE_DEVICES, permissions and MIG."""

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
def test_cuda_visible_devices_is_read_as_cuda_reads_it(visible, expected):
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
def test_a_value_that_names_no_gpu_is_reported_with_the_reason(visible, reason):
    found, absence, _ = visible_gpus(FakeNvml(*map(FakeGpu, UUIDS)), {"CUDA_VISIBLE_DEVICES": visible})
    assert found == []
    assert reason in absence.reason


def test_an_index_among_different_gpus_needs_a_device_order():
    """CUDA orders GPUs by speed, NVML by bus: one index may mean two different GPUs."""
    gpus = [FakeGpu("GPU-a", name="NVIDIA T4"), FakeGpu("GPU-b", name="NVIDIA H100")]
    found, absence, _ = visible_gpus(FakeNvml(*gpus), {"CUDA_VISIBLE_DEVICES": "0"})
    assert found == []
    assert absence.remedy == "set CUDA_DEVICE_ORDER=PCI_BUS_ID"
    assert indices("0", gpus, CUDA_DEVICE_ORDER="PCI_BUS_ID") == [0]
    assert indices("GPU-b", gpus) == [1]
    assert indices("1,0", gpus) == [1, 0]


def test_forbidden_gpus_are_skipped_and_only_the_broken_gpu_is_refused():
    others = FakeGpu("GPU-a", nvmlDeviceGetHandleByIndex=pynvml.NVML_ERROR_NO_PERMISSION)
    broken = FakeGpu("GPU-b", nvmlDeviceGetHandleByIndex=pynvml.NVML_ERROR_GPU_IS_LOST)
    whole = FakeGpu("GPU-c")
    found, absence, _ = visible_gpus(FakeNvml(others, broken, whole), {})
    assert absence is None
    assert [(gpu.index, gpu.refusal is None) for gpu in found] == [(1, False), (2, True)]
    assert "does not answer (GPU is lost)" in found[0].refusal.reason
    # An index counts only the GPUs that this process may use.
    assert indices("1", [others, broken, whole]) == [2]


def test_nvml_is_shut_down_if_it_fails():
    nvml = FakeNvml(FakeGpu(), nvmlDeviceGetCount=pynvml.NVML_ERROR_UNKNOWN)
    found, absence, opened = visible_gpus(nvml, {})
    assert (found, opened, nvml.opened) == ([], None, 0)
    assert absence.reason == "nvml: Unknown Error"


def test_missing_nvml_bindings_are_reported_with_the_package_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    found, absence, opened = visible_gpus(None, {})
    assert (found, opened) == ([], None)
    assert absence.remedy == "pip install nvidia-ml-py"
