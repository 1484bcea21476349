"""How wide the columns of a LaTeX table are, and how narrow those of names may become."""

import math
import re
from dataclasses import dataclass

from wattshed.publish.typesetting.glyphs import BREAK, pieces, text_em, with_breaks
from wattshed.publish.typesetting.table import Cell, Column

POINTS_PER_CM = 28.4528
NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?")
# Shorter texts stay on one line.
SHORT_EM = 7.0
# How far the further lines of a name are indented.
HANG_EM = 0.8
# Columns of names keep at least this much of one line, or of the width that they declare.
KEPT_OF_LINE, KEPT_OF_DECLARED = 0.5, 0.7


@dataclass(frozen=True)
class Size:
    """A font of LaTeX. em_pt, line_pt: its em and the distance of lines; gap_pt: half of the space between columns."""

    command: str
    em_pt: float
    line_pt: float
    gap_pt: float


def natural_cm(column: Column, cells: list[Cell], size: Size, stacked: bool) -> float:
    """Width of a column whose texts stay on one line; stacked: titles on two."""
    widths = [text_em(title) for title in _title_lines(column, stacked)]
    bold = any(cell.best for cell in cells)
    if column.numeric and aligns(cells):
        found = numbers(cells)
        whole = max((len(match[1]) for match in found), default=1)
        fraction = max((len(match[2] or "") for match in found), default=0)
        signed = any(match[0].startswith("-") for match in found)
        mark = "†" if any(cell.mark for cell in cells) else ""
        # A minus is as wide as a plus.
        form = "+" * signed + "0" * (whole + fraction) + "." * bool(fraction) + mark
        widths.append(text_em(form, bold=bold))
        cells = [cell for cell in cells if not NUMBER.fullmatch(cell.text)]
    widths += [text_em(cell.text + cell.mark, bold=cell.best) for cell in cells]
    return _cm(max(widths), size)


def wished_cm(column: Column, cells: list[Cell], size: Size) -> float | None:
    """The width that the column declares, or that of its widest word if that is wider; None: its texts do not wrap."""
    if column.width_cm is None:
        return None
    widest = _widest_piece_em(column, cells)
    if _cm(widest, size) <= column.width_cm:
        return column.width_cm
    return round(_cm(widest + HANG_EM, size) + 0.05, 2)


def narrowest_cm(column: Column, cells: list[Cell], size: Size, stacked: bool) -> float | None:
    """The least width of a column whose texts may break; None for numbers, intervals and short texts."""
    natural = natural_cm(column, cells, size, stacked)
    breaks = not column.numeric and not any(cell.text.startswith("[") for cell in cells)
    if column.width_cm is None and (not breaks or natural <= _cm(SHORT_EM, size)):
        return None
    usual = KEPT_OF_DECLARED * column.width_cm if column.width_cm else KEPT_OF_LINE * natural
    return max(_cm(_widest_piece_em(column, cells) + HANG_EM, size) + 0.05, usual)


def hundredths(width_cm: float) -> float:
    """The width in whole hundredths of a centimetre, not more than it was."""
    return math.floor(100 * width_cm) / 100


def aligns(cells: list[Cell]) -> bool:
    """Whether all numbers have as many decimals, so that aligning their decimal points leaves no gaps."""
    return len({len(match[2] or "") for match in numbers(cells)}) <= 1


def numbers(cells: list[Cell]) -> list[re.Match[str]]:
    """The cells that are plain numbers, with their digits before and after the point."""
    return [match for cell in cells if (match := NUMBER.fullmatch(cell.text))]


def hangs(column: Column, cells: list[Cell], width_cm: float, size: Size) -> bool:
    """Whether further lines are indented: in columns of names, not of words, whose words leave the room for it."""
    names = 2 * sum(BREAK in with_breaks(cell.text) for cell in cells) > len(cells)
    return names and _cm(_widest_piece_em(column, cells) + HANG_EM, size) <= width_cm


def stack(title: str) -> tuple[str, str]:
    """A title on two lines that are as short as its words and names let them be; a single word is on the second."""
    marked = with_breaks(title)
    places = [0, *(match.end() for match in re.finditer(rf"[ {BREAK}]", marked))]
    ways = [(_bare(marked[:place]), _bare(marked[place:])) for place in places]
    return min(ways, key=lambda way: max(map(text_em, way)))


def _bare(part: str) -> str:
    return part.replace(BREAK, "").strip(" ")


def _widest_piece_em(column: Column, cells: list[Cell]) -> float:
    words = [text_em(piece, bold=cell.best) for cell in cells for piece in pieces(cell.text + cell.mark)]
    titles = [
        text_em(piece) for piece in pieces(f"{column.title} ({column.unit})" if column.unit else column.title)
    ]
    return max([*words, *titles], default=0.0)


def _title_lines(column: Column, stacked: bool) -> list[str]:
    titles = stack(column.title) if stacked else (column.title,)
    return [*titles, f"({column.unit})" if column.unit else ""]


def _cm(width_em: float, size: Size) -> float:
    return width_em * size.em_pt / POINTS_PER_CM
