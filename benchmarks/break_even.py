"""From which hidden size on does a smaller network pay? Write docs/break_even.md and its figure.

Run it alone. Weights are random: what a forecast costs depends on shapes, not on weights. At each hidden size the full
network and what the methods make of it forecast the same windows in turns.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from wattshed.compression.methods.making import Making
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.graph import GraphBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.models.compression import TuningBlock, variant_of
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph, build_graph
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.synthetic import Settings as Synthetic
from wattshed.data.splits import split_calendar
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation import plugins
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.foundation.writing import write_text
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.training.spec import ModelSpec, Step

ROOT = Path(__file__).resolve().parent.parent
SIZES = (8, 16, 32, 64, 128, 256)
NODES, HOURS, WINDOWS_MEASURED, ROUNDS, WARM_UP_CALLS = 64, 24 * 60, 24, 7, 3
WINDOWS = WindowsBlock(look_back_h=24, horizon_h=6)
FULL, FULL_TORCH, STUDENT = "full", "full_on_torch", "student_8"
# Variant -> its settings at a hidden size.
VARIANTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "int8": lambda hidden: {"method": "int8"},
    "static_int8": lambda hidden: {"method": "static_int8"},
    "low_rank": lambda hidden: {"method": "low_rank", "rank": hidden // 4},
    "prune_units": lambda hidden: {"method": "prune", "keep_share": 0.5},
    "prune_both": lambda hidden: {"method": "prune", "keep_share": 0.5, "what": "both"},
}
CAPTIONS = {
    FULL_TORCH: "the full network, computed by torch",
    "int8": "int8 weights, activations quantised at run time",
    "static_int8": "int8 weights and activations with calibrated scales, unrolled cell",
    "low_rank": "rank of a quarter of the units, by SVD",
    "prune_units": "half of the GRU units removed",
    "prune_both": "half of the units and of the graph channels removed",
    STUDENT: "a student of 8 units, as distillation makes it",
}
RECIPE = RecipeBlock(
    sampling="pairs", batch=64, epochs=1, learning_rate=1e-3, schedule="cosine", scaling="node"
)
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Cost:
    """Of one variant at one hidden size. ratio: its energy over the full network's, paired in rounds."""

    hidden: int
    variant: str
    engine: str
    joules: Interval
    microseconds: float
    ratio: Interval


def make_task() -> tuple[ForecastTask, Graph]:
    panel = load_panel(Synthetic(kind="synthetic", nodes=NODES, hours=HOURS), ROOT)
    task = ForecastTask(panel, split_calendar(panel, SplitsBlock(), WINDOWS), WINDOWS)
    return task, build_graph(panel, task.splits.train, GraphBlock(neighbours=5), None)


def contenders(hidden: int, task: ForecastTask, graph: Graph) -> dict[str, NeuralForecaster]:
    """The full network and what methods make of it, each on the back end that it would have in use."""
    model = read_model({"form": "stgnn", "recipe": "r", "hidden": hidden})
    series = ScaledSeries.make(task, graph.adjacency, "node", CPU)
    torch_series = ScaledSeries.make(task, graph.adjacency, "node", CPU, "torch")
    full = make_network(model, WINDOWS, graph.adjacency, 1)
    student = make_network(
        read_model({"form": "stgnn", "recipe": "r", "hidden": 8}), WINDOWS, graph.adjacency, 1
    )
    forecaster = NeuralForecaster(full, series, WINDOWS.horizon_steps)
    found = {FULL: forecaster, FULL_TORCH: NeuralForecaster(full, torch_series, WINDOWS.horizon_steps)}
    for name, settings_at in VARIANTS.items():
        settings = settings_at(hidden)
        spec = ModelSpec(
            "stgnn", 1, model, RECIPE, WINDOWS, (Step(name, "method", settings["method"], settings),)
        )
        making = Making(forecaster, task, graph, spec, TuningBlock())
        made: Network = plugins.load("method", settings["method"]).make_from(
            making, variant_of(json.dumps(settings))
        )
        found[name] = forecaster.of(made)
    if hidden > 8:
        found[STUDENT] = forecaster.of(student)
    return found


def measure(hidden: int, task: ForecastTask, graph: Graph, meter: Meter, rounds: int) -> list[Cost]:
    found = contenders(hidden, task, graph)
    origins = evenly_spaced(task.origins(task.splits.test), WINDOWS_MEASURED)
    forecasts = len(origins) * NODES
    joules: dict[str, list[float]] = {name: [] for name in found}
    seconds: dict[str, list[float]] = {name: [] for name in found}
    order = np.random.default_rng(hidden)
    for turn in range(rounds):
        for name in order.permutation(list(found)):
            forecaster = found[name]
            work = partial(forecaster.forecast, origins)
            window = meter.repeat(
                "measure", work, {}, warm_up_calls=WARM_UP_CALLS, variant=name, hidden=hidden, turn=turn
            )
            assert window.own.joules is not None
            joules[name].append(window.own.joules / forecasts * 1000)
            seconds[name].append(window.duration_s / forecasts)
    return [
        Cost(
            hidden,
            name,
            backend_of(forecaster.network, forecaster.series).name,
            geometric_interval(joules[name]),
            1e6 * float(np.median(seconds[name])),
            geometric_interval(a / b for a, b in zip(joules[name], joules[FULL], strict=True)),
        )
        for name, forecaster in found.items()
    ]


