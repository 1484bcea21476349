"""Judge compressed checkpoints against those that they were made of."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.compression.judge import judge_variants
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frames
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--compared", type=Path, nargs="+", required=True, help="compared checkpoints, one file per model"
    )
    parser.add_argument(
        "--days", type=Path, nargs="+", required=True, help="their errors by day, one file per model"
    )
    parser.add_argument("--budget-share", type=float, required=True, help="compression.error_budget_share")
    parser.add_argument("--r2-floor", type=float, help="compression.r2_floor; left out where there is none")
    parser.add_argument("--output", type=Path, required=True, help="judged variants to write")
    arguments = parser.parse_args(argv)
    compared = read_frames(arguments.compared, COLUMNS["compared"])
    days = read_frames(arguments.days, COLUMNS["compared_days"])
    frame = judge_variants(compared, days, arguments.budget_share, arguments.r2_floor)
    write_parquet(arguments.output, frame)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
