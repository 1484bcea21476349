"""An idle GPU: it mostly waits for the host, so the clock hardly changes time and "savings" are those of idle power.

Judged is the mean power at the setting that draws most: how far it lies between idle and the board's highest limit.
Under a quarter of that range is reported. Less than a quarter above idle is refused, because then at most a fifth of
the energy depends on the work. Idle power and limit are stated by the caller, else known by the name of the board,
else nothing is judged. (The highest setting need not draw most: measured first, during a download, it does not.)
"""

import pandas as pd

from wattshed.clocks.contamination.boards import board_named
from wattshed.clocks.contamination.detection import Detection

LEAST_RANGE_SHARE = 0.25
LEAST_ABOVE_IDLE = 0.25


def idle_gpu(rows: pd.DataFrame, idle_w: float | None = None, limit_w: float | None = None) -> Detection:
    """rows: the warm runs of one sweep. idle_w, limit_w: idle power and highest power limit of the GPU [W]."""
    board = board_named(str(rows["gpu"].iloc[0])) if len(rows) else None
    idle_w = idle_w if idle_w is not None else board.idle_w if board else None
    limit_w = limit_w if limit_w is not None else board.limit_w if board else None
    if rows.empty or idle_w is None:
        words = "whether the GPU was idle cannot be judged: no run counts, or its idle power is not known"
        return Detection("idle_gpu", False, False, words)
    power_w = float(rows.groupby("setting")["power_w"].median().max())
    above = power_w / idle_w - 1 if idle_w > 0 else float("inf")
    words = f"the GPU drew {power_w:.0f} W at its hungriest setting, {power_w - idle_w:.0f} W above idle"
    if limit_w is not None and limit_w > idle_w:
        share = (power_w - idle_w) / (limit_w - idle_w)
        words = f"{words} and {share:.0%} of the way to its limit of {limit_w:.0f} W"
    else:
        share = 1.0
    severe = above < LEAST_ABOVE_IDLE
    if severe or share < LEAST_RANGE_SHARE:
        return Detection("idle_gpu", True, severe, f"mostly idle: {words}")
    return Detection("idle_gpu", False, False, f"busy: {words}")
