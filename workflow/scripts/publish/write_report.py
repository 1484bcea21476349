"""Write the study's report: one HTML file that needs no other."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_text
from wattshed.publish.report.page import render_report
from wattshed.publish.report.results import read_results
from wattshed.publish.tables.engine import read_engine_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--config", type=Path, required=True, help="config.yaml")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--graph", type=Path, required=True, help="graph.safetensors")
    parser.add_argument("--quality", type=Path, required=True, help="quality.parquet")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--frontier", type=Path, required=True, help="frontier.parquet")
    parser.add_argument("--adaptation", type=Path, required=True, help="adaptation/summary.parquet")
    parser.add_argument(
        "--matrices",
        type=Path,
        nargs="+",
        required=True,
        help="matrices of errors, one file per seed",
    )
    parser.add_argument(
        "--compression",
        type=Path,
        nargs="+",
        required=True,
        help="variants, one file per seed",
    )
    parser.add_argument("--sweep", type=Path, required=True, help="clocks/sweep.parquet")
    parser.add_argument("--choice", type=Path, required=True, help="clocks/choice.json")
    parser.add_argument(
        "--ladder", type=Path, nargs="*", default=[], help="ladder.parquet, where the study has one"
    )
    parser.add_argument(
        "--engine", type=Path, nargs="*", default=[], help="engine_benchmarks.json, where it was measured"
    )
    parser.add_argument(
        "--figures",
        type=Path,
        nargs="+",
        required=True,
        help="figures as PNG; each is known by its file's name",
    )
    parser.add_argument(
        "--limit-kg", type=float, help="mass under which a model may lead (median if not given)"
    )
    parser.add_argument("--note", default="", help="a line on the recipes, such as the cap on epochs")
    parser.add_argument("--output", type=Path, required=True, help="report.html to write")
    arguments = parser.parse_args(argv)
    results = read_results(
        config=arguments.config,
        panel=arguments.panel,
        splits=arguments.splits,
        graph=arguments.graph,
        quality=arguments.quality,
        scores=arguments.scores,
        runs=arguments.runs,
        windows=arguments.windows,
        frontier=arguments.frontier,
        adaptation=arguments.adaptation,
        matrices=arguments.matrices,
        compression=arguments.compression,
        sweep=arguments.sweep,
        choice=arguments.choice,
        ladder=arguments.ladder,
    )
    figures = {path.stem: path for path in arguments.figures}
    engine = read_engine_table(arguments.engine[0]) if arguments.engine else None
    page = render_report(results, figures, arguments.note, arguments.limit_kg, engine)
    write_text(arguments.output, page)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
