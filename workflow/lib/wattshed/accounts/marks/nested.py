"""Jobs within jobs: work that several jobs count is attributed to the innermost of them."""

import numpy as np
import pandas as pd

from wattshed.accounts.marks.flags import add_flag
from wattshed.accounts.marks.scopes import OWN
from wattshed.energy.reading import COMPONENTS

LESS_INNER = "less its inner jobs"
NEEDED = {"record_id", "outer_record", *(f"covered_{part}_kwh" for part in COMPONENTS)}


def take_out_inner(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, with what inner jobs count taken out of the ``attributed_*`` of the jobs around them; these get the
    flag :data:`LESS_INNER`.

    Two kinds of inner jobs: later ones of the same process, whose part a job has noted itself (``covered_*``), and
    those of processes that it started, which name it (``outer_record``). runs: frames without these columns are
    returned as they are.
    """
    if not set(runs) >= NEEDED:
        return runs
    own = runs["energy_scope"].eq(OWN).fillna(False).to_numpy(dtype=bool)
    covered = {part: _numbers(runs[f"covered_{part}_kwh"]) for part in COMPONENTS}
    places = {record: place for place, record in enumerate(runs["record_id"]) if pd.notna(record)}
    outer = runs["outer_record"].map(places, na_action="ignore").to_numpy(dtype="float64", na_value=np.nan)
    inner = np.flatnonzero(~np.isnan(outer) & own)
    inner = inner[(outer[inner] != inner) & own[outer[inner].astype(np.int64)]]
    lessened = own & (sum(covered.values()) > 0)
    lessened[outer[inner].astype(np.int64)] = True
    if not lessened.any():
        return runs
    left = {}
    taken = np.zeros(len(runs))
    for part in COMPONENTS:
        counted = _numbers(runs[f"{part}_kwh"]) - covered[part]
        less = covered[part].copy()
        np.add.at(less, outer[inner].astype(np.int64), np.maximum(0.0, counted[inner]))
        less = np.where(lessened, less, 0.0)
        before = runs[f"attributed_{part}_kwh"].astype("float64")
        left[f"attributed_{part}_kwh"] = (before - less).clip(lower=0.0).where(lessened, before)
        taken += less
    before = runs["attributed_kwh"].astype("float64")
    left["attributed_kwh"] = (before - taken).clip(lower=0.0).where(lessened, before)
    return runs.assign(**left, flags=add_flag(runs["flags"], lessened, LESS_INNER))


def _numbers(column: pd.Series) -> np.ndarray:
    return np.nan_to_num(column.to_numpy(dtype="float64", na_value=np.nan))
