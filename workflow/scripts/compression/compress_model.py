"""Make one compressed variant of a checkpoint, for all its seeds, under the meter."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.compression.making import compress_checkpoints
from wattshed.config.models.compression import TuningBlock, variant_of
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="checkpoints to compress, one per seed"
    )
    parser.add_argument("--variant", required=True, help="name of the variant in the study")
    parser.add_argument("--settings", required=True, help="settings of the variant as JSON")
    parser.add_argument("--compression", required=True, help="compression.{learning_rate, batch} as JSON")
    parser.add_argument(
        "--compressed",
        type=Path,
        nargs="+",
        required=True,
        help="checkpoints to write, in the order of --checkpoints",
    )
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    compress_checkpoints(
        JobInputs.read(arguments),
        arguments.checkpoints,
        arguments.compressed,
        variant=arguments.variant,
        settings=variant_of(arguments.settings),
        tuning=TuningBlock.model_validate_json(arguments.compression),
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--compressed", "--ledger")))
