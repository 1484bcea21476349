"""Parts of the machine without an energy: every sum that lacks one is a lower bound."""

from collections.abc import Mapping
from typing import Any

from wattshed.devices.present_gpus import gpu_unread

GPU, CPU, MEMORY = "GPU", "CPU", "memory"


def not_metered(energy: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Those of GPU, CPU and memory that have no energy, although another part has one.

    energy: name -> kwh, status, source, of a job or window of this version. A machine without a GPU lacks none.
    """
    known = {name for name, part in energy.items() if part.get("kwh") is not None}
    if not known:
        return []
    unread = {
        GPU: gpu_unread(energy, {"gpus_present": None}),
        CPU: "cpu" not in known,
        MEMORY: "ram" not in known,
    }
    return [name for name, lacking in unread.items() if lacking]
