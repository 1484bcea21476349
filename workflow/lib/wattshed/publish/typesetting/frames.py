"""What surrounds the rows of a LaTeX table: a float, or pages that repeat its header."""

from dataclasses import dataclass

from wattshed.publish.typesetting.layout import Layout


@dataclass(frozen=True)
class Parts:
    """A table's parts in LaTeX. columns: their formats; count: how many; header, rows: lines that end with ``\\\\``."""

    caption: str
    name: str
    columns: str
    count: int
    header: str
    rows: str
    notes: list[str]


def floating(parts: Parts, layout: Layout) -> str:
    """A ``table``, or a ``sidewaystable`` if it is turned; its notes are below."""
    environment = "sidewaystable" if layout.turned else "table"
    lines = [
        rf"\begin{{{environment}}}[htbp]",
        r"\centering",
        rf"\caption{{{parts.caption}}}",
        rf"\label{{tab:{parts.name}}}",
        *_sized(layout),
        rf"\begin{{tabular}}{{{parts.columns}}}",
        r"\toprule",
        parts.header,
        r"\midrule",
        *_lines(parts.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if parts.notes:
        lines += [
            "",
            r"\smallskip",
            r"\begin{minipage}{\linewidth}",
            r"\raggedright",
            r"\\".join(parts.notes),
            r"\end{minipage}",
        ]
    return "\n".join([*lines, rf"\end{{{environment}}}"]) + "\n"


def paged(parts: Parts, layout: Layout) -> str:
    """A ``longtable``, within ``landscape`` if it is turned; its notes follow it and may break over pages."""
    head = [r"\toprule", parts.header, r"\midrule"]
    lines = [
        r"\begin{landscape}" if layout.turned else r"\begingroup",
        *_sized(layout),
        r"\setlength{\LTcapwidth}{\linewidth}",
        r"\setlength{\LTpost}{\smallskipamount}",
        rf"\begin{{longtable}}{{{parts.columns}}}",
        rf"\caption{{{parts.caption}}}\label{{tab:{parts.name}}}\\",
        *head,
        r"\endfirsthead",
        rf"\multicolumn{{{parts.count}}}{{l}}{{\tablename~\thetable{{}}, continued}}\\",
        *head,
        r"\endhead",
        r"\midrule",
        rf"\multicolumn{{{parts.count}}}{{r}}{{Continued on the next page}}\\",
        r"\endfoot",
        r"\bottomrule",
        r"\endlastfoot",
        *_lines(parts.rows),
        r"\end{longtable}",
    ]
    if parts.notes:
        lines += [r"\noindent", r"\raggedright", r"\\".join(parts.notes) + r"\par"]
    return "\n".join([*lines, r"\end{landscape}" if layout.turned else r"\endgroup"]) + "\n"


def _sized(layout: Layout) -> list[str]:
    return [rf"\{layout.size.command}", rf"\setlength{{\tabcolsep}}{{{layout.size.gap_pt}pt}}"]


def _lines(rows: str) -> list[str]:
    return [rows] if rows else []
