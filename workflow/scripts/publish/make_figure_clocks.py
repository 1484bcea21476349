"""Make the figure of energy and time against the clock."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.clocks import clocks_figure


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--sweep", type=Path, required=True, help="clocks/sweep.parquet")
    parser.add_argument("--choice", type=Path, required=True, help="clocks/choice.json")
    parser.add_argument("--output-pdf", type=Path, required=True, help="PDF to write")
    parser.add_argument("--output-png", type=Path, required=True, help="PNG to write")
    arguments = parser.parse_args(argv)
    choice = json.loads(arguments.choice.read_text(encoding="utf-8"))
    figure = clocks_figure(read_frame(arguments.sweep), choice)
    save_figure(figure, arguments.output_pdf, arguments.output_png)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
