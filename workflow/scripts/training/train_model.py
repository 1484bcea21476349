"""Train one model with one seed under the meter, or resume where it was killed."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import run_script, script_parser
from wattshed.training.base import train_base
from wattshed.training.checkpoint import ModelSpec


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument("--name", required=True, help="name of the model")
    parser.add_argument("--seed", type=int, required=True, help="seed of weights and batches")
    parser.add_argument("--model", required=True, help="model block as JSON")
    parser.add_argument("--recipe", required=True, help="recipe block as JSON")
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights to write")
    parser.add_argument("--epochs", type=Path, required=True, help="table of epochs to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    given = JobInputs.read(arguments)
    made_by = ModelSpec(
        name=arguments.name,
        seed=arguments.seed,
        model=ModelBlock.model_validate_json(arguments.model),
        recipe=RecipeBlock.model_validate_json(arguments.recipe),
        windows=given.task.windows,
    )
    train_base(
        given,
        made_by,
        checkpoint=arguments.checkpoint,
        epochs=arguments.epochs,
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
