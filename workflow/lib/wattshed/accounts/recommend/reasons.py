"""Why a checkpoint is recommended, or is not, in words."""

import math

from wattshed.accounts.recommend.limits import Limits, Option
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.statistics.worth import CLAIM_LEVEL, Candidate, p_within, shown_above

MS_PER_S = 1000
# Ratios above are given as a number of times: +1319% is hard to read.
MOST_AS_PERCENT = 2.0
# Prefixes of units, largest first.
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"))


def errors_text(one: Candidate, limits: Limits, seeds: int, kept: bool, tested: int) -> str:
    """``RMSE +1.2% [+0.3%, +2.1%], MAE +0.9% [...], within 5%``; empty for the reference, which does not exceed itself.

    one: rises of errors over the reference, and what its R2 lacks; kept: whether all limits of errors are shown to be;
    tested: how many lineages are tested together.
    """
    if not one.errors:
        return ""
    parts, highest = [], 0.0
    for error, spread in one.errors.items():
        found = spread.change()
        if found.mean is None or math.isnan(found.mean):
            parts.append(f"{error.upper()} is unknown")
            highest = math.inf
            continue
        known = found.low is not None and found.high is not None
        ends = f" [{percent(found.low or 0.0)}, {percent(found.high or 0.0)}]" if known else ""
        highest = max(highest, found.high if known and found.high is not None else math.inf)
        parts.append(f"{error.upper()} {percent(found.mean)}{ends}")
    return f"{', '.join(parts)}, {_against(one, limits.error_rise_share, highest, seeds, kept, tested)}"


def _against(one: Candidate, limit: float, highest: float, seeds: int, kept: bool, tested: int) -> str:
    text, budget = f"{100 * limit:g}%", math.log1p(limit)
    errors = Candidate([], one.errors)
    if kept:
        return f"within {text}"
    if seeds < 2:
        return f"limit {text}, and one seed shows no spread"
    if shown_above(errors, budget):
        return f"more than {text}"
    if highest > limit:
        return f"which may exceed {text}"
    if one.excesses and p_within(Candidate([], {}, one.excesses), 0.0) > CLAIM_LEVEL:
        return f"within {text}"
    return f"not shown within {text} once corrected for {tested} checkpoints"


def percent(share: float) -> str:
    """``+1.2%``; zero without a sign."""
    text = f"{100 * share:+.1f}%"
    return "0.0%" if text in ("+0.0%", "-0.0%") else text


def latency_text(found: Interval, limit_s: float) -> str:
    """``a window takes 2.10 ms [2.00, 2.20], within 3 ms``."""
    limit = f"{limit_s * MS_PER_S:.4g} ms"
    if found.mean is None:
        return f"the time of a window is unknown, limit {limit}"
    text = f"a window takes {found.mean * MS_PER_S:.3g} ms"
    if found.low is None or found.high is None:
        return f"{text}, limit {limit}, and the repeats are too few to show how much it varies"
    says = "within" if found.high <= limit_s else "more than" if found.low > limit_s else "which may exceed"
    return f"{text} [{found.low * MS_PER_S:.3g}, {found.high * MS_PER_S:.3g}], {says} {limit}"


def bytes_text(size: int, limit: float) -> str:
    """``10,456 bytes, within 20,000``."""
    return f"{size:,} bytes, {'within' if size <= limit else 'more than'} {limit:,.0f}"


def joules_text(found: Interval) -> str:
    """``12.3 J [11.9, 12.8]``, with a prefix for large and small energies."""
    if found.mean is None:
        return "an unknown energy"
    scale, prefix = next((unit for unit in UNITS if found.mean >= unit[0]), UNITS[-1])
    if found.mean == 0:
        scale, prefix = 1.0, ""
    ends = ""
    if found.low is not None and found.high is not None:
        ends = f" [{_digits(found.low / scale)}, {_digits(found.high / scale)}]"
    return f"{_digits(found.mean / scale)} {prefix}J{ends}"


def more_energy_text(one: Option, best: Option) -> str:
    """How much more energy than the chosen one, and whether that is shown."""
    common = [seed for seed in one.energies_j if seed in best.energies_j]
    pairs = [(one.energies_j[seed], best.energies_j[seed]) for seed in common]
    own = f"takes {joules_text(one.energy_j)}"
    if one.energy_j.mean == best.energy_j.mean:
        return f"{own}, as much as {best.lineage}, which has fewer steps or stands first"
    if not pairs or any(below <= 0 or above <= 0 for above, below in pairs):
        return f"{own}, more than {best.lineage}"
    ratio = geometric_interval(above / below for above, below in pairs)
    if ratio.low is None or ratio.high is None:
        return f"{own}, {_more_text(ratio, best.lineage)}; one seed shows no spread"
    text = f"{own}, {_more_text(ratio, best.lineage)}"
    return text if ratio.low > 1 else f"{text}: not told apart"


def _more_text(ratio: Interval, lineage: str) -> str:
    """``+12.0% [+11.0%, +13.0%] against net``, and from twice as much on ``14.2 times that of net [14.0, 14.4]``."""
    assert ratio.mean is not None
    known = ratio.low is not None and ratio.high is not None
    low, high = ratio.low or 0.0, ratio.high or 0.0
    if ratio.mean > MOST_AS_PERCENT:
        ends = f" [{_digits(low)}, {_digits(high)}]" if known else ""
        return f"{_digits(ratio.mean)} times that of {lineage}{ends}"
    ends = f" [{percent(low - 1)}, {percent(high - 1)}]" if known else ""
    return f"{percent(ratio.mean - 1)}{ends} against {lineage}"


def _digits(value: float) -> str:
    """Three significant digits without a power of ten."""
    return f"{float(f'{value:.3g}'):,g}"
