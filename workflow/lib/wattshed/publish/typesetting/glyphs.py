"""Widths of texts in the standard font of LaTeX, to know before compiling whether a table fits."""

import re
import unicodedata
from functools import cache

# Computer Modern at 8 pt, in hundredths of an em.
_WIDTHS = {
    30: "!',.:;[]`il|",
    32: "fj",
    35: "- ",
    38: "I",
    41: "()rt",
    42: "s",
    47: "cez",
    50: "?",
    53: '"$*/0123456789\\ago{}\u2013',
    55: "J",
    56: "kqvxy",
    59: "Sbdhnpu",
    65: "Z^~",
    66: "L",
    69: "F",
    72: "EP",
    75: "B",
    77: "CTw",
    78: "R",
    80: "AHNUVXY",
    81: "D",
    83: "&+<=>@GKOQ_\u00d7≤≥Δ",
    89: "#%m",
    97: "M",
    109: "W",
}
_EM = {glyph: hundredths / 100 for hundredths, glyphs in _WIDTHS.items() for glyph in glyphs}
_EM |= dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹₂†‡§", 0.44) | {"⁻": 0.68}
_UNKNOWN_EM = 0.85
# What LaTeX cannot set shows its code: U+6F22.
_CODE_EM = 3.2
_BOLD = 1.16
# An invisible place where a line may break.
BREAK = "\u200b"
# No English word is as long; parts of names may be.
LONGEST_WORD, PART_LENGTH = 20, 10


def text_em(text: str, *, bold: bool = False) -> float:
    """Width of a text on one line, in em of its font size."""
    width = sum(map(_glyph_em, text))
    return width * _BOLD if bold else width


def with_breaks(text: str) -> str:
    """The text with a :data:`BREAK` after ``_`` and ``+``, and within words that are longer than any English one."""
    parted = re.sub(rf"[^\W_]{{{LONGEST_WORD + 1},}}", _part, text)
    return re.sub(r"(?<=[_+])", BREAK, parted)


def pieces(text: str) -> list[str]:
    """What stays together of a text that :func:`with_breaks` made breakable: split there, at spaces, after hyphens."""
    return [piece for piece in re.split(rf"[ {BREAK}]|(?<=\w-)(?=\w)", with_breaks(text)) if piece]


def lines_needed(
    text: str, width_em: float, *, bold: bool = False, breakable: bool = True, hang_em: float = 0.0
) -> int:
    """How many lines a text takes in a column, filled from the left.

    breakable: its names may break; hang_em: by how much its further lines are indented.
    """
    marked = with_breaks(text) if breakable else text
    lines, used = 1, 0.0
    for piece in re.split(rf"(?<=[ {BREAK}])|(?<=\w-)(?=\w)", marked):
        if used and used + text_em(piece.rstrip(" "), bold=bold) > width_em:
            lines, used = lines + 1, hang_em
        used += text_em(piece, bold=bold)
    return lines


def _part(word: re.Match[str]) -> str:
    return BREAK.join(re.findall(f".{{1,{PART_LENGTH}}}", word[0]))


# A report measures hundreds of thousands of glyphs, but few different ones.
@cache
def _glyph_em(glyph: str) -> float:
    if glyph == BREAK or unicodedata.combining(glyph):
        return 0.0
    plain = unicodedata.normalize("NFD", glyph)[0]
    set_by_latex = glyph < "\u0400" or "\u2000" <= glyph < "\u2300"
    return _EM.get(glyph, _EM.get(plain, _UNKNOWN_EM if set_by_latex else _CODE_EM))
