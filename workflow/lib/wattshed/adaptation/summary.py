"""One row per adapted lineage and seed: effect and cost of the monthly updates."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from wattshed.adaptation.matrix import BASE, RANDOM, transfer
from wattshed.energy.reading import worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Phase, Window

MEASURES = ("rmse", "mae")
# Columns of one measure of error, without its name; of the shares, only that of the MAE has a name.
METRICS = ("acc", "bwt", "fwt", "fwt_frozen", "forgetting", "prequential")
ERRORS = (
    *(f"{metric}_{measure}" for measure in MEASURES for metric in METRICS),
    "forgetting_share",
    "forgetting_mae_share",
    "base_rmse_after",
    "base_mae_after",
)
COSTS = ("kwh_per_update", "s_per_update", "updates_kwh", "acting_kwh")


def summarise_adaptation(rows: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Transfer metrics from the full matrices of held-out RMSE and MAE, joined with energy and time of the updates.

    rows: of all ``adaptation/*.parquet`` together; windows: measured windows with columns ``window, lineage, seed,
    energy_kwh, energy_status, duration_s``, and ``labels``, JSON with the update's ``task``, its month, and ``engine``.
    Forward transfer needs the untrained network's rows of the same model and seed, which may be in another lineage's
    matrix; it is null without them. Errors without an observed cell are null, and so are the mean and the sum of the
    energy of updates if one of them is unknown. ``acting_kwh`` is the energy of the updates that can change the
    prequential error: each month is forecast before it is learned, so that an update acts only if a later month has an
    observed hour. That of the last month never does. It is null if no update acts, if the energy of one that acts is
    unknown, and if a window does not name a month of the matrix.
    """
    untrained = rows[(rows["strategy"] == RANDOM) & (rows["phase"] == Phase.HELD_OUT)]
    updates = windows[windows["window"] == Window.UPDATE]
    keys = ["model", "lineage", "parent", "strategy", "seed"]
    adapted = rows[rows["strategy"] != RANDOM]
    repeated = adapted[adapted.duplicated([*keys, "learned", "task", "phase"])]
    if len(repeated):
        first = repeated.iloc[0]
        raise Fault(
            f"the matrices of errors have seed {first['seed']} of {first['lineage']} twice: expected each once; one "
            "file was copied over another: delete both and run snakemake again."
        )
    summary = []
    for key, part in adapted.groupby(keys, sort=False):
        named = dict(zip(keys, key, strict=True))
        random = untrained[(untrained["model"] == named["model"]) & (untrained["seed"] == named["seed"])]
        own = updates[(updates["lineage"] == named["lineage"]) & (updates["seed"] == named["seed"])]
        summary.append({**named, **_errors(part, random), **_costs(own, part)})
    frame = pd.DataFrame(summary, columns=[*keys, *ERRORS, "updates", *COSTS, "energy_status", "engine"])
    return frame.astype({**dict.fromkeys([*ERRORS, *COSTS], "float64"), "engine": "string"})


def _errors(part: pd.DataFrame, untrained: pd.DataFrame) -> dict[str, Any]:
    """Metrics of one lineage and seed. untrained: rows of a random network, perhaps from several matrices."""
    held_out = part[part["phase"] == Phase.HELD_OUT]
    # In the order of evaluation: sorted as text, CL_10 would come before CL_2.
    months = [name for name in held_out["task"].unique() if name != BASE]
    random = untrained.drop_duplicates("task").set_index("task")
    row: dict[str, Any] = {}
    for measure in MEASURES:
        matrix = held_out.pivot(index="learned", columns="task", values=measure)
        found = transfer(
            matrix[months].to_numpy(), random[measure].reindex(months).to_numpy() if len(random) else None
        )
        row |= {
            f"acc_{measure}": found.acc,
            f"bwt_{measure}": found.bwt,
            f"fwt_{measure}": found.fwt,
            f"fwt_frozen_{measure}": found.fwt_frozen,
            f"forgetting_{measure}": found.forgetting,
            "forgetting_share"
            if measure == "rmse"
            else f"forgetting_{measure}_share": found.forgetting_share,
            f"base_{measure}_after": float(matrix[BASE].iloc[-1]),
        }
    return row | _prequential(part)


def _prequential(part: pd.DataFrame) -> dict[str, float | None]:
    """Errors over all cells of the months, each before it was learned."""
    before = part[(part["phase"] == Phase.PREQUENTIAL) & (part["cells"] > 0)]
    cells = before["cells"].sum()
    if not cells:
        return {"prequential_rmse": None, "prequential_mae": None}
    squared = (before["rmse"] ** 2 * before["cells"]).to_numpy().sum()
    absolute = (before["mae"] * before["cells"]).to_numpy().sum()
    return {"prequential_rmse": float(np.sqrt(squared / cells)), "prequential_mae": float(absolute / cells)}


def _costs(updates: pd.DataFrame, part: pd.DataFrame) -> dict[str, Any]:
    """Energy and time of one lineage's and seed's updates; null if there are none or if one is unknown.

    part: the lineage's and seed's rows of its matrix.
    """
    known = len(updates) > 0 and bool(updates["energy_kwh"].notna().all())
    timed = len(updates) > 0 and bool(updates["duration_s"].notna().all())
    acting = updates.loc[_acts(updates, part), "energy_kwh"]
    return {
        "updates": len(updates),
        "kwh_per_update": float(updates["energy_kwh"].mean()) if known else None,
        "s_per_update": float(updates["duration_s"].mean()) if timed else None,
        "updates_kwh": float(updates["energy_kwh"].sum()) if known else None,
        "acting_kwh": float(acting.sum()) if len(acting) and bool(acting.notna().all()) else None,
        "energy_status": str(worst_status(updates["energy_status"])),
        "engine": _engines(updates),
    }


def _acts(updates: pd.DataFrame, part: pd.DataFrame) -> list[bool]:
    """Of each update, whether a later month is scored, so that it can change an error; none if a month is unknown."""
    stream = part[part["phase"] == Phase.PREQUENTIAL].drop_duplicates("task")
    place = {str(task): number for number, task in enumerate(stream["task"])}
    last = max((place[str(task)] for task in stream.loc[stream["cells"] > 0, "task"]), default=-1)
    learned = [json.loads(text).get("task") for text in updates.get("labels", [])]
    if len(learned) < len(updates) or not set(learned) <= set(place):
        return [False] * len(updates)
    return [place[task] < last for task in learned]


def _engines(updates: pd.DataFrame) -> str | None:
    """What computed the updates, from the labels of their windows; None if no window says so."""
    labels: Iterable[str] = updates.get("labels", [])
    found = sorted({str(engine) for text in labels if (engine := json.loads(text).get("engine"))})
    return ", ".join(found) or None
