"""Measure what memory levels save and cost in training steps of the study's models."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.config.memory.study import MemoryStudyBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.training.footprint.study import MemoryJob, measure_for_study


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument("--memory", required=True, help="memory block as JSON")
    parser.add_argument("--models", type=json.loads, required=True, help="model blocks by name as JSON")
    parser.add_argument(
        "--recipes", type=json.loads, required=True, help="recipe blocks by the model's name as JSON"
    )
    parser.add_argument("--steps", type=Path, required=True, help="memory/steps.parquet to write")
    parser.add_argument("--timeline", type=Path, required=True, help="memory/timeline.parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    measure_for_study(
        MemoryJob(
            JobInputs.read(arguments),
            MemoryStudyBlock.model_validate_json(arguments.memory),
            {name: read_model(block) for name, block in arguments.models.items()},
            {name: RecipeBlock.model_validate(block) for name, block in arguments.recipes.items()},
            arguments.steps,
            arguments.timeline,
            arguments.ledger,
        )
    )


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--steps", "--timeline", "--ledger")))
