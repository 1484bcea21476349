"""The devices in a ledger's description of the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from wattshed.devices.allocation import find_allocation
from wattshed.devices.amd_gpus import describe_amd_gpus
from wattshed.devices.nvml import describe_gpus
from wattshed.devices.present_gpus import present_gpus
from wattshed.devices.surroundings import container, virtual_machine


def describe_devices(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """``gpus`` (what their drivers tell), ``gpus_present`` (how many there are, readable or not), ``allocation``
    (cores, memory_gib, source), ``virtual_machine`` and ``container`` (names, or null). Never raises."""
    return {
        "gpus": [*describe_gpus(), *describe_amd_gpus()],
        "gpus_present": len(present_gpus()),
        "allocation": find_allocation(environment).to_json(),
        "virtual_machine": virtual_machine(),
        "container": container(environment=environment),
    }
