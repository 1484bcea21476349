"""Runs, windows and metrics frames in the accounts' columns, invented but shaped like the emission report's."""

import numpy as np
import pandas as pd

MODELS = (
    "Autoformer", "CNN_LSTM", "CarbonCast", "Cycle_LSTM", "DLinear", "EnsembleCI",
    "Hybrid_CNN_CycleLSTM_Attention", "Informer", "Mamba", "N_Beats", "PatchTST", "Temporal_Fusion_Transformer",
    "Transformer",
)  # fmt: skip
COUNTRIES = ("DE", "DK", "ES", "HU")
SEASONS = ("summer", "winter")


def make_runs(models=MODELS, countries=COUNTRIES, seasons=SEASONS, repeats=3, status="estimated", net=False):
    """One row per model, country, season and seed; energies from 3 to 300 Wh, cheap models first."""
    random = np.random.default_rng(3)
    rows = []
    for place, model in enumerate(models):
        typical = 0.003 * 100 ** (place / max(1, len(models) - 1))
        for country in countries or (None,):
            for season in seasons or (None,):
                for seed in range(1, repeats + 1):
                    kwh = typical * random.lognormal(0, 0.25)
                    rows.append((model, country, season, seed, kwh))
    frame = pd.DataFrame(rows, columns=["model", "data_country", "season", "seed", "energy_kwh"])
    parts = {"cpu": 0.5, "ram": 0.1, "gpu": 0.4}
    return frame.assign(
        origin="codecarbon csv",
        stage="training",
        run_id=[f"run-{place:04d}" for place in range(len(frame))],
        job=[f"job-{place:04d}" for place in range(len(frame))],
        energy_status=status,
        attributed_kwh=frame["energy_kwh"],
        net_kwh=0.4 * frame["energy_kwh"] if net else np.nan,
        co2e_kg=0.381 * frame["energy_kwh"],
        flags=pd.array([pd.NA] * len(frame), dtype="string"),
        **{f"{part}_kwh": share * frame["energy_kwh"] for part, share in parts.items()},
        **dict.fromkeys([f"{part}_status" for part in parts], status),
    ).astype({"data_country": "string", "season": "string", "seed": "Int64"})


def make_metrics(runs):
    """Errors in percentage points: dearer models err less, up to a point, with seeds scattered."""
    random = np.random.default_rng(4)
    kwh = runs["energy_kwh"].to_numpy(dtype="float64")
    mae = 6 + 2 * np.abs(np.log10(kwh / 0.03)) + random.normal(0, 0.4, len(runs))
    return runs[["run_id", "model", "seed", "data_country", "season"]].assign(
        mae=mae, rmse=1.3 * mae, r2=1 - mae / 20
    )


def make_epochs(models=("gru",), seeds=(1, 2, 3), epochs=12, status="measured"):
    """Epoch windows of training jobs with a falling loss and noisy energies."""
    random = np.random.default_rng(5)
    rows = []
    for place, model in enumerate(models):
        for seed in seeds:
            start = 0.0
            for epoch in range(1, epochs + 1):
                kwh = 1e-5 * (1 + place) * random.uniform(0.9, 1.1)
                loss = 0.6 + 0.5 * np.exp(-epoch / 2.5) + random.normal(0, 0.01) + 0.004 * max(0, epoch - 9)
                rows.append((f"train_{model}-{seed}", model, seed, epoch, start, kwh, loss))
                start += 2.0
    names = ["job", "model", "seed", "epoch", "start_s", "energy_kwh", "value_validation_rmse"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        stage="training",
        window="epoch",
        attempt=1,
        repeats=1,
        end_s=frame["start_s"] + 2,
        energy_status=status,
        net_kwh=0.5 * frame["energy_kwh"],
        value_train_loss=frame["value_validation_rmse"] ** 2,
    ).astype({"seed": "Int64", "epoch": "Int64"})
