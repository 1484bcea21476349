"""Gated, plain and shallower transformers on the measured homes; with --output, write docs/memory_gating.md, .json.

Run it alone. Networks of a ratio are called in turns within one process.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from paired_timing import compare, judged
from torch import Tensor

from wattshed.compression.methods.hot_cold import METHOD as HOT_COLD
from wattshed.compression.methods.hot_cold import HotColdSettings
from wattshed.compression.methods.making import Making
from wattshed.compression.multiply_adds import multiply_adds
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.graph import GraphBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.compression import TuningBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph, build_graph
from wattshed.data.sources.source import load_panel
from wattshed.data.splits import split_calendar
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.forecast.series import Pairs
from wattshed.foundation import plugins
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine, describe_versions
from wattshed.memory.executed import executed_shares, forget_executed
from wattshed.memory.gated import gates_of
from wattshed.memory.mechanisms.gating import MECHANISM, GatingBlock
from wattshed.training.by_recipe import train_by_recipe
from wattshed.training.loop import validation_rmse
from wattshed.training.spec import ModelSpec, Step, make_forecaster

ROOT = Path(__file__).resolve().parent.parent
CPU = torch.device("cpu")
LOOK_BACK_H, HORIZON_H, LAYERS, SKIP_SHARE = 168, 6, 4, 0.3
MODEL = {"form": "transformer", "width": 64, "heads": 4, "recipe": "gating"}
# Chosen by the validation error of the first seed.
TEMPERATURES = (0.5, 2.0)
BATCHES, LOOKS, ORIGINS = (1, 2, 4, 8, 16), 48, 200
LEAST_RATIO, MOST_LOSS = 1.15, 0.01


@dataclass
class Trained:
    """A trained network with its errors in the panel's unit; executed: share of executed blocks on the test part."""

    kind: str
    seed: int
    forecaster: NeuralForecaster
    validation_rmse: float
    test_rmse: float
    executed: float
    train_s: float
    spec: ModelSpec

    def row(self) -> dict[str, Any]:
        kept = ("kind", "seed", "validation_rmse", "test_rmse", "executed", "train_s")
        return {name: getattr(self, name) for name in kept}


@dataclass
class Budget:
    """The gates' budget as a hook of a training step."""

    network: Network
    settings: GatingBlock

    def penalty(self, batch: Any) -> Tensor | None:
        return MECHANISM.penalty(self.network, self.settings)

    def project(self, gradients: list[Tensor]) -> None:
        """Gradients stay as they are."""


