"""Make the tables of what the models cost: Pareto fronts, low-carbon leaders, normalised metrics."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.model_costs import model_tables
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--runs", type=Path, required=True, help="emissions.parquet")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument(
        "--limit-kg", type=float, help="mass under which a model may lead (median if not given)"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the tables to write")
    arguments = parser.parse_args(argv)
    runs, windows, scores = map(read_frame, (arguments.runs, arguments.windows, arguments.scores))
    unit = Panel.read(arguments.panel).unit
    for name, table in model_tables(runs, windows, scores, unit, arguments.limit_kg).items():
        write_text(arguments.output / f"{name}.tex", render_table(table))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
