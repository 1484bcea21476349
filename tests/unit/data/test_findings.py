"""Findings about made readings of each kind, and about honest ones that look like them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.findings.readings import find_readings
from wattshed.data.findings.warned import findings_of, number, warnings_of
from wattshed.data.panel import Panel
from wattshed.data.quality import assess_quality
from wattshed.data.sources.homes import Settings as HomesSource
from wattshed.data.sources.source import load_panel
from wattshed.data.splits import Segment, split_calendar

HOURS = 24 * 365
HOUR = np.arange(HOURS) % 24
DAY = np.arange(HOURS) // 24


def panel_of(*columns, timezone="UTC"):
    values = np.stack(columns, axis=1).astype(np.float32)
    times = np.datetime64("2021-01-01T00:00:00", "s") + np.arange(len(values)) * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index([f"n{n}" for n in range(values.shape[1])], name="node"))
    return Panel(values, ~np.isnan(values), times, nodes, "kWh", timezone, "test")


def findings_in(panel):
    return find_readings(panel, Segment("train", 0, len(panel.times)))


def found(series, **options):
    return findings_in(panel_of(series, **options)).iloc[0]


def load(seed=0):
    random = np.random.default_rng(seed)
    return 0.2 + random.gamma(0.7, 0.4, HOURS) + 0.6 * (HOUR >= 18)


def sun(noon=12.5, seed=0):
    """A year of sunlight with clouds, at 50 degrees north."""
    random = np.random.default_rng(seed)
    declination = -23.4 * np.cos(2 * np.pi * (DAY + 10) / 365)
    height = np.sin(np.radians(50)) * np.sin(np.radians(declination)) + np.cos(np.radians(50)) * np.cos(
        np.radians(declination)
    ) * np.cos(np.pi * (HOUR + 0.5 - noon) / 12)
    clouds = random.uniform(0.15, 1, 365)[DAY] * random.uniform(0.7, 1, HOURS)
    return 4 * np.clip(height, 0, None) * clouds


def with_value(series, value, share, seed=0):
    series = series.copy()
    count = max(1, round(share * len(series)))
    series[np.random.default_rng(seed).choice(len(series), count, replace=False)] = value
    return series


def switching(power=2.0):
    """An appliance that is on or off, for hours at a time."""
    random = np.random.default_rng(3)
    return power * np.repeat(random.integers(0, 2, HOURS // 5), 5)


def heating():
    """Zero in summer and most of the night."""
    cold = (DAY < 120) | (DAY > 280)
    return np.where(cold & (HOUR > 5), np.random.default_rng(4).gamma(2, 1, HOURS), 0.0)


def register():
    return np.cumsum(load())


HONEST = {
    "load": load(),
    "constant load": np.full(HOURS, 0.05),
    "on or off": switching(),
    "on or off, and a standby": switching(1.5) + 0.001,
    "heating without a summer": heating(),
    "empty home": np.where(np.arange(HOURS) % 96 == 20, 1.0, 0.0),
    "net load with panels": load() - sun(),
    "coarse meter": np.round(load()),
    "feed-in of one whole kWh": np.where(sun() > 2.5, -1.0, np.round(load())),
    "timer from 9 to 17 h": np.where((HOUR >= 9) & (HOUR < 17), 1.0, 0.0),
    "office on weekdays": np.where((HOUR >= 7) & (HOUR < 19) & (DAY % 7 < 5), load(), 0.0),
    "street light": np.where((HOUR >= 19) | (HOUR < 6), 1.0, 0.0),
    "charging at night": np.where((HOUR >= 0) & (HOUR < 5), 7.4 * (load() > 0.5), 0.0),
    "cooking at noon": np.where((HOUR == 12) | (HOUR == 13), load(), 0.0),
    "charging that fills up": 0.1 + np.tile(np.r_[np.zeros(16), np.arange(8, 0, -1)], 365),
    "battery of two powers": np.where(HOUR == 12, 5.0, np.where(HOUR == 19, -5.0, 0.0)),
    "standby of an inverter": sun() - 0.005 + load(),
    "nation in MW": np.round(25000 + 6000 * np.sin(2 * np.pi * (HOUR - 8) / 24) + 900 * load()),
    "readings around 999": np.round(1000 + 30 * load()),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_readings_are_not_accused(name):
    panel = panel_of(HONEST[name])
    row = found(HONEST[name])
    assert row["sentinel_share"] == 0
    assert np.isnan(row["sentinel_value"])
    assert not row["likely_generation"]
    assert not row["likely_register"]
    assert row["stuck_share"] == 0
    assert warnings_of(pd.concat([assess_quality(panel), findings_in(panel)], axis=1)) == []


def test_of_the_17_homes_exactly_the_two_of_generation_are_found(root):
    panel = load_panel(HomesSource(), root)
    train = split_calendar(panel, SplitsBlock(), WindowsBlock()).train
    for part in (train, Segment("train", 0, len(panel.times))):
        table = find_readings(panel, part).set_axis(panel.node_names)
        assert table.index[table["likely_generation"]].tolist() == ["home_12", "home_15"]
    assert not table["likely_register"].any()
    assert table["sentinel_share"].max() == table["stuck_share"].max() == 0
    quality = pd.concat([assess_quality(panel), findings_in(panel)], axis=1)
    assert [sentence.split(" like ")[0] for sentence in warnings_of(quality)] == [
        "2 of 17 nodes (home_12, home_15) look"
    ]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3])
@pytest.mark.parametrize(
    "code",
    [-9999, -999, -99, -1, 999, 9999, 99999, 65535, 32767, -32768, -9.999, -999.9, 9999.99, 1e20, -5e6],
)
def test_a_sentinel_is_found_with_its_share(code, share):
    series = with_value(load(), code, share)
    row = found(series)
    assert row["sentinel_value"] == np.float32(code)
    assert row["sentinel_share"] == pytest.approx((series == code).mean())


@pytest.mark.parametrize("code", [-9999, -99, -1])
def test_a_negative_sentinel_is_found_among_zeros(code):
    row = found(with_value(0.3 * HONEST["empty home"], code, 0.01))
    assert row["sentinel_value"] == code
    assert row["zero_share"] > 0.9


def test_a_sentinel_is_found_in_constant_load_net_load_and_a_grid():
    for name, code in (("constant load", 9999), ("net load with panels", -999), ("nation in MW", -9999)):
        assert found(with_value(HONEST[name], code, 0.02))["sentinel_value"] == code, name


@pytest.mark.parametrize("share", [0.001, 0.3])
def test_the_only_negative_number_is_a_sentinel_though_it_is_not_a_code(share):
    assert found(with_value(load(), -12.5, share))["sentinel_value"] == -12.5


def test_generation_is_judged_in_the_training_part_alone():
    panel = panel_of(np.where(DAY < 200, load(), sun()), np.where(DAY < 200, sun(), load()))
    early = find_readings(panel, Segment("train", 0, 24 * 200))
    assert early["likely_generation"].tolist() == [False, True]


def test_the_more_frequent_of_two_sentinels_is_reported():
    row = found(with_value(with_value(load(), -9999, 0.05), 65535, 0.01, seed=1))
    assert row["sentinel_value"] == -9999


def test_a_single_spike_is_not_a_sentinel():
    series = load()
    series[100] = 9999
    assert found(series)["sentinel_share"] == 0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("noon", [11.5, 13.3])
def test_generation_is_found_drawn_or_fed_in_with_a_standby_and_gaps(sign, noon):
    assert found(sign * sun(noon))["likely_generation"]
    assert found(sign * sun(noon) - 0.005 * sign)["likely_generation"]
    silent = np.where(sun(noon) > 0, sign * sun(noon), np.nan)
    assert found(silent)["likely_generation"]
    assert found(with_value(sign * sun(noon), -9999, 0.01))["likely_generation"]


def test_generation_follows_the_nodes_calendar():
    """Noon in Chicago is 18 h UTC."""
    assert found(sun(18.3), timezone="America/Chicago")["likely_generation"]


def test_registers_are_found_with_resets_corrections_idle_hours_and_gaps():
    plain = register()
    assert found(plain)["monotone_share"] == 1
    wrapped = plain % 1000
    a_day = (load().reshape(-1, 24)).cumsum(axis=1).ravel()
    of_sun = (sun().reshape(-1, 24)).cumsum(axis=1).ravel()
    corrected = plain - 3 * (np.arange(HOURS) > 5000)
    gaps = np.where(np.random.default_rng(1).random(HOURS) < 0.4, np.nan, plain)
    daily = np.where(HOUR == 0, plain, np.nan)
    coarse = np.floor(plain)
    for series in (
        plain,
        wrapped,
        a_day,
        of_sun,
        corrected,
        gaps,
        daily,
        coarse,
        with_value(plain, -1, 0.01),
    ):
        row = found(series)
        assert row["likely_register"]
        assert not row["likely_generation"]


def test_daily_readings_have_a_typical_spacing_of_24_h():
    daily = np.where(HOUR == 7, load(), np.nan)
    panel = panel_of(daily, load())
    table = findings_in(panel)
    assert table["typical_spacing_h"].tolist() == [24, 1]
    warned = warnings_of(pd.concat([assess_quality(panel), table], axis=1))
    assert len(warned) == 1
    assert warned[0].startswith(
        "The typical spacing of readings is 24 h in 1 of 2 nodes (n0), expected 1 h: "
    )


def test_spacing_and_stuck_readings_are_in_hours_at_any_step():
    steps = 24 * 4 * 60
    every = load()[:steps]
    hourly = np.where(np.arange(steps) % 4 == 0, every, np.nan)
    stuck = every.copy()
    stuck[:200] = stuck[0]
    short = every.copy()
    short[:90] = short[0]
    times = np.datetime64("2021-01-01T00:00:00", "s") + np.arange(steps) * np.timedelta64(15, "m")
    values = np.stack([every, hourly, stuck, short], axis=1).astype(np.float32)
    nodes = pd.DataFrame(index=pd.Index(list("abcd"), name="node"))
    panel = Panel(values, ~np.isnan(values), times, nodes, "kWh", "UTC", "test", step_minutes=15)
    table = findings_in(panel)
    assert table["typical_spacing_h"].tolist() == [0.25, 1, 0.25, 0.25]
    assert table["stuck_share"].tolist() == [0, 0, pytest.approx(200 / steps), 0]
    warned = warnings_of(pd.concat([assess_quality(panel), table], axis=1), panel.step_minutes)
    assert len(warned) == 1
    assert warned[0].startswith("The typical spacing of readings is 1 h in 1 of 4 nodes (b), expected 0.25 h")


def test_a_stuck_meter_is_told_from_coarse_and_switching_ones():
    stuck = load()
    stuck[1000:1600] = stuck[1000]
    assert found(stuck)["stuck_share"] == pytest.approx(600 / HOURS)
    empty = load()
    empty[1000:1600] = 0
    assert found(empty)["stuck_share"] == 0


def test_one_reading_has_no_spacing_and_no_share_of_falls():
    series = np.full(HOURS, np.nan)
    series[5] = 2
    row = found(series)
    assert np.isnan(row["typical_spacing_h"])
    assert np.isnan(row["monotone_share"])
    assert row["minimum"] == 2


def test_every_warning_names_the_key_that_corrects_it():
    stuck = load()
    stuck[1000:3000] = stuck[1000]
    panel = panel_of(
        with_value(load(), -9999, 0.01), register(), sun(), stuck, with_value(load(1), -9999, 0.02)
    )
    quality = pd.concat([assess_quality(panel), findings_in(panel)], axis=1)
    sentinel, rises, generation, sticks = warnings_of(quality)
    assert sentinel.startswith("2 of 5 nodes (n0, n4) read -9999 in up to 2.0 % of their readings")
    assert "data.mask (equals: -9999)" in sentinel
    assert "data.source.missing" in sentinel
    assert rises.startswith("Node n1 only rises")
    assert "data.source.quantity: register" in rises
    assert generation.startswith("Node n2 looks like generation")
    assert "data.exclude" in generation
    assert sticks.startswith("Node n3 repeats one reading")
    assert "stuck_h: 24" in sticks
    assert findings_of(quality.to_dict("records")[0]) == "likely sentinel -9999 in 1.0 %, negative in 1.0 %"
    assert all(sentence.count(".") >= 1 and sentence.endswith(".") for sentence in warnings_of(quality))


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.sampled_from([0.0, 1.0, -2.0, 3.5, np.nan]), min_size=3, max_size=60),
    last=st.sampled_from([0.0, 4.0]),
)
def test_the_shares_equal_a_slow_count(values, last):
    series = np.array([*values, last])
    row = found(series)
    seen = [(place, value) for place, value in enumerate(series) if not np.isnan(value)]
    readings = [value for _, value in seen]
    assert row["minimum"] == min(readings)
    assert row["negative_share"] == pytest.approx(sum(value < 0 for value in readings) / len(readings))
    assert row["zero_share"] == pytest.approx(sum(value == 0 for value in readings) / len(readings))
    if len(seen) > 1:
        pairs = list(itertools.pairwise(seen))
        assert row["monotone_share"] == pytest.approx(sum(b[1] >= a[1] for a, b in pairs) / len(pairs))
        spacings = [b[0] - a[0] for a, b in pairs]
        assert spacings.count(row["typical_spacing_h"]) == max(map(spacings.count, spacings))


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 3))
def test_the_unit_does_not_decide_on_generation_and_registers(factor):
    panel = panel_of(factor * sun(), factor * register(), factor * load())
    table = findings_in(panel)
    assert table["likely_generation"].tolist() == [True, False, False]
    assert table["likely_register"].tolist() == [False, True, False]


@pytest.mark.parametrize("code", [-9999, -9999.9, 65535, -2147483648, 4294967295, -9223372036854775808, 0.1])
def test_a_number_that_a_warning_names_is_met_by_a_mask(code):
    assert np.float32(number(float(np.float32(code)))) == np.float32(code)
