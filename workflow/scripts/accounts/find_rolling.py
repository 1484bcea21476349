"""Find what the models err and cost at every rolling origin, and what all origins together say of them."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.rolling.judged import judged_frame
from wattshed.accounts.rolling.origins import origins_frame
from wattshed.accounts.runs.runs import windows_frame
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frames
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--days", type=Path, nargs="+", required=True, help="errors by day, one file per model"
    )
    parser.add_argument("--ledgers", type=Path, nargs="+", required=True, help="ledgers of the same jobs")
    parser.add_argument("--controls", nargs="*", default=[], help="models that are never chosen")
    parser.add_argument("--output", type=Path, required=True, help="rolling.parquet to write")
    parser.add_argument("--output-origins", type=Path, required=True, help="rolling.origins.parquet to write")
    arguments = parser.parse_args(argv)
    days = read_frames(arguments.days, COLUMNS["rolled"])
    origins = origins_frame(days, windows_frame(arguments.ledgers))
    write_parquet(arguments.output, judged_frame(days, origins, arguments.controls))
    write_parquet(arguments.output_origins, origins)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
