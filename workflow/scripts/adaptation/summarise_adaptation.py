"""Reduce the matrices of errors to transfer metrics and energy per update."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.adaptation.summary import summarise_adaptation
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame, read_frames
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--matrices", type=Path, nargs="+", required=True, help="matrices of errors, one file per seed"
    )
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--output", type=Path, required=True, help="summary.parquet to write")
    arguments = parser.parse_args(argv)
    rows = read_frames(arguments.matrices, COLUMNS["matrices"])
    write_parquet(
        arguments.output, summarise_adaptation(rows, read_frame(arguments.windows, COLUMNS["windows"]))
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
