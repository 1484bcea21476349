"""Find what every step of every chain cost and changed."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.comparison.chains import chains_frame, read_chains
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame, read_frames
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--chains", required=True, help="names and lineages of the chains as JSON")
    parser.add_argument("--compared", type=Path, nargs="+", required=True, help="compared/*.parquet")
    parser.add_argument("--days", type=Path, nargs="+", required=True, help="compared/*.days.parquet")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--output", type=Path, required=True, help="chains.parquet to write")
    arguments = parser.parse_args(argv)
    frame = chains_frame(
        read_chains(arguments.chains),
        read_frames(arguments.compared, COLUMNS["compared"]),
        read_frames(arguments.days, COLUMNS["compared_days"]),
        read_frame(arguments.windows, COLUMNS["windows"]),
    )
    write_parquet(arguments.output, frame)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
