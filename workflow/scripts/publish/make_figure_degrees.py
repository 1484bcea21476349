"""Make the histogram of the graph's degrees."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.degrees import degrees_figure
from wattshed.publish.report.results import read_degrees


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--graph", type=Path, required=True, help="graph.safetensors")
    parser.add_argument("--output-pdf", type=Path, required=True, help="PDF to write")
    parser.add_argument("--output-png", type=Path, required=True, help="PNG to write")
    arguments = parser.parse_args(argv)
    figure = degrees_figure(*read_degrees(arguments.graph))
    save_figure(figure, arguments.output_pdf, arguments.output_png)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
