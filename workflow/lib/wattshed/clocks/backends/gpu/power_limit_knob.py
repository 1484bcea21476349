"""The power limit as the knob, in whole watts. It can be read back, so a limit that is not obeyed is an error."""

from __future__ import annotations

import math

from wattshed.clocks.backends.gpu.driver import GpuDriver
from wattshed.clocks.runs import POWER_LIMIT
from wattshed.foundation.faults import Fault

STEP_W = 5


class PowerLimitKnob:
    knob = POWER_LIMIT

    def __init__(self, driver: GpuDriver, found_mw: int) -> None:
        """found_mw: the limit before the sweep [mW].

        Raises NVML's NotSupported or NoPermission if limits cannot be set here.
        """
        nvml, handle = driver.nvml, driver.handle
        self._driver = driver
        lowest_mw, highest_mw = nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
        default_mw = driver.if_known(nvml.nvmlDeviceGetPowerManagementDefaultLimit)
        # The reference is how the GPU usually runs: a sweep gives it no more power than its default or what was found.
        top_mw = highest_mw if default_mw is None else min(highest_mw, max(default_mw, found_mw))
        self._settings = spread_limits(lowest_mw, top_mw)
        # The same limit again needs the same right as another one and changes nothing.
        nvml.nvmlDeviceSetPowerManagementLimit(handle, found_mw)

    def settings(self) -> tuple[int, ...]:
        return self._settings

    def turn(self, setting: int) -> None:
        with self._driver.told(f"setting a power limit of {setting} W"):
            self._driver.nvml.nvmlDeviceSetPowerManagementLimit(self._driver.handle, 1000 * setting)
            applied = self.applied()
        if applied != setting:
            raise Fault(
                f"{self._driver.gpu}: a power limit of {setting} W was set, but {applied} W applies; expected the "
                "limit that was set: end the other program that sets limits (DCGM, a batch system), and try again."
            )

    def applied(self) -> int:
        """The limit that applies [W]."""
        return round(self._driver.nvml.nvmlDeviceGetPowerManagementLimit(self._driver.handle) / 1000)


def spread_limits(lowest_mw: int, highest_mw: int) -> tuple[int, ...]:
    """Whole watts from the highest down in steps of 5 W, and the lowest; ascending. Bounds in mW."""
    lowest_w, highest_w = math.ceil(lowest_mw / 1000), math.floor(highest_mw / 1000)
    return tuple(sorted({lowest_w, *range(highest_w, lowest_w - 1, -STEP_W)}))
