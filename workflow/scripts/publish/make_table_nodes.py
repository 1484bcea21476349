"""Make the table of errors by node."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.nodes import nodes_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    table = nodes_table(read_frame(arguments.scores), Panel.read(arguments.panel).unit)
    write_text(arguments.output_tex, render_table(table))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
