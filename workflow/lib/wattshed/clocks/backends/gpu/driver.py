"""One GPU as NVML's handle: found by index or uuid, a whole one, and its errors as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.devices.nvml import open_nvml, text_of
from wattshed.foundation.faults import Fault, one_line

UNANSWERED = (
    "NVMLError_NotSupported",
    "NVMLError_FunctionNotFound",
    "NVMLError_NoPermission",
    "NVMLError_Deprecated",
)
OTHER_BACK_ENDS = (
    "take the back end replay or simulated (clocks.backend in a study, --backend of wattshed sweep)"
)


class GpuDriver:
    """A GPU that is opened. ``close`` may be called twice.

    Raises :class:`Fault` if the driver or the GPU is missing, or if MIG splits the GPU. nvml: bindings to take instead
    of pynvml.
    """

    def __init__(self, block: NvmlBlock, nvml: Any = None) -> None:
        self.nvml, absence = open_nvml(nvml)
        if absence is not None:
            remedy = f"{absence.remedy}; or " if absence.remedy else ""
            raise Fault(
                f"{_wanted(block)} cannot be reached through NVML ({absence.reason}): {remedy}{OTHER_BACK_ENDS}."
            )
        self._open = True
        try:
            self.index, self.handle = self._find(block)
            self.gpu = text_of(self.nvml.nvmlDeviceGetName(self.handle))
            self.uuid = text_of(self.nvml.nvmlDeviceGetUUID(self.handle))
            self._refuse_mig()
        except self.nvml.NVMLError as error:
            self.close()
            if type(error).__name__ == "NVMLError_NoPermission":
                raise Fault(
                    f"{_wanted(block)} may not be used by this process: expected a GPU that the batch system or the "
                    "container gives it; ask for it (SLURM: --gres=gpu:1), or correct clocks.nvml."
                ) from error
            raise Fault(
                f"{_wanted(block)} does not answer NVML ({one_line(error)}): expected a working GPU; "
                f"{OTHER_BACK_ENDS}, or restart the machine."
            ) from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """An error of NVML in the block becomes a :class:`Fault`. doing: what was tried, after "while"."""
        try:
            yield
        except self.nvml.NVMLError as error:
            raise self.fault(error, doing) from error

    def fault(self, error: Exception, doing: str) -> Fault:
        """NVML's error as a sentence. doing: what was tried, after "while"."""
        kind = type(error).__name__
        if kind == "NVMLError_GpuIsLost":
            return Fault(
                f"{self.gpu} ({self.uuid}) was lost while {doing}: it has fallen off the bus or was reset; look at "
                "`sudo dmesg | grep Xid`, restart the machine, and run the same command again to continue."
            )
        if kind == "NVMLError_NoPermission":
            return Fault(
                f"{self.gpu} ({self.uuid}): the right was refused while {doing}, which needs root or CAP_SYS_ADMIN; "
                "run the same command again with that right to continue."
            )
        return Fault(
            f"{self.gpu} ({self.uuid}): the driver failed while {doing} ({one_line(error)}); expected an answer: look "
            "at `sudo dmesg | grep NVRM`, and run the same command again to continue."
        )

    def if_known(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """The answer to a question that some GPUs, drivers or users get no answer to; then None."""
        try:
            return call(self.handle, *arguments)
        except self.nvml.NVMLError as error:
            if type(error).__name__ not in UNANSWERED:
                raise
            return None

    def close(self) -> None:
        if self._open:
            self._open = False
            # The process ends anyway, and an error here must not hide the one that ended the sweep.
            with suppress(self.nvml.NVMLError):
                self.nvml.nvmlShutdown()

    def _find(self, block: NvmlBlock) -> tuple[int, Any]:
        nvml = self.nvml
        if block.gpu_uuid is None:
            try:
                return block.gpu_index, nvml.nvmlDeviceGetHandleByIndex(block.gpu_index)
            except (nvml.NVMLError_InvalidArgument, nvml.NVMLError_NotFound) as error:
                raise Fault(
                    f"{_wanted(block)} cannot be reached through NVML, which lists {nvml.nvmlDeviceGetCount()} GPUs: "
                    f"correct clocks.nvml.gpu_index, or {OTHER_BACK_ENDS}."
                ) from error
        listed = list(_listed(nvml))
        found = [(index, handle) for index, handle, uuid in listed if uuid.startswith(block.gpu_uuid)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(uuid for _, _, uuid in listed) or "none"
        raise Fault(
            f"{_wanted(block)} names {len(found)} of this machine's GPUs ({known}): expected one; "
            "correct clocks.nvml.gpu_uuid."
        )

    def _refuse_mig(self) -> None:
        mode = self.if_known(self.nvml.nvmlDeviceGetMigMode)  # a GPU that knows no MIG is a whole GPU
        if mode is not None and mode[0] == self.nvml.NVML_DEVICE_MIG_ENABLE:
            raise Fault(
                f"{self.gpu} is split by MIG: all instances share its clock and energy counter; "
                f"expected a whole GPU: use another one, or {OTHER_BACK_ENDS}."
            )


def _listed(nvml: Any) -> Iterator[tuple[int, Any, str]]:
    """Index, handle and uuid of every GPU that this user may use."""
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            yield index, handle, text_of(nvml.nvmlDeviceGetUUID(handle))
        except nvml.NVMLError:
            continue  # another job's, or a broken one


def _wanted(block: NvmlBlock) -> str:
    return f"GPU {block.gpu_index}" if block.gpu_uuid is None else f"GPU {block.gpu_uuid}"
