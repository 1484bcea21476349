"""One window: a workload repeated on a GPU, its energy by the counter, else by the trapezoid rule over power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.backends.gpu.knobs import GpuKnob
from wattshed.clocks.backends.gpu.sampling import GpuSample, Sampler, mean_power_w, take_sample
from wattshed.clocks.runs import EnergyBy
from wattshed.foundation.faults import Fault

# A counter steps about every 0.1 s; one that stands still for longer does not tell its period.
STEPS, WATCH_S, LOOK_EVERY_S = 4, 0.5, 0.001


@dataclass(frozen=True)
class GpuWindow:
    """calls of the workload in window_s seconds; energy_j: of all of them."""

    calls: int
    window_s: float
    energy_j: float
    energy_by: EnergyBy
    samples: list[GpuSample]


def measure_window(
    driver: GpuDriver,
    knob: GpuKnob,
    workload: Callable[[], object],
    min_s: float,
    clock: Callable[[], float],
) -> GpuWindow:
    """Repeat ``workload`` for at least ``min_s`` seconds. Raises :class:`Fault` if the driver fails or the energy
    counter stands still; the workload's own exceptions pass."""
    calls = 0
    # Only NVML's errors become faults: they come from the counter and the sampler, not from the workload.
    with driver.told("measuring"), Sampler(lambda: take_sample(driver, knob, clock())) as sampler:
        before_mj = _counter_mj(driver)
        started = clock()
        while calls == 0 or clock() - started < min_s:
            workload()
            calls += 1
        window_s = clock() - started
        after_mj = _counter_mj(driver)
    energy_by: EnergyBy = "counter"
    if before_mj is not None and after_mj is not None:
        energy_j = (after_mj - before_mj) / 1000
    else:
        energy_j, energy_by = mean_power_w(sampler.samples) * window_s, "trapezoid"
    if energy_j <= 0:
        what = "energy counter did not move" if energy_by == "counter" else "power was read as 0 W"
        raise Fault(
            f"{driver.gpu}: the {what} in {window_s:.2f} s; expected a window of "
            "several counter periods (about 0.1 s): raise clocks.min_point_s."
        )
    return GpuWindow(calls, window_s, energy_j, energy_by, sampler.samples)


def counter_period_s(
    driver: GpuDriver, clock: Callable[[], float], sleep: Callable[[float], None]
) -> float | None:
    """How often the energy counter steps now [s]: the median of a few steps. None without a counter, or if it stands
    still."""
    with driver.told("reading its energy counter"):
        last_mj, started = _counter_mj(driver), clock()
        stepped_s: list[float] = []
        while last_mj is not None and len(stepped_s) <= STEPS and clock() - started < WATCH_S:
            sleep(LOOK_EVERY_S)
            now_mj = _counter_mj(driver)
            if now_mj != last_mj:
                last_mj = now_mj
                stepped_s.append(clock())
    return median(later - earlier for earlier, later in pairwise(stepped_s)) if len(stepped_s) > 1 else None


def _counter_mj(driver: GpuDriver) -> int | None:
    counted = driver.if_known(driver.nvml.nvmlDeviceGetTotalEnergyConsumption)
    return None if counted is None else int(counted)
