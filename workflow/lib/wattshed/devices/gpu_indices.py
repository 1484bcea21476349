"""The map between torch's numbers of GPUs and NVML's.

NVML numbers all GPUs of the machine by their place on the bus. Torch numbers those that CUDA shows to the process, in
CUDA's order: ``CUDA_VISIBLE_DEVICES`` selects and orders them, and without ``CUDA_DEVICE_ORDER=PCI_BUS_ID`` CUDA may
put the fastest first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from wattshed.devices.visible_gpus import BY_BUS, ORDER, VISIBLE, VisibleGpu, visible_gpus
from wattshed.foundation.faults import Fault


def torch_index_of(
    nvml_index: int,
    uuids: Sequence[str] = (),
    *,
    nvml: Any = None,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Torch's number of the GPU that NVML numbers ``nvml_index``.

    uuids: of torch's devices in torch's order, with or without ``GPU-``; if empty, because torch does not know them,
    the environment variables decide. Raises :class:`Fault` if the GPU is not visible to this process or its number
    cannot be determined.
    """
    indices = _nvml_indices(uuids, nvml, environment)
    if nvml_index not in indices:
        shown = ", ".join(map(str, indices)) or "none"
        raise Fault(
            f"GPU {nvml_index} is not visible to this process ({VISIBLE} is {environment.get(VISIBLE, 'not set')}; "
            f"visible by NVML's numbers: {shown}): name one of these, or change {VISIBLE}."
        )
    return indices.index(nvml_index)


def nvml_index_of(
    torch_index: int,
    uuids: Sequence[str] = (),
    *,
    nvml: Any = None,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """NVML's number of torch's device ``torch_index``; the arguments and faults of :func:`torch_index_of`."""
    indices = _nvml_indices(uuids, nvml, environment)
    if not 0 <= torch_index < len(indices):
        raise Fault(
            f"torch has no device cuda:{torch_index}: {len(indices)} GPUs are visible to this process; name another "
            f"device, or change {VISIBLE}."
        )
    return indices[torch_index]


def _nvml_indices(uuids: Sequence[str], nvml: Any, environment: Mapping[str, str]) -> list[int]:
    """NVML's number of each of torch's devices, in torch's order."""
    # With UUIDs the order does not matter: NVML lists all GPUs, and torch says which ones it uses.
    listed = {name: value for name, value in environment.items() if not (uuids and name == VISIBLE)}
    gpus, absence, opened = visible_gpus(nvml, listed)
    if opened is not None:
        opened.nvmlShutdown()
    if absence is not None:
        raise Fault(
            f"torch's GPUs cannot be matched with NVML's ({absence.reason}): {absence.remedy or 'set device to cpu'}."
        )
    if uuids:
        by_uuid = {_plain(gpu.uuid): gpu.index for gpu in gpus}
        unknown = [uuid for uuid in uuids if _plain(uuid) not in by_uuid]
        if unknown:
            raise Fault(
                f"NVML does not list the GPU {unknown[0]} that torch uses: expected a whole GPU, not a MIG "
                "instance; use another one."
            )
        return [by_uuid[_plain(uuid)] for uuid in uuids]
    if VISIBLE not in environment and _unlike(gpus) and environment.get(ORDER) != BY_BUS:
        raise Fault(
            "torch may number these different GPUs by speed, and NVML numbers them by bus: which is which "
            "cannot be "
            f"known; set {ORDER}={BY_BUS}."
        )
    return [gpu.index for gpu in gpus]


def _unlike(gpus: list[VisibleGpu]) -> bool:
    return len({gpu.name for gpu in gpus if gpu.name}) > 1


def _plain(uuid: str) -> str:
    return uuid.removeprefix("GPU-").lower()
