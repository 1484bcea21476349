"""Write docs/memory_tables.md: the memory of training steps by level, length and batch, its time and its energy.

The three tables of GNN-STAN's source for its base form on made series of 200 regions, and the same for the transformer
and for STGNN with dense supervision. Every cell is predicted; what is small enough is measured, levels in turns.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
from memory_tables_page import page

from wattshed.calibration.synthetic import World
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.memory.study import MemoryStudyBlock
from wattshed.config.models.families import ModelBlock, read_model
from wattshed.config.models.memory import MemoryBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.data.labelled import LabelledWindows
from wattshed.data.panel import HOUR, Panel
from wattshed.data.splits import split_calendar
from wattshed.devices.torch_device import choose_device, synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.foundation.vocabulary import Stage
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.memory_step import memory_step_figure
from wattshed.training.footprint.cells import PlanAsked
from wattshed.training.footprint.study import MemoryJob, measured_frames
from wattshed.training.footprint.study_frames import COLUMNS

ROOT = Path(__file__).resolve().parent.parent
LENGTHS, BATCHES = (172, 352, 512, 1000), (8, 16, 32)
# Of these batches, longer windows are predicted only: one step of the plain network takes seconds and gigabytes.
LONGEST_MEASURED = {8: 1000, 16: 352, 32: 352}
LONG_IN_LARGE = "long windows in large batches are predicted only"
REGIONS, SERIES, CLASSES, SAMPLE_S = 200, 12, 2, 2.0
NODES, HOURS = 24, 24 * 7 * 20
SEED = 1
LARGEST_MB = 9000.0
# Beside the levels, what the aims are about.
AGGREGATION = {"kind": "aggregation", "kernel": "streamed"}
FUSED = {"kind": "fused_attention"}
GRAPH = {"kind": "checkpointing", "groups": ["graph"]}
FURTHER = {
    "gnn_stan": {
        "fused_attention": [FUSED],
        "aggregation": [AGGREGATION],
        "fused_attention + graph checkpointing": [FUSED, GRAPH],
        "gradient_release": [{"kind": "gradient_release"}],
    },
    "transformer": {"fused_attention": [FUSED], "gradient_release": [{"kind": "gradient_release"}]},
    "stgnn": {"gradient_release": [{"kind": "gradient_release"}]},
}


@dataclass(frozen=True)
class Case:
    """A model with its recipe and data; the recipe's batch and length are those of each cell."""

    name: str
    model: ModelBlock
    recipe: RecipeBlock
    task: ForecastTask
    graph: Graph


def cases(lengths: Sequence[int], regions: int) -> list[Case]:
    base: dict[str, Any] = {
        "batch": 8, "epochs": 1, "steps_per_epoch": 4, "learning_rate": 1e-4, "weight_decay": 0.01,
        "schedule": "cosine", "scaling": "node", "clip_norm": None,
    }  # fmt: skip
    world = World.make(SEED, NODES, HOURS)
    hourly = world.task(24, 6)
    labelled = labelled_task(max(lengths), regions)
    classes = Graph(np_identity(CLASSES), list(labelled.panel.node_names), "none")
    return [
        Case(
            "gnn_stan",
            read_model(
                {
                    "form": "gnn_stan", "recipe": "made", "variant": "base", "regions": regions,
                    "dropout": 0.0, "attention_dropout": 0.0,
                }
            ),
            RecipeBlock(**base, sampling="examples", loss="cross_entropy"),
            labelled,
            classes,
        ),
        Case(
            "transformer",
            read_model({"form": "transformer", "recipe": "made", "width": 128, "layers": 2, "heads": 4}),
            RecipeBlock(**base, sampling="pairs"),
            hourly,
            world.graph,
        ),
        Case(
            "stgnn",
            read_model({"form": "stgnn", "recipe": "made", "hidden": 128, "engine": "torch"}),
            RecipeBlock(**base, sampling="sequences", burn_in_h=24),
            hourly,
            world.graph,
        ),
    ]  # fmt: skip


def np_identity(size: int) -> Any:
    import scipy.sparse as sp

    return sp.csr_array(np.eye(size, dtype=np.float32))


def labelled_task(length: int, regions: int) -> ForecastTask:
    """Made series of noise that remembers (AR(1)), mixed over regions; each is of one class in turn."""
    random = np.random.default_rng(SEED)
    samples = length + 200
    stretches = []
    for _ in range(SERIES):
        noise = random.standard_normal((samples, regions)).astype(np.float32)
        for place in range(1, samples):
            noise[place] += 0.8 * noise[place - 1]
        stretches.append(noise @ random.standard_normal((regions, regions)).astype(np.float32))
    series = np.concatenate(stretches)
    # Four windows of each series: the training part has enough rows for the largest batch.
    owners = np.tile(np.arange(SERIES), 6)
    offsets = np.repeat(np.linspace(0, samples - length, 6).astype(np.int64), SERIES)
    starts = owners * samples + offsets
    windows = LabelledWindows(
        series,
        tuple(f"region_{number}" for number in range(regions)),
        starts.astype(np.int64),
        np.full(len(starts), length, dtype=np.int64),
        owners.astype(np.int64),
        length,
        (SAMPLE_S,) * SERIES,
    )
    values = np.eye(CLASSES, dtype=np.float32)[owners % CLASSES]
    times = np.datetime64("2000-01-01T00:00:00", "s") + np.arange(len(starts)) * HOUR
    names = pd.Index([f"class_{number}" for number in range(CLASSES)], name="node")
    rows = len(starts)
    panel = Panel(
        values, np.ones_like(values, dtype=bool), times, pd.DataFrame(index=names), "probability", "UTC",
        "made series", synthetic=True, windows=windows, cuts=(rows - 24, rows - 16, rows - 8),
    )  # fmt: skip
    blocks = WindowsBlock().with_look_back(length).model_copy(update={"horizon_h": 1, "horizon_steps": 1})
    return ForecastTask(panel, split_calendar(panel, SplitsBlock(), blocks), blocks)


