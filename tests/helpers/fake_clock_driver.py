"""A GPU driver that turns knobs; errors and constants are those of the real pynvml.

In memory by default. With a folder, its state and calls are files, and several processes share one driver: see
fake_nvml/pynvml.py.
"""

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pynvml

UUID = "GPU-00000000-1111-2222-3333-444444444444"
DEFAULT_LIMIT_MW, LEAST_LIMIT_MW, HIGHEST_MHZ = 400_000, 100_000, 1410


class Driver:
    """A100s as NVML shows them: rising energy counter, locks that hold, calls written down.

    faults: call -> NVML error that it raises. uuids: of the GPUs in NVML's order; a handle is a uuid.
    """

    def __init__(self, *, uuids=(UUID,), folder=None, **faults):
        self.uuids, self.folder, self._faults = tuple(uuids), folder and Path(folder), faults
        self.calls, self.turned = [], []
        self._state = {"locked": {}, "limit_mw": {}}
        self.power_w, self.temperature_c = 250.0, 61
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

    @property
    def faults(self):
        """Of a shared driver they are a file that a test may write at any time."""
        file = self.folder and self.folder / "faults.json"
        return json.loads(file.read_text()) if file and file.is_file() else self._faults

    @property
    def locked(self):
        return self._get("locked", UUID)

    @locked.setter
    def locked(self, mhz):
        self._set("locked", UUID, mhz)

    @property
    def limit_w(self):
        return self.nvmlDeviceGetPowerManagementLimit(UUID) / 1000

    @limit_w.setter
    def limit_w(self, watts):
        self._set("limit_mw", UUID, round(1000 * watts))

    def logged(self):
        """Calls of all processes that share this driver."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []

    def _called(self, name):
        def call(*arguments):
            self.calls.append(name)
            error = self.faults.get(name)
            answer = getattr(self, name)(*arguments) if error is None else None
            if self.folder:
                # Linux' monotonic clock is one for all processes.
                entry = {"at_s": time.monotonic(), "pid": os.getpid(), "call": name, "given": arguments}
                self._append(json.dumps({**entry, "error": error}) + "\n")
            if error is not None:
                raise pynvml.NVMLError(error)
            return answer

        return call

    def _append(self, line):
        """One write, which another process's write does not interrupt."""
        file = os.open(self.folder / "calls.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, line.encode())
        os.close(file)

    def _read(self):
        file = self.folder and self.folder / "state.json"
        if file and file.is_file():
            self._state = json.loads(file.read_text())
        return self._state

    def _get(self, what, uuid):
        return self._read()[what].get(uuid)

    def _set(self, what, uuid, value):
        self._read()[what][uuid] = value
        if self.folder:
            part = self.folder / f"state.{os.getpid()}"
            part.write_text(json.dumps(self._state))
            part.replace(self.folder / "state.json")

    def nvmlInit(self): ...
    def nvmlShutdown(self): ...
    def nvmlDeviceGetCount(self):
        return len(self.uuids)

    def nvmlDeviceGetHandleByIndex(self, index):
        if index >= len(self.uuids):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return self.uuids[index]

    def nvmlDeviceGetHandleByUUID(self, uuid):
        assert uuid in self.uuids
        return uuid

    def nvmlDeviceGetName(self, handle):
        return "NVIDIA A100-SXM4-40GB"

    def nvmlDeviceGetUUID(self, handle):
        return handle

    def nvmlDeviceGetMigMode(self, handle):
        return [self.mig, self.mig]

    def nvmlDeviceGetSupportedMemoryClocks(self, handle):
        return [1215]

    def nvmlDeviceGetSupportedGraphicsClocks(self, handle, memory_mhz):
        assert memory_mhz == 1215
        return [HIGHEST_MHZ, 1395, 510]

    def nvmlDeviceSetGpuLockedClocks(self, handle, low, high):
        assert low == high
        self.turned.append((handle, low))
        self._set("locked", handle, low)

    def nvmlDeviceResetGpuLockedClocks(self, handle):
        self._set("locked", handle, None)

    def nvmlDeviceGetClockInfo(self, handle, kind):
        assert kind == pynvml.NVML_CLOCK_SM
        return self._get("locked", handle) or HIGHEST_MHZ

    def nvmlDeviceGetMaxClockInfo(self, handle, kind):
        assert kind == pynvml.NVML_CLOCK_SM
        return HIGHEST_MHZ

    def nvmlDeviceGetUtilizationRates(self, handle):
        # As of kernels that wait for memory.
        return SimpleNamespace(gpu=97, memory=80)

    def nvmlDeviceGetApplicationsClock(self, handle, kind):
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    nvmlDeviceGetDefaultApplicationsClock = nvmlDeviceGetApplicationsClock

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle):
        by_user = pynvml.nvmlClocksEventReasonApplicationsClocksSetting if self._get("locked", handle) else 0
        return self.reasons | by_user

    def nvmlDeviceGetPowerManagementLimitConstraints(self, handle):
        return [LEAST_LIMIT_MW, DEFAULT_LIMIT_MW]

    def nvmlDeviceGetPowerManagementDefaultLimit(self, handle):
        return DEFAULT_LIMIT_MW

    def nvmlDeviceGetPowerManagementLimit(self, handle):
        return self._get("limit_mw", handle) or DEFAULT_LIMIT_MW

    def nvmlDeviceSetPowerManagementLimit(self, handle, milliwatts):
        assert LEAST_LIMIT_MW <= milliwatts <= DEFAULT_LIMIT_MW
        self.turned.append((handle, milliwatts))
        self._set("limit_mw", handle, milliwatts)

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        return int(time.perf_counter() * self.power_w * 1000)

    def nvmlDeviceGetPowerUsage(self, handle):
        return int(self.power_w * 1000)

    def nvmlDeviceGetTemperature(self, handle, kind):
        return self.temperature_c


class Guarded:
    """A watchdog in memory, for a driver in memory. A test may let it die or take over."""

    def __init__(self, note=None, path=None, *, gives_back=False):
        self.note, self.path, self.gives_back, self.told = note, path, gives_back, []

    def watch(self):
        self.told.append("watch")

    def dismiss(self):
        self.told.append("dismiss")

    def take_over(self):
        self.told.append("take_over")
        return self.gives_back
