"""Find what every step of the ladder costs, and when it passes its opponents' best errors."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.accounts.runs.runs import windows_frame
from wattshed.config.models.ladder import LadderBlock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--ladder", required=True, help="ladder block as JSON")
    parser.add_argument("--ledgers", type=Path, nargs="+", required=True, help="ledgers of all its trainings")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--output", type=Path, required=True, help="ladder.parquet to write")
    parser.add_argument("--output-checks", type=Path, required=True, help="ladder.checks.parquet to write")
    arguments = parser.parse_args(argv)
    ladder = LadderBlock.model_validate_json(arguments.ladder)
    captions = {step.name: step.caption for step in ladder.steps}
    checks = training_checks(windows_frame(arguments.ledgers), list(captions))
    frame = ladder_frame(checks, read_frame(arguments.scores, COLUMNS["scores"]), captions, ladder.opponents)
    write_parquet(arguments.output, frame)
    write_parquet(arguments.output_checks, checks)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
