"""Table: the models of least error under a limit of carbon or energy."""

import pandas as pd

from wattshed.accounts.comparison.accuracy_means import errors_by_seed
from wattshed.accounts.comparison.comparable import SLICES, scope_name
from wattshed.accounts.comparison.leaders import Leaders, low_carbon_leaders, median_limits
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.model_costs import ERROR, costs_of
from wattshed.publish.typesetting.scales import Scale, energy_scale, error_name, mass_scale
from wattshed.publish.typesetting.status_marks import energy_cell
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    decimals,
    interval,
    significant_interval,
    significant_text,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE


def leaders_table(leaders: Leaders, unit: str, places: int = 3) -> Table:
    """One row per leader, slice by slice, best first; the notes say how many were left out and why.

    unit: of the error; places: its decimals. The remark marks costs whose interval includes the limit.
    """
    frame, metric = leaders.frame, leaders.metric
    slices = [name for name in SLICES if name in frame]
    costs = _costs(leaders)
    columns = [
        *([Column("Slice")] if slices else []),
        Column("Rank", numeric=True),
        Column("Model"),
        *([Column("Run")] if "run_id" in frame else []),
        Column("n", "runs", numeric=True),
        Column(error_name(metric), unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
    ]
    for _, title, scale in costs:
        columns += [Column(title, scale.unit, numeric=True), Column(INTERVAL_TITLE, scale.unit)]
    columns.append(Column("Remark", width_cm=2.4))
    rows = []
    for _, row in frame.iterrows():
        best = row["rank"] == 1
        cells = [Cell(scope_name([row[name] for name in slices]))] if slices else []
        cells += [Cell(str(row["rank"])), Cell(str(row["model"]), best=best)]
        cells += [Cell(str(row["run_id"]))] if "run_id" in frame else []
        cells += [Cell(str(row["n"])), decimals(row[f"{metric}_mean"], places, best=best)]
        cells.append(interval(row[f"{metric}_low"], row[f"{metric}_high"], places))
        for name, _, scale in costs:
            cells.append(energy_cell(row[f"{name}_mean"] * scale.factor, row["energy_status"]))
            cells.append(
                significant_interval(*(row[f"{name}_{end}"] * scale.factor for end in ("low", "high")))
            )
        rows.append([*cells, Cell(_remark(row))])
    return Table("leaders", _caption(leaders), columns, rows, [*_excluded(leaders), _method()])


def _costs(leaders: Leaders) -> list[tuple[str, str, Scale]]:
    """The costs that were judged: column, title, unit."""
    costs = []
    if leaders.limit_kg is not None:
        costs.append(("co2e_kg", "CO₂e", mass_scale(leaders.frame["co2e_kg_mean"])))
    if leaders.limit_kwh is not None:
        costs.append(("energy_kwh", "Energy", energy_scale(leaders.frame["energy_kwh_mean"])))
    return costs


def _caption(leaders: Leaders) -> str:
    limits = []
    if leaders.limit_kg is not None:
        limits.append(f"at most {_in_scale(leaders.limit_kg, mass_scale([leaders.limit_kg]))} CO₂e per run")
    if leaders.limit_kwh is not None:
        where = "" if leaders.limit_kg is None else " where the mass is unknown"
        limits.append(
            f"at most {_in_scale(leaders.limit_kwh, energy_scale([leaders.limit_kwh]))} per run{where}"
        )
    found = f"{len(leaders.frame)} found" if len(leaders.frame) else "none found"
    return (
        f"Low-carbon leaders: least {error_name(leaders.metric)} among those with {' or '.join(limits)} ({found}; n "
        "is the number of runs behind each mean)."
    )


def _in_scale(value: float, scale: Scale) -> str:
    return f"{significant_text(value * scale.factor)} {scale.unit}"


def _remark(row: pd.Series) -> str:
    words = [] if pd.isna(row["flags"]) else [str(row["flags"])]
    if row["doubtful"]:
        words.append("interval reaches over the limit")
    if row["judged_by"] == "energy_kwh" and pd.isna(row["co2e_kg_mean"]):
        words.append("mass unknown")
    return "; ".join(words)


def _excluded(leaders: Leaders) -> list[str]:
    if leaders.excluded.empty:
        return ["No run was left out."]
    counts = leaders.excluded.groupby("reason", sort=False)["runs"].sum().sort_values(ascending=False)
    text = "; ".join(f"{reason}: {count}" for reason, count in counts.items())
    return [f"Runs left out, {int(counts.sum())} in all, by reason: {text}."]


def _method() -> str:
    return f"{METHOD_NOTE}; a dash where n = 1 or the value is unknown."


def _make(inputs: Inputs) -> Table:
    """The limit is ``limit_kg``, else the median of the models' masses (or of their energies if no mass is known)."""
    costs, limit_kg, limit_kwh = costs_of(inputs), inputs.parameter("limit_kg"), None
    if limit_kg is None:
        limit_kg, limit_kwh = median_limits(costs)
    errors = errors_by_seed(inputs.frame("scores"))
    leaders = low_carbon_leaders(costs, errors, limit_kg=limit_kg, limit_kwh=limit_kwh, metric=ERROR)
    return leaders_table(leaders, inputs.unit, places=4)


TABLE = TablePart(
    message="Make the table of low-carbon leaders",
    caption="Models of least error under a limit of mass or energy per training.",
    inputs=("runs", "windows", "scores", "panel"),
    windows=("epoch", "fit"),
    parameters=("limit_kg",),
    make=_make,
)
