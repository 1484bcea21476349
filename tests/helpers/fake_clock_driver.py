"""A GPU driver in memory that locks clocks; errors and constants are those of the real pynvml."""

import time
from types import SimpleNamespace

import pynvml


class Driver:
    """An A100 as NVML shows it: rising energy counter, locks that hold, calls written down."""

    def __init__(self, **faults: int) -> None:
        self.faults = faults
        self.calls: list[str] = []
        self.locked: int | None = 900  # left behind by a killed sweep
        self.power_w = 250.0
        self.mig = 0
        self.reasons = 0
        self.module = SimpleNamespace(
            **{
                name: getattr(pynvml, name)
                for name in dir(pynvml)
                if name.startswith(("NVML", "nvmlClocksE"))
            }
        )
        for name in dir(self):
            if name.startswith("nvml"):
                setattr(self.module, name, self._called(name))

    def _called(self, name):
        def call(*arguments):
            self.calls.append(name)
            if name in self.faults:
                raise pynvml.NVMLError(self.faults[name])
            return getattr(self, name)(*arguments)

        return call

    def nvmlInit(self): ...
    def nvmlShutdown(self): ...
    def nvmlDeviceGetHandleByIndex(self, index):
        return f"gpu{index}"

    def nvmlDeviceGetName(self, handle):
        return "NVIDIA A100-SXM4-40GB"

    def nvmlDeviceGetUUID(self, handle):
        return "GPU-00000000-1111-2222-3333-444444444444"

    def nvmlDeviceGetMigMode(self, handle):
        return [self.mig, self.mig]

    def nvmlDeviceGetSupportedMemoryClocks(self, handle):
        return [1215]

    def nvmlDeviceGetSupportedGraphicsClocks(self, handle, memory_mhz):
        assert memory_mhz == 1215
        return [1410, 1395, 510]

    def nvmlDeviceSetGpuLockedClocks(self, handle, low, high):
        assert low == high
        self.locked = low

    def nvmlDeviceResetGpuLockedClocks(self, handle):
        self.locked = None

    def nvmlDeviceGetClockInfo(self, handle, kind):
        assert kind == pynvml.NVML_CLOCK_SM
        return self.locked or 1410

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle):
        return self.reasons

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        return int(time.perf_counter() * self.power_w * 1000)

    def nvmlDeviceGetPowerUsage(self, handle):
        return int(self.power_w * 1000)

    def nvmlDeviceGetTemperature(self, handle, kind):
        return 61
