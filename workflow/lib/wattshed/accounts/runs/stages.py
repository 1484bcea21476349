"""Energy per stage of the study, split by component."""

from typing import Any

import pandas as pd

from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.basis import refuse_estimates
from wattshed.accounts.runs.hardware import add_hardware
from wattshed.energy.reading import COMPONENTS, worst_status
from wattshed.foundation.vocabulary import Stage

TOTAL = "total"


def stages_frame(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per stage and a last one, ``total``: sums over jobs of time [s], energy [kWh] and mass [kg].

    Energies are the jobs' own, or where a job does not know it, its share of the machine's, which is never added twice.
    Beside them ``machine_kwh``, all that the machine took while the jobs ran; ``net_kwh``, its part above idle, null
    unless every job has one; ``cpu_hours`` of the jobs' own processor time and ``gpu_hours`` of the GPUs that they
    held; ``alone_jobs``, ``not_alone_jobs``: whether others took at most a tenth of the busy time, where that is known.
    Each component has its status and the number of jobs that have it (``gpu_jobs``): a sum over fewer jobs
    than ``jobs`` is a lower bound and its status says so (``measured in part``, ``estimated in part``). A
    component that no job has is null.
    """
    refuse_estimates(runs, "the study's energy by stage")
    order: dict[str, int] = {stage: place for place, stage in enumerate(Stage)}
    present = sorted(runs["stage"].unique(), key=lambda stage: (order.get(stage, len(order)), stage))
    rows = [_row(stage, runs[runs["stage"] == stage]) for stage in present]
    return pd.DataFrame([*rows, _row(TOTAL, runs)])


def _row(stage: str, runs: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {
        "stage": stage,
        "jobs": len(runs),
        "truncated_jobs": int(runs["truncated"].sum()),
        "gpu_unread_jobs": int(runs["gpu_unread"].fillna(False).sum()) if "gpu_unread" in runs else 0,
        "overlapping_jobs": int(runs["overlaps"].notna().sum()),
        "duration_s": float(runs["duration_s"].sum()),
    }
    for part in (*COMPONENTS, "energy"):
        known = runs[runs[f"{part}_kwh"].notna()]
        attributed = known["attributed_kwh" if part == "energy" else f"attributed_{part}_kwh"]
        row[f"{part}_kwh"] = float(attributed.sum()) if len(known) else None
        row[f"{part}_jobs"] = len(known)
        row[f"{part}_status"] = _status(known[f"{part}_status"], len(runs))
    machine = runs["machine_attributed_kwh"].dropna()
    row["machine_kwh"] = float(machine.sum()) if len(machine) else None
    row["machine_status"] = _status(runs.loc[machine.index, "machine_status"], len(runs))
    hours = add_hardware(runs)
    row["cpu_hours"] = _sum(hours["cpu_hours"])
    row["gpu_hours"] = _sum(hours["gpu_hours"].where(hours["gpu_hours"] > 0))
    alone = add_alone(runs)["alone"]
    row["alone_jobs"], row["not_alone_jobs"] = int(alone.sum()), int((~alone).sum())
    # The idle energy of a shared machine does not belong to a single job.
    single = runs["overlaps"].isna().all() and runs["net_kwh"].notna().all()
    row["net_kwh"] = float(runs["net_kwh"].sum()) if single and len(runs) else None
    mass = runs["co2e_kg"].dropna() if "co2e_kg" in runs else pd.Series(dtype="float64")
    row["co2e_kg"] = float(mass.sum()) if len(mass) else None
    row["co2e_jobs"] = len(mass)
    return row


def _sum(hours: pd.Series) -> float | None:
    known = hours.dropna()
    return float(known.sum()) if len(known) else None


def _status(known: pd.Series, jobs: int) -> str:
    status = worst_status(known)
    return f"{status} in part" if 0 < len(known) < jobs else status
