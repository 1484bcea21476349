"""What a made study does with its models: adaptation, compression and chains."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from compared_days import compared_days
from made_plan import MadeStudy
from wattshed.accounts.comparison.chains import Chain, chains_frame
from wattshed.foundation.writing import write_parquet


def write_adaptation(folder: Path, made: MadeStudy, random: np.random.Generator) -> None:
    summary = []
    calendar = pd.date_range("2020-10-01", periods=30).strftime("%Y-%m-%d")
    hard = random.normal(0, 0.1, len(calendar))
    for parent in made.parents:
        model = parent.split("+")[0]
        for strategy, gain in (("frozen", 0.0), ("naive", 0.012), ("replay", 0.015)):
            lineage, rows, days = f"{parent}+{strategy}", [], []
            for seed in made.seeds:
                own = (model, lineage, parent, strategy, seed)
                for learned in range(4):
                    for task in ("base", "CL_1", "CL_2", "CL_3"):
                        rmse = 0.70 - gain * learned / 3 + random.normal(0, 0.004)
                        rows.append((*own, learned, task, "held_out", rmse, 0.6 * rmse, 900))
                updates = 0 if strategy == "frozen" else 3
                kwh = 5e-6 * random.uniform(0.9, 1.1) if updates else None
                energy = (kwh, "estimated" if updates else "missing")
                seen = 0.71 - gain / 2 + random.normal(0, 0.002)
                transfer = (0.70 - gain, -gain / 3, -0.4, gain / 2, 0.01 - gain / 4)
                summary.append((*own, *transfer, seen, 0.705, updates, *energy))
                errors = seen * np.exp(hard + random.normal(0, 0.005, len(calendar)))
                for place, day in enumerate(calendar):
                    task = f"CL_{1 + place // 10}"
                    days.append((*own[1:], task, day, 90 * errors[place] ** 2, 54 * errors[place], 90))
            names = [
                "model",
                "lineage",
                "parent",
                "strategy",
                "seed",
                "learned",
                "task",
                "phase",
                "rmse",
                "mae",
                "cells",
            ]
            write_parquet(folder / f"adaptation/{lineage}.parquet", pd.DataFrame(rows, columns=names))
            columns = ["lineage", "parent", "strategy", "seed", "task", "day", "squared", "absolute", "cells"]
            write_parquet(folder / f"adaptation/{lineage}.days.parquet", pd.DataFrame(days, columns=columns))
    names = (
        "model lineage parent strategy seed acc_rmse bwt_rmse fwt_rmse fwt_frozen_rmse forgetting_share "
        "prequential_rmse base_rmse_after updates kwh_per_update energy_status"
    )
    if summary:
        frame = pd.DataFrame(summary, columns=names.split())
        write_parquet(folder / "adaptation.parquet", _with_all_metrics(frame))


def _with_all_metrics(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that follow from the others here: MAE is 0.6 RMSE, an update takes 0.8 s."""
    frame = frame.assign(
        fwt_frozen_rmse=0.9 * frame["fwt_rmse"], forgetting_rmse=0.7 * frame["forgetting_share"]
    )
    for metric in ("acc", "bwt", "fwt", "fwt_frozen", "forgetting", "prequential"):
        frame[f"{metric}_mae"] = 0.6 * frame[f"{metric}_rmse"]
    return frame.assign(
        forgetting_mae_share=frame["forgetting_share"],
        base_mae_after=0.6 * frame["base_rmse_after"],
        s_per_update=np.where(frame["updates"] > 0, 0.8, np.nan),
        updates_kwh=frame["updates"] * frame["kwh_per_update"].astype("float64"),
        engine=np.where(frame["updates"] > 0, "fused_cpu", None),
        acting_kwh=((frame["updates"] - 1) * frame["kwh_per_update"].astype("float64")).where(
            frame["updates"] > 1
        ),
    )


