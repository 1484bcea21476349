"""Suspect nodes are those that read near zero most of the time, found in the training part alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.config.data.data import DataBlock, SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.data.sources.homes import Settings as HomesSource
from wattshed.data.sources.source import load_panel
from wattshed.data.splits import Segment, split_calendar
from wattshed.data.suspects import find_suspects

LIMIT = DataBlock().suspect_near_zero_share
HOURS = 24 * 30


def panel_of(columns, observed=None):
    values = np.stack(columns, axis=1).astype(np.float32)
    times = np.datetime64("2021-06-01T00:00:00", "s") + np.arange(len(values)) * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index([f"n{n}" for n in range(values.shape[1])], name="node"))
    seen = np.ones(values.shape, dtype=bool) if observed is None else observed
    return Panel(values, seen, times, nodes, "kWh", "UTC", "test")


def load():
    """A household: a base load with an evening."""
    hour = np.arange(HOURS) % 24
    return 0.3 + (hour >= 18) * 1.0


def sun():
    hour = np.arange(HOURS) % 24
    return np.clip(np.sin((hour - 6) * np.pi / 12), 0, None)


def reasons(panel, stop=HOURS):
    return find_suspects(panel, Segment("train", 0, stop), LIMIT)["suspect_reason"]


def test_exactly_the_two_homes_that_read_like_solar_generation_are_suspect(root):
    panel = load_panel(HomesSource(), root)
    train = split_calendar(panel, SplitsBlock(), WindowsBlock()).train
    found = find_suspects(panel, train, LIMIT).set_axis(panel.node_names)
    suspects = found[found["suspect_reason"].notna()]
    assert suspects.index.tolist() == ["home_12", "home_15"]
    assert suspects["suspect_reason"].str.startswith("reads like solar generation: near zero in ").all()
    # The limit does not lie at the edge of either group.
    others = found.drop(index=suspects.index)
    assert others["near_zero_share"].max() < LIMIT / 2.5
    assert suspects["near_zero_share"].min() > 1.8 * LIMIT
    assert others["daytime_share"].max() < 0.55


def test_a_meter_of_generation_and_an_empty_home_have_different_reasons():
    empty = np.where(np.arange(HOURS) % 96 == 20, 1.0, 0.0)
    found = reasons(panel_of([load(), sun(), empty]))
    assert pd.isna(found[0])
    assert found[1].startswith("reads like solar generation")
    assert found[2] == "near zero in 99% of hours"


def test_a_sentinel_and_a_register_are_reasons_of_their_own():
    """A sentinel raises the mean, by which all other readings would be near zero."""
    coded = load()
    coded[::100] = 9999
    panel = panel_of([coded, np.cumsum(load()), load()])
    found = find_suspects(panel, Segment("train", 0, HOURS), LIMIT)
    assert found["suspect_reason"][0] == "reads 9999, a likely sentinel, in 1.1 % of its readings"
    assert found["suspect_reason"][1] == "only rises, as a cumulative register does"
    assert pd.isna(found["suspect_reason"][2])
    assert found["near_zero_share"][0] == 0
    assert panel.observed.all()
    later = load()
    later[HOURS // 2 :: 100] = 9999
    assert pd.isna(reasons(panel_of([later]), stop=HOURS // 2)[0])


def test_a_feed_into_the_grid_is_near_zero():
    """A household that feeds in more than it draws reads below zero in the sunshine."""
    assert "near zero in" in reasons(panel_of([load() - 2 * sun()]))[0]


def test_hours_after_the_training_part_change_nothing():
    changed = np.concatenate([load()[: HOURS // 2], np.zeros(HOURS // 2)])
    assert pd.isna(reasons(panel_of([changed]), stop=HOURS // 2)[0])
    assert reasons(panel_of([changed]))[0]


def test_hours_that_were_not_observed_do_not_count():
    observed = np.ones((HOURS, 1), dtype=bool)
    observed[HOURS // 4 :] = False
    imputed = np.where(observed[:, 0], load(), 0.0)
    assert pd.isna(reasons(panel_of([imputed], observed))[0])
    late = np.zeros((HOURS, 1), dtype=bool)
    late[-1] = True
    found = find_suspects(panel_of([load()], late), Segment("train", 0, HOURS // 2), LIMIT)
    assert np.isnan(found["near_zero_share"][0])
    assert pd.isna(found["suspect_reason"][0])


@given(factor=st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(factor):
    plain, scaled = (
        find_suspects(panel_of([load() * f, sun() * f]), Segment("train", 0, HOURS), LIMIT)
        for f in (1, factor)
    )
    np.testing.assert_allclose(plain["near_zero_share"], scaled["near_zero_share"], atol=0.02)
    assert (
        plain["suspect_reason"].isna().tolist() == scaled["suspect_reason"].isna().tolist() == [True, False]
    )


@pytest.mark.parametrize("limit", [0.2, 0.49])
def test_the_limit_is_a_share_of_hours(limit):
    share = find_suspects(panel_of([sun()]), Segment("train", 0, HOURS), limit)
    assert share["near_zero_share"][0] == pytest.approx(13 / 24, abs=0.05)
    assert share["suspect_reason"].notna()[0]
    assert find_suspects(panel_of([sun()]), Segment("train", 0, HOURS), 0.7)["suspect_reason"].isna()[0]
