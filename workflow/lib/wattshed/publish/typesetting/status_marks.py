"""How an energy is known, as a mark behind its number."""

from wattshed.foundation.vocabulary import Status
from wattshed.publish.typesetting.table import ESTIMATED, Cell, significant

RETRO_MARK = "§"
RETRO_NOTE = (
    f"{RETRO_MARK} retro-estimated from operations and recorded runs; not on fronts and not in sums of "
    "records; its interval is the 10-90 % range of single runs."
)


def energy_mark(status: str | None) -> str:
    """† for estimated (in whole or in part), § for retro-estimated, none for measured and unknown."""
    word = str(status)
    if word == Status.RETRO_ESTIMATED:
        return RETRO_MARK
    return ESTIMATED if word.startswith(Status.ESTIMATED) else ""


def energy_cell(value: float | None, status: str | None) -> Cell:
    """An energy, mass or ratio of one with the mark of its status; ``no fit`` where there was nothing to fit."""
    if str(status) == Status.NO_FIT:
        return Cell(str(Status.NO_FIT))
    return significant(value, mark=energy_mark(status))
