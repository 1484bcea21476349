"""Make the table of error against energy per model."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.frontier import frontier_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--frontier", type=Path, required=True, help="frontier.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    unit = Panel.read(arguments.panel).unit
    write_text(arguments.output_tex, render_table(frontier_table(read_frame(arguments.frontier), unit)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
