"""The scores, forecasts and ledgers of a made study's models."""

from pathlib import Path

import numpy as np
import pandas as pd

from ledger_files import end, start, window
from made_plan import MadeStudy
from wattshed.data.panel import Panel
from wattshed.energy.ledger.writing import Ledger
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.writing import write_parquet

HORIZON = 6


def make_scores(made: MadeStudy, panel: Panel, random: np.random.Generator) -> pd.DataFrame:
    rows = []
    for model, (error, _) in {**made.trained, **made.baselines}.items():
        for seed in made.seeds if model in made.trained else (0,):
            level = error + (random.normal(0, 0.003) if model in made.trained else 0)
            for scope, hour, node, rmse in [
                ("all", None, None, level),
                *(("horizon", h, None, level * (0.86 + 0.045 * h)) for h in range(1, HORIZON + 1)),
                *(("node", None, name, level * random.uniform(0.4, 1.6)) for name in panel.node_names),
            ]:
                rows.append(
                    (
                        model,
                        seed,
                        scope,
                        hour,
                        node,
                        0.61 * rmse,
                        rmse,
                        0.45 * rmse,
                        0.9 * rmse,
                        1 - rmse**2,
                        5000,
                    )
                )
    names = ["model", "seed", "scope", "horizon_h", "node", "mae", "rmse", "wape", "mase", "r2", "cells"]
    return pd.DataFrame(rows, columns=names).astype({"horizon_h": "Int64", "node": "string"})


def write_forecasts(
    path: Path,
    made: MadeStudy,
    panel: Panel,
    origins: np.ndarray,
    model: str,
    random: np.random.Generator,
) -> None:
    filled = np.nan_to_num(panel.values, nan=1.0)
    truth = np.stack([filled[origins + h] for h in range(HORIZON)], axis=1)
    before = np.stack([filled[origins + h - 24] for h in range(HORIZON)], axis=1)
    seeds = list(made.seeds) if model in made.trained else [0]
    mixes = [0.6 * truth + 0.4 * before + random.normal(0, 0.05, truth.shape) for _ in seeds]
    values = [before if model == "seasonal_24h" else mix for mix in mixes]
    Forecasts(origins, np.stack(values).astype(np.float32), seeds).write(path)


def write_ledgers(folder: Path, made: MadeStudy, random: np.random.Generator) -> None:
    minute = 0
    for model, (error, kwh) in made.trained.items():
        rows = []
        for seed in made.seeds:
            labels = {"model": model, "seed": seed}
            ledger = Ledger(folder / f"ledger/training/{model}-{seed}.jsonl", resumes=False)
            start(ledger, f"{model}-{seed}", "training", labels, minute=minute)
            spent = 0.0
            for epoch in range(1, 9):
                part = kwh / 8 * random.uniform(0.9, 1.1)
                spent += part
                rmse = error + 0.3 * np.exp(-epoch / 2) + random.normal(0, 0.002)
                values = {"train_loss": rmse / 2, "validation_rmse": rmse, "samples": 25600}
                window(
                    ledger,
                    "epoch",
                    part,
                    labels={**labels, "epoch": epoch},
                    values=values,
                    start_s=epoch,
                    end_s=epoch + 0.9,
                )
                rows.append((model, seed, epoch, 100, 25600, rmse / 2, rmse, 5e-3, 0.9, part, spent))
            end(ledger, 1.1 * spent, duration_s=12.0, minute=minute)
            minute += 1
        names = (
            "model seed epoch steps samples train_loss validation_rmse learning_rate duration_s energy_kwh "
            "cumulative_kwh"
        )
        write_parquet(
            folder / f"checkpoints/{model}.epochs.parquet", pd.DataFrame(rows, columns=names.split())
        )
        ledger = Ledger(folder / f"ledger/inference/{model}.jsonl", resumes=False)
        start(ledger, model, "inference", {"model": model}, minute=minute)
        for seed in made.seeds:
            window(ledger, "forecast", 6e-6 * random.uniform(0.95, 1.05), labels={"model": model, "seed": seed},
                   values={"forecasts": 8000}, repeats=3)  # fmt: skip
        end(ledger, 3e-5, duration_s=8.0, minute=minute)
        minute += 1
    ledger = Ledger(folder / "ledger/training/baselines.jsonl", resumes=False)
    start(ledger, "baselines", "training", {}, minute=minute)
    for model, (_, kwh) in made.baselines.items():
        repeats = max(1, int(4e-6 / kwh))
        window(ledger, "fit", kwh * repeats, labels={"model": model}, repeats=repeats)
        window(ledger, "forecast", 5e-6, labels={"model": model}, values={"forecasts": 8000}, repeats=90)
    end(ledger, 6e-5, duration_s=10.0, minute=minute)
    for stage, kwh in (("adaptation", 9e-5), ("compression", 6e-5), ("clocks", 2e-5)):
        for seed in made.seeds if stage != "clocks" else (1,):
            minute += 1
            model = next(iter(made.trained))
            ledger = Ledger(folder / f"ledger/{stage}/{model}-{seed}.jsonl", resumes=False)
            start(ledger, f"{stage}-{model}-{seed}", stage, {"model": model, "seed": seed}, minute=minute)
            window(ledger, "sweep", kwh)
            end(ledger, 1.2 * kwh, duration_s=20.0, minute=minute)
