"""One row per strategy and seed: what the month-by-month updates brought and cost."""

import numpy as np
import pandas as pd

from wattshed.adaptation.matrix import transfer

RANDOM = "random"
BASE = "base"


def summarise_adaptation(rows: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Transfer metrics from the full matrix of held-out RMSE, joined with the energy of the updates.

    rows: ``adaptation/*.parquet``; windows: measured windows with columns ``window, strategy, seed,
    energy_kwh, energy_status``.
    """
    held_out = rows[rows["phase"] == "held_out"]
    updates = windows[windows["window"] == "update"]
    random = held_out[held_out["strategy"] == RANDOM]
    summary = []
    for (strategy, seed), part in held_out[held_out["strategy"] != RANDOM].groupby(
        ["strategy", "seed"], sort=False
    ):
        matrix = part.pivot(index="learned", columns="task", values="rmse")
        # In the order in which they were judged: sorted as text, CL_10 would come before CL_2.
        months = [name for name in part["task"].unique() if name != BASE]
        untrained = random[random["seed"] == seed].set_index("task")["rmse"]
        found = transfer(matrix[months].to_numpy(), untrained[months].to_numpy())
        before = rows[
            (rows["phase"] == "prequential") & (rows["strategy"] == strategy) & (rows["seed"] == seed)
        ]
        squared = (before["rmse"] ** 2 * before["cells"]).sum() / before["cells"].sum()
        own = updates[(updates["strategy"] == strategy) & (updates["seed"] == seed)]
        summary.append(
            {
                "strategy": strategy,
                "seed": seed,
                "acc_rmse": found.acc,
                "bwt_rmse": found.bwt,
                "fwt_rmse": found.fwt,
                "forgetting_share": found.forgetting_share,
                "prequential_rmse": float(np.sqrt(squared)),
                "base_rmse_after": float(matrix[BASE].iloc[-1]),
                "updates": len(own),
                "kwh_per_update": own["energy_kwh"].mean() if len(own) else None,
                "energy_status": own["energy_status"].iloc[0] if len(own) else "missing",
            }
        )
    frame = pd.DataFrame(summary)
    return frame.astype({"kwh_per_update": "float64"})
