"""The SM clock as the knob. NVML tells legal clocks and the running one, but not what is locked."""

from __future__ import annotations

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.runs import CLOCK


class ClockKnob:
    knob = CLOCK

    def __init__(self, driver: GpuDriver) -> None:
        """Raises NVML's NotSupported or NoPermission if clocks cannot be locked here."""
        nvml, handle = driver.nvml, driver.handle
        self._driver = driver
        memory_clocks = nvml.nvmlDeviceGetSupportedMemoryClocks(handle)
        clocks = (
            nvml.nvmlDeviceGetSupportedGraphicsClocks(handle, max(memory_clocks)) if memory_clocks else ()
        )
        if not clocks:
            raise nvml.NVMLError(nvml.NVML_ERROR_NOT_SUPPORTED)
        self._settings = tuple(sorted({int(clock) for clock in clocks}))
        # A reset needs the same right as a lock and changes nothing on a GPU that is not locked.
        nvml.nvmlDeviceResetGpuLockedClocks(handle)

    def settings(self) -> tuple[int, ...]:
        return self._settings

    def turn(self, setting: int) -> None:
        with self._driver.told(f"locking {setting} MHz"):
            self._driver.nvml.nvmlDeviceSetGpuLockedClocks(self._driver.handle, setting, setting)

    def applied(self) -> int:
        """The running SM clock [MHz]; an idle GPU may run below its lock."""
        nvml = self._driver.nvml
        return int(nvml.nvmlDeviceGetClockInfo(self._driver.handle, nvml.NVML_CLOCK_SM))
