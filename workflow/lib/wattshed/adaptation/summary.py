"""One row per adapted lineage and seed: effect and cost of the monthly updates."""

from typing import Any

import numpy as np
import pandas as pd

from wattshed.adaptation.matrix import BASE, RANDOM, transfer
from wattshed.energy.reading import worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Phase, Window

ERRORS = (
    "acc_rmse",
    "bwt_rmse",
    "fwt_rmse",
    "fwt_frozen_rmse",
    "forgetting_share",
    "prequential_rmse",
    "base_rmse_after",
)


def summarise_adaptation(rows: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Transfer metrics from the full matrices of held-out RMSE, joined with the energy of the updates.

    rows: of all ``adaptation/*.parquet`` together; windows: measured windows with columns ``window, lineage, seed,
    energy_kwh, energy_status``. Forward transfer needs the untrained network's rows of the same model and seed, which
    may be in another lineage's matrix; it is null without them. Errors without an observed cell are null, and so is
    the mean energy of updates if one of them is unknown.
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
        summary.append({**named, **_errors(part, random), **_costs(own)})
    frame = pd.DataFrame(summary, columns=[*keys, *ERRORS, "updates", "kwh_per_update", "energy_status"])
    return frame.astype(dict.fromkeys([*ERRORS, "kwh_per_update"], "float64"))


def _errors(part: pd.DataFrame, untrained: pd.DataFrame) -> dict[str, Any]:
    """Metrics of one lineage and seed. untrained: rows of a random network, perhaps from several matrices."""
    held_out = part[part["phase"] == Phase.HELD_OUT]
    matrix = held_out.pivot(index="learned", columns="task", values="rmse")
    # In the order of evaluation: sorted as text, CL_10 would come before CL_2.
    months = [name for name in held_out["task"].unique() if name != BASE]
    random = untrained.drop_duplicates("task").set_index("task")["rmse"]
    found = transfer(matrix[months].to_numpy(), random.reindex(months).to_numpy() if len(random) else None)
    before = part[(part["phase"] == Phase.PREQUENTIAL) & (part["cells"] > 0)]
    squared, cells = (before["rmse"] ** 2 * before["cells"]).to_numpy().sum(), before["cells"].sum()
    return {
        "acc_rmse": found.acc,
        "bwt_rmse": found.bwt,
        "fwt_rmse": found.fwt,
        "fwt_frozen_rmse": found.fwt_frozen,
        "forgetting_share": found.forgetting_share,
        "prequential_rmse": float(np.sqrt(squared / cells)) if cells else None,
        "base_rmse_after": float(matrix[BASE].iloc[-1]),
    }


def _costs(updates: pd.DataFrame) -> dict[str, Any]:
    """Energy of one lineage's and seed's updates; null if there are none or if one is unknown."""
    known = len(updates) > 0 and bool(updates["energy_kwh"].notna().all())
    return {
        "updates": len(updates),
        "kwh_per_update": float(updates["energy_kwh"].mean()) if known else None,
        "energy_status": str(worst_status(updates["energy_status"])),
    }
