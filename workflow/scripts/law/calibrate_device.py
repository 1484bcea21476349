"""Measure kernels and training steps for a device profile, as a metered job of the study."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.calibration.studies.device_job import calibrate_for_study
from wattshed.config.energy.metering import MeteringBlock
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--seconds", type=float, required=True, help="how long to measure")
    parser.add_argument("--metering", required=True, help="energy.metering block as JSON")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="what is calibrated")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--output", type=Path, required=True, help="law/profile.json to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    calibrate_for_study(
        arguments.seconds,
        MeteringBlock.model_validate_json(arguments.metering),
        device=arguments.device,
        threads=arguments.threads,
        output=arguments.output,
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--output", "--ledger")))
