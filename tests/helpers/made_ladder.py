"""Windows and scores of a ladder whose truth can be counted on fingers."""

import numpy as np
import pandas as pd

STEP_S = 2.0
PAIRS = 1000


def make_windows(runs, fits=(), status="estimated"):
    """runs: {model: [one list of (validation RMSE, kWh) per seed]}; fits: {model: (kWh of one fit, repeats)}."""
    rows = [
        (
            "epoch",
            model,
            seed,
            1,
            epoch * STEP_S,
            1,
            kwh,
            status if kwh is not None else "missing",
            rmse,
            PAIRS,
        )
        for model, seeds in runs.items()
        for seed, epochs in enumerate(seeds, start=1)
        for epoch, (rmse, kwh) in enumerate(epochs, start=1)
    ]
    rows += [
        ("fit", model, None, 1, 0.0, repeats, kwh * repeats, status, None, None)
        for model, (kwh, repeats) in dict(fits).items()
    ]
    names = "window model seed attempt start_s repeats energy_kwh energy_status value_validation_rmse value_samples"
    frame = pd.DataFrame(rows, columns=names.split())
    frame["duration_s"] = STEP_S * frame["repeats"]
    numbers = ["energy_kwh", "value_validation_rmse", "value_samples"]
    return frame.astype({"seed": "Int64", **dict.fromkeys(numbers, "float64")})


def make_scores(**models):
    """Test RMSE per seed, from seed 1 where there are several, else seed 0; the MAE is half of it."""
    rows = [
        (model, seed, scope, rmse, rmse / 2)
        for model, values in models.items()
        for seed, rmse in enumerate(values, start=int(len(values) > 1))
        for scope in ("all", "node")
    ]
    return pd.DataFrame(rows, columns=["model", "seed", "scope", "rmse", "mae"])


def make_climb(steps=8, seeds=3, epochs=10):
    """A ladder of many steps like a real one: each cheaper and a little better than the one before."""
    random = np.random.default_rng(11)
    names = (
        "study",
        "tuned",
        "own_history",
        "pairs",
        "node_scaling",
        "short_cosine",
        "mixed_precision",
        "residual",
    )
    runs, errors = {}, {}
    for place, name in enumerate(names[:steps]):
        final = 0.89 - 0.03 * place
        per_epoch = 6e-5 / 2.6**place
        runs[name] = [
            [
                (
                    final + 0.28 * np.exp(-epoch / 2.2) + random.normal(0, 0.004),
                    per_epoch * random.uniform(0.9, 1.1),
                )
                for epoch in range(epochs)
            ]
            for _ in range(seeds)
        ]
        errors[name] = [final + 0.02 + random.normal(0, 0.003) for _ in range(seeds)]
    fits = {
        "persistence": (3e-12, 90000),
        "seasonal_24h": (4e-12, 90000),
        "climatology": (6e-8, 30),
        "ridge": (4e-7, 9),
    }
    errors |= {"persistence": [1.161], "seasonal_24h": [0.909], "climatology": [0.893], "ridge": [0.698]}
    captions = {
        name: f"change number {place}, said in a few words"
        for place, name in enumerate((*runs, *fits), start=1)
    }
    return make_windows(runs, fits), make_scores(**errors), captions
