"""Make the table of energy per stage and component."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.energy import energy_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    write_text(arguments.output_tex, render_table(energy_table(read_frame(arguments.runs))))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
