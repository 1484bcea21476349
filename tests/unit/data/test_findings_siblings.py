"""Readings that resemble a bell, a stuck meter or a register, and are none, and the reverse."""

import numpy as np
import pytest

from wattshed.data.findings.registers import is_register
from wattshed.data.findings.stuck import stuck_share
from wattshed.data.findings.sun import follows_sun

HOURS = 24 * 200
HOUR, DAY = np.arange(HOURS) % 24, np.arange(HOURS) // 24
RANDOM = np.random.default_rng(2)
NOISE = RANDOM.gamma(2, 0.5, HOURS)
SINE = np.clip(np.sin((HOUR - 6) * np.pi / 12), 0, None)


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        (
            "a shop that is busy in the evening",
            np.where((HOUR >= 8) & (HOUR < 20), NOISE + 2 * (HOUR > 17), 0.02),
        ),
        ("a shop", np.where((HOUR >= 8) & (HOUR < 20), NOISE, 0.0)),
        ("a pump", np.where((HOUR >= 10) & (HOUR < 16), NOISE, 0.0)),
        ("a shift that starts and ends slowly", np.interp(HOUR, [7, 9, 16, 18], [0, 1, 1, 0]) * NOISE),
        ("two meals", np.isin(HOUR, (8, 9, 17, 18)) * NOISE),
        ("a kitchen on school days", np.where(DAY % 7 < 5, SINE * NOISE, 0.0)),
        ("a net load", 0.2 + NOISE / 10 - SINE),
        ("nothing", np.zeros(HOURS)),
    ],
)
def test_a_bell_is_not_what_is_on_by_day(name, readings):
    assert not follows_sun(readings, HOUR, DAY), name


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("clear days", SINE),
        ("clouds", SINE * NOISE),
        ("fed in", -SINE * NOISE),
        ("an inverter that cuts the peak", np.minimum(2 * SINE, 1.2)),
        ("panels to the west", np.clip(SINE * (1 + 0.07 * (HOUR - 12)), 0, None)),
        ("noise of the meter", SINE + 0.005 * RANDOM.standard_normal(HOURS)),
    ],
)
def test_generation_is_found_by_its_bell(name, readings):
    assert follows_sun(readings, HOUR, DAY), name


def test_a_vacation_at_standby_is_not_stuck():
    observed = np.ones(HOURS, dtype=bool)
    away = np.round(0.05 + NOISE, 2)
    away[1000:1600] = 0.05
    assert stuck_share(away, observed, 24) == 0
    stuck = away.copy()
    stuck[2000:2300] = stuck[2000:2300].max()
    assert stuck_share(stuck, observed, 24) == pytest.approx(300 / HOURS)


def test_a_register_that_also_counts_feed_in_may_be_below_zero():
    assert is_register(np.cumsum(NOISE) - 500)
    assert not is_register(np.cumsum(NOISE - 1))
    assert not is_register(NOISE - 1)
