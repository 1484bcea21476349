"""Best savings of single runs: arithmetic without intervals, over many configurations.

Public traces often hold one run per configuration and setting. From one run no interval follows, so no choice is made
from them; but over hundreds of configurations the distribution of the best savings shows what is usual.
"""

from collections.abc import Sequence

import pandas as pd

COLUMNS = ["setting", "time_s", "energy_j"]
# Seconds are given in decimal numbers; a limit that is met exactly counts as kept.
ROUNDING = 1e-9


def best_savings(
    runs: pd.DataFrame, configuration: Sequence[str], max_slowdown_share: float | None = None
) -> pd.DataFrame:
    """Per configuration, the setting of least energy within the slowdown limit, against the highest setting.

    runs: one row per configuration and setting, with the columns ``setting``, ``time_s``, ``energy_j`` and those named
    by ``configuration``. max_slowdown_share: None for no limit. Columns of the result: the configuration's,
    ``setting``, ``maximum``, ``saving_share`` and ``slowdown_share``; signs are kept. The highest setting is among
    those allowed, so no saving is below 0. Raises :class:`ValueError` for a second run of a setting, and numbers that
    are not positive.
    """
    if not (runs[COLUMNS] > 0).all(axis=None):
        raise ValueError(
            "a run has a setting, time or energy that is not positive; expected positive numbers"
        )
    keys = list(configuration)
    if runs.duplicated([*keys, "setting"]).any():
        raise ValueError("a configuration has two runs at one setting; expected one: average them first")
    ordered = runs.sort_values([*keys, "setting"])
    top = ordered.groupby(keys, sort=False)[COLUMNS].transform("last")
    ordered = ordered.assign(
        maximum=top["setting"],
        saving_share=1 - ordered["energy_j"] / top["energy_j"],
        slowdown_share=ordered["time_s"] / top["time_s"] - 1,
    )
    if max_slowdown_share is not None:
        ordered = ordered[ordered["slowdown_share"] <= max_slowdown_share + ROUNDING]
    best = ordered.loc[ordered.groupby(keys, sort=False)["saving_share"].idxmax()]
    return best[[*keys, "setting", "maximum", "saving_share", "slowdown_share"]].reset_index(drop=True)
