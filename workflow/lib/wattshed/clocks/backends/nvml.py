"""The real GPU through NVML: locks SM clocks, reads the clock that was really applied, and always resets it.

Locking needs root (or CAP_SYS_ADMIN) and a Volta or later GPU; reading clocks needs neither.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wattshed.clocks.backends.protocol import ClockReading, Label
from wattshed.clocks.runs import CLOCK, EnergyBy
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.devices.nvml import open_nvml, text_of
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    import torch

SAMPLE_PERIOD_S = 0.05


class NvmlClocks:
    """Clock backend of one NVIDIA GPU.

    Raises :class:`Fault`, before anything is measured, if the driver, the permission or a suitable device is missing.
    ``nvml`` replaces the module pynvml, ``sleep`` and ``clock`` the time.
    """

    name = "nvml"
    label: Label = "measured"
    knob = CLOCK

    def __init__(
        self,
        block: NvmlBlock,
        nvml: Any = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._settle_s = block.settle_s
        self._sleep = sleep
        self._clock = clock
        self._open = False
        self._handle = self._open_device(block.gpu_index, nvml)
        try:
            self.gpu = text_of(self._nvml.nvmlDeviceGetName(self._handle))
            self.gpu_uuid = text_of(self._nvml.nvmlDeviceGetUUID(self._handle))
            self._refuse_mig()
            self._clocks_mhz = self._legal_clocks()
            self._may_lock()
            self._has_counter = self._counter_mj() is not None
        except BaseException:
            self._close()
            raise

    def settings(self) -> tuple[int, ...]:
        return self._clocks_mhz

    def lock(self, setting: int) -> None:
        if setting not in self._clocks_mhz:
            raise ValueError(f"{setting} MHz is not a clock of {self.gpu}")
        self._nvml.nvmlDeviceSetGpuLockedClocks(self._handle, setting, setting)
        self._sleep(self._settle_s)

    def applied(self) -> int:
        return int(self._nvml.nvmlDeviceGetClockInfo(self._handle, self._nvml.NVML_CLOCK_SM))

    def reset(self) -> None:
        if not self._open:
            return
        try:
            self._nvml.nvmlDeviceResetGpuLockedClocks(self._handle)
        finally:
            self._close()

    def recorded_sweep(self) -> pd.DataFrame | None:
        return None

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        calls = 0
        with _Sampler(self._sample) as sampler:
            before_mj = self._counter_mj()
            started = self._clock()
            while calls == 0 or self._clock() - started < min_s:
                workload()
                calls += 1
            window_s = self._clock() - started
            after_mj = self._counter_mj()
        samples = sampler.samples
        energy_by: EnergyBy = "counter"
        if self._has_counter and before_mj is not None and after_mj is not None:
            energy_j = (after_mj - before_mj) / 1000
        else:
            energy_j, energy_by = _mean_power_w(samples) * window_s, "trapezoid"
        if energy_j <= 0:
            raise Fault(
                f"{self.gpu}: the energy counter did not move in {window_s:.2f} s; expected a window of "
                "several counter periods (about 0.1 s): raise clocks.min_point_s."
            )
        return ClockReading(
            time_s=window_s / calls,
            energy_j=energy_j / calls,
            applied=round(median(sample.setting for sample in samples)),
            energy_by=energy_by,
            throttled=any(sample.throttled for sample in samples),
            temperature_c=max(sample.temperature_c for sample in samples),
        )

    def _open_device(self, index: int, nvml: Any) -> Any:
        self._nvml, absence = open_nvml(nvml)
        if absence is not None:
            raise _unreachable(index, absence.reason)
        self._open = True
        try:
            return self._nvml.nvmlDeviceGetHandleByIndex(index)
        except self._nvml.NVMLError as error:
            self._close()
            raise _unreachable(index, str(error)) from error

    def _refuse_mig(self) -> None:
        try:
            current, _pending = self._nvml.nvmlDeviceGetMigMode(self._handle)
        except self._nvml.NVMLError_NotSupported:
            return  # A GPU without MIG is a whole GPU.
        if current == self._nvml.NVML_DEVICE_MIG_ENABLE:
            raise Fault(
                f"{self.gpu} is split by MIG: all instances share its clock and energy counter; "
                "expected a whole GPU: use another one, or clocks.backend simulated or replay."
            )

    def _legal_clocks(self) -> tuple[int, ...]:
        try:
            memory_mhz = max(self._nvml.nvmlDeviceGetSupportedMemoryClocks(self._handle))
            clocks = self._nvml.nvmlDeviceGetSupportedGraphicsClocks(self._handle, memory_mhz)
        except self._nvml.NVMLError_NotSupported as error:
            raise Fault(
                f"{self.gpu} does not list its clocks: expected a GPU that allows clock control; "
                "set clocks.backend to simulated or replay."
            ) from error
        return tuple(sorted(int(clock) for clock in clocks))

    def _may_lock(self) -> None:
        """Reset the clock: this needs the same permission as locking, is harmless, and frees a clock that a killed
        sweep left."""
        try:
            self._nvml.nvmlDeviceResetGpuLockedClocks(self._handle)
        except self._nvml.NVMLError_NoPermission as error:
            raise Fault(
                f"{self.gpu}: this user may not lock clocks, which needs root or CAP_SYS_ADMIN; nothing was "
                "measured: run the sweep as root, or set clocks.backend to simulated or replay."
            ) from error
        except self._nvml.NVMLError_NotSupported as error:
            raise Fault(
                f"{self.gpu} cannot lock its clocks: expected a Volta or later GPU; set clocks.backend to "
                "simulated or replay."
            ) from error

    def _counter_mj(self) -> int | None:
        try:
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except self._nvml.NVMLError_NotSupported:
            return None

    def _sample(self) -> "_Sample":
        nvml = self._nvml
        reasons = nvml.nvmlDeviceGetCurrentClocksEventReasons(self._handle)
        held_down = (
            nvml.nvmlClocksEventReasonSwPowerCap
            | nvml.nvmlClocksEventReasonHwSlowdown
            | nvml.nvmlClocksEventReasonSwThermalSlowdown
            | nvml.nvmlClocksEventReasonHwThermalSlowdown
            | nvml.nvmlClocksEventReasonHwPowerBrakeSlowdown
        )
        return _Sample(
            at_s=self._clock(),
            setting=self.applied(),
            power_w=nvml.nvmlDeviceGetPowerUsage(self._handle) / 1000,
            temperature_c=float(nvml.nvmlDeviceGetTemperature(self._handle, nvml.NVML_TEMPERATURE_GPU)),
            throttled=bool(reasons & held_down),
        )

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._nvml.nvmlShutdown()


def _unreachable(index: int, why: str) -> Fault:
    return Fault(
        f"GPU {index} cannot be reached through NVML ({why}): expected an NVIDIA driver and that GPU; correct "
        "clocks.nvml.gpu_index or set clocks.backend to simulated or replay."
    )


@dataclass(frozen=True)
class _Sample:
    at_s: float
    setting: int
    power_w: float
    temperature_c: float
    throttled: bool


@dataclass
class _Sampler:
    """Takes a sample every 50 ms in a thread while its block runs, at least one in all."""

    take: Callable[[], _Sample]
    samples: list[_Sample] = field(default_factory=list)

    def __enter__(self) -> "_Sampler":
        self._done = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._done.set()
        self._thread.join()
        if self._error is not None and failure[0] is None:
            raise self._error

    def _run(self) -> None:
        try:
            # The first sample waits, so that an idle GPU's low clock is not mistaken for the locked one.
            while not self._done.wait(SAMPLE_PERIOD_S):
                self.samples.append(self.take())
            if not self.samples:
                self.samples.append(self.take())
        except Exception as error:  # raised when the block ends
            self._error = error


def _mean_power_w(samples: list[_Sample]) -> float:
    """Time-weighted mean by the trapezoid rule [W]."""
    if len(samples) == 1:
        return samples[0].power_w
    at_s = np.array([sample.at_s for sample in samples])
    power_w = np.array([sample.power_w for sample in samples])
    return float(np.trapezoid(power_w, at_s) / (at_s[-1] - at_s[0]))


class NvmlBackend:
    def open(self, block: ClocksBlock) -> NvmlClocks:
        return NvmlClocks(block.nvml)

    def device(self, block: ClocksBlock) -> "torch.device":
        from wattshed.devices.torch_device import device_of_gpu

        return device_of_gpu(block.nvml.gpu_index)


BACKEND = NvmlBackend()
