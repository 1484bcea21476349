"""Predict what every training of the study takes, from its configuration, the panel's size and a device profile."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.calibration.studies.predictions import predictions_document
from wattshed.config.study import Study
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_json
from wattshed.law.predicting.plan import panel_sizes
from wattshed.law.profile.files import check_device, here, read_profile


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--study", required=True, help="the study's blocks that predictions are made from, as JSON"
    )
    parser.add_argument("--profile", type=Path, required=True, help="device profile")
    parser.add_argument(
        "--results", type=Path, required=True, help="the study's results, with its built data"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of torch in trainings")
    parser.add_argument("--output", type=Path, required=True, help="law/predictions.json to write")
    arguments = parser.parse_args(argv)
    study = Study.model_validate_json(arguments.study)
    profile = read_profile(arguments.profile)
    check_device(profile, here(study.device, arguments.threads), arguments.profile)
    document = predictions_document(study, panel_sizes(study, arguments.results), profile)
    write_json(arguments.output, document, sealed=True)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
