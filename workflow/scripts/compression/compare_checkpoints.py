"""Compare all checkpoints of one base model: errors, size, latency and energy, measured in turns."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.compression.comparing import compare_checkpoints
from wattshed.config.models.compression import MeasuringBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument(
        "--checkpoints",
        type=Path,
        nargs="+",
        required=True,
        help="checkpoints of all lineages and seeds of one model, the base model first",
    )
    parser.add_argument(
        "--compression", required=True, help="compression.{latency_repeats, energy_rounds} as JSON"
    )
    parser.add_argument("--output", type=Path, required=True, help="table of compared checkpoints to write")
    parser.add_argument(
        "--output-days", type=Path, required=True, help="table of their errors by day to write"
    )
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    rows, days = compare_checkpoints(
        JobInputs.read(arguments),
        arguments.checkpoints,
        MeasuringBlock.model_validate_json(arguments.compression),
        arguments.ledger,
    )
    write_parquet(arguments.output, rows)
    write_parquet(arguments.output_days, days)


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--output", "--output-days", "--ledger")))
