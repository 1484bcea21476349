"""Tune a ladder's models: train every point of their grids under the meter, choose on validation, and record it all.

python benchmarks/tune.py --configfile config/ladder_homes.yaml

A killed run resumes with the same command: points that have their ledger are not trained again. The record holds every
point's error and energy; the chosen recipes stand in the configuration, and a test holds them to the record.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.origin import origin_of
from wattshed.accounts.runs.runs import windows_frame
from wattshed.config.models.tuning import GridBlock, point_name
from wattshed.config.study import Study, load_study
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.writing import whole_file
from wattshed.training.job import TrainingJob, train_model
from wattshed.training.spec import ModelSpec

ROOT = Path(__file__).resolve().parent.parent


def job_inputs(study: Study, configfile: Path) -> JobInputs:
    """Panel, splits and graph of the study, made by its own rules if they are not there."""
    folder = Path("results") / study.study / "data"
    files = [folder / name for name in ("panel.safetensors", "splits.json", "graph.safetensors")]
    made = ["snakemake", "--cores", "1", "--configfile", str(configfile), "--", *map(str, files)]
    subprocess.run([sys.executable, "-m", *made], check=True)
    parser = argparse.ArgumentParser()
    add_job_inputs(parser)
    words = [
        *("--panel", str(files[0]), "--splits", str(files[1]), "--graph", str(files[2])),
        *("--windows", study.data.windows.model_dump_json()),
        *("--metering", study.energy.metering.model_dump_json()),
        *("--device", study.device, "--engine", study.engine, "--threads", "1"),
    ]
    return JobInputs.read(parser.parse_args(words))


def train_points(study: Study, inputs: JobInputs, name: str, grid: GridBlock, folder: Path) -> list[Path]:
    """Train every point of a model's grid; returns the points' ledgers, in the grid's order."""
    model = study.models[name]
    ledgers = []
    for recipe in grid.points(study.recipes[model.recipe]):
        point = point_name(recipe)
        ledger = folder / f"{name}-{point}.jsonl"
        ledgers.append(ledger)
        if ledger.is_file():
            continue
        print(f"{name}: {point}", file=sys.stderr, flush=True)
        specs = [ModelSpec(point, seed, model, recipe, inputs.task.windows) for seed in grid.seeds]
        checkpoints = [folder / f"{name}-{point}-{seed}.safetensors" for seed in grid.seeds]
        train_model(TrainingJob(inputs, specs, checkpoints, folder / f"{name}-{point}.parquet", ledger))
    return ledgers


def record_of(study: Study, name: str, grid: GridBlock, ledgers: list[Path]) -> dict[str, Any]:
    """Error and energy of every point, and the chosen one: least mean over seeds of the least validation RMSE."""
    points = []
    for recipe, ledger in zip(grid.points(study.recipes[study.models[name].recipe]), ledgers, strict=True):
        point = point_name(recipe)
        runs = training_checks(windows_frame([ledger]), [point]).groupby("seed", sort=False)
        ends = runs.last()
        best = runs["validation_rmse"].min()
        points.append(
            {
                "point": point,
                **{
                    key: getattr(recipe, key) for key in ("batch", "learning_rate", "loss", "steps_per_epoch")
                },
                "validation_rmse": float(best.mean()),
                "validation_rmse_by_seed": {str(seed): float(value) for seed, value in best.items()},
                "checks": int(runs.size().sum()),
                "own_kwh": float((ends["cumulative_kwh"] + ends["cumulative_looking_kwh"]).sum(skipna=False)),
                "of_it_looking_kwh": float(ends["cumulative_looking_kwh"].sum(skipna=False)),
                "own_cpu_s": float(runs["own_cpu_s"].sum().sum()),
                "duration_s": float((ends["cumulative_s"] + ends["cumulative_looking_s"]).sum()),
            }
        )
    chosen = min(points, key=lambda point: point["validation_rmse"])
    return {
        "model": study.models[name].model_dump(mode="json", exclude={"recipe"}),
        "seeds": grid.seeds,
        "chosen": chosen["point"],
        "own_kwh": sum(point["own_kwh"] for point in points),
        "own_cpu_s": sum(point["own_cpu_s"] for point in points),
        **origin_of(ledgers),
        "points": points,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configfile", type=Path, required=True, help="study with a block ladder.tuning")
    parser.add_argument("--models", nargs="*", help="only these of the tuned models")
    arguments = parser.parse_args()
    study = load_study(
        yaml.safe_load(arguments.configfile.read_text(encoding="utf-8")), str(arguments.configfile)
    )
    if study.ladder is None or study.ladder.tuning is None:
        parser.error(f"{arguments.configfile} has no block ladder.tuning")
    tuning = study.ladder.tuning
    unknown = [name for name in arguments.models or () if name not in tuning.grids]
    if unknown:
        parser.error(f"--models has {unknown[0]!r}: expected some of {', '.join(tuning.grids)}")
    record = ROOT / tuning.record
    found = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    inputs = job_inputs(study, arguments.configfile)
    folder = Path("results/tuning") / study.study
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.models or tuning.grids:
        ledgers = train_points(study, inputs, name, tuning.grids[name], folder)
        found[name] = record_of(study, name, tuning.grids[name], ledgers)
        with whole_file(record) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: chosen {found[name]['chosen']}, {found[name]['own_kwh'] * 3.6e6:.0f} J of tuning")


if __name__ == "__main__":
    main()
