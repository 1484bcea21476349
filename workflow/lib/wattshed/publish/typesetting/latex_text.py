"""Any text as LaTeX that compiles."""

import unicodedata

from wattshed.publish.typesetting.glyphs import BREAK
from wattshed.publish.typesetting.table import MISSING

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
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≈": r"\ensuremath{\approx}",
    "≠": r"\ensuremath{\neq}",
    "∞": r"\ensuremath{\infty}",
    "−": r"\ensuremath{-}",
    **{
        raised: rf"\textsuperscript{{{digit}}}"
        for digit, raised in zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)
    },
    "⁻": r"\textsuperscript{\ensuremath{-}}",
    **{
        lowered: rf"\textsubscript{{{digit}}}"
        for digit, lowered in zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True)
    },
    "\u00d7": r"\ensuremath{\times}",
    MISSING: "--",
    "†": r"\textsuperscript{\dag}",
    "‡": r"\textsuperscript{\ddag}",
    "✓": r"\ensuremath{\surd}",
    "↑": r"\ensuremath{\uparrow}",
    "↓": r"\ensuremath{\downarrow}",
    BREAK: r"\allowbreak{}",
}
GREEK_CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
# Latin letters for which the T1 fonts have no glyph; marks that inputenc knows.
LACKING = "ĦħĸĿŀŉŦŧſ"
MARKS = "‐‑–—―‖‘’‚“”„•…‰‱‹›※⁄€™←→№"


def escape(text: str) -> str:
    """Text in which every special character of LaTeX is escaped; one that LaTeX cannot set shows its code, U+6F22."""
    return "".join(SPECIAL.get(character) or _other(character) for character in text)


def _other(character: str) -> str:
    if (
        character.isascii()
        or character in MARKS
        or ("\u00a0" <= character <= "\u017f" and character not in LACKING)
    ):
        return character
    return _greek(character) or _plain(character) or rf"\texttt{{U+{ord(character):04X}}}"


def _greek(character: str) -> str:
    """A Greek letter without accents, as mathematics, else an empty text."""
    kind, _, letter = unicodedata.name(character, "").rpartition(" LETTER ")
    letter = letter.lower().replace("lamda", "lambda")
    if "α" <= character <= "ω" and letter.isalpha() and letter != "omicron":
        return rf"\ensuremath{{\{letter}}}"
    if kind == "GREEK CAPITAL" and letter.capitalize() in GREEK_CAPITALS:
        return rf"\ensuremath{{\{letter.capitalize()}}}"
    return ""


def _plain(character: str) -> str:
    """Characters of ASCII that mean the same, else an empty text."""
    parts = unicodedata.normalize("NFKD", character)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return "".join(SPECIAL.get(part, part) for part in plain) if plain.isascii() else ""
