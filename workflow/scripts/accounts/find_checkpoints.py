"""Put everything that is known of each compared checkpoint into one row."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.recommend.checkpoints import checkpoints_frame
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame, read_frames
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--compared", type=Path, nargs="+", required=True, help="compared/*.parquet")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--output", type=Path, required=True, help="checkpoints.parquet to write")
    arguments = parser.parse_args(argv)
    frame = checkpoints_frame(
        read_frames(arguments.compared, COLUMNS["compared"]),
        read_frame(arguments.windows, COLUMNS["windows"]),
    )
    write_parquet(arguments.output, frame)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
