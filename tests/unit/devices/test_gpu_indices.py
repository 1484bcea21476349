"""GPU indices of torch and NVML: both name the same card, or an error explains why not."""

import pynvml
import pytest

from fake_gpus import FakeGpu, FakeNvml
from wattshed.devices.gpu_indices import nvml_index_of, torch_index_of
from wattshed.devices.nvml import describe_gpus
from wattshed.foundation.faults import Fault

UUIDS = ("GPU-aaaa-0000", "GPU-bbbb-1111", "GPU-cccc-2222")


def machine(*names):
    return FakeNvml(
        *(FakeGpu(uuid, name=name) for uuid, name in zip(UUIDS, names or ["A100"] * 3, strict=False))
    )


@pytest.mark.parametrize(
    ("visible", "torch_of_nvml"),
    [
        (None, {0: 0, 1: 1, 2: 2}),
        ("2,0", {2: 0, 0: 1}),
        ("1", {1: 0}),
        ("GPU-cccc,GPU-aaaa", {2: 0, 0: 1}),
    ],
)
def test_cuda_visible_devices_gives_the_order_if_torch_has_no_uuids(visible, torch_of_nvml):
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    nvml = machine()
    for in_nvml, in_torch in torch_of_nvml.items():
        assert torch_index_of(in_nvml, nvml=nvml, environment=environment) == in_torch
        assert nvml_index_of(in_torch, nvml=nvml, environment=environment) == in_nvml
    assert nvml.opened == 0


def test_uuids_give_the_index_even_if_cuda_orders_by_speed():
    """Without CUDA_DEVICE_ORDER, an H100 that is second on the bus is device 0 in torch."""
    nvml = machine("T4", "H100")
    uuids = ["bbbb-1111", "aaaa-0000"]  # torch writes them without GPU-
    assert torch_index_of(1, uuids, nvml=nvml, environment={}) == 0
    assert nvml_index_of(1, uuids, nvml=nvml, environment={}) == 0
    hidden = {"CUDA_VISIBLE_DEVICES": "0"}
    assert torch_index_of(1, ["bbbb-1111"], nvml=nvml, environment=hidden) == 0


def test_different_gpus_without_uuids_need_a_device_order():
    with pytest.raises(Fault, match="set CUDA_DEVICE_ORDER=PCI_BUS_ID"):
        torch_index_of(0, nvml=machine("T4", "H100"), environment={})
    assert torch_index_of(1, nvml=machine("T4", "H100"), environment={"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}) == 1


def test_a_gpu_hidden_from_the_process_is_refused_and_never_replaced():
    with pytest.raises(
        Fault, match=r"GPU 0 is not visible .* \(CUDA_VISIBLE_DEVICES is 2,1; .* numbers: 2, 1\)"
    ):
        torch_index_of(0, nvml=machine(), environment={"CUDA_VISIBLE_DEVICES": "2,1"})
    with pytest.raises(Fault, match="no device cuda:2"):
        nvml_index_of(2, nvml=machine(), environment={"CUDA_VISIBLE_DEVICES": "2,1"})
    with pytest.raises(Fault, match="hides every GPU"):
        torch_index_of(0, nvml=machine(), environment={"CUDA_VISIBLE_DEVICES": ""})
    with pytest.raises(Fault, match="NVML does not list the GPU dddd-3333"):
        torch_index_of(0, ["dddd-3333"], nvml=machine(), environment={})


def test_gpus_are_described_with_index_uuid_and_power_limit():
    nvml = FakeNvml(FakeGpu("GPU-a", name="NVIDIA T4"), FakeGpu("GPU-b"))
    described = describe_gpus(nvml)
    assert [(gpu["index"], gpu["uuid"], gpu["power_limit_w"]) for gpu in described] == [
        (0, "GPU-a", 400.0),
        (1, "GPU-b", 400.0),
    ]
    assert nvml.opened == 0
    assert describe_gpus(FakeNvml(nvmlInit=pynvml.NVML_ERROR_DRIVER_NOT_LOADED)) == []
    assert describe_gpus(FakeNvml(FakeGpu(), nvmlDeviceGetCount=pynvml.NVML_ERROR_UNKNOWN)) == []
