"""How an energy is known, as a mark behind its number."""

from wattshed.foundation.vocabulary import Status
from wattshed.publish.typesetting.table import ESTIMATED

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
