"""Make the figure of forecasts against truth."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.faults import run_script, script_parser
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.forecasts import forecasts_figure


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument(
        "--forecasts",
        type=Path,
        nargs="+",
        required=True,
        help="forecasts of the models to draw",
    )
    parser.add_argument("--nodes", type=int, default=3, help="nodes to draw")
    parser.add_argument("--output-pdf", type=Path, required=True, help="PDF to write")
    parser.add_argument("--output-png", type=Path, required=True, help="PNG to write")
    arguments = parser.parse_args(argv)
    models = {path.stem: Forecasts.read(path) for path in arguments.forecasts}
    figure = forecasts_figure(Panel.read(arguments.panel), models, arguments.nodes)
    save_figure(figure, arguments.output_pdf, arguments.output_png)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
