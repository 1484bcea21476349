"""``wattshed export``: write a trained network for another runtime, and check it there."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from wattshed.foundation.extending.own_files import use_own_plugins
from wattshed.foundation.faults import Fault

EXAMPLES = """examples:
  wattshed export results/homes/checkpoints/stgnn-1.safetensors --data results/homes/data --onnx stgnn.onnx
  wattshed export results/homes/checkpoints/stgnn+replay+prune_half_tuned-1.safetensors --data results/homes/data \\
    --onnx small.onnx --openvino small.xml --json

The file takes scaled windows of any number of (node, window) pairs and gives their scaled forecasts. That of the family
stgnn_reference takes any number of windows of all nodes. A file is written only if its forecasts equal those of the
network."""

CHECKED_PAIRS = 256
CHECKED_WINDOWS = 8


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "export",
        help="write a trained network as ONNX (and OpenVINO), and check it there",
        description="Export a trained network to ONNX, checked in ONNX Runtime, and to OpenVINO.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "checkpoint",
        type=Path,
        help="trained, adapted or compressed network; not int8",
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="the study's data: panel, splits and graph"
    )
    parser.add_argument("--onnx", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument("--openvino", type=Path, metavar="FILE.xml", help="OpenVINO model to write too")
    parser.add_argument(
        "--plugins",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="the study's own plug-ins that made the checkpoint, such as my_model.py",
    )
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    # Imported here: torch takes seconds to load, and --help does not need it.
    import torch

    from wattshed.data.graph import Graph
    from wattshed.forecast.examples import ExampleSeries
    from wattshed.forecast.export import export_onnx, export_openvino
    from wattshed.forecast.protocol import ForecastTask
    from wattshed.training.checkpoint import read_checkpoint, read_spec

    for file in arguments.plugins:
        if not file.is_file():
            raise Fault(f"{file} does not exist: name the plug-in's file after --plugins.")
    if arguments.plugins:
        use_own_plugins(arguments.plugins)
    for needed in (
        arguments.checkpoint,
        *(arguments.data / name for name in ("panel.safetensors", "splits.json")),
    ):
        if not needed.is_file():
            raise Fault(f"{needed} does not exist: name a checkpoint and the data folder of its study.")
    spec, _ = read_spec(arguments.checkpoint)
    task = ForecastTask.read(
        arguments.data / "panel.safetensors", arguments.data / "splits.json", spec.windows
    )
    graph = Graph.read(arguments.data / "graph.safetensors", task.panel)
    forecaster, _ = read_checkpoint(arguments.checkpoint, task, graph, torch.device("cpu"), "torch")
    origins = torch.from_numpy(task.origins(task.splits.test).copy())
    network, series, family = forecaster.network, forecaster.series, spec.model.form
    batch: Any
    if isinstance(series, ExampleSeries):
        batch = series.batch(origins[:CHECKED_WINDOWS])
    elif network.takes == "windows":
        batch = torch.cat([series.window(int(origin)) for origin in origins[:CHECKED_WINDOWS]])
    else:
        nodes = torch.arange(CHECKED_PAIRS) % len(task.panel.node_names)
        batch = series.pairs(nodes, origins[torch.arange(CHECKED_PAIRS) % len(origins)])
    made = [export_onnx(network, batch, arguments.onnx, family)]
    if arguments.openvino:
        made.append(export_openvino(network, batch, arguments.onnx, arguments.openvino, family))
    if arguments.json:
        rows = [
            {
                "path": str(one.path),
                "runtime": one.runtime,
                "inputs": one.inputs,
                "largest_error_share": one.largest_error_share,
            }
            for one in made
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for one in made:
        inputs = ", ".join(f"{name} {shape}" for name, shape in one.inputs.items())
        print(
            f"{one.path}: checked in {one.runtime}, largest error {one.largest_error_share:.1e} of the largest forecast"
        )
        print(f"  inputs: {inputs}", file=sys.stdout)
    return 0
