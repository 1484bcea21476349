"""Fit and score one baseline at every rolling origin, under the meter."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.forecast.baselines.rolling import roll_baseline
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser, of_origins=True)
    parser.add_argument("--name", required=True, help="name of the baseline")
    parser.add_argument("--output", type=Path, required=True, help="table of errors by day to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    origins = JobInputs.read_origins(arguments)
    roll_baseline(arguments.name, origins, arguments.output, arguments.ledger)


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--output", "--ledger")))
