"""The frame that sweeps, recordings and choices share: one row per run of a workload at one setting of one GPU."""

from dataclasses import dataclass
from typing import Literal

KnobName = Literal["clock", "power_limit"]
# The label of rows that no GPU measured.
SIMULATED = "simulated"
EnergyBy = Literal["counter", "trapezoid", "mean_power", "stated", "simulated"]


@dataclass(frozen=True)
class Knob:
    """What a sweep turns: the SM clock [MHz] or the power limit [W]. A higher setting is at least as fast."""

    name: KnobName
    unit: str
    title: str

    @property
    def noun(self) -> str:
        """In sentences: ``clock`` or ``power limit``."""
        return self.name.replace("_", " ")


CLOCK = Knob("clock", "MHz", "SM clock")
POWER_LIMIT = Knob("power_limit", "W", "Power limit")
KNOBS: dict[str, Knob] = {knob.name: knob for knob in (CLOCK, POWER_LIMIT)}

# One row per run. setting, applied: in the knob's unit; applied is missing where it was not read.
# time_s, energy_j: of one call of the workload; power_w: energy over time. energy_by: how the energy is known.
# order counts the windows as they were measured; warm is false for a warm-up, which stays in the table.
COLUMNS = (
    "backend",
    "label",
    "gpu",
    "gpu_uuid",
    "workload",
    "knob",
    "setting",
    "applied",
    "repeat",
    "order",
    "warm",
    "time_s",
    "energy_j",
    "power_w",
    "energy_by",
    "throttled",
    "temperature_c",
)
# Columns that may miss values.
TYPES = {"applied": "Int64", "gpu_uuid": "string", "temperature_c": "float64"}
