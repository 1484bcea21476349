"""Inputs of every job with networks, and the script arguments that name them."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.data.graph import Graph
from wattshed.data.panel import Panel
from wattshed.data.splits import Splits
from wattshed.devices.torch_device import choose_device
from wattshed.engine.choice import Wanted
from wattshed.forecast.protocol import ForecastTask


@dataclass(frozen=True)
class JobInputs:
    """Task, graph, the meter's settings, and the device for networks."""

    task: ForecastTask
    graph: Graph
    metering: MeteringBlock
    device: torch.device
    engine: Wanted = "auto"

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> "JobInputs":
        """From the arguments that :func:`add_job_inputs` added; sets torch's threads."""
        return cls._read(arguments, Panel.read(arguments.panel), arguments.splits, arguments.graph)

    @classmethod
    def read_origins(cls, arguments: argparse.Namespace) -> list["JobInputs"]:
        """The same for each rolling origin, from the arguments of ``add_job_inputs(parser, of_origins=True)``."""
        panel = Panel.read(arguments.panel)
        pairs = zip(arguments.splits, arguments.graph, strict=True)
        return [cls._read(arguments, panel, splits, graph) for splits, graph in pairs]

    @classmethod
    def _read(cls, arguments: argparse.Namespace, panel: Panel, splits: Path, graph: Path) -> "JobInputs":
        torch.set_num_threads(arguments.threads)
        return cls(
            ForecastTask(
                panel, Splits.read(splits, panel), WindowsBlock.model_validate_json(arguments.windows)
            ),
            Graph.read(graph, panel),
            MeteringBlock.model_validate_json(arguments.metering),
            choose_device(arguments.device),
            arguments.engine,
        )


def add_job_inputs(parser: argparse.ArgumentParser, *, of_origins: bool = False) -> None:
    """of_origins: splits and graphs of several rolling origins, in order."""
    number = "+" if of_origins else None
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, nargs=number, required=True, help="splits.json")
    parser.add_argument("--graph", type=Path, nargs=number, required=True, help="graph.safetensors")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument("--metering", required=True, help="energy.metering block as JSON")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where networks run")
    parser.add_argument(
        "--engine",
        choices=("auto", "torch"),
        default="auto",
        help="auto (the fastest back end here) or torch",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
