"""Tables in LaTeX: booktabs rules, siunitx columns, and the smallest document that compiles one."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd

from wattshed.foundation.faults import Fault
from wattshed.publish.typesetting.table import MISSING, Cell, Column, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "Δ": r"\ensuremath{\Delta}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    **{
        raised: rf"\textsuperscript{{{digit}}}"
        for digit, raised in zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)
    },
    "⁻": r"\textsuperscript{\ensuremath{-}}",
    "₂": r"\textsubscript{2}",
    "\u00d7": r"\ensuremath{\times}",
    MISSING: "--",
    "†": r"\textsuperscript{\dag}",
    "‡": r"\textsuperscript{\ddag}",
    "✓": r"\ensuremath{\surd}",
    "↑": r"\ensuremath{\uparrow}",
    "↓": r"\ensuremath{\downarrow}",
}
PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=2.2cm]{geometry}
\usepackage{booktabs}
\usepackage{siunitx}
\sisetup{detect-weight=true, detect-family=true}
\begin{document}
"""
NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?")


def escape(text: str) -> str:
    """Text in which every special character of LaTeX is escaped."""
    return "".join(SPECIAL.get(character, character) for character in text)


def render_table(table: Table) -> str:
    """A ``table`` environment to ``\\input``: caption with n, label ``tab:{name}``, tabular, notes.

    The document needs the packages booktabs and siunitx, the latter with ``detect-weight``.
    """
    notes = r"\\".join(escape(note) for note in table.all_notes)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3.5pt}",
        render_tabular(table).rstrip("\n"),
    ]
    if notes:
        lines += [
            "",
            r"\smallskip",
            r"\begin{minipage}{\linewidth}",
            r"\raggedright",
            notes,
            r"\end{minipage}",
        ]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def render_tabular(table: Table) -> str:
    """The bare ``tabular`` with booktabs rules; siunitx sets every number."""
    columns = [
        [_latex_cell(cell, column, _aligns(cells)) for cell in cells]
        for column, *cells in zip(table.columns, *table.rows, strict=True)
    ]
    frame = pd.DataFrame(dict(enumerate(columns)))
    bold = pd.DataFrame([["font-weight: bold;" if cell.best else "" for cell in row] for row in table.rows])
    titles = [_header(column.title) for column in table.columns]
    units = [_header(f"({column.unit})" if column.unit else "") for column in table.columns]
    styler = frame.style.hide(axis="index").apply(lambda _: bold, axis=None)
    styler = styler.format_index(lambda place: titles[int(str(place))], axis="columns")
    text: str = styler.to_latex(hrules=True, convert_css=True, column_format=_column_format(table))
    # The Styler can write only one header row without repeated names; units are added below the titles.
    first, rest = text.split(r"\midrule", 1)
    return f"{first}{' & '.join(units)} \\\\\n\\midrule{rest}"


def compile_tex(tex: Path, folder: Path) -> Path:
    """Compile a rendered table alone into ``folder``; returns the PDF.

    Raises :class:`Fault` with LaTeX's own messages if it does not compile.
    """
    if shutil.which("latexmk") is None:
        raise Fault("latexmk is not installed: install texlive-science and latexmk to compile tables.")
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / f"{tex.stem}-document.tex"
    document.write_text(PREAMBLE + tex.read_text(encoding="utf-8") + "\\end{document}\n", encoding="utf-8")
    command = ["latexmk", "-pdf", "-halt-on-error", "-interaction=nonstopmode", document.name]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    if result.returncode:
        complaints = [line for line in result.stdout.splitlines() if line.startswith(("!", "l."))]
        raise Fault(f"{tex} does not compile: {' '.join(complaints) or 'see its log'}: fix the table.")
    return document.with_suffix(".pdf")


def _latex_cell(cell: Cell, column: Column, aligned: bool) -> str:
    if not column.numeric or not NUMBER.fullmatch(cell.text):
        text = escape(cell.text + cell.mark)
        if column.width_cm:
            # Lineages are long words, and so are names of variants.
            text = text.replace("+", r"+\allowbreak{}").replace(r"\_", r"\_\allowbreak{}")
        return f"{{{text}}}" if column.numeric else text
    if not aligned:
        return rf"\num{{{cell.text}}}{escape(cell.mark)}"
    return cell.text + (f"{{{escape(cell.mark)}}}" if cell.mark else "")


def _header(text: str) -> str:
    # Braces keep siunitx from reading a header as a number.
    return f"{{{escape(text)}}}"


def _column_format(table: Table) -> str:
    formats = []
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        if column.numeric:
            formats.append(_siunitx(cells) if _aligns(cells) else "r")
        elif column.width_cm:
            formats.append(rf">{{\raggedright\arraybackslash}}p{{{column.width_cm}cm}}")
        else:
            formats.append("l")
    return "".join(formats)


def _aligns(cells: list[Cell]) -> bool:
    """Whether all numbers have as many decimals, so that aligning their decimal points leaves no gaps."""
    return len({len(match[2] or "") for match in _numbers(cells)}) <= 1


def _siunitx(cells: list[Cell]) -> str:
    """``S`` with as many digits as its numbers have, and room for marks."""
    numbers = _numbers(cells)
    whole = max((len(match[1]) for match in numbers), default=1)
    fraction = max((len(match[2] or "") for match in numbers), default=0)
    sign = "-" if any(match[0].startswith("-") for match in numbers) else ""
    marked = any(cell.mark for cell in cells)
    room = r",table-space-text-post={\textsuperscript{\dag}}" if marked else ""
    return f"S[table-format={sign}{whole}.{fraction}{room}]"


def _numbers(cells: list[Cell]) -> list[re.Match[str]]:
    return [match for cell in cells if (match := NUMBER.fullmatch(cell.text))]
