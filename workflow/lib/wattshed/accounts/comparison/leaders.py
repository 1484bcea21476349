"""Low-carbon leaders: the least errors among runs under a limit, and which runs were left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import (
    RETRO,
    all_flags,
    flagged,
    model_runs,
    slice_columns,
    split_flags,
    status_of,
    summarise_by,
)
from wattshed.accounts.comparison.run_errors import join_metrics
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.summaries import summarise

# Flags of runs whose energy or mass is wrong or incomplete; other flags are only shown.
BARRED = ("power above TDP", "changed grid", "truncated", "unknown location")
OVER_LIMIT = "over the limit"


@dataclass(frozen=True)
class Leaders:
    """``frame``: leaders per slice, best first; ``excluded``: runs per slice and reason.

    frame: slices, ``rank, model`` (``run_id``), ``n``, ``{metric}_mean/_low/_high``, ``energy_kwh_*``,
    ``co2e_kg_*``, ``judged_by`` (``co2e_kg`` or ``energy_kwh``), ``doubtful`` (the interval of the judged cost
    includes the limit), ``energy_status, flags``. excluded: slices, ``reason, runs, models``.
    """

    frame: pd.DataFrame
    excluded: pd.DataFrame
    metric: str
    limit_kg: float | None
    limit_kwh: float | None


def low_carbon_leaders(
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    limit_kg: float | None = None,
    limit_kwh: float | None = None,
    metric: str = "mae",
    by: str = "model",
    barred: Sequence[str] = BARRED,
    top: int | None = None,
) -> Leaders:
    """Models (``by="model"``: means over their runs) or single runs (``by="run_id"``) under the limit.

    ``limit_kg`` (kg CO2e) applies to runs of known mass, ``limit_kwh`` to the others. ``barred``: flags that exclude a
    run; other flags are shown with the leader. Retro-estimates are always excluded. Raises
    :class:`Fault` for no limit, a limit of 0 or less, and as join_metrics does.
    """
    _check(limit_kg, limit_kwh, by, runs)
    joined = join_metrics(model_runs(runs), metrics, [metric])
    slices = slice_columns(joined)
    # Without slices, all runs are in one.
    keys = slices or ["scope"]
    joined["scope"] = "all"
    joined["judged_by"] = np.where(
        joined["co2e_kg"].notna() & (limit_kg is not None), "co2e_kg", "energy_kwh"
    )
    joined["reason"] = _reasons(joined, metric, barred, limit_kg, limit_kwh)
    fit = joined[joined["reason"].isna()]
    group_keys = [*keys, *dict.fromkeys(["model", by]), "judged_by"]
    frame = summarise_by(fit, group_keys, [metric, "energy_kwh", "co2e_kg"])
    grouped = fit.groupby(group_keys, sort=False, dropna=False)
    frame["n"] = grouped.size().to_numpy(dtype="int64")
    frame["energy_status"] = [status_of(group) for _, group in grouped]
    frame["flags"] = [all_flags(group["flags"]) for _, group in grouped]
    mass = (frame["judged_by"] == "co2e_kg").to_numpy()
    limit = np.where(mass, limit_kg or np.nan, limit_kwh or np.nan)
    under = np.where(mass, frame["co2e_kg_mean"], frame["energy_kwh_mean"]) <= limit
    frame["doubtful"] = np.where(mass, frame["co2e_kg_high"], frame["energy_kwh_high"]) > limit
    over = frame.loc[~under, [*keys, "model", "n"]].assign(reason=OVER_LIMIT)
    left_out = joined[joined["reason"].notna()].assign(n=1)
    excluded = _count(pd.concat([left_out[[*keys, "model", "n", "reason"]], over]), keys)
    frame = frame[under].sort_values([*keys, f"{metric}_mean", "energy_kwh_mean"], ignore_index=True)
    frame.insert(len(keys), "rank", frame.groupby(keys, dropna=False).cumcount() + 1)
    if top is not None:
        frame = frame[frame["rank"] <= top].reset_index(drop=True)
    return Leaders(frame, excluded, metric, limit_kg, limit_kwh)


def _check(limit_kg: float | None, limit_kwh: float | None, by: str, runs: pd.DataFrame) -> None:
    if limit_kg is None and limit_kwh is None:
        raise Fault("no limit was given for the leaders: expected limit_kg or limit_kwh above 0; give one.")
    for name, limit in (("limit_kg", limit_kg), ("limit_kwh", limit_kwh)):
        if limit is not None and not (limit > 0 and np.isfinite(limit)):
            raise Fault(f"{name} is {limit}: expected a finite number above 0; give another.")
    if by not in ("model", "run_id") or by not in runs:
        raise Fault(f"leaders by {by!r} cannot be found: expected model or run_id, and the runs to know it.")


def _reasons(
    joined: pd.DataFrame,
    metric: str,
    barred: Sequence[str],
    limit_kg: float | None,
    limit_kwh: float | None,
) -> pd.Series:
    """Why a run is excluded, by the most important reason; null if it is not."""
    reason = pd.Series(None, index=joined.index, dtype="object")
    reason[joined[metric].isna()] = f"{metric} unknown"
    no_energy = joined["energy_kwh"].isna()
    if limit_kg is None:
        reason[no_energy] = "energy unknown"
    elif limit_kwh is None:
        reason[joined["co2e_kg"].isna()] = "mass unknown"
    else:
        reason[joined["co2e_kg"].isna() & no_energy] = "energy and mass unknown"
    reason[no_energy & joined["energy_status"].eq(Status.NO_FIT)] = str(Status.NO_FIT)
    marked = flagged(joined, barred)
    reason[marked] = [
        f"flagged {', '.join(flag for flag in split_flags(text) if flag in barred)}"
        for text in joined.loc[marked, "flags"]
    ]
    reason[joined["basis"] == RETRO] = Status.RETRO_ESTIMATED
    reason[~joined["has_run"]] = "no run recorded"
    return reason


def _count(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row per slice and reason: how many runs, of which models."""
    grouped = rows.groupby([*keys, "reason"], sort=True, dropna=False)
    frame = grouped["n"].sum().rename("runs").reset_index()
    frame["models"] = [", ".join(dict.fromkeys(map(str, group["model"]))) for _, group in grouped]
    return frame.astype({"runs": "int64"})


def median_limits(costs: pd.DataFrame) -> tuple[float | None, float | None]:
    """The usual limits of :func:`low_carbon_leaders`: ``(limit_kg, limit_kwh)``, one of them None.

    The median of the models' mean masses [kg]; where no mass is known, that of their mean energies [kWh].
    """
    means = summarise(costs, "model", ["co2e_kg", "energy_kwh"])
    kg, kwh = (means[f"{column}_mean"].dropna() for column in ("co2e_kg", "energy_kwh"))
    if len(kg):
        return float(kg.median()), None
    return None, float(kwh.median()) if len(kwh) else 1.0
