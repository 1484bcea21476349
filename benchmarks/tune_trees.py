"""Tune the boosted trees that see what our best model sees: a grid under the meter, chosen on validation.

python benchmarks/tune_trees.py --configfile config/opponents_homes.yaml --output docs/ladder/tuning_trees.json

A killed run resumes with the same command: points that have their ledger are not fitted again. The record holds every
point's error and energy; `boosted_trees.RICH` has the chosen settings, and a test holds it to the record.
"""

import argparse
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from tune import job_inputs

from wattshed import metered
from wattshed.accounts.ladder.origin import origin_of
from wattshed.accounts.runs.runs import windows_frame
from wattshed.config.study import load_study
from wattshed.forecast.baselines.boosted_trees import RICH, BoostedTrees, rich_features
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.metrics import rmse
from wattshed.foundation.writing import write_text

GRID = {
    "learning_rate": (0.05, 0.1),
    "num_leaves": (15, 31, 63, 127),
    "min_data_in_leaf": (30, 100, 300, 1000),
}
# Early stopping ends each of them.
ROUNDS = 2_000


def fit_point(inputs: JobInputs, point: dict[str, float], ledger: Path) -> None:
    """Fit and forecast the validation part; the window ``look`` holds the error [panel's unit]."""
    settings = replace(RICH, parameters={**RICH.parameters, **point}, rounds=ROUNDS)
    trees = BoostedTrees(
        inputs.task, inputs.graph, name="lightgbm_rich", features=rich_features, settings=settings
    )
    with metered("tune_trees", ledger=ledger, stage="tuning", quiet=True, **point) as job:
        with job.window("fit"):
            trees.fit()
        origins = inputs.task.origins(inputs.task.splits.validation)
        with job.window("look") as look:
            look.values["validation_rmse"] = rmse(trees.forecast(origins), *inputs.task.truth(origins))
            look.values["rounds"] = max(model.current_iteration() for model in trees.boosters)


def record_of(points: list[dict[str, float]], ledgers: list[Path]) -> dict[str, Any]:
    """Error and energy of every point, and the chosen one: least validation RMSE."""
    rows = []
    for point, ledger in zip(points, ledgers, strict=True):
        windows = windows_frame([ledger]).set_index("window")
        used = windows[["energy_kwh", "own_cpu_s", "duration_s"]].sum()
        look = windows.loc["look"]
        rows.append(
            {
                **point,
                "validation_rmse": float(look["value_validation_rmse"]),
                "rounds": int(look["value_rounds"]),
                **{name: float(value) for name, value in used.items()},
            }
        )
    total = pd.DataFrame(rows)[["energy_kwh", "own_cpu_s"]].sum()
    chosen = min(rows, key=lambda row: row["validation_rmse"])
    return {
        "model": "lightgbm_rich",
        "chosen": {name: chosen[name] for name in GRID},
        **{name: float(value) for name, value in total.items()},
        **origin_of(ledgers),
        "points": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configfile", type=Path, required=True, help="study whose panel is learned")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    arguments = parser.parse_args()
    study = load_study(
        yaml.safe_load(arguments.configfile.read_text(encoding="utf-8")), str(arguments.configfile)
    )
    inputs = job_inputs(study, arguments.configfile)
    folder = Path("results/tuning") / study.study
    folder.mkdir(parents=True, exist_ok=True)
    points = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    ledgers = [folder / f"trees-{'-'.join(map(str, point.values()))}.jsonl" for point in points]
    for number, (point, ledger) in enumerate(zip(points, ledgers, strict=True), 1):
        if not ledger.is_file():
            fit_point(inputs, point, ledger)
        print(f"{number} of {len(points)}: {ledger.stem}", flush=True)
    record = record_of(points, ledgers)
    write_text(arguments.output, json.dumps(record, indent=1) + "\n")
    print(f"chosen {record['chosen']}, {record['own_cpu_s']:.0f} CPU-s of tuning")


if __name__ == "__main__":
    main()
