"""Whether a choice that keeps the maximum may be too careful."""

from wattshed.clocks.validating.baseline import LEAST_REPEATS
from wattshed.clocks.validating.checks import Check, percent
from wattshed.clocks.validating.contrasts import CONFIDENCE, Contrasts
from wattshed.clocks.validating.limits import StatedLimits
from wattshed.clocks.validating.raw_rows import RawRows
from wattshed.clocks.validating.recommendation import CALIBRATED_SLOWDOWN, IMPLAUSIBLE_SAVING, monotone_check


def careful_check(raw: RawRows, limits: StatedLimits, unit: str) -> Check:
    """A warning if some lower setting would pass every check; intervals hold for all settings (Bonferroni)."""
    contrasts = Contrasts(raw)
    inside = [
        one
        for one in raw.lower
        if limits.lowest_share * raw.maximum <= one <= limits.highest_share * raw.maximum
        and len(raw.at(one)) >= LEAST_REPEATS
    ]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(inside))
    passing: dict[int, float] = {}
    if monotone_check(raw, contrasts, unit).passed:
        for one in inside:
            time, energy = (contrasts.at(one, column, confidence) for column in ("time_s", "energy_j"))
            plausible = -energy.share <= IMPLAUSIBLE_SAVING or time.share > CALIBRATED_SLOWDOWN
            enough = -energy.share >= limits.least_saving_share
            if time.high <= limits.max_slowdown_share and energy.high < 0 and plausible and enough:
                passing[one] = -energy.share
    best = max(passing, key=lambda one: passing[one]) if passing else None
    return Check(
        "not too careful",
        best is None,
        "no lower setting passes"
        if best is None
        else f"{best} {unit} saves {percent(passing[best])} and passes",
        "no lower setting that passes every check",
        "the maximum is kept although a lower setting may be better",
        must=False,
    )
