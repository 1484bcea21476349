"""Energies of runs without a record: operations x energy per operation, with a range and a label."""

import json
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import model_runs
from wattshed.accounts.estimates.energy_by_operations import HardwareFit, check_operations
from wattshed.accounts.runs.basis import RECORDED, RETRO
from wattshed.energy.reading import COMPONENTS
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status

UNRECORDED = "no recorded run on this hardware"


def estimate_runs(runs: pd.DataFrame, fits: dict[str, HardwareFit]) -> pd.DataFrame:
    """The runs with estimated energies, as rows of origin ``retro-estimate``.

    runs: at least ``hardware`` and ``operations``, and columns that name them (model, country ...); their own energies
    are not used. Sets ``energy_kwh`` (median), ``energy_low_kwh, energy_high_kwh`` (10-90 % of single runs),
    ``energy_status`` ``retro-estimated``, ``energy_source``, ``extrapolated`` (larger or smaller than any recorded
    run). Hardware without a fit gives no energy: status ``missing`` with the reason. Components stay unknown.
    """
    check_operations(runs)
    frame = runs.copy()
    frame["origin"] = RETRO
    numbers = np.full((3, len(frame)), np.nan)
    source = np.full(len(frame), UNRECORDED, dtype=object)
    outside = np.zeros(len(frame), dtype=bool)
    operations = frame["operations"].to_numpy(dtype="float64")
    for name, fit in fits.items():
        here = (frame["hardware"] == name).fillna(False).to_numpy(dtype=bool)
        numbers[:, here] = fit.estimate(operations[here])
        source[here] = fit.source
        outside |= here & ((operations < fit.operations[0]) | (operations > fit.operations[1]))
    known = ~np.isnan(numbers[1])
    frame["energy_low_kwh"], frame["energy_kwh"], frame["energy_high_kwh"] = numbers
    frame["attributed_kwh"] = frame["energy_kwh"]
    frame["energy_status"] = np.where(known, Status.RETRO_ESTIMATED, Status.MISSING)
    frame["energy_source"] = source
    frame["extrapolated"] = outside
    for part in COMPONENTS:
        frame[f"{part}_kwh"] = np.nan
        frame[f"{part}_status"] = Status.MISSING
        frame[f"{part}_source"] = "a retro-estimate has no components"
    return frame


def with_mass_range(estimates: pd.DataFrame) -> pd.DataFrame:
    """Add ``co2e_low_kg, co2e_high_kg`` in proportion to the energies, once ``co2e_kg`` is there.

    The range is the energy's alone; the factor is taken as exact.
    """
    if "co2e_kg" not in estimates:
        raise Fault(
            "the estimates have no co2e_kg yet: expected the frame after add_emissions(); add them first."
        )
    per_kwh = estimates["co2e_kg"] / estimates["energy_kwh"]
    return estimates.assign(
        co2e_low_kg=per_kwh * estimates["energy_low_kwh"], co2e_high_kg=per_kwh * estimates["energy_high_kwh"]
    )


def separate_totals(runs: pd.DataFrame) -> pd.DataFrame:
    """Sums of energy: records and retro-estimates in separate rows, never in one number.

    Columns: ``basis, runs, known_runs, energy_kwh, energy_low_kwh, energy_high_kwh``. The range of a sum of
    estimates adds the lower and the upper ends, as if all were wrong in the same direction; records have none.
    """
    frame = model_runs(runs.drop(columns="stage", errors="ignore").assign(model=""))
    rows = []
    for basis in (RECORDED, RETRO):
        group = frame[frame["basis"] == basis]
        known = group[group["energy_kwh"].notna()]
        ends = {}
        for name in ("energy_low_kwh", "energy_high_kwh"):
            ends[name] = known[name].sum() if basis == RETRO and len(known) else np.nan
        total = known["energy_kwh"].sum() if len(known) else np.nan
        rows.append(
            {"basis": basis, "runs": len(group), "known_runs": len(known), "energy_kwh": total, **ends}
        )
    return pd.DataFrame(rows)


def hardware_names(runs: pd.DataFrame) -> pd.Series:
    """What a run computed on, from its ``machine`` (JSON): its GPUs where it has any, else its CPU; null if unknown."""
    names = {text: _hardware(text) for text in runs["machine"].dropna().unique()}
    return runs["machine"].map(names).astype("string")


def _hardware(text: str) -> str | None:
    machine: dict[str, Any] = json.loads(text)
    gpus = [str(gpu["name"]) for gpu in machine.get("gpus") or [] if gpu.get("name")]
    if gpus:
        names = sorted(set(gpus))
        return ", ".join(f"{gpus.count(name)} x {name}" for name in names)
    return machine.get("cpu") or machine.get("processor")
