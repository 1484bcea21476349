"""Recompute the published numbers of the energy law, with the measures of fit on all points."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet
from wattshed.law.published.reproducing.frame import reproduction_frame
from wattshed.law.published.reproducing.reproduction import reproduction_rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--output", type=Path, required=True, help="law/reproduction.parquet to write")
    arguments = parser.parse_args(argv)
    write_parquet(arguments.output, reproduction_frame(reproduction_rows(honest=True)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
