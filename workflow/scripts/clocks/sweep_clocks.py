"""Sweep GPU clocks over a checkpoint's inference or training, under the meter."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.clocks.sweeping.job import WORKS, sweep_checkpoint
from wattshed.config.clocks.block import ClocksBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights of the model")
    parser.add_argument("--work", choices=WORKS, required=True, help="what of the checkpoint is swept")
    parser.add_argument("--clocks", required=True, help="clocks block as JSON")
    parser.add_argument("--output", type=Path, required=True, help="sweep.parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    given = JobInputs.read(arguments)
    sweep_checkpoint(
        arguments.checkpoint,
        given,
        ClocksBlock.model_validate_json(arguments.clocks),
        work=arguments.work,
        output=arguments.output,
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--output", "--ledger")))
