"""Runs and windows of small trainings, as the guard compares them."""

import json

import numpy as np
import pandas as pd

MACHINE = {
    "host": "runner-7",
    "system": "Linux 6.1",
    "processor": "Test CPU",
    "logical_cores": 2,
    "memory_gib": 24.1,
    "gpus": [],
}


def frames(
    models=("stgnn",),
    *,
    seeds=(1,),
    epochs=11,
    rise=0.0,
    noise=0.01,
    random_seed=0,
    parameters=1000,
    net_share=0.5,
):
    """Runs and windows as the accounts make them; the first epoch of each run pays for warm-up."""
    random = np.random.default_rng(random_seed)
    runs, windows = [], []
    for model in models:
        for seed in seeds:
            job = f"train_{model}-{seed}"
            runs.append({"job": job, "machine": json.dumps(MACHINE), "commit": "0123abcd", "dirty": False})
            for epoch in range(1, epochs + 1):
                kwh = 2e-5 * (1 + rise) * (1 + noise * random.standard_normal()) * (3 if epoch == 1 else 1)
                windows.append(
                    {
                        "job": job,
                        "stage": "training",
                        "attempt": 1,
                        "window": "epoch",
                        "model": model,
                        "seed": seed,
                        "epoch": epoch,
                        "repeats": 1,
                        "energy_kwh": kwh,
                        "net_kwh": net_share * kwh,
                        "value_parameters": float(parameters),
                        **{f"{part}_status": "estimated" for part in ("cpu", "ram")},
                        **{f"{part}_source": f"a model of {part}" for part in ("cpu", "ram")},
                        "gpu_status": "missing",
                        "gpu_source": "no driver",
                    }
                )
    runs_frame = pd.DataFrame(runs).assign(overlaps=pd.Series([None] * len(runs), dtype="string"))
    return runs_frame, pd.DataFrame(windows).astype({"seed": "Int64", "epoch": "Int64"})


def changed(source, **columns):
    return source[0], source[1].assign(**columns)


def with_forecasts(source, kwh_per_forecast, passes):
    last = source[1].iloc[[-1]]
    rows = last.assign(
        job="models", stage="inference", window="forecast", epoch=pd.NA, repeats=10, value_forecasts=50.0,
        energy_kwh=500 * kwh_per_forecast, value_parameters=np.nan,
    )  # fmt: skip
    runs = pd.concat([source[0], source[0].iloc[[-1]].assign(job="models")], ignore_index=True)
    return runs, pd.concat([source[1], *[rows] * passes], ignore_index=True)
