"""Make the table of the clock sweep and its choice."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.clocks import clocks_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--sweep", type=Path, required=True, help="clocks/sweep.parquet")
    parser.add_argument("--choice", type=Path, required=True, help="clocks/choice.json")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    choice = json.loads(arguments.choice.read_text(encoding="utf-8"))
    write_text(arguments.output_tex, render_table(clocks_table(read_frame(arguments.sweep), choice)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
