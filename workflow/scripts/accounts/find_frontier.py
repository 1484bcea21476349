"""Find the models that are not dominated in both error and training energy."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.comparison.frontier import frontier_frame
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--output", type=Path, required=True, help="frontier.parquet to write")
    arguments = parser.parse_args(argv)
    frame = frontier_frame(
        read_frame(arguments.scores, COLUMNS["scores"]), read_frame(arguments.windows, COLUMNS["windows"])
    )
    write_parquet(arguments.output, frame)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
