"""A whole study's results in the formats of docs/architecture.md, invented but realistic, for tests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from ledger_files import end, start, window
from wattshed.accounts.comparison.chains import Chain, chains_frame
from wattshed.accounts.comparison.frontier import frontier_frame
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.accounts.runs.runs import runs_frame, windows_frame
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.choice import choose_clock
from wattshed.clocks.sweep import run_sweep
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.config.models.clocks import ClocksBlock
from wattshed.data.panel import Panel
from wattshed.energy.carbon.carbon import Location
from wattshed.energy.ledger.writing import Ledger
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.tensor_file import write_tensors
from wattshed.foundation.writing import write_json, write_parquet, write_text

HOURS, NODES, HORIZON = 24 * 60, 17, 6
SEEDS = (1, 2, 3)
TRAINED = {  # test RMSE, kWh of one training
    "stgnn_reference": (0.742, 9e-4),
    "stgnn": (0.702, 1.6e-4),
    "stgnn_shuffled": (0.706, 1.6e-4),
    "gru": (0.704, 1.4e-4),
    "dlinear": (0.731, 4e-5),
}
BASELINES = {
    "persistence": (0.981, 3e-12),
    "seasonal_24h": (0.953, 4e-12),
    "seasonal_168h": (1.012, 4e-12),
    "climatology": (0.801, 6e-8),
    "ridge": (0.688, 4e-7),
}


@dataclass(frozen=True)
class MadeStudy:
    """What a made study holds: test RMSE and kWh of one training per model, and what is done with which of them."""

    seeds: Sequence[int] = SEEDS
    trained: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(TRAINED))
    baselines: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(BASELINES))
    parents: Sequence[str] = ("stgnn",)  # adapted and compressed
    swept: Sequence[str] = ("stgnn",)
    steps: dict[str, str] = field(default_factory=dict)  # the ladder's captions by model
    reference: str = "stgnn_reference"
    forms: dict[str, str] = field(default_factory=dict)
    name: str = "homes"


def write_study(folder: Path, made: MadeStudy | None = None) -> Path:
    """Write all results that tables, figures and the report read into ``folder``."""
    made = made or MadeStudy()
    random = np.random.default_rng(7)
    forms = made.forms or {name: "stgnn" if name.startswith("stgnn") else name for name in made.trained}
    config = {
        "study": made.name,
        "seeds": list(made.seeds),
        "models": {name: {"form": forms[name]} for name in made.trained},
    }
    write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    panel = make_panel(random)
    panel.write(folder / "data/panel.safetensors")
    origins = np.arange(24 * 40, 24 * 52, dtype=np.int64)
    cuts = {
        "train": ["2017-01-01T00:00:00", "2017-02-05T00:00:00"],
        "test": ["2017-02-10T00:00:00", "2017-02-22T00:00:00"],
    }
    write_json(folder / "data/splits.json", {"cuts_utc": cuts})
    write_graph(folder / "data/graph.safetensors", panel, random)
    write_parquet(folder / "data/quality.parquet", make_quality(panel))
    scores = make_scores(made, panel, random)
    write_parquet(folder / "accuracy/scores.parquet", scores)
    for model in (*made.trained, *made.baselines):
        write_forecasts(folder / f"forecasts/{model}.safetensors", made, panel, origins, model, random)
    write_ledgers(folder, made, random)
    ledgers = sorted((folder / "ledger").rglob("*.jsonl"))
    runs = runs_frame(ledgers)
    write_parquet(folder / "runs.parquet", runs)
    write_parquet(folder / "emissions.parquet", add_emissions(runs, CarbonBlock(), Location("ESP")))
    windows = windows_frame(ledgers)
    write_parquet(folder / "windows.parquet", windows)
    write_parquet(folder / "frontier.parquet", frontier_frame(scores, windows))
    write_adaptation(folder, made, random)
    variants = [make_compression(parent, seed, random) for parent in made.parents for seed in made.seeds]
    if variants:
        write_parquet(folder / "compression.parquet", pd.concat(variants, ignore_index=True))
        write_parquet(folder / "chains.parquet", make_chains(made, windows, random))
    block = ClocksBlock(repeats=5)
    for lineage in made.swept:
        sweep = run_sweep(SimulatedClocks(block.simulated, block.seed), lambda: None, block)
        write_parquet(folder / f"clocks/{lineage}.sweep.parquet", sweep)
        write_json(folder / f"clocks/{lineage}.choice.json", choose_clock(sweep, 0.05, 0).to_json())
    if made.steps:
        checks = training_checks(windows, list(made.steps))
        write_parquet(folder / "ladder.checks.parquet", checks)
        opponents = {"reference": made.reference}
        write_parquet(folder / "ladder.parquet", ladder_frame(checks, scores, made.steps, opponents))
    return folder


def study_files(folder: Path) -> dict[str, list[Path]]:
    """All results of a made study by the names that published parts use."""
    single = {
        "config": "config.yaml",
        "panel": "data/panel.safetensors",
        "splits": "data/splits.json",
        "graph": "data/graph.safetensors",
        "quality": "data/quality.parquet",
        "scores": "accuracy/scores.parquet",
        "runs": "emissions.parquet",
        "windows": "windows.parquet",
        "frontier": "frontier.parquet",
        "ladder": "ladder.parquet",
        "checks": "ladder.checks.parquet",
        "chains": "chains.parquet",
        "adaptation": "adaptation.parquet",
        "compression": "compression.parquet",
    }
    several = {
        "epochs": "checkpoints/*.epochs.parquet",
        "forecasts": "forecasts/*.safetensors",
        "matrices": "adaptation/*.parquet",
        "sweep": "clocks/*.sweep.parquet",
        "choice": "clocks/*.choice.json",
    }
    found = {name: [folder / place] for name, place in single.items() if (folder / place).is_file()}
    return found | {name: files for name, place in several.items() if (files := sorted(folder.glob(place)))}


def make_panel(random: np.random.Generator) -> Panel:
    hour = np.arange(HOURS)
    size = np.linspace(0.3, 3, NODES)
    day = 1 + 0.8 * np.sin(2 * np.pi * (hour[:, None] - random.uniform(6, 12, NODES)) / 24)
    values = (size * (0.2 + day + random.gamma(0.6, 0.5, (HOURS, NODES)))).astype(np.float32)
    observed = np.ones((HOURS, NODES), dtype=bool)
    observed[24 * 43 : 24 * 43 + 9, 3] = False
    values[~observed] = np.nan
    times = np.datetime64("2017-01-01T00:00:00", "s") + hour * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index([f"home_{n:02d}" for n in range(NODES)], name="node"))
    notes = ("Readings of 17 homes & their <meters>.",)
    return Panel(
        values, observed, times, nodes, "kWh", "Europe/Madrid", "homes (made for tests)", True, None, notes
    )


def write_graph(path: Path, panel: Panel, random: np.random.Generator) -> None:
    dense = random.random((NODES, NODES)) < 0.3
    dense |= dense.T | np.eye(NODES, dtype=bool)
    indptr = np.r_[0, dense.sum(axis=1).cumsum()]
    tensors = {
        "indptr": indptr.astype(np.int64),
        "indices": np.nonzero(dense)[1].astype(np.int64),
        "weights": np.ones(int(indptr[-1]), dtype=np.float32),
    }
    write_tensors(path, tensors, {"node_names": panel.node_names, "method": "load_shape"})


def make_quality(panel: Panel) -> pd.DataFrame:
    coverage = panel.observed.mean(axis=0)
    return pd.DataFrame(
        {
            "node": panel.node_names,
            "hours": HOURS,
            "coverage_share": coverage,
            "imputed_share": 0.0,
            "gap_count": (coverage < 1).astype(int),
            "longest_gap_h": (~panel.observed).sum(axis=0),
            "constant_share": 0.01,
            "spike_count": np.arange(NODES) % 3,
            "mean": np.nanmean(panel.values, axis=0),
            "maximum": np.nanmax(panel.values, axis=0),
        }
    )


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


def write_adaptation(folder: Path, made: MadeStudy, random: np.random.Generator) -> None:
    summary = []
    for parent in made.parents:
        model = parent.split("+")[0]
        for strategy, gain in (("frozen", 0.0), ("naive", 0.012), ("replay", 0.015)):
            lineage, rows = f"{parent}+{strategy}", []
            for seed in made.seeds:
                own = (model, lineage, parent, strategy, seed)
                for learned in range(4):
                    for task in ("base", "CL_1", "CL_2", "CL_3"):
                        rmse = 0.70 - gain * learned / 3 + random.normal(0, 0.004)
                        rows.append((*own, learned, task, "held_out", rmse, 0.6 * rmse, 900))
                updates = 0 if strategy == "frozen" else 3
                energy = (5e-6 * random.uniform(0.9, 1.1), "estimated") if updates else (None, "missing")
                seen = 0.71 - gain / 2 + random.normal(0, 0.002)
                transfer = (0.70 - gain, -gain / 3, -0.4, 0.01 - gain / 4)
                summary.append((*own, *transfer, seen, 0.705, updates, *energy))
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
    names = (
        "model lineage parent strategy seed acc_rmse bwt_rmse fwt_rmse forgetting_share prequential_rmse "
        "base_rmse_after updates kwh_per_update energy_status"
    )
    if summary:
        write_parquet(folder / "adaptation.parquet", pd.DataFrame(summary, columns=names.split()))


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
    steps = pd.DataFrame(made_by, columns=["lineage", "seed", "window", "energy_kwh", "repeats"])
    return chains_frame(chains, pd.DataFrame(rows), pd.concat([windows, steps], ignore_index=True))


def make_compression(parent: str, seed: int, random: np.random.Generator) -> pd.DataFrame:
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
    return frame.assign(
        judged_later=False,
        budget_share=0.05,
        saving_share=1 - joules / joules[0],
        saving_of="energy",
        back_ends="",
    )


def read_choice(folder: Path) -> dict:
    return json.loads(next((folder / "clocks").glob("*.choice.json")).read_text())
