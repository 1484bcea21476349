"""A whole study's results in the formats of docs/architecture.md, invented but realistic, for tests."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from made_checkpoints import make_checkpoints
from made_clocks import write_clocks
from made_data import make_panel, make_quality, write_graph
from made_days import make_days
from made_ladder_files import write_ladder
from made_law import write_law
from made_lineages import make_chains, make_compression, write_adaptation
from made_models import make_scores, write_forecasts, write_ledgers
from made_plan import MadeStudy
from made_rolling import make_rolled, write_rolling_ledger
from wattshed.accounts.claims.judging import claims_frame
from wattshed.accounts.claims.results import Results
from wattshed.accounts.comparison.frontier import frontier_frame
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.rolling.judged import judged_frame
from wattshed.accounts.rolling.origins import origins_frame
from wattshed.accounts.runs.runs import runs_frame, windows_frame
from wattshed.accounts.sensitivity.views import sensitivity_frames
from wattshed.accounts.standings.class_scores import COLUMNS, scores_of
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.foundation import plugins
from wattshed.foundation.writing import write_json, write_parquet, write_text
from wattshed.law.published.reproducing.frame import reproduction_frame
from wattshed.law.published.reproducing.reproduction import reproduction_rows


def write_study(folder: Path, made: MadeStudy | None = None) -> Path:
    """Write all results that tables, figures and the report read into ``folder``."""
    made = made or MadeStudy()
    random = np.random.default_rng(7)
    forms = made.forms or {name: "stgnn" if name.startswith("stgnn") else name for name in made.trained}
    config = {
        "study": made.name,
        "seeds": list(made.seeds),
        "models": {name: _block(name, forms[name]) for name in made.trained},
        "baselines": list(made.baselines),
        "recipes": {"frugal": {"precision": "fp32"}},
        "data": {"windows": {"look_back_h": 24, "horizon_h": 6}},
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
    write_parquet(folder / "accuracy/classes.parquet", make_classes(made))
    seeds = len(made.seeds)
    models = {name: (error, seeds) for name, (error, _) in made.trained.items()}
    models |= {name: (error, 1) for name, (error, _) in made.baselines.items()}
    write_parquet(folder / "accuracy/days.parquet", make_days(**models))
    for model in (*made.trained, *made.baselines):
        write_forecasts(folder / f"forecasts/{model}.safetensors", made, panel, origins, model, random)
    forecasts = {path.stem: path for path in sorted((folder / "forecasts").glob("*.safetensors"))}
    quality = make_quality(panel)
    sensitivity, by_day = sensitivity_frames(forecasts, panel, quality)
    write_parquet(folder / "accuracy/sensitivity.parquet", sensitivity)
    write_parquet(folder / "accuracy/sensitivity.days.parquet", by_day)
    write_ledgers(folder, made, random)
    ledgers = sorted((folder / "ledger").rglob("*.jsonl"))
    runs = runs_frame(ledgers)
    write_parquet(folder / "runs.parquet", runs)
    write_parquet(folder / "emissions.parquet", add_emissions(runs, CarbonBlock(), Location("ESP")))
    windows = windows_frame(ledgers)
    write_parquet(folder / "windows.parquet", windows)
    write_parquet(folder / "frontier.parquet", frontier_frame(scores, windows))
    write_adaptation(folder, made, random)
    variants = [
        make_compression(parent, seed, random, made.variants)
        for parent in made.parents
        for seed in made.seeds
    ]
    if variants:
        write_parquet(folder / "compression.parquet", pd.concat(variants, ignore_index=True))
        write_parquet(folder / "chains.parquet", make_chains(made, windows, random))
        write_checkpoints(folder, made)
    frames = {"scores": scores, "windows": windows}
    write_parquet(folder / "claims.parquet", claims_frame(plugins.names("claims"), Results(frames, config)))
    write_parquet(folder / "law/reproduction.parquet", reproduction_frame(reproduction_rows(honest=True)))
    write_clocks(folder, made.swept)
    if made.steps:
        write_ladder(folder, windows, scores, made.steps, made.reference)
    if made.rolled:
        write_rolling(folder, made)
    if made.law:
        # Of the invented ledgers: 100 steps an epoch, 8 epochs and their looks.
        models = {name: (kwh * 3.6e6 / (8 * 105), 100) for name, (_, kwh) in made.trained.items()}
        write_law(folder, models, made.seeds)
    return folder


def write_checkpoints(folder: Path, made: MadeStudy) -> None:
    """Of each parent: itself, a smaller one that saves energy, one that errs too much, the variants that the plan
    names, and one that cannot run."""
    lineages = {}
    for place, parent in enumerate(made.parents):
        error = 0.70 + 0.005 * place
        lineages[parent] = {"rmse": error, "total_j": 90.0}
        lineages[f"{parent}+prune_half_tuned"] = {"rmse": 1.01 * error, "total_j": 110.0, "per_1000_j": 0.6}
        lineages[f"{parent}+prune_half"] = {"rmse": 1.11 * error, "total_j": 95.0, "per_1000_j": 0.6}
        for name in made.variants:
            lineages[f"{parent}+{name}"] = {"rmse": 1.01 * error, "total_j": 105.0, "per_1000_j": 0.7}
        lineages[f"{parent}+int8"] = {"unavailable": "torch has no int8 engine for this processor"}
    checkpoints, days = make_checkpoints(lineages, len(made.seeds))
    write_parquet(folder / "checkpoints.parquet", checkpoints)
    for model in checkpoints["model"].unique():
        own = days[days["lineage"].str.split("+").str[0] == model]
        write_parquet(folder / f"compared/{model}.days.parquet", own.reset_index(drop=True))


def make_classes(made: MadeStudy) -> pd.DataFrame:
    """Scores of two classes of 40 windows, as if the study were one of classes."""
    random = np.random.default_rng(11)
    rows = []
    for model in (*made.trained, *made.baselines):
        for seed in made.seeds if model in made.trained else [0]:
            probabilities = random.dirichlet([1, 1], 40)
            found = scores_of(probabilities, np.arange(40) % 2)
            rows.append({"model": model, "seed": seed, **found, "positive": "second"})
    return pd.DataFrame(rows, columns=COLUMNS)


def _block(name: str, form: str) -> dict[str, object]:
    sizes = {} if form == "dlinear" else {"hidden": 16}
    return {
        **sizes,
        "form": form,
        "recipe": "frugal",
        "graph": "shuffled" if name.endswith("_shuffled") else "given",
    }


def write_rolling(folder: Path, made: MadeStudy) -> None:
    """Its ledgers lie apart: the study's own frames were made without them."""
    known = made.trained | made.baselines
    seeds = {name: list(made.seeds) if name in made.trained else [0] for name in made.rolled}
    days = make_rolled({name: known[name][0] for name in made.rolled}, seeds)
    ledgers = [
        write_rolling_ledger(
            folder / f"rolled/{place}.jsonl", name, known[name][1], seeds[name], minute=place
        )
        for place, name in enumerate(made.rolled)
    ]
    origins = origins_frame(days, windows_frame(ledgers))
    write_parquet(folder / "rolling.origins.parquet", origins)
    write_parquet(folder / "rolling.parquet", judged_frame(days, origins))


