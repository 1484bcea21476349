"""Bytes as people read them: megabytes with at least three significant digits."""

import math

# Bytes of a megabyte, as in all reports here.
MB = 1e6
DIGITS = 3


def megabytes_text(count: float, digits: int = DIGITS) -> str:
    """Bytes as a number of MB, such as ``0.00480``, ``14.6`` and ``25,233``: significant digits, and whole megabytes
    never rounded away."""
    mb = count / MB
    if mb == 0 or not math.isfinite(mb):
        return f"{mb:g}"
    # Rounded first: 99.97 is 100 and not 100.0.
    rounded = float(f"{mb:.{digits - 1}e}")
    return f"{mb:,.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def told_apart(first: float, second: float) -> tuple[str, str]:
    """Two sizes [bytes] that differ, with as many digits as show it."""
    for digits in range(DIGITS, 16):
        texts = megabytes_text(first, digits), megabytes_text(second, digits)
        if texts[0] != texts[1]:
            break
    return texts
