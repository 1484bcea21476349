"""Make the figure of the ladder: error against the energy spent, one line a step."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.ladder import ladder_figure


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--ladder", type=Path, required=True, help="ladder.parquet")
    parser.add_argument("--checks", type=Path, required=True, help="ladder.checks.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output-pdf", type=Path, required=True, help="PDF to write")
    parser.add_argument("--output-png", type=Path, required=True, help="PNG to write")
    arguments = parser.parse_args(argv)
    unit = Panel.read(arguments.panel).unit
    figure = ladder_figure(read_frame(arguments.ladder), read_frame(arguments.checks), unit)
    save_figure(figure, arguments.output_pdf, arguments.output_png)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
