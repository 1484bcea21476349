"""NVML in memory: the real library's errors and constants, GPUs whose counters a test winds."""

from types import SimpleNamespace

import pynvml


class FakeGpu:
    """An A100: ``faults`` maps a call to the NVML error that it raises.

    step_mj: by how much its counter rises between two questions; 0 leaves that to the test. processes: of (pid, bytes);
    samples: of (pid, time [us], use of the cores [%]).
    """

    def __init__(self, uuid="GPU-aaaa", mig=0, name="NVIDIA A100-SXM4-40GB", step_mj=0, **faults):
        self.uuid, self.mig, self.name, self.faults = uuid, mig, name, faults
        self.counter_mj, self.power_w, self.step_mj = 5_000_000, 100.0, step_mj
        self.processes, self.samples = [], []


class FakeNvml(SimpleNamespace):
    def __init__(self, *gpus, **faults):
        constants = {name: getattr(pynvml, name) for name in dir(pynvml) if name.startswith("NVML")}
        super().__init__(**constants)
        self.gpus, self.faults, self.opened = gpus, faults, 0

    def _ask(self, call, gpu, value):
        error = (gpu.faults if gpu else self.faults).get(call)
        if error is not None:
            raise pynvml.NVMLError(error)
        return value

    def nvmlInit(self):
        self._ask("nvmlInit", None, None)
        self.opened += 1

    def nvmlShutdown(self):
        self.opened -= 1

    def nvmlDeviceGetCount(self):
        return self._ask("nvmlDeviceGetCount", None, len(self.gpus))

    def nvmlDeviceGetHandleByIndex(self, index):
        return self._ask("nvmlDeviceGetHandleByIndex", self.gpus[index], self.gpus[index])

    def nvmlDeviceGetUUID(self, gpu):
        return gpu.uuid

    def nvmlDeviceGetName(self, gpu):
        return gpu.name

    def nvmlSystemGetDriverVersion(self):
        return "570.124"

    def nvmlDeviceGetEnforcedPowerLimit(self, gpu):
        return 400_000

    def nvmlDeviceGetMigMode(self, gpu):
        return self._ask("nvmlDeviceGetMigMode", gpu, [gpu.mig, gpu.mig])

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu):
        if gpu.step_mj:
            gpu.counter_mj += gpu.step_mj
        return self._ask("nvmlDeviceGetTotalEnergyConsumption", gpu, gpu.counter_mj)

    def nvmlDeviceGetComputeRunningProcesses(self, gpu):
        found = [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in gpu.processes]
        return self._ask("nvmlDeviceGetComputeRunningProcesses", gpu, found)

    def nvmlDeviceGetProcessUtilization(self, gpu, last_seen_us):
        found = [
            SimpleNamespace(pid=pid, timeStamp=at_us, smUtil=percent, memUtil=0, encUtil=0, decUtil=0)
            for pid, at_us, percent in gpu.samples
            if at_us > last_seen_us
        ]
        self._ask("nvmlDeviceGetProcessUtilization", gpu, None)
        if not found:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return found

    def nvmlDeviceGetPowerUsage(self, gpu):
        return self._ask("nvmlDeviceGetPowerUsage", gpu, round(1000 * gpu.power_w))

    def nvmlDeviceGetClockInfo(self, gpu, kind):
        return {pynvml.NVML_CLOCK_SM: 1410, pynvml.NVML_CLOCK_MEM: 1215}[kind]

    def nvmlDeviceGetTemperature(self, gpu, kind):
        return self._ask("nvmlDeviceGetTemperature", gpu, 41)

    def nvmlDeviceGetUtilizationRates(self, gpu):
        return SimpleNamespace(gpu=97, memory=10)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, gpu):
        return pynvml.nvmlClocksThrottleReasonSwPowerCap
