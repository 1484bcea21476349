"""Train and score one model at every rolling origin under the meter, or resume where the job was killed."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.training.rolling import RollingJob, roll_model
from wattshed.training.spec import ModelSpec


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser, of_origins=True)
    parser.add_argument("--name", required=True, help="name of the model")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="seeds of weights and batches")
    parser.add_argument("--model", type=json.loads, required=True, help="model block as JSON")
    parser.add_argument("--recipe", required=True, help="recipe block as JSON")
    parser.add_argument("--output", type=Path, required=True, help="table of errors by day to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    origins = JobInputs.read_origins(arguments)
    model = read_model(arguments.model)
    recipe = RecipeBlock.model_validate_json(arguments.recipe)
    windows = origins[0].task.windows
    specs = [ModelSpec(arguments.name, seed, model, recipe, windows) for seed in arguments.seeds]
    roll_model(RollingJob(origins, specs, arguments.output, arguments.ledger))


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--output", "--ledger")))
