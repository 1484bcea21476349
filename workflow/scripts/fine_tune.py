"""Fine-tune one model's seeds month by month with every strategy, under the meter."""

from collections.abc import Sequence
from pathlib import Path

import torch

from wattshed.adaptation.job import adapt_checkpoints
from wattshed.config.adaptation import AdaptationBlock
from wattshed.config.data import WindowsBlock
from wattshed.config.energy import EnergyBlock
from wattshed.data.graph import Graph
from wattshed.forecast.device import choose_device
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="weights, one file per seed"
    )
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--graph", type=Path, required=True, help="graph.safetensors")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument("--adaptation", required=True, help="adaptation block as JSON")
    parser.add_argument("--energy", required=True, help="energy block as JSON")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to run")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--output", type=Path, required=True, help="matrix of errors to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    windows = WindowsBlock.model_validate_json(arguments.windows)
    task = ForecastTask.read(arguments.panel, arguments.splits, windows)
    adapt_checkpoints(
        arguments.checkpoints,
        task,
        Graph.read(arguments.graph, task.panel),
        AdaptationBlock.model_validate_json(arguments.adaptation),
        EnergyBlock.model_validate_json(arguments.energy),
        choose_device(arguments.device),
        output=arguments.output,
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
