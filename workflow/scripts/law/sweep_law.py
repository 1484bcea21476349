"""Measure training steps of token-level networks over layers, width, heads and length, beside their predictions."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.calibration.studies.sweep_job import sweep_for_study
from wattshed.config.energy.law import LawSweepBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.foundation.faults import script_parser
from wattshed.foundation.recovery.finished_work import run_measured_script
from wattshed.law.profile.files import check_device, here, read_profile


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--sweep", required=True, help="law.sweep block as JSON")
    parser.add_argument("--profile", type=Path, required=True, help="device profile")
    parser.add_argument("--metering", required=True, help="energy.metering block as JSON")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where networks run")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--output", type=Path, required=True, help="law/sweep.parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    profile = read_profile(arguments.profile)
    check_device(profile, here(arguments.device, arguments.threads), arguments.profile)
    sweep_for_study(
        LawSweepBlock.model_validate_json(arguments.sweep),
        profile,
        MeteringBlock.model_validate_json(arguments.metering),
        device=arguments.device,
        threads=arguments.threads,
        output=arguments.output,
        ledger=arguments.ledger,
    )


if __name__ == "__main__":
    raise SystemExit(run_measured_script(main, outputs=("--output", "--ledger")))
