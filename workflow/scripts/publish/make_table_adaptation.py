"""Make the table of continual learning."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.adaptation import adaptation_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--summary", type=Path, required=True, help="adaptation/summary.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    unit = Panel.read(arguments.panel).unit
    write_text(arguments.output_tex, render_table(adaptation_table(read_frame(arguments.summary), unit)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
