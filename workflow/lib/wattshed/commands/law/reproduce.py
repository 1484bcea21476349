"""``wattshed reproduce``: the published numbers of the energy law, recomputed one by one."""

import argparse
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.commands.output_place import check_file, writing

if TYPE_CHECKING:
    from rich.table import Table

    from wattshed.law.published.reproducing.row import Row

SOURCES = ("readme", "paper", "all")
WIDEST = {"quantity": 44, "verdict": 19}
EXAMPLES = """examples:
  wattshed reproduce                                 all numbers of the older read-me and of the final paper
  wattshed reproduce --source readme                 the worked example of the older read-me alone
  wattshed reproduce --source paper --honest         also the fit on all points, not only on those that were kept
  wattshed reproduce --data FOLDER --json            what data decide, from the source's released CSV files
  wattshed reproduce --latex reproduction.tex        the table for a paper

The source is Mayaki and Charpenay, "Modeling Energy Consumption in Deep Learning Architectures Using Power Laws" (ECAI
2025). Every verdict follows a rule on the printed and the recomputed number. Without --data, numbers that only the
source's files give are cited. A reproduced number is right as arithmetic; it need not be a good prediction.

exit codes: 0 the table was made, whatever its verdicts; 2 an error; 70 a defect of wattshed."""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "reproduce",
        help="the published numbers of the energy law, recomputed with a verdict each",
        description="Recompute the published numbers of the energy law from their formulas and data.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--source", choices=SOURCES, default="all", help="whose numbers (default: %(default)s)"
    )
    parser.add_argument(
        "--honest",
        action="store_true",
        help="show measures of fit on all points beside those on selected ones",
    )
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="folder of the source's released CSV files"
    )
    parser.add_argument("--json", action="store_true", help="print all rows and the worked example as JSON")
    parser.add_argument("--latex", type=Path, metavar="FILE", help="write the tables in LaTeX, to \\input")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from wattshed.law.published.reproducing.reproduction import counts, reproduction_rows

    if arguments.latex is not None:
        check_file(arguments.latex, "--latex")
        # pandas sets LaTeX with it, and says so in another kind of error.
        importlib.import_module("jinja2")
    rows = reproduction_rows(arguments.source, honest=arguments.honest, data=arguments.data)
    if arguments.latex is not None:
        _write_latex(arguments.latex, rows)
    if arguments.json:
        from wattshed.law.published.worked_example import worked_example

        found: dict[str, Any] = {
            "rows": [row.to_json() for row in rows],
            "verdicts": {str(verdict): count for verdict, count in counts(rows).items()},
            "worked_example": [
                one.to_json() for one in worked_example() if arguments.source in (one.form, "all")
            ],
        }
        print(json.dumps(found, indent=2, allow_nan=False))
    else:
        _show(rows, honest=arguments.honest)
    return 0


def _show(rows: "list[Row]", *, honest: bool) -> None:
    """One table per document and place, and how many rows have each verdict."""
    from wattshed.commands.printing.screen import open_console
    from wattshed.law.published.reproducing.reproduction import counts
    from wattshed.law.published.reproducing.row import DOCUMENTS

    console = open_console()
    for source, place in dict.fromkeys((row.source, row.place) for row in rows):
        own = [row for row in rows if (row.source, row.place) == (source, place)]
        document = DOCUMENTS[source]
        title = f"{document[0].upper()}{document[1:]}, {place}"
        console.print(
            _table(title, own, all_points=honest and any(row.unselected is not None for row in own))
        )
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts(rows).items())
    console.print(f"{len(rows)} numbers: {said}.", soft_wrap=True)


def _table(title: str, rows: "list[Row]", *, all_points: bool) -> "Table":
    from wattshed.commands.printing.screen import plain_table
    from wattshed.law.published.reproducing.row import error_text, number_text, shown_reason

    numbers = ["printed", "recomputed", "error", *(["all points"] if all_points else [])]
    table = plain_table(title, "quantity", *numbers, "verdict", "reason", numeric=tuple(numbers))
    for column in table.columns:
        # Names and verdicts wrap between words; what is left of the line is for reasons.
        column.overflow = "fold"
        column.max_width = WIDEST.get(str(column.header))
    for row in rows:
        cells = [row.printed or "–", number_text(row.recomputed), error_text(row.error_share)]
        if all_points:
            cells.append("" if row.unselected is None else number_text(row.unselected))
        quantity = f"{row.quantity} [{row.unit}]" if row.unit else row.quantity
        table.add_row(quantity, *cells, str(row.verdict), shown_reason(row.verdict, row.reason, row.basis))
    return table


def _write_latex(path: Path, rows: "list[Row]") -> None:
    # Imported here: pandas takes most of a second to load.
    from wattshed.foundation.writing import write_text
    from wattshed.law.published.reproducing.frame import reproduction_frame
    from wattshed.publish.tables.reproduction import reproduction_tables
    from wattshed.publish.typesetting.latex import render_table

    tables = reproduction_tables(reproduction_frame(rows))
    with writing(path, "--latex"):
        write_text(path, "\n".join(render_table(table) for table in tables))
