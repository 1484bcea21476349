"""Carbon is energy times a named factor, and nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Intensity:
    """Carbon intensity in kg CO2e per kWh and where it comes from; None where it is unknown."""

    kg_per_kwh: float | None
    source: str

    def co2e_kg(self, energy_kwh: float | None) -> float | None:
        """Mass [kg] for an energy [kWh]; None if either is unknown."""
        if energy_kwh is None or self.kg_per_kwh is None:
            return None
        return energy_kwh * self.kg_per_kwh
