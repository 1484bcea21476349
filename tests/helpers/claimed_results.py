"""Results of a made study, as claims measure them: checkpoints, trainings, scores and adaptation of three seeds."""

import pandas as pd

from compared_days import compared_days
from wattshed.accounts.claims.results import Results

SEEDS = (1, 2, 3)


def compared():
    """A base model, two variants of it, and a chain; latencies and energies of half and of twice as much."""
    rows = []
    for lineage, parent, step, kind, factor, engine in (
        ("stgnn", None, None, "base", 1.0, "fused_cpu"),
        ("stgnn+prune_half", "stgnn", "prune_half", "method", 0.5, "torch"),
        ("stgnn+int8", "stgnn", "int8", "method", 2.0, "fused_cpu"),
        ("stgnn+replay", "stgnn", "replay", "strategy", 1.0, "fused_cpu"),
        ("stgnn+prune_half+replay", "stgnn+prune_half", "replay", "strategy", 0.25, "torch"),
        ("stgnn+replay+naive", "stgnn+replay", "naive", "strategy", 1.0, "fused_cpu"),
    ):
        for seed in SEEDS:
            of_seed = 1 + 0.3 * seed
            rows.append(
                {
                    "model": "stgnn", "lineage": lineage, "parent": parent, "step": step, "kind": kind, "seed": seed,
                    "rmse": of_seed * (1.02 if kind == "method" else 1.0),
                    "mae": of_seed * (1.0 + 0.01 * seed if kind == "method" else 1.0),
                    "bytes": 1000 * factor,
                    "latency_s_per_window": of_seed * factor * (1 + 0.001 * seed * (factor != 1)),
                    "energy_j_per_1000_forecasts": of_seed * factor,
                    "engine": engine,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def with_days(frame, spread=0.0):
    return {"compared": frame, "compared_days": compared_days(frame, spread)}


def results(config, choices=(), **frames):
    return Results(frames, config, choices)


def windows(kwh=None, validation=None, epochs=4):
    """Trainings of equal epochs: each model takes kwh an epoch, and reaches its validation error at the last one."""
    rows = []
    for model, energy in (kwh or {"stgnn_reference": 4.0, "stgnn": 1.0}).items():
        for seed in SEEDS:
            for epoch in range(epochs):
                least = (validation or {}).get(model, {"stgnn_reference": 0.9, "stgnn": 0.7}.get(model, 0.8))
                rows.append(
                    {
                        "model": model, "seed": seed, "window": "epoch", "attempt": 1, "start_s": float(epoch),
                        "duration_s": energy * (1 + 0.01 * seed), "repeats": 1,
                        "energy_kwh": energy * (1 + 0.01 * seed), "energy_status": "estimated",
                        "value_validation_rmse": least + 0.1 * (epochs - 1 - epoch), "value_samples": 10.0,
                        "labels": "{}", "job": f"{model}-{seed}", "stage": "training", "epoch": epoch,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def scores(**rmse):
    rows = [
        {
            "model": model,
            "seed": seed,
            "scope": "all",
            "rmse": value * (1 + 0.01 * seed),
            "r2": 1 - value / 2 + seed / 1000,
        }
        for model, value in rmse.items()
        for seed in SEEDS
    ]
    return pd.DataFrame(rows)


def adaptation():
    rows = [
        {"parent": "stgnn", "lineage": f"stgnn+{strategy}", "strategy": strategy, "seed": seed,
         "updates": 0 if strategy == "frozen" else 3, "forgetting_share": share + 0.001 * seed}
        for strategy, share in (("frozen", 0.0), ("naive", 0.03), ("replay", 0.01))
        for seed in SEEDS
    ]  # fmt: skip
    return pd.DataFrame(rows)
