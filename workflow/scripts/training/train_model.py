"""Train one model with all its seeds under the meter, or resume where the job was killed."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.training.job import TrainingJob, train_model
from wattshed.training.spec import ModelSpec


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument("--name", required=True, help="name of the model")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="seeds of weights and batches")
    parser.add_argument("--model", type=json.loads, required=True, help="model block as JSON")
    parser.add_argument("--recipe", required=True, help="recipe block as JSON")
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="weights to write, one file per seed"
    )
    parser.add_argument("--epochs", type=Path, required=True, help="table of all seeds' epochs to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    inputs = JobInputs.read(arguments)
    model = read_model(arguments.model)
    recipe = RecipeBlock.model_validate_json(arguments.recipe)
    specs = [ModelSpec(arguments.name, seed, model, recipe, inputs.task.windows) for seed in arguments.seeds]
    train_model(TrainingJob(inputs, specs, arguments.checkpoints, arguments.epochs, arguments.ledger))


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--checkpoints", "--epochs", "--ledger")))