def measured(
    case: Case, arguments: argparse.Namespace, meter: Meter, device: torch.device
) -> tuple[Any, Any]:
    """All cells of a case: those of each batch that are measured, and then those that are predicted only."""
    steps, timelines = [], []
    further = tuple(
        PlanAsked(name, MemoryBlock.model_validate({"mechanisms": mechanisms}), True)
        for name, mechanisms in FURTHER[case.name].items()
    )
    for batch in arguments.batches:
        longest = LONGEST_MEASURED.get(batch, max(arguments.lengths))
        for small in (True, False):
            lengths = [length for length in arguments.lengths if (length <= longest) == small]
            if not lengths:
                continue
            block = MemoryStudyBlock(
                models=[case.name],
                lengths=lengths,
                batches=[batch],
                repeats=arguments.repeats,
                largest_mb=arguments.largest_mb if small else 1e-6,
                limit_s=arguments.limit_s,
            )
            inputs = JobInputs(case.task, case.graph, MeteringBlock(minimum_window_s=0.1), device)
            unused = Path("unused")
            models, recipes = {case.name: case.model}, {case.name: case.recipe}
            # The further plans are measured at the smallest batch alone.
            own = further if small and batch == min(arguments.batches) else ()
            job = MemoryJob(inputs, block, models, recipes, unused, unused, unused, own)
            found, timeline = measured_frames(job, meter)
            if not small:
                found["why_none"] = LONG_IN_LARGE
            steps.append(found)
            if batch == min(arguments.batches) and len(timeline):
                timelines.append(timeline)
    return pd.concat(steps, ignore_index=True), timelines


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/memory_tables.md", help="page to write")
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS))
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--repeats", type=int, default=3, help="measured steps of each plan and cell")
    parser.add_argument("--regions", type=int, default=REGIONS)
    parser.add_argument("--models", nargs="+", default=list(FURTHER))
    parser.add_argument(
        "--largest-mb", type=float, default=LARGEST_MB, help="predicted peaks that are measured"
    )
    parser.add_argument(
        "--limit-s", type=float, default=400.0, help="for the measurements of one model and batch"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--record", type=Path, help="the record of an earlier run: write its page again and measure nothing"
    )
    arguments = parser.parse_args(argv)
    if arguments.record:
        about = json.loads(arguments.record.read_text(encoding="utf-8"))
        rows = pd.DataFrame(about.pop("rows"))
        known = {name: kind for name, kind in COLUMNS.items() if name in rows}
        arguments.output.write_text(page(rows.astype(known), about), encoding="utf-8")
        return
    torch.set_num_threads(arguments.threads)
    device, began = choose_device(arguments.device), time.monotonic()
    steps, timelines = [], []
    with (
        TemporaryDirectory() as folder,
        metered_job(
            Path(folder) / "ledger.jsonl",
            stage=Stage.MEMORY,
            job="memory_tables",
            labels={},
            metering=MeteringBlock(minimum_window_s=0.1),
            synchronise=synchroniser(device),
        ) as meter,
    ):
        for case in cases(arguments.lengths, arguments.regions):
            if case.name in arguments.models:
                found, living = measured(case, arguments, meter, device)
                steps.append(found)
                timelines += living
    every = pd.concat(steps, ignore_index=True)
    about = {
        "machine": describe_machine()["processor"],
        "device": str(device),
        "threads": arguments.threads,
        "made": datetime.now(UTC).date().isoformat(),
        "commit": commit_text(describe_commit()),
        "repeats": arguments.repeats,
        "regions": arguments.regions,
        "largest_mb": arguments.largest_mb,
        "took_s": round(time.monotonic() - began),
    }
    record = json.loads(every.to_json(orient="records"))
    arguments.output.write_text(page(every, about), encoding="utf-8")
    arguments.output.with_suffix(".json").write_text(
        json.dumps({**about, "rows": record}, indent=1) + "\n", encoding="utf-8"
    )
    if timelines:
        figure = memory_step_figure(pd.concat(timelines, ignore_index=True))
        png = arguments.output.with_suffix(".png")
        save_figure(figure, Path(f"{png}.pdf"), png)
        Path(f"{png}.pdf").unlink()


if __name__ == "__main__":
    main()
