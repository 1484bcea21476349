"""Order: settings measured from one end to the other, so that drift cannot be told from the effect of the setting.

In a random order about half of all steps between settings go down. Reported are sweeps of which at least 8 in 10
steps go the same way and chance would do that less often than once in 1,000 (Eulerian numbers: runs up and down of a
permutation). Returns to the reference (the maximum), which interleaved sweeps make, are not steps. The finding warns:
such a sweep is judged with a baseline of all high settings, without its first runs.
"""

import numpy as np
import pandas as pd

from wattshed.clocks.contamination.detection import Detection
from wattshed.clocks.contamination.repeats import INTERLEAVED_SPAN, order_span

SAME_WAY = 0.8
P_VALUE = 0.001


def order(rows: pd.DataFrame) -> Detection:
    """rows: the warm runs of one sweep in measured order."""
    settings = rows.sort_values("order")["setting"].to_numpy()
    if len(np.unique(settings)) == len(settings):
        words = "the order cannot be judged: no setting was repeated, and a sorted table need not be a measured order"
        return Detection("order", False, False, words)
    maximum = settings.max()
    if order_span(rows)[maximum] >= INTERLEAVED_SPAN:
        settings = settings[settings != maximum]
    steps = np.diff(settings)
    steps = steps[steps != 0]
    if not len(steps):
        return Detection("order", False, False, "the order cannot be judged: there is only one setting")
    downs = int((steps < 0).sum())
    most = max(downs, len(steps) - downs)
    way = "down" if downs == most else "up"
    share = most / len(steps)
    words = f"{most} of {len(steps)} steps between settings go {way}"
    found = share >= SAME_WAY and 2 * descents_tail(len(steps) + 1, most) < P_VALUE
    if found:
        return Detection(
            "order", True, False, f"{words}: drift cannot be told from the effect of the setting"
        )
    return Detection("order", False, False, f"the order is mixed: {words}")


def descents_tail(length: int, least: int) -> float:
    """Probability that a random permutation of this length has at least so many descents (Eulerian numbers)."""
    chances = np.ones(1)
    for size in range(2, length + 1):
        places = np.arange(size)
        kept, added = np.append(chances, 0.0), np.append(0.0, chances)
        chances = ((places + 1) * kept + (size - places) * added) / size
    return float(chances[least:].sum())
