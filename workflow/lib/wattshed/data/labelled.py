"""Labelled windows of series: what each row of a panel of classes was cut from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelledWindows:
    """Windows of the series of R regions, one for each of the panel's T rows.

    series: float32 [samples, R], all series one after the other; regions: their names [R]; starts: int64 [T], a window's
    first sample; lengths: int64 [T], samples of the window, at most ``length``: shorter ones are padded with zeros and
    masked; owners: int64 [T], number of the series that a window is of; sample_s: seconds between samples of each series.
    """

    series: np.ndarray
    regions: tuple[str, ...]
    starts: np.ndarray
    lengths: np.ndarray
    owners: np.ndarray
    length: int
    sample_s: tuple[float, ...]
