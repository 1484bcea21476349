"""All frames of a made study's ladder, as the rule find_ladder writes them."""

import itertools
from pathlib import Path

from made_days import make_days
from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.energy_to_error import curves_frame, targets_frame, targets_of
from wattshed.accounts.ladder.parts import CHANGE, PART, Pair, parts_frame
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.accounts.ladder.techniques import Technique, techniques_frame
from wattshed.config.models.ladder import NAIVE
from wattshed.foundation.writing import write_parquet


def ladder_frames(windows, scores, captions, opponents, pairs=(), days=None):
    """The frames by the names that published parts use. pairs: parts as (name, slow, quick); days: None makes them of
    the mean test errors."""
    checks = training_checks(windows, list(captions))
    ladder = ladder_frame(checks, scores, captions, opponents)
    ladder["named"] |= ~ladder["model"].isin(NAIVE)
    targets = targets_of(checks, list(opponents.values()), NAIVE)
    steps = list(captions)
    changes = [Pair(CHANGE, "a change", one, other) for one, other in itertools.pairwise(steps)]
    errors = dict(zip(ladder["model"], ladder["rmse_mean"], strict=True))
    if days is None:
        sizes = zip(ladder["model"], ladder["rmse_mean"], ladder["rmse_n"], strict=True)
        days = make_days(**{name: (error, n) for name, error, n in sizes})
    techniques = [Technique(one, other, ("a_key",)) for one, other in itertools.pairwise(steps)]
    return {
        "ladder": ladder,
        "checks": checks,
        "targets": targets_frame(checks, targets, captions, opponents.get("tuned") or opponents["reference"]),
        "curves": curves_frame(checks, captions, targets),
        "parts": parts_frame(checks, [*(Pair(PART, *pair) for pair in pairs), *changes], errors),
        "techniques": techniques_frame(checks, days, techniques, captions),
    }


def write_ladder(folder: Path, windows, scores, captions, reference):
    """Write them into a study's folder."""
    for name, frame in ladder_frames(windows, scores, captions, {"reference": reference}).items():
        write_parquet(folder / ("ladder.parquet" if name == "ladder" else f"ladder.{name}.parquet"), frame)
