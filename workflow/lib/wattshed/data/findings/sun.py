"""Likely generation: readings that follow the sun, zero at night and a bell by day, drawn or fed in."""

import numpy as np

HOURS = 24
# Local hour of the bell's centre. Solar noon lies from 11 to 15 h on the clocks of all countries; the rest is for a
# calendar that is a few hours off.
CENTRE_H = (8.0, 17.0)
# Hours from the centre from which on it is night: even at 60 degrees north, midsummer has six hours of dusk and dark.
NIGHT_H = 9.0
# At night an inverter draws next to nothing: at most the first share of the energy, and readings above the second share
# of the peak in at most the third share of the night's steps. A constant load has a quarter of its energy in these six
# hours. In the training part of the 17 homes, home_12 has nothing at night, home_15 4 %, in 11 % of the steps, and the
# next home 16 %.
NIGHT_SHARE = 0.06
NIGHT_READING = 0.05
NIGHT_EXCEPTIONS = 0.15
# One direction: a home with panels draws at night and feeds in by day.
ONE_SIGN = 0.95
# Hours of the mean day above a tenth of its peak: the sun shines longer than lunch is cooked, and less than a day.
TENTH, SUNNY_H = 0.1, (5, 17)
# The mean day fits half a wave of a cosine of some width: its least correlation. Both homes of generation have 0.99,
# inverters that cut the peak 0.98. A timer has 0.92 to 0.96, and a shop that is busy in the evening 0.74.
LEAST_FIT = 0.975
# The sun shines on every day of the week: most days reach this share of the median day.
LIT_DAY, LIT_DAYS = 0.02, 0.85
LEAST_DAYS = 7


def follows_sun(readings: np.ndarray, hour: np.ndarray, day: np.ndarray) -> bool:
    """Whether observed readings [R] follow the sun; hour, day [R]: local hour and a number of each local day."""
    size = np.abs(readings.astype(np.float64))
    total = size.sum()
    if total == 0 or len(np.unique(day)) < LEAST_DAYS:
        return False
    fed_in = size[readings < 0].sum() / total
    if max(fed_in, 1 - fed_in) < ONE_SIGN:
        return False
    # An hour in which an inverter never reports has no energy.
    mean_day = np.bincount(hour, size, HOURS) / np.maximum(np.bincount(hour, minlength=HOURS), 1)
    middle = np.arange(HOURS) + 0.5
    centre = (
        float(np.angle((mean_day * np.exp(2j * np.pi * middle / HOURS)).sum()) * HOURS / (2 * np.pi)) % HOURS
    )
    if not CENTRE_H[0] <= centre <= CENTRE_H[1]:
        return False
    away = np.abs((middle - centre + HOURS / 2) % HOURS - HOURS / 2)
    night = away >= NIGHT_H
    dark = size[night[hour]]
    if mean_day[night].sum() > NIGHT_SHARE * mean_day.sum():
        return False
    if len(dark) and (dark > NIGHT_READING * mean_day.max()).mean() > NIGHT_EXCEPTIONS:
        return False
    return _is_bell(mean_day, away) and _on_most_days(size, day)


def _is_bell(mean_day: np.ndarray, away: np.ndarray) -> bool:
    """Whether a mean day [24] is half a wave of a cosine around its centre; away: hours from it [24]."""
    sunny = int((mean_day >= TENTH * mean_day.max()).sum())
    if not SUNNY_H[0] <= sunny <= SUNNY_H[1]:
        return False
    widths = np.arange(SUNNY_H[0] + 1, SUNNY_H[1] + 2)[:, None]
    bells = np.where(away < widths / 2, np.cos(np.pi * away / widths), 0.0)
    return max(float(np.corrcoef(mean_day, bell)[0, 1]) for bell in bells) >= LEAST_FIT


def _on_most_days(size: np.ndarray, day: np.ndarray) -> bool:
    _, place = np.unique(day, return_inverse=True)
    sums = np.bincount(place, size)
    return bool((sums > LIT_DAY * np.median(sums)).mean() >= LIT_DAYS) if np.median(sums) > 0 else False