@dataclass
class Study:
    """The homes' task, and trainings on it."""

    steps: int
    task: ForecastTask = field(init=False)
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        panel = load_panel(plugins.load("source", "homes").Settings(kind="homes"), ROOT)
        windows = WindowsBlock(look_back_h=LOOK_BACK_H, horizon_h=HORIZON_H)
        splits = SplitsBlock(train_share=0.6, validation_share=0.1, test_share=0.1, held_out_share=0.25)
        self.task = ForecastTask(panel, split_calendar(panel, splits, windows), windows)
        self.graph = build_graph(panel, self.task.splits.train, GraphBlock(neighbours=5), None)

    def train(self, kind: str, seed: int, layers: int = LAYERS, gating: GatingBlock | None = None) -> Trained:
        epochs = 4
        recipe = RecipeBlock(
            sampling="pairs", batch=32, epochs=epochs, steps_per_epoch=max(1, self.steps // epochs),
            learning_rate=3e-3, schedule="cosine", warm_up_steps=20, patience=epochs, scaling="node",
            validation_windows=100, loss="squared",
        )  # fmt: skip
        model = read_model({**MODEL, "layers": layers})
        spec = ModelSpec(kind, seed, model, recipe, self.task.windows)
        forecaster = make_forecaster(spec, self.task, self.graph, CPU)
        hooks = None
        if gating is not None:
            forecaster.network = MECHANISM.apply(forecaster.network, gating, seed)
            hooks = Budget(forecaster.network, gating)
        began = time.perf_counter()
        train_by_recipe(forecaster, self.task, spec, hooks)
        took = time.perf_counter() - began
        validation = self.error(forecaster, "validation")
        forget_executed(forecaster.network)
        test = self.error(forecaster, "test")
        executed = executed_shares(forecaster.network).get("executed_share", 1.0)
        found = Trained(kind, seed, forecaster, validation, test, executed, took, spec)
        print(found.row(), file=sys.stderr, flush=True)
        return found

    def error(self, forecaster: NeuralForecaster, part: str) -> float:
        origins = self.task.origins(getattr(self.task.splits, part))
        return validation_rmse(forecaster, self.task, evenly_spaced(origins, ORIGINS))

    def looks(self, forecaster: NeuralForecaster, batch: int) -> list[Pairs]:
        """Batches of pairs of the test part, the same for every network."""
        generator = torch.Generator().manual_seed(0)
        origins = torch.from_numpy(self.task.origins(self.task.splits.test))
        chosen = origins[torch.randint(len(origins), (LOOKS,), generator=generator)]
        nodes = torch.randint(self.task.panel.values.shape[1], (LOOKS,), generator=generator)
        series = forecaster.series
        starts = range(0, LOOKS, batch)
        return [series.pairs(nodes[at : at + batch], chosen[at : at + batch]) for at in starts]


@torch.inference_mode()
def forecast_all(network: Network, looks: list[Pairs]) -> None:
    for pairs in looks:
        network(pairs)


@torch.inference_mode()
def block_share(study: Study, trained: Trained, batch: int) -> float:
    """The share of a plain forecast's time in its blocks: the rest is measured with the blocks left out."""
    network = trained.forecaster.network.eval()
    looks = study.looks(trained.forecaster, batch)
    whole: Callable[[], None] = partial(forecast_all, network, looks)

    def without() -> None:
        kept, network.blocks = network.blocks, torch.nn.ModuleList()
        forecast_all(network, looks)
        network.blocks = kept

    timed = compare(whole, without, 9)
    return 1 - 1 / timed.wall.median


@torch.inference_mode()
def skip_exactly(network: Network, looks: list[Pairs]) -> None:
    """For timing alone: thresholds at which each learned gate skips just its share of these examples."""
    for gate in gates_of(network).values():
        if gate.decisions != "learned" or float(gate.threshold) < -1e8:
            continue
        seen: list[Tensor] = []
        handle = gate.register_forward_pre_hook(
            lambda own, given, seen=seen: seen.append(own.scores(given[0]))
        )
        forecast_all(network, looks)
        handle.remove()
        gate.threshold.copy_(torch.quantile(torch.cat(seen), SKIP_SHARE))


def latencies(study: Study, base: Trained, other: Trained, rounds: int) -> list[dict[str, Any]]:
    rows = []
    for batch in BATCHES:
        looks = study.looks(base.forecaster, batch)
        calls = [partial(forecast_all, one.forecaster.network.eval(), looks) for one in (base, other)]
        skip_exactly(other.forecaster.network, looks)
        forget_executed(other.forecaster.network)
        timed = compare(calls[0], calls[1], rounds)
        executed = executed_shares(other.forecaster.network).get("executed_share", 1.0)
        rows.append(
            {
                "kind": other.kind,
                "batch": batch,
                "base_ms": timed.full_ms * batch / LOOKS,
                "other_ms": timed.smaller_ms * batch / LOOKS,
                "ratio": timed.wall.median,
                "low": timed.wall.low,
                "high": timed.wall.high,
                "executed": executed,
                "met": judged(timed.wall, LEAST_RATIO),
            }
        )
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def hot_cold(study: Study, base: Trained) -> list[dict[str, Any]]:
    """Units by measured activation removed from a trained network, without fine-tuning; beside it the same by norm."""
    rows = []
    origin = int(study.task.origins(study.task.splits.test)[0])
    full = multiply_adds(base.forecaster, origin)
    for importance in ("mean_size", "active_share"):
        for keep_share in (0.9, 0.8):
            settings = HotColdSettings(method="hot_cold", keep_share=keep_share, importance=importance)
            spec = base.spec.after(Step("hot_cold", "method", "hot_cold", {}))
            making = Making(base.forecaster, study.task, study.graph, spec, TuningBlock())
            smaller = base.forecaster.of(HOT_COLD.make_from(making, settings))
            left = multiply_adds(smaller, origin)
            rows.append(
                {
                    "seed": base.seed,
                    "importance": importance,
                    "removed": 1 - keep_share,
                    "cold_share": making.notes["cold_share"],
                    "parameters": smaller.network.parameter_count()
                    / base.forecaster.network.parameter_count(),
                    "multiply_adds": None if left is None or full is None else left / full,
                    "validation_change": study.error(smaller, "validation") / base.validation_rmse - 1,
                    "test_change": study.error(smaller, "test") / base.test_rmse - 1,
                }
            )
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def measure(steps: int, seeds: int, rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    study, found = Study(steps), []
    every = range(1, seeds + 1)
    tried = [study.train("gated", 1, gating=_gating(temperature=temperature)) for temperature in TEMPERATURES]
    best = min(range(len(tried)), key=lambda place: tried[place].validation_rmse)
    temperature = TEMPERATURES[best]
    for seed in every:
        found.append(study.train("base", seed))
        found.append(
            tried[best] if seed == 1 else study.train("gated", seed, gating=_gating(temperature=temperature))
        )
        found.append(study.train("random", seed, gating=_gating(decisions="random")))
        found.append(study.train("shallower", seed, layers=LAYERS - 1))
        found.append(study.train("always_off", seed, gating=_gating(decisions="never")))
    first = {one.kind: one for one in found if one.seed == 1}
    # The plain network with gates that decide and never skip: what a decision costs.
    on = study.train("always_on", 1, gating=_gating(decisions="always"))
    for gate in gates_of(on.forecaster.network).values():
        gate.decisions, gate.threshold = "learned", torch.tensor(-1e9)
    found.append(on)
    compared = [first[kind] for kind in ("gated", "random", "shallower")] + [on]
    return {
        "trainings": [one.row() for one in found],
        "temperature": temperature,
        "latency": [row for one in compared for row in latencies(study, first["base"], one, rounds)],
        "block_share": {str(batch): block_share(study, first["base"], batch) for batch in (1, 16)},
        "hot_cold": [row for one in found if one.kind == "base" for row in hot_cold(study, one)],
        "steps": steps,
        "rounds": rounds,
        "look_back_h": LOOK_BACK_H,
        "width": MODEL["width"],
        "panel": study.task.panel.source,
    }


def _gating(**keys: Any) -> GatingBlock:
    return GatingBlock(kind="gating", skip_share=SKIP_SHARE, **keys)


def main() -> None:
    from memory_gating_page import page

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, help="Markdown page to write; the record lies beside it as .json"
    )
    parser.add_argument("--steps", type=int, default=120, help="gradient steps of each training")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each network")
    parser.add_argument(
        "--rounds", type=int, default=15, help="pairs of each ratio, at least 6 for an interval"
    )
    arguments = parser.parse_args()
    began = time.perf_counter()
    found = measure(arguments.steps, arguments.seeds, arguments.rounds)
    machine = describe_machine()
    found["origin"] = (
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores, one thread, torch "
        f"{describe_versions()['torch']}. Date: {datetime.now(UTC):%Y-%m-%d}. Commit: "
        f"{commit_text(describe_commit(ROOT))}. It took {(time.perf_counter() - began) / 60:.1f} minutes."
    )
    text = page(found)
    if arguments.output is None:
        print(text)
        return
    arguments.output.write_text(text, encoding="utf-8")
    record = json.dumps(found, indent=1, sort_keys=True) + "\n"
    arguments.output.with_suffix(".json").write_text(record, encoding="utf-8")


if __name__ == "__main__":
    main()