def study_files(folder: Path) -> dict[str, list[Path]]:
    """All results of a made study by the names that published parts use."""
    single = {
        "config": "config.yaml",
        "panel": "data/panel.safetensors",
        "splits": "data/splits.json",
        "graph": "data/graph.safetensors",
        "quality": "data/quality.parquet",
        "claims": "claims.parquet",
        "sensitivity": "accuracy/sensitivity.parquet",
        "sensitivity_days": "accuracy/sensitivity.days.parquet",
        "scores": "accuracy/scores.parquet",
        "classes": "accuracy/classes.parquet",
        "days": "accuracy/days.parquet",
        "runs": "emissions.parquet",
        "windows": "windows.parquet",
        "frontier": "frontier.parquet",
        "ladder": "ladder.parquet",
        "checks": "ladder.checks.parquet",
        "targets": "ladder.targets.parquet",
        "curves": "ladder.curves.parquet",
        "parts": "ladder.parts.parquet",
        "techniques": "ladder.techniques.parquet",
        "rolling": "rolling.parquet",
        "origins": "rolling.origins.parquet",
        "law_profile": "law/profile.json",
        "law_predictions": "law/predictions.json",
        "compared_predictions": "law/predictions.parquet",
        "law_sweep": "law/sweep.parquet",
        "reproduction": "law/reproduction.parquet",
        "chains": "chains.parquet",
        "adaptation": "adaptation.parquet",
        "compression": "compression.parquet",
        "checkpoints": "checkpoints.parquet",
        "validation": "clocks/validation.json",
        "governor": "clocks/governor.json",
        "phases": "clocks/phases.parquet",
        "predictions": "clocks/predictions.parquet",
        "prediction_standings": "clocks/prediction_standings.parquet",
    }
    several = {
        "epochs": "checkpoints/*.epochs.parquet",
        "forecasts": "forecasts/*.safetensors",
        "adaptation_days": "adaptation/*.days.parquet",
        "matrices": "adaptation/*[!s].parquet",
        "compared_days": "compared/*.days.parquet",
        "sweep": "clocks/*.sweep.parquet",
        "temperatures": "clocks/*.sweep.parquet",
        "choice": "clocks/*.choice.json",
    }
    found = {name: [folder / place] for name, place in single.items() if (folder / place).is_file()}
    return found | {name: files for name, place in several.items() if (files := sorted(folder.glob(place)))}
