"""Pairs the energies of two measurements by model, seed and epoch."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wattshed.accounts.guard.records import Energy, ModelRecord
from wattshed.foundation.faults import Fault
from wattshed.statistics.levels import RUN_SPREAD_PERCENT
from wattshed.statistics.paired import LEAST_PAIRS, LEAST_RUNS, Change, change_of

# At most this many unpaired energies are named.
NAMED = 5
# The job's own energy; the machine's while it ran; the machine's less its idle power.
Which = Literal["own", "machine", "net"]
PREFIX = {"own": "", "machine": "machine-wide ", "net": "net "}


@dataclass(frozen=True)
class Pairing:
    """One energy of a model [kWh], before and now; unit names what is numbered within a seed.

    disturbed: pairs that are left out because others used the machine on one side.
    """

    model: str
    quantity: str
    unit: str
    before: np.ndarray
    now: np.ndarray
    seeds: np.ndarray
    leftovers: list[str]
    disturbed: int = 0

    @property
    def runs(self) -> int:
        """How many runs a side the pairs are of."""
        return len(set(self.seeds))

    def change(
        self, tolerance_percent: float = 0.0, run_spread_percent: float = RUN_SPREAD_PERCENT
    ) -> Change | None:
        """None where there are too few pairs. Its p-value is that of "it has risen by at most the tolerance".

        run_spread_percent: how much whole runs of the same work differ; used where there are fewer than three a side.
        """
        if len(self.now) < LEAST_PAIRS and self.runs < LEAST_RUNS:
            return None
        return change_of(
            np.log(self.now / self.before),
            self.seeds,
            tolerated=math.log1p(tolerance_percent / 100),
            run_spread=math.log1p(run_spread_percent / 100),
        )

    def within_runs(self, tolerance_percent: float) -> Change | None:
        """What the epochs alone tell, as if whole runs did not differ; None where runs are compared as wholes."""
        return self.change(tolerance_percent, 0.0) if self.runs < LEAST_RUNS else None

    def left_out(self) -> str:
        """The energies that were not compared, for a sentence; empty if there is none."""
        names = self.leftovers
        others = f"; {self.disturbed} pairs are left out, because other programs used the machine" * bool(
            self.disturbed
        )
        if not names:
            return others
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"{others}; without a partner: {', '.join(names[:NAMED])}{more}"


def pairings_of(name: str, before: ModelRecord, now: ModelRecord, which: Which) -> list[Pairing]:
    """Pairs of a model's energies per epoch and per forecast, for the kinds that either side has.

    Pairs in which others used the machine are left out: contention costs own processor time, too. Raises
    :class:`Fault` for an unknown energy of the kind that ``which`` asks for.
    """
    kinds = (
        ("energy per epoch", "epoch", before.epochs, now.epochs),
        ("energy per forecast", "pass", before.forecasts, now.forecasts),
    )
    return [
        _pair(name, PREFIX[which] + quantity, unit, old, new, which)
        for quantity, unit, old, new in kinds
        if old or new
    ]


def _pair(
    name: str, quantity: str, unit: str, before: list[Energy], now: list[Energy], which: Which
) -> Pairing:
    old = {(energy.seed, energy.number): _kwh(energy, name, which) for energy in before}
    new = {(energy.seed, energy.number): _kwh(energy, name, which) for energy in now}
    paired = [key for key in old if key in new]
    disturbed = {(energy.seed, energy.number) for energy in (*before, *now) if energy.alone is False}
    keys = [key for key in paired if key not in disturbed]
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
        len(paired) - len(keys),
    )


def _kwh(energy: Energy, name: str, which: Which) -> float:
    value = {"own": energy.kwh, "machine": energy.machine_kwh, "net": energy.net_kwh}[which]
    if value is None or not value > 0:
        cure = (
            "measure an idle power (idle_s), or compare own energies"
            if which == "net"
            else "compare own energies"
        )
        raise Fault(
            f"{name}, seed {energy.seed}, number {energy.number} has no {PREFIX[which]}energy above 0 ({value} kWh): "
            f"expected a known one; {cure}."
        )
    return value
