"""Checks of a recommended setting: legal, in the band, repeated, within the limit, saving shown and as stated."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattshed.clocks.validating.baseline import LEAST_REPEATS
from wattshed.clocks.validating.checks import Check, percent, span
from wattshed.clocks.validating.contrasts import CONFIDENCE, Contrast, Contrasts
from wattshed.clocks.validating.limits import StatedLimits, number
from wattshed.clocks.validating.raw_rows import RawRows

# Two honest methods differ by this in the end of an interval, or by half of its width, up to the cap.
SLACK_SHARE, SLACK_CAP = 0.01, 0.02
# A stated share may differ from the recomputed one by this, or by three quarters of the recomputed interval's width,
# but never by more than the cap.
MOST_DIFFERENCE, DIFFERENCE_CAP = 0.03, 0.05
# Public traces of real boards save 22 % (90th percentile) within 5 % slowdown.
IMPLAUSIBLE_SAVING, CALIBRATED_SLOWDOWN = 0.25, 0.05
# No GPU computes faster at a lower setting; this much is within what rounding of times does.
MOST_SPEEDUP = 0.02


def setting_checks(
    choice: Mapping[str, Any], raw: RawRows, limits: StatedLimits, legal: tuple[int, ...] | None
) -> Iterator[Check]:
    """legal: the settings that the back end offers; None: those that were measured."""
    unit = str(choice.get("unit") or "")
    setting = number(choice.get("setting"))
    allowed = raw.measured if legal is None else legal
    yield Check(
        "legal setting",
        setting is not None and setting in allowed and setting < raw.maximum,
        f"{choice.get('setting')} {unit}",
        f"one of {len(allowed)} settings from {min(allowed)} {unit}, below {raw.maximum} {unit}",
        "the setting is one that the GPU has, below the maximum",
    )
    words = f"use {choice.get('setting')} {unit}".strip()
    agrees = choice.get("candidate") == choice.get("setting") and str(choice.get("verdict")) == words
    yield Check(
        "one answer",
        agrees,
        f"verdict {choice.get('verdict')!r}, candidate {choice.get('candidate')}",
        f"verdict {words!r}, candidate {choice.get('setting')}",
        "verdict, setting and the setting that the numbers belong to are the same",
    )
    if setting is None:
        return
    share = setting / raw.maximum
    yield Check(
        "band",
        limits.lowest_share - 1e-9 <= share <= limits.highest_share + 1e-9,
        f"{percent(share)} of the maximum",
        span(limits.lowest_share, limits.highest_share),
        "the setting is within the band",
    )
    count, stated = len(raw.at(int(setting))), number(choice.get("candidate_repeats"))
    yield Check(
        "repeats",
        count >= LEAST_REPEATS and stated is not None and LEAST_REPEATS <= stated <= count,
        f"{count} rows that count; stated: {choice.get('candidate_repeats')}",
        f"at least {LEAST_REPEATS}, and no more than count",
        "cold and throttled rows, and rows at another setting than asked for, are not used",
    )


def number_checks(
    choice: Mapping[str, Any], setting: int, contrasts: Contrasts, limits: StatedLimits
) -> Iterator[Check]:
    """Whether slowdown and saving, recomputed from the raw rows, keep the limits and are those that are stated."""
    slowdown, energy = (contrasts.at(setting, column) for column in ("time_s", "energy_j"))
    saving = Contrast(-energy.share, -energy.high, -energy.low)
    limit = limits.max_slowdown_share
    slack = min(max(SLACK_SHARE, (slowdown.high - slowdown.low) / 2), SLACK_CAP)
    yield Check(
        "slowdown",
        slowdown.share <= limit,
        percent(slowdown.share),
        f"at most {percent(limit)}",
        "the slowdown is within the limit",
    )
    yield Check(
        "slowdown interval",
        slowdown.high <= limit + slack,
        span(slowdown.low, slowdown.high),
        f"at most {percent(limit)}, and {percent(slack)} for the difference of methods",
        "the whole interval of the slowdown is within the limit",
    )
    yield Check(
        "saving interval",
        saving.low > 0,
        span(saving.low, saving.high),
        "above 0",
        "the interval of the energy saving excludes 0",
    )
    yield Check(
        "least saving",
        saving.share >= limits.least_saving_share - SLACK_SHARE,
        percent(saving.share),
        f"at least {percent(limits.least_saving_share)}",
        "the saving is as large as was asked for",
    )
    yield from as_stated(choice, "saving", saving)
    yield from as_stated(choice, "slowdown", slowdown)
    yield Check(
        "plausible",
        not (slowdown.share <= CALIBRATED_SLOWDOWN and saving.share > IMPLAUSIBLE_SAVING),
        f"{percent(saving.share)} saved at {percent(slowdown.share)} slowdown",
        f"at most {percent(IMPLAUSIBLE_SAVING)} saved at up to {percent(CALIBRATED_SLOWDOWN)} slowdown",
        "the saving is not larger than real GPUs have shown",
        must=limit <= CALIBRATED_SLOWDOWN,
    )


def as_stated(choice: Mapping[str, Any], name: str, found: Contrast) -> Iterator[Check]:
    """Whether a stated share and its bounds are those of the raw rows."""
    share, low, high = (number(choice.get(f"{name}_{part}")) for part in ("share", "low", "high"))
    half = (found.high - found.low) / 2
    near = min(max(MOST_DIFFERENCE, 1.5 * half), DIFFERENCE_CAP)
    yield Check(
        f"stated {name}",
        share is not None and abs(share - found.share) <= near,
        "none" if share is None else percent(share),
        f"{percent(found.share)}, within {percent(near)}",
        f"the stated {name} is that of the raw rows",
    )
    yield Check(
        f"stated {name} interval",
        share is not None
        and low is not None
        and high is not None
        and low <= share <= high
        and abs(low - found.low) <= max(DIFFERENCE_CAP, 3 * half)
        and abs(high - found.high) <= max(DIFFERENCE_CAP, 3 * half),
        "none" if low is None or high is None else span(low, high),
        f"around the stated {name}, like {span(found.low, found.high)}",
        f"the stated interval of the {name} holds it and is near that of the raw rows",
    )


def monotone_check(raw: RawRows, contrasts: Contrasts, unit: str, setting: int | None = None) -> Check:
    """Time does not fall as the setting falls: no lower setting is shown to be faster (Bonferroni over settings).

    setting: the recommended one, which is judged by itself too: with few repeats the correction hides even a lot.
    """
    lower = raw.lower
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(lower))
    found = {one: contrasts.at(one, "time_s", confidence) for one in lower}
    if setting is not None:
        own = contrasts.at(setting, "time_s")
        found[setting] = min(own, found.get(setting, own), key=lambda one: one.high)
    fastest = min(found, key=lambda one: found[one].high) if found else None
    sound = fastest is None or found[fastest].high >= -MOST_SPEEDUP
    return Check(
        "monotone time",
        sound,
        "none is faster"
        if fastest is None or sound
        else f"{fastest} {unit}: {percent(-found[fastest].share)} faster than the maximum, shown to be over "
        f"{percent(-found[fastest].high)}",
        f"none shown to be over {percent(MOST_SPEEDUP)} faster",
        "no lower setting is faster than the maximum beyond noise",
    )
