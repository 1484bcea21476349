"""Checks of the baseline: warm, at the maximum, repeated, in turns with the other settings, and as stated."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import stdtrit

from wattshed.clocks.validating.checks import Check, percent
from wattshed.clocks.validating.limits import number
from wattshed.clocks.validating.raw_rows import NEAR_MAXIMUM_SHARE, RawRows

LEAST_REPEATS = 3
# A first window that is slower than the others by more than this, and than their scatter, was measured cold.
MOST_FIRST_EXCESS = 0.05
SURE = 0.995
# Stated and recomputed baseline may differ by this: one side may use medians and a law, the other means.
MOST_BASELINE_DIFFERENCE = 0.03
MOST_BASELINE_VARIATION = 0.10


def baseline_checks(choice: Mapping[str, Any], raw: RawRows) -> Iterator[Check]:
    """choice: a choice document; raw: the rows of its cell."""
    unit = str(choice.get("unit") or "")
    stated_maximum = number(choice.get("maximum"))
    yield Check(
        "maximum",
        stated_maximum == raw.maximum,
        f"{choice.get('maximum')} {unit}",
        f"{raw.maximum} {unit}",
        "the maximum is the largest setting that was measured",
    )
    count, stated = len(raw.reference), number(choice.get("baseline_repeats"))
    yield Check(
        "baseline repeats",
        count >= LEAST_REPEATS and stated is not None and LEAST_REPEATS <= stated <= count,
        f"{count} rows that count; stated: {choice.get('baseline_repeats')}",
        f"at least {LEAST_REPEATS}, and no more than count",
        "the baseline is warm, not throttled, ran at its setting, and was repeated",
    )
    yield _at_maximum(choice, raw, unit)
    yield Check(
        "interleaved",
        raw.interleaved,
        "in turns" if raw.interleaved else "from one end to the other",
        "the maximum measured again and again, over at least half of the sweep",
        "drift of the machine cannot be taken for an effect of the setting",
        must=False,
    )
    if count >= LEAST_REPEATS:
        yield _not_cold(raw)
        yield from _as_stated(choice, raw)


def _at_maximum(choice: Mapping[str, Any], raw: RawRows, unit: str) -> Check:
    given = choice.get("baseline_settings")
    settings = [number(one) for one in given] if isinstance(given, list | tuple) else []
    least = raw.maximum if raw.interleaved else NEAR_MAXIMUM_SHARE * raw.maximum
    sound = bool(settings) and all(
        one is not None and least <= one <= raw.maximum and int(one) in raw.measured for one in settings
    )
    return Check(
        "baseline at the maximum",
        sound,
        ", ".join(str(one) for one in given) if isinstance(given, list | tuple) and given else str(given),
        f"{raw.maximum} {unit}" if raw.interleaved else f"measured settings from {least:.0f} {unit} up",
        "the baseline is the maximum setting, or its neighbours in a sweep that visited the maximum once",
    )


def _not_cold(raw: RawRows) -> Check:
    times = raw.reference["time_s"].to_numpy(dtype=float)
    first, others = times[0], times[1:]
    excess = first / float(np.median(others)) - 1
    # A prediction interval for one more run.
    scatter = float(stdtrit(len(others) - 1, SURE)) * float(others.std(ddof=1)) / float(others.mean())
    scatter *= math.sqrt(1 + 1 / len(others))
    variation = float(times.std(ddof=1) / times.mean())
    cold = excess > max(MOST_FIRST_EXCESS, scatter)
    return Check(
        "baseline not cold",
        not cold and variation <= MOST_BASELINE_VARIATION,
        f"first run {percent(excess)} slower than the others; variation {percent(variation)}",
        f"first run at most {percent(max(MOST_FIRST_EXCESS, scatter))}, variation at most "
        f"{percent(MOST_BASELINE_VARIATION)}",
        "the baseline holds no cold first run",
    )


def _as_stated(choice: Mapping[str, Any], raw: RawRows) -> Iterator[Check]:
    for key, name, unit in (("time_s", "time", "s"), ("energy_j", "energy", "J")):
        found = float(raw.reference[key].median())
        stated = number(choice.get(f"baseline_{key}"))
        near = stated is not None and abs(stated / found - 1) <= MOST_BASELINE_DIFFERENCE
        yield Check(
            f"baseline {name}",
            near,
            f"stated: {choice.get(f'baseline_{key}') if stated is None else f'{stated:.6g}'} {unit}",
            f"{found:.6g} {unit}, within {percent(MOST_BASELINE_DIFFERENCE)}",
            f"the stated {name} of the baseline is that of its raw rows",
        )
