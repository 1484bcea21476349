"""Aggregate ledgers into one row per job and one row per measured window."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.runs.runs import runs_and_windows
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--ledgers", type=Path, nargs="+", required=True, help="ledger files of all jobs")
    parser.add_argument("--output-runs", type=Path, required=True, help="runs.parquet to write")
    parser.add_argument("--output-windows", type=Path, required=True, help="windows.parquet to write")
    arguments = parser.parse_args(argv)
    runs, windows = runs_and_windows(arguments.ledgers)
    write_parquet(arguments.output_runs, runs)
    write_parquet(arguments.output_windows, windows)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
