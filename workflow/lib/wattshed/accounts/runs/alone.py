"""Whether measured work had the machine to itself."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from wattshed.accounts.marks.flags import GPU_USED, USED, gpu_was_shared, others_were_busy

ALONE = "alone"


def add_alone(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs or windows with a column ``alone``: null where the processor seconds of others are not known.

    Work was not alone if others took more than a tenth of the busy processor time or of the GPUs' energy.
    """
    alone = pd.array([pd.NA] * len(frame), dtype="boolean")
    if set(USED) <= set(frame):
        used = [frame[name].to_numpy(dtype="float64", na_value=float("nan")) for name in USED]
        own_s, others_s, duration_s = used
        known = ~np.isnan(own_s) & ~np.isnan(others_s) & (duration_s > 0)
        alone[known] = ~others_were_busy(*used)[known]
    alone[gpu_was_shared(frame)] = False
    return frame.assign(alone=alone)


def spans_of(windows: pd.DataFrame, names: Collection[str], label: str) -> pd.DataFrame:
    """One row per ``label`` and seed: the windows of these names together, with ``alone``.

    Many short windows in a row are one span: each alone is too short for the machine's counts of busy time.
    """
    parts = windows[windows["window"].isin(names) & windows[label].notna()]
    needed = [*USED, *GPU_USED]
    parts = parts.reindex(columns=[*parts.columns, *(name for name in needed if name not in parts)])
    keys = [parts[label], parts["seed"]] if "seed" in parts else [parts[label]]
    sums = parts[needed].astype("float64").groupby(keys, dropna=False, sort=False).sum(min_count=1)
    return add_alone(sums.reset_index())
