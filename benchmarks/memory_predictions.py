"""How far predicted peaks of training steps are from real ones, over families and memory levels; writes a page."""

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

import torch

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation import plugins
from wattshed.memory.accounting.resident import resident_rise
from wattshed.memory.plan import MemoryPlan, plan_of
from wattshed.training.footprint.measure import forget_windows
from wattshed.training.footprint.predict import predict_footprint
from wattshed.training.footprint.real_step import RealStep
from wattshed.training.footprint.sizes import TaskSizes
from wattshed.training.spec import ModelSpec, place_of

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/memory_predictions.md"
LEVELS = ("none", "low", "medium", "high")
MB = 1e6
# Of the peak: beyond it a prediction is called wrong.
AIM = 0.10
PAIRS = {"sampling": "pairs", "batch": 256}
SEQUENCES = {"sampling": "sequences", "batch": 64, "sequence_h": 336, "burn_in_h": 24}
EXAMPLES = {"sampling": "examples", "batch": 8, "loss": "cross_entropy"}
# Name -> model, recipe, engine, look-back.
CASES = {
    "transformer": ({"form": "transformer"}, PAIRS, "auto", 168),
    "transformer, long": ({"form": "transformer"}, {**PAIRS, "batch": 64}, "auto", 336),
    "dlinear": ({"form": "dlinear"}, {**PAIRS, "batch": 4096}, "auto", 168),
    "stgnn, kernel": ({"form": "stgnn", "calendar": True}, {**PAIRS, "batch": 16384}, "auto", 168),
    "stgnn, torch": ({"form": "stgnn", "calendar": True}, PAIRS, "torch", 168),
    "stgnn, dense": ({"form": "stgnn"}, SEQUENCES, "torch", 168),
    "gru, torch": ({"form": "gru", "node_table": True}, {**PAIRS, "ema_decay": 0.99}, "torch", 168),
    "lstm": ({"form": "lstm"}, PAIRS, "torch", 168),
    "stgnn_reference": ({"form": "stgnn_reference"}, {"sampling": "windows", "batch": 16}, "torch", 168),
    "gnn_stan": ({"form": "gnn_stan"}, EXAMPLES, "torch", 172),
}
PLAIN = {"epochs": 1, "learning_rate": 1e-3, "schedule": "cosine", "scaling": "node"}


def asked(name: str) -> tuple[ModelSpec, TaskSizes]:
    model, recipe, engine, look_back_steps = CASES[name]
    regions = 94 if model["form"] == "gnn_stan" else 0
    windows = WindowsBlock(look_back_h=look_back_steps, horizon_h=1 if regions else 6)
    block = read_model({**model, "recipe": "r"})
    spec = ModelSpec(name, 0, block, RecipeBlock.model_validate({**PLAIN, **recipe}), windows)
    hours = 60 if regions else 2000
    return spec, TaskSizes(12 if regions else 17, hours, 60, 20, regions=regions, engine=engine)


def cells_of(name: str) -> list[dict]:
    """One family at every level that has other mechanisms than those before, in this process."""
    spec, sizes = asked(name)
    found: list[dict] = []
    for level in LEVELS:
        place = place_of(torch.device("cpu"), sizes.engine)
        plan = plan_of(spec.recipe, spec.model, spec.windows, place, level)
        if list(plan.names) not in [one["mechanisms"] for one in found]:
            found.append(cell(name, level, spec, sizes, plan))
            gc.collect()
    return found


def cell(name: str, level: str, spec: ModelSpec, sizes: TaskSizes, plan: MemoryPlan) -> dict:
    predicted = predict_footprint(spec, sizes, plan)
    real = RealStep.make(spec, sizes, plan)
    real.step()
    live, saved = real.counted()
    found = live.at_peak()
    beside = sum(size for kind, size in found.items() if kind not in ("activations", "gradients"))
    # Gradients and gathered windows of the step before would be freed in this one.
    real.learner.optimiser.zero_grad(set_to_none=True)
    for batch in real.batches:
        forget_windows(batch)
    return {
        "family": name,
        "level": level,
        "mechanisms": list(plan.names),
        "engine": predicted.engine,
        "predicted_peak_bytes": predicted.step_peak_bytes,
        "measured_peak_bytes": live.peak,
        "error_share": predicted.step_peak_bytes / live.peak - 1,
        "predicted_saved_bytes": predicted.saved_bytes,
        "saved_bytes": saved.bytes,
        "predicted_rise_bytes": predicted.step_peak_bytes - beside,
        "resident_rise_bytes": resident_rise(real.step),
        "phase_of_peak": predicted.phase_of_peak,
        "look_peak_bytes": predicted.look_peak_bytes,
    }


