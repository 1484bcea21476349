"""Write the study's report: one HTML file that needs no other."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_text
from wattshed.publish.parts.arguments import add_input_arguments, read_inputs
from wattshed.publish.report.page import render_report


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_input_arguments(parser)
    parser.add_argument("--tables", nargs="*", default=[], help="names of the tables to show")
    parser.add_argument(
        "--figures", type=Path, nargs="*", default=[], help="figures as PNG; each is known by its file's name"
    )
    parser.add_argument(
        "--benchmarks",
        type=Path,
        help="folder of Snakemake's benchmark files, for the time that was not metered",
    )
    parser.add_argument("--output", type=Path, required=True, help="report.html to write")
    arguments = parser.parse_args(argv)
    figures = {path.stem: path for path in arguments.figures}
    page = render_report(read_inputs(arguments), arguments.tables, figures, arguments.benchmarks)
    write_text(arguments.output, page)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
