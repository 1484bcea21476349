"""torch's GPU and NVML's are the same card, by uuid, in whatever order each numbers them."""

import sys
from itertools import permutations
from types import SimpleNamespace

import pytest
import torch

from fake_clock_driver import Driver, Guarded
from wattshed.clocks.backends.nvml import BACKEND, NvmlClocks
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault

UUIDS = ("GPU-aaaa-0000", "GPU-bbbb-1111", "GPU-cccc-2222")


@pytest.mark.parametrize("in_nvml", list(permutations(UUIDS)))
@pytest.mark.parametrize("uuid", UUIDS)
def test_the_swept_gpu_is_the_one_that_works(monkeypatch, tmp_path, in_nvml, uuid):
    driver = Driver(uuids=in_nvml)
    monkeypatch.setitem(sys.modules, "pynvml", driver.module)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    # Torch numbers them in its own order, and writes uuids without GPU-.
    in_torch = [uuid.removeprefix("GPU-") for uuid in UUIDS]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=in_torch[number])
    )
    by_uuid, by_index = NvmlBlock(gpu_uuid=uuid), NvmlBlock(gpu_index=in_nvml.index(uuid))
    for block in (by_uuid, by_index):
        assert BACKEND.device(ClocksBlock(backend="nvml", nvml=block)).index == UUIDS.index(uuid)
        gpu = NvmlClocks(block, notes=tmp_path, guard=Guarded, sleep=lambda _: None)
        gpu.lock(510)
        gpu.reset()
        assert gpu.gpu_uuid == uuid
    assert driver.turned == [(uuid, 510)] * 2


@pytest.mark.parametrize(("beginning", "found"), [("GPU-dddd", 0), ("GPU-a", 2)])
def test_a_uuid_that_names_no_or_several_gpus_is_refused_with_those_there_are(tmp_path, beginning, found):
    driver = Driver(uuids=("GPU-aaaa-0000", "GPU-abbb-1111"))
    with pytest.raises(
        Fault, match=rf"names {found} of this machine's GPUs \(GPU-aaaa-0000, GPU-abbb-1111\)"
    ):
        NvmlClocks(NvmlBlock(gpu_uuid=beginning), nvml=driver.module, notes=tmp_path, guard=Guarded)


@pytest.mark.parametrize(
    "wrong", [{"gpu_uuid": "0"}, {"gpu_uuid": "MIG-aaaa"}, {"gpu_uuid": "GPU-aaaa", "gpu_index": 1}]
)
def test_odd_names_are_refused_when_the_config_is_read(wrong):
    with pytest.raises(ValueError, match="gpu_uuid"):
        NvmlBlock.model_validate(wrong)
