"""The real GPU through NVML: turns its clock or power limit, reads what was really applied, and always gives it back.

Turning a knob needs root or CAP_SYS_ADMIN; reading clocks, power and energy needs neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from wattshed.clocks.backends.gpu.claim import claim_gpu
from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.backends.gpu.giving_back import command_to_give_back, give_back
from wattshed.clocks.backends.gpu.knobs import KnobWish, choose_knob
from wattshed.clocks.backends.gpu.note import LockNote, notes_folder
from wattshed.clocks.backends.gpu.watchdog import Guard, Watchdog
from wattshed.clocks.backends.gpu.window import counter_period_s, measure_window
from wattshed.clocks.backends.protocol import ClockReading, Label
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault, one_line, say

if TYPE_CHECKING:
    import pandas as pd
    import torch


class NvmlClocks:
    """Clock back end of one NVIDIA GPU.

    A lock that the GPU does not obey is not an error: the row says in ``applied`` what ran, and does not decide. Power
    and heat may rightly hold the clock down, and one such point must not end a sweep of hours. A power limit can be
    read back, so there it is an error.

    Raises :class:`Fault`, before anything is measured, if the driver, the right or a suitable GPU is missing, or if
    another sweep uses the GPU. nvml replaces the module pynvml, sleep and clock the time, notes the folder of the
    notes (which then has its own names of GPUs, as another machine), guard the watchdog.
    """

    name = "nvml"
    label: Label = "measured"

    def __init__(
        self,
        block: NvmlBlock,
        wish: KnobWish = "auto",
        *,
        nvml: Any = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.perf_counter,
        notes: Path | None = None,
        guard: Callable[[LockNote, Path], Guard] | None = None,
    ) -> None:
        self._settle_s, self._sleep, self._clock = block.settle_s, sleep, clock
        self._driver = GpuDriver(block, nvml)
        self._new_guard = guard
        self._guard: Guard | None = None
        try:
            scope = "" if notes is None else str(notes.absolute())
            self._claim = claim_gpu(self._driver, notes_folder() if notes is None else notes, scope)
            try:
                self._knob, choice = choose_knob(self._driver, wish, self._claim.note.found_power_limit_mw)
                self.counter_period_s = counter_period_s(self._driver, clock, sleep)
            except BaseException:
                self._claim.release()
                raise
        except BaseException:
            self._driver.close()
            raise
        self.gpu, self.gpu_uuid, self.knob = self._driver.gpu, self._driver.uuid, self._knob.knob
        self.notices = (*self._claim.found, choice)
        for sentence in self.notices:
            say(sentence)
        self._closed = False

    def settings(self) -> tuple[int, ...]:
        return self._knob.settings()

    def lock(self, setting: int) -> None:
        if setting not in self.settings():
            raise ValueError(f"{setting} {self.knob.unit} is not a {self.knob.noun} of {self.gpu}")
        self._claim.check()
        self._guarded().watch()
        self._knob.turn(setting)
        self._sleep(self._settle_s)

    def applied(self) -> int:
        with self._driver.told(f"reading its {self.knob.noun}"):
            return self._knob.applied()

    def reset(self) -> None:
        """Give the knob back; raises :class:`Fault` if neither this process nor the watchdog could."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._guard is not None:
                self._give_back(self._guard)
            self._claim.release()
        finally:
            self._claim.leave()
            self._driver.close()

    def recorded_sweep(self) -> pd.DataFrame | None:
        return None

    def measure(self, workload: Callable[[], object], min_s: float) -> ClockReading:
        window = measure_window(self._driver, self._knob, workload, min_s, self._clock)
        samples = window.samples
        reasons = tuple(sorted({reason for sample in samples for reason in sample.reasons}))
        return ClockReading(
            time_s=window.window_s / window.calls,
            energy_j=window.energy_j / window.calls,
            applied=round(median(sample.applied for sample in samples)),
            energy_by=window.energy_by,
            throttled=bool(reasons),
            temperature_c=median(sample.temperature_c for sample in samples),
            reasons=reasons,
        )

    def _guarded(self) -> Guard:
        """The watchdog, which learns from the note what it has to undo."""
        if self._guard is None:
            self._claim.turns(self.knob)
            claim = self._claim
            self._guard = (
                Watchdog(claim.note, claim.path, claim.machine.descriptor)
                if self._new_guard is None
                else self._new_guard(claim.note, claim.path)
            )
        return self._guard

    def _give_back(self, guard: Guard) -> None:
        driver, note = self._driver, self._claim.note
        try:
            give_back(driver.nvml, driver.handle, note)
        except driver.nvml.NVMLError as error:
            if not guard.take_over():
                why = one_line(error)
                with suppress(Fault):
                    self._claim.failed(why)
                raise Fault(
                    f"{self.gpu} may still be locked: its {self.knob.noun} could not be given back ({why}); "
                    f"run `{command_to_give_back(note)}`, or sweep again, which frees it first."
                ) from error
        else:
            guard.dismiss()


class NvmlBackend:
    def open(self, block: ClocksBlock) -> NvmlClocks:
        return NvmlClocks(block.nvml, block.knob)

    def device(self, block: ClocksBlock) -> torch.device:
        from wattshed.devices.torch_device import device_of_gpu

        driver = GpuDriver(block.nvml)
        driver.close()
        return device_of_gpu(driver.index)


BACKEND = NvmlBackend()
