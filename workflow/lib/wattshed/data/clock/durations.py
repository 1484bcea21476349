"""Lengths of time as the configuration and messages write them. Light to import."""

import re

UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def duration_s(text: str) -> int | None:
    """Seconds of ``15min``, ``1h`` or ``8s``; None for anything else."""
    found = re.fullmatch(r"(\d{1,5})\s*(s|min|h|d)", text.strip())
    return int(found[1]) * UNITS_S[found[2]] or None if found else None


def duration_text(seconds: float) -> str:
    """``15 min``, ``24 h``, ``90 s``."""
    for unit in ("h", "min"):
        if seconds >= UNITS_S[unit] and seconds % UNITS_S[unit] == 0:
            return f"{seconds / UNITS_S[unit]:g} {unit}"
    return f"{seconds:g} s"
