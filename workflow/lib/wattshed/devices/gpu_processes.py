"""Whose work each GPU does: the share of given processes in its use, where NVML tells it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.devices.visible_gpus import VisibleGpu, visible_gpus

OWN_NAMESPACE = Path("/proc/self/ns/pid")
# The number of the first namespace of process ids, which is the same in every Linux kernel.
FIRST_NAMESPACE = "pid:[4026531836]"
# Under NVIDIA's multi-process service, the server's process does the work of all.
SERVICE = "nvidia-cuda-mps"


@dataclass(frozen=True)
class GpuShare:
    """Use of one GPU since the last question.

    own_share, others_share: of the use of its cores by processes; together 1, or both 0 if none used it.
    own_memory_bytes: held by own processes now, None if the driver does not tell. n_processes: that compute on it now,
    own ones and others.
    """

    own_share: float
    others_share: float
    own_memory_bytes: int | None
    n_processes: int


class GpuUse:
    """Asks NVML for the use of each visible GPU by process. Never raises; what is unknown is None, not a guess.

    Unknown are all GPUs inside a namespace of process ids, because NVML tells the host's ids; and a GPU in MIG mode,
    under the multi-process service, or whose driver tells no use while several parties compute on it.

    nvml: NVML's bindings, None for the installed ones. namespace: the link to this process's namespace.
    """

    def __init__(
        self,
        nvml: Any = None,
        environment: Mapping[str, str] = os.environ,
        namespace: Path | None = None,
        processes: Path = Path("/proc"),
    ) -> None:
        self._processes = processes
        self._ids_match = _link(OWN_NAMESPACE if namespace is None else namespace) == FIRST_NAMESPACE
        self._gpus, _, self._nvml = visible_gpus(nvml, environment)
        self._seen_us = {gpu.index: 0 for gpu in self._gpus}
        for gpu in self._gpus:
            self._used(gpu)

    def since_last(self, own_pids: set[int]) -> dict[int, GpuShare | None]:
        """NVML's number of each visible GPU -> its use since the last call, or since this object was made.

        own_pids: of the job's processes, those that have ended meanwhile included.
        """
        return {gpu.index: self._share(gpu, own_pids) for gpu in self._gpus}

    def close(self) -> None:
        nvml, self._nvml, self._gpus = self._nvml, None, []
        if nvml is not None:
            # What it told is used already: a library that cannot be closed must not end the job.
            with suppress(Exception):
                nvml.nvmlShutdown()

    def _share(self, gpu: VisibleGpu, own_pids: set[int]) -> GpuShare | None:
        if not self._ids_match or gpu.refusal is not None:
            return None
        used = self._used(gpu)
        try:
            found = self._nvml.nvmlDeviceGetComputeRunningProcesses(gpu.handle)
            memory = {int(process.pid): process.usedGpuMemory for process in found}
        except Exception:  # NVML's errors, and those of bindings that do not fit the driver
            return None
        if any(self._is_service(pid) for pid in {*memory, *(used or {})}):
            return None
        if used is None:
            # Without a count of use, it is known only if all processes are on one side.
            used = dict.fromkeys(memory, 1.0)
            if 0 < len(own_pids & memory.keys()) < len(memory):
                return None
        total = sum(used.values())
        own = sum(share for pid, share in used.items() if pid in own_pids)
        held = [count for pid, count in memory.items() if pid in own_pids]
        return GpuShare(
            own_share=own / total if total else 0.0,
            others_share=(total - own) / total if total else 0.0,
            own_memory_bytes=None if None in held else sum(held),
            n_processes=len(memory),
        )

    def _used(self, gpu: VisibleGpu) -> dict[int, float] | None:
        """Sum of each process's samples of use [%] that are newer than the last call; None if the driver tells none."""
        if self._nvml is None or gpu.refusal is not None:
            return None
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(gpu.handle, self._seen_us[gpu.index])
        except Exception as error:
            # "Not found": no process has used the GPU since.
            return {} if getattr(error, "value", None) == self._nvml.NVML_ERROR_NOT_FOUND else None
        used: dict[int, float] = {}
        newest_us = self._seen_us[gpu.index]
        for sample in samples:
            # Drivers also hand in samples that are older than asked for, and rows of zeros.
            if sample.timeStamp > self._seen_us[gpu.index] and sample.smUtil <= 100:
                used[int(sample.pid)] = used.get(int(sample.pid), 0.0) + float(sample.smUtil)
                newest_us = max(newest_us, int(sample.timeStamp))
        self._seen_us[gpu.index] = newest_us
        return used

    def _is_service(self, pid: int) -> bool:
        try:
            name = (self._processes / str(pid) / "comm").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return name.startswith(SERVICE)


def _link(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:
        return ""
