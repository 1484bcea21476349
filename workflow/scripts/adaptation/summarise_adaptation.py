"""Reduce the matrices of errors to transfer metrics and energy per update."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wattshed.adaptation.summary import summarise_adaptation
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--matrices", type=Path, nargs="+", required=True, help="matrices of errors, one file per seed"
    )
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--output", type=Path, required=True, help="summary.parquet to write")
    arguments = parser.parse_args(argv)
    rows = pd.concat([pd.read_parquet(path) for path in arguments.matrices], ignore_index=True)
    write_parquet(arguments.output, summarise_adaptation(rows, pd.read_parquet(arguments.windows)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
