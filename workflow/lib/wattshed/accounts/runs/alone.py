"""Whether measured work had the machine to itself."""

from collections.abc import Collection

import pandas as pd

from wattshed.accounts.marks.flags import USED, others_were_busy

ALONE = "alone"


def add_alone(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs or windows with a column ``alone``: null where the processor seconds of others are not known."""
    if not set(USED) <= set(frame):
        return frame.assign(alone=pd.array([pd.NA] * len(frame), dtype="boolean"))
    used = [frame[name].to_numpy(dtype="float64", na_value=float("nan")) for name in USED]
    known = (frame["own_cpu_s"].notna() & frame["others_cpu_s"].notna() & (frame["duration_s"] > 0)).to_numpy(
        dtype=bool
    )
    alone = pd.array(~others_were_busy(*used), dtype="boolean")
    alone[~known] = pd.NA
    return frame.assign(alone=alone)


def spans_of(windows: pd.DataFrame, names: Collection[str], label: str) -> pd.DataFrame:
    """One row per ``label`` and seed: the windows of these names together, with ``alone``.

    Many short windows in a row are one span: each alone is too short for the machine's counts of busy time.
    """
    parts = windows[windows["window"].isin(names) & windows[label].notna()]
    if not set(USED) <= set(parts):
        parts = parts.reindex(columns=[*parts.columns, *(name for name in USED if name not in parts)])
    keys = [parts[label], parts["seed"]] if "seed" in parts else [parts[label]]
    sums = parts[list(USED)].astype("float64").groupby(keys, dropna=False, sort=False).sum(min_count=1)
    return add_alone(sums.reset_index())
