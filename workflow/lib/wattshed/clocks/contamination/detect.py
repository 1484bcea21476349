"""All detectors on one sweep."""

import pandas as pd

from wattshed.clocks.contamination.cold_first_run import cold_first_run
from wattshed.clocks.contamination.detection import Detection
from wattshed.clocks.contamination.drift import drift
from wattshed.clocks.contamination.idle_gpu import idle_gpu
from wattshed.clocks.contamination.locked_clock import locked_clock
from wattshed.clocks.contamination.order import order
from wattshed.clocks.contamination.whole_seconds import whole_seconds


def detect(rows: pd.DataFrame, idle_w: float | None = None, limit_w: float | None = None) -> list[Detection]:
    """What each detector says about the runs of one GPU, workload and knob (:data:`wattshed.clocks.runs.COLUMNS`).

    Warm-up runs, marked as not warm, are not looked at. Throttled runs do not count for drift and response, because
    they are left out of every choice. idle_w, limit_w: idle power and highest power limit of the GPU [W], if known.
    """
    warm = rows[rows["warm"]].sort_values("order")
    free = warm[~warm["throttled"]]
    return [
        cold_first_run(warm),
        drift(free),
        order(warm),
        locked_clock(free),
        idle_gpu(warm, idle_w, limit_w),
        whole_seconds(warm),
    ]


def severe_words(detections: list[Detection]) -> str | None:
    """Why the sweep is refused, or None."""
    words = [one.words for one in detections if one.found and one.severe]
    return "; ".join(words) or None