def in_its_own_process(name: str) -> list[dict]:
    # Large blocks are mapped one by one, so that freed memory is the system's at once.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, __file__, "--family", name]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    found: list[dict] = json.loads(done.stdout.splitlines()[-1])
    return found


def page(cells: list[dict], origin: dict) -> str:
    worst = max(cells, key=lambda one: abs(one["error_share"]))
    rises = [one for one in cells if one["resident_rise_bytes"] and one["predicted_rise_bytes"] > 20 * MB]
    lines = [
        "# Predicted memory of training steps",
        "",
        "Made by `make benchmark-memory-predictions`. One step of each family at each memory level that has other "
        "mechanisms than the one before, on random data. *Predicted*: the step on tensors without values "
        "(`wattshed memory`). *Measured*: the same step on real tensors, bytes alive by torch's dispatcher. Both share "
        "code, so a third number shares none: the rise of the process's resident memory during a step, in a process "
        "of the family's own, against what the prediction says beyond weights, optimiser, batch and series. It also "
        "holds work spaces inside one operation and small blocks that the C library keeps, and not what was allocated "
        "and never written; so it says little of steps below 20 MB. The work space that oneDNN's LSTM layers ask for "
        "is such a case: they write about a third of it, so that `lstm` and `gnn_stan` stay below 1.",
        "",
        "The edges that pooling leaves in `gnn_stan` depend on data. Here, as in `wattshed memory`, only sizes are "
        "known, and all edges are taken to stay: its plain step is predicted too high. A training and the rule "
        "`measure_memory` know their data and read the number from a batch.",
        "",
        "Each level has its own mechanisms here. Where they take more memory than those of the level before, as with "
        "`dlinear`, a training takes that one's.",
        "",
        f"Machine: {origin['machine']}. Date: {origin['date']}. Commit: {origin['commit']}. torch {origin['torch']}.",
        "",
        f"Worst of {len(cells)} cells against measured peaks: {100 * worst['error_share']:+.2f} % "
        f"({worst['family']}, {worst['level']}); the aim is {100 * AIM:.0f} %.",
        "",
        "| family | level | mechanisms | predicted [MB] | measured [MB] | error | predicted rise [MB] | "
        "resident rise [MB] | ratio |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in cells:
        rise = one["resident_rise_bytes"]
        ratio = "–" if not rise else f"{rise / one['predicted_rise_bytes']:.2f}"
        lines.append(
            f"| {one['family']} | {one['level']} | {', '.join(one['mechanisms']) or 'none'} | "
            f"{one['predicted_peak_bytes'] / MB:.1f} | {one['measured_peak_bytes'] / MB:.1f} | "
            f"{100 * one['error_share']:+.2f} % | {one['predicted_rise_bytes'] / MB:.1f} | "
            f"{'–' if rise is None else f'{rise / MB:.1f}'} | {ratio} |"
        )
    if rises:
        ratios = sorted(one["resident_rise_bytes"] / one["predicted_rise_bytes"] for one in rises)
        lines += [
            "",
            f"Resident over predicted rise, of the {len(rises)} cells above 20 MB: {ratios[0]:.2f} to "
            f"{ratios[-1]:.2f}, median {ratios[len(ratios) // 2]:.2f}.",
        ]
    return "\n".join(lines) + "\n"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", help="one family in this process, as JSON")
    parser.add_argument("--output", type=Path, default=PAGE, help="page to write; the JSON goes beside it")
    arguments = parser.parse_args()
    if arguments.family:
        print(json.dumps(cells_of(arguments.family)))
        return
    cells = []
    for name in CASES:
        if CASES[name][0]["form"] not in plugins.names("family"):
            continue
        for found in in_its_own_process(name):
            cells.append(found)
            print(f"{name}, {found['level']}: {100 * found['error_share']:+.2f} %", flush=True)
    commit = _git("rev-parse", "--short", "HEAD")
    # Of what is measured; the page itself may differ.
    if _git("status", "--porcelain", "--", "workflow", "benchmarks"):
        commit += " with changes that it does not hold"
    origin = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": date.today().isoformat(),
        "commit": commit,
        "torch": torch.__version__,
    }
    arguments.output.write_text(page(cells, origin), encoding="utf-8")
    record = json.dumps({"origin": origin, "cells": cells}, indent=1)
    arguments.output.with_suffix(".json").write_text(record + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
