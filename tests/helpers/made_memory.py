"""Results of a study's memory levels in the formats of docs/architecture.md, invented but realistic, for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.foundation.writing import write_parquet
from wattshed.training.footprint.study_frames import steps_frame, timeline_frame

MECHANISMS = {
    "none": "",
    "low": "fused_attention, aggregation",
    "medium": "fused_attention, aggregation, checkpointing",
    "high": "fused_attention, aggregation, checkpointing, gradient_release",
}
# Shares of the plain step: peak, saved for the backward pass, time, energy, time of inference.
LEVELS = {
    "none": (1.0, 1.0, 1.0, 1.0, 1.0),
    "low": (0.62, 0.75, 0.96, 0.95, 0.7),
    "medium": (0.41, 0.08, 1.28, 1.27, 0.7),
    "high": (0.40, 0.08, 1.31, 1.30, 0.7),
}
ALONE = {
    "gradient_release": (0.98, 1.0, 1.0, 1.0, 1.0),
    "checkpointing": (0.55, 0.1, 1.3, 1.3, 1.0),
    "block_attention": (0.7, 0.6, 1.1, 1.1, 0.8),
}
LEFT_OUT = {"high": "activation_offload (the device is a CPU, whose memory it would use itself)"}
MB = 1_000_000


def make_steps(
    models: Sequence[str] = ("gnn_stan",),
    lengths: Sequence[int] = (172, 1000),
    batches: Sequence[int] = (4,),
    unmeasured: int | None = 1000,
    alone: bool = True,
    seed: int = 5,
) -> pd.DataFrame:
    """Every level and some mechanisms alone; the cells of one length are predicted only."""
    random = np.random.default_rng(seed)
    plans = {**LEVELS, **(ALONE if alone else {})}
    rows = []
    for model in models:
        for length in lengths:
            for batch in batches:
                for level, (peak, saved, step, energy, inference) in plans.items():
                    predicted = (60 + 0.2 * length * batch) * MB * peak
                    row = {
                        "model": model, "form": model, "device": "cpu", "level": level, "alone": level not in LEVELS,
                        "mechanisms": MECHANISMS.get(level, level), "left_out": LEFT_OUT.get(level, ""),
                        "length": length, "batch": batch, "repeats": 5,
                        "predicted_peak_bytes": predicted, "predicted_saved_bytes": 90 * MB * saved,
                        "before_bytes": 0.1 * predicted,
                        "predicted_phase": "backward",
                        "predicted_operation": "aten.index_add_",
                    }  # fmt: skip
                    if length == unmeasured:
                        row["why_none"] = "its predicted peak is over memory.largest_mb = 100"
                    else:
                        spread = random.normal(1, 0.01)
                        step_s, pass_s = 0.2 * step * spread, 0.05 * inference * spread
                        row |= {
                            "measured_peak_bytes": predicted * 1.02, "saved_bytes": 90 * MB * saved,
                            "resident_rise_bytes": 1.1 * predicted, "step_s": step_s, "step_low_s": 0.98 * step_s,
                            "step_high_s": 1.03 * step_s, "energy_j_per_step": 1.6 * energy * spread,
                            "energy_status": "estimated", "inference_s": pass_s, "inference_low_s": 0.98 * pass_s,
                            "inference_high_s": 1.02 * pass_s, "executed_share": None,
                        }  # fmt: skip
                    rows.append(row)
    return steps_frame(rows)


def make_timeline(
    models: Sequence[str] = ("gnn_stan",), levels: Sequence[str] = tuple(LEVELS), operations: int = 60
) -> pd.DataFrame:
    """Bytes that rise in the forward pass, fall in the backward pass, with a hump where parts are recomputed."""
    lives = []
    for model in models:
        for level in levels:
            peak = LEVELS[level][0] * 100 * MB
            rise = np.linspace(20 * MB, peak, operations)
            fall = np.linspace(peak, 22 * MB, operations + 10)
            hump = 5 * MB * np.sin(np.linspace(0, 9 * np.pi, operations + 10)) ** 2
            points = [("forward", "aten.mm", int(live)) for live in rise]
            points += [("backward", "aten.mul", int(live)) for live in fall + hump]
            points += [("update", "aten._fused_adamw_", 21 * MB)] * 3
            lives.append(({"model": model, "level": level, "length": 172, "batch": 4}, points))
    return timeline_frame(lives)


def write_memory(folder: Path, models: Sequence[str]) -> None:
    write_parquet(folder / "memory/steps.parquet", make_steps(models))
    write_parquet(folder / "memory/timeline.parquet", make_timeline(models))
