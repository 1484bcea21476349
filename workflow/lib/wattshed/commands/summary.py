"""The summary of ``wattshed measure``: energy with its source, interval and carbon."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.energy.carbon.carbon import Intensity
from wattshed.energy.meter import Meter
from wattshed.energy.reading import JOULES_PER_KWH, Reading
from wattshed.energy.window import Measurement
from wattshed.statistics.intervals import Interval


@dataclass(frozen=True)
class Summary:
    """Energies of one run of the command; several runs give a mean with its 95 % interval."""

    measurement: Measurement
    meter: Meter
    intensity: Intensity
    ledger: Path
    exit_code: int

    def text(self) -> str:
        runs = len(self.measurement.trials)
        lines = [
            f"wattshed: exit code {self.exit_code}, {runs} run{'' if runs == 1 else 's'} measured, "
            f"{_interval(self.measurement.duration_s, 's')} each"
        ]
        if runs:
            reading = self._reading()
            lines.append(f"  gross energy  {_interval(self.measurement.energy_j, 'J')}  {reading.status}")
            for name, part in reading.components.items():
                known = "-" if part.kwh is None else f"{_short(part.kwh * JOULES_PER_KWH)} J"
                lines.append(f"    {name:<11} {known}  {part.status}: {part.source}")
            lines.append(f"  above idle    {self._net_text()}")
            lines.append(f"  carbon        {self._carbon_text()}")
        lines.append(f"  ledger        {self.ledger}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        trials = self.measurement.trials
        reading = self._reading()
        mean_kwh = _mean_kwh(self.measurement.energy_j)
        return {
            "ledger": str(self.ledger),
            "exit_code": self.exit_code,
            "runs": len(trials),
            "duration_s": _interval_json(self.measurement.duration_s),
            "energy_j": _interval_json(self.measurement.energy_j),
            "energy_status": reading.status,
            "net_energy_j": _interval_json(self.measurement.net_j),
            "components": reading.to_json(),
            "co2e_kg": self.intensity.co2e_kg(mean_kwh),
            "intensity_kg_per_kwh": self.intensity.kg_per_kwh,
            "intensity_source": self.intensity.source,
        }

    def _reading(self) -> Reading:
        """Mean over the trials, component by component."""
        trials = self.measurement.trials
        if not trials:
            return Reading({})
        total = trials[0].energy
        for trial in trials[1:]:
            total = total.plus(trial.energy)
        return total.divided(len(trials))

    def _net_text(self) -> str:
        net = self.measurement.net_j
        if net.mean is None:
            why = self.meter.idle_missing or "the readings have no idle power to compare with"
            return f"not known: {why}"
        return f"{_interval(net, 'J')}  {self.measurement.trials[0].net.status}"

    def _carbon_text(self) -> str:
        mass_kg = self.intensity.co2e_kg(_mean_kwh(self.measurement.energy_j))
        if mass_kg is None:
            return f"not known: {self.intensity.source} (give --country ISO)"
        return f"{_short(mass_kg * 1000)} g CO2e  ({self.intensity.source})"


def _mean_kwh(energy_j: Interval) -> float | None:
    return None if energy_j.mean is None else energy_j.mean / JOULES_PER_KWH


def _interval(found: Interval, unit: str) -> str:
    if found.mean is None:
        return "not known"
    if found.low is None or found.high is None:
        return f"{_short(found.mean)} {unit}"
    return f"{_short(found.mean)} {unit} [{_short(found.low)}, {_short(found.high)}] 95 %, n = {found.n}"


def _interval_json(found: Interval) -> dict[str, float | int | None]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n}


def _short(value: float) -> str:
    """Four significant digits, without an exponent from 1,000 on."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
