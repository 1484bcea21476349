"""Refuses power logs whose times may mean two things: several GPUs in one, or an unknown time zone."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.clocks.recordings.marks import Marks
from wattshed.clocks.recordings.stamps import EPOCH_S
from wattshed.foundation.faults import Fault

# Steps below this share of the mean step are within one reading of several GPUs.
SHORT_SHARE = 0.2
# One GPU's log has fewer short steps than this, two GPUs' has half.
MOST_SHORT_STEPS = 0.4
# Time zones differ by half an hour or more; a log that is longer than its runs by less tells the zone by itself.
LEAST_ZONE_S = 1800.0


def check_one_gpu(path: Path, time_s: np.ndarray) -> None:
    """Raise :class:`Fault` if samples that name no GPU come in groups, as those of several GPUs do.

    time_s [samples]: rising. Their powers would be mixed up in one energy.
    """
    steps = np.diff(time_s)
    if len(steps) < 2:
        return
    short = float((steps < SHORT_SHARE * steps.mean()).mean())
    if short >= MOST_SHORT_STEPS:
        raise Fault(
            f"{path}: {100 * short:.0f} % of its samples follow at once after another, as those of several GPUs do, "
            "and no column tells them apart: expected index or uuid; record one of them too, or one GPU (-i 0)."
        )


def check_offsets(path: Path, samples: pd.DataFrame, marks: Marks, stated: bool) -> None:
    """Raise :class:`Fault` if only one of log and marks says its offset from UTC, and the log is so long that the runs
    would lie within it in another time zone too. ``attrs["zone_given"]``: the user has named the zone.
    """
    attrs = samples.attrs
    if stated or marks.since != "1970" or attrs.get("zone_given"):
        return
    if attrs.get("offset_known", False) == marks.offset_known:
        return
    begins_s = float(attrs["begins_at_s"])
    first_s, last_s = begins_s + samples["time_s"].min(), begins_s + samples["time_s"].max()
    before_s, after_s = marks.frame["start_s"].min() - first_s, last_s - marks.frame["end_s"].max()
    if max(before_s, after_s) < LEAST_ZONE_S or min(before_s, after_s) < -LEAST_ZONE_S:
        return
    with_it, without = (marks.path, path) if marks.offset_known else (path, marks.path)
    raise Fault(
        f"{with_it} has times with an offset from UTC, or since 1970, and {without} has local times: expected their "
        "time zone, since the runs would fit into the log in another one too; name it by the key time_zone, such as "
        "Europe/Berlin or UTC."
    )


def own_clock_offset(path: Path, samples: pd.DataFrame, marks: Marks, begins_at_s: float | None) -> float:
    """What marks in seconds count from [s after the log's first time, 0 or that time itself].

    A log may have its own seconds, which do not begin with 0. Marks that fit to one reading alone are read so. Raises
    :class:`Fault` if they fit to both.
    """
    # Marks in seconds do not count from 1970 here: those were found before.
    if begins_at_s is None or not begins_at_s or abs(begins_at_s) > EPOCH_S:
        return 0.0
    steps = np.diff(samples["time_s"].to_numpy())
    slack_s = 2 * float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    last_s = float(samples["time_s"].max())
    starts_s, ends_s = marks.frame["start_s"].min(), marks.frame["end_s"].max()
    since_first = starts_s >= -slack_s and ends_s <= last_s + slack_s
    by_clock = starts_s >= begins_at_s - slack_s and ends_s <= begins_at_s + last_s + slack_s
    if since_first and by_clock and abs(begins_at_s) > slack_s / 2:
        raise Fault(
            f"{marks.path}: its times may count from the first sample of {path}, or be that log's own seconds, which "
            f"begin with {begins_at_s:g}: expected one meaning; write the log's times so that they begin with 0."
        )
    return begins_at_s if by_clock else 0.0
