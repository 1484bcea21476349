"""The summary of ``wattshed measure``: energy with its source, interval and carbon."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattshed.energy.carbon.carbon import Intensity
from wattshed.energy.lower_bounds import not_metered
from wattshed.energy.meter import Meter
from wattshed.energy.reading import JOULES_PER_KWH, Reading
from wattshed.energy.window import Measurement
from wattshed.statistics.intervals import Interval

HIDDEN = "GPUs of other ranks"


@dataclass(frozen=True)
class Summary:
    """Energies of one run of the command; several runs give a mean with its 95 % interval.

    hidden_gpus: whether other ranks of this node have GPUs that were not metered.
    """

    measurement: Measurement
    meter: Meter
    intensity: Intensity
    ledger: Path
    exit_code: int
    hidden_gpus: bool = False

    def text(self) -> str:
        runs = len(self.measurement.trials)
        lines = [
            f"wattshed: exit code {self.exit_code}, {runs} run{'' if runs == 1 else 's'} measured, "
            f"{_interval(self.measurement.duration_s, 's')}{'' if runs == 1 else ' each'}"
        ]
        if runs:
            reading = self._reading()
            lacks = self._lacks()
            least = "at least " if lacks else ""
            lines.append(f"  own energy    {least}{_interval(self.measurement.own_j, 'J')}  {reading.status}")
            if lacks:
                lines.append(f"    not metered {', '.join(lacks)}")
            for name, part in reading.components.items():
                known = "-" if part.kwh is None else f"{_short(part.kwh * JOULES_PER_KWH)} J"
                lines.append(f"    {name:<11} {known}  {part.status}: {part.source}")
            lines.append(f"  processor     {self._processor_text()}")
            lines.append(f"  the machine   {self._machine_text(least)}")
            lines.append(f"  above idle    {self._net_text()}")
            lines.append(f"  carbon        {least}{self._carbon_text()}")
            lines += [
                f"  constant      {constant.value:.3g} {constant.unit}: {constant.source}"
                for constant in self.meter.constants.values()
            ]
        gone = (
            ""
            if self.ledger.exists()
            else "  was deleted while the command ran: these lines are all that is left"
        )
        lines.append(f"  ledger        {self.ledger}{gone}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        trials = self.measurement.trials
        reading = self._reading()
        mean_kwh = _mean_kwh(self.measurement.own_j)
        return {
            "ledger": str(self.ledger),
            "ledger_exists": self.ledger.exists(),
            "exit_code": self.exit_code,
            "runs": len(trials),
            "duration_s": _interval_json(self.measurement.duration_s),
            "energy_j": _interval_json(self.measurement.own_j),
            "energy_status": reading.status,
            "lower_bound": bool(self._lacks()),
            "not_metered": self._lacks(),
            "components": reading.to_json(),
            "own_cpu_s": _interval_json(self.measurement.own_cpu_s),
            "others_cpu_s": self._others_cpu_s(),
            "alone": self.measurement.alone,
            "machine_j": _interval_json(self.measurement.energy_j),
            "machine_net_j": _interval_json(self.measurement.net_j),
            "constants": {name: constant.to_json() for name, constant in self.meter.constants.items()},
            "co2e_kg": self.intensity.co2e_kg(mean_kwh),
            "intensity_kg_per_kwh": self.intensity.kg_per_kwh,
            "intensity_source": self.intensity.source,
        }

    def _reading(self) -> Reading:
        """Own energy, mean over the trials, component by component."""
        trials = self.measurement.trials
        if not trials:
            return Reading({})
        total = trials[0].own
        for trial in trials[1:]:
            total = total.plus(trial.own)
        mean_j, sum_j = self.measurement.own_j.mean, total.joules
        # The parts of a geometric mean: they add up to it.
        return total.divided(sum_j / mean_j if mean_j and sum_j else len(trials))

    def _lacks(self) -> list[str]:
        """Parts of the machine that were not metered in some run: the sums are then lower bounds."""
        found = [part for trial in self.measurement.trials for part in not_metered(trial.own.to_json())]
        return list(dict.fromkeys([*found, *([HIDDEN] if self.hidden_gpus else [])]))

    def _others_cpu_s(self) -> float | None:
        """Processor time of others during a run, mean over the runs [s]."""
        found = [trial.use.others_cpu_s for trial in self.measurement.trials]
        known = [seconds for seconds in found if seconds is not None]
        return sum(known) / len(known) if known and len(known) == len(found) else None

    def _processor_text(self) -> str:
        own = f"{_interval(self.measurement.own_cpu_s, 's')} of its own"
        others_s = self._others_cpu_s()
        if others_s is None:
            return f"{own}; what others used is not known"
        beside = f"{own}, {_short(others_s)} s of others"
        if self.measurement.alone is False:
            return f"{beside}: not alone"
        return beside if self.measurement.alone is None else f"{beside}: alone"

    def _machine_text(self, least: str) -> str:
        if self.measurement.energy_j.mean is not None:
            return (
                f"{least}{_interval(self.measurement.energy_j, 'J')}, idle power and other programs included"
            )
        reasons = [
            part.source for part in self.measurement.trials[0].energy.components.values() if part.kwh is None
        ]
        return f"not known: {reasons[0] if reasons else 'no sensor'}"

    def _net_text(self) -> str:
        net = self.measurement.net_j
        if net.mean is None:
            why = self.meter.idle_missing or "the readings have no idle power to compare with"
            return f"not known: {why}"
        return f"{_interval(net, 'J')} of the machine  {self.measurement.trials[0].net.status}"

    def _carbon_text(self) -> str:
        mass_kg = self.intensity.co2e_kg(_mean_kwh(self.measurement.own_j))
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