def pays_from(costs: Sequence[Cost], variant: str) -> str:
    """From which hidden size on a variant takes less energy than the full network, at every larger size too."""
    own = {cost.hidden: cost.ratio for cost in costs if cost.variant == variant}
    paying = [hidden for hidden, ratio in own.items() if ratio.high is not None and ratio.high < 1]
    costing = [hidden for hidden, ratio in own.items() if ratio.low is not None and ratio.low > 1]
    safe = [hidden for hidden in own if all(later in paying for later in own if later >= hidden)]
    text = f"pays from {min(safe)} on" if safe else "does not pay at every size from some size on"
    if costing:
        text += f"; costs more at {', '.join(str(hidden) for hidden in costing)}"
    return text


def page(costs: Sequence[Cost], status: str) -> str:
    machine = describe_machine()
    names = [FULL_TORCH, *VARIANTS, STUDENT]
    lines = [
        "# From which size on a smaller network pays",
        "",
        f"Made by `make benchmark-break-even`. {machine['processor']}, {machine['logical_cores']} logical cores, "
        f"{torch.get_num_threads()} thread(s) of torch, {datetime.now(UTC).date().isoformat()}, commit "
        f"{commit_text(describe_commit())}.",
        "",
        "The energy of forecasts relative to the full `stgnn` of the same hidden size, with 95 % intervals over "
        f"{ROUNDS} rounds in turns of random order; {NODES} nodes, {WINDOWS_MEASURED} windows a call, "
        f"{WINDOWS.look_back_h:g} h to {WINDOWS.horizon_h:g} h. The energy is {status}. Each network is computed by "
        "the back end that it would have in use: kernels take up to 64 units; torch computes larger networks and all "
        "that is int8 or of low rank. Below 1 a variant saves energy. "
        "Errors are another matter: [what_helps.md](what_helps.md).",
        "",
        "![energy of forecasts by hidden size](break_even.png)",
        "",
        "| variant | " + " | ".join(str(size) for size in SIZES) + " | |",
        "|---|" + "---|" * (len(SIZES) + 1),
    ]
    by_key = {(cost.variant, cost.hidden): cost for cost in costs}
    for name in names:
        cells = [_ratio_text(by_key.get((name, hidden))) for hidden in SIZES]
        lines.append(f"| {CAPTIONS[name]} | {' | '.join(cells)} | {pays_from(costs, name)} |")
    lines += ["", "Time of one forecast [µs] and the back end:", ""]
    lines += ["| variant | " + " | ".join(str(size) for size in SIZES) + " |", "|---|" + "---|" * len(SIZES)]
    for name in (FULL, *names):
        cells = [
            "–"
            if (cost := by_key.get((name, hidden))) is None
            else f"{cost.microseconds:.3g} ({cost.engine})"
            for hidden in SIZES
        ]
        lines.append(f"| {CAPTIONS.get(name, 'the full network')} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(costs: Sequence[Cost], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.4, 4.8), layout="constrained")
    markers = "os^Dv*P"
    for marker, name in zip(markers, [FULL_TORCH, *VARIANTS, STUDENT], strict=True):
        own = [cost for cost in costs if cost.variant == name]
        middle = np.array([cost.ratio.mean for cost in own])
        ends = [np.array([getattr(cost.ratio, end) for cost in own]) for end in ("low", "high")]
        axes.errorbar(
            [cost.hidden for cost in own],
            middle,
            yerr=[middle - ends[0], ends[1] - middle],
            marker=marker,
            capsize=2,
            label=CAPTIONS[name],
        )
    axes.axhline(1, color="black", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.set_xlabel("hidden units of the full network")
    axes.set_ylabel("energy of a forecast / full network's")
    axes.grid(which="both", alpha=0.25)
    figure.legend(loc="outside lower center", ncols=2, fontsize=7, frameon=False)
    figure.savefig(path, dpi=150)


def _ratio_text(cost: Cost | None) -> str:
    if cost is None or cost.ratio.mean is None:
        return "–"
    ends = "" if cost.ratio.low is None else f" [{_digits(cost.ratio.low)}, {_digits(cost.ratio.high)}]"
    return f"{_digits(cost.ratio.mean)}{ends}"


def _digits(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=ROOT / "docs/break_even.md")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds in turns ({ROUNDS})")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="threads of torch (1: with more, those of the network before still spin and count)",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    task, graph = make_task()
    costs: list[Cost] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        metered_job(
            Path(folder) / "break_even.jsonl",
            stage="measure",
            job="break_even",
            labels={},
            metering=MeteringBlock(minimum_window_s=0.3),
        ) as meter,
    ):
        for hidden in SIZES:
            costs += measure(hidden, task, graph, meter, arguments.rounds)
            print(f"{hidden} units: done", file=sys.stderr, flush=True)
        status = str(meter.since_start().own.status)
    draw(costs, arguments.output.with_suffix(".png"))
    write_text(arguments.output, page(costs, status))
    print(pd.DataFrame([vars(cost) for cost in costs]).to_string(), file=sys.stderr)


if __name__ == "__main__":
    main()
