"""Figures as a reader sees them: tables of the report and of LaTeX as text, and whether a text agrees with a number.

Imports nothing of the package.
"""

import html
import math
import re
from dataclasses import dataclass
from pathlib import Path

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
NOTHING = ("\u2013", "--", "no fit", "", "none")


@dataclass(frozen=True)
class Figure:
    """A figure that is shown, and the number that was computed again; place: report, json, latex or docs."""

    place: str
    what: str
    shown: str | float | None
    expected: float | None

    @property
    def agrees(self) -> bool:
        if self.expected is None or (isinstance(self.expected, float) and math.isnan(self.expected)):
            return self.shown is None or str(self.shown) in NOTHING
        if not isinstance(self.shown, str):
            return self.shown is not None and math.isclose(
                self.shown, self.expected, rel_tol=1e-4, abs_tol=1e-9
            )
        return text_agrees(self.shown, self.expected)


def text_agrees(shown: str, expected: float) -> bool:
    """Whether the number, rounded to the digits that are shown, is the text."""
    text = shown.replace("†", "").replace("‡", "").replace("§", "").strip()
    if text.startswith("<"):
        return 0 <= expected < float(NUMBER.findall(text)[0])
    power = re.search(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", text)
    found = NUMBER.match(text)
    if found is None:
        return False
    digits = found.group().replace(",", "")
    scale = 10.0 ** int(power.group(1).translate(RAISED)) if power else 1.0
    half = 0.5 * 10.0 ** -len(digits.partition(".")[2])
    # Recomputed from single-precision forecasts: a number may lie on the edge between two roundings.
    slack = half * 1.02 + 2e-6 * abs(expected / scale)
    return abs(float(digits) - expected / scale) <= slack


def ends(text: str) -> tuple[str, str]:
    """Both ends of ``[low, high]`` or ``[low, high] × 10ⁿ`` as texts; two dashes without an interval."""
    found = re.match(r"\[(.+), (.+)\](.*)$", text.strip())
    return (found[1] + found[3], found[2] + found[3]) if found else ("\u2013", "\u2013")


def html_tables(page: str) -> dict[str, list[dict[str, str]]]:
    """Rows of every table of the report by its id; a column is named by its title, a repeated title by its number."""
    tables = {}
    for id, body in re.findall(r'<figure class="table" id="table-([^"]+)">(.*?)</figure>', page, re.DOTALL):
        head = [_plain(cell) for cell in re.findall(r"<th[^>]*>(.*?)</th>", body, re.DOTALL)]
        rows = re.findall(r"<tr>((?:<td.*?)+)</tr>", body, re.DOTALL)
        tables[id] = [
            _row(head, [_plain(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", row)]) for row in rows
        ]
    return tables


def latex_tables(path: Path) -> list[list[dict[str, str]]]:
    """Rows of every table of a file, also over several pages, with columns named as in the report."""
    text = path.read_text(encoding="utf-8")
    tables = []
    for kind, body in re.findall(r"\\begin\{(tabular|longtable)\}(.*?)\\end\{\1\}", text, re.DOTALL):
        top, _, rest = body.partition(r"\toprule")[2].partition(r"\midrule")
        # A table over pages has all its headers and feet before its rows.
        rows = (
            rest.rpartition(r"\endlastfoot")[2] if kind == "longtable" else rest.partition(r"\bottomrule")[0]
        )
        *titles, units = (_cells(line) for line in _lines(top))
        names = [_joined(parts) for parts in zip(*titles, strict=True)]
        head = [f"{name} {unit.strip('()')}".strip() for name, unit in zip(names, units, strict=True)]
        tables.append([_row(head, _cells(line)) for line in _lines(rows)])
    return tables


def _joined(parts: tuple[str, ...]) -> str:
    """A title from its lines; names break after underscores and plus signs without a space."""
    return re.sub(r"(?<=[_+]) ", "", " ".join(part for part in parts if part))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split(r"\\") if line.strip()]


def _cells(line: str) -> list[str]:
    return [_untex(cell) for cell in re.split(r"(?<!\\)&", line)]


def _row(head: list[str], cells: list[str]) -> dict[str, str]:
    names: list[str] = []
    for title in head:
        count = sum(name.partition("#")[0] == title for name in names)
        names.append(f"{title}#{count + 1}" if count else title)
    return dict(zip(names, cells, strict=True))


def _plain(cell: str) -> str:
    """The text of a cell, without the mark behind a number."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", cell)).split())


def _untex(cell: str) -> str:
    text = re.sub(r"\\bfseries\s*", "", cell.strip()).replace(r"\allowbreak{}", "")
    text = re.sub(r"\{?\\textsuperscript\{\\dd?ag\}\}?", "", text)
    text = re.sub(r"\\textsuperscript\{\\ensuremath\{-\}\}", "⁻", text)
    text = re.sub(r"\\textsuperscript\{(\d)\}", lambda m: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(m[1])], text)
    text = text.replace(r"\textsubscript{2}", "₂")
    text = re.sub(r"\\ensuremath\{\\times\}", "×", text)
    text = re.sub(r"\\ensuremath\{\\Delta\}", "Δ", text)
    text = re.sub(r"\\ensuremath\{([<>])\}", r"\1", text)
    text = re.sub(r"\\num\{([^}]*)\}", r"\1", text)
    return " ".join(re.sub(r"\\([%_&#$])", r"\1", text).replace("{", "").replace("}", "").split())
