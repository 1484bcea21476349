"""Aggregate ledgers into one row per job and one row per measured window.

Jobs whose results no longer exist have a row too, from their records.
"""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.runs.runs import runs_and_windows
from wattshed.accounts.runs.superseded import superseded_rows
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--ledgers", type=Path, nargs="+", required=True, help="ledger files of all jobs")
    parser.add_argument(
        "--all-ledgers",
        type=Path,
        nargs="+",
        default=[],
        help="folders of all ledgers and records that the study ever wrote",
    )
    parser.add_argument("--output-runs", type=Path, required=True, help="runs.parquet to write")
    parser.add_argument("--output-windows", type=Path, required=True, help="windows.parquet to write")
    arguments = parser.parse_args(argv)
    superseded = superseded_rows(arguments.ledgers, arguments.all_ledgers)
    runs, windows = runs_and_windows(arguments.ledgers, superseded)
    write_parquet(arguments.output_runs, runs)
    write_parquet(arguments.output_windows, windows)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
