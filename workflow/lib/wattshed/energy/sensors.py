"""Sensors with one meaning: cumulative energy by component since they were started."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

from wattshed.config.energy import EnergyBlock
from wattshed.energy.carbon import Intensity
from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.foundation.faults import Fault


class Sensor(Protocol):
    def start(self) -> None: ...

    def read(self) -> dict[str, Component]:
        """Cumulative energy per component since :meth:`start`."""
        ...

    def stop(self) -> None: ...


class CodeCarbonSensor:
    """CPU and RAM through CodeCarbon's offline tracker, one CSV file per job.

    CodeCarbon resets its own durations and totals per task, so the job is cut into consecutive tasks whose
    deltas are added up here; durations are taken from our own clock.
    """

    def __init__(self, energy: EnergyBlock, csv: Path) -> None:
        self._energy = energy
        self._csv = csv
        self._sums = {"cpu": 0.0, "ram": 0.0}
        self._task = 0
        self._tracker: Any = None

    def start(self) -> None:
        from codecarbon import OfflineEmissionsTracker

        # CodeCarbon swallows a missing output folder and then records nothing: give it one that exists.
        self._folder = Path(tempfile.mkdtemp(prefix="wattshed-codecarbon-"))
        self._tracker = OfflineEmissionsTracker(
            country_iso_code=self._energy.country_iso,
            region=self._energy.region,
            output_dir=str(self._folder),
            output_file="emissions.csv",
            project_name="wattshed",
            tracking_mode="machine",
            measure_power_secs=15,
            allow_multiple_runs=True,
            pue=1.0,
            log_level="error",
        )
        self._tracker.start()
        self._tracker.start_task(f"span-{self._task}")
        # CodeCarbon has no public field for the method behind its CPU number.
        modes = [hardware._mode for hardware in self._tracker._hardware if hasattr(hardware, "_mode")]
        self._cpu_mode = ", ".join(modes) or "unknown method"

    def read(self) -> dict[str, Component]:
        span = self._tracker.stop_task(f"span-{self._task}")
        if span is None:
            raise Fault(
                "codecarbon returned no energy for a running job: expected a reading per window; "
                "run the job alone and check its log."
            )
        self._sums["cpu"] += span.cpu_energy
        self._sums["ram"] += span.ram_energy
        self._task += 1
        self._tracker.start_task(f"span-{self._task}")
        cpu_status: Any = "measured" if "rapl" in self._cpu_mode else "estimated"
        return {
            "cpu": Component(self._sums["cpu"], cpu_status, f"codecarbon {self._cpu_mode}"),
            "ram": Component(self._sums["ram"], "estimated", "codecarbon 5 W per module"),
        }

    def stop(self) -> None:
        if self._tracker is None:
            return
        self._tracker.stop_task(f"span-{self._task}")
        self._tracker.stop()
        written = self._folder / "emissions.csv"
        if written.is_file():
            self._csv.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(written, self._csv)
        shutil.rmtree(self._folder, ignore_errors=True)

    def intensity(self) -> Intensity:
        """The yearly factor that CodeCarbon applies for the configured place (kg CO2e per kWh)."""
        # stop() returns kg, never kWh; the factor is the ratio of two named fields of the final record.
        final = self._tracker.final_emissions_data
        if not final.energy_consumed:
            return Intensity(None, "no energy recorded")
        from codecarbon import __version__

        place = self._energy.country_iso + (f"/{self._energy.region}" if self._energy.region else "")
        return Intensity(
            final.emissions / final.energy_consumed, f"codecarbon {__version__} yearly mix, {place}"
        )


class NvmlSensor:
    """All GPUs' energy counters through NVML; ``missing`` with the reason where there is none."""

    def __init__(self, nvml: Any = None) -> None:
        self._nvml = nvml
        self._handles: list[Any] = []
        self._reason = ""

    def start(self) -> None:
        if self._nvml is None:
            import pynvml

            self._nvml = pynvml
        try:
            self._nvml.nvmlInit()
            count = self._nvml.nvmlDeviceGetCount()
            handles = [self._nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
            self._start_mj = [self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in handles]
        except self._nvml.NVMLError as error:
            self._reason = f"nvml: {error}"
            return
        self._handles = handles
        if not handles:
            self._reason = "nvml: no GPU"

    def read(self) -> dict[str, Component]:
        if not self._handles:
            return {"gpu": Component(None, "missing", self._reason)}
        try:
            now_mj = [self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in self._handles]
        except self._nvml.NVMLError as error:
            return {"gpu": Component(None, "missing", f"nvml: {error}")}
        millijoules = sum(now - start for now, start in zip(now_mj, self._start_mj, strict=True))
        return {"gpu": Component(millijoules / 1000 / JOULES_PER_KWH, "measured", "nvml energy counter")}

    def stop(self) -> None:
        if self._handles:
            self._nvml.nvmlShutdown()
