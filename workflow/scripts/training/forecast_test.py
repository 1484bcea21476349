"""Forecast the test and validation parts with every model and seed, under the meter."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.foundation.vocabulary import Part
from wattshed.training.inference import forecast_checkpoints


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="weights of all models and seeds"
    )
    parser.add_argument(
        "--test-windows", type=int, required=True, help="most windows to forecast of either part"
    )
    parser.add_argument(
        "--forecasts",
        type=Path,
        nargs="+",
        required=True,
        help="forecasts to write, named after their models",
    )
    parser.add_argument(
        "--validation",
        type=Path,
        nargs="+",
        required=True,
        help="forecasts of the validation part to write, in the same order",
    )
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    given = JobInputs.read(arguments)
    outputs = {
        path.stem: {Part.TEST: path, Part.VALIDATION: validation}
        for path, validation in zip(arguments.forecasts, arguments.validation, strict=True)
    }
    forecast_checkpoints(arguments.checkpoints, outputs, given, arguments.test_windows, arguments.ledger)


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--forecasts", "--validation", "--ledger")))
