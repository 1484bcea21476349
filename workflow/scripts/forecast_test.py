"""Forecast the test part with every model and seed, under the meter."""

from collections.abc import Sequence
from pathlib import Path

import torch

from wattshed.config.data import WindowsBlock
from wattshed.config.energy import EnergyBlock
from wattshed.data.graph import Graph
from wattshed.forecast.device import choose_device
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import run_script, script_parser
from wattshed.training.inference import forecast_checkpoints


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="weights of all models and seeds"
    )
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--graph", type=Path, required=True, help="graph.safetensors")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument("--energy", required=True, help="energy block as JSON")
    parser.add_argument("--test-windows", type=int, required=True, help="most test windows to forecast")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to run")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument(
        "--forecasts",
        type=Path,
        nargs="+",
        required=True,
        help="forecasts to write, named after their models",
    )
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    windows = WindowsBlock.model_validate_json(arguments.windows)
    task = ForecastTask.read(arguments.panel, arguments.splits, windows)
    forecast_checkpoints(
        arguments.checkpoints,
        {path.stem: path for path in arguments.forecasts},
        task,
        Graph.read(arguments.graph, task.panel),
        arguments.test_windows,
        EnergyBlock.model_validate_json(arguments.energy),
        choose_device(arguments.device),
        arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
