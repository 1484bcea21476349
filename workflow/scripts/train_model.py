"""Train one model with one seed under the meter, or resume where it was killed."""

from collections.abc import Sequence
from pathlib import Path

import torch

from wattshed.config.data import WindowsBlock
from wattshed.config.energy import EnergyBlock
from wattshed.config.training import ModelBlock, RecipeBlock
from wattshed.data.graph import Graph
from wattshed.forecast.device import choose_device
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.faults import run_script, script_parser
from wattshed.training.base import train_base
from wattshed.training.checkpoint import Recipe


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--name", required=True, help="name of the model")
    parser.add_argument("--seed", type=int, required=True, help="seed of weights and batches")
    parser.add_argument("--model", required=True, help="model block as JSON")
    parser.add_argument("--recipe", required=True, help="recipe block as JSON")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument("--energy", required=True, help="energy block as JSON")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--graph", type=Path, required=True, help="graph.safetensors")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to run")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights to write")
    parser.add_argument("--epochs", type=Path, required=True, help="table of epochs to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    made_by = Recipe(
        name=arguments.name,
        seed=arguments.seed,
        model=ModelBlock.model_validate_json(arguments.model),
        recipe=RecipeBlock.model_validate_json(arguments.recipe),
        windows=WindowsBlock.model_validate_json(arguments.windows),
    )
    task = ForecastTask.read(arguments.panel, arguments.splits, made_by.windows)
    train_base(
        task,
        Graph.read(arguments.graph, task.panel),
        made_by,
        EnergyBlock.model_validate_json(arguments.energy),
        choose_device(arguments.device),
        checkpoint=arguments.checkpoint,
        epochs=arguments.epochs,
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
