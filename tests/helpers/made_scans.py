"""Seeded series of regions, and panels of labelled windows of them."""

import numpy as np

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.sources.cutting_series import Series, cut_panel, in_time
from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.data.sources.source import Cutting
from wattshed.data.splits import split_calendar
from wattshed.forecast.protocol import ForecastTask

SHARES = (0.4, 0.2, 0.2)
KEYS = LabelledBlock(kind="made", training_stride=5)


def cutting_of(length, shares=SHARES):
    return Cutting(length, *shares)


def made_values(samples, regions=6, seed=0):
    """Correlated series: each owner mixes two sources in a way of its own."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(2, regions))
    values = random.normal(size=(samples, 2)) @ mixing + 0.5 * random.normal(size=(samples, regions))
    return (100 + values).astype(np.float32)


def made_series(lengths=(200, 200, 90), regions=6):
    return [
        Series(f"scan_{place}", f"scan_{place}", made_values(samples, regions, seed=place), 2.0)
        for place, samples in enumerate(lengths)
    ]


def scan_panel(lengths=(200, 200, 90), length=16, keys=KEYS, regions=6):
    series = made_series(lengths, regions)
    names = [f"region_{place}" for place in range(regions)]
    stretches = in_time(series, cutting_of(length), keys.gap_samples)
    return cut_panel(series, names, stretches, length, keys, "made scans", synthetic=True)


def scan_task(panel=None):
    panel = panel or scan_panel()
    windows = WindowsBlock(look_back_h=panel.windows.length, horizon_h=1)
    shares = dict(zip(("train_share", "validation_share", "test_share"), SHARES, strict=True))
    return ForecastTask(panel, split_calendar(panel, SplitsBlock(**shares), windows), windows)
