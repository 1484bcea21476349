"""Rows of ``checkpoints.parquet`` and their errors by day, from a few numbers per lineage."""

from typing import Any

import numpy as np
import pandas as pd

from compared_days import compared_days

PARTS = ("", "later_", "validation_")
# Variance of the targets, around each node's mean.
VARIANCE = 4.0
DEFAULT = {"rmse": 1.0, "total_j": 100.0, "per_1000_j": 1.0, "latency_s": 0.002, "bytes": 10_000}


def make_checkpoints(
    lineages: dict[str, dict[str, Any]], seeds: int = 3, spread: float = 0.01, jitter: float = 0.01
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frame of checkpoints, and of errors by day.

    lineages: by name, what differs from :data:`DEFAULT`; ``unavailable`` gives a reason; ``uses_parent`` and
    ``control`` are as for a usual step unless given. jitter: how seeds differ;
    spread: how days do.
    """
    random = np.random.default_rng(3)
    rows = []
    for lineage, changes in lineages.items():
        about = {**DEFAULT, **changes}
        parent, _, step = lineage.rpartition("+")
        absent = about.get("unavailable")
        for seed in range(1, seeds + 1):
            own, cost = np.exp(jitter * random.standard_normal(2))
            # Seeds are hard or easy for all lineages, and a little for each.
            factor = np.exp(jitter * (seed % 3 - 1)) * own**0.1
            rmse = {part: about.get(f"{part}rmse", about["rmse"]) * factor for part in PARTS}
            row = {f"{part}rmse": value for part, value in rmse.items()}
            row |= {f"{part}mae": about.get("mae_share", 0.6) * value for part, value in rmse.items()}
            row |= {f"{part}r2": 1 - value**2 / VARIANCE for part, value in rmse.items()}
            row |= {
                "wape": 0.5 * factor,
                "mase": 0.9 * factor,
                "parameters": about["bytes"] // 4,
                "bytes": about["bytes"],
                "multiply_adds_per_forecast": 1e4,
                "latency_s_per_window": about["latency_s"] * cost,
                "latency_s_per_32_windows": 20 * about["latency_s"] * cost,
                "latency_s_per_streamed_hour": None,
                "peak_torch_bytes_32_windows": 200_000,
                "cpu_use_share": 0.5,
                "gpu_use_share": None,
                "energy_j_per_1000_forecasts": about["per_1000_j"] * cost,
                "j_per_epoch": None if parent else about["total_j"] / 10,
                "j_per_update": None,
                "own_j": about["total_j"] * cost,
                "total_j": about["total_j"] * cost,
            }
            if absent:
                row = dict.fromkeys(row)
            rows.append(
                {
                    "model": lineage.split("+")[0],
                    "lineage": lineage,
                    "parent": parent or None,
                    "step": step or None,
                    "kind": "method" if parent else "base",
                    "seed": seed,
                    "uses_parent": about.get("uses_parent", bool(parent)),
                    "control": about.get("control", False),
                    **row,
                    "energy_status": "missing" if absent else "estimated",
                    "making_status": "missing" if absent else "estimated",
                    "measured_as": lineage,
                    "engine": None if absent else "torch",
                    "unavailable": absent,
                }
            )
    frame = pd.DataFrame(rows)
    numbers = [name for name in frame if name.endswith(("_j", "use_share", "_hour")) or "j_per" in name]
    frame = frame.astype(dict.fromkeys(numbers, "float64"))
    return frame, compared_days(frame, spread)
