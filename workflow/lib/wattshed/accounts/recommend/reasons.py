"""Why a checkpoint is recommended, or is not, in words."""

from collections.abc import Mapping

from wattshed.accounts.recommend.limits import Limits, Option
from wattshed.compression.rises import PART_TEXTS
from wattshed.statistics.decisions import Spread
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval

MS_PER_S = 1000
# Prefixes of units, largest first.
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"))


def errors_text(rises: Mapping[str, Spread], limits: Limits, reference: str) -> str:
    """``RMSE rises by 1.2% [0.3%, 2.1%] and MAE by 0.9% [...] over stgnn on the validation part, limit 5%``."""
    where = PART_TEXTS[limits.part]
    if not rises:
        return f"errors are held against its own on {where}"
    parts = []
    for error, spread in rises.items():
        found = spread.change()
        if found.mean is None or found.mean != found.mean:
            parts.append(f"{error.upper()} is unknown")
            continue
        ends = "" if found.low is None else f" [{percent(found.low)}, {percent(found.high or 0.0)}]"
        parts.append(f"{error.upper()} {percent(found.mean)}{ends}")
    return f"{' and '.join(parts)} against {reference} on {where}, limit {100 * limits.error_rise_share:g}%"


def percent(share: float) -> str:
    """``+1.2%``; zero without a sign."""
    text = f"{100 * share:+.1f}%"
    return "0.0%" if text in ("+0.0%", "-0.0%") else text


def over_latency_text(found: Interval, limit_s: float) -> str:
    """``a window takes 2.10 ms [2.00, 2.20], limit 3 ms``."""
    if found.mean is None:
        return "the time of a window is unknown"
    ends = "; one seed shows no spread"
    if found.low is not None and found.high is not None:
        ends = f" [{found.low * MS_PER_S:.3g}, {found.high * MS_PER_S:.3g}]"
    return f"a window takes {found.mean * MS_PER_S:.3g} ms{ends}, limit {limit_s * MS_PER_S:.4g} ms"


def bytes_text(size: int, limit: float) -> str:
    """``10,456 bytes, limit 20,000``."""
    return f"{size:,} bytes, limit {limit:,.0f}"


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
        return f"{own}, as much as {best.lineage}, with no fewer steps"
    if not pairs or any(below <= 0 or above <= 0 for above, below in pairs):
        return f"{own}, more than {best.lineage}"
    ratio = geometric_interval(above / below for above, below in pairs)
    assert ratio.mean is not None
    text = f"{own}, {percent(ratio.mean - 1)}"
    if ratio.low is None or ratio.high is None:
        return f"{text} against {best.lineage}; one seed shows no spread"
    text += f" [{percent(ratio.low - 1)}, {percent(ratio.high - 1)}] against {best.lineage}"
    return text if ratio.low > 1 else f"{text}: not told apart"


def _digits(value: float) -> str:
    """Three significant digits without a power of ten."""
    return f"{float(f'{value:.3g}'):,g}"