def make_chains(made: MadeStudy, windows: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Two chains of each parent, in either order, with a step that cannot run here."""
    chains, rows, made_by = [], [], []
    kinds = {"replay": "strategy", "prune_half": "method", "int8": "method"}
    for parent in made.parents:
        for number, steps in enumerate((("replay", "prune_half"), ("prune_half", "replay"), ("int8",))):
            lineages = [parent, *("+".join([parent, *steps[: n + 1]]) for n in range(len(steps)))]
            chains.append(Chain(f"{parent}_{number}", tuple(lineages)))
            for place, lineage in enumerate(lineages):
                if any(row["lineage"] == lineage for row in rows):
                    continue
                step = steps[place - 1] if place else None
                absent = "torch has no int8 engine for this processor" if step == "int8" else None
                joules = (0.6 if "prune_half" in lineage else 0.94) * random.uniform(0.97, 1.03)
                for seed in made.seeds:
                    rmse = 0.70 * random.uniform(0.97, 1.03)
                    rows.append(
                        {
                            "lineage": lineage,
                            "seed": seed,
                            "step": step,
                            "kind": kinds.get(step, "model"),
                            "uses_parent": place > 0,
                            "energy_status": "estimated",
                            "engine": None if absent else "torch" if place else "fused_cpu",
                            "unavailable": absent,
                            "rmse": None if absent else rmse,
                            "later_rmse": None if absent else 1.02 * rmse,
                            "energy_j_per_1000_forecasts": None if absent else joules,
                        }
                    )
                    if place and not absent:
                        made_by.append((lineage, seed, "update", 2e-5 * random.uniform(0.9, 1.1), 1))
    days = compared_days(pd.DataFrame(rows), spread=0.02)
    steps = pd.DataFrame(made_by, columns=["lineage", "seed", "window", "energy_kwh", "repeats"])
    return chains_frame(chains, pd.DataFrame(rows), days, pd.concat([windows, steps], ignore_index=True))


def make_compression(
    parent: str, seed: int, random: np.random.Generator, variants: Sequence[str] = ()
) -> pd.DataFrame:
    """The usual five variants of a parent with one seed, and further ones by name that are alike."""
    full = 0.702 + random.normal(0, 0.003)
    no, yes = "not worth it here", "worth it here"
    rows = []
    for variant, change, parameters, latency, joules, verdict, reason in [
        (parent, 0.0, 2614, 0.0021, 0.94, "baseline", "the checkpoint that the variants are compared with"),
        (
            "prune_half",
            0.11,
            906,
            0.0014,
            0.61,
            no,
            "RMSE rises by 11.0% on the test part, more than the budget of 5%",
        ),
        ("prune_half_tuned", 0.012, 906, 0.0014, 0.62, yes, "34% less energy per forecast"),
        ("low_rank_6_tuned", 0.008, 2010, 0.0022, 0.97, no, "3% more energy per forecast"),
        *((name, 0.013, 1104, 0.0015, 0.66, yes, "30% less energy per forecast") for name in variants),
    ]:
        rmse = full * (1 + change)
        errors = (rmse, 0.6 * rmse, change, change, change <= 0.05)
        cost = (latency * random.uniform(0.95, 1.05), joules * random.uniform(0.95, 1.05), "estimated")
        tuned = variant.endswith("tuned")
        rows.append(
            (parent, variant, seed, tuned, *errors, parameters, 4 * parameters + 3000, *cost, verdict, reason)
        )
    unknown = (None, *[None] * 9, "missing")
    reason = "torch has no int8 engine for this processor"
    rows.append((parent, "int8", seed, *unknown, "not available here", reason))
    names = (
        "parent variant seed fine_tuned rmse mae rmse_change_share mae_change_share within_budget parameters bytes "
        "latency_s_per_window energy_j_per_1000_forecasts energy_status verdict reason"
    )
    types = {"fine_tuned": "boolean", "within_budget": "boolean", "parameters": "Int64", "bytes": "Int64"}
    frame = pd.DataFrame(rows, columns=names.split()).astype(types)
    joules = frame["energy_j_per_1000_forecasts"]
    changes = frame[["rmse_change_share", "mae_change_share"]].astype("float64")
    return frame.assign(
        rmse_change_low=changes["rmse_change_share"] - 0.01,
        rmse_change_high=changes["rmse_change_share"] + 0.01,
        mae_change_low=changes["mae_change_share"] - 0.01,
        mae_change_high=changes["mae_change_share"] + 0.01,
        judged_later=False,
        budget_share=0.05,
        saving_share=1 - joules / joules[0],
        saving_of="energy",
        back_ends="",
    )
