"""Adapt one lineage's checkpoints month by month with one strategy, under the meter."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.adaptation.job import AdaptationJob, adapt_model
from wattshed.config.models.adaptation import read_strategy
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="weights to start from, one file per seed"
    )
    parser.add_argument("--strategy", required=True, help="name of the strategy in the study")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="the strategy's settings as JSON, with its kind"
    )
    parser.add_argument(
        "--adapted",
        type=Path,
        nargs="+",
        required=True,
        help="weights to write, in the order of --checkpoints",
    )
    parser.add_argument("--output", type=Path, required=True, help="matrix of errors to write")
    parser.add_argument(
        "--output-days",
        type=Path,
        required=True,
        help="errors by day of each month before it is learned, to write",
    )
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write, named after the lineage")
    arguments = parser.parse_args(argv)
    adapt_model(
        AdaptationJob(
            inputs=JobInputs.read(arguments),
            strategy=arguments.strategy,
            settings=read_strategy(arguments.settings),
            checkpoints=arguments.checkpoints,
            adapted=arguments.adapted,
            matrix=arguments.output,
            days=arguments.output_days,
            ledger=arguments.ledger,
        )
    )


if __name__ == "__main__":
    raise SystemExit(
        run_measured_script(main, outputs=("--adapted", "--output", "--output-days", "--ledger"))
    )
