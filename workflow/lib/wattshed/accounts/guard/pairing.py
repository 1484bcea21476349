"""Pairs the energies of two measurements by model, seed and epoch."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from wattshed.accounts.guard.records import Energy, ModelRecord
from wattshed.foundation.faults import Fault
from wattshed.statistics.paired import LEAST_PAIRS, Change, rise_of

# At most this many unpaired energies are named.
NAMED = 5
Which = Literal["gross", "net"]


@dataclass(frozen=True)
class Pairing:
    """One energy of a model [kWh], before and now; unit names what is numbered within a seed."""

    model: str
    quantity: str
    unit: str
    before: np.ndarray
    now: np.ndarray
    seeds: np.ndarray
    leftovers: list[str]

    def change(self) -> Change | None:
        """None where there are too few pairs."""
        if len(self.now) < LEAST_PAIRS:
            return None
        return rise_of(np.log(self.now / self.before), self.seeds)

    def left_out(self) -> str:
        """The energies without a partner, for a sentence; empty if there is none."""
        names = self.leftovers
        if not names:
            return ""
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"; without a partner: {', '.join(names[:NAMED])}{more}"


def pairings_of(name: str, before: ModelRecord, now: ModelRecord, which: Which) -> list[Pairing]:
    """Pairs of a model's energies per epoch and per forecast, for the kinds that either side has.

    Raises :class:`Fault` for an unknown net energy where ``which`` asks for it.
    """
    kinds = (
        ("energy per epoch", "epoch", before.epochs, now.epochs),
        ("energy per forecast", "pass", before.forecasts, now.forecasts),
    )
    return [
        _pair(name, f"net {quantity}" if which == "net" else quantity, unit, old, new, which)
        for quantity, unit, old, new in kinds
        if old or new
    ]


def _pair(
    name: str, quantity: str, unit: str, before: list[Energy], now: list[Energy], which: Which
) -> Pairing:
    old = {(energy.seed, energy.number): _kwh(energy, name, which) for energy in before}
    new = {(energy.seed, energy.number): _kwh(energy, name, which) for energy in now}
    keys = [key for key in old if key in new]
    sides = (("the baseline", old, new), ("the ledgers", new, old))
    leftovers = [
        f"seed {seed} {unit} {number} only in {side}"
        for side, mine, other in sides
        for seed, number in mine
        if (seed, number) not in other
    ]
    return Pairing(
        name,
        quantity,
        unit,
        np.array([old[key] for key in keys], dtype=np.float64),
        np.array([new[key] for key in keys], dtype=np.float64),
        np.array([str(seed) for seed, _ in keys]),
        leftovers,
    )


def _kwh(energy: Energy, name: str, which: Which) -> float:
    value = energy.kwh if which == "gross" else energy.net_kwh
    if value is None or not value > 0:
        raise Fault(
            f"{name}, seed {energy.seed}, number {energy.number} has no net energy above 0 ({value} kWh): expected a "
            "known idle power below the job's; compare gross energies, or set energy.metering.idle_s and run again."
        )
    return value
