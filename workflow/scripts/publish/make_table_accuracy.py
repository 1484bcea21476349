"""Make the table of test errors of every model."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.accuracy import accuracy_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--frontier", type=Path, required=True, help="frontier.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--note", default="", help="a line on the recipes, such as the cap on epochs")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    unit = Panel.read(arguments.panel).unit
    scores, frontier = read_frame(arguments.scores), read_frame(arguments.frontier)
    write_text(arguments.output_tex, render_table(accuracy_table(scores, frontier, unit, arguments.note)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
